"""How one workstation stands towards its site's file server, and what an access of it meets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from iea_fleet.lab.share.faults import BAD_NETWORK_PATH, ENDED_BY_RESTART, SYMPTOMS, ShareFault, first
from iea_fleet.lab.share.files import SharePlace
from iea_fleet.lab.share.visit import Credential, FileServers, Reached, Visit, refused_logon
from iea_fleet.model.answer import ShareLayer
from iea_fleet.model.request import AsWhom, ShareLogon


@dataclass(slots=True)
class ShareAccess:
    r"""The live state of one workstation.

    Args:
        place: where the site's database folder lies.
        servers: of the whole lab.
        machine_account: the workstation's own account, such as `POSTE-01$`.
        person: who is logged on at its screen, such as `POSTE-01\Zoé`; None: nobody. A person's profile remembers
            that `place.drive` is `place.root`.
        faults: what is wrong now; a stopped Workstation service is told by the workstation's services, not here.
        delegated: the WinRM logon of this round brought credentials along (CredSSP, a forwarded ticket), so a file
            server does not turn it away for coming over the network.
    """

    place: SharePlace
    servers: FileServers
    machine_account: str
    person: str | None = None
    faults: set[ShareFault] = field(default_factory=set)
    delegated: bool = False

    def account(self, as_whom: AsWhom, user: str, logon: ShareLogon | None) -> str:
        """Who makes an access; `user`: the account of the WinRM logon. Empty: nobody is logged on."""
        match as_whom:
            case AsWhom.LOGON:
                return user if logon is None else logon.username
            case AsWhom.MACHINE:
                return self.machine_account
            case AsWhom.USER:
                return self.person or ""

    def open(
        self,
        path: str,
        as_whom: AsWhom,
        *,
        logon: ShareLogon | None = None,
        more_faults: Collection[ShareFault] = (),
        file: str | None = None,
        scratch: str | None = None,
        timeout_ms: int = 5000,
    ) -> Reached:
        r"""Open a network path.

        Args:
            path: `\\server\share` and what is below.
            as_whom: by whose rights.
            logon: the share logon of the request when it is for this server; it counts for the logon alone.
            more_faults: what is wrong with the workstation itself.
            file: to read, relative to `path`; None: the folder alone.
            scratch: the name of a file to make there and to remove again; None: nothing is written.
            timeout_ms: bounds the connection.

        Returns: how far it came, with Winsock's codes for `name` and `tcp`.
        """
        met = self._met(path, as_whom, logon, more_faults)
        credential = None
        if logon is not None and as_whom is AsWhom.LOGON:
            credential = Credential(logon.username, logon.password.get_secret_value())
        below = self.place.below(path) or ""
        return self.servers.visit(Visit(self.place, below, file, scratch, credential, frozenset(met), timeout_ms))

    def opening_code(
        self, path: str, *, write: bool, logon: ShareLogon | None, more_faults: Collection[ShareFault] = ()
    ) -> int:
        """The Win32 code that a program of the logon meets which reads or writes a file there; 0: it can.

        What concerns the database file alone is not met by other files. No server is asked.
        """
        met = self._met(path, AsWhom.LOGON, logon, more_faults)
        if logon is not None:
            credential = Credential(logon.username, logon.password.get_secret_value())
            refused = refused_logon(self.servers.accounts, credential)
            met |= set() if refused is None else {refused}
        layers = {ShareLayer.NAME, ShareLayer.TCP, ShareLayer.SHARE, ShareLayer.PATH}
        layers |= {ShareLayer.WRITE} if write else set()
        fault = first([fault for fault in met if SYMPTOMS[fault].layer in layers])
        return 0 if fault is None else SYMPTOMS[fault].opened

    def _met(
        self, path: str, as_whom: AsWhom, logon: ShareLogon | None, more_faults: Collection[ShareFault]
    ) -> set[ShareFault]:
        """The faults on the way to a network path; that of a lost drive is none."""
        with_logon = logon is not None and as_whom is AsWhom.LOGON
        met: set[ShareFault] = {
            fault
            for fault in (*self.faults, *more_faults)
            if fault is not ShareFault.MAPPING_LOST and SYMPTOMS[fault].shows(as_whom, with_logon=with_logon)
        }
        if self.delegated:
            met.discard(ShareFault.DOUBLE_HOP)
        if server_of(path).casefold() != self.place.server.casefold():
            met.add(ShareFault.NAME_NOT_FOUND)
        elif self.place.below(path) is None:
            met.add(ShareFault.SHARE_MISSING)
        return met

    def restarted(self) -> None:
        """End what a restart of the workstation ends."""
        self.faults -= ENDED_BY_RESTART


def server_of(path: str) -> str:
    """The server that a network path names; empty: it is no network path."""
    return path[2:].partition("\\")[0] if path.startswith("\\\\") else ""


def seen_by_program(reached: Reached) -> Reached:
    """What a program meets that opens the same by a drive: one layer, and the code of the network path as a whole."""
    if reached.layer in (ShareLayer.NAME, ShareLayer.TCP):
        return Reached(ShareLayer.PATH, BAD_NETWORK_PATH)
    return Reached(ShareLayer.PATH, reached.code) if reached.layer is ShareLayer.SHARE else reached
