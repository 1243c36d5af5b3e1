"""Why a folder could not be reached: layer and Win32 code to one fault each, and what may help against it.

Source: [MS-ERREF] 2.2 for Win32 codes, Winsock's documentation for those above 10000; the vendor's sheet "Base de
données inaccessible" shows 53 (« le chemin réseau n'a pas été trouvé ») and 2 (« le fichier spécifié est introuvable »)
and ends in restarting the workstation, then in calling the person who looks after the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iea_fleet.model.answer import ShareFacts, ShareLayer
from iea_fleet.model.desired import ShareRemedy
from iea_fleet.model.request import AsWhom

_RECONNECT, _DRIVE, _RESTART = (
    ShareRemedy.RECONNECT,
    ShareRemedy.RESTORE_DRIVE,
    ShareRemedy.RESTART,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One cause.

    Args:
        codes: Win32 codes that tell it.
        remedies: what may help from afar; that the Workstation service is stopped is told by its own state instead.
    """

    codes: tuple[int, ...]
    remedies: frozenset[ShareRemedy] = frozenset()


FAULTS: Final[Mapping[str, Fault]] = {
    # The server's name and port; the codes are Winsock's, and the layer decides where none is known.
    "name_not_found": Fault((11001, 11004)),
    "name_not_answered": Fault((11002, 11003)),
    "server_silent": Fault((10060,)),
    "port_refused": Fault((10061, 1225)),
    "no_route": Fault((10051, 10065, 1231, 1232), frozenset({_RESTART})),
    "port_unreachable": Fault(()),
    # Session and share.
    "network_path_not_found": Fault((53,), frozenset({_RESTART})),
    "share_not_found": Fault((67,)),
    "access_denied": Fault((5, 65)),
    "session_lost": Fault((55, 64), frozenset({_RECONNECT, _RESTART})),
    "network_error": Fault((58, 59, 88, 121, 1236), frozenset({_RECONNECT, _RESTART})),
    "two_identities": Fault((1219,), frozenset({_RECONNECT, _RESTART})),
    "no_network": Fault((1222,), frozenset({_RESTART})),
    "too_many_connections": Fault((71,)),
    "guest_blocked": Fault((1272,)),
    "smb1_needed": Fault((384,)),
    "no_domain_server": Fault((1311,)),
    "trust_lost": Fault((1787, 1789)),
    # The logon.
    "password_refused": Fault((86,)),
    "logon_failed": Fault((1326,)),
    "account_disabled": Fault((1331,)),
    "account_locked": Fault((1909,)),
    "account_expired": Fault((1793,)),
    "account_restricted": Fault((1240, 1327, 1328, 1329, 1385)),
    "password_expired": Fault((1330,)),
    "password_must_change": Fault((1907,)),
    # Drive, folder, file.
    "drive_lost": Fault((1200, 2250), frozenset({_DRIVE, _RESTART})),
    "drive_unknown": Fault((15,)),
    "folder_missing": Fault((3, 123, 161, 267)),
    "file_missing": Fault((2,)),
    "file_in_use": Fault((32, 33)),
    "write_protected": Fault((19,)),
    "disk_full": Fault((39, 112)),
    "disk_damaged": Fault((21, 23, 1117, 1392)),
    "error": Fault(()),
}
"""By name; each is the finding `share.<name>`."""

_BY_CODE: Final = {code: name for name, fault in FAULTS.items() for code in fault.codes}
_PATH_NOT_FOUND: Final = 3


def fault_of(facts: ShareFacts) -> str:
    """The fault of a folder that was not reached, one of `FAULTS`.

    A drive that nobody here has is told by its own name: Windows says no more than that the path is not found.
    """
    if facts.win32_code == _PATH_NOT_FOUND and facts.drive and not facts.server:
        return "drive_lost" if facts.drive_path else "drive_unknown"
    known = _BY_CODE.get(facts.win32_code)
    if known is not None:
        return known
    return {ShareLayer.NAME: "name_not_answered", ShareLayer.TCP: "port_unreachable"}.get(facts.layer, "error")


def codes_of(remedy: ShareRemedy) -> tuple[str, ...]:
    """The Win32 codes against which a remedy may help, as a requirement compares them: decimal text."""
    codes = {code for fault in FAULTS.values() if remedy in fault.remedies for code in fault.codes}
    if remedy is ShareRemedy.RESTORE_DRIVE:
        # Opened as the person, a drive that is not connected is a path that is not found.
        codes.add(_PATH_NOT_FOUND)
    return tuple(str(code) for code in sorted(codes))


_HOP_CODES: Final = frozenset({5, 1326})


def is_double_hop(facts: ShareFacts, *, with_credentials: bool) -> bool:
    """Whether a refusal says nothing of the share: a network logon has no credentials to pass on to another server.

    Args:
        facts: of the folder, as the account of the logon.
        with_credentials: the request brought credentials for the share, so that it was they who were refused.
    """
    return (
        facts.as_whom is AsWhom.LOGON
        and not with_credentials
        and bool(facts.server)
        and facts.win32_code in _HOP_CODES
        and facts.layer is ShareLayer.SHARE
    )
