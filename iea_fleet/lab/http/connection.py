"""One HTTP connection to a workstation: h11 reads and frames, this module decides ([MS-WSMV] 3.1.4.1, RFC 9112)."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11

from iea_fleet.lab.engine import Engine
from iea_fleet.lab.http.logon import Logon
from iea_fleet.lab.http.sealing import SealingRefused, content_parameters, seal, sealed_protocol, unseal
from iea_fleet.lab.workstation import Workstation
from iea_fleet.lab.wsman.dispatch import Caller, Reply, answer

# http.sys: MaxFieldLength raised to what Kerberos needs; MaxPacketRetrievalTimeSeconds of the service.
_MAX_HEAD_BYTES: Final = 65_536
_IDLE_S: Final = 120.0
_READ_BYTES: Final = 65_536
_FRAME_BYTES: Final = 2_048
_SOAP_TYPE: Final = "application/soap+xml;charset=UTF-8"


@dataclass(slots=True)
class Response:
    """An HTTP answer before framing; `close`: the connection ends after it."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    close: bool = False


class Connection:
    """Serves the requests of one connection until it ends.

    Args:
        workstation, engine: who answers.
        reader, writer: the stream; TLS is already done.
        url_scheme: "http" or "https".
        binding: the channel binding of the certificate, None without TLS.
    """

    def __init__(
        self,
        workstation: Workstation,
        engine: Engine,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        url_scheme: str,
        binding: bytes | None,
    ) -> None:
        self._workstation, self._engine = workstation, engine
        self._reader, self._writer = reader, writer
        self._scheme = url_scheme
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._logon = Logon(workstation, binding)
        peer = writer.get_extra_info("peername")
        self._client_ip = str(peer[0]) if peer else ""

    async def serve(self) -> None:
        """Answer request after request; returns when the connection is over, whatever ended it."""
        self._workstation.stats.connections += 1
        try:
            while await self._one_request():
                self._http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._try_send(Response(error.error_status_hint, close=True))
        except (ConnectionError, TimeoutError, h11.LocalProtocolError):
            pass
        finally:
            self._writer.close()

    async def _try_send(self, response: Response) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            try:
                await self._send(response)
            except (ConnectionError, h11.LocalProtocolError):
                return

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")))
            data = await asyncio.wait_for(self._reader.read(_READ_BYTES), _IDLE_S)
            self._workstation.stats.bytes_in += len(data)
            self._http.receive_data(data)

    async def _one_request(self) -> bool:
        request = await self._next_event()
        if not isinstance(request, h11.Request):
            return False
        self._workstation.stats.requests += 1
        limit = self._workstation.description.quotas.max_envelope_kb * 1024 + _FRAME_BYTES
        body = bytearray()
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return False
            body += event.data
            if len(body) > limit:
                await self._send(Response(413, close=True))
                return False
        response = await self._respond(request, bytes(body))
        await self._send(response)
        return self._http.our_state is h11.DONE

    def _write(self, data: bytes | None) -> None:
        if data:
            self._workstation.stats.bytes_out += len(data)
            self._writer.write(data)

    async def _send(self, response: Response) -> None:
        headers = [
            *response.headers,
            ("Server", "Microsoft-HTTPAPI/2.0"),
            ("Date", formatdate(time.time(), usegmt=True)),
            ("Content-Length", str(len(response.body))),
        ]
        if response.close:
            headers.append(("Connection", "close"))
        # Windows sends its answers to WS-Management with an empty reason.
        reason = "" if response.status in {200, 401} else HTTPStatus(response.status).phrase
        head = self._http.send(h11.Response(status_code=response.status, headers=headers, reason=reason))
        content = self._http.send(h11.Data(data=response.body))
        end = self._http.send(h11.EndOfMessage())
        self._write((head or b"") + (content or b"") + (end or b""))
        await self._writer.drain()

    async def _respond(self, request: h11.Request, body: bytes) -> Response:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
        refusal = self._refuse_request(request, headers)
        if refusal is not None:
            return refusal
        content_type = headers.get("content-type", "")
        if headers.get("wsmanidentify", "").strip().lower() == "unauthenticated" and body:
            document, charset = to_utf8(body, content_type)
            reply = await answer(self._workstation, self._engine, self._caller(headers, None), document)
            return soap_response(reply, charset)
        logon = self._logon.step(headers.get("authorization"))
        challenges = [("WWW-Authenticate", challenge) for challenge in logon.challenges]
        if logon.user is None:
            return Response(401, headers=challenges)
        response = await self._authenticated(headers, content_type, body, logon.user)
        response.headers[:0] = challenges
        return response

    def _refuse_request(self, request: h11.Request, headers: dict[str, str]) -> Response | None:
        if "origin" in headers:
            # No WinRM client is a web page: a browser that sends this was led here.
            return Response(403, close=True)
        if not self._host_is_ours(headers.get("host", "")):
            return Response(400, b"<h2>Bad Request - Invalid Hostname</h2>", [("Content-Type", "text/html")], close=True)
        path = request.target.split(b"?", 1)[0].rstrip(b"/").lower()
        if path.startswith(b"http://") or path.startswith(b"https://"):
            path = b"/" + path.split(b"/", 3)[-1]
        if path != b"/wsman":
            return Response(404, b"<h2>Not Found</h2>", [("Content-Type", "text/html; charset=us-ascii")], close=True)
        if request.method != b"POST":
            return Response(405, headers=[("Allow", "POST")])
        return None

    def _host_is_ours(self, host: str) -> bool:
        """True for a loopback address and the workstation's own names: a rebound DNS name is neither."""
        name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdecimal() else host
        name = name.strip("[]").rstrip(".").lower()
        description = self._workstation.description
        own = description.name.lower()
        if name in {"localhost", own, f"{own}.{(description.domain or 'local').lower()}"} or name.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def _caller(self, headers: dict[str, str], user: str | None) -> Caller:
        host = headers.get("host", "")
        machine = host.rsplit(":", 1)[0].strip("[]") if host.rsplit(":", 1)[-1].isdecimal() else host
        return Caller(user, self._client_ip, f"{self._scheme}://{host}/wsman", machine)

    async def _authenticated(self, headers: dict[str, str], content_type: str, body: bytes, user: str) -> Response:
        if not body:
            # The first, empty message of a client that wants its keys before it says anything.
            return Response(200)
        protocol = sealed_protocol(content_type)
        if protocol is None:
            kind = content_type.split(";")[0].strip().lower()
            if kind not in {"application/soap+xml", "text/xml"}:
                return Response(415 if kind else 400)
            if self._scheme == "http" and self._logon.can_seal and not self._allows_unencrypted():
                return Response(500)
            document, charset = to_utf8(body, content_type)
        else:
            try:
                plain, original = unseal(body, content_type, self._logon)
            except SealingRefused:
                return Response(400, close=True)
            document, charset = to_utf8(plain, original)
        reply = await answer(self._workstation, self._engine, self._caller(headers, user), document)
        response = soap_response(reply, charset)
        if protocol is not None:
            response.body, sealed_type = seal(response.body, protocol, charset, self._logon)
            response.headers = [("Content-Type", sealed_type)]
        return response

    def _allows_unencrypted(self) -> bool:
        return self._workstation.description.auth.allow_unencrypted


def to_utf8(body: bytes, content_type: str) -> tuple[bytes, str]:
    """The document in UTF-8, and the charset that the answer must have: UTF-16 is the other one of DSP0226 R13.1."""
    charset = content_parameters(";" + content_type.partition(";")[2]).get("charset", "").lower()
    marked = body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    if marked or charset.startswith("utf-16"):
        encoding = "utf-16" if marked else "utf-16-be" if charset == "utf-16be" else "utf-16-le"
        return body.decode(encoding, "replace").encode(), "UTF-16"
    return body.removeprefix(b"\xef\xbb\xbf"), "UTF-8"


def soap_response(reply: Reply, charset: str) -> Response:
    """A reply as an HTTP answer in the request's charset."""
    if charset == "UTF-16":
        body = b"\xff\xfe" + reply.envelope.decode().encode("utf-16-le")
    else:
        body = reply.envelope
    return Response(reply.status, body, [("Content-Type", f"application/soap+xml;charset={charset}")])
