"""Every transport fault, seen from the client's side."""

from __future__ import annotations

import base64
import email.utils
import gzip
import http.client
import re
import socket
import ssl
import time
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography import x509

from iea_fleet.lab.faults.active import FaultRefused, FaultSet
from iea_fleet.lab.faults.kinds import CUT_STAGES, Stage
from iea_fleet.lab.faults.transport import TRANSPORT_FAULTS

RESET = (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)


@pytest.fixture
def client(host: Any) -> Any:
    """A client with an open shell, short of patience."""
    made = host.client(timeout_s=1.0)
    made.create()
    return made


def test_rejected_credentials_are_a_401_with_the_ways_to_log_on(host: Any) -> None:
    host.set("credentials_rejected")
    reply = host.client().create()
    assert (reply.status, reply.headers.get_all("WWW-Authenticate")) == (401, ["Negotiate", 'Basic realm="WSMAN"'])
    assert host.workstation.stats.refused_logons == 1
    host.mend()
    assert host.serves()


def test_an_account_is_locked_after_the_threshold_and_the_right_password_is_refused(host: Any) -> None:
    host.set("account_locks", threshold=3)
    for _ in range(2):
        assert host.client(password="no").create().status == 401
    assert host.client().create().status == 200  # a right one starts the count anew
    for _ in range(3):
        assert host.client(password="no").create().status == 401
    assert host.client().create().status == 401
    host.mend("account_locks")
    assert host.client().create().status == 200


def test_a_filtered_logon_is_refused_after_its_proof(host: Any) -> None:
    host.set("logon_filtered")
    assert host.client().create().status == 401
    assert host.workstation.wrong_passwords == {}


def test_other_ways_to_log_on_are_offered(host: Any) -> None:
    host.set("auth_offered", basic="false", negotiate="true")
    reply = host.client().create()
    assert (reply.status, reply.headers.get_all("WWW-Authenticate")) == (401, ["Negotiate"])


def test_a_clear_message_gets_an_empty_500(host: Any) -> None:
    host.set("encryption_required")
    reply = host.client().create()
    assert (reply.status, reply.body) == (500, b"")


@pytest.mark.parametrize(
    ("name", "request_name", "code"),
    [
        ("shells_quota", "create", 2150859173),
        ("operations_quota", "command", 2150859174),
        ("commands_quota", "command", 2150859241),
        ("busy", "send", 170),
        ("input_timeout", "send", 1460),
        ("profile_unloading", "create", 1018),
        ("shells_forgotten", "command", 2150858843),
        ("access_denied", "create", 5),
    ],
)
def test_a_fault_of_one_request_has_the_code_of_windows(
    host: Any, client: Any, name: str, request_name: str, code: int
) -> None:
    command = client.run("powershell")
    host.set(name)
    asked = {
        "create": client.create,
        "command": lambda: client.command("hostname"),
        "send": lambda: client.send(command, b"x"),
    }[request_name]
    reply = asked()
    assert (reply.status, reply.fault_code) == (500, code)
    host.mend()
    assert host.serves()


def test_access_is_denied_to_a_command_with_an_hresult(host: Any, client: Any) -> None:
    host.set("access_denied", on="command")
    reply = client.command("hostname")
    assert (reply.fault_code, reply.subcode) == (2147942405, "w:InternalError")
    assert reply.find(".//s:Code/s:Value").text == "s:Receiver"


def test_a_fault_strikes_as_often_and_as_late_as_it_was_told(host: Any, client: Any) -> None:
    command = client.run("powershell")
    host.set("busy", times=2, after=1)
    assert [client.send(command, b"x").status for _ in range(4)] == [200, 500, 500, 200]
    assert host.workstation.faults.active == ()


def test_a_late_create_is_carried_out_all_the_same(host: Any) -> None:
    host.set("late", delay_s=0.1, times=1)
    reply = host.client().create()
    assert (reply.fault_code, len(host.workstation.shells)) == (2150858793, 1)


def test_a_late_send_was_consumed(host: Any, client: Any) -> None:
    command = client.run("powershell")
    host.set("late", on="send", delay_s=0.1, times=1)
    assert client.send(command, b"ab", end=True).fault_code == 2150858793
    assert [base64.b64decode(t) for t in client.receive(command).texts(".//rsp:Stream")] == [b"ba", b"", b""]


def test_a_late_create_waits_for_the_operations_timeout(host: Any) -> None:
    host.set("late", times=1)
    began = time.monotonic()
    assert host.client().create(timeout="PT0.3S").fault_code == 2150858793
    assert time.monotonic() - began >= 0.3


def test_a_slow_workstation_answers_rightly(host: Any) -> None:
    host.set("slow", delay_s=0.2, on="create")
    began = time.monotonic()
    assert host.client().create().status == 200
    assert time.monotonic() - began >= 0.2


