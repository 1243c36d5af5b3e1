"""WS-Management by raw messages: the faults, quotas and lives of shells that no stock client provokes."""

from __future__ import annotations

import asyncio
import base64
import http.client
import socket
import threading
import time
from typing import Any

import pytest

from iea_fleet.lab.engine.processes import Answer, AnswerProcess
from iea_fleet.lab.workstation import Account, Quotas

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def output(reply: Any) -> bytes:
    return b"".join(base64.b64decode(text) for text in reply.texts(".//rsp:Stream"))


@pytest.mark.parametrize(
    ("change", "code", "subcode"),
    [
        ({"action": "http://example.org/Dance"}, 0x80338001, "a:ActionNotSupported"),
        ({"resource": "http://example.org/thing"}, 0x80338000, "a:DestinationUnreachable"),
        ({"resource": ""}, 0x8033803B, "a:DestinationUnreachable"),
        ({"message_id": ""}, 0x80338011, "a:MessageInformationHeaderRequired"),
        ({"timeout": "soon"}, 0x8033800F, "a:InvalidMessageInformationHeader"),
        ({"max_size": "4096"}, 0x80338035, "w:EncodingLimit"),
        ({"max_size": "1e9"}, 0x8033800F, "a:InvalidMessageInformationHeader"),
        ({"body": "<rsp:Nothing/>"}, 0x80338041, "w:SchemaValidationError"),
        ({"body": ""}, 0x80338041, "w:SchemaValidationError"),
        (
            {"body": "<rsp:Shell><rsp:IdleTimeOut>long</rsp:IdleTimeOut></rsp:Shell>"},
            0x80338041,
            "w:SchemaValidationError",
        ),
        ({"body": "<rsp:Shell ShellId='no'/>"}, 0x80338041, "w:SchemaValidationError"),
    ],
)
def test_a_wrong_create_is_refused_with_the_fault_of_windows(
    host: Any, make_envelope: Any, change: dict[str, str], code: int, subcode: str
) -> None:
    request = {"action": f"{TRANSFER}/Create", "body": "<rsp:Shell/>", **change}
    reply = host.client().post(make_envelope(**request).encode())
    assert (reply.status, reply.fault_code, reply.subcode) == (500, code, subcode)
    assert host.workstation.shells == {}


def test_a_header_that_must_be_understood_and_is_not_is_refused(host: Any) -> None:
    reply = host.client().create(extra='<x:Magic xmlns:x="urn:x" s:mustUnderstand="1"/>')
    assert reply.fault_code == 0x80338010
    assert reply.find(".//s:Code/s:Value").text == "s:MustUnderstand"


def test_a_fault_tells_the_address_that_the_client_used(host: Any) -> None:
    reply = host.client().create(resource="urn:none")
    assert reply.find(".//f:WSManFault").attrib["Machine"] == "127.0.0.1"
    assert reply.find(".//a:RelatesTo").text == "uuid:11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize("what", ["receive", "signal", "send", "command", "delete"])
def test_an_unknown_shell_is_not_found(host: Any, what: str) -> None:
    client = host.client(shell_id=UNKNOWN)
    arguments = {"receive": ("c",), "signal": ("c",), "send": ("c", b""), "command": ("hostname",), "delete": ()}[what]
    reply = getattr(client, what)(*arguments)
    assert (reply.fault_code, reply.subcode) == (2150858843, "w:InvalidSelectors")
    assert UNKNOWN in (reply.find(".//f:Message").text or "")


@pytest.mark.parametrize("what", ["receive", "signal", "send"])
def test_an_unknown_command_is_not_found(host: Any, what: str) -> None:
    client = host.client()
    client.create()
    reply = getattr(client, what)(UNKNOWN, *((b"",) if what == "send" else ()))
    assert (reply.fault_code, reply.subcode) == (2150858843, "w:InvalidSelectors")


def test_the_shell_of_another_user_is_not_found(lab: Any) -> None:
    host = lab.open(accounts=(Account("anne", "a"), Account("bob", "b")))
    anne, bob = host.client(user="anne", password="a"), host.client(user="bob", password="b")
    anne.create()
    bob.shell_id = anne.shell_id
    assert bob.delete().fault_code == 2150858843
    assert anne.delete().status == 200
    for client in (anne, bob):
        client.connection.close()


