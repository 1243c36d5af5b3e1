"""SIGKILL of a push in the middle of real work: against the lab's WinRM endpoint, with the product's own playbook."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import LabFleet
else:
    LabFleet = object

MOMENTS = 20


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_ledger_and_the_next_push_brings_every_host_right(lab: LabFleet) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it with a failure)
    moments = random.Random(seed)

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*lab.program, "push", "-i", "inventory"],
            cwd=lab.folder,
            env=lab.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    began = time.monotonic()
    assert started().wait() == 0
    length_s = time.monotonic() - began
    for number in range(MOMENTS):
        lab.spoil()
        killed = started()
        # One in each part of a push, so that few come everywhere.
        moment = (number + moments.random()) / MOMENTS * length_s
        try:
            killed.wait(moment)
        except subprocess.TimeoutExpired:
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        told = f"seed {seed}, kill {number} after {moment:.3f} s"
        with sqlite3.connect(lab.folder / "state" / "ledger.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), told
        connection.close()
        verdicts = lab.push()
        assert len(verdicts) == lab.hosts, told
        assert set(verdicts.values()) <= {"ok", "changed"}, f"{told}: {verdicts}"
    assert set(lab.push().values()) == {"ok"}
    runs = json.loads(lab("runs", "list", "--json", "-n", "100").stdout)
    assert {run["run"]["state"] for run in runs} == {"done", "interrupted"}
    assert all(sum(run["counts"].values()) == lab.hosts for run in runs)
    assert [path.name for path in (lab.folder / "state" / "runs").iterdir()] == []
