"""Carries PSRP in a shell of WS-Management: what a shell of a PowerShell configuration answers ([MS-WSMV] 3.1.4)."""

from __future__ import annotations

import asyncio
import base64
import re
import uuid
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from iea_fleet.lab.engine.processes import CommandLine, Engine, EngineRefused, Process
from iea_fleet.lab.psrp.fragments import PsrpRefused, awaits_response
from iea_fleet.lab.psrp.pipeline import Pipeline
from iea_fleet.lab.psrp.runspace import Runspace
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
from iea_fleet.lab.wsman.envelope import (
    Request,
    attribute,
    new_id,
    parse_duration_s,
    render_envelope,
    text_of,
)
from iea_fleet.lab.wsman.fault import WsmanFault
from iea_fleet.lab.wsman.namespaces import qualified
from iea_fleet.lab.wsman.shells import check_command_quota, close_shell

_POWERSHELL: Final = "http://schemas.microsoft.com/powershell"
_CONFIGURATION: Final = re.compile(re.escape(_POWERSHELL) + r"/[A-Za-z0-9._-]{1,256}", re.IGNORECASE)
_PROTOCOL_VERSION: Final = re.compile(r"2\.\d{1,4}")
_STOP: Final = re.compile(r"powershell/signal/(crtl_c|ctrl_c)", re.IGNORECASE)
_INPUT_STREAMS: Final = frozenset({"stdin", "pr"})


@dataclass(slots=True, kw_only=True)
class RunspaceShell(Shell):
    """A shell of PowerShell with its runspace pool; its client may leave it."""

    runspace: Runspace

    def _end(self) -> None:
        self.runspace.close()

    def list_commands(self) -> list[tuple[str, str, bool]]:
        """See `Shell.list_commands`; Windows tells no command line of a pipeline."""
        return [(str(key).upper(), "", one.told) for key, one in self.runspace.pipelines.items()]


def is_configuration(resource_uri: str) -> bool:
    """Whether a resource is a PowerShell session configuration, of whatever name."""
    return _CONFIGURATION.fullmatch(resource_uri) is not None


async def open_runspace(
    workstation: Workstation, engine: Engine, user: str, delegated: bool, request: Request, body: ElementTree.Element
) -> Runspace:
    """The runspace pool of a Create, opened by the messages in its creationXml.

    Args:
        workstation: where it is.
        engine: what starts its PowerShell.
        user: who asks.
        delegated: whether his logon can go on to other machines.
        request: the Create.
        body: its rsp:Shell.


    Raises: WsmanFault.
    """
    if _PROTOCOL_VERSION.fullmatch(request.options.get("protocolversion", "").strip()) is None:
        raise faults.schema_validation_error("The option protocolversion must be 2.x, as 2.3 is.")
    content = body.find(qualified(_POWERSHELL, "creationXml"))
    if content is None:
        raise faults.schema_validation_error("A shell of PowerShell is created with a creationXml.")

    def start(line: CommandLine) -> Process:
        return engine.start(workstation, replace(line, delegated=delegated))

    def has_runspace(script: str) -> bool:
        return engine.has_runspace(workstation, script)

    room = answer_room(workstation, request)
    runspace = Runspace(workstation.description.build, user, start, has_runspace, room)
    try:
        await runspace.accept(decode_base64(content.text, "The creationXml"))
    except PsrpRefused as refused:
        raise _refused(refused) from refused
    return runspace


def _refused(refused: PsrpRefused) -> WsmanFault:
    """What Windows' own plugin answers to data that is not PSRP, HRESULT of a .NET exception in a provider's name."""
    return WsmanFault(
        "w:InternalError",
        0x80131501,
        f"The client sent data that is not of the PowerShell Remoting Protocol: {refused}. ",
        receiver=True,
        provider=("microsoft.powershell", r"%windir%\system32\pwrshplugin.dll"),
    )


