"""What went wrong before the script spoke: each fault of the transport by its own code, with its verdict and retry.

Pure: facts in, findings out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iea_fleet.diagnosis._transport_codes import CLOCK_TOLERANCE_S, transport_code
from iea_fleet.diagnosis.kind import make_finding
from iea_fleet.diagnosis.transport_facts import Failure, Stage, TransportFacts
from iea_fleet.diagnosis.transport_kinds import KINDS, Retry
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Verdict

__all__ = [
    "KINDS",
    "Diagnosis",
    "Failure",
    "Retry",
    "Stage",
    "TransportFacts",
    "diagnose",
    "is_logon_refused",
    "judge_transport",
]

_BACK_SOON = frozenset({"transport.went_away", "transport.service_starting"})
_LOGON_REFUSED = frozenset(
    {"transport.logon_refused", "transport.logon_refused_local_account", "transport.kerberos_account"}
)
_WAVE_AFTER = frozenset({"transport.port_refused", "transport.no_route", "transport.silent"})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a failure is and what to do about it now.

    Args:
        code: of `KINDS`.
        verdict: of the host, when this is the end of it.
        retry: when to try again; `limit` times at most, the first time after `pause_s` seconds.
    """

    code: str
    verdict: Verdict
    retry: Retry
    limit: int
    pause_s: float


def is_logon_refused(findings: Iterable[Finding]) -> bool:
    """Whether a host turned the account away: each time may bring a lock nearer."""
    return any(finding.code in _LOGON_REFUSED for finding in findings)


def diagnose(facts: TransportFacts) -> Diagnosis:
    """Name a failure.

    Args:
        facts: of an attempt that failed; `failure` is not `NONE`.
    """
    code = transport_code(facts)
    kind = KINDS[code]
    verdict, retry, limit, pause_s = kind.votes, kind.retry, kind.limit, kind.pause_s
    if facts.input_sent and not kind.settles:
        verdict = Verdict.UNKNOWN
        if retry is Retry.CONNECTION or code in _BACK_SOON:
            # The script may have begun: connecting again is right, but the journal must be given time.
            retry, limit, pause_s = Retry.JOURNAL, 6, 2.0
    elif retry is Retry.JOURNAL:
        # Nothing was sent that could be in a journal.
        retry, limit, pause_s = Retry.CONNECTION, 1, 0.3
    return Diagnosis(code, verdict, retry, limit, pause_s)


def judge_transport(facts: TransportFacts) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict and the findings of a round as far as its transport goes.

    Args:
        facts: of the last attempt; with `Failure.NONE` only what was odd is told, and the verdict is ok.
    """
    if facts.failure is Failure.NONE:
        return Verdict.OK, tuple(_oddities(facts))
    found = diagnose(facts)
    retry = Retry.WAVE if found.code in _WAVE_AFTER or found.retry is Retry.WAVE else Retry.NEVER
    finding = make_finding(KINDS, found.code, Sheet.TRANSPORT, **_evidence(facts), retry=retry.value)
    return found.verdict, (finding, *([_finding("transport.shell_left", facts)] if facts.shell_left else ()))


_CERTIFICATE_WARNING_DAYS = 30
_STDERR_QUIET_BYTES = 65_536
"""Below this, standard error is PowerShell's everyday progress noise."""


def _oddities(facts: TransportFacts) -> list[Finding]:
    """What is worth telling about a round that had its answer."""
    seen = {
        "transport.clock_differs": abs(facts.clock_difference_s or 0) > CLOCK_TOLERANCE_S,
        "transport.certificate_expires": facts.certificate_days is not None
        and facts.certificate_days < _CERTIFICATE_WARNING_DAYS,
        "transport.certificate_not_checked": facts.scheme == "https" and facts.certificate_ignored,
        "transport.credentials_delegated": facts.delegates,
        "transport.stderr_noise": facts.stderr_bytes > _STDERR_QUIET_BYTES,
        "transport.stdout_noise": facts.stdout_extra_bytes > 0 and not facts.undecodable,
        "transport.stdout_undecodable": facts.undecodable,
        "transport.shell_left": facts.shell_left,
    }
    return [_finding(code, facts) for code, is_so in seen.items() if is_so]


def _finding(code: str, facts: TransportFacts) -> Finding:
    return make_finding(KINDS, code, Sheet.TRANSPORT, **_evidence(facts), retry=Retry.NEVER.value)


def _evidence(facts: TransportFacts) -> dict[str, str | int | None]:
    """What is known, by name; the wording leaves out what is not."""
    return {
        "host": facts.host,
        "port": facts.port,
        "scheme": facts.scheme,
        "stage": facts.stage.value,
        "account": facts.account or None,
        "methods": ", ".join(facts.methods) or None,
        "offered": ", ".join(facts.offered) or None,
        "http_status": facts.http_status,
        "server_software": facts.server or None,
        "content_type": facts.content_type or None,
        "host_clock": facts.date or None,
        "our_clock": facts.now or None,
        "fault_code": facts.fault_code,
        "message": facts.message or None,
        "exit_code": facts.exit_code,
        "output": facts.stderr.strip() or facts.stdout.strip() or None,
        "output_bytes": facts.stdout_extra_bytes or facts.stderr_bytes,
        "language": facts.refusal_language or None,
        "version": facts.refusal_version or None,
        "reason": facts.reason or facts.certificate_problem or None,
        "certificate_subject": facts.certificate_subject or None,
        "certificate_issuer": facts.certificate_issuer or None,
        "certificate_from": facts.certificate_from or None,
        "certificate_until": facts.certificate_until or None,
        "certificate_sha256": facts.certificate_sha256 or None,
        "proxy": facts.proxy or None,
        "deadline_s": facts.deadline_s,
        "input_sent": "true" if facts.input_sent else "false",
    }
