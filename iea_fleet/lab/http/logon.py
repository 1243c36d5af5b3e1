"""Logons of one connection: Basic and client certificates per request, all others per connection (RFC 7617, RFC 4559).

[MS-WSMV] 3.1.4.1.30 names them; what proves who it is stands in `negotiation`, `credssp` and `accounts`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final

from iea_fleet.lab.http.accounts import find_account, find_mapped_account, owner_name
from iea_fleet.lab.http.credssp import CredSspExchange
from iea_fleet.lab.http.negotiation import Negotiation, ProofRefused
from iea_fleet.lab.http.sealing import SealingRefused
from iea_fleet.lab.workstation import Account, Workstation

# A token longer than this is no logon; Kerberos tickets with a large PAC reach 48 kB.
_MAX_TOKEN: Final = 65_536
# The security profile of DSP0226 C.3.2 for client certificates.
MUTUAL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"


@dataclass(frozen=True, slots=True)
class LogonResult:
    """What a request's Authorization led to.

    `user`: who it is, as Windows names the owner of a shell; None: answer 401. `challenges`: WWW-Authenticate values.
    `delegated`: the client handed on what this user needs for other machines, such as a file server. `goes_on`: it is a
    step of a handshake.
    """

    user: str | None
    challenges: tuple[str, ...] = ()
    delegated: bool = False
    goes_on: bool = False


NOBODY: Final = LogonResult(None)


class Logon:
    """The state of one connection: nobody yet, in the middle of a handshake, or somebody with keys.

    Args:
        workstation: whose accounts and auth settings count.
        binding: the channel binding of the connection's certificate; None: no TLS.
        certificate: the client's own certificate (DER), as TLS accepted it; None: it showed none.
    """

    def __init__(self, workstation: Workstation, binding: bytes | None, certificate: bytes | None = None) -> None:
        self._workstation = workstation
        self._binding, self._certificate = binding, certificate
        self._exchange: Negotiation | CredSspExchange | None = None
        self._scheme = ""
        self._connected: LogonResult | None = None
        self.refused = False

    def challenges(self) -> tuple[str, ...]:
        """The WWW-Authenticate values that the workstation's auth settings offer, in Windows' order."""
        auth = self._workstation.auth
        offered = {
            "Negotiate": auth.negotiate,
            "Kerberos": auth.kerberos,
            'Basic realm="WSMAN"': auth.basic,
            "CredSSP": auth.credssp,
        }
        return tuple(challenge for challenge, is_offered in offered.items() if is_offered)

    def step(self, authorization: str | None) -> LogonResult:
        """Judge one request's Authorization header; None: the request has none."""
        if authorization is None:
            return self._connected or self._refuse()
        auth = self._workstation.auth
        if authorization.strip().lower() == MUTUAL:
            return self._mapped() if auth.certificate else self._refuse()
        scheme, _, value = authorization.partition(" ")
        offered = {
            "basic": auth.basic,
            "negotiate": auth.negotiate,
            "ntlm": auth.negotiate,
            "kerberos": auth.kerberos,
            "credssp": auth.credssp,
        }
        if not offered.get(scheme.lower()):
            return self._refuse()
        if scheme.lower() == "basic":
            return self._basic(value.strip())
        return self._by_token(scheme, value.strip())

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Encrypt with the connection's keys."""
        assert self._exchange is not None  # noqa: S101 - only what came sealed is answered sealed
        return self._exchange.seal(plain)

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """Decrypt with the connection's keys; raises SealingRefused."""
        if self._exchange is None or self._connected is None:
            raise SealingRefused("the connection has no keys")
        return self._exchange.unseal(signature, encrypted)

    def _refuse(self, told: str = "") -> LogonResult:
        """Refuse; `told` is the challenge of a scheme with a last token, in place of its plain one."""
        scheme = told.partition(" ")[0]
        return LogonResult(None, tuple(told if told and one == scheme else one for one in self.challenges()))

    def _wrong(self, account: Account | None, told: str = "") -> LogonResult:
        """Count a wrong password; the account is locked when the workstation's threshold is reached."""
        self._workstation.stats.refused_logons += 1
        self._forget()
        self.refused = True
        if account is not None:
            counts = self._workstation.wrong_passwords
            counts[account.name.casefold()] = counts.get(account.name.casefold(), 0) + 1
        return self._refuse(told)

    def _forget(self) -> None:
        self._exchange, self._connected = None, None

    def _accept(self, account: Account, *, delegated: bool = False) -> LogonResult:
        """Log on who proved himself, unless a lock, UAC or a fault is in the way."""
        if self._workstation.faults.get("credentials_rejected") is not None:
            return self._wrong(account)
        filtered = account.filtered or self._workstation.faults.get("logon_filtered") is not None
        if filtered or self._locked(account):
            self._workstation.stats.refused_logons += 1
            self._forget()
            self.refused = True
            return self._refuse()
        self._workstation.wrong_passwords.pop(account.name.casefold(), None)
        self._workstation.stats.logons += 1
        self.refused = False
        return LogonResult(owner_name(account), delegated=delegated)

    def _locked(self, account: Account) -> bool:
        threshold = self._workstation.lockout_threshold
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
        return self._accept(account)

    def _mapped(self) -> LogonResult:
        account = None if self._certificate is None else find_mapped_account(self._workstation, self._certificate)
        return self._wrong(None) if account is None else self._accept(account)

    def _by_token(self, scheme: str, value: str) -> LogonResult:
        try:
            token = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return self._refuse()
        if not token or len(token) > _MAX_TOKEN:
            return self._refuse()
        kind = "credssp" if scheme.lower() == "credssp" else "negotiate"
        if self._exchange is None or self._exchange.complete or self._scheme != kind:
            self._forget()
            self._scheme = kind
            if kind == "credssp":
                self._exchange = CredSspExchange(self._workstation)
            else:
                self._exchange = Negotiation(self._workstation, self._binding)
        exchange = self._exchange
        assert exchange is not None  # noqa: S101 - made above
        try:
            out = exchange.step(token)
        except ProofRefused as refused:
            if kind == "credssp" and refused.token:
                # A client of CredSSP reads the last token of the only challenge that there is.
                self._wrong(refused.account)
                return LogonResult(None, (_challenge(scheme, refused.token),))
            return self._wrong(refused.account, _challenge(scheme, refused.token) if refused.token else "")
        if not exchange.complete or exchange.account is None:
            return LogonResult(None, (_challenge(scheme, out),), goes_on=True)
        accepted = self._accept(exchange.account, delegated=exchange.delegated)
        if accepted.user is None:
            return accepted
        self._connected = LogonResult(accepted.user, delegated=accepted.delegated)
        return LogonResult(accepted.user, (_challenge(scheme, out),) if out else (), accepted.delegated)


def _challenge(scheme: str, token: bytes | None) -> str:
    return f"{scheme} {base64.b64encode(token).decode()}" if token else scheme
