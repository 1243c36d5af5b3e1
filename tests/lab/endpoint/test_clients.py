"""Stock clients, unchanged, against a workstation."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import spnego
import winrm
from pypsrp.shell import Process as PypsrpProcess
from pypsrp.shell import SignalCode, WinRS
from pypsrp.wsman import WSMan
from spnego.channel_bindings import GssChannelBindings
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError

from iea_fleet.lab.engine.processes import Answer, AnswerProcess
from iea_fleet.lab.workstation import Account, AuthSettings, CbtHardening

USER, PASSWORD = "Hélène", "pâss:wörd 1"


@contextmanager
def pywinrm(url: str, transport: str, user: str = USER, password: str = PASSWORD, **kwargs: Any) -> Iterator[Any]:
    protocol = winrm.Protocol(
        endpoint=url,
        transport=transport,
        username=user,
        password=password,
        **{"operation_timeout_sec": 5, "read_timeout_sec": 8, "proxy": None, "ca_trust_path": None, **kwargs},
    )
    yield protocol
    protocol.transport.close_session()


def hostname(protocol: Any) -> tuple[bytes, bytes, int]:
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "hostname")
    output = protocol.get_command_output(shell, command)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    return output  # type: ignore[no-any-return]


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_pywinrm_runs_a_command_over_http(host: Any, transport: str) -> None:
    with pywinrm(host.url, transport) as protocol:
        assert hostname(protocol) == (b"POSTE-01\r\n", b"", 0)
    assert host.workstation.shells == {}


def test_pywinrm_encrypts_what_it_says_over_ntlm(host: Any) -> None:
    with pywinrm(host.url, "ntlm", message_encryption="always") as protocol:
        assert hostname(protocol) == (b"POSTE-01\r\n", b"", 0)
    assert host.workstation.stats.logons == 1
    assert host.workstation.stats.requests == 8  # three of the logon, five of the shell


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_pywinrm_runs_a_command_over_https_that_it_verifies(lab: Any, tmp_path: Path, transport: str) -> None:
    host = lab.open(http_port=None, https_port=0, auth=AuthSettings(cbt=CbtHardening.STRICT))
    authority = tmp_path / "ca.pem"
    authority.write_bytes(host.endpoint.certificates.ca_pem)
    with pywinrm(host.https_url, transport, ca_trust_path=str(authority)) as protocol:
        assert hostname(protocol) == (b"POSTE-01\r\n", b"", 0)


def test_strict_hardening_refuses_a_logon_without_channel_binding(lab: Any) -> None:
    host = lab.open(http_port=None, https_port=0, auth=AuthSettings(cbt=CbtHardening.STRICT))
    with (
        pywinrm(host.https_url, "ntlm", server_cert_validation="ignore", send_cbt=False) as protocol,
        pytest.raises(InvalidCredentialsError),
        pytest.warns(Warning, match="Unverified HTTPS"),
    ):
        protocol.open_shell()


@pytest.mark.parametrize("level", [CbtHardening.NONE, CbtHardening.RELAXED])
def test_other_hardening_takes_a_logon_without_channel_binding(lab: Any, level: CbtHardening, tmp_path: Path) -> None:
    host = lab.open(http_port=None, https_port=0, auth=AuthSettings(cbt=level))
    authority = tmp_path / "ca.pem"
    authority.write_bytes(host.endpoint.certificates.ca_pem)
    with pywinrm(host.https_url, "ntlm", ca_trust_path=str(authority), send_cbt=False) as protocol:
        assert hostname(protocol)[0] == b"POSTE-01\r\n"


@pytest.mark.parametrize(
    ("level", "status"), [(CbtHardening.NONE, 200), (CbtHardening.RELAXED, 401), (CbtHardening.STRICT, 401)]
)
def test_a_binding_to_another_certificate_is_a_relay_and_refused(lab: Any, level: CbtHardening, status: int) -> None:
    host = lab.open(http_port=None, https_port=0, auth=AuthSettings(cbt=level))
    context = ssl.create_default_context(cadata=host.endpoint.certificates.ca_pem.decode())
    elsewhere = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(32))
    client = spnego.client(
        USER, PASSWORD, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm, channel_bindings=elsewhere
    )
    connection = http.client.HTTPSConnection(
        "127.0.0.1", host.workstation.description.https_port, timeout=5, context=context
    )
    token = client.step()
    for _ in range(2):
        header = {"Authorization": f"Negotiate {base64.b64encode(token or b'').decode()}"}
        connection.request("POST", "/wsman", b"", header)
        response = connection.getresponse()
        response.read()
        if not client.complete:
            token = client.step(base64.b64decode(response.headers["WWW-Authenticate"].split()[1]))
    connection.close()
    assert response.status == status


@pytest.mark.parametrize(
    "user", [USER, f".\\{USER}", f"POSTE-01\\{USER}", f"poste-01\\{USER}", "HÉLÈNE", f"ELSEWHERE\\{USER}"]
)
def test_a_local_account_answers_to_every_form_of_its_name(host: Any, user: str) -> None:
    with pywinrm(host.url, "ntlm", user) as protocol:
        assert hostname(protocol)[0] == b"POSTE-01\r\n"


@pytest.mark.parametrize("user", ["ASSO\\admin", "admin@asso.example", "asso.example\\admin"])
def test_a_domain_account_logs_on_over_ntlm_but_not_over_basic(lab: Any, user: str) -> None:
    host = lab.open(domain="asso.example", accounts=(Account("admin", "pw", domain="asso.example"),))
    with pywinrm(host.url, "ntlm", user, "pw") as protocol:
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "whoami")
        assert protocol.get_command_output(shell, command)[0] == b"asso\\admin\r\n"
        protocol.close_shell(shell)
    with pywinrm(host.url, "basic", user, "pw") as protocol, pytest.raises(InvalidCredentialsError):
        protocol.open_shell()


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_wrong_password_is_refused(host: Any, transport: str) -> None:
    with pywinrm(host.url, transport, password="no") as protocol, pytest.raises(InvalidCredentialsError):
        protocol.open_shell()
    assert host.workstation.stats.refused_logons >= 1
    assert host.workstation.stats.logons == 0


def test_standard_input_arrives_in_many_pieces_and_is_one(host: Any) -> None:
    with pywinrm(host.url, "ntlm") as protocol:
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "powershell", ["-NoProfile", "-Command", "-"], console_mode_stdin=False)
        for piece in (b"abc", b"", b"d" * 70_000):
            protocol.send_command_input(shell, command, piece)
        protocol.send_command_input(shell, command, b"xyz", end=True)
        out, error, code = protocol.get_command_output(shell, command)
        protocol.close_shell(shell)
    assert (out, error, code) == (b"zyx" + b"d" * 70_000 + b"cba", b"", 7)


def test_output_that_is_larger_than_an_envelope_comes_in_several(host: Any) -> None:
    script = base64.b64encode("big".encode("utf-16-le")).decode()
    with pywinrm(host.url, "ntlm") as protocol:
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "powershell", ["-EncodedCommand", script])
        assert protocol.get_command_output(shell, command) == (bytes(range(256)) * 4096, b"end", 0)
        protocol.close_shell(shell)
    assert host.workstation.stats.actions["receive"] >= 1_048_576 * 4 / 3 / 153_600


def test_a_command_that_says_nothing_times_out_and_goes_on(host: Any) -> None:
    with pywinrm(host.url, "ntlm", operation_timeout_sec=1) as protocol:
        shell = protocol.open_shell()
        command = protocol.run_command(shell, "powershell")
        with pytest.raises(WinRMOperationTimeoutError):
            protocol.get_command_output_raw(shell, command)
        protocol.send_command_input(shell, command, b"ab", end=True)
        assert protocol.get_command_output(shell, command) == (b"ba", b"", 7)
        protocol.close_shell(shell)


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
def test_pypsrp_runs_a_process_in_its_text_shell(host: Any, auth: str) -> None:
    with (
        WSMan(
            "127.0.0.1",
            port=host.port,
            ssl=False,
            auth=auth,
            username=USER,
            password=PASSWORD,
            encryption="never" if auth == "basic" else "always",
            no_proxy=True,
        ) as wsman,
        WinRS(wsman, environment={"SITE": "lyon"}, codepage=65001) as shell,
    ):
        process = PypsrpProcess(shell, "cmd.exe", ["/c", "echo %SITE% é& echo no 1>&2& exit 3"])
        process.invoke()
        process.signal(SignalCode.CTRL_C)
    assert (process.stdout.decode(), process.stderr, process.rc) == ("lyon é\r\n", b"no \r\n", 3)


def test_pypsrp_feeds_a_process(host: Any) -> None:
    with (
        WSMan("127.0.0.1", port=host.port, ssl=False, auth="ntlm", username=USER, password=PASSWORD) as wsman,
        WinRS(wsman) as shell,
    ):
        process = PypsrpProcess(shell, "powershell.exe", ["-"])
        process.begin_invoke()
        process.send(b"one ", end=False)
        process.send(b"two", end=True)
        process.end_invoke()
    assert (process.stdout, process.rc) == (b"owt eno", 7)


def test_two_commands_run_at_once_in_one_shell(host: Any) -> None:
    host.engine.own["slow"] = lambda: AnswerProcess(lambda data: Answer(data, b"", 2), reads_input=True)
    with pywinrm(host.url, "ntlm") as protocol:
        shell = protocol.open_shell()
        slow = protocol.run_command(shell, "slow")
        quick = protocol.run_command(shell, "hostname")
        assert protocol.get_command_output(shell, quick)[0] == b"POSTE-01\r\n"
        protocol.send_command_input(shell, slow, b"still here", end=True)
        assert protocol.get_command_output(shell, slow) == (b"still here", b"", 2)
        protocol.close_shell(shell)


def test_the_certificate_names_the_workstation(lab: Any) -> None:
    host = lab.open(http_port=None, https_port=0)
    context = ssl.create_default_context(cadata=host.endpoint.certificates.ca_pem.decode())

    with (
        socket.create_connection(("127.0.0.1", host.workstation.description.https_port), 5) as plain,
        context.wrap_socket(plain, server_hostname="POSTE-01") as secure,
    ):
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}
