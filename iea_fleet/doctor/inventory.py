"""Checks what the inventory says of all hosts: can it be read, is the vault open, which proxies and extras it meets."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from iea_fleet.doctor.checks import check
from iea_fleet.doctor.controller import lacking, unusable
from iea_fleet.model.errors import FleetError, InputError
from iea_fleet.model.finding import Finding
from iea_fleet.model.phrase import Translate
from iea_fleet.rollout.content import find_content
from iea_fleet.rollout.inventory import Host, read_inventory
from iea_fleet.rollout.vault import Vault
from iea_fleet.support.credentials import KEYRING_SERVICE, PASSWORD_NAME, find_credentials
from iea_fleet.support.settings import PREFIX, SupportSettings, support_settings

_VAULT_MARK: Final = b"$ANSIBLE_VAULT;"
_SHOWN_HOSTS: Final = 3
_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 1_000_000
_CLEAR_PASSWORD: Final = re.compile(rb"(?im)^[ \t\w\"']*password[\w\"']*\s*[:=]\s*[\"']?[^\s\"'{!#]")
"""A line that gives a password a value which is neither a template nor encrypted."""
_EXTRAS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "winrm": {"kerberos": ("pywinrm", "kerberos"), "credssp": ("pywinrm", "credssp")},
    "psrp": {"kerberos": ("pypsrp", "kerberos"), "credssp": ("pypsrp", "credssp")},
}
"""By Ansible's connection and logon: the package and its extra that it needs beside what is always installed."""
_NO_INVENTORY: Final = "192.0.2.1"
"""An address that is nobody's (RFC 5737), to ask whether proxies would be used at all."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the inventory is, and how its vault is opened.

    Args:
        inventory: sources as given; the default one may be missing.
        is_default: nobody named it.
        limit: as for Ansible.
        vault: opens what is encrypted.
        translate: what failures say, into the language of whoever reads them.
    """

    inventory: Sequence[str]
    is_default: bool
    limit: str | None
    vault: Vault
    translate: Translate = str


def check_inventory(sources: Sources) -> tuple[Finding, ...]:
    """Everything about the inventory and what its hosts need of this machine."""
    if sources.is_default and not Path(sources.inventory[0]).exists():
        return (check("doctor.inventory_missing", path=sources.inventory[0]), *_proxies([]))
    where = ", ".join(sources.inventory)
    try:
        hosts = read_inventory(sources.inventory, sources.limit, sources.vault, find_content().environment())
    except InputError as error:
        found = unusable("doctor.inventory_unusable", error, sources.translate)
        return (found, *_proxies([]))
    except FleetError as error:
        return (unusable("doctor.machine", error, sources.translate),)
    sites = len({host.site for host in hosts if host.site})
    return (
        check("doctor.inventory", path=where, hosts=len(hosts), sites=sites),
        *_secrets(sources, hosts),
        *_extras(hosts),
        *_proxies(hosts),
        *_mail(hosts, where, sources.translate),
    )


def _secrets(sources: Sources, hosts: Sequence[Host]) -> Iterator[Finding]:
    """The vault: what is encrypted was opened, or the inventory could not have been read."""
    encrypted, clear = 0, []
    for path in _files(sources.inventory):
        try:
            content = path.read_bytes()[:_MOST_BYTES]
        except OSError:
            continue
        if _VAULT_MARK in content:
            encrypted += 1
        elif _CLEAR_PASSWORD.search(content):
            clear.append(str(path))
    if encrypted:
        yield check("doctor.vault", files=encrypted)
    for name in clear[:_SHOWN_HOSTS]:
        yield check("doctor.password_in_clear", path=name)


def _files(sources: Sequence[str]) -> Iterator[Path]:
    """The files that Ansible reads for these sources, variables beside them included; scripts are left out."""
    left = _MOST_FILES
    for source in sources:
        path = Path(source)
        if "," in source or not path.exists():
            continue
        folder = path if path.is_dir() else path.parent
        places = [folder] if path.is_dir() else [path, folder / "group_vars", folder / "host_vars"]
        for place in places:
            for found in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if found.is_file() and not os.access(found, os.X_OK) and left:
                    left -= 1
                    yield found


