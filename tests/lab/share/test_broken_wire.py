"""A server that falls silent or hangs up in the middle of a visit: each step ends, with a code."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from iea_fleet.lab.share import smb
from iea_fleet.lab.share.files import DATABASE
from iea_fleet.lab.share.samba import SambaServers
from iea_fleet.lab.share.smb import Target, open_on
from iea_fleet.lab.share.visit import Reached, Standing
from iea_fleet.model.answer import ShareLayer

# What the client has sent when each step begins: negotiation 1, logon 2, share 1, then opening and closing.
STEPS = [
    (0, ShareLayer.SHARE),
    (1, ShareLayer.SHARE),
    (2, ShareLayer.SHARE),
    (3, ShareLayer.SHARE),
    (4, ShareLayer.SHARE),
    (6, ShareLayer.PATH),
    (8, ShareLayer.FILE),
    (10, ShareLayer.READ),
    (13, ShareLayer.WRITE),
]


def _received(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def _forward(client: socket.socket, server: socket.socket, messages: int, *, hang_up: bool) -> None:
    """Pass on so many messages of the client; then be silent until it goes, or hang up."""
    with contextlib.suppress(OSError):
        for _ in range(messages):
            head = _received(client, 4)
            server.sendall(head + _received(client, struct.unpack(">L", head)[0]))
        if not hang_up:
            while client.recv(65536):
                pass
        else:
            client.recv(1)
    for side in (client, server):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


def _answer(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)


@contextlib.contextmanager
def wire(port: int, messages: int, *, hang_up: bool) -> Iterator[int]:
    """A port that leads to the server for so many messages of one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(("127.0.0.1", port)) as server:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                back = threading.Thread(target=_answer, args=(client, server))
                back.start()
                _forward(client, server, messages, hang_up=hang_up)
                back.join()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.fixture
def target(samba: SambaServers, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(smb, "_PATIENCE_S", 0.3)
    return Target("127.0.0.1", samba.port, "site-1", "Base", DATABASE, "iea-fleet-9.tmp")


@pytest.mark.parametrize(("messages", "layer"), STEPS)
@pytest.mark.parametrize("hang_up", [True, False], ids=["hangs up", "falls silent"])
def test_a_server_that_goes_ends_the_visit_at_the_step_it_was_at(
    samba: SambaServers, target: Target, messages: int, layer: ShareLayer, hang_up: bool
) -> None:
    with wire(samba.port, messages, hang_up=hang_up) as port:
        bent = Target(target.address, port, target.share, target.folder, target.file, target.scratch)
        reached = open_on(bent, samba.accounts[Standing.FINE], 1000)
    assert reached == Reached(layer, 64)


def test_the_whole_wire_opens_everything(samba: SambaServers, target: Target) -> None:
    with wire(samba.port, 100, hang_up=False) as port:
        bent = Target(target.address, port, target.share, target.folder, target.file, target.scratch)
        assert open_on(bent, samba.accounts[Standing.FINE], 1000) == Reached(ShareLayer.NONE, 0)
