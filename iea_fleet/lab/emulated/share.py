"""Shares as an emulated workstation meets them: the probe, and the steps that mend (docs/wire.md)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from iea_fleet.lab.emulated.disk import ACCESS_DENIED, DISK_FULL, MISSING, PATH_NOT_FOUND, DiskError, canonical
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.share.access import ShareAccess, seen_by_program, server_of
from iea_fleet.lab.share.faults import BAD_NETWORK_PATH, WORKSTATION_SERVICE, ShareFault
from iea_fleet.lab.share.system_messages import system_message
from iea_fleet.lab.share.visit import OPENED, Reached
from iea_fleet.model.answer import ShareFacts, ShareLayer, WorkOutcome
from iea_fleet.model.request import AsWhom, ReconnectShare, RestoreDrive, ShareLogon, ShareProbe

HOST_NOT_FOUND, TIMED_OUT, NOT_CONNECTED = 11001, 10060, 2250
NOBODY = "Nobody is logged on."
_DRIVE = re.compile(r"([A-Za-z]:)(?:\\|$)")
_SYSTEM_DRIVE = "c:"


@dataclass(frozen=True, slots=True)
class _Named:
    """A path as it was named, and what it stands for in a session that has no drives of a person.

    `drive` empty: it begins with none, or with one that every session has. `remembered` empty: nobody's profile does.
    """

    path: str
    network_path: str
    drive: str = ""
    remembered: str = ""


def probe_share(
    machine: Machine,
    access: ShareAccess | None,
    probe: ShareProbe,
    path: str,
    *,
    transaction: str,
    logon: ShareLogon | None = None,
) -> ShareFacts:
    """Reach a folder and its file, step by step.

    Args:
        machine: the workstation.
        access: how it stands towards its file server; None: it has none, no server's name is found.
        probe: what was asked.
        path: `probe.path` with all names in.
        transaction: of the request; names the file that is written and removed again.
        logon: the share logon of the request, when it has one.
    """
    began = time.perf_counter()
    named = _named(machine, access, path)
    facts = _Facts(machine, probe, named, probe.as_whom is AsWhom.USER)
    ours = _for_server(machine, access, logon, named.network_path)
    if probe.as_whom is AsWhom.USER and _person(machine, access) is None:
        return facts.told(Reached(ShareLayer.IDENTITY, 0), "", began, message=NOBODY)
    if probe.as_whom is AsWhom.MACHINE and not machine.identity.elevated:  # no task without an administrator's rights
        denied = system_message(ACCESS_DENIED, machine.identity.culture)
        return facts.told(Reached(ShareLayer.IDENTITY, 0), "", began, message=denied)
    user = machine.identity.user
    account = user if access is None else access.account(probe.as_whom, user, ours)
    scratch = f"iea-fleet-{transaction}.tmp" if probe.write else None
    by_drive = probe.as_whom is AsWhom.USER and named.drive != "" and named.remembered != ""
    if not server_of(named.network_path):
        reached = _local(machine, named, probe)
    elif access is None:
        reached = Reached(ShareLayer.NAME, HOST_NOT_FOUND)
    elif by_drive and ShareFault.MAPPING_LOST in access.faults:
        reached = Reached(ShareLayer.PATH, PATH_NOT_FOUND)
    else:
        reached = access.open(
            named.network_path,
            probe.as_whom,
            logon=ours,
            more_faults=_own_faults(machine),
            file=probe.file,
            scratch=scratch,
            timeout_ms=probe.timeout_ms,
        )
        facts.addresses = () if reached.layer is ShareLayer.NAME or by_drive else (access.place.address,)
        facts.waited = reached.layer is ShareLayer.TCP and reached.code == TIMED_OUT
    return facts.told(seen_by_program(reached) if by_drive else reached, account, began)


def reconnect_share(
    machine: Machine, access: ShareAccess | None, work: ReconnectShare, path: str, *, logon: ShareLogon | None = None
) -> WorkOutcome:
    """Drop every session with the server of `path` (its names in) and open the share anew."""
    named = _named(machine, access, path)
    if access is None or not server_of(named.network_path):
        return _outcome(machine, work.id, NOT_CONNECTED)
    if work.as_whom is AsWhom.USER and _person(machine, access) is None:
        return _nobody(work.id)
    access.faults -= {ShareFault.SESSION_STALE, ShareFault.OTHER_CREDENTIALS}
    return _outcome(machine, work.id, _share_code(machine, access, named, work.as_whom, logon))


def restore_drive(machine: Machine, access: ShareAccess | None, work: RestoreDrive, path: str) -> WorkOutcome:
    """Map the drive that `path` (its names in) begins with to what the person's profile remembers for it."""
    if access is None or _person(machine, access) is None:
        return _nobody(work.id)
    named = _named(machine, access, path)
    if not named.remembered:
        return _outcome(machine, work.id, NOT_CONNECTED)
    code = _share_code(machine, access, named, AsWhom.USER, None)
    if code == 0:
        access.faults.discard(ShareFault.MAPPING_LOST)
    return _outcome(machine, work.id, code)


