"""What all findings of one code have in common, and the one rule that makes a verdict of findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict

EVIDENCE_CHARACTERS = 500
"""Longest text of one piece of evidence; a longer one is cut and ends in `…`."""

_STRENGTH = (
    Verdict.OK,
    Verdict.CHANGED,
    Verdict.DRIFT,
    Verdict.SKIPPED,
    Verdict.REFUSED,
    Verdict.UNREACHABLE,
    Verdict.UNKNOWN,
    Verdict.FAILED,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One code of the catalogue.

    Args:
        severity: how much it matters to the association.
        votes: the verdict that a host with this finding has at least.
        case: the sheet's own case number, where it has one.
    """

    severity: Severity
    votes: Verdict
    case: int | None = None


def make_finding(kinds: Mapping[str, Kind], code: str, sheet: Sheet, **evidence: str | int | None) -> Finding:
    """A finding of a code, its evidence cut to size; evidence that is `None` is not known and left out."""
    kind = kinds[code]
    texts = {name: _cut(str(value)) for name, value in evidence.items() if value is not None}
    return Finding(code=code, sheet=sheet, case=kind.case, severity=kind.severity, evidence=texts)


def verdict_of(findings: Iterable[Finding], kinds: Mapping[str, Kind]) -> Verdict:
    """The strongest verdict that any finding votes for, in the order of `_STRENGTH`; ok without findings.

    Args:
        findings: those of one host; every code must be one of `kinds`.
        kinds: the catalogue.
    """
    votes = (kinds[finding.code].votes for finding in findings)
    return max(votes, key=strength, default=Verdict.OK)


def strength(verdict: Verdict) -> int:
    """How strong a verdict is against others; the strongest vote is the host's verdict."""
    return _STRENGTH.index(verdict)


def joined(texts: Iterable[str | None]) -> str:
    """Texts as one piece of evidence: each once, without the empty ones."""
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _cut(text: str) -> str:
    return text if len(text) <= EVIDENCE_CHARACTERS else text[: EVIDENCE_CHARACTERS - 1] + "…"
