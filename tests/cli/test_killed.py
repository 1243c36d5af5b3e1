"""SIGKILL of a push in the middle of real work: against the lab's WinRM endpoint, with the product's own playbook."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MOMENTS = 20
HOSTS = 4
PROGRAM = (sys.executable, "-c", "from iea_fleet.cli import main; main()")


@dataclass
class LabFleet:
    """A few workstations of the lab, in a process of their own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "IEA_FLEET_"))}
        return kept | {"IEA_FLEET_STATE": str(self.folder / "state"), "LANG": "C.UTF-8"}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )

    def push(self) -> dict[str, str]:
        """Push to the end; host to verdict."""
        done = self("push", "--json", "-i", "inventory")
        assert done.stdout, done.stderr
        return {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}

    def spoil(self) -> None:
        """Give every workstation the settings from before the change."""
        done = self("lab", "break", "all", "old_http_urls")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabFleet]:
    fleet = LabFleet(tmp_path)
    arguments = ("--hosts", str(HOSTS), "--port", "0", "--situation", "old_http_urls", "--inventory", "inventory")
    opened = fleet("lab", "up", "--detach", *arguments)
    assert opened.returncode == 0, opened.stderr
    yield fleet
    fleet("lab", "down")


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_ledger_and_the_next_push_brings_every_host_right(lab: LabFleet) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (pytest shows it with a failure)
    moments = random.Random(seed)
    began = time.monotonic()
    assert set(lab.push().values()) == {"changed"}
    length_s = time.monotonic() - began
    for number in range(MOMENTS):
        lab.spoil()
        killed = subprocess.Popen(
            [*PROGRAM, "push", "-i", "inventory"],
            cwd=lab.folder,
            env=lab.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        moment = moments.uniform(0, length_s)
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
        assert len(verdicts) == HOSTS, told
        assert set(verdicts.values()) <= {"ok", "changed"}, f"{told}: {verdicts}"
    assert set(lab.push().values()) == {"ok"}
    runs = json.loads(lab("runs", "list", "--json", "-n", "100").stdout)
    assert {run["run"]["state"] for run in runs} == {"done", "interrupted"}
    assert all(sum(run["counts"].values()) == HOSTS for run in runs)
    assert [path.name for path in (lab.folder / "state" / "runs").iterdir()] == []