def test_a_client_may_choose_the_ids_and_not_twice(host: Any, make_envelope: Any) -> None:
    chosen = "3B5B1D2C-6DE7-4C4D-9E5B-0E5B3A0E7F11"
    client = host.client()
    create = make_envelope(f"{TRANSFER}/Create", f'<rsp:Shell ShellId="{chosen}"/>').encode()
    assert client.post(create).find(".//w:Selector").text == chosen
    assert client.post(create).subcode == "w:AlreadyExists"
    line = f'<rsp:CommandLine CommandId="{chosen}"><rsp:Command>hostname</rsp:Command></rsp:CommandLine>'
    command = make_envelope(f"{SHELL}/Command", line, shell_id=chosen).encode()
    assert client.post(command).find(".//rsp:CommandId").text == chosen
    assert client.post(command).subcode == "w:AlreadyExists"


def test_a_shell_keeps_what_it_was_created_with(host: Any) -> None:
    client = host.client()
    client.create(
        "<rsp:WorkingDirectory>C:\\Windows</rsp:WorkingDirectory><rsp:Lifetime>PT1H</rsp:Lifetime>"
        "<rsp:IdleTimeOut>PT1M30S</rsp:IdleTimeOut><rsp:Name>not told by Windows either</rsp:Name>"
        '<rsp:Environment><rsp:Variable Name="A">&lt;1&gt;</rsp:Variable></rsp:Environment>',
        options={"WINRS_CODEPAGE": "65001", "WINRS_NOPROFILE": "TRUE"},
    )
    assert output(client.receive(client.run("cd"))) == b"C:\\Windows\r\n"
    assert output(client.receive(client.run("set", "A"))).startswith(b"A=<1>\r\n")
    assert output(client.receive(client.run("chcp"))) == b"Active code page: 65001\r\n"
    shell = client.ask(f"{TRANSFER}/Get", resource=SHELL)
    assert shell.texts(".//rsp:Name") == []
    assert shell.find(".//rsp:IdleTimeOut").text == "PT90.000S"
    assert shell.find(".//rsp:ClientIP").text == "127.0.0.1"


def test_the_engine_is_told_how_the_command_was_asked(host: Any) -> None:
    client = host.client()
    client.create()
    path = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
    client.run(path, "-Command", "-", options={"WINRS_CONSOLEMODE_STDIN": "FALSE", "WINRS_SKIP_CMD_SHELL": "1"})
    (line,) = host.engine.started
    assert (line.command, line.arguments) == (path, ("-Command", "-"))
    assert (line.console_mode_stdin, line.skip_cmd_shell, line.user, line.codepage) == (False, True, "Hélène", 850)


def test_shells_are_enumerated_for_their_owner(host: Any) -> None:
    client = host.client()
    client.create()
    opened = client.ask(f"{ENUMERATION}/Enumerate", "<n:Enumerate/>", resource=SHELL)
    context = opened.find(".//n:EnumerationContext").text
    pull = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
    pulled = client.ask(f"{ENUMERATION}/Pull", pull, resource=SHELL)
    assert pulled.texts(".//n:Items/rsp:Shell/rsp:ShellId") == [client.shell_id]
    assert pulled.find(".//n:EndOfSequence") is not None
    again = client.ask(f"{ENUMERATION}/Pull", pull, resource=SHELL)
    assert again.subcode == "n:InvalidEnumerationContext"


def test_an_optimized_enumeration_answers_at_once(host: Any) -> None:
    client = host.client()
    client.create()
    reply = client.ask(
        f"{ENUMERATION}/Enumerate", "<n:Enumerate><w:OptimizeEnumeration/></n:Enumerate>", resource=SHELL
    )
    assert reply.texts(".//w:Items/rsp:Shell/rsp:ShellId") == [client.shell_id]


@pytest.mark.parametrize("action", ["Disconnect", "Reconnect", "Connect"])
def test_a_text_shell_can_not_be_disconnected(host: Any, action: str) -> None:
    client = host.client()
    client.create()
    assert client.ask(f"{SHELL}/{action}", f"<rsp:{action}/>").subcode == "w:UnsupportedFeature"


def test_a_short_process_says_all_in_one_answer(host: Any) -> None:
    client = host.client()
    client.create()
    reply = client.receive(client.run("echo", "out& echo err 1>&2& exit 4"))
    assert [(s.attrib["Name"], s.get("End")) for s in reply.xml.iter(f"{{{SHELL}}}Stream")] == [
        ("stdout", None),
        ("stderr", None),
        ("stdout", "true"),
        ("stderr", "true"),
    ]
    assert output(reply) == b"out\r\nerr \r\n"
    assert reply.find(".//rsp:CommandState").attrib["State"].endswith("/Done")
    assert reply.find(".//rsp:ExitCode").text == "4"


