"""An outcome as the result of an Ansible task: named fields only, so that nothing from a host can speak Ansible."""

from __future__ import annotations

from typing import Any

from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.text import neutralise

_SHOWN = 300
_WEIGHT = (Severity.OK, Severity.INFO, Severity.WARNING, Severity.ERROR)
_FAILED = frozenset({Verdict.REFUSED, Verdict.FAILED, Verdict.UNKNOWN})


def task_result(outcome: Outcome, *, read_only: bool, diff: bool) -> dict[str, Any]:
    """The result of a task.

    Args:
        outcome: what became of the host.
        read_only: a report: that something is not as wanted is its result, not its failure.
        diff: add the settings before and after.
    """
    verdict = outcome.verdict
    result: dict[str, Any] = {
        "changed": not read_only and (verdict is Verdict.CHANGED or _wrote(outcome)),
        "msg": _sentence(outcome),
        "iea_fleet": outcome.model_dump(mode="json", by_alias=True),
    }
    if verdict is Verdict.UNREACHABLE:
        result["unreachable"] = True
    elif verdict is Verdict.SKIPPED and outcome.findings[0].code == "run.stopped":
        result["skipped"] = True
    elif verdict in _FAILED or verdict is Verdict.SKIPPED or (verdict is Verdict.DRIFT and not read_only):
        result["failed"] = True
    if diff and outcome.answer is not None:
        result["diff"] = _diff(outcome)
    return result


def _wrote(outcome: Outcome) -> bool:
    """Whether the answer says that a setting is another one than before (or would be), whatever came after it."""
    answer = outcome.answer
    return answer is not None and answer.error is None and answer.changed


def _diff(outcome: Outcome) -> list[dict[str, str]]:
    """Each place that changed, or would change, as Ansible's callbacks print it."""
    if outcome.answer is None:
        return []
    return [
        {
            "before_header": f"{change.id} {neutralise(place.place, _SHOWN)}",
            "after_header": f"{change.id} {neutralise(place.place, _SHOWN)}",
            "before": _line(place.before),
            "after": _line(place.after),
        }
        for change in outcome.answer.ensure
        for place in change.places
        if place.changed
    ]


def _line(value: str | None) -> str:
    return "" if value is None else f"{neutralise(value)}\n"


def _sentence(outcome: Outcome) -> str:
    """The verdict and the weightiest finding; the reports have the words for people."""
    heaviest = max(outcome.findings, key=lambda finding: _WEIGHT.index(finding.severity), default=None)
    if heaviest is None:
        return outcome.verdict.value
    detail = f": {neutralise(outcome.detail, _SHOWN)}" if outcome.detail else ""
    return f"{outcome.verdict.value}, {heaviest.code}{detail}"
