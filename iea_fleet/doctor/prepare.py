"""Prints the script that prepares a workstation, with what was given put in as its defaults, each value checked."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise

SCRIPT: Final = Path(__file__).with_name("prepare.ps1")

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
"""A DNS name (RFC 1123 section 2.1): it goes into the certificate."""
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,18}[A-Za-z0-9_-])?")
"""Of what Windows allows in 20 characters (sAMAccountName), only what no shell and no language takes for its own."""
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")
_SHOWN: Final = 80

_PLACES: Final = {
    "name": "[String] $ComputerName = ''",
    "controllers": "[String[]] $ControllerAddress = @()",
    "account": "[String] $AccountName = 'iea-fleet'",
    "thumbprint": "[String] $CertificateThumbprint = ''",
}
"""The parameters of the script whose defaults are put in."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was asked for, as it was given; empty: the script's own default.

    Args:
        name: of the workstation, for its certificate.
        controllers: addresses or networks that may connect.
        account: the local account to make.
        thumbprint: SHA-1 of an existing certificate, as Windows shows it.
    """

    name: str = ""
    controllers: tuple[str, ...] = ()
    account: str = ""
    thumbprint: str = ""


def prepared_script(asked: Preparation) -> str:
    """The script as text (ASCII), ready to be run as it is.

    Raises: InputError for a value that is not plainly a name, an address, an account or a thumbprint. Each is put into
        a single-quoted PowerShell string: what passes has no quote of any kind in it.
    """
    text = SCRIPT.read_text("ascii")
    values = {
        "name": _checked(
            "--name", asked.name, _NAME, Phrase("Give a DNS name such as POSTE-12 or poste-12.example.org")
        ),
        "account": _checked(
            "--account", asked.account, _ACCOUNT, Phrase("Give at most 20 letters, digits, dots, - and _")
        ),
        "thumbprint": _checked(
            "--thumbprint",
            re.sub(r"[\s:\u200e]", "", asked.thumbprint).upper(),  # Windows' dialog puts a mark before it
            _THUMBPRINT,
            Phrase("Give 40 hexadecimal digits"),
        ),
    }
    for key, value in values.items():
        if value:
            text = _put(text, _PLACES[key], f"'{value}'")
    if asked.controllers:
        addresses = ", ".join(f"'{_address(one)}'" for one in asked.controllers)
        text = _put(text, _PLACES["controllers"], f"@({addresses})")
    return text


def _put(text: str, place: str, value: str) -> str:
    return text.replace(place, f"{place.partition(' = ')[0]} = {value}", 1)


def _checked(option: str, value: str, form: re.Pattern[str], mend: Phrase) -> str:
    if value and not form.fullmatch(value):
        raise InputError(option, "'{value}' can't be used", mend, value=neutralise(value, _SHOWN))
    return value


def _address(given: str) -> str:
    """An address or network as Windows' firewall takes it. Raises: InputError, also for the whole Internet."""
    option, shown = "--controller", neutralise(given, _SHOWN)
    try:
        network = ipaddress.ip_network(given.strip())
    except ValueError as error:
        mend = "Give an address such as 192.0.2.10, or a network such as 192.0.2.0/24"
        raise InputError(option, "'{value}' is no address or network", mend, value=shown) from error
    # Windows reads the unspecified address as any; and whoever writes half of the Internet means all of it.
    if network.prefixlen == 0 or network.network_address.is_unspecified:
        raise InputError(option, "'{value}' is everybody", "Name the controllers alone", value=shown)
    if getattr(network.network_address, "scope_id", None):
        raise InputError(option, "'{value}' has a zone", "Leave out what follows the %", value=shown)
    return str(network.network_address) if network.num_addresses == 1 else str(network)
