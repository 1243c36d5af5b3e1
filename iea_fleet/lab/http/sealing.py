"""Message encryption over HTTP: the multipart body of [MS-WSMV] 2.2.9.1, opened and closed with a logon's keys."""

from __future__ import annotations

import re
import struct
from typing import Final, Protocol

SPNEGO_PROTOCOL: Final = "application/HTTP-SPNEGO-session-encrypted"
KERBEROS_PROTOCOL: Final = "application/HTTP-Kerberos-session-encrypted"
_PROTOCOLS: Final = {name.lower(): name for name in (SPNEGO_PROTOCOL, KERBEROS_PROTOCOL)}
_BOUNDARY: Final = "Encrypted Boundary"
_OCTETS: Final = re.compile(rb"[ \t]*Content-Type:[ \t]*application/octet-stream[ \t]*\r\n(?:\r\n)?", re.IGNORECASE)
_LENGTH: Final = re.compile(rb";[ \t]*Length=(\d{1,9})[ \t]*\r?\n", re.IGNORECASE)
_PARAMETER: Final = re.compile(r';\s*([a-z]+)\s*=\s*(?:"([^"]*)"|([^;"\s]+))', re.IGNORECASE)


class SealingRefused(ValueError):
    """The encrypted body is malformed or its signature does not hold."""


class SealedContext(Protocol):
    """What this module needs of a logon: pyspnego's two WinRM calls."""

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Give (signature, encrypted, padding length) of `plain`."""
        ...

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """Give the plain message; raises SealingRefused when the signature does not hold."""
        ...


def content_parameters(content_type: str) -> dict[str, str]:
    """Parameters of a Content-Type, names in lower case."""
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(content_type)}


def sealed_protocol(content_type: str) -> str | None:
    """The encryption protocol that a Content-Type names, in its standard spelling; None: the body is not encrypted."""
    if not content_type.lower().lstrip().startswith("multipart/encrypted"):
        return None
    return _PROTOCOLS.get(content_parameters(content_type).get("protocol", "").lower())


def unseal(body: bytes, content_type: str, context: SealedContext) -> tuple[bytes, str]:
    """Open an encrypted body.

    Returns: the plain message and the value of its OriginalContent line.
    Raises: SealingRefused.
    """
    boundary = re.escape(content_parameters(content_type).get("boundary", _BOUNDARY).encode("latin-1", "replace"))
    # Some clients write a blank after the dashes; the encrypted octets may hold anything, so only the frame is parsed.
    head = re.match(rb"\s*--\s*" + boundary + rb"\r?\n(.{1,1000}?\n)--\s*" + boundary + rb"\r?\n", body, re.DOTALL)
    # The last boundary's closing dashes are missing in old Ruby clients.
    tail = re.compile(rb"--\s*" + boundary + rb"(?:--)?\s*\Z").search(body, max(0, len(body) - 300))
    octets = _OCTETS.match(body, head.end()) if head else None
    length = _LENGTH.search(head.group(1)) if head else None
    if head is None or tail is None or octets is None or length is None or tail.start() < octets.end() + 4:
        raise SealingRefused("the encrypted body has no proper frame")
    payload = body[octets.end() : tail.start()]
    (signature_length,) = struct.unpack_from("<I", payload)
    if signature_length > len(payload) - 4:
        raise SealingRefused("the signature is longer than the body")
    plain = context.unseal(payload[4 : 4 + signature_length], payload[4 + signature_length :])
    if len(plain) != int(length.group(1)):
        raise SealingRefused("the length is not the one that was told")
    return plain, head.group(1).decode("latin-1")


def seal(plain: bytes, protocol: str, charset: str, context: SealedContext) -> tuple[bytes, str]:
    """Encrypt an answer; returns body and Content-Type."""
    signature, encrypted, padding = context.seal(plain)
    head = (
        f"--{_BOUNDARY}\r\n\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset={charset};Length={len(plain) + padding}\r\n"
        f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
    ).encode()
    body = b"".join((head, struct.pack("<I", len(signature)), signature, encrypted, f"--{_BOUNDARY}--\r\n".encode()))
    return body, f'multipart/encrypted;protocol="{protocol}";boundary="{_BOUNDARY}"'
