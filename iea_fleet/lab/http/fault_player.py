"""Plays the transport faults that concern a request or its answer; those of listeners are the endpoint's."""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
import zlib
from functools import lru_cache
from typing import Final

from iea_fleet.lab.faults.active import ActiveFault
from iea_fleet.lab.faults.kinds import Stage
from iea_fleet.lab.http.response import Response
from iea_fleet.lab.http.system_page import NOT_FOUND, UNAVAILABLE, system_page
from iea_fleet.lab.workstation import Workstation
from iea_fleet.lab.wsman import faults
from iea_fleet.lab.wsman import namespaces as ns
from iea_fleet.lab.wsman.body import operation_timeout_s, render_receive
from iea_fleet.lab.wsman.dispatch import Verdict
from iea_fleet.lab.wsman.envelope import Request, attribute
from iea_fleet.lab.wsman.fault import WsmanFault

_HTML: Final = [("Content-Type", "text/html")]
_XML_BOMB: Final = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "laughter">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + f']><s:Envelope xmlns:s="{ns.SOAP}"><s:Body>&a9;</s:Body></s:Envelope>'
).encode()


class Cut(Exception):
    """The connection ends here: `reset` True: by RST, False: it stays open and silent."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "stall")
        self.reset = reset


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def other_service(fault: ActiveFault) -> Response:
    """The answer of what is not WinRM, or not yet."""
    kind = fault.text("kind")
    if kind == "unavailable":
        return system_page(UNAVAILABLE)
    if kind == "html":
        return Response(200, b"<!DOCTYPE html><title>Welcome to nginx!</title>", list(_HTML), server="nginx/1.24.0")
    if kind == "bad_gateway":
        return Response(502, b"<html><title>502 Bad Gateway</title></html>", list(_HTML), server="squid/6.6")
    return system_page(NOT_FOUND)


async def judge(workstation: Workstation, request: Request) -> Verdict | None:
    """What the workstation does with a request instead of carrying it out; None: it carries it out."""
    fault = workstation.faults.strike(Stage.JUDGE, request.action_name)
    if fault is None:
        return None
    name = fault.kind.name
    if name == "silent_receive":
        await asyncio.sleep(operation_timeout_s(request))
        return Verdict(faults.timed_out())
    if name == "late":
        delay_s = fault.number("delay_s") or operation_timeout_s(request)
        return Verdict(faults.timed_out(), act_first=True, delay_s=delay_s)
    if name == "slow":
        await asyncio.sleep(fault.number("delay_s"))
        return None
    if name == "shells_forgotten":
        workstation.forget_shells()
        return None
    if name == "service_stops":
        workstation.forget_shells()
        _go_down(workstation, 0.0, fault.number("down_s"), new_boot=False)
        return Verdict(faults.aborted())
    if name == "restart":
        _go_down(workstation, fault.number("up_s"), fault.number("down_s"), new_boot=bool(fault.parameters["new_boot"]))
        return None
    if name in {"receive_never_ends", "endless_output"}:
        return Verdict(envelope=await _running(request, fault))
    return Verdict(_SIMPLE[name](request))


def _go_down(workstation: Workstation, up_s: float, down_s: float, *, new_boot: bool) -> None:
    if workstation.go_down is not None:
        workstation.go_down(up_s, down_s, new_boot)


async def _running(request: Request, fault: ActiveFault) -> bytes:
    """A Receive's answer that says Running, with nothing or with a load of output."""
    desired = None if request.body is None else request.body.find(f"{{{ns.SHELL}}}DesiredStream")
    command = f'CommandId="{attribute("" if desired is None else desired.get("CommandId", ""))}"'
    stream = ""
    if fault.kind.name == "endless_output":
        output = base64.b64encode(b"A" * int(fault.number("kilobytes") * 1024)).decode()
        stream = f'<rsp:Stream Name="stdout" {command}>{output}</rsp:Stream>'
    else:
        await asyncio.sleep(fault.number("delay_s"))
    state = f'<rsp:CommandState {command} State="{ns.SHELL}/CommandState/Running"></rsp:CommandState>'
    return render_receive(request.message_id, stream + state)


def _access_denied(request: Request) -> WsmanFault:
    if request.action == ns.CREATE:
        return faults.access_denied()
    return faults.internal_error(0x80070005, "Access is denied. ")


_SIMPLE: Final = {
    "busy": lambda _: faults.internal_error(170, "The requested resource is in use. "),
    "input_timeout": lambda _: faults.internal_error(
        1460, "This operation returned because the timeout period expired. "
    ),
    "profile_unloading": lambda _: faults.internal_error(
        1018, "Illegal operation attempted on a registry key that has been marked for deletion. ", provider=False
    ),
    "access_denied": _access_denied,
}


def spoil_plain(response: Response, fault: ActiveFault) -> None:
    """Change an answer before it is encrypted."""
    if fault.kind.name == "xml_bomb":
        response.body = _XML_BOMB


def spoil_framed(response: Response, fault: ActiveFault) -> None:
    """Change an answer after it was encrypted."""
    if fault.kind.name == "gzip_bomb":
        response.body = _zeros(int(fault.number("megabytes")))
        response.headers.append(("Content-Encoding", "gzip"))
    elif fault.kind.name == "trickle":
        response.bytes_per_s = max(0.01, fault.number("bytes_per_s"))
    elif fault.kind.name == "huge_headers":
        response.headers += [(f"X-Filler-{n}", "x" * 1000) for n in range(int(fault.number("kilobytes")))]


@lru_cache(maxsize=4)
def _zeros(megabytes: int) -> bytes:
    """A gzip of that many megabytes of zeros: one member of a megabyte, repeated, as RFC 1952 2.2 allows."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return (packer.compress(bytes(1 << 20)) + packer.flush()) * megabytes