def test_a_silent_receive_times_out_though_there_is_output(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("silent_receive", times=1)
    assert client.receive(command, timeout="PT0.1S").fault_code == 2150858793
    assert client.receive(command).status == 200


def test_a_receive_may_say_running_for_ever(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("receive_never_ends", delay_s=0)
    for _ in range(3):
        reply = client.receive(command)
        assert reply.find(".//rsp:CommandState").attrib["State"].endswith("/Running")
        assert reply.texts(".//rsp:Stream") == []


def test_endless_output_is_always_full(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("endless_output", kilobytes=8)
    for _ in range(2):
        (text,) = client.receive(command).texts(".//rsp:Stream")
        assert len(base64.b64decode(text)) == 8192


def wait_until_served(host: Any, served: bool) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", host.port), 1).close()
        except ConnectionRefusedError:
            if not served:
                return
        else:
            if served:
                return
        time.sleep(0.01)
    pytest.fail(f"the port is {'closed' if served else 'open'} after 5 s")


def test_a_service_that_stops_aborts_refuses_and_comes_back_without_shells(host: Any, client: Any) -> None:
    command = client.run("powershell")
    host.set("service_stops", down_s=0.5)
    assert client.receive(command).fault_code == 995
    wait_until_served(host, False)
    wait_until_served(host, True)
    assert host.serves()
    fresh = host.client(shell_id=client.shell_id)
    assert fresh.receive(command).fault_code == 2150858843


@pytest.mark.parametrize("new_boot", [True, False])
def test_a_restart_serves_then_refuses_then_is_back(host: Any, client: Any, new_boot: bool) -> None:
    before = host.workstation.boot_time
    host.set("restart", up_s=0.1, down_s=0.4, new_boot=new_boot)
    assert client.command("hostname").status == 200
    wait_until_served(host, False)
    wait_until_served(host, True)
    assert (host.workstation.boot_time != before) is new_boot
    assert host.serves()


def test_a_closed_port_refuses_and_is_open_again_when_mended(host: Any, client: Any) -> None:
    host.set("refused")
    wait_until_served(host, False)
    with pytest.raises((*RESET, ConnectionRefusedError)):
        client.command("hostname")
    host.mend()
    assert host.serves()


def test_a_silent_port_neither_accepts_nor_refuses(host: Any, client: Any) -> None:
    host.set("silent")
    with pytest.raises(TimeoutError), socket.create_connection(("127.0.0.1", host.port), 0.5):
        pass
    with pytest.raises(TimeoutError):
        client.command("hostname")
    host.mend()
    assert host.serves()


def test_connections_may_be_accepted_and_never_answered(host: Any) -> None:
    host.set("never_answers")
    silent = host.client(timeout_s=0.3)
    with pytest.raises(TimeoutError):
        silent.create()
    silent.connection.close()
    host.mend()
    assert host.serves()


@pytest.mark.parametrize("stage", CUT_STAGES)
@pytest.mark.parametrize("name", ["reset", "stall"])
def test_a_connection_may_be_cut_at_every_stage(host: Any, name: str, stage: str) -> None:
    host.set(name, stage=stage, times=1, **({} if stage in CUT_STAGES[:3] else {"on": "create"}))
    client = host.client(timeout_s=0.3)
    expected = (*RESET, http.client.IncompleteRead) if name == "reset" else (TimeoutError,)
    if stage == "between":
        assert client.create().status == 200
        with pytest.raises(expected):
            client.command("hostname")
    else:
        with pytest.raises(expected):
            client.create()
    acted = stage in {"after_act", "response_head", "response_body", "between"}
    assert len(host.workstation.shells) == int(acted)
    client.connection.close()
    assert host.serves()


def test_a_cut_answer_ends_in_the_middle_of_its_body(host: Any) -> None:
    host.set("stall", stage="response_body", times=1)
    with socket.create_connection(("127.0.0.1", host.port), 0.3) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = connection.recv(4096)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    head, _, body = received.partition(b"\r\n\r\n")
    announced = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
    assert announced is not None
    assert 0 < len(body) < int(announced[1])


def test_the_clock_may_be_off(host: Any) -> None:
    host.set("clock_off", seconds=600)
    date = email.utils.parsedate_to_datetime(host.client().post(b"").headers["Date"])
    assert abs(date.timestamp() - time.time() - 600) < 5


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("expired", "certificate has expired"),
        ("future", "not yet valid"),
        ("wrong_name", "mismatch"),
        ("unknown_ca", "unable to get local issuer certificate"),
        ("self_signed", "self-signed certificate"),
        ("sha1", "self-signed certificate|md too weak"),
        ("tls1_0", "protocol|version"),
    ],
)
def test_a_bad_certificate_is_refused_for_its_reason(lab: Any, kind: str, said: str) -> None:
    host = lab.open(http_port=None, https_port=0)
    context = ssl.create_default_context(cadata=host.endpoint.certificates.ca_pem.decode())
    port = host.workstation.description.https_port
    host.set("certificate", kind=kind)
    with socket.create_connection(("127.0.0.1", port), 5) as plain, pytest.raises(ssl.SSLError, match=f"(?i){said}"):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
    host.mend()
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        assert secure.getpeercert()


def test_the_sha1_certificate_is_signed_with_sha1(lab: Any) -> None:

    host = lab.open(http_port=None, https_port=0)
    host.set("certificate", kind="sha1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", host.workstation.description.https_port), 5) as plain,
        context.wrap_socket(plain) as secure,
    ):
        certificate = x509.load_der_x509_certificate(secure.getpeercert(True) or b"")
    assert certificate.signature_hash_algorithm is not None
    assert certificate.signature_hash_algorithm.name == "sha1"


