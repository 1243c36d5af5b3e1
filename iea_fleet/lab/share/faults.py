"""What can go wrong between a workstation and its site's database folder: by name, with layer and Win32 code.

The codes are Windows' own; those of `name` and `tcp` are Winsock's, as docs/wire.md has them. A real server must agree
with this table wherever it can play the fault (`BY_SERVER`), and the tests compare.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from iea_fleet.model.answer import ShareLayer
from iea_fleet.model.request import AsWhom

BAD_NETWORK_PATH = 53
WORKSTATION_SERVICE = "LanmanWorkstation"
"""The service that speaks SMB for the workstation."""


class ShareFault(StrEnum):
    """One thing that is wrong with a share as one workstation sees it."""

    NAME_NOT_FOUND = "name_not_found"
    NETWORK_HUNG = "network_hung"
    SERVER_OFF = "server_off"
    SERVER_REFUSES = "server_refuses"
    WORKSTATION_SERVICE_STOPPED = "workstation_service_stopped"
    DOUBLE_HOP = "double_hop"
    OTHER_CREDENTIALS = "other_credentials"
    SESSION_STALE = "session_stale"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a fault
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_LOCKED = "account_locked"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - the name of a fault
    SHARE_MISSING = "share_missing"
    ACCESS_DENIED = "access_denied"
    MAPPING_LOST = "mapping_lost"
    PATH_MISSING = "path_missing"
    DATABASE_MISSING = "database_missing"
    DATABASE_IN_USE = "database_in_use"
    READ_DENIED = "read_denied"
    WRITE_DENIED = "write_denied"
    DISK_FULL_ON_SERVER = "disk_full_on_server"


@dataclass(frozen=True, slots=True)
class Symptom:
    """How a fault shows.

    Args:
        layer: the step at which it shows.
        code: the Win32 code there.
        sentence: what is so, for a list of situations.
        concerns: whose accesses it spoils; None: everybody's.
        despite_logon: a share logon of the request does not help against it.
        ended_by: the kind of step that ends it, as the request names it; None: none.
    """

    layer: ShareLayer
    code: int
    sentence: str
    concerns: frozenset[AsWhom] | None = None
    despite_logon: bool = True
    ended_by: Literal["reconnect_share", "restore_drive", "restart_service", "restart_computer"] | None = None

    @property
    def opened(self) -> int:
        """The Win32 code that a program meets which opens a file there; it knows nothing of names and ports."""
        return BAD_NETWORK_PATH if self.layer in (ShareLayer.NAME, ShareLayer.TCP) else self.code

    def shows(self, as_whom: AsWhom, *, with_logon: bool) -> bool:
        """Whether this access meets it. `with_logon`: it is made with the share logon of the request."""
        if with_logon and not self.despite_logon:
            return False
        return self.concerns is None or as_whom in self.concerns


SYMPTOMS: Mapping[ShareFault, Symptom] = MappingProxyType(
    {
        ShareFault.NAME_NOT_FOUND: Symptom(ShareLayer.NAME, 11001, "the name of the file server is not found"),
        ShareFault.NETWORK_HUNG: Symptom(
            ShareLayer.TCP,
            10051,
            "the workstation's network has hung: nothing but a restart of the computer ends it",
            ended_by="restart_computer",
        ),
        ShareFault.SERVER_OFF: Symptom(ShareLayer.TCP, 10060, "the file server is switched off: nothing answers"),
        ShareFault.SERVER_REFUSES: Symptom(
            ShareLayer.TCP, 10061, "the file server is on, and its file sharing is not: port 445 refuses"
        ),
        ShareFault.WORKSTATION_SERVICE_STOPPED: Symptom(
            ShareLayer.SHARE,
            1231,
            "the Workstation service (LanmanWorkstation) is stopped",
            ended_by="restart_service",
        ),
        # A network logon has no credentials to pass on (fault catalogue, row 35).
        ShareFault.DOUBLE_HOP: Symptom(
            ShareLayer.SHARE,
            5,
            "the file server turns away a logon that came over the network (double hop)",
            frozenset({AsWhom.LOGON}),
            despite_logon=False,
        ),
        # A share logon drops the sessions of its logon first, so it never meets the other identity (docs/wire.md).
        ShareFault.OTHER_CREDENTIALS: Symptom(
            ShareLayer.SHARE,
            1219,
            "the file server is already used under another identity",
            frozenset({AsWhom.LOGON, AsWhom.USER}),
            despite_logon=False,
            ended_by="reconnect_share",
        ),
        ShareFault.SESSION_STALE: Symptom(
            ShareLayer.SHARE,
            64,
            "an old session with the file server is dead; a new one works",
            despite_logon=False,
            ended_by="reconnect_share",
        ),
        ShareFault.WRONG_PASSWORD: Symptom(ShareLayer.SHARE, 1326, "the password for the file server is wrong"),
        ShareFault.ACCOUNT_DISABLED: Symptom(ShareLayer.SHARE, 1331, "the account on the file server is disabled"),
        ShareFault.ACCOUNT_LOCKED: Symptom(ShareLayer.SHARE, 1909, "the account on the file server is locked"),
        ShareFault.PASSWORD_EXPIRED: Symptom(
            ShareLayer.SHARE, 1907, "the password of the account on the file server must be changed"
        ),
        ShareFault.SHARE_MISSING: Symptom(ShareLayer.SHARE, 67, "the file server has no such share any more"),
        ShareFault.ACCESS_DENIED: Symptom(ShareLayer.SHARE, 5, "the account has no right to the share"),
        ShareFault.MAPPING_LOST: Symptom(
            ShareLayer.PATH,
            3,
            "the person's drive is no longer mapped",
            frozenset({AsWhom.USER}),
            ended_by="restore_drive",
        ),
        ShareFault.PATH_MISSING: Symptom(ShareLayer.PATH, 3, "the database's folder is not on the share any more"),
        ShareFault.DATABASE_MISSING: Symptom(ShareLayer.FILE, 2, "the database file is not in its folder any more"),
        ShareFault.DATABASE_IN_USE: Symptom(ShareLayer.READ, 32, "a program holds the database file for itself alone"),
        ShareFault.READ_DENIED: Symptom(ShareLayer.READ, 5, "the account may not read the database file"),
        ShareFault.WRITE_DENIED: Symptom(ShareLayer.WRITE, 5, "the account may not write in the database's folder"),
        ShareFault.DISK_FULL_ON_SERVER: Symptom(ShareLayer.WRITE, 112, "the file server's disk is full"),
    }
)

BY_SERVER = frozenset(
    {
        ShareFault.SERVER_REFUSES,
        ShareFault.SESSION_STALE,
        ShareFault.WRONG_PASSWORD,
        ShareFault.ACCOUNT_DISABLED,
        ShareFault.ACCOUNT_LOCKED,
        ShareFault.PASSWORD_EXPIRED,
        ShareFault.SHARE_MISSING,
        ShareFault.ACCESS_DENIED,
        ShareFault.PATH_MISSING,
        ShareFault.DATABASE_MISSING,
        ShareFault.DATABASE_IN_USE,
        ShareFault.READ_DENIED,
        ShareFault.WRITE_DENIED,
    }
)
"""The faults that a real file server plays itself. The others happen on the workstation or on the way, or need a full
disk, and are played by this table with every kind of server."""

ENDED_BY_RESTART = frozenset(fault for fault, symptom in SYMPTOMS.items() if symptom.ended_by is not None)
"""The faults that end with the workstation's restart: what a step can end, a new start ends too."""

_LAYERS = list(ShareLayer)
_AGE = list(ShareFault)


def first(faults: Collection[ShareFault]) -> ShareFault | None:
    """The fault that is met first: by layer, and in one layer as they are listed here. None: there is none."""
    return min(faults, key=lambda fault: (_LAYERS.index(SYMPTOMS[fault].layer), _AGE.index(fault)), default=None)
