"""The HTTP side: what http.sys and the WinRM service do before a message is read."""

from __future__ import annotations

import base64
import socket
import time
from contextlib import suppress
from typing import Any

import pytest

from iea_fleet.lab.http.endpoint import Endpoint, EndpointRefused
from iea_fleet.lab.workstation import AuthSettings, Description, Workstation

IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)
IDENTITY = "{http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd}"


def raw(host: Any, data: bytes) -> bytes:
    """Send bytes, close the writing side, give all that comes back."""
    with socket.create_connection(("127.0.0.1", host.port), 5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def test_who_has_no_credentials_is_told_how_to_log_on(host: Any) -> None:
    reply = host.client().post(b"", {"Authorization": ""})
    assert reply.status == 401
    assert reply.headers.get_all("WWW-Authenticate") == ["Negotiate", 'Basic realm="WSMAN"']
    assert reply.headers["Server"] == "Microsoft-HTTPAPI/2.0"
    assert reply.headers["Date"].endswith("GMT")


@pytest.mark.parametrize(
    ("auth", "offered"),
    [
        (AuthSettings(basic=False), ["Negotiate"]),
        (AuthSettings(negotiate=False), ['Basic realm="WSMAN"']),
    ],
)
def test_only_what_the_auth_settings_allow_is_offered(lab: Any, auth: AuthSettings, offered: list[str]) -> None:
    host = lab.open(auth=auth)
    client = host.client()
    assert client.post(b"", {"Authorization": ""}).headers.get_all("WWW-Authenticate") == offered
    client.connection.close()


def test_basic_is_refused_where_it_is_off(lab: Any) -> None:
    host = lab.open(auth=AuthSettings(basic=False))
    client = host.client()
    assert client.create().status == 401
    client.connection.close()


def test_identify_without_logon_tells_no_build(host: Any) -> None:
    reply = host.client().post(IDENTIFY, {"Authorization": "", "WSMANIDENTIFY": "unauthenticated"})
    assert reply.status == 200
    assert reply.xml.findtext(f".//{IDENTITY}ProductVersion") == "OS: 0.0.0 SP: 0.0 Stack: 3.0"
    assert reply.xml.findtext(f".//{IDENTITY}ProductVendor") == "Microsoft Corporation"


def test_identify_after_a_logon_tells_the_build(host: Any) -> None:
    reply = host.client().post(IDENTIFY)
    assert reply.xml.findtext(f".//{IDENTITY}ProductVersion") == "OS: 10.0.19045 SP: 0.0 Stack: 3.0"


def test_the_unauthenticated_header_lets_nothing_but_identify_through(host: Any, make_envelope: Any) -> None:
    create = make_envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", "<rsp:Shell/>")
    reply = host.client().post(create.encode(), {"Authorization": "", "WSMANIDENTIFY": "unauthenticated"})
    assert (reply.status, reply.subcode) == (500, "w:AccessDenied")
    assert host.workstation.shells == {}


@pytest.mark.parametrize(
    ("request_head", "status", "title", "length"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n", b"404 Not Found", b"Not Found", 315),
        (b"POST /wsman HTTP/1.1\r\nHost: evil.example\r\n", b"400 Bad Request", b"Bad Request - Invalid Hostname", 334),
        (b"POST /wsman HTTP/1.1\r\nHost: x\r\nHost: y\r\n", b"400 Bad Request", b"Bad Request", 311),
        (
            b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n",
            b"400 Bad Request",
            b"Bad Request - Request Too Long",
            346,
        ),
    ],
)
def test_what_never_comes_to_the_service_gets_the_systems_page(
    host: Any, request_head: bytes, status: bytes, title: bytes, length: int
) -> None:
    head, _, page = raw(host, request_head + b"Content-Length: 0\r\n\r\n").partition(b"\r\n\r\n")
    first, *names = [line.partition(b": ")[0] for line in head.split(b"\r\n")]
    assert first == b"HTTP/1.1 " + status
    assert names == [b"Content-Type", b"Server", b"Date", b"Connection", b"Content-Length"]
    assert (len(page), b"<h2>" + title + b"</h2>" in page) == (length, True)


def test_a_refusal_names_the_server_first_and_ends_the_connection(host: Any) -> None:
    basic = b"Authorization: Basic eDp5\r\n"
    for credentials in (b"", basic):
        head = raw(host, b"POST /wsman HTTP/1.1\r\nHost: localhost\r\n" + credentials + b"Content-Length: 0\r\n\r\n")
        first, *lines = head.decode("ascii").rstrip().split("\r\n")
        assert first == "HTTP/1.1 401 "
        assert [line.partition(":")[0] for line in lines] == [
            "Server", "WWW-Authenticate", "WWW-Authenticate", "Date", "Connection", "Content-Length",
        ]  # fmt: skip
        assert "Connection: close" in lines


def test_a_step_of_a_handshake_keeps_the_connection(host: Any) -> None:
    connection = host.client().connection
    connection.request(
        "POST", "/wsman", b"", {"Authorization": "Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAA="}
    )
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (401, None)
    assert answer.headers["WWW-Authenticate"].startswith("Negotiate TlRMTVNTUAAC")


def test_a_request_that_comes_byte_by_byte_is_given_up(lab: Any) -> None:
    host = lab.open(idle_s=0.5)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", host.port), 5) as connection, suppress(ConnectionError):
        connection.sendall(b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nX: ")
        connection.settimeout(0.1)
        while time.monotonic() - began < 5:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if not connection.recv(1):
                    break
    assert 0.4 < time.monotonic() - began < 4


def test_another_path_is_not_found(host: Any) -> None:
    reply = host.client().post(IDENTIFY, path="/")
    assert (reply.status, reply.headers["Server"]) == (404, "Microsoft-HTTPAPI/2.0")


def test_the_path_is_found_with_a_query_and_in_any_case(host: Any) -> None:
    assert host.client().post(IDENTIFY, path="/WSMAN?PSVersion=5.1").status == 200


def test_get_is_not_allowed(host: Any) -> None:
    assert raw(host, b"GET /wsman HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize("name", ["evil.example", "evil.example:5985", "10.0.0.1", "127.0.0.1.evil.example", "[::2]"])
def test_a_name_that_is_not_ours_is_refused(host: Any, name: str) -> None:
    assert host.client().post(IDENTIFY, {"Host": name}).status == 400


@pytest.mark.parametrize(
    "name", ["localhost", "127.8.9.1:80", "[::1]:5985", "poste-01", "POSTE-01.local", "a.localhost"]
)
def test_the_workstations_own_names_and_loopback_are_served(host: Any, name: str) -> None:
    assert host.client().post(IDENTIFY, {"Host": name}).status == 200


def test_a_web_page_is_refused(host: Any) -> None:
    assert host.client().post(IDENTIFY, {"Origin": "http://127.0.0.1"}).status == 403


def test_a_message_above_the_quota_is_too_large(lab: Any) -> None:
    client = lab.open().client()
    reply = client.post(b" " * (500 * 1024 + 4096))
    assert reply.status == 413
    client.connection.close()


def test_a_chunked_request_is_read(host: Any) -> None:
    token = base64.b64encode("Hélène:pâss:wörd 1".encode())
    head = b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + token
    head += b"\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    half = len(IDENTIFY) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (IDENTIFY[:half], IDENTIFY[half:], b""))
    assert raw(host, head + chunks).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_asks_first_is_told_to_go_on(host: Any) -> None:
    token = base64.b64encode("Hélène:pâss:wörd 1".encode())
    with socket.create_connection(("127.0.0.1", host.port), 5) as connection:
        connection.sendall(
            b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nAuthorization: Basic "
            + token
            + b"\r\nContent-Type: application/soap+xml\r\nContent-Length: %d\r\n\r\n" % len(IDENTIFY)
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(IDENTIFY)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_utf16_message_is_answered_in_utf16(host: Any, encoding: str) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + IDENTIFY.decode()
    reply = host.client().post(text.encode(encoding), {"Content-Type": "application/soap+xml;charset=UTF-16"})
    assert reply.headers["Content-Type"] == "application/soap+xml;charset=UTF-16"
    assert "Microsoft Corporation" in reply.body.decode("utf-16")


def test_another_content_type_is_refused(host: Any) -> None:
    assert host.client().post(b"{}", {"Content-Type": "application/json"}).status == 415


def test_an_empty_message_after_a_logon_is_fine(host: Any) -> None:
    assert host.client().post(b"").status == 200


def test_many_requests_share_one_connection(host: Any) -> None:
    client = host.client()
    for _ in range(5):
        assert client.post(IDENTIFY).status == 200
    assert (host.workstation.stats.connections, host.workstation.stats.requests) == (1, 5)


def test_bytes_are_counted_both_ways(host: Any) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = raw(host, request)
    assert (host.workstation.stats.bytes_in, host.workstation.stats.bytes_out) == (len(request), len(answer))


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_an_address_that_is_not_loopback_is_refused_with_a_sentence(lab: Any, address: str) -> None:
    endpoint = Endpoint([Workstation(Description("A", address, 0))], None)  # type: ignore[arg-type]
    with pytest.raises(
        EndpointRefused, match=r"^A: .*loopback only.*\. Give it an address of 127\.0\.0\.0/8, or ::1\.$"
    ):
        lab.call(endpoint.start())


def test_a_port_in_use_is_refused_with_a_sentence_and_nothing_stays_open(lab: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
        probe.close()
        stations = [
            Workstation(Description("A", "127.0.0.1", free)),
            Workstation(Description("B", "127.0.0.1", taken.getsockname()[1])),
        ]
        with pytest.raises(EndpointRefused, match=r"^B at 127.0.0.1:\d+: can't listen: the port is in use\. Choose"):
            lab.call(Endpoint(stations, None).start())  # type: ignore[arg-type]
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", free), 2):
        pass


def test_ipv6_loopback_is_served(lab: Any) -> None:
    host = lab.open(address="::1")
    client = host.client()
    assert client.post(IDENTIFY).status == 200
    client.connection.close()
