r"""The registry, on Windows or under Wine: both views, every person's hive, every kind, and a cut at every step.

Under Wine set IEA_FLEET_WINE to the command that runs a Windows program and IEA_FLEET_PWSH_WINDOWS to the path of a
pwsh.exe as that command sees it, such as `Z:\opt\pwsh.exe`.
"""

from __future__ import annotations

import os
import shlex
import sys
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from iea_fleet.model.answer import Answer, Place, PlaceState, SettingFacts
from tests.agent.rounds import Rounds, WineRounds
from tests.agent.workstation import Part, Workstation, setting


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    """A PowerShell on Windows, with administrator's rights."""
    wine, program = os.environ.get("IEA_FLEET_WINE"), os.environ.get("IEA_FLEET_PWSH_WINDOWS")
    if wine and program:
        started: Rounds = WineRounds([*shlex.split(wine), program])
    elif sys.platform == "win32":
        started = Rounds(os.environ.get("IEA_FLEET_PWSH", "powershell.exe"), tmp_path_factory.mktemp("rounds"))
    else:
        pytest.skip("no registry: set IEA_FLEET_WINE and IEA_FLEET_PWSH_WINDOWS")
    yield started
    started.close()


class Registry:
    """One key of its own for a test, and a state folder of its own."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds, self.name = rounds, uuid.uuid4().hex

    def target(self, value: str = "Mode", **changes: object) -> Part:
        key = f"SOFTWARE\\iea-fleet-test\\{self.name}"
        return {
            "store": "registry",
            "hive": "HKLM",
            "key": key,
            "value": value,
            "view": 64,
            "type": "string",
            **changes,
        }

    def play(self, targets: dict[str, Part], values: dict[str, str], *, at: int = 0) -> Answer | None:
        request = Workstation("", Path("x")).request(
            probe=[setting(name, target) for name, target in targets.items()],
            ensure=[{"id": name, "target": targets[name], "value": value} for name, value in values.items()],
            transaction=uuid.uuid4().hex,
        )
        folder = f"%ProgramData%\\iea-fleet-test-{self.name}"
        answer, self.steps = self.rounds.play(request.model_copy(update={"state_folder": folder}), at=at)
        return answer

    def places(self, targets: dict[str, Part]) -> dict[str, tuple[Place, ...]]:
        answer = self.play(targets, {})
        assert answer is not None
        return {each.id: each.places for each in answer.probes if isinstance(each, SettingFacts)}


@pytest.fixture
def registry(windows: Rounds) -> Registry:
    return Registry(windows)


def test_every_kind_in_every_view_is_made_changed_and_stays(registry: Registry) -> None:
    targets = {
        "text": registry.target(),
        "expand": registry.target("Expand", type="expand_string"),
        "number": registry.target("Number", type="dword"),
        "narrow": registry.target("Narrow", view=32),
        "people": registry.target(hive="HKU", key=f"Software\\iea-fleet-test\\{registry.name}"),
    }
    first = {"text": "é→", "expand": "%TEMP%\\x", "number": "4294967295", "narrow": "", "people": "a"}
    for values in (first, dict.fromkeys(first, "7")):
        answer = registry.play(targets, values)
        assert answer is not None
        assert answer.error is None
        assert answer.host.elevated is True
        assert all(place.changed for outcome in answer.ensure for place in outcome.places)
        found = registry.places(targets)
        assert {name: {place.value for place in places} for name, places in found.items()} == {
            name: {value} for name, value in values.items()
        }
        again = registry.play(targets, values)
        assert again is not None
        assert not again.changed
    assert found["narrow"][0].place.endswith(":Narrow(32)")
    assert all(place.place.startswith("HKU\\S-1-5-21-") for place in found["people"])
    other_view = registry.places({"narrow": registry.target("Narrow")})
    assert other_view["narrow"][0].state is PlaceState.ABSENT


@pytest.mark.parametrize("value", ["x", "-1", "4294967296", "1.0", "007"])
def test_a_number_takes_only_numbers(registry: Registry, value: str) -> None:
    answer = registry.play({"n": registry.target("N", type="dword")}, {"n": value})
    assert answer is not None
    assert answer.error is not None
    assert (answer.error.step, answer.error.id) == ("plan", "n")


def test_after_a_cut_at_any_step_the_next_round_ends_right(registry: Registry) -> None:
    targets = {
        name: registry.target(name.upper(), key=f"SOFTWARE\\iea-fleet-test\\{registry.name}\\{name}\\deep")
        for name in "ab"
    }
    outcomes = set()
    for at in count(1):
        first = registry.play(targets, dict.fromkeys(targets, f"new {at}"), at=at)
        if registry.steps < at:
            break
        assert first is None
        look = registry.play(targets, {})
        assert look is not None
        assert look.error is None
        values = {place.value for each in look.probes if isinstance(each, SettingFacts) for place in each.places}
        states = {place.state for each in look.probes if isinstance(each, SettingFacts) for place in each.places}
        if look.recovered is not None:
            outcomes.add(look.recovered.outcome)
            assert (values == {f"new {at}"}) == (look.recovered.outcome == "finished")
        assert len(states) == 1, f"step {at}: one value is there and one is not"
        assert len(values) == 1, f"step {at}: old and new stand side by side"
    assert outcomes == {"undone", "finished"}
