"""The engine: PowerShell goes to a real PowerShell, everything else to the lab's ordinary commands."""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from iea_fleet.agent import LOADER
from iea_fleet.lab.engine import commands, output_faults
from iea_fleet.lab.engine.command_line import PowerShellCall
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, Process, Signal
from iea_fleet.lab.faults.kinds import Stage
from iea_fleet.lab.psrp import relay
from iea_fleet.lab.pwsh.folder import WorkstationFolder
from iea_fleet.lab.pwsh.process import INPUT_BOUND_BYTES, RealProcess
from iea_fleet.lab.pwsh.stock import amended, is_bootstrap
from iea_fleet.lab.workstation import Workstation

_PROCESSES_PER_CPU = 2
DOWN_S = 3.0
"""How long a workstation is away when it restarts, in seconds; people's are slower."""

# The script's functions that change something on the disk, each once and in one step (script/durable.ps1).
DURABLE_FUNCTIONS = ("Write-DurableFile", "Move-DurableFile", "Remove-DurableFile", "Set-DurableValue")
_DURABLE = re.compile(rf"(?m)^function (?:{'|'.join(DURABLE_FUNCTIONS)}) ?\{{\n(?:param ?\(.*\)\n)?")


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
        hooks = commands.Hooks(
            powershell=lambda call: self._powershell(workstation, folder, command, call), read_file=folder.read
        )
        return commands.start(workstation, command, hooks)

    def has_runspace(self, workstation: Workstation, script: str) -> bool:
        """True but for what is started in a way of its own: our loader, Ansible's modules, anything under a fault."""
        stages = {fault.kind.stage for fault in workstation.faults.active}
        ours, stock = LOADER.strip() in script, is_bootstrap(script)
        return not (ours or stock or stages & {Stage.PROCESS, Stage.MACHINE, Stage.OUTPUT})

    async def stop(self) -> None:
        """End every process and wait until it is gone."""
        running = tuple(self._running)
        for process in running:
            process.signal(Signal.TERMINATE)
        for process in running:
            await process.gone()

    def _has_ended(self, process: RealProcess, workstation: Workstation) -> None:
        """A transaction may have told the computer to restart."""
        self._running.discard(process)
        delay_s = self._folders[workstation.name].take_restart_delay_s()
        if delay_s is not None and workstation.go_down is not None:
            workstation.go_down(delay_s, DOWN_S, True)

    def _powershell(
        self, workstation: Workstation, folder: WorkstationFolder, command: CommandLine, call: PowerShellCall
    ) -> Process:
        faults = workstation.faults
        refused = output_faults.instead(faults)
        if refused is not None:
            return AnswerProcess(lambda _: refused)
        booted = datetime.fromtimestamp(workstation.boot_time, tz=UTC)
        environment = folder.environment() | dict(command.environment)
        environment["IEA_LAB_BOOTED"] = f"{booted:%Y-%m-%dT%H:%M:%SZ}"
        script = call.script or ""
        ours, stock = LOADER.strip() in script, is_bootstrap(script)
        # One that serves a shell stays as long as that does: it waits for nobody, and takes what the shell takes.
        serves = call.argv == relay.ARGUMENTS
        arguments = (str(folder.pwsh), *(_encoded(_prelude() + script) if ours else call.argv))

        def run() -> RealProcess:
            process = RealProcess(
                arguments,
                environment,
                folder.home,
                None if serves else self._slots,
                input_bound_bytes=None if serves else INPUT_BOUND_BYTES,
                ended=lambda: self._has_ended(process, workstation),
            )
            self._running.add(process)
            return process

        trouble = output_faults.disk_trouble(faults) if ours else output_faults.DiskTrouble()
        garbled = any(fault.kind.stage is Stage.OUTPUT for fault in faults.active)
        if not (stock or trouble.cut_step or garbled):
            return run()

        async def run_whole(standard_input: bytes) -> Answer:
            if stock:
                standard_input = amended(standard_input)
            if trouble.cut_step:
                standard_input = with_cut(standard_input, trouble.cut_step)
            return output_faults.printed(faults, await _whole(run(), standard_input))

        reads_input = ours or stock or call.from_input
        return AnswerProcess(run_whole, reads_input=reads_input, input_bound=INPUT_BOUND_BYTES)


def with_cut(standard_input: bytes, step: int) -> bytes:
    """What goes to our loader, changed so that the process ends right before a durable step of the script.

    Args:
        standard_input: the request's line, then the script as it is sent: comments stripped, a statement a line.
        step: which durable step, from 1.
    """
    request, _, script = standard_input.decode("ascii", "replace").partition("\n")
    cut = f"if (++$global:LabStep -eq {step}) {{ [Diagnostics.Process]::GetCurrentProcess().Kill() }}\n"
    script = _DURABLE.sub(lambda head: head[0] + cut, script)
    return f"{request}\n{script}".encode("ascii", "replace")


async def _whole(process: RealProcess, standard_input: bytes) -> Answer:
    await process.feed(standard_input, True)
    streams = {"stdout": b"", "stderr": b""}
    try:
        while process.output.exit_code is None or not process.output.empty:
            await process.output.wait_for_news(60.0)
            for name, data in process.output.take(1 << 20):
                streams[name] += data
    finally:
        # Whoever waited may have been told to stop; one that has ended takes no notice.
        process.signal(Signal.TERMINATE)
    return Answer(streams["stdout"], streams["stderr"], process.output.exit_code)


def _encoded(script: str) -> tuple[str, ...]:
    encoded = base64.b64encode(script.encode("utf-16-le")).decode("ascii")
    return ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


@cache
def _prelude() -> str:
    return Path(__file__).with_name("prelude.ps1").read_text(encoding="ascii") + "\n"
