"""An outcome as the result of an Ansible task: named fields only, so that nothing from a host can speak Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import unified_diff
from typing import Any

from iea_fleet.model.finding import Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.text import SHOWN_CHARACTERS, neutralise

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
        # What would be mended is no failure of a prediction: whether it helps only the real run can tell.
        result["failed"] = not (_would_mend(outcome) or _only_waits(outcome))
    if waits := _waiting(outcome):
        result["warnings"] = [f"a restart of the workstation is due and waits for the maintenance window: {waits}"]
    if diff and outcome.answer is not None:
        result["diff"] = _diff(outcome)
    return result


def _would_mend(outcome: Outcome) -> bool:
    """Whether check mode predicts a remedy for what is wrong, whose success it can't know."""
    answer = outcome.answer
    if answer is None or not answer.dry_run or answer.error is not None:
        return False
    # A restart comes after everything else, which a prediction does not carry out and so does not tell.
    restarts = any(finding.code == "share.would_mend" for finding in outcome.findings)
    return restarts or any(work.ok for work in answer.act)


def _waiting(outcome: Outcome) -> str:
    """When a restart that is due may be begun, as `fri 2026-11-27 20:00 (Europe/Paris)`; empty: none waits."""
    for finding in outcome.findings:
        if finding.code == "share.restart_waits":
            evidence = finding.evidence
            return f"{evidence['opens_day']} {evidence['opens'].replace('T', ' ')} ({evidence['zone']})"
    return ""


def _only_waits(outcome: Outcome) -> bool:
    """Whether all that is wrong waits for the maintenance window."""
    wrong = {finding.sheet for finding in outcome.findings if finding.severity is Severity.ERROR}
    return outcome.verdict is Verdict.DRIFT and wrong <= {Sheet.SHARE} and bool(_waiting(outcome))


def _wrote(outcome: Outcome) -> bool:
    """Whether the answer says that a setting is another one than before (or would be), whatever came after it."""
    answer = outcome.answer
    if answer is None or answer.error is not None:
        return False
    return answer.changed or any(work.ok for work in answer.after)


def _diff(outcome: Outcome) -> list[dict[str, str]]:
    """Each place and record that changed, or would change, as Ansible's callbacks print it."""
    if outcome.answer is None:
        return []
    settings = [
        _change(f"{change.id} {neutralise(place.place, SHOWN_CHARACTERS)}", _line(place.before), _line(place.after))
        for change in outcome.answer.ensure
        for place in change.places
        if place.changed
    ]
    records = [
        _change(
            f"{release.id} {neutralise(release.place, SHOWN_CHARACTERS)}", _record(record.before), _record(record.after)
        )
        for release in outcome.answer.release
        for record in release.records
    ]
    return settings + records


def diff_lines(changes: Iterable[Mapping[str, str]]) -> str:
    """A result's `diff` as text, as Ansible's own callback prints it."""
    lines: list[str] = []
    for change in changes:
        heads = (f"before: {change['before_header']}", f"after: {change['after_header']}")
        lines += unified_diff(change["before"].splitlines(), change["after"].splitlines(), *heads, lineterm="")
    return "\n".join(lines)


def _change(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _record(fields: Mapping[str, str] | None) -> str:
    """A record with a line for each field; one that was removed is empty."""
    return "".join(f"{name}: {neutralise(value)}\n" for name, value in (fields or {}).items())


def _line(value: str | None) -> str:
    return "" if value is None else f"{neutralise(value)}\n"


def _sentence(outcome: Outcome) -> str:
    """The verdict and the weightiest finding; the reports have the words for people."""
    heaviest = max(outcome.findings, key=lambda finding: finding.severity.weight, default=None)
    if heaviest is None:
        return outcome.verdict.value
    detail = f": {neutralise(outcome.detail, SHOWN_CHARACTERS)}" if outcome.detail else ""
    return f"{outcome.verdict.value}, {heaviest.code}{detail}"
