"""The engine `emulated`: commands of a lab workstation answered by its `Machine` in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from iea_fleet.agent import LOADER
from iea_fleet.lab.emulated import powershell
from iea_fleet.lab.emulated.disk import Cut, Ending, FullAt, Lock, Purpose
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.round import run_round
from iea_fleet.lab.engine import commands, output_faults
from iea_fleet.lab.engine.command_line import PowerShellCall
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, Process
from iea_fleet.lab.workstation import Workstation

_LOADER = LOADER.strip()
_INPUT_BOUND_BYTES = 64 << 20
DOWN_S = 3.0
"""How long a workstation is away when it restarts, in seconds; people's are slower."""


class EmulatedEngine:
    """Answers what is started on workstations.

    Args:
        machines: the state of each workstation, by its name.
    """

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self.machines = machines

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start a command; our loader waits for its input, a PowerShell of the user's answers at once."""
        machine = self.machines[workstation.name]
        hooks = commands.Hooks(lambda call: _powershell(workstation, machine, command, call), machine.disk.peek)
        return commands.start(workstation, command, hooks)

    def has_runspace(self, workstation: Workstation, script: str) -> bool:
        """There is no PowerShell that could keep one."""
        return False


def with_trouble(machine: Machine, trouble: output_faults.DiskTrouble) -> None:
    """Set the machine's switches for its next transaction, and clear those that no fault asks for."""
    disk = machine.disk
    disk.cut = Cut(trouble.cut_step, cast("Ending", trouble.cut_how)) if trouble.cut_step else None
    disk.full_at = cast("FullAt | None", trouble.full_at)
    disk.lock_all = None
    if trouble.locked_at is not None:
        disk.lock_all = Lock(cast("Purpose", trouble.locked_at), trouble.locked_code, trouble.locked_attempts or None)


def _restart_when_due(workstation: Workstation, machine: Machine) -> None:
    """Restart the computer that the transaction told to: it serves on, is away, and comes back with a new boot time."""
    due_s, machine.restart_due_s = machine.restart_due_s, None
    if due_s is None:
        return
    if machine.share is not None:
        machine.share.restarted()
    if workstation.go_down is not None:
        workstation.go_down(due_s, DOWN_S, True)


def _powershell(workstation: Workstation, machine: Machine, command: CommandLine, call: PowerShellCall) -> Process:
    faults = workstation.faults
    refused = output_faults.instead(faults)
    if refused is not None:
        return AnswerProcess(lambda _: refused)

    def play(standard_input: bytes) -> Answer:
        booted = datetime.fromtimestamp(workstation.boot_time, tz=UTC)
        machine.boot_time = max(booted, machine.boot_time or booted)
        with_trouble(machine, output_faults.disk_trouble(faults))
        if machine.share is not None:
            machine.share.delegated = command.delegated
        output = run_round(machine, standard_input)
        _restart_when_due(workstation, machine)
        return output_faults.printed(faults, output)

    def other(standard_input: bytes) -> Answer:
        script = standard_input.decode("utf-8", "replace") if call.from_input else call.script or ""
        return output_faults.printed(faults, powershell.answer(machine, script, command.codepage))

    if (call.script or "").strip() == _LOADER:
        return AnswerProcess(play, reads_input=True, input_bound=_INPUT_BOUND_BYTES)
    return AnswerProcess(other, reads_input=call.from_input)
