"""Of several bindings of one licence: which to reset, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from iea_fleet.diagnosis.licence import LICENCE, WORKSTATION
from iea_fleet.diagnosis.told import moment_of

Row = Mapping[str, str]
"""One binding as the workstation read it: its fields."""


class Standing(StrEnum):
    """What is known of the workstation that a binding names."""

    OWNER = "owner"
    """It answers, and this is the licence that it was installed with."""
    ANSWERS = "answers"
    """It answers, and does not tell its licence."""
    OTHER_LICENCE = "other_licence"
    """It answers, and was installed with another licence."""
    NO_ANSWER = "no_answer"
    NOT_IN_FLEET = "not_in_fleet"
    UNKNOWN = "unknown"
    """Nobody looked: one host was asked, not the fleet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which bindings to reset.

    Args:
        reset: the rows.
        reason: why these: `other_licence`, `not_in_fleet`, `no_answer`, `older`, or `each_row` (the sheet's own way);
            "" when there are none to reset.
        reinstall: one of the workstations has to be installed again with its own code; resetting alone won't last.
    """

    reset: tuple[Row, ...]
    reason: str
    reinstall: bool


def choose(rows: Sequence[Row], standing: Callable[[str], Standing], moment_format: str) -> Choice:
    """Decide about the bound rows of one licence.

    What is sure comes first: a workstation that has another licence by now, then one that is no longer in the fleet or
    does not answer, then the older binding. Where nothing tells two apart both are reset, as the sheet does
    (« Sélectionnez chaque ligne puis cliquez sur Réinitialiser poste »), and one needs its reinstallation code.

    Args:
        rows: bindings of one licence to workstations, at least one.
        standing: what is known of a workstation, by its name.
        moment_format: of the field that says when a licence was bound.
    """
    standings = [standing(row[WORKSTATION]) for row in rows]
    keep = list(zip(rows, standings, strict=True))
    reset: list[Row] = []
    reason = ""
    for gone in ({Standing.OTHER_LICENCE}, {Standing.NOT_IN_FLEET}, {Standing.NO_ANSWER}):
        going = [row for row, one in keep if one in gone]
        if going and (len(going) < len(keep) or Standing.OTHER_LICENCE in gone):
            reset += going
            reason = reason or next(iter(gone)).value
            keep = [(row, one) for row, one in keep if one not in gone]
    owners = sum(one is Standing.OWNER for one in standings)
    if _workstations(keep) < 2:
        return Choice(tuple(reset), reason, reinstall=False)
    dated = [(_bound(row, moment_format), row) for row, _ in keep]
    newest = max((moment for moment, _ in dated if moment is not None), default=None)
    of_the_newest = [row for moment, row in dated if moment == newest]
    if owners < 2 and newest is not None and None not in {moment for moment, _ in dated} and len(of_the_newest) == 1:
        reset += [row for moment, row in dated if moment != newest]
        return Choice(tuple(reset), reason or "older", reinstall=False)
    reset += [row for row, _ in keep]
    return Choice(tuple(reset), "each_row", reinstall=True)


def _workstations(rows: Sequence[tuple[Row, Standing]]) -> int:
    return len({row[WORKSTATION].casefold() for row, _ in rows})


def _bound(row: Row, moment_format: str) -> datetime | None:
    """When a licence was bound: the first further field that reads as a moment."""
    for name, text in row.items():
        moment = None if name in {LICENCE, WORKSTATION} else moment_of(text, moment_format)
        if moment is not None:
            return moment
    return None
