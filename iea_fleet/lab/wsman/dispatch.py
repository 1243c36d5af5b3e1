"""Answers one WS-Management request for one workstation ([MS-WSMV] 3.1.4): the service behind the HTTP layer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from xml.sax.saxutils import escape

from iea_fleet.lab.engine.processes import Engine
from iea_fleet.lab.workstation import Shell, Workstation
from iea_fleet.lab.wsman import faults, listing, runspace_shell, text_shell
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.body import check_id, find_body
from iea_fleet.lab.wsman.envelope import (
    EnvelopeRefused,
    Request,
    new_id,
    parse_duration_s,
    parse_request,
    render_envelope,
    text_of,
)
from iea_fleet.lab.wsman.fault import WsmanFault
from iea_fleet.lab.wsman.namespaces import qualified
from iea_fleet.lab.wsman.runspace_shell import RunspaceShell, is_configuration, open_runspace
from iea_fleet.lab.wsman.shells import close_shell, find_shell, open_shell
from iea_fleet.lab.wsman.text_shell import TextShell

# Least MaxEnvelopeSize that the service accepts, DSP0226 6.2.
MIN_ENVELOPE_BYTES: Final = 8192


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
    if isinstance(shell, RunspaceShell):
        return await runspace_shell.carry_out(workstation, shell, request)
    if isinstance(shell, TextShell):
        return await text_shell.carry_out(workstation, engine, shell, request)
    raise TypeError(type(shell))


def _duration(text: str | None, what: str) -> float | None:
    if not text:
        return None
    seconds = parse_duration_s(text)
    if seconds is None:
        raise faults.schema_validation_error(f"{what} is no duration.")
    return seconds


async def _create(workstation: Workstation, engine: Engine, caller: Caller, request: Request) -> bytes:
    body = find_body(request, "Shell")
    shell_id = (body.get("ShellId") or text_of(body, "ShellId") or new_id()).strip()
    check_id(shell_id)
    user, quotas = caller.user or "", workstation.quotas
    codepage = request.options.get("WINRS_CODEPAGE", "").strip()
    environment = body.find(qualified(ns.SHELL, "Environment"))
    idle_s = _duration(text_of(body, "IdleTimeOut"), "IdleTimeOut")
    kind: Callable[..., Shell] = TextShell
    if request.resource_uri != ns.CMD_RESOURCE:
        runspace = await open_runspace(workstation, engine, user, caller.delegated, request, body)
        kind = partial(RunspaceShell, runspace=runspace)
    shell = kind(
        shell_id=shell_id,
        owner=user,
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
        delegated=caller.delegated,
    )
    streams = set(shell.output_streams.split())
    if isinstance(shell, TextShell) and not (streams <= {"stdout", "stderr"} and shell.input_streams == "stdin"):
        raise faults.schema_validation_error("A text shell has the streams stdin, stdout and stderr.")
    open_shell(workstation, shell)
    created = (
        f"<x:ResourceCreated><a:Address>{escape(caller.url)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{request.resource_uri}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{escape(shell.shell_id)}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
        f"</x:ResourceCreated>{listing.render_shell(shell, created=True)}"
    )
    return render_envelope(f"{ns.TRANSFER}/CreateResponse", request.message_id, created)