async def carry_out(workstation: Workstation, shell: RunspaceShell, request: Request) -> bytes:
    """Answer a request to a shell that is there already, except Delete.

    Raises: WsmanFault; data that is no PSRP breaks the runspace, and its shell is closed.
    """
    try:
        if request.action == ns.COMMAND:
            return await _command(workstation, shell, request)
        if request.action == ns.SEND:
            return await _send(shell.runspace, request)
        if request.action == ns.RECEIVE:
            return await _receive(workstation, shell, request)
        if request.action == ns.SIGNAL:
            return _signal(shell.runspace, request)
        if request.action == ns.DISCONNECT:
            return _disconnect(shell, request)
        if request.action == ns.RECONNECT:
            return _reconnect(shell, request)
        if request.action == ns.CONNECT:
            return await _connect(shell, request)
    except PsrpRefused as refused:
        close_shell(workstation, shell)
        raise _refused(refused) from refused
    except EngineRefused as refused:
        raise faults.internal_error(refused.code, refused.message) from refused
    raise faults.unsupported_feature(f"{request.action_name} of a shell of PowerShell")


async def _command(workstation: Workstation, shell: RunspaceShell, request: Request) -> bytes:
    runspace = shell.runspace
    body = find_body(request, "CommandLine")
    command_id = body.get("CommandId") or new_id()
    check_id(command_id)
    pipeline_id = uuid.UUID(command_id.removeprefix("uuid:"))
    arguments = decode_base64(text_of(body, "Arguments"), "The argument")
    if not runspace.opened:
        raise faults.schema_validation_error("The runspace pool is not open.")
    if pipeline_id in runspace.pipelines:
        raise faults.already_exists()
    check_command_quota(workstation, shell)
    pipeline = runspace.add_pipeline(pipeline_id)
    try:
        await runspace.accept(arguments, pipeline)
    except EngineRefused:
        runspace.drop_pipeline(pipeline_id)
        raise
    shell.commands_started += 1
    answered = f"<rsp:CommandResponse><rsp:CommandId>{escape(command_id)}</rsp:CommandId></rsp:CommandResponse>"
    return render_envelope(f"{ns.SHELL}/CommandResponse", request.message_id, answered)


def _disconnect(shell: RunspaceShell, request: Request) -> bytes:
    """The client leaves the shell, [MS-WSMV] 3.1.4.13; pipelines go on, what they say waits."""
    body = find_body(request, "Disconnect")
    idle_s = parse_duration_s(text_of(body, "IdleTimeOut") or "")
    if idle_s:
        shell.idle_timeout_s = idle_s
    shell.connected = False
    shell.runspace.news.set()
    return render_envelope(f"{ns.SHELL}/DisconnectResponse", request.message_id, "", "s a w rsp p")


def _reconnect(shell: Shell, request: Request) -> bytes:
    """The same client is back, [MS-WSMV] 3.1.4.14; Windows does not mind when it never was away."""
    shell.connected = True
    return render_envelope(f"{ns.SHELL}/ReconnectResponse", request.message_id, "", "s a w rsp p")


async def _connect(shell: RunspaceShell, request: Request) -> bytes:
    """Another client comes to the shell, or then to one of its pipelines, [MS-WSMV] 3.1.4.15."""
    body = find_body(request, "Connect")
    content = body.find(qualified(_POWERSHELL, "connectXml"))
    told = ""
    if content is not None:
        if shell.connected:
            raise faults.not_disconnected()
        fragments = await shell.runspace.connect(decode_base64(content.text, "The connectXml"))
        shell.connected = True
        told = (
            f"<rsp:InputStreams>{escape(shell.input_streams)}</rsp:InputStreams><rsp:OutputStreams>"
            f'{escape(shell.output_streams)}</rsp:OutputStreams><pwsh:connectResponseXml xmlns:pwsh="{_POWERSHELL}">'
            f"{base64.b64encode(fragments).decode('ascii')}</pwsh:connectResponseXml>"
        )
    elif _find(shell.runspace, body.get("CommandId")) is None:
        raise faults.schema_validation_error("Connect takes a connectXml, or the id of a command.")
    elif not shell.connected:
        raise faults.shell_disconnected()
    answered = f"<rsp:ConnectResponse>{told}</rsp:ConnectResponse>"
    return render_envelope(f"{ns.SHELL}/ConnectResponse", request.message_id, answered)


