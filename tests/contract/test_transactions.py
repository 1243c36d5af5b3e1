"""Whole transactions, case by case, and that both engines say the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.cases.names import NAMES
from tests.contract.cases.records import RECORDS
from tests.contract.cases.transactions import TRANSACTIONS, Case
from tests.contract.cases.work import WORK
from tests.contract.world import Contestant, Round, comparable

CASES = (*TRANSACTIONS, *RECORDS, *WORK, *NAMES)
Play = Callable[[Contestant, Case], tuple[Round, ...]]


@pytest.fixture(scope="module")
def play() -> Play:
    """Plays a case on an engine, once."""
    played: dict[tuple[str, str], tuple[Round, ...]] = {}

    def play_once(engine: Contestant, case: Case) -> tuple[Round, ...]:
        if (engine.name, case.name) not in played:
            played[engine.name, case.name] = engine.play(case.world, case.requests)
        return played[engine.name, case.name]

    return play_once


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_transaction_does_as_the_contract_says(engine: Contestant, play: Play, case: Case) -> None:
    case.check(play(engine, case))


@pytest.mark.pwsh
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_engines_give_the_same_answers(emulated: Contestant, pwsh: Contestant, play: Play, case: Case) -> None:
    ours, theirs = play(emulated, case), play(pwsh, case)
    assert [comparable(each.said) for each in ours] == [comparable(each.said) for each in theirs]
    assert [(each.files, each.state) for each in ours] == [(each.files, each.state) for each in theirs]
