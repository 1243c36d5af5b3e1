"""Opens and closes the listeners of lab workstations on loopback."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable

from iea_fleet.lab.engine import Engine
from iea_fleet.lab.http.connection import Connection
from iea_fleet.lab.workstation import Workstation


class EndpointRefused(Exception):
    """A listener can't be opened; the message is one sentence with the way out."""


class Endpoint:
    """All listeners of one process.

    Args:
        workstations: who is served; each has its own address or its own port.
        engine: what answers their commands.
    """

    def __init__(self, workstations: Iterable[Workstation], engine: Engine) -> None:
        self.workstations = {workstation.name: workstation for workstation in workstations}
        self._engine = engine
        self._servers: list[asyncio.Server] = []

    async def start(self) -> None:
        """Open every listener. Raises: EndpointRefused; then none is open."""
        for workstation in self.workstations.values():
            description = workstation.description
            if not ipaddress.ip_address(description.address).is_loopback:
                raise EndpointRefused(
                    f"{description.name}: the lab listens on loopback only, not on {description.address}. "
                    "Give it an address of 127.0.0.0/8 or ::1."
                )
            port = None
            if description.http_port is not None:
                server = await asyncio.start_server(
                    self._serve(workstation, "http", None), description.address, description.http_port
                )
                self._servers.append(server)
                port = server.sockets[0].getsockname()[1]
            workstation.with_ports(port, None)

    def _serve(self, workstation: Workstation, scheme: str, binding: bytes | None):  # type: ignore[no-untyped-def]
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Connection(workstation, self._engine, reader, writer, scheme, binding).serve()

        return serve

    async def stop(self) -> None:
        """Close every listener, connection and shell."""
        for server in self._servers:
            server.close()
        for workstation in self.workstations.values():
            workstation.forget_shells()
