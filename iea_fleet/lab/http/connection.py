"""One HTTP connection to a workstation: h11 reads and frames, this module decides ([MS-WSMV] 3.1.4.1, RFC 9112)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11

from iea_fleet.lab.engine.processes import Engine
from iea_fleet.lab.faults.kinds import Stage
from iea_fleet.lab.http import fault_player
from iea_fleet.lab.http.fault_player import Cut
from iea_fleet.lab.http.logon import NOBODY, Logon, LogonResult
from iea_fleet.lab.http.response import Response, soap_response, to_utf8
from iea_fleet.lab.http.sealing import SealingRefused, seal, sealed_protocol, unseal
from iea_fleet.lab.http.system_page import BAD_REQUEST, INVALID_HOSTNAME, NOT_FOUND, REQUEST_TOO_LONG, system_page
from iea_fleet.lab.workstation import Workstation
from iea_fleet.lab.wsman.dispatch import Caller, Reply, Verdict, answer
from iea_fleet.lab.wsman.envelope import Request

# http.sys: MaxFieldLength raised to what Kerberos needs; MaxPacketRetrievalTimeSeconds of the service.
_MAX_HEAD_BYTES: Final = 65_536
IDLE_S: Final = 120.0
"""So long a connection may be silent between two requests, and so long a request may take to come as a whole."""
_READ_BYTES: Final = 65_536
_FRAME_BYTES: Final = 2_048
_log = logging.getLogger(__name__)


class Connection:
    """Serves the requests of one connection until it ends.

    Args:
        workstation, engine: who answers.
        reader, writer: the stream; TLS is already done.
        url_scheme: "http" or "https".
        binding: the channel binding of the certificate, None without TLS.
        certificate: the client's certificate (DER), None: it showed none.
        idle_s: see `IDLE_S`.
    """

    def __init__(
        self,
        workstation: Workstation,
        engine: Engine,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        url_scheme: str,
        binding: bytes | None,
        certificate: bytes | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        self._workstation, self._engine = workstation, engine
        self._reader, self._writer = reader, writer
        self._scheme = url_scheme
        self._idle_s = idle_s
        self._request_begun = False
        self._request_ends_by = 0.0
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._logon = Logon(workstation, binding, certificate)
        peer = writer.get_extra_info("peername")
        self._client_ip = str(peer[0]) if peer else ""

    async def serve(self) -> None:
        """Answer request after request; returns when the connection is over, whatever ended it."""
        self._workstation.stats.connections += 1
        try:
            self._cut_at("accept")
            if self._workstation.faults.strike(Stage.ACCEPT) is not None:
                raise Cut(reset=False)
            while await self._one_request():
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            # http.sys knows no 431: a head that is too long is a bad request to it.
            too_long = error.error_status_hint == 431
            await self._try_send(system_page(REQUEST_TOO_LONG if too_long else BAD_REQUEST))
        except (ConnectionError, TimeoutError, h11.LocalProtocolError):
            pass
        except Cut as cut:
            await self._play_cut(cut)
        except Exception:
            # An engine's mistake: the client gets what a crashed plugin gives, the lab's log the traceback.
            _log.exception("%s: a request could not be answered", self._workstation.name)
            await self._try_send(Response(500, close=True))
        finally:
            self._writer.close()

    def _cut_at(self, stage: str, request: str = "") -> None:
        """Raises: Cut when a fault ends the connection here."""
        fault = self._workstation.faults.strike(Stage.CUT, request, stage)
        if fault is not None:
            raise Cut(reset=fault.kind.name == "reset")

    async def _play_cut(self, cut: Cut) -> None:
        if cut.reset:
            fault_player.reset(self._writer)
            return
        # Stalled: what the client still sends is read and dropped, so that only silence tells it.
        try:
            while await self._reader.read(_READ_BYTES):
                pass
        except ConnectionError:
            return

    async def _try_send(self, response: Response) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            try:
                await self._send(response)
            except (ConnectionError, h11.LocalProtocolError):
                return

    async def _next_event(self) -> h11.Event | None:
        """The client's next event; None: there is no next request."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if self._http.they_are_waiting_for_100_continue:
                self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")))
            # Not anew with each piece: who sends a byte a minute would hold the connection for ever.
            left_s = self._request_ends_by - asyncio.get_running_loop().time()
            data = await asyncio.wait_for(self._reader.read(_READ_BYTES), max(0.0, left_s))
            if not self._request_begun:
                self._request_begun = True
                self._request_ends_by = asyncio.get_running_loop().time() + self._idle_s
            self._workstation.stats.bytes_in += len(data)
            self._http.receive_data(data)

    async def _one_request(self) -> bool:
        self._request_begun = False
        self._request_ends_by = asyncio.get_running_loop().time() + self._idle_s
        request = await self._next_event()
        if not isinstance(request, h11.Request):
            return False
        self._workstation.stats.requests += 1
        self._cut_at("request_head")
        if any(self._workstation.faults.get(name) for name in ("silent", "never_answers")):
            raise Cut(reset=False)
        limit = self._workstation.quotas.max_envelope_kb * 1024 + _FRAME_BYTES
        body = bytearray()
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return False
            body += event.data
            self._cut_at("request_body")
            if len(body) > limit:
                await self._send(Response(413, close=True))
                return False
        response = await self._respond(request, bytes(body))
        await self._send(response)
        self._cut_at("between", response.action_name)
        return self._http.our_state is h11.DONE

    def _write(self, data: bytes | None) -> None:
        if data:
            self._workstation.stats.bytes_out += len(data)
            self._writer.write(data)

    async def _send(self, response: Response) -> None:
        # The order is that of http.sys, which names itself first in a 401 that ends a connection.
        server = [("Server", response.server)]
        refused = response.status == 401 and response.close
        headers = [
            *(server + response.headers if refused else response.headers + server),
            ("Date", formatdate(time.time() + self._clock_offset_s(), usegmt=True)),
            *([("Connection", "close")] if response.close else ()),
            ("Content-Length", str(len(response.body))),
        ]
        # Windows sends its answers to WS-Management with an empty reason.
        reason = "" if response.status in {200, 401} else HTTPStatus(response.status).phrase
        head = self._http.send(h11.Response(status_code=response.status, headers=headers, reason=reason)) or b""
        content = self._http.send(h11.Data(data=response.body)) or b""
        self._http.send(h11.EndOfMessage())
        for stage, sent in (
            ("response_head", head[: len(head) // 2]),
            ("response_body", head + content[: len(content) // 2]),
        ):
            fault = self._workstation.faults.strike(Stage.CUT, response.action_name, stage)
            if fault is not None:
                self._write(sent)
                await self._writer.drain()
                raise Cut(reset=fault.kind.name == "reset")
        if response.bytes_per_s:
            for position in range(len(head) + len(content)):
                self._write((head + content)[position : position + 1])
                await self._writer.drain()
                await asyncio.sleep(1 / response.bytes_per_s)
            return
        self._write(head + content)
        await self._writer.drain()

    def _clock_offset_s(self) -> float:
        fault = self._workstation.faults.get("clock_off")
        return 0.0 if fault is None else fault.number("seconds")

    async def _cancel_when_gone(self, task: asyncio.Task[None]) -> None:
        """Give a long poll up when its client is gone, before it takes output that nobody would get."""
        ahead = 0
        while ahead < _READ_BYTES and (data := await self._reader.read(_READ_BYTES)):
            ahead += len(data)
            self._workstation.stats.bytes_in += len(data)
            self._http.receive_data(data)
        if self._reader.at_eof():
            task.cancel()

    async def _respond(self, request: h11.Request, body: bytes) -> Response:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
        other = self._workstation.faults.strike(Stage.REQUEST)
        refusal = fault_player.other_service(other) if other is not None else self._refuse_request(request, headers)
        if refusal is not None:
            return refusal
        content_type = headers.get("content-type", "")
        if headers.get("wsmanidentify", "").strip().lower() == "unauthenticated" and body:
            document, charset = to_utf8(body, content_type)
            return soap_response(await self._answer(self._caller(headers), document), charset)
        logon = self._logon.step(headers.get("authorization"))
        challenges = [("WWW-Authenticate", challenge) for challenge in logon.challenges]
        if logon.user is None:
            # Windows keeps the connection of who is in the middle of a handshake, and no other.
            return Response(401, headers=challenges, close=not logon.goes_on)
        if not body and "authorization" not in headers:
            # An empty message is sent to log on. The Go client sends one before each of its messages, with new keys.
            offered = [("WWW-Authenticate", challenge) for challenge in self._logon.challenges()]
            return Response(401, headers=offered, close=True)
        response = await self._authenticated(headers, content_type, body, logon)
        response.headers[:0] = challenges
        return response

    def _refuse_request(self, request: h11.Request, headers: dict[str, str]) -> Response | None:
        if "origin" in headers:
            # No WinRM client is a web page: a browser that sends this was led here.
            return Response(403, close=True)
        if not self._host_is_ours(headers.get("host", "")):
            return system_page(INVALID_HOSTNAME)
        path = request.target.split(b"?", 1)[0].rstrip(b"/").lower()
        if path.startswith((b"http://", b"https://")):
            path = b"/" + path.split(b"/", 3)[-1]
        if path != b"/wsman":
            return system_page(NOT_FOUND)
        if request.method != b"POST":
            return Response(405, headers=[("Allow", "POST")])
        return None

    def _host_is_ours(self, host: str) -> bool:
        """True for a loopback address and the workstation's own names: a rebound DNS name is neither."""
        name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdecimal() else host
        name = name.strip("[]").rstrip(".").lower()
        description = self._workstation.description
        own = description.name.lower()
        if name in {"localhost", own, f"{own}.{(description.domain or 'local').lower()}"} or name.endswith(
            ".localhost"
        ):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def _caller(self, headers: dict[str, str], logon: LogonResult = NOBODY) -> Caller:
        host = headers.get("host", "")
        machine = host.rsplit(":", 1)[0].strip("[]") if host.rsplit(":", 1)[-1].isdecimal() else host
        return Caller(logon.user, self._client_ip, f"{self._scheme}://{host}/wsman", machine, logon.delegated)

    async def _authenticated(
        self, headers: dict[str, str], content_type: str, body: bytes, logon: LogonResult
    ) -> Response:
        if not body:
            # The first, empty message of a client that wants its keys before it says anything.
            return Response(200)
        protocol = sealed_protocol(content_type)
        if protocol is None:
            if self._scheme == "http" and self._workstation.faults.get("encryption_required") is not None:
                return Response(500)
            kind = content_type.split(";")[0].strip().lower()
            if kind not in {"application/soap+xml", "text/xml"}:
                return Response(415 if kind else 400)
            if self._scheme == "http" and not self._workstation.auth.allow_unencrypted:
                return Response(500)
            document, charset = to_utf8(body, content_type)
        else:
            try:
                plain, original = unseal(body, content_type, self._logon)
            except SealingRefused:
                return Response(400, close=True)
            document, charset = to_utf8(plain, original)
        reply = await self._answer(self._caller(headers, logon), document)
        response = soap_response(reply, charset)
        spoiler = self._workstation.faults.strike(Stage.ACTED, reply.action_name)
        if spoiler is not None:
            fault_player.spoil_plain(response, spoiler)
        if protocol is not None:
            response.body, sealed_type = seal(response.body, protocol, charset, self._logon)
            response.headers = [("Content-Type", sealed_type)]
        if spoiler is not None:
            fault_player.spoil_framed(response, spoiler)
        return response

    async def _answer(self, caller: Caller, document: bytes) -> Reply:
        """Let the service answer, with the faults that strike before and after it acts."""
        task = asyncio.current_task()
        watch: asyncio.Task[None] | None = None

        async def judge(request: Request) -> Verdict | None:
            nonlocal watch
            self._cut_at("before_act", request.action_name)
            if request.action_name == "receive" and task is not None:
                watch = asyncio.create_task(self._cancel_when_gone(task))
            return await fault_player.judge(self._workstation, request)

        try:
            reply = await answer(self._workstation, self._engine, caller, document, judge)
        finally:
            if watch is not None:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
        self._cut_at("after_act", reply.action_name)
        return reply
