"""Answers one WS-Management request for one workstation ([MS-WSMV] 3.1.4): the service behind the HTTP layer."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from iea_fleet.lab.engine import CommandLine, Engine, EngineRefused, Signal
from iea_fleet.lab.psrp.service import carry_out, is_configuration, open_runspace
from iea_fleet.lab.wsman import faults, listing
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
from iea_fleet.lab.wsman.envelope import (
    EnvelopeRefused,
    Request,
    attribute,
    new_id,
    parse_duration_s,
    parse_request,
    render_envelope,
    text_of,
)
from iea_fleet.lab.wsman.faults import WsmanFault
from iea_fleet.lab.wsman.namespaces import qualified
from iea_fleet.lab.wsman.shells import (
    Command,
    Shell,
    check_command_quota,
    close_shell,
    find_command,
    find_shell,
    open_shell,
)

if TYPE_CHECKING:
    from iea_fleet.lab.workstation import Workstation

# Least MaxEnvelopeSize that the service accepts, DSP0226 6.2.
MIN_ENVELOPE_BYTES: Final = 8192
# The cmd plugin reads a process's pipe in pieces of this size.
_STREAM_PIECE_BYTES: Final = 32_768

_SIGNALS: Final = {
    "terminate": Signal.TERMINATE,
    "ctrl_c": Signal.CTRL_C,
    "ctrl_break": Signal.CTRL_BREAK,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the logged-on user as Windows names the owner, his address, the URL that he used; None: anonymous.

    `delegated`: his client handed on what he needs for other machines (CredSSP, a forwarded Kerberos ticket).
    """

    user: str | None
    client_ip: str
    url: str
    machine: str
    delegated: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: HTTP status (200 or 500), envelope, and the short name of the action that was asked."""

    status: int
    envelope: bytes
    action_name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered instead of the truth: a fault, or an envelope.

    `act_first`: the request is carried out all the same, and `delay_s` seconds pass before the fault is sent.
    """

    fault: WsmanFault | None = None
    envelope: bytes = b""
    act_first: bool = False
    delay_s: float = 0.0


Judge = Callable[[Request], Awaitable[Verdict | None]]


async def answer(workstation: Workstation, engine: Engine, caller: Caller, document: bytes, judge: Judge) -> Reply:
    """Answer one SOAP document; never raises for what a client sent, only what `judge` raises.

    Args:
        workstation: who is asked.
        engine: what starts commands on it.
        caller: who asks.
        document: the envelope in UTF-8.
        judge: asked with the parsed request before it is carried out; None from it: the truth is answered.
    """
    try:
        request = parse_request(document)
    except EnvelopeRefused as refused:
        return Reply(500, faults.invalid_xml(str(refused)).render(caller.machine, ""), "other")
    name = request.action_name
    workstation.stats.actions[name] = workstation.stats.actions.get(name, 0) + 1
    workstation.stats.last_action, workstation.stats.last_at = name, time.monotonic()
    try:
        verdict = await judge(request)
        if verdict is not None:
            if verdict.act_first:
                await _carry_out(workstation, engine, caller, request)
                await asyncio.sleep(verdict.delay_s)
            if verdict.fault is not None:
                raise verdict.fault
            return Reply(200, verdict.envelope, name)
        _check_headers(request)
        if name == "identify":
            return Reply(200, listing.identify(workstation, authenticated=caller.user is not None), name)
        return Reply(200, await _carry_out(workstation, engine, caller, request), name)
    except WsmanFault as fault:
        return Reply(500, fault.render(caller.machine, request.message_id), name)


def _check_headers(request: Request) -> None:
    if request.not_understood:
        raise faults.not_understood(request.not_understood[0])
    if request.faulty_header is not None:
        raise faults.invalid_header(request.faulty_header)
    if request.action_name == "identify":
        return
    for header, value in (("Action", request.action), ("MessageID", request.message_id)):
        if not value:
            raise faults.missing_header(header)
    if request.max_envelope_bytes is not None and request.max_envelope_bytes < MIN_ENVELOPE_BYTES:
        raise faults.envelope_too_small(MIN_ENVELOPE_BYTES)


async def _carry_out(workstation: Workstation, engine: Engine, caller: Caller, request: Request) -> bytes:
    if request.action not in ns.ACTION_NAMES:
        raise faults.action_not_supported(request.action)
    if not request.resource_uri:
        raise faults.missing_resource_uri()
    if caller.user is None:
        raise faults.access_denied()
    if request.action in {ns.GET, ns.ENUMERATE, ns.PULL, ns.RELEASE}:
        return listing.answer(workstation, caller.user, request)
    if request.resource_uri != ns.CMD_RESOURCE and not is_configuration(request.resource_uri):
        raise faults.resource_not_found(request.resource_uri)
    if request.action == ns.CREATE:
        return await _create(workstation, engine, caller, request)
    shell = find_shell(workstation, request.selectors.get("ShellId", ""), caller.user)
    if request.action == ns.DELETE:
        close_shell(workstation, shell)
        return render_envelope(f"{ns.TRANSFER}/DeleteResponse", request.message_id, "", "s a w p")
    if not shell.connected and request.action not in {ns.CONNECT, ns.RECONNECT}:
        raise faults.shell_disconnected()
    if shell.runspace is not None:
        return await carry_out(workstation, shell, shell.runspace, request)
    if request.action == ns.COMMAND:
        return _command(workstation, engine, shell, request)
    if request.action == ns.SEND:
        return await _send(shell, request)
    if request.action == ns.RECEIVE:
        return await _receive(workstation, shell, request)
    if request.action == ns.SIGNAL:
        return _signal(shell, request)
    raise faults.unsupported_feature(f"{request.action_name} of a text shell")


