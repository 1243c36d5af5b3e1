"""How a lab's workstations are logged on to: what each way needs on both sides, from realm to client certificate."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from iea_fleet.lab.fleet.inventory import Access
from iea_fleet.lab.http.kerberos import kerberos_is_there
from iea_fleet.lab.http.tls import LabCertificates
from iea_fleet.lab.kdc import KdcRefused, Principal, Realm
from iea_fleet.lab.messages import LabSettings, LogonName
from iea_fleet.lab.workstation import Account, AuthSettings, CertificateMapping, Description
from iea_fleet.ledger.state import write_private

DOMAIN = "lab.example"
_REALM_FOLDER = "kerberos"
_CERTIFICATE = "client.pem"


class Logons:
    """The logons of one lab.

    Args:
        settings: which are offered, and which one the inventory uses.
        folder: the lab's own folder.
        user, password: the account of every workstation; where tickets are taken, also one of the domain.
    """

    def __init__(self, settings: LabSettings, folder: Path, user: str, password: str) -> None:
        self._settings, self._folder = settings, folder
        self._user, self._password = user, password
        self._offered = frozenset(settings.auth)
        self._realm: Realm | None = None

    @property
    def kerberos_config(self) -> Path | None:
        """What KRB5_CONFIG must name to reach the workstations with a ticket; None: the lab has no realm."""
        return kerberos_config(self._settings, self._folder)

    def open(self, hosts: Iterable[str]) -> None:
        """Start what stands beside the workstations named `hosts`. Raises: LocalFailure when this machine lacks it."""
        clear_up(self._folder)
        if LogonName.KERBEROS not in self._offered:
            return
        if not kerberos_is_there():
            raise KdcRefused(
                "lab",
                "its workstations can't take Kerberos tickets: the package gssapi is missing",
                "Install it with pip install 'iea-fleet[kerberos]', which needs libkrb5-dev and a C compiler.",
            )
        self._realm = Realm(self._folder / _REALM_FOLDER, DOMAIN.upper())
        self._realm.open()
        self._realm.add_users([Principal(self._user, self._password)])
        self._realm.add_hosts([f"{host}.{DOMAIN}" for host in hosts], services=("HTTP", "WSMAN"))

    def close(self) -> None:
        """End it and remove what it wrote."""
        if self._realm is not None:
            self._realm.close()
            self._realm = None
        clear_up(self._folder)

    def described(self, description: Description) -> Description:
        """A workstation with its accounts and auth settings."""
        local = Account(self._user, self._password)
        offered, https = self._offered, self._settings.https
        basic = LogonName.BASIC in offered
        description = replace(
            description,
            accounts=(local,),
            auth=AuthSettings(
                basic=basic,
                negotiate=bool(offered & {LogonName.NTLM, LogonName.KERBEROS}),
                kerberos=LogonName.KERBEROS in offered,
                credssp=LogonName.CREDSSP in offered,
                certificate=LogonName.CERTIFICATE in offered,
                # Basic has no message encryption: over plain HTTP it is of use only where this is allowed.
                allow_unencrypted=basic and not https,
            ),
            certificates=(CertificateMapping(f"{self._user}@localhost", self._user),),
        )
        if self._realm is None:
            return description
        member = replace(local, domain=DOMAIN)
        return replace(description, domain=DOMAIN, accounts=(member, local), keytab=self._realm.keytab)

    def access(self, certificates: LabCertificates | None) -> Access:
        """What the inventory says; authority and client certificate are written into the lab's folder."""
        logon = self._settings.logon or preferred(self._settings.auth)
        authority = None
        variables: dict[str, object] = {}
        if self._settings.https and certificates is not None:
            authority = self._folder / "authority.pem"
            authority.write_bytes(certificates.ca_pem)
        if logon is LogonName.CERTIFICATE and certificates is not None:
            path = self._folder / _CERTIFICATE
            write_private(path, certificates.client_certificate(f"{self._user}@localhost"))
            variables = {"ansible_winrm_cert_pem": str(path), "ansible_winrm_cert_key_pem": str(path)}
        if logon is LogonName.KERBEROS:
            # The lab has no DNS: a ticket is for the workstation's full name, whatever its address.
            variables = {
                "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"],
                "ansible_winrm_kerberos_hostname_override": "{{ iea_computer_name | lower }}." + DOMAIN,
            }
        user = f"{self._user}@{DOMAIN.upper()}" if logon is LogonName.KERBEROS else self._user
        return Access(user, self._password, logon.value, authority, variables)


def preferred(offered: Iterable[LogonName]) -> LogonName:
    """Which of the ways that are offered an inventory uses when nobody says: NTLM, else the first."""
    ways = tuple(offered)
    return LogonName.NTLM if LogonName.NTLM in ways else ways[0]


def kerberos_config(settings: LabSettings, folder: Path) -> Path | None:
    """The realm's krb5.conf; None: the lab has no realm."""
    return folder / _REALM_FOLDER / "krb5.conf" if LogonName.KERBEROS in settings.auth else None


def clear_up(folder: Path) -> None:
    """Remove what a lab left that ended without a word."""
    shutil.rmtree(folder / _REALM_FOLDER, ignore_errors=True)
    (folder / _CERTIFICATE).unlink(missing_ok=True)
