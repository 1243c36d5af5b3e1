r"""Logons of one connection: Basic per request (RFC 7617), NTLM and Negotiate per connection (RFC 4559, [MS-NLMP]).

pyspnego does NTLM and SPNEGO. Its NTLM acceptor looks passwords up in the file that `NTLM_USER_FILE` names, with user
and domain exactly as the client wrote them. Windows is more generous (`.\user`, `HOST\user`, any domain on a machine
that is in none), so the account is found here and the file holds that one hash, for that one step.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import spnego
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from iea_fleet.lab.http.ntlm_message import AuthenticateFields, find_authenticate
from iea_fleet.lab.http.sealing import SealingRefused
from iea_fleet.lab.workstation import Account, CbtHardening

if TYPE_CHECKING:
    from iea_fleet.lab.workstation import Workstation

# A token longer than this is no logon; Kerberos tickets with a large PAC reach 48 kB.
_MAX_TOKEN: Final = 65_536


@dataclass(frozen=True, slots=True)
class LogonResult:
    """What a request's Authorization led to.

    `user`: who it is, as Windows names the owner of a shell; None: answer 401. `challenges`: WWW-Authenticate values.
    """

    user: str | None
    challenges: tuple[str, ...] = ()


def find_account(workstation: Workstation, user: str, domain: str = "") -> Account | None:
    r"""The account that a client means by `user` and `domain`, in any form that Windows takes.

    `DOMAIN\user` and `user@domain` in `user` count when `domain` is empty. A local account answers to no domain, `.`,
    the computer's name, and to any domain where the workstation is in none.
    """
    if not domain and "\\" in user:
        domain, _, user = user.partition("\\")
    if not domain and "@" in user:
        user, _, domain = user.rpartition("@")
    description = workstation.description
    asked = domain.casefold()
    for account in description.accounts:
        if account.name.casefold() != user.casefold():
            continue
        if account.domain is None:
            if description.domain is None or asked in {"", ".", description.name.casefold()}:
                return account
        elif asked in {account.domain.casefold(), account.domain.split(".")[0].casefold()}:
            return account
    return None


def owner_name(account: Account) -> str:
    """The account as Windows writes a shell's owner."""
    return f"{account.domain.split('.')[0].upper()}\\{account.name}" if account.domain else account.name


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


