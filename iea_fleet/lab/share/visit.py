"""One access to a database folder, step by step from the server's name to a written file, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from iea_fleet.lab.share.faults import SYMPTOMS, ShareFault, first
from iea_fleet.lab.share.files import SharePlace, SiteFolder
from iea_fleet.model.answer import ShareLayer


@dataclass(frozen=True, slots=True)
class Credential:
    """An account of the file server: `name` without a domain."""

    name: str
    password: str = field(repr=False)


class Standing(Enum):
    """What is the matter with an account of a file server."""

    FINE = "fine"
    DISABLED = "disabled"
    LOCKED = "locked"
    EXPIRED = "expired"
    STRANGER = "stranger"
    """A logon goes well, and the account has no right to any share."""


FAULT_OF_STANDING: Mapping[Standing, ShareFault] = MappingProxyType(
    {
        Standing.DISABLED: ShareFault.ACCOUNT_DISABLED,
        Standing.LOCKED: ShareFault.ACCOUNT_LOCKED,
        Standing.EXPIRED: ShareFault.PASSWORD_EXPIRED,
        Standing.STRANGER: ShareFault.ACCESS_DENIED,
    }
)
"""What a logon with such an account meets."""

Accounts = dict[Standing, Credential]
"""One account of each kind; they are the same on every site's server of a lab."""


@dataclass(frozen=True, slots=True)
class Visit:
    r"""What is opened, and what stands in its way.

    Args:
        place: the site's.
        below: the folder below the share, such as `Base`; empty: the share's root.
        file: a file to read, relative to that folder; None: the folder alone.
        scratch: the name of a file to make in the folder and to remove again; None: nothing is written.
        logon: with whose credentials; None: with the site's own account, as a person or a machine has it.
        faults: those that this access meets.
        timeout_ms: bounds the connection.
    """

    place: SharePlace
    below: str
    file: str | None = None
    scratch: str | None = None
    logon: Credential | None = None
    faults: frozenset[ShareFault] = frozenset()
    timeout_ms: int = 5000


@dataclass(frozen=True, slots=True)
class Reached:
    """How far it came: the layer that failed with its Win32 code; `NONE` and 0: everything that was asked for."""

    layer: ShareLayer
    code: int


OPENED = Reached(ShareLayer.NONE, 0)


class FileServers(Protocol):
    """The file servers of all sites of a lab."""

    accounts: Accounts

    def folder(self, place: SharePlace) -> SiteFolder:
        """The database folder of a site. Raises: KeyError for a place that was not laid out."""
        ...

    def visit(self, visit: Visit) -> Reached:
        """Open what is asked for; never an error."""
        ...

    def stop(self) -> None:
        """End the servers and remove the folders."""
        ...


class FolderServers:
    """File servers that are folders with the lab's own rules; no network, no process.

    Args:
        folders: the database folder of each site, by its place.
        accounts: see `Accounts`.
    """

    def __init__(self, folders: dict[SharePlace, SiteFolder], accounts: Accounts) -> None:
        self._folders, self.accounts = folders, accounts

    def folder(self, place: SharePlace) -> SiteFolder:
        """See `FileServers`."""
        return self._folders[place]

    def visit(self, visit: Visit) -> Reached:
        """See `FileServers`."""
        met = set(visit.faults)
        if visit.logon is not None and (refused := refused_logon(self.accounts, visit.logon)) is not None:
            met.add(refused)
        if visit.below.casefold() not in ("", visit.place.folder.casefold()):
            met.add(ShareFault.PATH_MISSING)
        elif visit.file is not None and not self._has(visit):
            met.add(ShareFault.DATABASE_MISSING)
        return by_rules(met, visit)

    def stop(self) -> None:
        """See `FileServers`."""
        self._folders.clear()

    def _has(self, visit: Visit) -> bool:
        if visit.below == "":
            return False
        names = {name.casefold() for name in self._folders[visit.place].names()}
        return visit.file is not None and visit.file.casefold() in names


def by_rules(faults: Collection[ShareFault], visit: Visit) -> Reached:
    """What the table of symptoms says that `visit` meets; a step that it does not take fails never."""
    left_out = {ShareLayer.WRITE} if visit.scratch is None else set()
    if visit.below == "":
        left_out.add(ShareLayer.PATH)
    if visit.file is None:
        left_out |= {ShareLayer.FILE, ShareLayer.READ}
    fault = first([fault for fault in faults if SYMPTOMS[fault].layer not in left_out])
    return OPENED if fault is None else Reached(SYMPTOMS[fault].layer, SYMPTOMS[fault].code)


def refused_logon(accounts: Accounts, logon: Credential) -> ShareFault | None:
    r"""Why a file server refuses these credentials: a lock before the password, anything else only after it.

    A server of no domain takes any `DOMAIN\` before its own account's name, and knows no `name@domain`.
    """
    name = logon.name.rpartition("\\")[2].casefold()
    for standing, account in accounts.items():
        if account.name.casefold() == name and (account.password == logon.password or standing is Standing.LOCKED):
            return FAULT_OF_STANDING.get(standing)
    return ShareFault.WRONG_PASSWORD