def _find(runspace: Runspace, command_id: str | None) -> Pipeline | None:
    """The pipeline that a request concerns; None: it concerns the pool. Raises: WsmanFault when there is none."""
    if command_id is None:
        return None
    check_id(command_id)
    pipeline = runspace.pipelines.get(uuid.UUID(command_id.removeprefix("uuid:")))
    if pipeline is None:
        raise faults.command_not_found()
    return pipeline


async def _send(runspace: Runspace, request: Request) -> bytes:
    for stream in find_body(request, "Send").findall(qualified(ns.SHELL, "Stream")):
        pipeline = _find(runspace, stream.get("CommandId"))
        if stream.get("Name") not in _INPUT_STREAMS:
            raise faults.schema_validation_error("A shell of PowerShell takes the streams stdin and pr.")
        await runspace.accept(decode_base64(stream.text, "The stream"), pipeline)
    return render_envelope(f"{ns.SHELL}/SendResponse", request.message_id, "<rsp:SendResponse/>")


async def _receive(workstation: Workstation, shell: RunspaceShell, request: Request) -> bytes:
    runspace = shell.runspace
    desired = find_body(request, "Receive").find(qualified(ns.SHELL, "DesiredStream"))
    if desired is None:
        raise faults.schema_validation_error("rsp:Receive needs an rsp:DesiredStream.")
    command_id = desired.get("CommandId")
    pipeline = _find(runspace, command_id)
    if pipeline is not None and pipeline.told:
        raise faults.command_not_found()
    timeout_s = operation_timeout_s(request)
    if not await (_wait(runspace, timeout_s) if pipeline is None else pipeline.wait(timeout_s, GATHER_S)):
        raise faults.timed_out()
    if shell.closed.is_set():
        raise faults.aborted()
    if runspace.broken and not (runspace.fragments if pipeline is None else pipeline.fragments):
        close_shell(workstation, shell)
        raise faults.host_process_gone()
    if not shell.connected:
        raise faults.shell_disconnected()
    room = answer_room(workstation, request)
    state, whose = "", ""
    if pipeline is None:
        fragments, left = runspace.take_pool(room), bool(runspace.fragments)
    else:
        fragments, left = runspace.take(pipeline, room), bool(pipeline.fragments)
        whose = f' CommandId="{attribute(command_id or "")}"'
        pipeline.told = pipeline.ended and not left
        if fragments and not left and awaits_response(fragments[-1]):
            state = f'<rsp:CommandState{whose} State="{ns.SHELL}/CommandState/Pending"></rsp:CommandState>'
        if pipeline.told:
            # Windows tells of no other state of a pipeline: that it runs is no news.
            done = f'State="{ns.SHELL}/CommandState/Done"><rsp:ExitCode>0</rsp:ExitCode>'
            state = f"<rsp:CommandState{whose} {done}</rsp:CommandState>"
    if left and not fragments:
        raise faults.envelope_too_small(workstation.quotas.max_envelope_kb * 1024)
    streams = "".join(
        f'<rsp:Stream Name="stdout"{whose}>{base64.b64encode(fragment).decode("ascii")}</rsp:Stream>'
        for fragment in fragments
    )
    return render_receive(request.message_id, streams + state)


async def _wait(runspace: Runspace, timeout_s: float) -> bool:
    """Wait until the pool itself has something to say; False: nothing in `timeout_s` seconds."""
    if not (runspace.fragments or runspace.broken):
        runspace.news.clear()
        try:
            await asyncio.wait_for(runspace.news.wait(), timeout_s)
        except TimeoutError:
            return False
    return True


def _signal(runspace: Runspace, request: Request) -> bytes:
    body = find_body(request, "Signal")
    code = (text_of(body, "Code") or "").strip()
    pipeline = _find(runspace, body.get("CommandId"))
    if pipeline is None:
        raise faults.command_not_found()
    if _STOP.fullmatch(code):
        pipeline.stop()
        runspace.drain()
        if pipeline.told:
            runspace.drop_pipeline(pipeline.command_id)
    elif code.lower() == f"{ns.SHELL}/signal/terminate".lower():
        runspace.drop_pipeline(pipeline.command_id)
    else:
        raise faults.schema_validation_error(f"The signal {code} is not known.")
    return render_envelope(f"{ns.SHELL}/SignalResponse", request.message_id, "<rsp:SignalResponse/>")
