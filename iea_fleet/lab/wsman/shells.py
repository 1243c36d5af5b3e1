"""The shells of one workstation: opened, found, watched over, closed; their quotas ([MS-WSMV] 3.1.4.5)."""

from __future__ import annotations

import asyncio
import time

from iea_fleet.lab.workstation import Shell, Workstation
from iea_fleet.lab.wsman import faults


def open_shell(workstation: Workstation, shell: Shell) -> None:
    """Add `shell` to the workstation and watch over its idle time and its life.

    Raises: WsmanFault when the user's quota is used up or the id is taken.
    """
    quota = workstation.quotas.max_shells_per_user
    if sum(1 for other in workstation.shells.values() if other.owner == shell.owner) >= quota:
        raise faults.too_many_shells(quota)
    if shell.shell_id in workstation.shells:
        raise faults.already_exists()
    workstation.shells[shell.shell_id] = shell
    _watch(workstation, shell)


def _watch(workstation: Workstation, shell: Shell) -> None:
    """Close the shell when it was idle for too long or its life is over; else look again when that could be."""
    if workstation.shells.get(shell.shell_id) is not shell:
        return
    now = time.monotonic()
    remaining = shell.used_at + shell.idle_timeout_s - now
    if shell.lifetime_s is not None:
        remaining = min(remaining, shell.created_at + shell.lifetime_s - now)
    if remaining <= 0:
        close_shell(workstation, shell)
    else:
        # A weak watch: the timer knows the shell only by the workstation's table, and a closed lab drops it.
        asyncio.get_running_loop().call_later(min(remaining, 86_400.0), _watch, workstation, shell)


def close_shell(workstation: Workstation, shell: Shell) -> None:
    """Take the shell from the workstation and end what runs in it."""
    workstation.shells.pop(shell.shell_id, None)
    shell.close()


def find_shell(workstation: Workstation, shell_id: str, user: str) -> Shell:
    """The user's shell of that id, marked as used now.

    Raises: WsmanFault (InvalidSelectors) when there is none or it is another user's.
    """
    shell = workstation.shells.get(shell_id)
    if shell is None or shell.owner != user:
        raise faults.shell_not_found(shell_id)
    shell.used_at = time.monotonic()
    return shell


def check_command_quota(workstation: Workstation, shell: Shell) -> None:
    """Raises: WsmanFault when the user or the shell may not have another command."""
    quotas = workstation.quotas
    used = sum(other.commands_started for other in workstation.shells.values() if other.owner == shell.owner)
    if used >= quotas.max_operations_per_user:
        raise faults.too_many_operations(quotas.max_operations_per_user)
    if shell.commands_started >= quotas.max_commands_per_shell:
        raise faults.too_many_commands(quotas.max_commands_per_shell)
