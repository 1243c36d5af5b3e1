"""Every code of the transport, with its severity, verdict and retry. Numbers are the rows of docs/faults.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iea_fleet.diagnosis.kind import Kind
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict


class Retry(StrEnum):
    """When the same transaction is sent again."""

    NEVER = "never"
    CONNECTION = "connection"
    """At once, on a fresh connection; nothing has been done yet."""
    JOURNAL = "journal"
    """After a pause; the workstation answers from its journal what it has done already."""
    WAVE = "wave"
    """At the end of the wave; the roll-out decides."""


@dataclass(frozen=True, slots=True)
class TransportKind(Kind):
    """One code of the catalogue.

    Args:
        retry: when to send the same transaction again.
        limit: how often at most.
        pause_s: seconds before the first retry.
        settles: `votes` holds also when the script was sent; otherwise the verdict is then unknown.
    """

    retry: Retry = Retry.NEVER
    limit: int = 0
    pause_s: float = 0.0
    settles: bool = False


def _refused() -> TransportKind:
    return TransportKind(Severity.ERROR, Verdict.REFUSED, settles=True)


def _skipped() -> TransportKind:
    return TransportKind(Severity.ERROR, Verdict.SKIPPED, settles=True)


def _unreachable(retry: Retry = Retry.NEVER, limit: int = 0, pause_s: float = 0.3) -> TransportKind:
    return TransportKind(Severity.ERROR, Verdict.UNREACHABLE, retry=retry, limit=limit, pause_s=pause_s)


def _note(severity: Severity = Severity.INFO) -> TransportKind:
    return TransportKind(severity, Verdict.OK, settles=True)


_C, _J, _W = Retry.CONNECTION, Retry.JOURNAL, Retry.WAVE

KINDS: dict[str, TransportKind] = {
    "transport.logon_refused": _refused(),  # 1
    "transport.logon_refused_local_account": _refused(),  # 1, 2
    "transport.logon_method_not_offered": _refused(),  # 3
    "transport.encryption_required": _refused(),  # 4
    "transport.shell_quota": _unreachable(_W),  # 5
    "transport.operation_quota": _unreachable(_C, 2),  # 6
    "transport.command_quota": _unreachable(_C, 2),  # 7
    "transport.create_timed_out": _unreachable(_C, 2),  # 9
    "transport.send_timed_out": _unreachable(_J, 3, 2.0),  # 9
    "transport.command_busy": _unreachable(_J, 3, 2.0),  # 10
    "transport.input_not_read": _unreachable(_J, 3, 2.0),  # 11
    "transport.service_stopped": _unreachable(_J, 6, 2.0),  # 12
    "transport.shell_lost": _unreachable(_J, 3, 1.0),  # 13
    "transport.profile_unloading": _unreachable(_C, 1, 10.0),  # 14
    "transport.access_denied": _refused(),  # 15
    "transport.command_killed": _unreachable(),  # 15
    "transport.port_refused": _unreachable(_C, 1),  # 16
    "transport.no_route": _unreachable(_C, 1),  # 16
    "transport.silent": _unreachable(_C, 1),  # 16
    "transport.name_unknown": _unreachable(_C, 1),  # 16
    "transport.connection_reset": _unreachable(_C, 2),  # 17
    "transport.read_timed_out": _unreachable(_J, 3, 1.0),  # 18
    "transport.timeouts_inverted": _skipped(),  # 18
    "transport.deadline": _unreachable(_W),  # 8, 19
    "transport.went_away": _unreachable(_W),  # 20
    "transport.clock_skew": _refused(),  # 21
    "transport.clock_differs": _note(Severity.WARNING),  # 21
    "transport.kerberos_name_unknown": _refused(),  # 22
    "transport.kerberos_failed": _refused(),  # 22
    "transport.kerberos_account": _refused(),  # 23
    "transport.credssp_failed": _refused(),
    "transport.client_certificate_refused": _refused(),
    "transport.credentials_delegated": _note(Severity.WARNING),
    "transport.certificate_expired": _refused(),  # 24
    "transport.certificate_not_yet_valid": _refused(),  # 24
    "transport.certificate_name": _refused(),  # 24
    "transport.certificate_pin": _refused(),  # 24
    "transport.certificate_untrusted": _refused(),  # 24
    "transport.certificate_expires": _note(Severity.WARNING),  # 24
    "transport.certificate_not_checked": _note(),  # 24
    "transport.tls_failed": _refused(),  # 24
    "transport.tls_spoken_to_http": _refused(),  # 24
    "transport.language_mode": _refused(),  # 25
    "transport.antivirus_blocked": _refused(),  # 26
    "transport.stderr_noise": _note(),  # 27
    "transport.stdout_noise": _note(),  # 28
    "transport.stdout_undecodable": _note(),  # 29
    "transport.memory": TransportKind(Severity.ERROR, Verdict.FAILED, retry=_W, settles=True),  # 30
    "transport.powershell_old": _refused(),  # 34
    "transport.powershell_missing": _refused(),  # 34
    "transport.not_winrm": _unreachable(),  # 37
    "transport.service_starting": _unreachable(_W),  # 37
    "transport.proxy": _unreachable(),  # 37
    "transport.fault": _unreachable(),
    "transport.malformed": _unreachable(),
    "transport.answer_compressed": _unreachable(),
    "transport.answer_too_large": _unreachable(),
    "transport.no_answer": _unreachable(_J, 1, 1.0),
    "transport.answer_refused": _unreachable(_J, 1, 1.0),
    "transport.basic_in_clear": _skipped(),
    "transport.credentials_missing": _skipped(),
    "transport.client": _skipped(),
    "transport.input": _skipped(),
    "transport.shell_left": _note(),
}
"""Every code of this module."""
