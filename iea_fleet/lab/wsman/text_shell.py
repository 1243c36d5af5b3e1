"""A text shell: commands with their streams and exit codes ([MS-WSMV] 3.1.4.5 and 3.1.4.10)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

from iea_fleet.lab.engine.processes import CommandLine, Engine, EngineRefused, Process, Signal
from iea_fleet.lab.workstation import Shell, Workstation
from iea_fleet.lab.wsman import faults
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.body import (
    GATHER_S,
    answer_room,
    check_id,
    decode_base64,
    find_body,
    operation_timeout_s,
    render_receive,
)
from iea_fleet.lab.wsman.envelope import Request, attribute, new_id, render_envelope, text_of
from iea_fleet.lab.wsman.namespaces import qualified
from iea_fleet.lab.wsman.shells import check_command_quota

# The cmd plugin reads a process's pipe in pieces of this size.
_STREAM_PIECE_BYTES: Final = 32_768
_SIGNALS: Final = {
    "terminate": Signal.TERMINATE,
    "ctrl_c": Signal.CTRL_C,
    "ctrl_break": Signal.CTRL_BREAK,
}


@dataclass(slots=True)
class Command:
    """One command of a shell; `ended`: its Done was sent, so that it exists for nobody but a last Signal."""

    command_id: str
    process: Process
    line: str
    sending: bool = False
    input_ended: bool = False
    ended: bool = False


@dataclass(slots=True, kw_only=True)
class TextShell(Shell):
    """A shell of cmd with its commands, by id."""

    commands: dict[str, Command] = field(default_factory=dict)

    def _end(self) -> None:
        for command in self.commands.values():
            command.process.signal(Signal.TERMINATE)
        self.commands.clear()

    def list_commands(self) -> list[tuple[str, str, bool]]:
        """See `Shell.list_commands`."""
        return [(one.command_id, one.line, one.ended) for one in self.commands.values()]


async def carry_out(workstation: Workstation, engine: Engine, shell: TextShell, request: Request) -> bytes:
    """Answer a request to a shell that is there already, except Delete. Raises: WsmanFault."""
    if request.action == ns.COMMAND:
        return _command(workstation, engine, shell, request)
    if request.action == ns.SEND:
        return await _send(shell, request)
    if request.action == ns.RECEIVE:
        return await _receive(workstation, shell, request)
    if request.action == ns.SIGNAL:
        return _signal(shell, request)
    raise faults.unsupported_feature(f"{request.action_name} of a text shell")


def _find(shell: TextShell, command_id: str | None) -> Command:
    """The shell's command of that id. Raises: WsmanFault (InvalidSelectors) when there is none."""
    command = shell.commands.get(command_id or "")
    if command is None:
        raise faults.command_not_found()
    return command


def _command(workstation: Workstation, engine: Engine, shell: TextShell, request: Request) -> bytes:
    body = find_body(request, "CommandLine")
    command = text_of(body, "Command")
    if not command:
        raise faults.schema_validation_error("rsp:CommandLine needs an rsp:Command.")
    command_id = body.get("CommandId") or new_id()
    check_id(command_id)
    if command_id in shell.commands:
        raise faults.already_exists()
    check_command_quota(workstation, shell)

    def option(name: str, default: str) -> bool:
        return request.options.get(name, default).strip().lower() in {"true", "1"}

    line = CommandLine(
        command=command,
        arguments=tuple(argument.text or "" for argument in body.findall(qualified(ns.SHELL, "Arguments"))),
        skip_cmd_shell=option("WINRS_SKIP_CMD_SHELL", "false"),
        environment=shell.environment,
        working_directory=shell.working_directory,
        console_mode_stdin=option("WINRS_CONSOLEMODE_STDIN", "true"),
        codepage=shell.codepage,
        user=shell.owner,
        delegated=shell.delegated,
    )
    try:
        process = engine.start(workstation, line)
    except EngineRefused as refused:
        raise faults.internal_error(refused.code, refused.message) from refused
    shell.commands[command_id] = Command(command_id, process, line.text)
    shell.commands_started += 1
    answered = f"<rsp:CommandResponse><rsp:CommandId>{escape(command_id)}</rsp:CommandId></rsp:CommandResponse>"
    return render_envelope(f"{ns.SHELL}/CommandResponse", request.message_id, answered)


