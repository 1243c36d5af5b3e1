"""One ledger for the controllers of several machines: programs with state folders of their own, a real PostgreSQL."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Program, wait_for
from tests.ledger.conftest import Database

__all__ = ["wait_for"]

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def controller(folder: Path, database: Database) -> Program:
    (folder / "asked").mkdir(parents=True)
    return Program(folder, {"IEA_FLEET_LEDGER": database.url})


def processes_that_know(value: str) -> set[int]:
    """Whose environment holds it."""
    known = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if value.encode() in environment.read_bytes():
                known.add(int(environment.parent.name))
    return known


def test_a_host_that_one_controller_pushes_to_is_refused_to_another_until_the_first_is_gone(
    tmp_path: Path, database: Database, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    first, second = controller(tmp_path / "first", database), controller(tmp_path / "second", database)
    with first.start("push", "-i", first.fleet({"a": "slow", "b": "ok"})) as push:
        wait_for((first.folder / "asked" / "a").exists)
        told = second("push", "-i", second.fleet({"b": "ok", "c": "ok"}))
        assert told.returncode == 5, told.stderr
        assert f"(process {push.pid}) is at work there" in told.stderr
        assert list((second.folder / "asked").iterdir()) == []
        assert processes_that_know(database.url) == {push.pid}  # and none of Ansible's: it can hold a password
        push.send_signal(signal.SIGKILL)
    (first.folder / "asked" / "go").touch()  # what it had started ends
    done = second("push", "-i", second.fleet({"a": "ok", "b": "ok"}))
    assert done.returncode == 0, done.stderr
    for each in (first, second):
        runs = json.loads(each("runs", "list", "--json").stdout)
        assert [run["run"]["state"] for run in runs] == ["done", "interrupted"]
    assert not list(tmp_path.glob("*/state/ledger.sqlite"))
