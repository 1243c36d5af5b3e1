"""Hostile input: the endpoint answers or refuses, never crashes, never hangs, and serves the next good request."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import spnego
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.lab.http.ntlm_message import find_authenticate
from iea_fleet.lab.http.sealing import SealingRefused, seal, unseal
from iea_fleet.lab.wsman.envelope import MAX_DEPTH, EnvelopeRefused, Request, parse_duration_s, parse_request, parse_xml
from tests.lab.endpoint.conftest import PASSWORD, SHELL, TRANSFER, USER, Lab, envelope

live = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHELL_ID = "11111111-2222-3333-4444-555555555555"
CORPUS = [
    envelope(f"{TRANSFER}/Create", "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>"),
    envelope(
        f"{SHELL}/Command",
        "<rsp:CommandLine><rsp:Command>cmd</rsp:Command><rsp:Arguments>/c echo hi</rsp:Arguments></rsp:CommandLine>",
        shell_id=SHELL_ID,
    ),
    envelope(
        f"{SHELL}/Send",
        f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{SHELL_ID}" End="true">aGk=</rsp:Stream></rsp:Send>',
        shell_id=SHELL_ID,
    ),
    envelope(
        f"{SHELL}/Receive",
        f'<rsp:Receive><rsp:DesiredStream CommandId="{SHELL_ID}">stdout stderr</rsp:DesiredStream></rsp:Receive>',
        shell_id=SHELL_ID,
        timeout="PT0.05S",
    ),
    envelope(
        f"{SHELL}/Signal",
        f'<rsp:Signal CommandId="{SHELL_ID}"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>',
        shell_id=SHELL_ID,
    ),
    envelope("http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate", "<n:Enumerate/>", resource=SHELL),
]


@st.composite
def spoiled(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """A message of the corpus, cut, with pieces swapped, doubled, dropped or overwritten, a few times."""
    message = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(1, 4))):
        first, second = sorted((draw(st.integers(0, len(message))), draw(st.integers(0, len(message)))))
        head, middle, tail = message[:first], message[first:second], message[second:]
        doubled = head + middle + middle[:2000] + tail
        overwritten = head + draw(st.binary(max_size=8)) + tail
        message = draw(st.sampled_from([head, head + tail, tail + middle + head, doubled, middle, overwritten]))
    return message


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    lab = Lab()
    host = lab.open()
    yield host
    for connection in host.clients:
        connection.close()
    lab.close()


@pytest.fixture(scope="module")
def secured() -> Iterator[Any]:
    lab = Lab()
    yield lab.open(http_port=None, https_port=0)
    lab.close()


def exchange(host: Any, data: bytes) -> bytes:
    """Send bytes and the end; give what comes back until the other end, within five seconds."""
    received = b""
    with socket.create_connection(("127.0.0.1", host.port), 5) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError:
            pass
    return received


def request_bytes(body: bytes, authorization: str | None = None) -> bytes:
    basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = (
        f"POST /wsman HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization or basic}\r\n"
        f"Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@live
@given(st.binary(max_size=2048))
def test_any_bytes_are_answered_or_dropped(served: Any, data: bytes) -> None:
    answer = exchange(served, data)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    served.lab.do(served.workstation.forget_shells)


@live
@given(spoiled([request_bytes(message.encode()) for message in CORPUS]))
def test_a_cut_or_swapped_request_is_answered_or_dropped(served: Any, data: bytes) -> None:
    answer = exchange(served, data)
    assert answer == b"" or re.match(rb"HTTP/1\.1 [245]\d\d ", answer)
    served.lab.do(served.workstation.forget_shells)


@live
@given(spoiled([message.encode() for message in CORPUS]))
def test_a_spoiled_envelope_is_an_answer_or_a_fault(served: Any, body: bytes) -> None:
    answer = exchange(served, request_bytes(body))
    assert re.match(rb"HTTP/1\.1 (200|500) ", answer)
    assert b"Envelope" in answer or not body
    served.lab.do(served.workstation.forget_shells)


def tokens() -> list[bytes]:
    """The messages of a real NTLM logon, raw and in SPNEGO; the last ones answer a made-up challenge."""
    made = []
    for protocol in ("ntlm", "negotiate"):
        client = spnego.client(USER, PASSWORD, protocol=protocol, options=spnego.NegotiateOptions.use_negotiate)
        made.append(client.step() or b"")
    challenge = (
        b"NTLMSSP\x00\x02\x00\x00\x00\x02\x00\x02\x008\x00\x00\x003\x82\x8a\xe2\x01\x02\x03\x04\x05\x06\x07\x08"
        + bytes(8)
        + b"\x14\x00\x14\x00:\x00\x00\x00"
        + bytes(8)
        + b"A\x00\x02\x00\x04\x00A\x00A\x00\x07\x00\x08\x00"
        + bytes(8)
    )
    client = spnego.client(USER, PASSWORD, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    client.step()
    made.append(client.step(challenge) or b"")
    return made


@live
@given(spoiled(tokens()) | st.binary(max_size=300), st.sampled_from(["Negotiate", "NTLM", "Basic", "negotiate"]))
def test_any_token_is_a_challenge_or_a_refusal(served: Any, token: bytes, scheme: str) -> None:
    logons = served.workstation.stats.logons
    answer = exchange(served, request_bytes(b"", f"{scheme} {base64.b64encode(token).decode()}"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert served.workstation.stats.logons == logons


@live
@given(spoiled(tokens()))
def test_a_spoiled_proof_after_a_right_start_is_refused(served: Any, token: bytes) -> None:
    start = request_bytes(b"", f"NTLM {base64.b64encode(tokens()[0]).decode()}")
    answer = exchange(served, start + request_bytes(b"", f"NTLM {base64.b64encode(token).decode()}"))
    assert b"HTTP/1.1 200" not in answer


@live
@given(st.binary(max_size=600))
def test_any_bytes_on_the_https_port_are_dropped(secured: Any, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", secured.workstation.description.https_port), 5) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except ConnectionError:
            return
    assert secured.workstation.stats.requests == 0


def test_after_all_of_that_the_endpoint_serves(served: Any) -> None:
    assert served.serves()
    assert served.workstation.shells == {}


@given(st.binary(max_size=4096) | spoiled([message.encode() for message in CORPUS]))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    try:
        request = parse_request(data)
    except EnvelopeRefused:
        return
    assert isinstance(request, Request)


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml-stylesheet href="x"?><a/>',
        "<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1),
        f"<a>{'<b/>' * 20_001}</a>",
        f"<a {' '.join(f'a{n}={chr(34)}{chr(34)}' for n in range(65))}/>",
        "<a>&nbsp;</a>",
        "<a",
        "",
    ],
)
def test_dangerous_xml_is_refused(document: str) -> None:
    with pytest.raises(EnvelopeRefused):
        parse_xml(document.encode())


def test_xml_at_its_bounds_is_read() -> None:
    assert parse_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).tag == "a"


@given(st.text(max_size=40))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    seconds = parse_duration_s(text)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT20S", 20),
        ("PT60.500S", 60.5),
        ("P1DT2H3M4S", 93784),
        ("PT0S", 0),
        ("P", None),
        ("PT", None),
        ("20", None),
        ("-PT1S", None),
    ],
)
def test_durations_are_read(text: str, seconds: float | None) -> None:
    assert parse_duration_s(text) == seconds


class Reversing:
    """Keys of a toy logon."""

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        return b"signature", plain[::-1], 0

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        if signature != b"signature":
            raise SealingRefused("no")
        return encrypted[::-1]


@given(st.binary(max_size=500))
def test_what_was_sealed_is_unsealed(plain: bytes) -> None:
    body, content_type = seal(plain, "application/HTTP-SPNEGO-session-encrypted", "UTF-8", Reversing())
    assert unseal(body, content_type, Reversing())[0] == plain


@given(spoiled([seal(b"<message/>" * 9, "application/HTTP-SPNEGO-session-encrypted", "UTF-8", Reversing())[0]]))
def test_a_spoiled_sealed_body_is_refused_or_whole(body: bytes) -> None:
    try:
        plain, _ = unseal(body, 'multipart/encrypted;boundary="Encrypted Boundary"', Reversing())
    except SealingRefused:
        return
    assert len(plain) == 90 or b"Length=90" not in body


@given(st.binary(max_size=200).map(lambda tail: b"NTLMSSP\x00\x03\x00\x00\x00" + tail) | spoiled(tokens()))
def test_any_authenticate_message_has_fields_or_is_refused(token: bytes) -> None:
    try:
        fields = find_authenticate(token)
    except ValueError:
        return
    assert fields is None or isinstance(fields.user, str)