def _extras(hosts: Sequence[Host]) -> Iterator[Finding]:
    needed: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        variables = host.variables
        kinds = _EXTRAS.get(str(variables.get("ansible_connection")), {})
        for method in _methods(variables):
            if method in kinds:
                needed.setdefault(kinds[method], []).append(host.name)
    for (package, extra), names in needed.items():
        try:
            missing = [requirement.name for requirement in lacking(package, extra)]
        except PackageNotFoundError:
            missing = [package]
        if extra == "kerberos" and shutil.which("kinit") is None:
            missing.append("kinit")
        if missing:
            evidence = {"package": f"{package}[{extra}]", "missing": ", ".join(missing), "hosts": _some(names)}
            yield check("doctor.extra_missing", **evidence)


def _methods(variables: Mapping[str, Any]) -> list[str]:
    told = variables.get("ansible_winrm_transport", variables.get("ansible_psrp_auth", ""))
    words = told if isinstance(told, list) else str(told).split(",")
    return [str(word).strip().lower() for word in words]


def _proxies(hosts: Sequence[Host]) -> Iterator[Finding]:
    """Whether variables of this machine's environment would catch what goes to workstations (row 37)."""
    caught: dict[str, list[str]] = {}
    for host in hosts or [Host(_NO_INVENTORY, "", _NO_INVENTORY, "")]:
        url = _url(host)
        proxy = select_proxy(url, get_environ_proxies(url))
        if proxy and not _is_direct(host.variables):
            caught.setdefault(_shown(proxy), []).append(host.name)
    if not caught:
        yield check("doctor.no_proxy")
    for proxy, names in caught.items():
        yield check("doctor.proxy", proxy=proxy, hosts=_some(names) if hosts else None)


def _is_direct(variables: Mapping[str, Any]) -> bool:
    """Whether the inventory itself says how proxies are used."""
    return bool(variables.get("ansible_psrp_ignore_proxy")) or "ansible_winrm_proxy" in variables


def _url(host: Host) -> str:
    variables = host.variables
    scheme = variables.get("ansible_winrm_scheme", variables.get("ansible_psrp_protocol", "https"))
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"{'http' if scheme == 'http' else 'https'}://{address}:5986/wsman"


def _shown(proxy: str) -> str:
    """`host:port` of a proxy; the user and password that its URL may hold are left out."""
    try:
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "?"


def _mail(hosts: Sequence[Host], where: str, translate: Translate) -> Iterator[Finding]:
    """How support requests leave, by each different set of settings."""
    told: set[str] = set()
    for host in hosts:
        mine = {name: value for name, value in host.variables.items() if name.startswith(PREFIX)}
        if str(sorted(mine)) + str(mine) in told:
            continue
        told.add(str(sorted(mine)) + str(mine))
        try:
            settings = support_settings(mine, where)
        except InputError as error:
            yield unusable("doctor.inventory_unusable", error, translate)
            continue
        if settings.smtp_host is None:
            yield check("doctor.smtp_none", to=settings.to)
        elif settings.sender is None:
            yield check("doctor.smtp_incomplete", server=settings.smtp_host, missing=f"{PREFIX}from")
        elif (missing := _missing_password(settings)) is not None:
            yield check("doctor.smtp_incomplete", server=settings.smtp_host, missing=missing)
        else:
            yield check("doctor.smtp", server=f"{settings.smtp_host}:{settings.smtp_port}", to=settings.to)


def _missing_password(settings: SupportSettings) -> str | None:
    """Where the mail account's password should be and is not; `None`: nothing is missing."""
    try:
        find_credentials(settings)
    except InputError:
        by_keyring = settings.smtp_password_from == "keyring"  # noqa: S105 - the place, not the password
        return f"keyring {KEYRING_SERVICE}" if by_keyring else PASSWORD_NAME
    return None


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more."""
    more = f" (+{len(names) - _SHOWN_HOSTS})" if len(names) > _SHOWN_HOSTS else ""
    return ", ".join(names[:_SHOWN_HOSTS]) + more
