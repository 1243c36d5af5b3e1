"""A Kerberos logon as the workstation sees it (RFC 4121, RFC 4178 in [MS-SPNG]), by the system's GSS-API.

Needs the package gssapi, the extra `kerberos`; without it the lab has no Kerberos and says so when asked for one.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any, Final

from iea_fleet.lab.http.sealing import SealingRefused
from iea_fleet.lab.workstation import Description

# DER of the mechanisms' object identifiers: Kerberos 5, and the one that Windows names beside it ([MS-SPNG] 1.9).
_KERBEROS_IDENTIFIERS: Final = (
    bytes.fromhex("06092a864886f712010202"),
    bytes.fromhex("06092a864882f712010202"),
)
_NTLM_SIGNATURE: Final = b"NTLMSSP\x00"
_HEAD_BYTES: Final = 128


class TicketRefused(Exception):
    """A Kerberos token is not accepted; `token` is what the client is told about it, b"" nothing."""

    def __init__(self, reason: str, token: bytes = b"") -> None:
        super().__init__(reason)
        self.token = token


def kerberos_is_there() -> bool:
    """Whether the package gssapi is installed."""
    return importlib.util.find_spec("gssapi") is not None


def is_kerberos(token: bytes) -> bool:
    """Whether a first token is of Kerberos, raw or offered first in SPNEGO."""
    head = token[:_HEAD_BYTES]
    return _NTLM_SIGNATURE not in token and any(identifier in head for identifier in _KERBEROS_IDENTIFIERS)


class KerberosContext:
    """One Kerberos logon; raw tokens and SPNEGO are both taken.

    Args:
        description: whose name the ticket must be for; its `keytab` has the keys.
        binding: the channel binding of the connection, None: none is checked.
    """

    def __init__(self, description: Description, binding: bytes | None) -> None:
        self._gssapi = gssapi = _gssapi()
        self._description = description
        bindings = None if binding is None else gssapi.raw.ChannelBindings(application_data=binding)
        self._context: Any = gssapi.SecurityContext(
            usage="accept", creds=_credentials(description.keytab), channel_bindings=bindings
        )

    def step(self, token: bytes) -> bytes | None:
        """Take one token. Raises: TicketRefused."""
        out: bytes | None = None
        try:
            # Where there is a token that tells the client why, the package gives it now and raises when next asked.
            out = self._context.step(token)
            complete = self._context.complete
        except self._gssapi.exceptions.GSSError as error:
            raise TicketRefused(str(error), out or b"") from error
        if complete and not self._is_for_us():
            raise TicketRefused("the ticket is for another workstation")
        return out

    def _is_for_us(self) -> bool:
        """A workstation has its own keys only; the lab's may share one keytab, so the ticket's name is looked at."""
        host = str(self._context.target_name).partition("/")[2].partition("@")[0].lower()
        name = self._description.name.lower()
        return host == name or host.startswith(f"{name}.")

    @property
    def complete(self) -> bool:
        """True when nothing is left to exchange."""
        return bool(self._context.complete)

    @property
    def principal(self) -> str:
        """Who logs on, `user@REALM`."""
        return str(self._context.initiator_name).rstrip("\x00")

    @property
    def delegated(self) -> bool:
        """Whether the client forwarded its ticket, so that the workstation can go on elsewhere in its name."""
        return bool(self._context.actual_flags & self._gssapi.RequirementFlag.delegate_to_peer)

    @property
    def bound(self) -> bool:
        """Whether the client bound the logon to the TLS connection."""
        return bool(self._context.actual_flags & self._gssapi.RequirementFlag.channel_bound)

    def wrap(self, data: bytes) -> bytes:
        """Encrypt as one token (RFC 4121 4.2.4), as CredSSP needs it."""
        return bytes(self._context.encrypt(data))

    def unwrap(self, data: bytes) -> bytes:
        """Decrypt one token. Raises: TicketRefused."""
        try:
            return bytes(self._context.decrypt(data))
        except self._gssapi.exceptions.GSSError as error:
            raise TicketRefused(str(error)) from error

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Signature, encrypted message and padding of [MS-WSMV] 2.2.9.1.2.2."""
        raw = self._gssapi.raw
        kinds = raw.IOVBufferType
        buffers = raw.IOV(kinds.header, plain, kinds.padding, std_layout=False)
        raw.wrap_iov(self._context, buffers, confidential=True)
        header, data, padding = (buffer.value or b"" for buffer in buffers)
        return header, data + padding, len(padding)

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """The plain message. Raises: SealingRefused."""
        raw = self._gssapi.raw
        kinds = raw.IOVBufferType
        buffers = raw.IOV((kinds.header, False, signature), encrypted, kinds.data, std_layout=False)
        try:
            result = raw.unwrap_iov(self._context, buffers)
        except self._gssapi.exceptions.GSSError as error:
            raise SealingRefused("the signature does not hold") from error
        if not result.encrypted:
            raise SealingRefused("the message is signed, not encrypted")
        return bytes(buffers[1].value or b"")


def _gssapi() -> Any:
    """The package, which only those have who want it."""
    return importlib.import_module("gssapi")


def _credentials(keytab: Path | None) -> Any:
    gssapi = _gssapi()
    if keytab is None or not keytab.is_file():
        raise TicketRefused("the workstation has no keys")
    # The replay cache lies beside the keytab: by default it would be the whole machine's, in a common folder.
    store = {"keytab": f"FILE:{keytab}", "rcache": f"file2:{keytab}.replay"}
    try:
        return gssapi.Credentials(usage="accept", store=store)
    except gssapi.exceptions.GSSError as error:
        raise TicketRefused(str(error)) from error
