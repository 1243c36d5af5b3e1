"""A CredSSP logon as the workstation sees it: TLS, Negotiate inside it, then the user's password ([MS-CSSP] 3.1.5)."""

from __future__ import annotations

import hmac
import ssl
import struct

import spnego
from spnego.exceptions import InvalidCredentialError, SpnegoError

from iea_fleet.lab.http.accounts import find_account
from iea_fleet.lab.http.negotiation import Negotiation, ProofRefused
from iea_fleet.lab.http.sealing import SealingRefused
from iea_fleet.lab.workstation import Account, Workstation


class _Inner(Negotiation):
    """The Negotiate inside, as pyspnego's CredSSP wants it: it tells the client the NT status of pyspnego's errors."""

    refusal: ProofRefused | None = None

    def step(self, token: bytes) -> bytes | None:
        """Take a token and give the next one. Raises: InvalidCredentialError, STATUS_LOGON_FAILURE."""
        try:
            return super().step(token)
        except ProofRefused as refused:
            self.refusal = refused
            raise InvalidCredentialError(context_msg="the logon was not proved") from refused


class CredSspExchange:
    """One exchange, from the first token to the keys; the interface of `Negotiation`.

    Args:
        workstation: whose accounts count.

    The proof is bound to the inner TLS by its public key, so the binding of an outer TLS has no part in it.
    `delegated` says whether credentials came that are the account's own: a client can send empty ones.
    """

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self._inner = _Inner(workstation, None)
        self._context = spnego.server(protocol="credssp", credssp_negotiate_context=self._inner)
        self.delegated = False

    @property
    def complete(self) -> bool:
        """True when the credentials have come."""
        return self._context.complete and self._inner.complete

    @property
    def account(self) -> Account | None:
        """Who proved himself, None: nobody yet."""
        return self._inner.account

    def step(self, token: bytes) -> bytes | None:
        """Take a token and give the next one. Raises: ProofRefused, whatever the token is."""
        try:
            out = self._context.step(token)
        except Exception as error:
            # As with Negotiate: its readers raise nearly anything for a hostile token.
            raise self._inner.refusal or ProofRefused() from error
        if self._inner.refusal is not None:
            # Since version 3 the client is told the NT status, in a last token ([MS-CSSP] 2.2.1).
            raise ProofRefused(self._inner.refusal.account, out or b"")
        if self.complete:
            self.delegated = self._holds_the_password()
        return out

    def _holds_the_password(self) -> bool:
        given = self._context.get_extra_info("client_credential")
        user, domain = getattr(given, "username", ""), getattr(given, "domain_name", "")
        account = find_account(self._workstation, user, domain)
        if account is None or account is not self.account:
            return False
        return hmac.compare_digest(given.password.encode("utf-8", "replace"), account.password.encode())

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        """Encrypt an answer of at most one TLS record: signature, encrypted, padding length."""
        wrapped = self._context.wrap_winrm(plain)
        return wrapped.header, wrapped.data, wrapped.padding_length

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        """Decrypt a message. Raises: SealingRefused."""
        try:
            return self._context.unwrap_winrm(signature, encrypted)
        except (SpnegoError, ssl.SSLError, ValueError, struct.error) as error:
            raise SealingRefused("the signature does not hold") from error
