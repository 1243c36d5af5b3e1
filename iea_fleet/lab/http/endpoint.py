"""Opens and closes the listeners of lab workstations, on loopback only."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from iea_fleet.lab.engine.processes import Engine
from iea_fleet.lab.http.connection import IDLE_S, Connection
from iea_fleet.lab.http.fault_player import reset
from iea_fleet.lab.http.kerberos import kerberos_is_there
from iea_fleet.lab.http.tls import LabCertificates
from iea_fleet.lab.workstation import Description, Workstation
from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

_BACKLOG = 128
_log = logging.getLogger(__name__)

Scheme = Literal["http", "https"]


class EndpointRefused(LocalFailure):
    """A listener can't be opened on this machine."""


@dataclass(slots=True)
class _Listener:
    """One port of one workstation and what hangs on it."""

    scheme: Scheme
    address: str
    port: int
    server: asyncio.Server | None = None
    blockers: list[socket.socket] = field(default_factory=list)


class Endpoint:
    """All listeners of one process; everything here runs in one event loop.

    Args:
        workstations: who is served; each has its own address or its own port.
        engine: what answers their commands.
        idle_s: so long a connection may be silent between requests, and a request may take to come.
    """

    def __init__(self, workstations: Iterable[Workstation], engine: Engine, idle_s: float = IDLE_S) -> None:
        self.workstations = tuple(workstations)
        self.certificates = LabCertificates()
        self._engine, self._idle_s = engine, idle_s
        # By object, not by name: two workstations may claim one name (a cloned image).
        self._listeners: dict[Workstation, list[_Listener]] = {workstation: [] for workstation in self.workstations}
        self._writers: dict[Workstation, set[asyncio.StreamWriter]] = {one: set() for one in self.workstations}
        self._serving: set[asyncio.Task[None]] = set()
        self._down: set[Workstation] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        self._stopped = False

    async def start(self) -> None:
        """Open every listener.

        Raises: EndpointRefused when an address is not loopback or a port is in use; then none is open.
        """
        for workstation in self.workstations:
            _check_loopback(workstation.description)
            _check_kerberos(workstation.description)
        _raise_file_limit(2 * len(self.workstations) + 512)
        try:
            for workstation in self.workstations:
                await self._open_workstation(workstation)
        except BaseException:
            await self.stop()
            raise

    async def _open_workstation(self, workstation: Workstation) -> None:
        description = workstation.description
        wanted: tuple[tuple[Scheme, int | None], ...] = (
            ("http", description.http_port),
            ("https", description.https_port),
        )
        for scheme, port in wanted:
            if port is not None:
                listener = _Listener(scheme, description.address, port)
                await self._open(workstation, listener)
                self._listeners[workstation].append(listener)
        ports = {listener.scheme: listener.port for listener in self._listeners[workstation]}
        workstation.with_ports(ports.get("http"), ports.get("https"))
        workstation.faults.on_change = lambda: self._adapt_soon(workstation)
        workstation.go_down = lambda up_s, down_s, new_boot: self._spawn(
            self._go_down(workstation, up_s, down_s, new_boot)
        )
        if workstation.faults.active:
            await self._adapt(workstation)

    async def _open(self, workstation: Workstation, listener: _Listener) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers = self._writers[workstation]
            writers.add(writer)
            task = asyncio.current_task()
            if task is not None:
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)
            try:
                await self._serve(workstation, listener.scheme, reader, writer)
            except asyncio.CancelledError:
                # This is the end of the task: asyncio's streams of 3.11 would report the cancellation as a crash.
                writer.transport.abort()
            finally:
                writers.discard(writer)
                writer.close()

        try:
            listener.server = await asyncio.start_server(serve, listener.address, listener.port, backlog=_BACKLOG)
        except OSError as error:
            reasons = {
                errno.EADDRINUSE: (
                    Phrase("can't listen: the port is in use"),
                    Phrase("Choose another with --port, or stop what listens there."),
                ),
                errno.EADDRNOTAVAIL: (
                    Phrase("can't listen: this machine has no such address"),
                    Phrase("Use 127.0.0.1 with a port for each workstation."),
                ),
                errno.EACCES: (Phrase("can't listen: the port is privileged"), Phrase("Choose one above 1023.")),
                errno.EMFILE: (
                    Phrase("can't listen: too many files are open"),
                    Phrase("Raise `ulimit -n`, or start fewer workstations."),
                ),
            }
            other = Phrase("can't listen: {said}", said=system_said(error)), Phrase("Choose another address or port.")
            address = f"{listener.address}:{listener.port}"
            where = Phrase("{host} at {address}", host=workstation.name, address=address)
            raise EndpointRefused(where, *reasons.get(error.errno or 0, other)) from error
        listener.port = listener.server.sockets[0].getsockname()[1]

    async def _serve(
        self, workstation: Workstation, scheme: Scheme, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        binding = certificate = None
        if scheme == "https":
            fault = workstation.faults.get("certificate")
            identity = self.certificates.identity(workstation.description, fault.text("kind") if fault else "")
            try:
                # Before anything is awaited: the client's first bytes are still the kernel's.
                await writer.start_tls(identity.context, ssl_handshake_timeout=30)
            except (OSError, EOFError):
                return
            binding = identity.binding
            tls = writer.get_extra_info("ssl_object")
            certificate = None if tls is None else tls.getpeercert(binary_form=True)
        await Connection(workstation, self._engine, reader, writer, scheme, binding, certificate, self._idle_s).serve()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _adapt_soon(self, workstation: Workstation) -> None:
        if not self._stopped:
            self._spawn(self._adapt(workstation))

    async def _adapt(self, workstation: Workstation) -> None:
        """Bring the listeners into the state that the faults ask for; one change after the other."""
        async with self._changing:
            await self._adapt_now(workstation)

    async def _adapt_now(self, workstation: Workstation) -> None:
        closed = workstation in self._down or workstation.faults.get("refused") is not None
        silent = workstation.faults.get("silent") is not None
        for listener in self._listeners[workstation]:
            if closed or silent:
                self._close(listener)
                if silent and not closed:
                    _block(listener)
            elif listener.server is None:
                self._close(listener)
                try:
                    await self._open(workstation, listener)
                except EndpointRefused as refused:
                    # Somebody took the port meanwhile: it is opened as soon as he lets it go.
                    _log.warning("%s", refused)
                    asyncio.get_running_loop().call_later(1.0, self._adapt_soon, workstation)
        if closed:
            self._drop_connections(workstation)

    def _close(self, listener: _Listener) -> None:
        if listener.server is not None:
            listener.server.close()
            listener.server = None
        for blocker in listener.blockers:
            blocker.close()
        listener.blockers.clear()

    def open_connections(self, workstation: Workstation) -> tuple[str, ...]:
        """The peers (`address:port`) of a workstation's open connections."""
        peers = (writer.get_extra_info("peername") for writer in self._writers[workstation])
        return tuple(f"{peer[0]}:{peer[1]}" for peer in peers if peer)

    def _drop_connections(self, workstation: Workstation) -> None:
        for writer in list(self._writers[workstation]):
            reset(writer)

    async def _go_down(self, workstation: Workstation, up_s: float, down_s: float, new_boot: bool) -> None:
        """Serve on for `up_s`, refuse for `down_s`, serve again: a service or a machine that restarts."""
        # The request that caused this is answered first.
        await asyncio.sleep(max(up_s, 0.05))
        self._down.add(workstation)
        workstation.forget_shells()
        await self._adapt(workstation)
        await asyncio.sleep(down_s)
        if new_boot:
            workstation.reboot()
        self._down.discard(workstation)
        await self._adapt(workstation)

    async def stop(self) -> None:
        """Close every listener, connection and shell."""
        self._stopped = True
        tasks = [*self._tasks, *self._serving]
        for task in tasks:
            task.cancel()
        for workstation in self.workstations:
            workstation.faults.on_change = workstation.go_down = None
            for listener in self._listeners[workstation]:
                self._close(listener)
            for writer in list(self._writers[workstation]):
                writer.close()
            workstation.forget_shells()
        await asyncio.gather(*tasks, return_exceptions=True)


def _check_loopback(description: Description) -> None:
    try:
        loopback = ipaddress.ip_address(description.address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise EndpointRefused(
            description.name,
            "the lab, whose commands run with known passwords, listens on loopback only, not on {address}",
            "Give it an address of 127.0.0.0/8, or ::1.",
            address=description.address,
        )


def _check_kerberos(description: Description) -> None:
    if description.keytab is not None and not kerberos_is_there():
        raise EndpointRefused(
            description.name,
            "it takes Kerberos tickets, for which the package gssapi is missing",
            "Install it with pip install 'iea-fleet[kerberos]', which needs libkrb5-dev and a C compiler.",
        )


def _raise_file_limit(wanted: int) -> None:
    """A thousand workstations need a thousand sockets; the soft limit is often 1,024."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted and soft != resource.RLIM_INFINITY:
        new = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, new), hard))


def _block(listener: _Listener) -> None:
    """Make the port silent: a listener whose queue is full drops every further SYN (Linux), as a firewall does."""
    family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
    blocked = socket.socket(family, socket.SOCK_STREAM)
    blocked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    blocked.bind((listener.address, listener.port))
    blocked.listen(0)
    listener.blockers.append(blocked)
    for _ in range(4):
        filler = socket.socket(family, socket.SOCK_STREAM)
        filler.setblocking(False)
        filler.connect_ex((listener.address, listener.port))
        listener.blockers.append(filler)