@pytest.mark.parametrize(
    ("kind", "status", "server"),
    [
        ("not_found", 404, "Microsoft-HTTPAPI/2.0"),
        ("unavailable", 503, "Microsoft-HTTPAPI/2.0"),
        ("html", 200, "nginx/1.24.0"),
        ("bad_gateway", 502, "squid/6.6"),
    ],
)
def test_something_else_may_answer_on_the_port(host: Any, kind: str, status: int, server: str) -> None:
    host.set("other_service", kind=kind, times=1)
    reply = host.client().post(b"<x/>")
    assert (reply.status, reply.headers["Server"]) == (status, server)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert host.serves()


def test_a_gzip_bomb_is_small_and_inflates_to_what_was_told(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("gzip_bomb", megabytes=8, times=1)
    reply = client.receive(command)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.body) < 16_384
    assert gzip.decompress(reply.body) == bytes(8 << 20)


def test_an_xml_bomb_is_a_billion_laughs(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("xml_bomb", times=1)
    with pytest.raises(ElementTree.ParseError, match="amplification"):
        ElementTree.fromstring(client.receive(command).body)


def test_an_answer_may_trickle(host: Any, client: Any) -> None:
    command = client.run("hostname")
    host.set("trickle", bytes_per_s=4000, times=1)
    began = time.monotonic()
    assert client.receive(command).status == 200
    assert time.monotonic() - began > 0.2


def test_an_answer_may_have_endless_headers(host: Any) -> None:
    host.set("huge_headers", kilobytes=200, times=1, on="create")
    with pytest.raises(http.client.HTTPException):
        host.client().create()
    assert host.serves()


def test_the_table_is_complete_and_every_fault_of_it_can_be_set_with_its_defaults() -> None:
    rows = {kind.row for kind in TRANSPORT_FAULTS.values()} - {None}
    assert rows == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 24, 37}
    faults = FaultSet()
    for name, kind in TRANSPORT_FAULTS.items():
        faults.set(name)
        assert kind.what
    assert [fault.kind.name for fault in faults.active] == list(TRANSPORT_FAULTS)


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("resett", {}, "fault resett: there is no such fault. Did you mean reset?"),
        ("reset", {"stge": 1}, "fault reset: it has no parameter stge. It takes stage, on, times, after."),
        ("reset", {"stage": "never"}, r"fault reset: stage can't be 'never'. It is one of accept, "),
        ("reset", {"stage": "accept", "on": "create"}, "it strikes before a request is known"),
        ("refused", {"on": "create"}, "it strikes before a request is known"),
        ("slow", {"delay_s": "soon"}, "delay_s can't be 'soon'. It is a number, like 1.0."),
        ("slow", {"delay_s": -1}, "It is between 0 and 1,000,000."),
        ("slow", {"delay_s": "nan"}, "It is between 0 and 1,000,000."),
        ("restart", {"new_boot": "perhaps"}, "new_boot can't be 'perhaps'. It is true or false."),
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence(name: str, parameters: dict[str, Any], sentence: str) -> None:
    faults = FaultSet()
    with pytest.raises(FaultRefused, match=re.escape(sentence)):
        faults.set(name, **parameters)
    assert faults.active == ()


def test_a_set_fault_describes_itself() -> None:
    faults = FaultSet()
    faults.set("slow", delay_s="2", on="receive", times="3")
    assert [fault.describe() for fault in faults.active] == ["slow(delay_s=2.0, on=receive, times=3)"]
    assert faults.strike(Stage.JUDGE, "create") is None
    assert faults.strike(Stage.JUDGE, "receive") is not None
