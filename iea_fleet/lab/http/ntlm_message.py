"""Reads the three fields of an NTLM AUTHENTICATE_MESSAGE that decide whose hash and which binding a logon is about."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

_AUTHENTICATE: Final = b"NTLMSSP\x00\x03\x00\x00\x00"
_AV_CHANNEL_BINDINGS: Final = 10
_UNICODE: Final = 1


@dataclass(frozen=True, slots=True)
class AuthenticateFields:
    """User and domain as the client wrote them; the MD5 of its channel binding, None or zeros: it bound to none."""

    user: str
    domain: str
    channel_binding: bytes | None


def find_authenticate(token: bytes) -> AuthenticateFields | None:
    """The fields of the AUTHENTICATE_MESSAGE in a token, raw or inside SPNEGO; None when the token holds none.

    Raises: ValueError when the message points outside itself. Source: [MS-NLMP] 2.2.1.3, 2.2.2.1, 2.2.2.7.
    """
    start = token.find(_AUTHENTICATE)
    if start < 0:
        return None
    message = token[start:]
    if len(message) < 64:
        raise ValueError("the NTLM message is cut off")
    encoding = "utf-16-le" if struct.unpack_from("<I", message, 60)[0] & _UNICODE else "cp437"
    return AuthenticateFields(
        user=_field(message, 36).decode(encoding),
        domain=_field(message, 28).decode(encoding),
        channel_binding=_channel_binding(_field(message, 20)),
    )


def _field(message: bytes, position: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", message, position)
    if offset + length > len(message):
        raise ValueError("an NTLM field lies outside the message")
    return message[offset : offset + length]


def _channel_binding(nt_response: bytes) -> bytes | None:
    position = 16 + 28
    while position + 4 <= len(nt_response):
        kind, length = struct.unpack_from("<HH", nt_response, position)
        if kind == 0:
            return None
        if kind == _AV_CHANNEL_BINDINGS:
            return nt_response[position + 4 : position + 4 + length]
        position += 4 + length
    return None
