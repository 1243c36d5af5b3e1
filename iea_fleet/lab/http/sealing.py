"""Message encryption over HTTP: the multipart body of [MS-WSMV] 2.2.9.1, opened and closed with a logon's keys."""

from __future__ import annotations

import re
import struct
from typing import Final, Protocol

SPNEGO_PROTOCOL: Final = "application/HTTP-SPNEGO-session-encrypted"
KERBEROS_PROTOCOL: Final = "application/HTTP-Kerberos-session-encrypted"
CREDSSP_PROTOCOL: Final = "application/HTTP-CredSSP-session-encrypted"
_PROTOCOLS: Final = {name.lower(): name for name in (SPNEGO_PROTOCOL, KERBEROS_PROTOCOL, CREDSSP_PROTOCOL)}
# What CredSSP encrypts at once is a TLS record (RFC 8446 5.1): longer messages come in several parts.
_PART_BYTES: Final = 16_384
_KINDS: Final = ("multipart/encrypted", "multipart/x-multi-encrypted")
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
    if not content_type.lower().lstrip().startswith(_KINDS):
        return None
    return _PROTOCOLS.get(content_parameters(content_type).get("protocol", "").lower())


def unseal(body: bytes, content_type: str, context: SealedContext) -> tuple[bytes, str]:
    """Open an encrypted body of one part or several.

    Returns: the plain message and the value of its first OriginalContent line.
    Raises: SealingRefused.
    """
    boundary = re.escape(content_parameters(content_type).get("boundary", _BOUNDARY).encode("latin-1", "replace"))
    several = content_type.lower().lstrip().startswith(_KINDS[1])
    # The last boundary's closing dashes are missing in old Ruby clients.
    tail = re.compile(rb"--\s*" + boundary + rb"(?:--)?\s*\Z").search(body, max(0, len(body) - 300))
    if tail is None or tail.start() == 0:
        raise SealingRefused("the encrypted body has no proper frame")
    # Some clients write a blank after the dashes; the encrypted octets may hold anything, so only the frame is parsed.
    line = rb"--\s*" + boundary + rb"\r?\n"
    part = re.compile(rb"\s*" + line + rb"(.{1,1000}?\n)" + line, re.DOTALL)
    plain, original, position = bytearray(), "", 0
    while position < tail.start():
        head = part.match(body, position)
        # A part of several ends where the next begins; a single one has all that there is.
        following = re.compile(line).search(body, head.end()) if head and several else None
        position = tail.start() if following is None else following.start()
        plain += _unseal_part(body, head, position, context)
        original = original or (head[1].decode("latin-1") if head else "")
    return bytes(plain), original


def _unseal_part(body: bytes, head: re.Match[bytes] | None, end: int, context: SealedContext) -> bytes:
    octets = _OCTETS.match(body, head.end()) if head else None
    length = _LENGTH.search(head[1]) if head else None
    if octets is None or length is None or end < octets.end() + 4:
        raise SealingRefused("the encrypted body has no proper frame")
    payload = body[octets.end() : end]
    (signature_length,) = struct.unpack_from("<I", payload)
    if signature_length > len(payload) - 4:
        raise SealingRefused("the signature is longer than the body")
    plain = context.unseal(payload[4 : 4 + signature_length], payload[4 + signature_length :])
    if len(plain) != int(length[1]):
        raise SealingRefused("the length is not the one that was told")
    return plain


def seal(plain: bytes, protocol: str, charset: str, context: SealedContext) -> tuple[bytes, str]:
    """Encrypt an answer; returns body and Content-Type."""
    parts = [plain]
    if protocol == CREDSSP_PROTOCOL:
        parts = [plain[start : start + _PART_BYTES] for start in range(0, len(plain), _PART_BYTES)] or parts
    body = bytearray()
    for part in parts:
        signature, encrypted, padding = context.seal(part)
        head = (
            f"--{_BOUNDARY}\r\n\tContent-Type: {protocol}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset={charset};Length={len(part) + padding}\r\n"
            f"--{_BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        )
        body += b"".join((head.encode(), struct.pack("<I", len(signature)), signature, encrypted))
    body += f"--{_BOUNDARY}--\r\n".encode()
    kind = _KINDS[len(parts) > 1]
    return bytes(body), f'{kind};protocol="{protocol}";boundary="{_BOUNDARY}"'
