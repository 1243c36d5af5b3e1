"""Whatever comes on standard input, an emulated workstation answers, and what it answers is an answer."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from iea_fleet.lab.emulated.disk import Disk
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.round import run_round
from iea_fleet.model.answer import Answer, Status, Step

_FRAME = re.compile(rb"<<iea-fleet:([0-9a-f]{32}):(\d+):[0-9a-f]{64}>>(.*)<<iea-fleet:\1:end>>\r\n", re.DOTALL)
_INI: dict[str, Any] = {"store": "ini", "path": r"C:\a.ini", "section": "S", "key": "k"}
_LINE = json.dumps(
    {
        "schema": 1,
        "transaction": "a" * 32,
        "nonce": "b" * 32,
        "dry_run": False,
        "probe": [{"kind": "setting", "id": "p", "target": _INI}],
        "ensure": [{"id": "e", "target": _INI, "value": "2"}],
    },
    separators=(",", ":"),
)


def _answer(line: bytes) -> Answer:
    machine = Machine(Identity("POSTE-01", "id"), disk=Disk({r"c:\a.ini": b"[S]\nk=1\n"}))
    output = run_round(machine, line + b"\nthe script")
    frame = _FRAME.fullmatch(output.stdout)
    assert frame is not None
    assert int(frame[2]) == len(frame[3])
    return Answer.model_validate_json(frame[3])


@given(st.binary(max_size=200))
@example(b"")
@example(b"null")
@example(b"\xff\xfe{}")
@example(b'{"transaction":1}' + b"[" * 100_000)
def test_bytes_that_are_no_request_get_an_answer(line: bytes) -> None:
    answer = _answer(line)
    assert answer.status is Status.FAILED
    assert answer.error is not None
    assert answer.error.step is Step.PROBE


@given(st.integers(0, len(_LINE) - 1), st.sampled_from(['"', "}", "\\", "0", "é", "", "\x00", "[", "%A%"]))
def test_a_request_with_one_wrong_character_gets_an_answer(at: int, wrong: str) -> None:
    assert _answer((_LINE[:at] + wrong + _LINE[at + 1 :]).encode()).status in (Status.DONE, Status.FAILED)


@given(st.text(st.sampled_from('%ProgramData\\/.:*?"é\U0001f600 a'), min_size=1, max_size=400))
def test_any_path_is_a_place(path: str) -> None:
    line = _LINE.replace(r"C:\\a.ini", json.dumps(path * 3)[1:-1])
    assert _answer(line.encode()).status is Status.FAILED


def test_a_whole_request_is_carried_out() -> None:
    assert _answer(_LINE.encode()).status is Status.DONE
