"""One emulated workstation: all that a request can read or change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from iea_fleet.lab.emulated.disk import Disk, canonical
from iea_fleet.lab.emulated.network import Network
from iea_fleet.lab.emulated.registry import Registry, RegistryPlace
from iea_fleet.lab.share.access import ShareAccess
from iea_fleet.lab.stores.names import folded
from iea_fleet.model.answer import HostFacts
from iea_fleet.model.request import ShareLogon

ServiceState = Literal["running", "stopped", "paused", "pending"]

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "ALLUSERSPROFILE": r"C:\ProgramData",
        "ProgramData": r"C:\ProgramData",
        "ProgramFiles": r"C:\Program Files",
        "ProgramFiles(x86)": r"C:\Program Files (x86)",
        "SystemDrive": "C:",
        "SystemRoot": r"C:\Windows",
        "TEMP": r"C:\Windows\Temp",
        "windir": r"C:\Windows",
    }
)
"""The environment of a service's process on a stock Windows."""

SYSTEM = r"NT AUTHORITY\SYSTEM"


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change on a machine without somebody changing the machine: names and versions."""

    computer_name: str
    machine_id: str
    user: str = SYSTEM
    os_version: str = "10.0.19045"
    powershell: str = "5.1.19041.5247"
    edition: str = "Desktop"
    culture: str = "fr-FR"
    utc_offset_min: int = 60
    elevated: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code, what it printed, and how long it took, in seconds."""

    exit_code: int = 0
    printed: str = ""
    took_s: float = 0.0


Program = Callable[[tuple[str, ...], str], Ended]
"""A program: arguments and standard input in; what it changes, it changes on its machine."""


@dataclass(slots=True)
class Session:
    """What the transaction under way has besides the machine: its id, its path names, its share logon.

    `names` hold the network path in place of a person's drive; `as_named`: with the drive.
    """

    transaction: str = "0" * 32
    names: dict[str, str] = field(default_factory=dict)
    as_named: dict[str, str] = field(default_factory=dict)
    logon: ShareLogon | None = None


@dataclass(slots=True)
class Machine:
    """The live state of one workstation.

    Args:
        identity: shared or own, never changed in place.
        clock: gives the machine's time, UTC.
        boot_time: None: the system does not tell.
        environment: shared; names are compared without case.
        services: by name; None: this system has no services, as outside Windows.
        processes: how many run, by name without `.exe`.
        busy: another transaction holds the lock.
        programs: what the programs do that can be run, by `canonical` path.
        service_started: called with the name of a service that was started.
        share: how it stands towards its site's file server; None: it has none.
        declines_restart: the person at the screen says no.
        restart_due_s: seconds after which it restarts, once it has been told to.
    """

    identity: Identity
    disk: Disk = field(default_factory=Disk)
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)
    network: Network = field(default_factory=Network)
    registry: Registry = field(default_factory=Registry)
    services: dict[str, ServiceState] | None = field(default_factory=dict)
    processes: dict[str, int] = field(default_factory=dict)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    boot_time: datetime | None = None
    busy: bool = False
    programs: dict[str, Program] = field(default_factory=dict)
    service_started: Callable[[str], None] = field(default=lambda _: None)
    share: ShareAccess | None = None
    declines_restart: bool = False
    restart_due_s: float | None = None
    session: Session = field(default_factory=Session)

    def expanded(self, path: str, *, as_named: bool = False) -> str:
        """`path` with each `%NAME%` of the request or the environment in; one that is not set stays as it stands.

        `as_named`: a name that stands for a path on a person's drive stands for it with the drive.
        """
        own = self.session.as_named if as_named else self.session.names
        known = {folded(name): value for name, value in (*self.environment.items(), *own.items())}
        return re.sub(r"%([^%]+)%", lambda match: known.get(folded(match[1]), match[0]), path)

    def host_facts(self) -> HostFacts:
        """Who answers, for an answer."""
        identity = self.identity
        return HostFacts(
            computer_name=identity.computer_name,
            machine_id=identity.machine_id,
            user=identity.user,
            os_version=identity.os_version,
            powershell=identity.powershell,
            edition=identity.edition,
            culture=identity.culture,
            time=_moment(self.clock()),
            boot_time=None if self.boot_time is None else _moment(self.boot_time),
            utc_offset_min=identity.utc_offset_min,
            elevated=identity.elevated,
        )

    def people(self) -> tuple[str, ...]:
        r"""Who is seen to be logged on, as `DOMAIN\user`: a person's hive with the key of a session."""
        told = []
        if not self.identity.elevated:  # another's hive is closed to an ordinary account
            return ()
        for sid in self.registry.people():
            key = rf"HKU\{sid}\Volatile Environment"
            words = [self.registry.read(RegistryPlace(key, name)) for name in ("USERDOMAIN", "USERNAME")]
            told += ["\\".join(word.data for word in words if word)] if words[1] else []
        return tuple(told)

    def service(self, name: str) -> ServiceState | Literal["absent", "unsupported"]:
        """The state of a service, its name compared without case."""
        if self.services is None:
            return "unsupported"
        known = _by_name(self.services, name)
        return "absent" if known is None else self.services[known]

    def restart_service(self, name: str) -> str:
        """Restart or start a service. Returns: empty, or why it does not run."""
        if self.services is None:
            return "This system has no services."
        known = _by_name(self.services, name)
        if known is None:
            return f"Cannot find any service with service name '{name}'."
        self.services[known] = "running"
        self.service_started(known)
        return ""

    def process_count(self, name: str) -> int:
        """How many processes of this name run."""
        known = _by_name(self.processes, name)
        return 0 if known is None else self.processes[known]

    def restart_process(self, name: str, path: str) -> str:
        """End the processes of this name and start `path`. Returns: empty, or why it does not run."""
        known = _by_name(self.processes, name)
        if known is not None:
            self.processes[known] = 0
        if not self.disk.exists(path):
            return "The system cannot find the file specified."
        self.processes[known or name] = 1
        return ""

    def run_program(self, path: str, arguments: tuple[str, ...], standard_input: str) -> Ended | None:
        """Run a program by its path. Returns: how it ended; None: there is no such program."""
        program = self.programs.get(canonical(path))
        return None if program is None else program(arguments, standard_input)

    def reboot(self) -> None:
        """Power off and on: what was not flushed is gone, a new boot time, nothing holds the lock."""
        self.busy = False
        self.restart_due_s = None
        self.boot_time = self.clock()
        if self.share is not None:
            self.share.restarted()


def _by_name(names: Mapping[str, object], wanted: str) -> str | None:
    return next((name for name in names if folded(name) == folded(wanted)), None)


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
