"""How the lab arranges a workstation, whatever engine plays it."""

from __future__ import annotations

from typing import Protocol

from iea_fleet.lab.condition import Condition, FileChanges
from iea_fleet.lab.engine import Engine
from iea_fleet.lab.workstation import Workstation


class Staging(Protocol):
    """The workstations of one engine, seen from the lab that arranges them."""

    @property
    def engine(self) -> Engine:
        """What the endpoint starts commands with."""
        ...

    async def prepare(self, workstation: Workstation) -> None:
        """Make the workstation's disk; called once for each, before its listeners open.

        Raises: FleetError when this machine stands in the way.
        """
        ...

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """Write and remove files from outside."""
        ...

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """Servers, service, process and held files become as `condition` says; files are laid apart."""
        ...

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """A file's bytes by Windows path as somebody outside sees them, None: no such file."""
        ...

    async def close(self) -> None:
        """End what still runs and take the disks away; the listeners are closed already."""
        ...
