"""Of several bindings of one licence: which to reset, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        reason: why these: `other_licence`, `not_in_fleet`, `no_answer`, `older`, `elsewhere` (another workstation
            claims the licence and nothing is known of this one), or `each_row` (the sheet's own way); "" when there
            are none to reset.
        reinstall: one of the workstations has to be installed again with its own code; resetting alone won't last.
    """

    reset: tuple[Row, ...]
    reason: str
    reinstall: bool


def choose(rows: Sequence[Row], standings: Sequence[Standing], moment_format: str, *, without_row: int = 0) -> Choice:
    """Decide about the bindings of one licence, to workstations that all differ.

    What is sure comes first: a workstation that has another licence by now, then one that is no longer in the fleet,
    then one that does not answer, then the older binding. Where nothing tells two apart both are reset, as the sheet
    does (« Sélectionnez chaque ligne puis cliquez sur Réinitialiser poste »), and one needs its reinstallation code.

    Args:
        rows: the bindings.
        standings: what is known of the workstation of each.
        moment_format: of the field that says when a licence was bound.
        without_row: how many workstations claim the licence, being installed with it, that no row names.
    """
    keep = list(zip(rows, standings, strict=True))
    reset: list[Row] = []
    reason = ""
    for gone in (Standing.OTHER_LICENCE, Standing.NOT_IN_FLEET, Standing.NO_ANSWER):
        going = [row for row, standing in keep if standing is gone]
        if going and (len(going) < len(keep) + without_row or gone is Standing.OTHER_LICENCE):
            reset += going
            reason = reason or gone.value
            keep = [(row, standing) for row, standing in keep if standing is not gone]
    owners = sum(standing is Standing.OWNER for _, standing in keep)
    if len(keep) + without_row < 2:
        return Choice(tuple(reset), reason, reinstall=False)
    if owners + without_row >= 2:
        # To take it away from one that was installed with it would only move the fault, unless both have a row.
        both = () if without_row else tuple(row for row, _ in keep)
        return Choice((*reset, *both), reason or ("each_row" if both else ""), reinstall=True)
    if without_row:
        return Choice((*reset, *(row for row, _ in keep)), reason or "elsewhere", reinstall=False)
    older = _older([row for row, _ in keep], moment_format)
    if older:
        return Choice((*reset, *older), reason or "older", reinstall=False)
    return Choice((*reset, *(row for row, _ in keep)), "each_row", reinstall=True)


def _older(rows: Sequence[Row], moment_format: str) -> tuple[Row, ...]:
    """All rows but the newest; none where a row has no moment, or the newest one is not alone."""
    dated = [(_bound(row, moment_format), row) for row in rows]
    moments = [moment for moment, _ in dated if moment is not None]
    if not moments or len(moments) < len(rows) or moments.count(max(moments)) != 1:
        return ()
    newest = max(moments)
    return tuple(row for moment, row in dated if moment != newest)


def _bound(row: Row, moment_format: str) -> datetime | None:
    """When a licence was bound: the first further field that reads as a moment."""
    for name, text in row.items():
        moment = None if name in {LICENCE, WORKSTATION} else moment_of(text, moment_format)
        if moment is not None:
            return moment
    return None
