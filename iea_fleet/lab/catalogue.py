"""All names that `lab break HOST NAME` takes: situations of the application, faults of transport and output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from iea_fleet.lab.application import SITUATIONS, Reach, Situation
from iea_fleet.lab.faults.kinds import FaultKind
from iea_fleet.lab.faults.output import OUTPUT_FAULTS
from iea_fleet.lab.faults.transport import TRANSPORT_FAULTS
from iea_fleet.lab.fleet.plan import MIX
from iea_fleet.lab.messages import EngineName
from iea_fleet.lab.share.faults import ShareFault
from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase, did_you_mean

_BOTH = (EngineName.EMULATED, EngineName.PWSH)
# Below the proxy of the `pwsh` engine a workstation has neither names nor connections of its own.
_BEHIND_THE_PROXY = {Reach.DNS, Reach.TCP_REFUSED}

# A real disk can't be full, or a real file held, at one moment of a transaction only.
_OF_A_DISK_IN_MEMORY = {"disk_full", "settings_locked_at"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One name.

    Args:
        name: as typed.
        kind: what it concerns.
        row: of docs/faults.md, None: it is not in it.
        sentence: what is so then.
        parameters: names that take `name=value`, with their defaults as text.
        engines: which can play it.
        note: what differs on an engine, empty: nothing.
    """

    name: str
    kind: Literal["situation", "transport", "output"]
    row: int | None
    sentence: str
    parameters: Mapping[str, str]
    engines: tuple[EngineName, ...]
    note: str = ""


def _situation(situation: Situation) -> Entry:
    reaches = {situation.servers.authentication, situation.servers.update} if situation.servers else set()
    note = "pwsh: as its proxy's 502" if reaches & _BEHIND_THE_PROXY else ""
    row = 32 if situation.damage == "locked" else 36 if situation.impostor else None
    if situation.share is ShareFault.DOUBLE_HOP:
        row = 35
    # PowerShell on Linux knows no machine id.
    engines = (EngineName.EMULATED,) if situation.impostor == "clone" else _BOTH
    return Entry(situation.name, "situation", row, situation.sentence, {}, engines, note)


def _fault(fault: FaultKind, kind: Literal["transport", "output"]) -> Entry:
    parameters = {key: str(parameter.default) for key, parameter in fault.parameters.items()}
    engines = (EngineName.EMULATED,) if fault.name in _OF_A_DISK_IN_MEMORY else _BOTH
    return Entry(fault.name, kind, fault.row, fault.what, parameters, engines)


def _entries() -> dict[str, Entry]:
    entries = {name: _situation(situation) for name, situation in SITUATIONS.items()}
    entries |= {name: _fault(kind, "transport") for name, kind in TRANSPORT_FAULTS.items()}
    entries |= {name: _fault(kind, "output") for name, kind in OUTPUT_FAULTS.items()}
    return entries


CATALOGUE: Mapping[str, Entry] = _entries()


def check_name(name: str, engine: str) -> None:
    """Make sure that `lab up --situation` can be `name`. Raises: InputError as `find_entry`."""
    if name != MIX:
        find_entry(name, EngineName(engine))


def find_entry(name: str, engine: EngineName) -> Entry:
    """The entry of a name that `engine` can play.

    Raises: InputError when there is none, naming the nearest.
    """
    entry = CATALOGUE.get(name)
    if entry is None:
        mend = did_you_mean(name, CATALOGUE, Phrase("iea-fleet lab break --list shows all names."))
        raise InputError("lab", "there is no situation or fault named '{name}'", mend, name=name)
    if engine not in entry.engines:
        raise InputError(
            "lab",
            "{name} can't be played by the engine {engine}",
            "Take --engine {other} for it.",
            name=name,
            engine=engine,
            other=entry.engines[0],
        )
    return entry