def network_path(machine: Machine, access: ShareAccess | None, path: str) -> str:
    """The path with a drive that this logon does not have put in for, when a person's profile remembers it."""
    return _named(machine, access, path).network_path


def opening_code(
    machine: Machine, access: ShareAccess | None, path: str, *, write: bool = False, logon: ShareLogon | None = None
) -> int:
    """The Win32 code that the script meets which reads or writes a file by its network path; 0: none of the share's.

    Nothing is asked of a server, so records stay instant with samba too.
    """
    if access is None:
        return BAD_NETWORK_PATH
    return access.opening_code(
        path, write=write, logon=_for_server(machine, access, logon, path), more_faults=_own_faults(machine)
    )


class _Facts:
    """The facts of one probe under way."""

    def __init__(self, machine: Machine, probe: ShareProbe, named: _Named, as_user: bool) -> None:
        self._machine, self._probe, self._named = machine, probe, named
        self._path = named.path if as_user else named.network_path
        self.addresses: tuple[str, ...] = ()
        self.waited = False

    def told(self, reached: Reached, account: str, began: float, message: str = "") -> ShareFacts:
        probe = self._probe
        elapsed_ms = round((time.perf_counter() - began) * 1000)
        return ShareFacts(
            kind="share",
            id=probe.id,
            ok=reached == OPENED,
            layer=reached.layer,
            as_whom=probe.as_whom,
            account=account,
            path=self._path,
            server=server_of(self._path),
            addresses=self.addresses,
            drive=self._named.drive,
            drive_path=self._named.remembered,
            win32_code=reached.code,
            message=message or system_message(reached.code, self._machine.identity.culture),
            elapsed_ms=probe.timeout_ms if self.waited else elapsed_ms,
        )


def _named(machine: Machine, access: ShareAccess | None, path: str) -> _Named:
    path = path.replace("/", "\\")
    match = _DRIVE.match(path)
    if match is None or _has_drive(machine, match[1]):
        return _Named(path, path)
    drive = match[1].upper()
    if access is None or _person(machine, access) is None or access.place.drive.upper() != drive:
        return _Named(path, path, drive)
    return _Named(path, access.place.root + path[len(drive) :], drive, access.place.root)


def _person(machine: Machine, access: ShareAccess | None) -> str | None:
    """Who is at the screen, as far as the logon sees anybody there."""
    return None if access is None or not machine.identity.elevated else access.person


def _has_drive(machine: Machine, drive: str) -> bool:
    return drive.casefold() == _SYSTEM_DRIVE or bool(machine.disk.matching(f"{drive}\\", ""))


def _local(machine: Machine, named: _Named, probe: ShareProbe) -> Reached:
    """A folder of this computer: its files are all that there is, so a folder is there when one of them is in it."""
    folder = canonical(named.path).rstrip("\\") + "\\"
    if not machine.disk.matching(folder, ""):
        return Reached(ShareLayer.PATH, PATH_NOT_FOUND)
    if probe.file is None:
        return OPENED
    try:
        machine.disk.read(folder + probe.file)
    except DiskError as error:
        return Reached(ShareLayer.FILE if error.code in MISSING else ShareLayer.READ, error.code)
    if probe.write and machine.disk.full_at is not None:
        return Reached(ShareLayer.WRITE, DISK_FULL)
    return OPENED


def _own_faults(machine: Machine) -> tuple[ShareFault, ...]:
    """What is wrong with the workstation itself: its service that speaks SMB does not run."""
    down = machine.service(WORKSTATION_SERVICE) in ("stopped", "paused", "pending")
    return (ShareFault.WORKSTATION_SERVICE_STOPPED,) if down else ()


def _for_server(machine: Machine, access: ShareAccess | None, logon: ShareLogon | None, path: str) -> ShareLogon | None:
    """The share logon when it is for the server of `path`; Windows keeps sessions by server."""
    if logon is None:
        return None
    server = server_of(_named(machine, access, machine.expanded(logon.path)).network_path)
    return logon if server.casefold() == server_of(path).casefold() else None


def _share_code(machine: Machine, access: ShareAccess, named: _Named, as_whom: AsWhom, logon: ShareLogon | None) -> int:
    root = "\\".join(named.network_path.split("\\")[:4])
    reached = access.open(
        root, as_whom, logon=_for_server(machine, access, logon, root), more_faults=_own_faults(machine)
    )
    return seen_by_program(reached).code


def _outcome(machine: Machine, step: str, code: int) -> WorkOutcome:
    message = system_message(code, machine.identity.culture)
    return WorkOutcome(id=step, ok=code == 0, win32_code=code, message=message, elapsed_ms=1)


def _nobody(step: str) -> WorkOutcome:
    return WorkOutcome(id=step, ok=False, message=NOBODY, elapsed_ms=1)
