"""What an emulated machine reaches: how a URL answers, layer by layer, without any socket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from iea_fleet.model.answer import Certificate, Layer, TlsRefusal, UrlFacts
from iea_fleet.model.request import UrlProbe

HOST_NOT_FOUND, CONNECTION_REFUSED, TIMED_OUT, CONNECTION_RESET = 11001, 10061, 10060, 10054
"""Winsock codes, [MS-ERREF] 2.2."""

Connect = Literal["open", "refused", "silent", "ended", "mute"]
"""What a TCP port does: accept, refuse, never answer; accept and end the connection, accept and never say anything."""

PROXY_STATUSES = (407, 502, 504)
"""What a proxy that takes a plain request itself answers in its own name (RFC 9110, 15.5.8, 15.6.3 and 15.6.5)."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, or a part of its paths, as the machine sees it.

    Args:
        host: its name, lower case.
        path: the rule holds for paths that begin so; of several rules the first that fits counts.
        port: None: every port.
        addresses: what the name stands for; none: the name is not found.
        connect: what its port does.
        certificate: what it shows over TLS; None over https: it ends the handshake (`handshake`).
        tls_refusal: why the machine does not accept it; None: it does.
        status: what it answers to a GET; None: it takes the request and never answers.
        latency_ms: how long the answer takes; longer than a probe's bound: the probe times out.
    """

    host: str
    path: str = "/"
    port: int | None = None
    addresses: tuple[str, ...] = ("192.0.2.10",)
    connect: Connect = "open"
    certificate: Certificate | None = None
    tls_refusal: TlsRefusal | None = None
    status: int | None = 200
    latency_ms: int = 40

    def fits(self, host: str, port: int, path: str) -> bool:
        """Whether the rule is about this request."""
        return self.host == host and self.port in (None, port) and path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class Proxy:
    """The machine's proxy: `host:port`, whether its name is found, what its port does, and what it says to a request.

    `status` 200: it lets everything through; another: this answer to every request (407, 403, 502, ...).
    """

    host: str
    port: int = 8080
    found: bool = True
    connect: Connect = "open"
    status: int = 200

    @property
    def name(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Network:
    """All that a machine reaches; a host that no server has is a name that is not found."""

    servers: tuple[Server, ...] = ()
    proxy: Proxy | None = None

    def probe(self, probe: UrlProbe) -> UrlFacts:
        """Reach the URL. Order of the layers and meaning of the facts: docs/wire.md, "Probes"."""
        parts = urlsplit(probe.url)
        host, path = (parts.hostname or "").lower(), parts.path or "/"
        port = parts.port or (443 if parts.scheme == "https" else 80)
        server = next((server for server in self.servers if server.fits(host, port, path)), None)
        call = _Call(probe, self.proxy)
        return _to_proxy(call, self.proxy, server) if self.proxy else _direct(call, server)


class _Call:
    """One probe under way: what is known so far."""

    def __init__(self, probe: UrlProbe, proxy: Proxy | None) -> None:
        self.probe = probe
        self.secure = probe.url.startswith("https:")
        self.proxy = proxy.name if proxy else None
        self.addresses: tuple[str, ...] = ()
        self.certificate: Certificate | None = None

    def not_connected(self, layer: Layer, connect: Connect) -> UrlFacts:
        if connect == "silent":
            return self.timed_out(layer)
        return self.failed(layer, CONNECTION_REFUSED, "The target machine actively refused the connection.")

    def timed_out(self, layer: Layer) -> UrlFacts:
        return self._facts(
            layer, code=TIMED_OUT, message="There was no answer in time.", elapsed_ms=self.probe.timeout_ms, late=True
        )

    def failed(
        self,
        layer: Layer,
        code: int,
        message: str,
        *,
        http_status: int | None = None,
        tls_refusal: TlsRefusal | None = None,
    ) -> UrlFacts:
        return self._facts(layer, code=code, message=message, status=http_status, refusal=tls_refusal)

    def answered(self, status: int, elapsed_ms: int) -> UrlFacts:
        lowest, highest = self.probe.accept_status
        if self.proxy and not self.secure and status in PROXY_STATUSES:
            layer = Layer.PROXY
        else:
            layer = Layer.NONE if lowest <= status <= highest else Layer.HTTP
        message = "" if layer is Layer.NONE else f"The answer was {status}."
        return self._facts(layer, status=status, message=message, elapsed_ms=elapsed_ms)

    def _facts(
        self,
        layer: Layer,
        *,
        code: int = 0,
        message: str = "",
        status: int | None = None,
        refusal: TlsRefusal | None = None,
        elapsed_ms: int = 1,
        late: bool = False,
    ) -> UrlFacts:
        return UrlFacts(
            kind="url",
            id=self.probe.id,
            ok=layer is Layer.NONE,
            layer=layer,
            timed_out=late,
            http_status=status,
            tls_refusal=refusal,
            certificate=self.certificate,
            proxy=self.proxy,
            addresses=self.addresses,
            win32_code=code,
            message=message,
            elapsed_ms=elapsed_ms,
        )


def certificate(name: str, *, issuer: str, not_before: datetime, days: int = 365) -> Certificate:
    """A certificate for `name` that is valid for `days` days from `not_before` (UTC); its hash is made from these."""
    not_after = not_before + timedelta(days=days)
    return Certificate(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        not_before=f"{not_before:%Y-%m-%dT%H:%M:%SZ}",
        not_after=f"{not_after:%Y-%m-%dT%H:%M:%SZ}",
        sha256=sha256(f"{name}{issuer}{not_before}{not_after}".encode()).hexdigest(),
    )


def _direct(call: _Call, server: Server | None) -> UrlFacts:
    if server is None or not server.addresses:
        return call.failed(Layer.DNS, HOST_NOT_FOUND, "No such host is known.")
    call.addresses = server.addresses
    if server.connect in ("refused", "silent"):
        return call.not_connected(Layer.TCP, server.connect)
    return _talk(call, server)


def _to_proxy(call: _Call, proxy: Proxy, server: Server | None) -> UrlFacts:
    if not proxy.found:
        return call.failed(Layer.PROXY, HOST_NOT_FOUND, "No such host is known.")
    if proxy.connect in ("refused", "silent"):
        return call.not_connected(Layer.PROXY, proxy.connect)
    if proxy.connect == "mute":
        return call.timed_out(Layer.PROXY)
    if proxy.connect == "ended":
        return call.failed(Layer.PROXY, CONNECTION_RESET, "The connection was reset.")
    status = proxy.status
    if status == 200 and (server is None or not server.addresses or server.connect in ("refused", "silent")):
        status = 502
    if status == 200 and server is not None:
        return _talk(call, server)
    if call.secure:
        return call.failed(Layer.PROXY, 0, f"The proxy answered {status}.", http_status=status)
    return call.answered(status, 1)


def _talk(call: _Call, server: Server) -> UrlFacts:
    if call.secure:
        if server.connect == "mute":
            return call.timed_out(Layer.TLS)
        if server.certificate is None or server.connect == "ended":
            code = CONNECTION_RESET if server.connect == "ended" else 0
            return call.failed(Layer.TLS, code, "The handshake failed.", tls_refusal=TlsRefusal.HANDSHAKE)
        call.certificate = server.certificate
        if server.tls_refusal is not None:
            return call.failed(Layer.TLS, 0, "The certificate is not accepted.", tls_refusal=server.tls_refusal)
    if server.connect == "ended":
        return call.failed(Layer.HTTP, CONNECTION_RESET, "The connection was reset.")
    if server.connect == "mute" or server.status is None or server.latency_ms > call.probe.timeout_ms:
        return call.timed_out(Layer.HTTP)
    return call.answered(server.status, server.latency_ms)