async def _send(shell: TextShell, request: Request) -> bytes:
    for stream in find_body(request, "Send").findall(qualified(ns.SHELL, "Stream")):
        command = _find(shell, stream.get("CommandId"))
        if stream.get("Name") != "stdin":
            raise faults.schema_validation_error("A text shell takes the stream stdin only.")
        data = decode_base64(stream.text, "The stream")
        if command.sending:
            raise faults.internal_error(170, "The requested resource is in use. ")
        if command.process.output.exit_code is not None or command.input_ended:
            raise faults.internal_error(109, "The pipe has been ended. ")
        command.sending = True
        try:
            command.input_ended = (stream.get("End") or "").strip().lower() in {"true", "1"}
            await command.process.feed(data, command.input_ended)
        finally:
            command.sending = False
    return render_envelope(f"{ns.SHELL}/SendResponse", request.message_id, "<rsp:SendResponse/>")


async def _receive(workstation: Workstation, shell: TextShell, request: Request) -> bytes:
    desired = find_body(request, "Receive").find(qualified(ns.SHELL, "DesiredStream"))
    if desired is None:
        raise faults.schema_validation_error("rsp:Receive needs an rsp:DesiredStream.")
    if desired.get("CommandId") is None:
        raise faults.no_command_named()
    command = _find(shell, desired.get("CommandId"))
    wanted = (desired.text or shell.output_streams).split()
    if command.ended:
        raise faults.command_not_found()
    output = command.process.output
    if not await output.wait_for_news(operation_timeout_s(request)):
        raise faults.timed_out()
    await output.wait_for_exit(GATHER_S)
    if shell.closed.is_set():
        raise faults.aborted()
    attributes = f'CommandId="{attribute(command.command_id)}"'
    streams = []
    room = answer_room(workstation, request)
    while room > 200 and not output.empty:
        for name, piece in output.take(min(_STREAM_PIECE_BYTES, (room - 150) * 3 // 4)):
            if name in wanted:
                text = base64.b64encode(piece).decode()
                streams.append(f'<rsp:Stream Name="{name}" {attributes}>{text}</rsp:Stream>')
                room -= len(streams[-1])
    if output.empty and output.exit_code is not None:
        streams += [f'<rsp:Stream Name="{name}" {attributes} End="true"></rsp:Stream>' for name in wanted]
        command.ended = True
        state = f'State="{ns.SHELL}/CommandState/Done"><rsp:ExitCode>{output.exit_code}</rsp:ExitCode>'
    else:
        state = f'State="{ns.SHELL}/CommandState/Running">'
    return render_receive(
        request.message_id, f"{''.join(streams)}<rsp:CommandState {attributes} {state}</rsp:CommandState>"
    )


def _signal(shell: TextShell, request: Request) -> bytes:
    body = find_body(request, "Signal")
    code = (text_of(body, "Code") or "").strip()
    command = _find(shell, body.get("CommandId"))
    # Both spellings are in use: `.../shell/signal/terminate` of [MS-WSMV] and `powershell/signal/...` of [MS-PSRP].
    kind = _SIGNALS.get(code.rsplit("/", 1)[-1]) if "/signal/" in code else None
    if kind is None:
        raise faults.schema_validation_error(f"The signal {code} is not known.")
    if not command.ended:
        command.process.signal(kind)
    if kind is Signal.TERMINATE or command.ended:
        shell.commands.pop(command.command_id, None)
    return render_envelope(f"{ns.SHELL}/SignalResponse", request.message_id, "<rsp:SignalResponse/>")
