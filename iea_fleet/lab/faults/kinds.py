"""What a fault is: where it strikes, its parameters, its line in a table.

Faults of `transport` strike between a controller and a workstation, those of `output` between a command and what it
prints. Every fault also takes

- `on`: the request that it strikes (`create`, `command`, `send`, `receive`, `signal`, `delete`, `identify` ...),
  "" for any; only for faults that know the request (`knows_request`);
- `times`: strikes until it is spent, 0 for no end;
- `after`: so many matching requests pass unharmed first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

Value = str | int | float | bool


class Stage(Enum):
    """Where in the life of a connection a fault strikes."""

    LISTEN = auto()  # what the port does, as long as the fault is set
    ACCEPT = auto()  # a connection was accepted
    REQUEST = auto()  # a request's head was read; which request it is, is not known yet
    LOGON = auto()  # settings and outcomes of a logon, as long as the fault is set
    JUDGE = auto()  # the request is known and not carried out yet
    ACTED = auto()  # the request was carried out, its answer not sent
    SETTING = auto()  # a quota, a clock, a certificate: as long as the fault is set
    CUT = auto()  # `reset` and `stall`: the stage is a parameter
    PROCESS = auto()  # a command is started
    MACHINE = auto()  # a transaction runs on the workstation's disk
    OUTPUT = auto()  # a command has printed what it prints


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a fault: its default (which also gives its type), its meaning and unit, its choices if any."""

    default: Value
    what: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One line of the table; `row` is that of docs/faults.md, None for what only a hostile host does."""

    name: str
    row: int | None
    what: str
    stage: Stage
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    on: str = ""
    times: int = 0

    @property
    def knows_request(self) -> bool:
        """True when `on` has a meaning."""
        return self.stage in {Stage.JUDGE, Stage.ACTED, Stage.CUT}


# `reset` and `stall` can strike here; the first three come before the request is known.
EARLY_CUTS: Final = ("accept", "request_head", "request_body")
CUT_STAGES: Final = (*EARLY_CUTS, "before_act", "after_act", "response_head", "response_body", "between")
