"""Every kind of store, case by case: what is read, what is written, and that both engines say the same."""

from __future__ import annotations

import pytest

from iea_fleet.model.answer import PlaceState, SettingFacts, Status, Step

from tests.contract.cases.ini import INI
from tests.contract.cases.json_pointer import JSON
from tests.contract.cases.properties import PROPERTIES
from tests.contract.cases.store_case import StoreCase
from tests.contract.cases.text import TEXT
from tests.contract.cases.xml import XML
from tests.contract.world import APP, Contestant, Outcome, World, comparable, request, setting

CASES = (*INI, *JSON, *XML, *PROPERTIES, *TEXT)
_FILE = r"app\réglages.dat"


def _play(engine: Contestant, case: StoreCase) -> Outcome:
    target = {"path": rf"{APP}\réglages.dat", **case.target}
    world = World({} if case.content is None else {_FILE: case.content})
    asked = request(probe=[setting("here", target)], ensure=[{"id": "change", "target": target, "value": case.value}])
    return engine.play(world, [asked])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_setting_is_read_and_written_as_the_contract_says(engine: Contestant, case: StoreCase) -> None:
    outcome = _play(engine, case)
    (facts,) = outcome.answer.probes
    assert isinstance(facts, SettingFacts)
    (place,) = facts.places
    if isinstance(case.found, PlaceState):
        assert (place.state, place.value) == (case.found, None)
    else:
        assert (place.state, place.value) == (PlaceState.PRESENT, case.found)
    if case.written is None:
        assert outcome.answer.status is Status.FAILED
        assert outcome.answer.error is not None
        assert (outcome.answer.error.step, outcome.answer.error.id) == (Step.PLAN, "change")
        assert outcome.files.get(_FILE) == case.content
    else:
        assert outcome.answer.status is Status.DONE, outcome.answer.error
        assert outcome.files == {_FILE: case.written}
        assert outcome.answer.changed == (case.written != case.content)


@pytest.mark.pwsh
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_engines_give_the_same_answer(emulated: Contestant, pwsh: Contestant, case: StoreCase) -> None:
    ours, theirs = _play(emulated, case), _play(pwsh, case)
    assert comparable(ours.answer) == comparable(theirs.answer)
    assert (ours.files, ours.state) == (theirs.files, theirs.state)
