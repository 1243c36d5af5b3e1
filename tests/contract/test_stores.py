"""Every kind of store, case by case: what is read, what is written, and that both engines say the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iea_fleet.model.answer import PlaceState, SettingFacts, Status, Step
from tests.contract.cases.ini import INI
from tests.contract.cases.json_pointer import JSON
from tests.contract.cases.properties import PROPERTIES
from tests.contract.cases.store_case import StoreCase
from tests.contract.cases.text import TEXT
from tests.contract.cases.xml import XML
from tests.contract.world import APP, Contestant, Round, World, comparable, request, setting

CASES = (*INI, *JSON, *XML, *PROPERTIES, *TEXT)
_FILE = r"app\réglages.dat"
Play = Callable[[Contestant, StoreCase], Round]


@pytest.fixture(scope="module")
def play() -> Play:
    """Plays a case on an engine, once: what it says and what it leaves is looked at by several tests."""
    played: dict[tuple[str, str], Round] = {}

    def play_once(engine: Contestant, case: StoreCase) -> Round:
        if (engine.name, case.name) not in played:
            target = {"path": rf"{APP}\réglages.dat", **case.target}
            world = World({} if case.content is None else {_FILE: case.content})
            ensure = [{"id": "change", "target": target, "value": case.value}]
            asked = request(probe=[setting("here", target)], ensure=ensure)
            played[engine.name, case.name] = engine.play(world, [asked])[-1]
        return played[engine.name, case.name]

    return play_once


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_setting_is_read_and_written_as_the_contract_says(engine: Contestant, play: Play, case: StoreCase) -> None:
    outcome = play(engine, case)
    (facts,) = outcome.said.probes
    assert isinstance(facts, SettingFacts)
    (place,) = facts.places
    if isinstance(case.found, PlaceState):
        assert (place.state, place.value) == (case.found, None)
    else:
        assert (place.state, place.value) == (PlaceState.PRESENT, case.found)
    if case.written is None:
        assert outcome.said.status is Status.FAILED
        assert outcome.said.error is not None
        assert (outcome.said.error.step, outcome.said.error.id) == (Step.PLAN, "change")
        assert outcome.files.get(_FILE) == case.content
    else:
        assert outcome.said.status is Status.DONE, outcome.said.error
        assert outcome.files == {_FILE: case.written}
        assert outcome.said.changed == (case.written != case.content)


@pytest.mark.pwsh
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_engines_give_the_same_answer(emulated: Contestant, pwsh: Contestant, play: Play, case: StoreCase) -> None:
    ours, theirs = play(emulated, case), play(pwsh, case)
    assert comparable(ours.said) == comparable(theirs.said)
    assert (ours.files, ours.state) == (theirs.files, theirs.state)
