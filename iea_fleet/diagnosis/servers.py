"""« Tester l'accès aux serveurs »: why a server could not be reached from the workstation, as one reason each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from iea_fleet.diagnosis.kind import joined
from iea_fleet.model.answer import Certificate, Layer, UrlFacts

AUTHENTICATION: Final = "authentication"
UPDATE: Final = "update"
BOTH: Final = "both"

CERTIFICATE_WARNING_DAYS: Final = 30
"""A server certificate that ends within so many days is told."""

_PROXY_AUTHENTICATION_REQUIRED = 407  # RFC 9110, 15.5.8

REASONS: Final = (
    "dns",
    "dns_timed_out",
    "tcp_refused",
    "tcp_timed_out",
    "tcp_unreachable",
    "tcp_reset",
    "tcp",
    "proxy_authentication",
    "proxy_status",
    "proxy_unreachable",
    "proxy_timed_out",
    "tls_name_mismatch",
    "tls_expired",
    "tls_not_yet_valid",
    "tls_unknown_authority",
    "tls_revoked",
    "tls_handshake",
    "tls_timed_out",
    "http_status",
    "http_timed_out",
    "http_no_answer",
    "untold",
)
"""Every reason that `reason_of` gives."""

_WINSOCK = {  # Winsock error codes, as Windows names them
    10051: "tcp_unreachable",  # WSAENETUNREACH
    10053: "tcp_reset",  # WSAECONNABORTED
    10054: "tcp_reset",  # WSAECONNRESET
    10060: "tcp_timed_out",  # WSAETIMEDOUT
    10061: "tcp_refused",  # WSAECONNREFUSED
    10065: "tcp_unreachable",  # WSAEHOSTUNREACH
}


@dataclass(frozen=True, slots=True)
class ServerFailure:
    """Why one server, or both for the same reason, could not be reached.

    Args:
        server: `authentication`, `update` or `both`.
        reason: one of `REASONS`.
        evidence: facts for the words: url, host, port, and whatever the layer has to tell.
    """

    server: str
    reason: str
    evidence: Mapping[str, str]


def reason_of(facts: UrlFacts) -> str:
    """The reason of a failed test, one of `REASONS`; `untold` when the facts contradict each other."""
    match facts.layer:
        case Layer.DNS:
            return "dns_timed_out" if facts.timed_out else "dns"
        case Layer.TCP:
            return "tcp_timed_out" if facts.timed_out else _WINSOCK.get(facts.win32_code, "tcp")
        case Layer.PROXY:
            return _proxy_reason(facts)
        case Layer.TLS:
            if facts.tls_refusal is not None:
                return f"tls_{facts.tls_refusal.value}"
            return "tls_timed_out" if facts.timed_out else "tls_handshake"
        case Layer.HTTP:
            if facts.timed_out:
                return "http_timed_out"
            return "http_no_answer" if facts.http_status is None else "http_status"
        case Layer.NONE:
            return "untold"


def failures(tests: Mapping[str, tuple[str, UrlFacts]], workstation_time: str) -> tuple[ServerFailure, ...]:
    """The failed tests; two that failed for one and the same reason are told once, as `both`.

    Args:
        tests: URL asked for and facts, by server (`authentication`, `update`).
        workstation_time: the workstation's clock; a wrong one makes good certificates look bad.
    """
    found = []
    for server, (url, facts) in tests.items():
        if not facts.ok:
            found.append(ServerFailure(server, reason_of(facts), _evidence(url, facts, workstation_time)))
    if len(found) == 2 and _cause(found[0]) == _cause(found[1]):
        first, second = found
        urls = joined((first.evidence["url"], second.evidence["url"]))
        return (ServerFailure(BOTH, first.reason, {**first.evidence, "url": urls}),)
    return tuple(found)


def ending_certificates(
    tests: Mapping[str, tuple[str, UrlFacts]], workstation_time: str
) -> tuple[tuple[str, Certificate, int], ...]:
    """Servers that were reached and whose certificate ends soon: server (or `both`), certificate, days left."""
    ending: dict[str, tuple[str, Certificate, int]] = {}
    for server, (_, facts) in tests.items():
        if not facts.ok or facts.certificate is None:
            continue
        days = _days_between(workstation_time, facts.certificate.not_after)
        if days is not None and days <= CERTIFICATE_WARNING_DAYS:
            known = facts.certificate.sha256 in ending
            ending[facts.certificate.sha256] = (BOTH if known else server, facts.certificate, max(days, 0))
    return tuple(ending.values())


def _proxy_reason(facts: UrlFacts) -> str:
    if facts.http_status == _PROXY_AUTHENTICATION_REQUIRED:
        return "proxy_authentication"
    if facts.http_status is not None:
        return "proxy_status"
    return "proxy_timed_out" if facts.timed_out else "proxy_unreachable"


def _cause(failure: ServerFailure) -> tuple[str, dict[str, str]]:
    """What makes two failures the same: everything but what differs from one request to the next."""
    passing = {"url", "addresses", "elapsed_ms", "message"}
    return failure.reason, {name: text for name, text in failure.evidence.items() if name not in passing}


def _evidence(url: str, facts: UrlFacts, workstation_time: str) -> dict[str, str]:
    host, port = _address(url)
    evidence = {"url": url, "host": host, "port": port, "elapsed_ms": str(facts.elapsed_ms)}
    if facts.proxy is not None:
        evidence["proxy"] = facts.proxy
    if facts.addresses:
        evidence["addresses"] = ", ".join(facts.addresses)
    if facts.http_status is not None:
        evidence["http_status"] = str(facts.http_status)
    if facts.win32_code:
        evidence["win32_code"] = str(facts.win32_code)
    if facts.message:
        evidence["message"] = facts.message
    if facts.certificate is not None:
        evidence |= certificate_evidence(facts.certificate)
        evidence["workstation_time"] = workstation_time
    return evidence


def certificate_evidence(certificate: Certificate) -> dict[str, str]:
    """A certificate's facts by the names that the words use."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "sha256": certificate.sha256,
    }


def _address(url: str) -> tuple[str, str]:
    """Host and port of a URL, both empty where it has no such parts (`http://[`): a test of it fails and says so."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", ""
    return parts.hostname or "", str(port)


def _days_between(earlier: str, later: str) -> int | None:
    """Whole days between two moments of the wire; `None` when one of them is no date of the calendar (a 31 June)."""
    try:
        return (_moment(later) - _moment(earlier)).days
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
