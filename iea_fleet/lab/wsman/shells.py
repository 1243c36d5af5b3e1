"""Shells and commands of one workstation: their life, their quotas, their streams ([MS-WSMV] 3.1.4.5 and 3.1.4.10)."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from iea_fleet.lab.engine import Process, Signal
from iea_fleet.lab.wsman import faults
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.envelope import attribute

if TYPE_CHECKING:
    from iea_fleet.lab.psrp.runspace import Runspace
    from iea_fleet.lab.workstation import Workstation


@dataclass(slots=True)
class Command:
    """One command of a shell; `ended`: its Done was sent, so that it exists for nobody but a last Signal."""

    command_id: str
    process: Process
    line: str
    sending: bool = False
    input_ended: bool = False
    ended: bool = False


@dataclass(slots=True)
class Shell:
    """One shell: a text shell, or with a `runspace` a shell of PowerShell, which its client may leave (`connected`).

    `idle_timeout_s` and `lifetime_s` (None: no limit) in seconds; `commands_started` counts towards the quota of
    operations until the shell is deleted, for a Signal does not give an operation back ([MS-WSMV] note 118).
    `delegated`: the logon that created it can go on to other machines; so can all that runs in the shell.
    """

    shell_id: str
    owner: str
    client_ip: str
    resource_uri: str
    input_streams: str
    output_streams: str
    environment: Mapping[str, str]
    working_directory: str | None
    idle_timeout_s: float
    lifetime_s: float | None
    name: str | None
    codepage: int
    no_profile: bool
    locale: str = "en-US"
    data_locale: str = "en-US"
    created_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    commands: dict[str, Command] = field(default_factory=dict)
    commands_started: int = 0
    connected: bool = True
    process_id: int = field(default_factory=lambda: 1000 + 4 * secrets.randbelow(4000))
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    runspace: Runspace | None = None
    delegated: bool = False

    def close(self) -> None:
        """End everything that runs in the shell."""
        for command in self.commands.values():
            command.process.signal(Signal.TERMINATE)
        self.commands.clear()
        self.closed.set()
        if self.runspace is not None:
            self.runspace.close()

    def list_commands(self) -> list[tuple[str, str, bool]]:
        """Id, command line ("" for a pipeline, as Windows tells none) and whether the end was told, of each command."""
        if self.runspace is not None:
            return [(str(key).upper(), "", one.told) for key, one in self.runspace.pipelines.items()]
        return [(one.command_id, one.line, one.ended) for one in self.commands.values()]

    def render(self, *, created: bool = False) -> str:
        """The shell as an `rsp:Shell` element, children in Windows' order; `created`: in the answer to its Create."""
        now = time.monotonic()
        # Windows leaves backslashes out of the names (not the values) that it repeats here.
        environment = "".join(
            f'<rsp:Variable Name="{attribute(name.replace(chr(92), ""))}">{attribute(value)}</rsp:Variable>'
            for name, value in self.environment.items()
        )
        parts = [
            f"<rsp:ShellId>{escape(self.shell_id)}</rsp:ShellId>",
            f"<rsp:Name>{escape(self.name)}</rsp:Name>" if self.name else "",
            f"<rsp:ResourceUri>{escape(self.resource_uri)}</rsp:ResourceUri>",
            f"<rsp:Owner>{escape(self.owner)}</rsp:Owner>",
            f"<rsp:ClientIP>{escape(self.client_ip)}</rsp:ClientIP>",
            f"<rsp:ProcessId>{self.process_id}</rsp:ProcessId>" if self.runspace is not None else "",
            f"<rsp:WorkingDirectory>{escape(self.working_directory)}</rsp:WorkingDirectory>"
            if self.working_directory
            else "",
            f"<rsp:Environment>{environment}</rsp:Environment>" if environment else "",
            f"<rsp:IdleTimeOut>PT{self.idle_timeout_s:.3f}S</rsp:IdleTimeOut>",
            f"<rsp:InputStreams>{escape(self.input_streams)}</rsp:InputStreams>",
            f"<rsp:OutputStreams>{escape(self.output_streams)}</rsp:OutputStreams>",
            self._render_session() if self.runspace is not None else "",
            f"<rsp:ShellRunTime>{_age(now - self.created_at)}</rsp:ShellRunTime>",
            f"<rsp:ShellInactivity>{_age(now - self.used_at)}</rsp:ShellInactivity>",
        ]
        if self.runspace is not None and not created:
            parts.append("<rsp:MemoryUsed>52MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>")
        return f'<rsp:Shell xmlns:rsp="{ns.SHELL}">{"".join(parts)}</rsp:Shell>'

    def _render_session(self) -> str:
        return (
            f"<rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>{self.locale}</rsp:Locale>"
            f"<rsp:DataLocale>{self.data_locale}</rsp:DataLocale><rsp:CompressionMode>NoCompression"
            f"</rsp:CompressionMode><rsp:ProfileLoaded>{'No' if self.no_profile else 'Yes'}</rsp:ProfileLoaded>"
            f"<rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode>"
            f"<rsp:State>{'Connected' if self.connected else 'Disconnected'}</rsp:State>"
        )


def _age(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"P{days}DT{hour}H{minute}M{second}S"


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


def find_command(shell: Shell, command_id: str | None) -> Command:
    """The shell's command of that id.

    Raises: WsmanFault (InvalidSelectors) when there is none.
    """
    command = shell.commands.get(command_id or "")
    if command is None:
        raise faults.command_not_found()
    return command
