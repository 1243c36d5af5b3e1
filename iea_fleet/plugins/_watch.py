"""What one round may cost, counted while it happens: time, bytes, and what the host's last answers looked like."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from iea_fleet.model.outcome import Traffic

CONNECT_TIMEOUT_S = 10.0
"""Longest wait for a TCP connection; a workstation that is on answers in milliseconds."""

RESPONSE_BYTES = 1 << 20
"""Largest response: the largest envelope that a Windows service sends by default is 500 kB (MaxEnvelopeSizekb)."""

ROUND_BYTES = 24 << 20
"""Everything that a host may send in one round; 5 MB of noise on standard error is 7 MB on the wire."""


class GuardStop(Exception):
    """Root of the reasons to stop listening to a host."""


class DeadlinePassed(GuardStop):
    """The time for the round is over."""


class TooMuchReceived(GuardStop):
    """The host sent more than one response, or one round, may hold."""


class EncodedResponse(GuardStop):
    """The host compressed its response although it was asked not to; inflating it could fill the memory."""


class Redirected(GuardStop):
    """The host answered with a redirection, which no WinRM service does."""


class BasicInClear(GuardStop):
    """The password would cross the network in clear."""


class LogonWithoutEnd(GuardStop):
    """The host goes on asking for a logon; each further answer could be one more wrong password to a domain."""


class Limit(StrEnum):
    """Which bound a host went over."""

    RESPONSE = "response"
    ROUND = "round"


_MOST_UNAUTHORIZED = 6
"""401 responses in a row that a logon may take: NTLM takes two (one more in SPNEGO), Kerberos seldom more."""


@dataclass(frozen=True, slots=True)
class LastResponse:
    """Head of the host's last HTTP response; header values as they came, "" when absent."""

    status: int
    server: str
    date: str
    content_type: str


class Watch:
    """The bounds of one round and what was counted against them; one thread uses it, its own timer cuts the sockets.

    Args:
        deadline_s: seconds from now until the round is over.
        response_bytes: bound of one response, head and body.
        round_bytes: bound of all responses together.
        pin: SHA-256 of the only certificate to accept, in hexadecimal; "": the usual checks.
    """

    def __init__(
        self,
        deadline_s: float,
        *,
        response_bytes: int = RESPONSE_BYTES,
        round_bytes: int = ROUND_BYTES,
        pin: str = "",
    ) -> None:
        self._end = time.monotonic() + deadline_s
        self._response_bytes = response_bytes
        self._round_bytes = round_bytes
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._unauthorized = 0
        self.pin = pin
        self.requests = 0
        self.bytes_sent = 0
        self.bytes_received = 0
        self.last: LastResponse | None = None
        self.offered: tuple[str, ...] = ()
        self.kerberos_error: int | None = None
        self.certificate: bytes | None = None
        self.proxy = ""
        self.may_connect = True

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline, never below 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def traffic(self) -> Traffic:
        """What was counted so far."""
        return Traffic(requests=self.requests, bytes_sent=self.bytes_sent, bytes_received=self.bytes_received)

    def check(self) -> None:
        """Raises: DeadlinePassed when the time is over."""
        if time.monotonic() >= self._end:
            raise DeadlinePassed

    def grant(self, seconds: float) -> None:
        """Let the round go on for `seconds` from now, to clean up after it went over a bound."""
        self._end = time.monotonic() + seconds
        self._round_bytes = self.bytes_received + self._response_bytes

    def pause(self, seconds: float) -> bool:
        """Sleep for `seconds`; False, at once, when the deadline comes before that."""
        if seconds >= self.remaining_s:
            return False
        time.sleep(seconds)
        return True

    def sending(self, size: int) -> None:
        """Count one request of `size` bytes. Raises: DeadlinePassed."""
        self.check()
        self.requests += 1
        self.bytes_sent += size

    def receiving(self, size: int, so_far: int) -> None:
        """Count `size` more bytes of a response of which `so_far` bytes have come.

        Raises: DeadlinePassed, or TooMuchReceived naming the `Limit`.
        """
        self.check()
        self.bytes_received += size
        if so_far > self._response_bytes:
            raise TooMuchReceived(Limit.RESPONSE)
        if self.bytes_received > self._round_bytes:
            raise TooMuchReceived(Limit.ROUND)

    def accepted(self) -> None:
        """The host answered with something else than 401."""
        self._unauthorized = 0

    def offers(self, schemes: tuple[str, ...]) -> None:
        """Note the logon methods of a 401; those of an earlier one stay known. Raises: LogonWithoutEnd."""
        self._unauthorized += 1
        if self._unauthorized > _MOST_UNAUTHORIZED:
            raise LogonWithoutEnd
        self.offered = (*self.offered, *(scheme for scheme in schemes if scheme not in self.offered))

    def connecting(self) -> None:
        """A new connection is about to be opened. Raises: ConnectionAbortedError when the old one was needed."""
        if not self.may_connect:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the connection was lost in the middle of the session")

    def follow(self, sock: socket.socket) -> None:
        """Keep a second handle on a connection's socket, so that the timer can end a read that drips for ever."""
        with self._lock:
            self._sockets.append(socket.socket(fileno=os.dup(sock.fileno())))

    @contextlib.contextmanager
    def timer(self) -> Iterator[None]:
        """While inside, the deadline ends every connection even when a byte arrives now and then."""
        timer = threading.Timer(self.remaining_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                for sock in self._sockets:
                    sock.close()
                self._sockets.clear()

    def _cut(self) -> None:
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):  # already closed by the other side
                    sock.shutdown(socket.SHUT_RDWR)
