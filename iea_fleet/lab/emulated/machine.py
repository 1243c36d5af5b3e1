"""One emulated workstation: all that a request can read or change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from iea_fleet.lab.emulated.disk import Disk
from iea_fleet.lab.emulated.network import Network
from iea_fleet.lab.emulated.registry import Registry
from iea_fleet.lab.emulated.stores.names import folded
from iea_fleet.model.answer import HostFacts

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


@dataclass(frozen=True, slots=True)
class Identity:
    """What does not change on a machine without somebody changing the machine: names and versions."""

    computer_name: str
    machine_id: str
    user: str = r"NT AUTHORITY\SYSTEM"
    os_version: str = "10.0.19045"
    powershell: str = "5.1.19041.5247"
    edition: str = "Desktop"
    culture: str = "fr-FR"


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

    def expanded(self, path: str) -> str:
        """`path` with each `%NAME%` of the environment in; a name that is not set stays as it stands."""
        known = {folded(name): value for name, value in self.environment.items()}
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
        )

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

    def reboot(self) -> None:
        """Power off and on: what was not flushed is gone, a new boot time, nothing holds the lock."""
        self.busy = False
        self.boot_time = self.clock()


def _by_name(names: Mapping[str, object], wanted: str) -> str | None:
    return next((name for name in names if folded(name) == folded(wanted)), None)


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
