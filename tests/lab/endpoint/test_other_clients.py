"""Clients in other languages, by the shape of their requests: raw NTLM in `Negotiate`, other frames, other prefixes."""

from __future__ import annotations

import base64
import http.client
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import spnego

from iea_fleet.lab.http.sealing import unseal
from iea_fleet.lab.workstation import AuthSettings
from tests.lab.endpoint.conftest import PASSWORD, SHELL, TRANSFER, USER, Reply, envelope

SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
CREATE = envelope(f"{TRANSFER}/Create", "<rsp:Shell/>").encode()


class Keys:
    """The client's side of a logon, for the reader of sealed bodies."""

    def __init__(self, context: spnego.ContextProxy) -> None:
        self.context = context

    def seal(self, plain: bytes) -> tuple[bytes, bytes, int]:
        wrapped = self.context.wrap_winrm(plain)
        return wrapped.header, wrapped.data, wrapped.padding_length

    def unseal(self, signature: bytes, encrypted: bytes) -> bytes:
        return self.context.unwrap_winrm(signature, encrypted)


class SealingClient:
    """NTLM by hand over one connection, as the Go and Ruby clients do it."""

    def __init__(self, port: int, scheme: str, protocol: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        self.scheme = scheme
        raw = protocol == "ntlm"
        option = spnego.NegotiateOptions.use_ntlm if raw else spnego.NegotiateOptions.use_negotiate
        self.context = spnego.client(USER, PASSWORD, protocol=protocol, options=option)

    def post(self, body: bytes, **headers: str) -> Reply:
        self.connection.request("POST", "/wsman", body, {"Content-Type": "application/soap+xml"} | headers)
        response = self.connection.getresponse()
        return Reply(response.status, response.headers, response.read())

    def log_on(self) -> Reply:
        token = self.context.step()
        while True:
            reply = self.post(b"", Authorization=f"{self.scheme} {base64.b64encode(token or b'').decode()}")
            scheme, _, answer = (reply.headers["WWW-Authenticate"] or "").partition(" ")
            if answer and not self.context.complete:
                assert scheme == self.scheme
                token = self.context.step(base64.b64decode(answer))
            if reply.status == 200 or not answer:
                return reply

    def ask(self, plain: bytes, head_indent: str, closing: str) -> bytes:
        signature, encrypted, _ = self.context.wrap_winrm(plain)
        frame = (
            "--Encrypted Boundary\r\n"
            f"{head_indent}Content-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            f"{head_indent}OriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(plain)}\r\n"
            f"--Encrypted Boundary\r\n{head_indent}Content-Type: application/octet-stream\r\n"
        )
        body = frame.encode() + struct.pack("<I", len(signature)) + signature + encrypted + closing.encode()
        reply = self.post(body, **{"Content-Type": SEALED})
        return unseal(reply.body, reply.headers["Content-Type"], Keys(self.context))[0]


@contextmanager
def sealing_client(host: Any, scheme: str = "Negotiate", protocol: str = "ntlm") -> Iterator[SealingClient]:
    client = SealingClient(host.port, scheme, protocol)
    try:
        yield client
    finally:
        client.connection.close()


@pytest.mark.parametrize(
    ("scheme", "protocol"), [("Negotiate", "ntlm"), ("NTLM", "ntlm"), ("Negotiate", "negotiate"), ("NTLM", "negotiate")]
)
@pytest.mark.parametrize(
    ("indent", "closing"),
    [
        ("\t", "--Encrypted Boundary--\r\n"),
        ("", "--Encrypted Boundary--"),
        ("", "--Encrypted Boundary\r\n"),
        (" ", "-- Encrypted Boundary--\r\n"),
    ],
)
def test_every_client_is_understood(host: Any, scheme: str, protocol: str, indent: str, closing: str) -> None:
    with sealing_client(host, scheme, protocol) as client:
        assert client.log_on().status == 200
        for count in (1, 2, 3):
            assert b"CreateResponse" in client.ask(CREATE, indent, closing)
            assert len(host.workstation.shells) == count
    assert host.workstation.stats.logons == 1


def test_a_clear_message_gets_an_empty_500_by_default(lab: Any) -> None:
    host = lab.open(auth=AuthSettings())
    basic = host.client()
    reply = basic.create()
    basic.connection.close()
    assert (reply.status, reply.body) == (500, b"")
    with sealing_client(host) as client:
        assert client.log_on().status == 200
        reply = client.post(envelope(f"{TRANSFER}/Create", "<rsp:Shell/>").encode())
    assert (reply.status, reply.body, host.workstation.shells) == (500, b"", {})


def test_a_logon_belongs_to_its_connection(host: Any) -> None:
    with sealing_client(host) as client, sealing_client(host) as other:
        assert client.log_on().status == 200
        assert other.post(b"").status == 401
        assert b"CreateResponse" in client.ask(CREATE, "\t", "--Encrypted Boundary--\r\n")


def test_a_client_may_log_on_anew_on_its_connection_before_each_message(host: Any) -> None:
    with sealing_client(host) as client:
        for count in (1, 2, 3):
            assert client.post(b"").status == 401
            client.context = spnego.client(USER, PASSWORD, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
            assert client.log_on().status == 200
            assert b"CreateResponse" in client.ask(CREATE, "\t", "--Encrypted Boundary--\r\n")
            assert (len(host.workstation.shells), host.workstation.stats.logons) == (count, count)


def test_a_message_that_was_tampered_with_is_refused(host: Any) -> None:
    with sealing_client(host) as client:
        client.log_on()
        signature, encrypted, _ = client.context.wrap_winrm(b"<a/>")
        body = (
            b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n--Encrypted Boundary\r\n"
            b"\tContent-Type: application/octet-stream\r\n\x10\x00\x00\x00"
            + signature
            + bytes([encrypted[0] ^ 1])
            + encrypted[1:]
            + b"--Encrypted Boundary--\r\n"
        )
        assert client.post(body, **{"Content-Type": SEALED}).status == 400


def test_a_sealed_message_without_a_logon_is_not_read(host: Any) -> None:
    assert host.client().post(b"--Encrypted Boundary", {"Content-Type": SEALED, "Authorization": ""}).status == 401
    assert host.client().post(b"--Encrypted Boundary", {"Content-Type": SEALED}).status == 400


def test_prefixes_order_and_white_space_do_not_matter(host: Any) -> None:
    request = f"""
    <env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"
        xmlns:addr="http://schemas.xmlsoap.org/ws/2004/08/addressing"
        xmlns:man="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">
      <env:Header>
        <man:OperationTimeout>PT60.000S</man:OperationTimeout>
        <addr:MessageID> uuid:1 </addr:MessageID>
        <man:ResourceURI mustUnderstand="true"> {SHELL}/cmd </man:ResourceURI>
        <addr:Action mustUnderstand="true"> {TRANSFER}/Create </addr:Action>
        <man:Locale xml:lang="fr-FR" env:mustUnderstand="false"/>
      </env:Header>
      <env:Body>
        <Shell xmlns="{SHELL}"><OutputStreams> stdout stderr </OutputStreams></Shell>
      </env:Body>
    </env:Envelope>"""
    reply = host.client().post(request.strip().encode(), {"Content-Type": "application/soap+xml"})
    assert (reply.status, len(host.workstation.shells)) == (200, 1)
