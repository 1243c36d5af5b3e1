"""The guarded adapter against servers that misbehave on the wire, and the bounds that it keeps while receiving."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from spnego._ntlm_raw.messages import Challenge, NegotiateFlags

from iea_fleet.model.outcome import Verdict
from iea_fleet.plugins._adapter import GuardedAdapter
from iea_fleet.plugins._watch import (
    BasicInClear,
    DeadlinePassed,
    EncodedResponse,
    Redirected,
    TooMuchReceived,
    Watch,
)
from tests.plugins.conftest import Bench

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def server(serve: Serve) -> Iterator[tuple[int, list[bytes]]]:
    """A server that calls `serve` for each connection; gives its port, and the first bytes of each connection."""
    seen: list[bytes] = []
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError):
                seen.append(connection.recv(65_536))
                serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            over.set()
            thread.join()


def ask(port: int, watch: Watch, **options: object) -> requests.Response:
    """One request within the bounds of `watch`."""
    with requests.Session() as session, watch.timer():
        session.mount("http://", GuardedAdapter(watch))
        return session.post(f"http://127.0.0.1:{port}/wsman", data=b"x" * 100, timeout=5, **options)  # type: ignore[arg-type]


def test_nothing_compressed_is_asked_for_and_what_goes_is_counted() -> None:
    watch = Watch(5)
    with server(lambda connection: connection.sendall(OK)) as (port, seen):
        assert ask(port, watch).content == b"ok"
    assert b"Accept-Encoding: identity\r\n" in seen[0]
    head = seen[0].partition(b"\r\n\r\n")[0]
    assert watch.traffic.bytes_sent == len(head) + 4 + 100
    assert (watch.traffic.requests, watch.traffic.bytes_received) == (1, len(OK))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x-anything", "gzip, identity"])
def test_a_compressed_response_is_refused_unread(encoding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 9\r\n\r\n".encode()
    with server(lambda connection: connection.sendall(head)) as (port, _), pytest.raises(EncodedResponse):
        ask(port, Watch(5))


def _endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def test_an_endless_response_is_ended_at_its_bound() -> None:
    watch = Watch(20, response_bytes=300_000)
    with server(_endless) as (port, _), pytest.raises(TooMuchReceived, match="response"):
        ask(port, watch)
    assert watch.traffic.bytes_received < 500_000


def test_many_responses_are_ended_at_the_bound_of_the_round() -> None:
    watch = Watch(20, round_bytes=5 * len(OK))
    with server(lambda connection: connection.sendall(OK)) as (port, _):
        for _ in range(5):
            ask(port, watch)
        with pytest.raises(TooMuchReceived, match="round"):
            ask(port, watch)


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for _ in range(400):
        connection.sendall(b"X")
        time.sleep(0.02)


def _drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n")
    for _ in range(400):
        connection.sendall(b"X")
        time.sleep(0.02)


@pytest.mark.parametrize("serve", [_drip, _drip_body])
def test_a_response_that_drips_for_ever_is_ended_by_the_deadline(serve: Serve) -> None:
    watch = Watch(0.6)
    begun = time.monotonic()
    with server(serve) as (port, _), pytest.raises((DeadlinePassed, requests.exceptions.ConnectionError)):
        ask(port, watch)
    assert watch.remaining_s == 0
    assert time.monotonic() - begun < 3


def test_nothing_is_sent_after_the_deadline() -> None:
    watch = Watch(0)
    with server(lambda connection: connection.sendall(OK)) as (port, seen), pytest.raises(DeadlinePassed):
        ask(port, watch)
    assert (seen, watch.traffic.requests) == ([], 0)


def test_a_redirection_is_not_followed_and_takes_no_credentials_along() -> None:
    with server(lambda connection: connection.sendall(OK)) as (elsewhere, seen):
        answer = f"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        with server(lambda connection: connection.sendall(answer)) as (port, _), pytest.raises(Redirected):
            ask(port, Watch(5), auth=("user", "password"))
    assert seen == []


def test_a_password_in_clear_goes_to_no_proxy() -> None:
    with server(lambda connection: connection.sendall(OK)) as (proxy, seen), pytest.raises(BasicInClear):
        ask(9, Watch(5), auth=("user", "password"), proxies={"http": f"http://127.0.0.1:{proxy}"})
    assert seen == []


@pytest.mark.usefixtures("hasty")
def test_a_connection_cut_in_the_middle_of_the_logon_is_no_wrong_password(bench: Bench) -> None:
    challenge = Challenge(
        flags=NegotiateFlags.unicode | NegotiateFlags.ntlm | NegotiateFlags.request_target,
        server_challenge=b"12345678",
    ).pack()
    token = base64.b64encode(challenge).decode()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n")
        if b"Authorization" in connection.recv(65_536):
            head = f"HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate {token}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())

    with server(serve) as (port, seen):
        outcome = bench.exchange(ansible_port=port, deadline_s=10)
    assert (outcome.verdict, outcome.findings[0].code) == (Verdict.UNREACHABLE, "transport.connection_reset")
    assert not any(b"Authorization" in first for first in seen)
