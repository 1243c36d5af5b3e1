"""The vendor's servers as the workstations of the `pwsh` engine see them: behind a forward proxy of the lab's own.

Each workstation has its proxy, named in its HTTPS_PROXY; the proxy ends TLS for the vendor's name with a certificate of
the lab's authority and behaves as the workstation's situation says. Nothing ever goes to the network. Below the proxy
there is no name resolution and no connection of the workstation's own: `Reach.DNS` and `TCP_REFUSED` are the proxy's
502, as behind any real proxy (RFC 9110, 9.3.6 and 15.6.3).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from iea_fleet.lab.application import VENDOR_HOST, Reach, Servers

_HEAD_BOUND_BYTES = 16_384
_PATIENCE_S = 60.0

_CONNECT_REFUSALS = {
    Reach.DNS: b"502 Bad Gateway",
    Reach.TCP_REFUSED: b"502 Bad Gateway",
    Reach.PROXY_REFUSED: b"502 Bad Gateway",
    Reach.PROXY_AUTHENTICATION: b'407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="association"',
}
_STATUS = {
    Reach.OK: b"200 OK",
    Reach.HTTP_404: b"404 Not Found",
    Reach.HTTP_503: b"503 Service Unavailable",
}


class VendorCertificates:
    """The authority that the workstations know, and the vendor's certificate in each state of health."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        authority, stranger = trustme.CA(), trustme.CA(organization_name="Unknown authority")
        self._authority = authority
        day = timedelta(days=1)
        self._contexts = {
            Reach.OK: _context(authority.issue_cert(VENDOR_HOST)),
            Reach.TLS_EXPIRED: _context(
                authority.issue_cert(VENDOR_HOST, not_before=now - 90 * day, not_after=now - 3 * day)
            ),
            Reach.TLS_NOT_YET_VALID: _context(
                authority.issue_cert(VENDOR_HOST, not_before=now + 30 * day, not_after=now + 90 * day)
            ),
            Reach.TLS_WRONG_NAME: _context(authority.issue_cert("www.example.org")),
            Reach.TLS_UNKNOWN_CA: _context(stranger.issue_cert(VENDOR_HOST)),
        }

    def context(self, reach: Reach) -> ssl.SSLContext:
        """The server's side of TLS for one way of being reached."""
        return self._contexts.get(reach, self._contexts[Reach.OK])

    def write_authority(self, path: Path) -> None:
        """Write the authority's certificate (PEM) to where a workstation's SSL_CERT_FILE points."""
        self._authority.cert_pem.write_to_path(str(path))


class VendorProxy:
    """One workstation's way to the vendor.

    Args:
        certificates: shared by all proxies of a lab.
        servers: asked at each request, so that a situation can change while the lab is up.
    """

    def __init__(self, certificates: VendorCertificates, servers: Callable[[], Servers]) -> None:
        self._certificates, self._servers = certificates, servers
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, address: str) -> int:
        """Listen on a loopback address; gives the port."""
        self._server = await asyncio.start_server(self._accept, address, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            # What a client does wrong, or its going away, ends its connection and nothing else.
            with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
                writer.close()
                await asyncio.wait_for(writer.wait_closed(), 1.0)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target = await _request(reader)
        if method != "CONNECT":
            await self._answer(writer, self._servers().reach(target))
            return
        host = target.rpartition(":")[0]
        reach = self._servers().reach(f"https://{host}/")
        if reach is Reach.TCP_SILENT:
            await asyncio.sleep(_PATIENCE_S)
            return
        if (refusal := _CONNECT_REFUSALS.get(reach)) is not None:
            writer.write(b"HTTP/1.1 " + refusal + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        if reach is Reach.TLS_HANDSHAKE:
            await reader.read(_HEAD_BOUND_BYTES)
            return
        await writer.start_tls(self._certificates.context(reach), ssl_handshake_timeout=_PATIENCE_S)
        _, path = await _request(reader)
        await self._answer(writer, self._servers().reach(f"https://{host}{path}"))

    async def _answer(self, writer: asyncio.StreamWriter, reach: Reach) -> None:
        if reach is Reach.HTTP_SILENT:
            await asyncio.sleep(_PATIENCE_S)
            return
        status = _STATUS.get(reach) or _CONNECT_REFUSALS.get(reach, b"502 Bad Gateway")
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()


async def _request(reader: asyncio.StreamReader) -> tuple[str, str]:
    """Method and target of one request, its headers dropped. Raises: ValueError, EOFError, TimeoutError."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE_S)
    if len(head) > _HEAD_BOUND_BYTES:
        raise ValueError("the request's head is too long")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    return method, target


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
