"""Environment variables and words that nobody would give on purpose: a sentence and a documented exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iea_fleet.cli.app import run


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEA_FLEET_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("IEA_FLEET_STATE", "~nobody-here/state", 0),
        ("IEA_FLEET_STATE", "", 0),
        ("IEA_FLEET_STATE", "/dev/null/state", 6),
        ("IEA_FLEET_LEDGER", "sqlite:///a%00b", 6),
        ("IEA_FLEET_LEDGER", "sqlite:///file:x?mode=memory&uri=true", 3),
        ("IEA_FLEET_LEDGER", "sqlite:///x?timeout=long", 3),
        ("IEA_FLEET_LEDGER", "postgresql://user:canary@host:canary/x", 3),
        ("IEA_FLEET_LEDGER", "sqlite:////nowhere/\x1b[2J", 6),
        ("COLUMNS", "1", 0),
        ("COLUMNS", "wide", 0),
        ("LC_ALL", "\x1b[31m", 0),
        ("TZ", "../../etc/passwd", 0),
    ],
)
def test_a_hostile_variable_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    value: str,
    code: int,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(name, value)
    assert run(["runs", "list"]) == code
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "canary" not in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("runs", "show", os.fsdecode(b"\xff\xfe")), 3),
        (("runs", "show", "%"), 3),
        (("runs", "list", "--state", os.fsdecode(b"\xff\xfe")), 6),
        (("runs", "list", "--ledger", f"sqlite:///{os.fsdecode(bytes([255]))}"), 3),
    ],
)
def test_words_that_are_no_utf_8_end_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    assert run(arguments) == code
    told = capsys.readouterr().err
    assert told.startswith("iea-fleet: ")
    assert "unforeseen" not in told
