"""Who a client means: accounts of a workstation by the names that Windows takes, and by client certificate."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from iea_fleet.lab.workstation import Account, Workstation

# The user principal name in a certificate's SubjectAltName ([MS-WCCE] 2.2.2.7.7.4), an otherName of one UTF8String.
PRINCIPAL_NAME: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING: Final = b"\x0c"


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


def find_domain_account(workstation: Workstation, principal: str) -> Account | None:
    """The domain account of a Kerberos principal `user@REALM`; a local account has no ticket."""
    user, _, realm = principal.rpartition("@")
    for account in workstation.description.accounts:
        if (account.name.casefold(), (account.domain or "").casefold()) == (
            user.casefold(),
            realm.casefold(),
        ) and realm:
            return account
    return None


def find_mapped_account(workstation: Workstation, certificate: bytes) -> Account | None:
    """The local account that the workstation's certificate mapping gives to a client certificate (DER).

    The first entry whose subject matches counts, `*` standing for anything, as in `winrm/config/service/certmapping`.
    Who issued the certificate, TLS has judged: the listener trusts the lab's authority alone.
    """
    try:
        shown = x509.load_der_x509_certificate(certificate)
        names = _names(shown)
    except ValueError:
        return None
    if not shown.not_valid_before_utc <= datetime.now(UTC) <= shown.not_valid_after_utc:
        return None
    for mapping in workstation.description.certificates:
        if mapping.enabled and any(fnmatchcase(name, _literal_but_star(mapping.subject)) for name in names):
            account = find_account(workstation, mapping.account)
            return account if account is not None and account.domain is None else None
    return None


def owner_name(account: Account) -> str:
    """The account as Windows writes a shell's owner."""
    return f"{account.domain.split('.')[0].upper()}\\{account.name}" if account.domain else account.name


def _names(certificate: x509.Certificate) -> list[str]:
    """What a mapping's subject is compared with, in lower case: principal names, DNS names, common names."""
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [name.casefold() for name in names]
    names += others.get_values_for_type(x509.DNSName)
    names += [upn for other in others.get_values_for_type(x509.OtherName) if (upn := _principal_name(other))]
    return [name.casefold() for name in names]


def _principal_name(other: x509.OtherName) -> str:
    # One UTF8String whose length fits in a byte: longer names are none of an account.
    tag, length, text = other.value[:1], other.value[1:2], other.value[2:]
    if other.type_id != PRINCIPAL_NAME or tag != _UTF8_STRING or len(text) > 0x7F or length != bytes([len(text)]):
        return ""
    return text.decode("utf-8", "replace")


def _literal_but_star(subject: str) -> str:
    return re.sub(r"([\[\]?])", r"[\1]", subject.casefold())
