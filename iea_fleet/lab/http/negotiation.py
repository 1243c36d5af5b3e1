r"""One exchange of Negotiate: NTLM or Kerberos, raw or in SPNEGO (RFC 4559, [MS-SPNG], [MS-NLMP]), as acceptor.

NTLM is pyspnego's. Its acceptor looks passwords up in the file that `NTLM_USER_FILE` names, with user and domain
exactly as the client wrote them. Windows is more generous (`.\user`, `HOST\user`, any domain on a machine that is in
none), so the account is found here and the file holds that one hash, for that one step. Kerberos is the system's.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import spnego
from spnego import UnwrapResult, WrapResult
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from iea_fleet.lab.http.accounts import find_account, find_domain_account
from iea_fleet.lab.http.kerberos import KerberosContext, TicketRefused, is_kerberos, kerberos_is_there
from iea_fleet.lab.http.ntlm_message import AuthenticateFields, find_authenticate
from iea_fleet.lab.http.sealing import SealingRefused
from iea_fleet.lab.workstation import Account, CbtHardening, Workstation


class ProofRefused(Exception):
    """A token proves nothing. `account`: whose password was wrong, None: nobody's; `token` tells the client more."""

    def __init__(self, account: Account | None = None, token: bytes = b"") -> None:
        super().__init__("the logon was not proved")
        self.account, self.token = account, token


class Negotiation:
    """One exchange, from the first token to the keys.

    Args:
        workstation: whose accounts count.
        binding: the channel binding of the connection; None: no TLS, or a binding of another kind (CredSSP).

    `account` is known as soon as the proof was right.
    """

    def __init__(self, workstation: Workstation, binding: bytes | None) -> None:
        self._workstation, self._binding = workstation, binding
        self._ntlm: spnego.ContextProxy | None = None
        self._kerberos: KerberosContext | None = None
        self.account: Account | None = None

    @property
    def complete(self) -> bool:
        """True when nothing is left to exchange and the account is known."""
        context = self._kerberos or self._ntlm
        return context is not None and context.complete and self.account is not None

    @property
    def delegated(self) -> bool:
        """Whether the client gave the workstation what it needs to go on elsewhere in its name."""
        return self._kerberos is not None and self._kerberos.complete and self._kerberos.delegated

    def step(self, token: bytes) -> bytes | None:
        """Take a token and give the next one. Raises: ProofRefused, whatever the token is."""
        try:
            if self._kerberos is not None or (self._ntlm is None and is_kerberos(token)):
                return self._step_kerberos(token)
            return self._step_ntlm(token)
        except ProofRefused:
            raise
        except TicketRefused as refused:
            raise ProofRefused(token=refused.token) from refused
        except Exception as error:
            # Hostile tokens make the acceptors' readers raise nearly anything (even StopIteration): none is a logon.
            raise ProofRefused from error

    def _step_kerberos(self, token: bytes) -> bytes | None:
        if self._kerberos is None:
            if not kerberos_is_there():
                raise ProofRefused
            checked = self._workstation.description.auth.cbt is not CbtHardening.NONE
            self._kerberos = KerberosContext(self._workstation.description, self._binding if checked else None)
        out = self._kerberos.step(token)
        if self._kerberos.complete:
            strict = self._binding is not None and self._workstation.description.auth.cbt is CbtHardening.STRICT
            account = find_domain_account(self._workstation, self._kerberos.principal)
            if account is None or (strict and not self._kerberos.bound):
                raise ProofRefused
            self.account = account
        return out

    def _step_ntlm(self, token: bytes) -> bytes | None:
        fields = find_authenticate(token)
        account = None if fields is None else find_account(self._workstation, fields.user, fields.domain)
        if fields is not None and (account is None or not self._binding_holds(fields)):
            raise ProofRefused
        try:
            out = self._step_context(token, fields, account)
        except Exception as error:
            raise ProofRefused(account) from error
        self.account = account or self.account
        return out

    def _step_context(self, token: bytes, fields: AuthenticateFields | None, account: Account | None) -> bytes | None:
        line = "nobody:0:00:00:[U]:LCT-0"
        if fields is not None and account is not None:
            user = f"{fields.domain}\\{fields.user}" if fields.domain else fields.user
            line = f"{user}:1000:{'0' * 32}:{_nt_hash(account.password)}:[U]:LCT-0"
        with _user_file(line):
            if self._ntlm is None:
                # This acceptor takes raw NTLM as well as SPNEGO: clients send either under either scheme.
                self._ntlm = spnego.server(protocol="negotiate", options=NegotiateOptions.use_negotiate)
            bindings = None
            checked = self._workstation.description.auth.cbt is not CbtHardening.NONE and self._binding is not None
            if fields is not None and checked and any(fields.channel_binding or b""):
                bindings = GssChannelBindings(application_data=self._binding)
            return self._ntlm.step(token, channel_bindings=bindings)

    def _binding_holds(self, fields: AuthenticateFields) -> bool:
        """Strict hardening wants a channel binding over TLS; whether a given one is right, the acceptor judges."""
        if self._binding is None or self._workstation.description.auth.cbt is not CbtHardening.STRICT:
            return True
        return any(fields.channel_binding or b"")

    def wrap(self, data: bytes) -> WrapResult:
        """Encrypt what CredSSP says inside ([MS-CSSP] 2.2.1)."""
        if self._kerberos is not None:
            return WrapResult(self._kerberos.wrap(data), encrypted=True)
        return self._keys().wrap(data)

    def unwrap(self, data: bytes) -> UnwrapResult:
        """Decrypt what CredSSP says inside. Raises: ProofRefused, SpnegoError."""
        if self._kerberos is None:
            return self._keys().unwrap(data)
        try:
            return UnwrapResult(self._kerberos.unwrap(data), encrypted=True, qop=0)
        except TicketRefused as refused:
            raise ProofRefused from refused

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Encrypt an answer: signature, encrypted, padding length."""
        if self._kerberos is not None:
            return self._kerberos.seal(plain)
        wrapped = self._keys().wrap_winrm(plain)
        return wrapped.header, wrapped.data, wrapped.padding_length

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """Decrypt a message. Raises: SealingRefused."""
        if self._kerberos is not None:
            return self._kerberos.unseal(signature, encrypted)
        try:
            return self._keys().unwrap_winrm(signature, encrypted)
        except (SpnegoError, ValueError, struct.error) as error:
            raise SealingRefused("the signature does not hold") from error

    def _keys(self) -> spnego.ContextProxy:
        if self._ntlm is None:
            raise ProofRefused
        return self._ntlm


@lru_cache(maxsize=4096)
def _nt_hash(password: str) -> str:
    return ntowfv1(password).hex().upper()


@contextmanager
def _user_file(line: str) -> Iterator[None]:
    """Let `NTLM_USER_FILE` name a private file with `line` while one step of the acceptor runs.

    The event loop's thread does not yield in between; the file is in memory where the system can (Linux).
    """
    before = os.environ.get("NTLM_USER_FILE")
    if hasattr(os, "memfd_create"):
        handle, path = os.memfd_create("ntlm"), ""
        os.write(handle, line.encode())
        os.environ["NTLM_USER_FILE"] = f"/proc/self/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp(prefix="iea-fleet-")
        os.write(handle, line.encode())
        os.environ["NTLM_USER_FILE"] = path
    try:
        yield
    finally:
        os.close(handle)
        if path:
            Path(path).unlink()
        if before is None:
            del os.environ["NTLM_USER_FILE"]
        else:
            os.environ["NTLM_USER_FILE"] = before
