"""What is new and what is gone since the report before: the nightly question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from iea_fleet.diagnosis.transaction import UNBELIEVED
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.labels import needs_somebody, votes
from iea_fleet.report.view import HostRow, RunView, Since

_SAME: Final = {
    "fleet.licence_twice": "licence.twice",
    "fleet.licence_reinstall": "licence.twice",
    "fleet.session_stale": "session.stale",
}
"""What a host and the fleet call the same thing."""
_NOT_LOOKED_AT: Final = ("waits_for_share", "not_in_profile", "not_judged", "out_of_reach")
"""Ends of codes that say of a sheet that nobody could look."""


def compared(view: RunView, before: RunView) -> RunView:
    """A report that tells for each host what is new and what is gone since another one.

    What somebody has to act on is new when the report before did not tell it of this host. It is gone when it is not
    told any more and its sheet was looked at: what a workstation that is off does not tell has not been mended. A host
    that is in one of the two only is not compared.

    Args:
        view: the report.
        before: the one to compare with.
    """
    earlier = {host.name: host for host in before.hosts if host.verdict is not None}
    hosts = tuple(
        _compared(host, earlier[host.name]) if host.name in earlier and host.verdict is not None else host
        for host in view.hosts
    )
    return replace(view, hosts=hosts, since=Since(before.run, before.started))


def _compared(host: HostRow, earlier: HostRow) -> HostRow:
    now, then = _keys(host.findings), _keys(earlier.findings)
    return replace(
        host,
        new=tuple(finding for key, finding in now.items() if key not in then),
        gone=tuple(finding for key, finding in then.items() if key not in now and _looked_at(host, finding.sheet)),
    )


def _keys(findings: Iterable[Finding]) -> dict[tuple[str, ...], Finding]:
    """What somebody has to act on, by what it is about: values that change from night to night are no news."""
    return {_key(finding): finding for finding in findings if needs_somebody(finding)}


def _key(finding: Finding) -> tuple[str, ...]:
    about = (finding.evidence.get(name, "").casefold() for name in ("licence", "setting", "server"))
    return (_SAME.get(finding.code, finding.code), *about)


def _looked_at(host: HostRow, sheet: Sheet) -> bool:
    """Whether a host's answer tells how it stands with a sheet."""
    if not host.computer_name or host.verdict is Verdict.REFUSED:
        return False
    if any(finding.code in UNBELIEVED for finding in host.findings):
        return False
    if sheet is Sheet.TRANSPORT:
        return True
    findings = [finding for finding in host.findings if finding.sheet is sheet]
    return bool(findings) and not any(
        votes(finding, Verdict.FAILED, Verdict.SKIPPED) or finding.code.endswith(_NOT_LOOKED_AT) for finding in findings
    )
