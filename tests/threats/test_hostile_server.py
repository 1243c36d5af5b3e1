"""Something that speaks HTTP on the WinRM port and means harm: no exception, no secret, no more than the deadline."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.model.outcome import Verdict
from iea_fleet.plugins._result import task_result
from tests.plugins.conftest import PASSWORD, Bench, open_bench

SOAP = "http://www.w3.org/2003/05/soap-envelope"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CHALLENGE = b"NTLMSSP\0\2\0\0\0" + b"\xff" * 200


def http(status: str, body: str = "", **headers: str) -> bytes:
    content = body.encode()
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n{''.join(lines)}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def soap(inner: str) -> str:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{inner}</s:Body></s:Envelope>'


def fault(code: str) -> bytes:
    detail = f'<f:WSManFault xmlns:f="{FAULT}" Code="{code}" Machine="x"><f:Message>m</f:Message></f:WSManFault>'
    kind = "<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:x</s:Value></s:Subcode></s:Code>"
    reason = "<s:Reason><s:Text>m</s:Text></s:Reason>"
    return http("500 x", soap(f"<s:Fault>{kind}{reason}<s:Detail>{detail}</s:Detail></s:Fault>"))


def without_end(head: bytes, more: bytes) -> Iterable[bytes]:
    return itertools.chain([head], itertools.repeat(more * 1000))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/soap+xml\r\n\r\n"
SHELL_MADE = soap(f'<r:Shell xmlns:r="{SHELL}"><r:ShellId>1</r:ShellId></r:Shell>')
REPLIES: dict[str, Callable[[], Iterable[bytes]]] = {
    "accepts all without a logon": lambda: [http("200 OK")],
    "makes a shell without a logon": lambda: [http("200 OK", SHELL_MADE)],
    "a fault code of 6000 digits": lambda: [fault("9" * 6000)],
    "a fault code of 4000 digits": lambda: [fault("9" * 4000)],
    "a fault code of another script": lambda: [fault("٣")],
    "interim responses without end": lambda: without_end(b"", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"),
    "chunks of one byte without end": lambda: without_end(CHUNKED, b"1\r\nA\r\n"),
    "trailers without end": lambda: without_end(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "cookies of megabytes": lambda: [http("401 x", "", **{f"X{n}": "v" * 60_000 for n in range(90)})],
    "an entity of this machine's files": lambda: [
        http("200 OK", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>')
    ],
    "deep elements": lambda: [http("200 OK", "<a>" * 140_000 + "</a>" * 140_000)],
}

CLIENTS = ("winrm", "winrm with basic", "psrp")
# What never ends costs its deadline each time: one client is enough.
CASES = [(name, client) for name in REPLIES for client in CLIENTS[2 if "without end" in name else 0 :]]


class Server:
    """Answers each request with a reply; keeps what was sent to it."""

    def __init__(self, reply: Callable[[], Iterable[bytes]]) -> None:
        self.received: list[bytes] = []
        self._connections: list[socket.socket] = []
        self._reply, self._listener = reply, socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection.makefile("rb") as stream:
            while head := b"".join(itertools.takewhile(b"\r\n".__ne__, iter(stream.readline, b""))):
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                self.received.append(head + stream.read(int(length[1]) if length else 0))
                for piece in self._reply():
                    connection.sendall(piece)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with open_bench(Path(tmp_path_factory.mktemp("bench"))) as opened:
        yield opened


@pytest.mark.parametrize(("name", "client"), CASES)
def test_nothing_that_answers_on_the_port_gets_a_word_of_the_request_or_an_exception(
    bench: Bench, name: str, client: str
) -> None:
    connection, _, basic = client.partition(" with ")
    logon: dict[str, Any] = {
        "ansible_winrm_transport": basic or "ntlm",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_protocol": "http",
    }
    with Server(REPLIES[name]) as server:
        outcome = bench.exchange(connection=connection, ansible_port=server.port, deadline_s=2, **logon)
    assert outcome.verdict in {Verdict.UNREACHABLE, Verdict.REFUSED}
    assert outcome.findings
    json.dumps(task_result(outcome, read_only=False, diff=True))
    assert outcome.elapsed_ms < 5000
    sent = b"".join(server.received)
    assert b'"nonce"' not in sent
    assert PASSWORD.encode() not in sent
    assert base64.b64encode(b'"nonce"')[:-3] not in sent


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_a_host_that_asks_for_a_logon_again_and_again_gets_few(bench: Bench, connection: str) -> None:
    challenge = f"Negotiate {base64.b64encode(CHALLENGE).decode()}"
    with Server(lambda: [http("401 x", WWW_Authenticate=challenge)]) as server:
        outcome = bench.exchange(
            connection=connection, ansible_port=server.port, deadline_s=5,
            ansible_psrp_auth="ntlm", ansible_psrp_protocol="http",
        )  # fmt: skip
    assert outcome.verdict is Verdict.REFUSED
    assert len(server.received) <= 7
