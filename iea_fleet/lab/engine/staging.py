"""How the lab arranges a workstation, whatever engine plays it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from iea_fleet.lab.application import Installation
from iea_fleet.lab.application.condition import Condition
from iea_fleet.lab.application.program import FileChanges
from iea_fleet.lab.engine.processes import Engine
from iea_fleet.lab.share.faults import ShareFault
from iea_fleet.lab.share.visit import FileServers
from iea_fleet.lab.workstation import Workstation


@dataclass(frozen=True, slots=True)
class AsItStands:
    """What may have been mended on a workstation since it was arranged, and is in no file of the application.

    Args:
        share: what is still wrong with its share.
        program_runs: whether the person's application runs.
    """

    share: frozenset[ShareFault]
    program_runs: bool


class Staging(Protocol):
    """The workstations of one engine, seen from the lab that arranges them."""

    @property
    def share_root(self) -> Path | None:
        """An existing folder in which database folders must lie, None: they may be in memory."""
        ...

    @property
    def engine(self) -> Engine:
        """What the endpoint starts commands with."""
        ...

    async def prepare(
        self, workstation: Workstation, installation: Installation | None = None, servers: FileServers | None = None
    ) -> None:
        """Make the workstation's disk; called once for each, before its listeners open.

        Args:
            workstation: which one.
            installation: what is fixed on it; default: some workstation of its name.
            servers: the file servers of all sites; default: one of its own, in memory.

        Raises: FleetError when this machine stands in the way.
        """
        ...

    def now(self) -> datetime:
        """The local time of the workstations, without a zone, to the second."""
        ...

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """Write and remove files from outside, by Windows path; those of the site's database by network path."""
        ...

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """Servers, service, process and held files become as `condition` says; files are laid apart."""
        ...

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """A file's bytes by Windows path as somebody outside sees them, None: no such file; as `lay`."""
        ...

    def stands(self, workstation: Workstation) -> AsItStands:
        """How the workstation stands now."""
        ...

    async def close(self) -> None:
        """End what still runs and take the disks away; the listeners are closed already."""
        ...
