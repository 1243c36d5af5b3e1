"""Outcomes that a run gives itself, for hosts whose action could not: never asked, cut off, or an answer of no use."""

from __future__ import annotations

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict

STOPPED = "run.stopped"
"""Not asked, because the run ended before its turn. Evidence: reason."""

CUT_OFF = "run.cut_off"
"""Begun, and the run ended before its answer came. Evidence: reason."""

TASK_FAILED = "run.task_failed"
"""Ansible failed on this host outside of our action. Evidence: task, message."""

OUTCOME_UNUSABLE = "run.outcome_unusable"
"""The action's result is not of the agreed form. Evidence: reason."""

_TEXT_LIMIT = 1900


def skipped(reason: str) -> Outcome:
    """A host that was not asked."""
    return _outcome(Verdict.SKIPPED, STOPPED, Severity.WARNING, {"reason": reason})


def cut_off(reason: str) -> Outcome:
    """A host that was begun, and whose answer nobody heard: it may have been written."""
    return _outcome(Verdict.UNKNOWN, CUT_OFF, Severity.ERROR, {"reason": reason})


def task_failed(verdict: Verdict, task: str, message: str) -> Outcome:
    """A host on which a task failed that is not our action."""
    return _outcome(verdict, TASK_FAILED, Severity.ERROR, {"task": task, "message": message}, detail=message)


def unusable(reason: str) -> Outcome:
    """A host whose action gave something that is no outcome."""
    return _outcome(Verdict.FAILED, OUTCOME_UNUSABLE, Severity.ERROR, {"reason": reason})


def _outcome(verdict: Verdict, code: str, severity: Severity, evidence: dict[str, str], detail: str = "") -> Outcome:
    bounded = {name: text[:_TEXT_LIMIT] for name, text in evidence.items()}
    finding = Finding(code=code, sheet=Sheet.TRANSPORT, severity=severity, evidence=bounded)
    return Outcome(verdict=verdict, findings=(finding,), detail=detail[:_TEXT_LIMIT])
