"""The outcome of checks: findings about one subject each, the worst of them, and the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from iea_fleet.diagnosis.kind import Kind, make_finding
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict

_OK = Kind(Severity.OK, Verdict.OK)
_WARNING = Kind(Severity.WARNING, Verdict.OK)
_ERROR = Kind(Severity.ERROR, Verdict.FAILED)

KINDS: Final[Mapping[str, Kind]] = {
    "doctor.python": _OK,
    "doctor.python_old": _ERROR,
    "doctor.packages": _OK,
    "doctor.package_missing": _ERROR,
    "doctor.package_old": _ERROR,
    "doctor.extra_missing": _ERROR,
    "doctor.extras": _OK,
    "doctor.locale": _OK,
    "doctor.locale_unknown": _WARNING,
    "doctor.locale_not_utf8": _WARNING,
    "doctor.state_folder": _OK,
    "doctor.state_folder_readable": _WARNING,
    "doctor.ledger": _OK,
    "doctor.ledger_new": _OK,
    "doctor.ledger_damaged": _ERROR,
    "doctor.content": _OK,
    "doctor.content_elsewhere": _WARNING,
    "doctor.machine": _ERROR,
    "doctor.no_proxy": _OK,
    "doctor.proxy": _WARNING,
    "doctor.inventory": _OK,
    "doctor.inventory_missing": _WARNING,
    "doctor.inventory_unusable": _ERROR,
    "doctor.vault": _OK,
    "doctor.password_in_clear": _WARNING,
    "doctor.smtp": _OK,
    "doctor.smtp_none": _OK,
    "doctor.smtp_incomplete": _WARNING,
    "doctor.logon_accepted": _OK,
    "doctor.powershell": _OK,
    "doctor.computer_expected": _OK,
    "doctor.computer_not_named": _WARNING,
    "doctor.rights_read": _OK,
    "doctor.rights_administrator": _OK,
    "doctor.rights_plain": _WARNING,
    "doctor.rights_missing": _ERROR,
    "doctor.round": _OK,
    "doctor.not_asked": _ERROR,
}
"""Every code of this package; those of the way to a workstation are in diagnosis/endpoint.py."""

INVENTORY_CODES: Final = frozenset({"doctor.inventory_unusable"})
"""Errors of what the user gave, not of this machine: their exit code is that of an unusable inventory."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was checked, and what was found.

    Args:
        host: a workstation's name in the inventory; "": this machine.
        findings: one a check, in their order.
    """

    host: str
    findings: tuple[Finding, ...]


def check(code: str, **evidence: str | int | None) -> Finding:
    """The finding of one check."""
    return make_finding(KINDS, code, Sheet.TRANSPORT, **evidence)


def worst(findings: Iterable[Finding]) -> Severity:
    """The gravest severity; `OK` without findings."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.weight, default=Severity.OK)


def exit_code(subjects: Iterable[Subject]) -> int:
    """The exit code by docs/command-line.md: 6 this machine, 3 inventory, 4 a workstation, 1 warnings only, 0 fine."""
    codes = {_code(subject, finding) for subject in subjects for finding in subject.findings}
    return next((code for code in (6, 3, 4, 1) if code in codes), 0)


def _code(subject: Subject, finding: Finding) -> int:
    if finding.severity is Severity.ERROR:
        return 4 if subject.host else 3 if finding.code in INVENTORY_CODES else 6
    return 1 if finding.severity is Severity.WARNING else 0
