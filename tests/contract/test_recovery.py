"""A power cut at each durable step n = 1, 2, 3 ... until a transaction passes undisturbed, and what follows."""

from __future__ import annotations

import pytest

from iea_fleet.model.answer import Status, Step
from iea_fleet.model.request import Request
from tests.contract.world import APP, Contestant, Cut, Meddling, Round, World, request, setting

_INI = {"store": "ini", "path": rf"{APP}\a.ini", "section": "S", "key": "k"}
_PROPERTIES = {"store": "properties", "path": rf"{APP}\b.properties", "key": "k"}
_LICENCES = r"app\licences.csv"
_BEFORE = {
    r"app\a.ini": b"[S]\r\nk=before\r\n",
    r"app\b.properties": b"k=before\n",
    _LICENCES: b"IEA-1;PC-1\r\nIEA-2;PC-2\r\n",
}
_AFTER = {
    r"app\a.ini": b"[S]\r\nk=after\r\n",
    r"app\b.properties": b"k=after\n",
    _LICENCES: b"IEA-1;\r\nIEA-2;PC-2\r\n",
}
_RECORDS = {
    "store": "lines",
    "path": rf"{APP}\licences.csv",
    "pattern": "^(IEA-[0-9]);(.*)$",
    "fields": ["licence", "workstation"],
}
_RELEASE = {"id": "third", "target": _RECORDS, "match": [{"licence": "IEA-1"}], "values": {"workstation": ""}}
_FOREIGN = b"IEA-1;PC-1\r\nIEA-2;PC-2\r\nIEA-3;PC-3\r\n"
_MOST_STEPS = 30


def _request(transaction: str, **more: object) -> Request:
    changes = [
        {"id": "first", "target": _INI, "value": "after"},
        {"id": "second", "target": _PROPERTIES, "value": "after"},
    ]
    probes = [setting("p", _INI), {"kind": "records", "id": "r", "target": _RECORDS}]
    return request(transaction=transaction * 32, probe=probes, ensure=changes, release=[_RELEASE], **more)


def _cut_rounds(engine: Contestant, step: int, torn: bool, second: Request) -> tuple[Round, ...] | None:
    """The cut transaction and the next one; None: the step is beyond the transaction's end."""
    rounds = engine.play(World(dict(_BEFORE)), [_request("1"), second], Cut(step, torn))
    return None if rounds[0].answer is not None and _steps_are_over(rounds[0]) else rounds


def _steps_are_over(first: Round) -> bool:
    return first.said.status is Status.DONE and first.state == {"last.json"}


def _settings(files: object) -> dict[str, bytes]:
    assert isinstance(files, dict)
    return {path: files[path] for path in _BEFORE}


@pytest.mark.parametrize("torn", [False, True], ids=["before", "torn"])
@pytest.mark.parametrize("same", [False, True], ids=["another", "the_same"])
def test_the_next_transaction_ends_right_whenever_the_power_went(engine: Contestant, torn: bool, same: bool) -> None:
    recoveries = set()
    for step in range(1, _MOST_STEPS):
        rounds = _cut_rounds(engine, step, torn, _request("1" if same else "2"))
        if rounds is None and not torn:
            break
        if rounds is None:
            continue
        first, second = rounds
        for path, data in _settings(first.files).items():
            assert data in (_BEFORE[path], _AFTER[path]), f"step {step}: {path} is neither old nor new"
        assert second.said.status is Status.DONE, f"step {step}: {second.said.error}"
        assert second.files == _AFTER, f"step {step}"
        assert second.state <= {"last.json"} or second.said.replayed, f"step {step}: {second.state}"
        recovered = second.said.recovered
        finished = recovered is not None and recovered.outcome == "finished"
        assert bool(second.said.verify) == (second.said.changed or finished)
        recoveries.add(recovered.outcome if recovered else "replayed" if second.said.replayed else None)
    if not torn:
        assert step < _MOST_STEPS - 1, "the transaction never passes undisturbed"
        assert {None, "undone"} <= recoveries
        assert ("replayed" if same else "finished") in recoveries


def test_a_dry_run_leaves_what_a_power_cut_left(engine: Contestant) -> None:
    for step in (1, 4, 8, 12):
        rounds = _cut_rounds(engine, step, False, _request("2", dry_run=True))
        if rounds is None:
            continue
        first, second = rounds
        assert (first.files, first.state) == (second.files, second.state), f"step {step}"
        assert second.said.recovered is None


def test_what_another_program_writes_meanwhile_is_never_lost(engine: Contestant) -> None:
    """Licences lie on a share that every workstation of a site writes to."""
    codes = set()
    for step in range(1, _MOST_STEPS):
        meddling = Meddling(step, _LICENCES, _FOREIGN)
        (first,) = engine.play(World(dict(_BEFORE)), [_request("1")], meddling=meddling)
        said = first.said
        if said.status is Status.DONE:
            # It came after the last look at the file, or never: the file is whole, and whose it is is plain.
            assert first.files[_LICENCES] in (_FOREIGN, _AFTER[_LICENCES]), f"step {step}"
            assert {path: first.files[path] for path in _BEFORE if path != _LICENCES}.items() <= _AFTER.items()
            if first.files[_LICENCES] == _AFTER[_LICENCES]:
                break
            continue
        assert first.files[_LICENCES] == _FOREIGN, f"step {step}"
        assert {path: first.files[path] for path in _BEFORE if path != _LICENCES}.items() <= _BEFORE.items()
        assert said.error is not None
        codes.add((said.error.step, said.error.win32_code, said.error.undone))
    assert step < _MOST_STEPS - 1, "the transaction never passes undisturbed"
    assert (Step.WRITE, 33, True) in codes
    assert {each[0] for each in codes} <= {Step.WRITE, Step.READ_BACK}
