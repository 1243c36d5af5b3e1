"""Opening the file servers of a lab: samba where it can be had, folders elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from iea_fleet.lab.share.files import DiskFolder, MemoryFolder, SharePlace, SiteFolder
from iea_fleet.lab.share.visit import Accounts, Credential, FileServers, FolderServers, Standing
from iea_fleet.model.errors import LocalFailure

MOST_HOSTS_FOR_SAMBA = 60
"""A probe over SMB costs some 30 ms of both cores' time: beyond this a lab is no longer instant."""

_NAMES = {
    Standing.FINE: "svc-impact",
    Standing.DISABLED: "svc-desactive",
    Standing.LOCKED: "svc-verrouille",
    Standing.EXPIRED: "svc-expire",
    Standing.STRANGER: "svc-etranger",
}


class ShareKind(StrEnum):
    """How a lab serves its sites' database folders."""

    AUTO = "auto"
    """Samba for a small lab where it is installed, else a folder."""
    SAMBA = "samba"
    FOLDER = "folder"


def make_accounts() -> Accounts:
    """One account of each kind, with a random password each."""
    return {standing: Credential(name, secrets.token_urlsafe(18)) for standing, name in _NAMES.items()}


def open_servers(
    kind: ShareKind, places: Sequence[SharePlace], *, hosts: int, root: Path | None = None
) -> tuple[FileServers, LocalFailure | None]:
    """Open the file servers of a lab.

    Args:
        kind: what was asked for.
        places: one for each site.
        hosts: how many workstations will use them.
        root: an existing folder for the sites' folders where they are no samba's; None: they are in memory.

    Returns: the servers, to be stopped by the caller, and why samba was wanted and can't be had, else None.
    """
    wanted = kind is ShareKind.SAMBA or (kind is ShareKind.AUTO and hosts <= MOST_HOSTS_FOR_SAMBA)
    accounts, refused = make_accounts(), None
    if wanted:
        # Costs a third of a second, which no other command of the lab is to pay.
        from iea_fleet.lab.share.samba import SambaServers, SambaUnavailable

        try:
            return SambaServers(places, accounts), None
        except SambaUnavailable as error:
            refused = error
    return FolderServers({place: _folder(place, root) for place in places}, accounts), refused


def _folder(place: SharePlace, root: Path | None) -> SiteFolder:
    if root is None:
        return MemoryFolder()
    path = root / place.server / place.share / place.folder
    path.mkdir(parents=True, exist_ok=True)
    return DiskFolder(path)
