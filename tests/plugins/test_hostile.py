"""Workstations that lie: whatever they send, the host ends as clearly failed, and nothing of it speaks Ansible."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.lab.emulated.round import run_round
from iea_fleet.lab.engine.processes import Answer
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.plugins._result import task_result
from tests.plugins.conftest import Bench, visible

GOOD = frozenset({Verdict.OK, Verdict.CHANGED, Verdict.DRIFT})
ANSIBLE_WORDS = (
    "ansible_facts", "ansible_connection", "_ansible_no_log", "_ansible_verbose_override", "add_host", "add_group",
    "exception", "deprecations", "warnings", "invocation", "include", "_ansible_delegated_vars", "results",
)  # fmt: skip


def nonce_of(standard_input: bytes) -> str:
    """The nonce that the request asks for."""
    return str(json.loads(standard_input.split(b"\n", 1)[0])["nonce"])


def framed(standard_input: bytes, content: bytes) -> bytes:
    """Content between markers that are believed."""
    nonce = nonce_of(standard_input)
    return b"<<iea-fleet:%s:%d:%s>>%s<<iea-fleet:%s:end>>" % (
        nonce.encode(), len(content), hashlib.sha256(content).hexdigest().encode(), content, nonce.encode()
    )  # fmt: skip


def honest(bench: Bench, standard_input: bytes) -> dict[str, Any]:
    """The true answer, to be bent."""
    stdout = run_round(bench.machine, standard_input).stdout
    found = re.search(rb">>(.*)<<", stdout, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def bends(draw: st.DrawFn) -> Callable[[Bench, bytes], bytes]:
    """A way to turn the true answer into a false one."""
    kind = draw(st.sampled_from(["bytes", "text", "key", "value", "drop", "cut", "swap", "deep", "number"]))
    seed, value = draw(st.integers(0, 10**6)), draw(json_values)
    noise = draw(st.binary(max_size=300))
    word = draw(st.sampled_from(ANSIBLE_WORDS))

    def bend(bench: Bench, standard_input: bytes) -> bytes:
        if kind == "bytes":
            return noise
        if kind == "text":
            return framed(standard_input, noise)
        answer = honest(bench, standard_input)
        keys = sorted(answer)
        key = keys[seed % len(keys)]
        if kind == "key":
            answer[word] = value
        elif kind == "value":
            answer[key] = value
        elif kind == "drop":
            del answer[key]
        content = json.dumps(answer).encode()
        if kind == "cut":
            return framed(standard_input, content)[: -1 - seed % 500]
        if kind == "swap":
            whole = bytearray(framed(standard_input, content))
            whole[seed % len(whole)] ^= 1 + seed % 255
            return bytes(whole)
        if kind == "deep":
            return framed(standard_input, b"[" * 100_000)
        if kind == "number":
            return framed(standard_input, content.replace(b'"elapsed_ms": ', b'"elapsed_ms": 1e400, "x": ', 1))
        return framed(standard_input, content)

    return bend


@pytest.mark.usefixtures("hasty")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bend=bends())
def test_a_false_answer_is_refused_or_is_an_answer(bench: Bench, bend: Callable[[Bench, bytes], bytes]) -> None:
    bench.engine.says = lambda standard_input: Answer(stdout=bend(bench, standard_input))
    outcome = bench.exchange()
    result = task_result(outcome, read_only=False, diff=True)
    assert set(result) <= {"changed", "msg", "iea_fleet", "diff", "failed", "unreachable", "skipped"}
    assert result["msg"].isprintable()
    assert Outcome.model_validate_json(json.dumps(result["iea_fleet"])) == outcome
    if outcome.answer is None:
        assert outcome.verdict is Verdict.UNKNOWN
        assert result["failed"]
        assert not result["changed"]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("word", ANSIBLE_WORDS)
def test_an_answer_that_speaks_ansible_is_no_answer(bench: Bench, word: str) -> None:
    def says(standard_input: bytes) -> Answer:
        answer = honest(bench, standard_input)
        answer[word] = {"ansible_connection": "local", "ansible_python_interpreter": "/bin/false"}
        return Answer(stdout=framed(standard_input, json.dumps(answer).encode()))

    bench.engine.says = says
    outcome = bench.exchange()
    assert (outcome.verdict, outcome.answer) == (Verdict.UNKNOWN, None)
    assert word not in task_result(outcome, read_only=False, diff=True)


def test_hostile_answers_through_ansible_end_as_failed_hosts(bench: Bench) -> None:
    def forged(standard_input: bytes) -> bytes:
        answer = honest(bench, standard_input)
        answer["ansible_facts"] = {"ansible_connection": "local"}
        return framed(standard_input, json.dumps(answer).encode())

    hostile: list[Callable[[bytes], bytes]] = [
        lambda _: b"",
        lambda _: bytes(range(256)) * 400,
        lambda _: b"\x1b]0;owned\x07\x1b[2J" + "\u202e".encode(),
        lambda data: framed(data, b"{}"),
        lambda data: framed(data, b"[" * 50_000),
        lambda data: framed(data, b'{"schema": NaN}'),
        lambda data: framed(data, b"\xff\xfe"),
        lambda data: framed(data, b"{" + b'"a":' * 1000 + b"1" + b"}"),
        lambda data: b"<<iea-fleet:%s:99999999999:" % nonce_of(data).encode() + b"0" * 64 + b">>",
        lambda data: data,
        lambda _: b'{"changed": true, "ansible_facts": {"ansible_connection": "local"}, "failed": false}',
        forged,
    ]
    turns = itertools.cycle(hostile)
    bench.engine.says = lambda data: Answer(stdout=next(turns)(data))
    run = bench.ansible("-v", hosts=36)
    assert run.exit_code == 2
    assert len(run.results) == 36
    for result in run.results:
        assert result["iea_fleet"]["verdict"] == "unknown"
        # Ansible itself adds the last three.
        assert set(result) <= {"changed", "msg", "iea_fleet"} | {"_ansible_no_log", "invocation", "exception"}
    assert "failed=1" in visible(run.text)
    assert "Traceback" not in run.text
    assert "\x1b]" not in run.text


RESPONSES = {
    "nothing": b"",
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "short body": b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 900\r\n\r\n<a/>",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "not soap": b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 4\r\n\r\n<a/>",
    "not xml": b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 3\r\n\r\n\xff\xfe<",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "deflate": b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\n\x78\x9c",
    "odd fault": (
        b"HTTP/1.1 500 x\r\nContent-Type: application/soap+xml\r\nContent-Length: 282\r\n\r\n"
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Detail>'
        b'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="x"/></s:Detail></s:Fault>'
        b"</s:Body></s:Envelope>"
    ),
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000,
    "challenge of rubbish": (
        b"HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate TlRMTVNTUAACAAAA\r\nContent-Length: 0\r\n\r\n"
    ),
}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("logon", ["ntlm", "basic"])
@pytest.mark.parametrize("name", RESPONSES)
def test_what_is_no_winrm_is_never_an_answer_and_never_a_crash(bench: Bench, name: str, logon: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()
        server.settimeout(0.1)
        thread = threading.Thread(target=_serve, args=(server, RESPONSES[name], stop))
        thread.start()
        try:
            outcome = bench.exchange(ansible_port=server.getsockname()[1], ansible_winrm_transport=logon, deadline_s=5)
        finally:
            stop.set()
            thread.join()
    assert outcome.verdict in {Verdict.UNREACHABLE, Verdict.REFUSED}
    assert outcome.findings[0].code in {
        "transport.malformed", "transport.not_winrm", "transport.connection_reset", "transport.answer_compressed",
        "transport.logon_refused_local_account", "transport.fault", "transport.logon_method_not_offered",
    }  # fmt: skip
    assert "object has no attribute" not in outcome.model_dump_json()


def _serve(server: socket.socket, response: bytes, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection, contextlib.suppress(OSError):
            connection.settimeout(0.2)
            connection.recv(65_536)
            connection.sendall(response)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass
