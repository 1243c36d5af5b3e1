"""Real servers on loopback for the URL probe: HTTP, TLS with every fault, proxies, silence."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trustme

Talk = Callable[[socket.socket], None]


@contextmanager
def served(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve each connection with `talk` in a thread of its own; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    open_ones: list[socket.socket] = []

    def connection(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(10)
            if context is None:
                talk(client)
                return
            with context.wrap_socket(client, server_side=True) as secured:
                talk(secured)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                open_ones.append(client)
                threading.Thread(target=connection, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # accept() does not see a close from another thread everywhere; a shutdown it does.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for client in open_ones:
            client.close()


def head(client: socket.socket) -> str:
    """Read a request's head."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = client.recv(1)
        if not piece:
            break
        data += piece
    return data.decode("latin-1")


def web(client: socket.socket) -> None:
    """Answer /NUMBER with that status; never answer /silent; /drip a byte at a time without end."""
    last = head(client).partition(" HTTP/")[0].rsplit("/", 1)[-1]
    if last == "silent":
        client.recv(1)
    elif last == "drip":
        while True:
            client.sendall(b"x")
            threading.Event().wait(0.05)
    elif last == "garbage":
        client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    else:
        client.sendall(f"HTTP/1.1 {last} Said so\r\nLocation: http://x.invalid/\r\nContent-Length: 0\r\n\r\n".encode())


def silent(client: socket.socket) -> None:
    """Take the connection and say nothing until the other side goes."""
    while client.recv(1024):
        pass


def blunt(client: socket.socket) -> None:
    """Speak HTTP to whatever comes, as a web server does to TLS."""
    client.recv(1)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hangs_up(client: socket.socket) -> None:
    """End the connection at once."""
    client.recv(1)


def proxy(status: int, port_behind: int = 0) -> Talk:
    """A proxy: 200 lets CONNECT through to `port_behind` and answers a plain request itself, other statuses refuse."""

    def talk(client: socket.socket) -> None:
        request = head(client)
        if status != 200 or not request.startswith("CONNECT"):
            code = status if status != 200 else int(request.split(" ")[1].rsplit("/", 1)[-1])
            client.sendall(f"HTTP/1.1 {code} Said so\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", port_behind), timeout=10) as behind:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(behind, client), daemon=True)
            back.start()
            pump(client, behind)
            back.join(5)

    return talk


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until one side ends."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue is full, so that Linux leaves a connection unanswered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def tls(authority: trustme.CA, name: str = "localhost", *, days: tuple[int, int] = (-1, 30)) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for `name`, valid from and to so many days from now."""
    now = datetime.datetime.now(datetime.UTC)
    not_before, not_after = (now + datetime.timedelta(days=each) for each in days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=not_before, not_after=not_after).configure_cert(context)
    return context