def test_a_process_that_ends_soon_after_its_output_says_all_in_one_answer(host: Any) -> None:
    class Brief(AnswerProcess):
        async def _run(self) -> None:
            self.output.put("stdout", b"first ")
            await asyncio.sleep(0.05)
            self.output.put("stdout", b"last")
            self.output.finish(0)

    host.engine.own["brief"] = lambda: Brief(lambda _: Answer())
    client = host.client()
    client.create()
    reply = client.receive(client.run("brief"))
    assert output(reply) == b"first last"
    assert reply.find(".//rsp:ExitCode").text == "0"


def test_only_the_desired_streams_are_given(host: Any) -> None:
    client = host.client()
    client.create()
    reply = client.receive(client.run("echo", "out& echo err 1>&2"), "stderr")
    assert output(reply) == b"err \r\n"


def test_no_answer_is_larger_than_the_client_takes(host: Any) -> None:
    client = host.client()
    client.create()
    command = client.run("powershell", "-Command", "big")
    received, done = b"", False
    while not done:
        reply = client.receive(command, max_size="20000")
        assert len(reply.body) <= 20000
        received += output(reply)
        done = reply.find(".//rsp:CommandState").attrib["State"].endswith("/Done")
    assert received == bytes(range(256)) * 4096 + b"end"


def test_after_done_the_command_is_gone_but_for_a_last_signal(host: Any) -> None:
    client = host.client()
    client.create()
    command = client.run("hostname")
    client.receive(command)
    assert client.receive(command).fault_code == 2150858843
    assert client.signal(command).status == 200
    assert client.signal(command).fault_code == 2150858843


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (f"{SHELL}/signal/ctrl_c", "3221225786"),
        (f"{SHELL}/signal/ctrl_break", "3221225786"),
        ("powershell/signal/ctrl_c", "3221225786"),
    ],
)
def test_a_signal_stops_a_waiting_process(host: Any, code: str, exit_code: str) -> None:
    client = host.client()
    client.create()
    command = client.run("powershell")
    assert client.signal(command, code).status == 200
    assert client.receive(command).find(".//rsp:ExitCode").text == exit_code


def test_an_unknown_signal_is_refused(host: Any) -> None:
    client = host.client()
    client.create()
    assert client.signal(client.run("powershell"), "urn:dance").subcode == "w:SchemaValidationError"


def test_input_after_the_end_is_refused(host: Any) -> None:
    client = host.client()
    client.create()
    command = client.run("powershell")
    assert client.send(command, b"a", end=True).status == 200
    assert client.send(command, b"b").fault_code == 109


def test_a_second_send_while_one_is_pending_finds_the_shell_busy(host: Any) -> None:
    class Slow(AnswerProcess):
        gate: asyncio.Event

        async def feed(self, data: bytes, end: bool) -> None:
            await self.gate.wait()

    async def make() -> Slow:
        process = Slow(lambda _: Answer(), reads_input=True)
        process.gate = asyncio.Event()
        return process

    process = host.lab.call(make())
    host.engine.own["slow"] = lambda: process
    client, other = host.client(), host.client()
    client.create()
    command = client.run("slow")
    other.shell_id = client.shell_id
    first = threading.Thread(target=client.send, args=(command, b"a"))
    first.start()
    while not any(c.sending for shell in host.workstation.shells.values() for c in shell.commands.values()):
        time.sleep(0.005)
    reply = other.send(command, b"b")
    host.lab.do(process.gate.set)
    first.join(5)
    assert (reply.fault_code, reply.subcode) == (170, "w:InternalError")
    assert reply.find(".//f:ProviderFault").attrib["path"].endswith("winrscmd.dll")


def test_nothing_to_say_is_a_fault_at_the_operations_timeout(host: Any) -> None:
    client = host.client()
    client.create()
    began = time.monotonic()
    reply = client.receive(client.run("powershell"), timeout="PT0.3S")
    assert (reply.status, reply.fault_code, reply.subcode) == (500, 2150858793, "w:TimedOut")
    assert 0.3 <= time.monotonic() - began < 2