def _duration(text: str | None, what: str) -> float | None:
    if not text:
        return None
    seconds = parse_duration_s(text)
    if seconds is None:
        raise faults.schema_validation_error(f"{what} is no duration.")
    return seconds


async def _create(workstation: Workstation, engine: Engine, caller: Caller, request: Request) -> bytes:
    body = find_body(request, "Shell")
    quotas = workstation.quotas
    codepage = request.options.get("WINRS_CODEPAGE", "").strip()
    environment = body.find(qualified(ns.SHELL, "Environment"))
    idle_s = _duration(text_of(body, "IdleTimeOut"), "IdleTimeOut")
    shell = Shell(
        shell_id=(body.get("ShellId") or text_of(body, "ShellId") or new_id()).strip(),
        owner=caller.user or "",
        delegated=caller.delegated,
        client_ip=caller.client_ip,
        resource_uri=request.resource_uri,
        input_streams=(text_of(body, "InputStreams") or "stdin").strip(),
        output_streams=(text_of(body, "OutputStreams") or "stdout stderr").strip(),
        environment={
            variable.get("Name", ""): variable.text or ""
            for variable in (environment if environment is not None else ())
        },
        working_directory=(text_of(body, "WorkingDirectory") or "").strip() or None,
        idle_timeout_s=min(idle_s, quotas.idle_timeout_s) if idle_s else quotas.idle_timeout_s,
        lifetime_s=_duration(text_of(body, "Lifetime") or text_of(body, "LifeTime"), "Lifetime"),
        name=(body.get("Name") or "").strip() or None,
        codepage=int(codepage)
        if codepage.isascii() and codepage.isdecimal() and len(codepage) < 6
        else workstation.description.codepage,
        no_profile=request.options.get("WINRS_NOPROFILE", "").strip().lower() in {"true", "1"},
        locale=request.locale,
        data_locale=request.data_locale,
    )
    check_id(shell.shell_id)
    if request.resource_uri != ns.CMD_RESOURCE:
        shell.runspace = await open_runspace(workstation, engine, shell, request, body)
    elif not set(shell.output_streams.split()) <= {"stdout", "stderr"} or shell.input_streams != "stdin":
        raise faults.schema_validation_error("A text shell has the streams stdin, stdout and stderr.")
    open_shell(workstation, shell)
    created = (
        f"<x:ResourceCreated><a:Address>{escape(caller.url)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{request.resource_uri}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{escape(shell.shell_id)}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
        f"</x:ResourceCreated>{shell.render(created=True)}"
    )
    return render_envelope(f"{ns.TRANSFER}/CreateResponse", request.message_id, created)


def _command(workstation: Workstation, engine: Engine, shell: Shell, request: Request) -> bytes:
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


async def _send(shell: Shell, request: Request) -> bytes:
    for stream in find_body(request, "Send").findall(qualified(ns.SHELL, "Stream")):
        command = find_command(shell, stream.get("CommandId"))
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


async def _receive(workstation: Workstation, shell: Shell, request: Request) -> bytes:
    desired = find_body(request, "Receive").find(qualified(ns.SHELL, "DesiredStream"))
    if desired is None:
        raise faults.schema_validation_error("rsp:Receive needs an rsp:DesiredStream.")
    if desired.get("CommandId") is None:
        raise faults.no_command_named()
    command = find_command(shell, desired.get("CommandId"))
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


def _signal(shell: Shell, request: Request) -> bytes:
    body = find_body(request, "Signal")
    code = (text_of(body, "Code") or "").strip()
    command = find_command(shell, body.get("CommandId"))
    # Both spellings are in use: `.../shell/signal/terminate` of [MS-WSMV] and `powershell/signal/...` of [MS-PSRP].
    kind = _SIGNALS.get(code.rsplit("/", 1)[-1]) if "/signal/" in code else None
    if kind is None:
        raise faults.schema_validation_error(f"The signal {code} is not known.")
    if not command.ended:
        command.process.signal(kind)
    if kind is Signal.TERMINATE or command.ended:
        shell.commands.pop(command.command_id, None)
    return render_envelope(f"{ns.SHELL}/SignalResponse", request.message_id, "<rsp:SignalResponse/>")
