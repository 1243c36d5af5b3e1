"""A ledger that somebody edited by hand: what it says is shown harmless or refused, and it moves nothing elsewhere."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.cli.app import run
from iea_fleet.ledger.records import AskedHost, RunKind, RunState
from iea_fleet.ledger.store import Ledger, NewRun, new_run_id
from iea_fleet.model.outcome import Outcome, Verdict

HOSTILE = "\x1b]0;x\x07\x1b[2J\u202e\r\nforged: line\0[link=http://x]y[/]\x9b31m{{ 7*7 }}"
COMMANDS = (["runs", "list"], ["runs", "show", "2"])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder whose ledger holds one run of one host."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    ledger, name = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}"), new_run_id()
    ledger.begin(name, NewRun(RunKind.PUSH, False, "", [AskedHost(host="a")]), folder / "lock")
    ledger.record(name, {"a": Outcome(verdict=Verdict.OK)})
    ledger.end(name, RunState.DONE)
    ledger.close()
    monkeypatch.setenv("IEA_FLEET_STATE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def edit(state: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(state / "ledger.sqlite")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)
        connection.commit()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE iea_runs SET started_ms = ?", 2**53 - 1),
        ("UPDATE iea_runs SET ended_ms = ?", 253_402_300_799_999),
        ("UPDATE iea_outcomes SET answered_ms = ?", 2**53 - 1),
        ("UPDATE iea_runs SET reason = CAST(? AS TEXT)", b"\xff\xfe"),
        ("UPDATE iea_runs SET holder = ?", b"\xff\xfe"),
        ("UPDATE iea_runs SET id = ?", "../../../etc"),
        ("UPDATE iea_outcomes SET outcome = ?", "{"),
        ("UPDATE iea_outcomes SET outcome = ?", "[" * 200_000),
        ("UPDATE iea_outcomes SET host = ?", "x" * 5000),
        ("UPDATE iea_schema SET version = ?", HOSTILE),
        ("DROP TABLE iea_outcomes", None),
    ],
)
def test_a_damaged_ledger_is_told_in_one_harmless_line(
    state: Path, capsys: pytest.CaptureFixture[str], command: list[str], statement: str, value: object
) -> None:
    edit(state, statement, *([] if value is None else [value]))
    # What a command does not look at can't trouble it.
    assert run(command) in {0, 3, 6}
    told = capsys.readouterr().err
    assert told.count("\n") <= 1
    assert told.rstrip("\n").isprintable()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_hostile_text_in_a_ledger_steers_no_terminal(
    state: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    finding = {"code": "no.such", "sheet": "transport", "severity": "error", "evidence": {HOSTILE: HOSTILE}}
    edit(state, "UPDATE iea_runs SET reason = ?1, holder = ?1, pattern = ?1", HOSTILE)
    outcome = json.dumps({"verdict": "failed", "findings": [finding], "detail": HOSTILE})
    edit(state, "UPDATE iea_outcomes SET host = ?1, site = ?1, address = ?1, outcome = ?2", HOSTILE, outcome)
    assert run(command) == 0
    shown = "".join(capsys.readouterr())
    assert all(character == "\n" or character.isprintable() for character in shown)


@pytest.mark.parametrize("name", ["victim/anything", "a\0b", "lock.fifo"])
def test_the_lock_that_a_ledger_names_is_neither_made_nor_waited_for(state: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "victim").mkdir()
    os.mkfifo(tmp_path / "lock.fifo")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    edit(state, "UPDATE iea_runs SET state = 'running', lock = ?", name)
    assert run(["runs", "list"]) == 0
    kept = sorted(path.name for path in tmp_path.rglob("*") if not path.name.startswith("ledger.sqlite-"))
    assert kept == [name for name in before if not name.startswith("ledger.sqlite-")]


@pytest.mark.parametrize("size", [100, 4096, 9000])
def test_a_ledger_that_was_cut_short_is_refused(state: Path, capsys: pytest.CaptureFixture[str], size: int) -> None:
    path = state / "ledger.sqlite"
    path.write_bytes(path.read_bytes()[:size])
    assert run(["runs", "list"]) == 6
    assert "the ledger can't be used" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_what_stands_in_the_ledgers_place_is_left_alone(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path, victim = state / "ledger.sqlite", tmp_path / "victim"
    path.unlink()
    if kind == "link":
        path.symlink_to(victim)
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert run(["runs", "list"]) == 6
    assert "the ledger can't be" in capsys.readouterr().err
    assert not victim.exists()
