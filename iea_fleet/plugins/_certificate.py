"""The certificate that a host shows: read for the diagnosis, also where it is not accepted."""

from __future__ import annotations

import hashlib
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509

from iea_fleet.diagnosis.transport import TransportFacts

_WAIT_S = 5.0


def shown_certificate(host: str, port: int) -> bytes | None:
    """Ask for a host's certificate (DER) without believing it; nothing is sent over the connection. `None`: not had."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=_WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return secure.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None


def certificate_facts(facts: TransportFacts, der: bytes | None) -> TransportFacts:
    """Put what a certificate says into the facts; one that can't be read changes nothing."""
    if der is None:
        return facts
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception:  # cryptography has no root for what hostile bytes make it raise: InvalidVersion, TypeError, ...
        return facts
    return replace(
        facts,
        certificate_subject=subject[:200],
        certificate_issuer=issuer[:200],
        certificate_from=since.date().isoformat(),
        certificate_until=until.date().isoformat(),
        certificate_days=(until - datetime.now(UTC)).days,
        certificate_sha256=hashlib.sha256(der).hexdigest(),
    )