def test_the_quota_of_operations_counts_until_the_shell_is_deleted(lab: Any) -> None:
    host = lab.open(quotas=Quotas(max_operations_per_user=2))
    client = host.client()
    client.create()
    for _ in range(2):
        command = client.run("hostname")
        client.receive(command)
        client.signal(command)
    reply = client.command("hostname")
    assert (reply.fault_code, reply.find(".//e:error_Code").text) == (2150859174, "2150859174")
    assert "maximum number of 2 concurrent operations" in (reply.find(".//f:Message").text or "")
    client.delete()
    client.create()
    assert client.command("hostname").status == 200
    client.connection.close()


def test_the_quota_of_commands_holds_for_one_shell(lab: Any) -> None:
    host = lab.open(quotas=Quotas(max_commands_per_shell=1))
    client = host.client()
    client.create()
    assert client.command("hostname").status == 200
    assert client.command("hostname").fault_code == 0x803381E9
    client.create()
    assert client.command("hostname").status == 200
    client.connection.close()


def test_an_orphan_shell_lives_until_its_idle_timeout(host: Any) -> None:
    client = host.client()
    client.create("<rsp:IdleTimeOut>PT0.2S</rsp:IdleTimeOut>")
    client.connection.close()
    assert len(host.workstation.shells) == 1
    deadline = time.monotonic() + 5
    while host.workstation.shells and time.monotonic() < deadline:
        time.sleep(0.02)
    assert host.workstation.shells == {}


def test_a_shell_ends_with_its_lifetime_though_it_is_used(host: Any) -> None:
    client = host.client()
    client.create("<rsp:Lifetime>PT0.3S</rsp:Lifetime>")
    deadline = time.monotonic() + 5
    while (reply := client.command("hostname")).status == 200 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reply.fault_code == 2150858843


def test_deleting_a_shell_ends_what_waits_in_it(host: Any) -> None:
    client, other = host.client(), host.client()
    client.create()
    other.shell_id = client.shell_id
    command = client.run("powershell")
    replies: list[Any] = []
    waiting = threading.Thread(target=lambda: replies.append(client.receive(command)))
    waiting.start()
    while host.workstation.stats.actions.get("receive", 0) == 0:
        time.sleep(0.005)
    assert other.delete().status == 200
    waiting.join(5)
    assert replies[0].fault_code == 995


def test_a_client_that_goes_away_while_it_waits_takes_no_output_with_it(host: Any) -> None:
    gone, other = host.client(), host.client()
    gone.create()
    other.shell_id = gone.shell_id
    command = gone.run("powershell")

    def wait_in_vain() -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            gone.receive(command)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    while host.workstation.stats.actions.get("receive", 0) == 0:
        time.sleep(0.005)
    gone.connection.sock.shutdown(socket.SHUT_RDWR)
    waiting.join(5)
    deadline = time.monotonic() + 5
    while len(host.endpoint.open_connections(host.workstation)) > 1 and time.monotonic() < deadline:
        time.sleep(0.005)
    other.send(command, b"ab", end=True)
    reply = other.receive(command)
    assert (output(reply), reply.find(".//rsp:ExitCode").text) == (b"ba", "7")


def test_an_engine_that_fails_costs_one_answer(host: Any, caplog: Any) -> None:
    def fail() -> Any:
        raise RuntimeError("the engine's mistake")

    host.engine.own["broken"] = fail
    client = host.client()
    client.create()
    reply = client.command("broken")
    assert (reply.status, reply.body) == (500, b"")
    assert "POSTE-01: a request could not be answered" in caplog.text
    assert client.command("hostname").status == 200


@pytest.mark.parametrize("program", [r"C:\Windows\nothing.exe", "hostname.exe", "powershell"])
def test_a_program_that_is_not_there_or_not_by_its_path_is_not_started_without_cmd(host: Any, program: str) -> None:
    client = host.client()
    client.create()
    reply = client.command(program, options={"WINRS_SKIP_CMD_SHELL": "TRUE"})
    told = "The system cannot find the file specified. "
    assert (reply.fault_code, reply.find(".//f:ProviderFault").text) == (2147942402, told)
    assert (reply.subcode, reply.find(".//s:Text").text) == ("w:InternalError", told)
    assert client.command(r"C:\Windows\System32\hostname.exe", options={"WINRS_SKIP_CMD_SHELL": "1"}).status == 200