class Logon:
    """The state of one connection: nobody yet, in the middle of a handshake, or somebody with keys.

    Args:
        workstation: whose accounts and auth settings count.
        binding: the channel binding of the connection's certificate; None: no TLS.
    """

    def __init__(self, workstation: Workstation, binding: bytes | None) -> None:
        self._workstation = workstation
        self._binding = binding
        self._context: spnego.ContextProxy | None = None
        self._connection_user: str | None = None
        self.refused = False

    def challenges(self) -> tuple[str, ...]:
        """The WWW-Authenticate values that the workstation's auth settings offer, in Windows' order."""
        auth = self._workstation.faults.auth_settings(self._workstation.description.auth)
        offered = []
        if auth.negotiate:
            offered.append("Negotiate")
        if auth.basic:
            offered.append('Basic realm="WSMAN"')
        return tuple(offered)

    def step(self, authorization: str | None) -> LogonResult:
        """Judge one request's Authorization header; None: the request has none."""
        if authorization is None:
            if self._connection_user is not None:
                return LogonResult(self._connection_user)
            return self._refuse()
        scheme, _, value = authorization.partition(" ")
        auth = self._workstation.faults.auth_settings(self._workstation.description.auth)
        if scheme.lower() == "basic" and auth.basic:
            return self._basic(value.strip())
        if scheme.lower() in {"negotiate", "ntlm"} and auth.negotiate:
            return self._negotiate(scheme, value.strip())
        return self._refuse()

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Encrypt with the connection's keys."""
        assert self._context is not None  # noqa: S101 - only what came sealed is answered sealed
        wrapped = self._context.wrap_winrm(plain)
        return wrapped.header, wrapped.data, wrapped.padding_length

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """Decrypt with the connection's keys; raises SealingRefused."""
        if self._context is None or self._connection_user is None:
            raise SealingRefused("the connection has no keys")
        try:
            return self._context.unwrap_winrm(signature, encrypted)
        except (SpnegoError, ValueError, struct.error) as error:
            raise SealingRefused("the signature does not hold") from error

    def _refuse(self) -> LogonResult:
        return LogonResult(None, self.challenges())

    def _wrong(self, account: Account | None) -> LogonResult:
        """Count a wrong password; the account is locked when the workstation's threshold is reached."""
        self._workstation.stats.refused_logons += 1
        self._forget()
        self.refused = True
        if account is not None:
            counts = self._workstation.wrong_passwords
            counts[account.name.casefold()] = counts.get(account.name.casefold(), 0) + 1
        return self._refuse()

    def _forget(self) -> None:
        self._context, self._connection_user = None, None

    def _accept(self, account: Account) -> str | None:
        """Who logs on with a right password; None when a lock, UAC or a fault is in the way."""
        if self._locked(account) or self._workstation.faults.refuses_logon(account):
            self._workstation.stats.refused_logons += 1
            self._forget()
            self.refused = True
            return None
        self._workstation.wrong_passwords.pop(account.name.casefold(), None)
        self._workstation.stats.logons += 1
        self.refused = False
        return owner_name(account)

    def _locked(self, account: Account) -> bool:
        threshold = self._workstation.faults.lockout_threshold(self._workstation.description.lockout_threshold)
        return threshold is not None and self._workstation.wrong_passwords.get(account.name.casefold(), 0) >= threshold

    def _basic(self, value: str) -> LogonResult:
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return self._refuse()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            # RFC 7617 leaves the charset open: half of the clients send Latin-1.
            text = raw.decode("latin-1")
        user, _, password = text.partition(":")
        account = find_account(self._workstation, user)
        # Windows takes local accounts only over Basic.
        if account is None or account.domain is not None:
            return self._wrong(None)
        if not hmac.compare_digest(password.encode(), account.password.encode()):
            return self._wrong(account)
        if self._workstation.faults.get("credentials_rejected") is not None:
            return self._wrong(account)
        accepted = self._accept(account)
        return self._refuse() if accepted is None else LogonResult(accepted)

    def _negotiate(self, scheme: str, value: str) -> LogonResult:
        try:
            token = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return self._refuse()
        if not token or len(token) > _MAX_TOKEN:
            return self._refuse()
        if self._context is None or self._context.complete:
            self._forget()
        try:
            fields = find_authenticate(token)
        except ValueError:
            return self._wrong(None)
        account = None if fields is None else find_account(self._workstation, fields.user, fields.domain)
        if fields is not None and (account is None or not self._binding_holds(fields)):
            return self._wrong(None)
        try:
            out = self._step_context(token, fields, account)
        except Exception:
            # Hostile tokens make the acceptor's readers raise nearly anything (even StopIteration): none is a logon.
            return self._wrong(account)
        answer = f"{scheme} {base64.b64encode(out).decode()}" if out else scheme
        if self._context is None or not self._context.complete or account is None:
            return LogonResult(None, (answer,))
        if self._workstation.faults.get("credentials_rejected") is not None:
            return self._wrong(account)
        accepted = self._accept(account)
        if accepted is None:
            return self._refuse()
        self._connection_user = accepted
        return LogonResult(accepted, (answer,) if out else ())

    def _step_context(self, token: bytes, fields: AuthenticateFields | None, account: Account | None) -> bytes | None:
        line = "nobody:0:00:00:[U]:LCT-0"
        if fields is not None and account is not None:
            user = f"{fields.domain}\\{fields.user}" if fields.domain else fields.user
            line = f"{user}:1000:{'0' * 32}:{_nt_hash(account.password)}:[U]:LCT-0"
        with _user_file(line):
            if self._context is None:
                # This acceptor takes raw NTLM as well as SPNEGO: clients send either under either scheme.
                self._context = spnego.server(protocol="negotiate", options=NegotiateOptions.use_negotiate)
            bindings = None
            checked = self._workstation.description.auth.cbt is not CbtHardening.NONE and self._binding is not None
            if fields is not None and checked and any(fields.channel_binding or b""):
                bindings = GssChannelBindings(application_data=self._binding)
            return self._context.step(token, channel_bindings=bindings)

    def _binding_holds(self, fields: AuthenticateFields) -> bool:
        """Strict hardening wants a channel binding over TLS; whether a given one is right, the acceptor judges."""
        if self._binding is None or self._workstation.description.auth.cbt is not CbtHardening.STRICT:
            return True
        return any(fields.channel_binding or b"")
