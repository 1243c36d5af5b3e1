"""The engine: PowerShell goes to a real PowerShell, everything else to the lab's ordinary commands."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from iea_fleet.agent import LOADER
from iea_fleet.lab import commands
from iea_fleet.lab.command_line import PowerShellCall
from iea_fleet.lab.engine import CommandLine, Process, Signal
from iea_fleet.lab.pwsh.folder import WorkstationFolder
from iea_fleet.lab.pwsh.process import RealProcess
from iea_fleet.lab.workstation import Workstation

_PROCESSES_PER_CPU = 2


class PwshEngine:
    """Runs what is asked of a workstation in its folder.

    Args:
        folders: by computer name; one that is added later counts from then on.
    """

    def __init__(self, folders: Mapping[str, WorkstationFolder]) -> None:
        self._folders = folders
        self._slots = asyncio.Semaphore(_PROCESSES_PER_CPU * (os.cpu_count() or 1))
        self._running: set[RealProcess] = set()

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start a command line; see `Engine.start`."""
        folder = self._folders[workstation.name]
        hooks = commands.Hooks(powershell=lambda call: self._powershell(folder, command, call), read_file=folder.read)
        return commands.start(workstation, command, hooks)

    async def stop(self) -> None:
        """End every process and wait until it is gone."""
        running = tuple(self._running)
        for process in running:
            process.signal(Signal.TERMINATE)
        for process in running:
            await process.gone()

    def _powershell(self, folder: WorkstationFolder, command: CommandLine, call: PowerShellCall) -> RealProcess:
        process = RealProcess(
            (str(folder.pwsh), *_real_arguments(call)),
            folder.environment() | dict(command.environment),
            folder.home,
            self._slots,
            ended=lambda: self._running.discard(process),
        )
        self._running.add(process)
        return process


def _real_arguments(call: PowerShellCall) -> tuple[str, ...]:
    """The arguments as they were given; before our own loader comes what Linux lacks."""
    if call.script is None or LOADER.strip() not in call.script:
        return call.argv
    encoded = base64.b64encode((_prelude() + call.script).encode("utf-16-le")).decode("ascii")
    return ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


@cache
def _prelude() -> str:
    return Path(__file__).with_name("prelude.ps1").read_text(encoding="ascii") + "\n"
