"""What a workstation's WinRM endpoint shows before anybody logs on, judged check by check, down to the first failure.

Pure: facts in, findings out. A check that failed has the finding that a push would have told of the same fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from iea_fleet.diagnosis.kind import Kind, make_finding
from iea_fleet.diagnosis.transport import Failure, TransportFacts, diagnose, judge_transport
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict

_OK = Kind(Severity.OK, Verdict.OK)
_WARNING = Kind(Severity.WARNING, Verdict.OK)

KINDS: Final[Mapping[str, Kind]] = {
    "doctor.route": _OK,
    "doctor.proxy_on_the_way": _WARNING,
    "doctor.name_found": _OK,
    "doctor.port_open": _OK,
    "doctor.certificate_good": _OK,
    "doctor.certificate_pinned": _OK,
    "doctor.winrm": _OK,
    "doctor.winrm_unidentified": _OK,
    "doctor.logon_offered": _OK,
    "doctor.logon_not_told": _WARNING,
    "doctor.basic_offered": _WARNING,
    "doctor.clock_right": _OK,
    "doctor.clock_not_told": _WARNING,
}
"""Every code of this module."""

_CLOCK_TOLERANCE_S: Final = 300
"""RFC 4120 section 5.2.3 advises five minutes between two clocks; Windows has the same by default."""
_BASIC: Final = frozenset({"basic", "plaintext", "ssl"})
"""Names of pywinrm and pypsrp for a logon that sends the password itself."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What was seen.

    Args:
        facts: where to, as whom, and how far it came; with `Failure.NONE` everything was seen.
        operation_timeout_s, read_timeout_s: of the client, as the inventory has them; 0: not known.
        computer_name: that the inventory expects; "": it names none.
        pinned: the inventory names the certificate.
        basic_in_clear: the password would cross the network readable.
        addresses: of the name; empty: it was not found, or nobody asked.
        connect_ms: until the port was open; `None`: it was not.
        identified: it answered Identify (DSP0226 section 11).
        product: vendor and version that it told then, "" when none.
    """

    facts: TransportFacts
    operation_timeout_s: int = 0
    read_timeout_s: int = 0
    computer_name: str = ""
    pinned: bool = False
    basic_in_clear: bool = False
    addresses: tuple[str, ...] = ()
    connect_ms: int | None = None
    identified: bool = False
    product: str = field(default="")


def judge_endpoint(seen: Endpoint) -> tuple[Finding, ...]:
    """One finding a check, in the order of the way to the workstation; the last is the failure, if there was one."""
    return tuple(_checks(seen))


def may_log_on(findings: tuple[Finding, ...]) -> bool:
    """Whether a logon has a chance: nothing failed, or the clock alone, which NTLM does not look at."""
    return all(
        finding.severity is not Severity.ERROR or finding.code == "transport.clock_differs" for finding in findings
    )


def _checks(seen: Endpoint) -> Iterator[Finding]:
    facts = seen.facts
    if facts.failure is Failure.CLIENT:
        yield _failure(facts)
        return
    yield from _route(seen)
    if seen.addresses:
        yield _tell("doctor.name_found", host=facts.host, addresses=", ".join(seen.addresses))
    if seen.connect_ms is not None:
        yield _tell("doctor.port_open", host=facts.host, port=facts.port, elapsed_ms=seen.connect_ms)
    if facts.failure in {Failure.NONE, Failure.HTTP, Failure.MALFORMED}:
        yield from _certificate(seen)
    if facts.failure is not Failure.NONE:
        yield _failure(facts)
        return
    if seen.identified:
        yield _tell("doctor.winrm", host=facts.host, port=facts.port, product=seen.product or None)
    else:
        yield _tell("doctor.winrm_unidentified", host=facts.host, port=facts.port, server_software=facts.server or None)
    yield from _logons(facts)
    yield _clock(facts)


def _route(seen: Endpoint) -> Iterator[Finding]:
    facts = seen.facts
    yield _tell(
        "doctor.route",
        host=facts.host,
        connection=facts.connection,
        scheme=facts.scheme,
        port=facts.port,
        methods=", ".join(facts.methods),
        account=facts.account or None,
        computer_name=seen.computer_name or None,
    )
    if 0 < seen.read_timeout_s <= seen.operation_timeout_s:
        yield _failure(replace(facts, failure=Failure.TIMEOUTS))
    if seen.basic_in_clear:
        yield _failure(replace(facts, failure=Failure.BASIC_IN_CLEAR))
    if facts.scheme == "https" and facts.certificate_ignored:
        yield from _oddity(replace(facts, certificate_days=None, clock_difference_s=None), Severity.WARNING)
    if facts.proxy:
        yield _tell("doctor.proxy_on_the_way", host=facts.host, proxy=facts.proxy)


def _certificate(seen: Endpoint) -> Iterator[Finding]:
    facts = seen.facts
    if facts.scheme != "https" or not facts.certificate_sha256:
        return
    evidence = {
        "host": facts.host,
        "certificate_subject": facts.certificate_subject,
        "certificate_issuer": facts.certificate_issuer,
        "certificate_until": facts.certificate_until,
        "certificate_sha256": facts.certificate_sha256,
    }
    if seen.pinned:
        yield _tell("doctor.certificate_pinned", **evidence)
    elif not facts.certificate_ignored:
        yield _tell("doctor.certificate_good", **evidence)
    days = facts.certificate_days
    if days is not None and days < 0:
        # A pin takes no notice of dates, nor does an inventory that says to ignore them; people should.
        yield _failure(replace(facts, failure=Failure.CERTIFICATE, certificate_problem="has expired"), Severity.WARNING)
    else:
        yield from _oddity(replace(facts, certificate_ignored=False, clock_difference_s=None), Severity.WARNING)


def _logons(facts: TransportFacts) -> Iterator[Finding]:
    evidence = {"host": facts.host, "offered": ", ".join(facts.offered), "methods": ", ".join(facts.methods)}
    if not facts.offered:
        yield _tell("doctor.logon_not_told", **evidence)
        return
    refused = replace(facts, failure=Failure.LOGON)
    if diagnose(refused).code == "transport.logon_method_not_offered":
        yield _failure(refused)
    else:
        yield _tell("doctor.logon_offered", **evidence)
    if any(scheme.lower() == "basic" for scheme in facts.offered) and not _BASIC & set(facts.methods):
        yield _tell("doctor.basic_offered", **evidence)


def _clock(facts: TransportFacts) -> Finding:
    difference = facts.clock_difference_s
    if difference is None:
        return _tell("doctor.clock_not_told", host=facts.host)
    if abs(difference) > _CLOCK_TOLERANCE_S:
        told = replace(facts, certificate_days=None, certificate_ignored=False)
        return next(_oddity(told, Severity.ERROR))
    return _tell("doctor.clock_right", host=facts.host, seconds=abs(difference))


def _tell(code: str, **evidence: str | int | None) -> Finding:
    return make_finding(KINDS, code, Sheet.TRANSPORT, **evidence)


def _failure(facts: TransportFacts, severity: Severity = Severity.ERROR) -> Finding:
    """The finding that a push would tell of a failure."""
    _, findings = judge_transport(facts)
    return findings[0].model_copy(update={"severity": severity})


def _oddity(facts: TransportFacts, severity: Severity) -> Iterator[Finding]:
    """What a push would tell beside an answer, with the weight that it has for somebody who sets things up."""
    _, findings = judge_transport(replace(facts, failure=Failure.NONE))
    for finding in findings:
        yield finding.model_copy(update={"severity": severity})
