"""Python's SMTP client, bounded in every way: time, replies, and TLS from the first byte on port 465."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from typing import IO, Final

WAIT_S: Final = 20.0
"""Longest wait for one step of the server."""

IMPLICIT_TLS_PORT: Final = 465
"""Where TLS begins with the first byte (RFC 8314, 3.3)."""

_REPLY_LINES: Final = 1000


class Refused(Exception):
    """The server's answer was another than needed."""

    def __init__(self, code: int, said: bytes) -> None:
        super().__init__()
        self.code, self.said = code, said


class _BoundedReplies:
    """Reads replies of a server, and no more lines than any honest one sends."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lines = stream, 0

    def readline(self, size: int) -> bytes:
        """One line, as smtplib asks for it."""
        self._lines += 1
        if self._lines > _REPLY_LINES:
            raise Refused(-1, b"it answers without end")
        return self._stream.readline(size)

    def close(self) -> None:
        """Let go of the stream."""
        self._stream.close()


class Deadline:
    """Cuts a connection when its time is over, whatever it is waiting for: a server may send a byte now and then."""

    def __init__(self, limit_s: float) -> None:
        self.over = False
        self._connection: socket.socket | None = None
        self._timer = threading.Timer(limit_s, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        """Watch this connection, also once TLS is laid over it."""
        self._connection = connection.dup()
        if self.over:
            self._cut()

    def end(self) -> None:
        """Watch no more."""
        self._timer.cancel()
        if self._connection is not None:
            self._connection.close()

    def _cut(self) -> None:
        self.over = True
        if self._connection is not None:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)


class SmtpClient(smtplib.SMTP):
    """Python's SMTP client with bounded replies, a deadline, and TLS from the first byte on port 465."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, deadline: Deadline) -> None:
        self._tls, self._deadline = tls, deadline
        name = socket.gethostname()
        # Not the full name as the library does: looking it up may wait for a name server for long.
        greeting = name if "." in name and name.isascii() else "[127.0.0.1]"
        super().__init__(local_hostname=greeting, timeout=WAIT_S)
        self._host, self._port = host, port  # smtplib compares the certificate with `_host` in STARTTLS

    def open(self) -> None:
        """Connect, and hear the server's greeting. Raises: Refused when it is none; OSError, SMTPException."""
        code, said = self.connect(self._host, self._port)
        if code != 220:
            raise Refused(code, said)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._deadline.watch(connection)
        if port != IMPLICIT_TLS_PORT:
            return connection
        try:
            return self._tls.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """One reply of the server."""
        if self.file is None and self.sock is not None:
            self.file = _BoundedReplies(self.sock.makefile("rb"))
        return super().getreply()
