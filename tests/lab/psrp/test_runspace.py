"""Runspaces and pipelines as pypsrp uses them, against a workstation of either engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypsrp.client import Client
from pypsrp.complex_objects import ObjectMeta, PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, ProcessOutput, Signal
from tests.lab.psrp.conftest import NAME, PASSWORD, USER, Host, make_engine


def objects(*values: object) -> Iterator[list[object]]:
    """Input for `invoke`, each value an object."""
    yield list(values)


def script_of(pool: RunspacePool, text: str) -> PowerShell:
    return PowerShell(pool).add_script(text)


def says(stdout: bytes = b"", stderr: bytes = b"", exit_code: int = 0) -> AnswerProcess:
    return AnswerProcess(lambda _: Answer(stdout, stderr, exit_code))


def test_a_script_gives_its_output_line_by_line_as_strings(host: Host) -> None:
    ran = host.run("'un'\n'deux héé'\nWrite-Output trois")
    assert (ran.output, ran.state, ran.errors) == (
        ["un", "deux héé", "trois"],
        PSInvocationState.COMPLETED,
        [],
    )


def test_the_opened_pool_tells_versions_as_a_workstation_of_windows(emulated: Host) -> None:
    with emulated.pool() as pool:
        assert (pool.protocol_version, pool.ps_version, pool.serialization_version) == ("2.3", "2.0", "1.1.0.1")
        assert pool.connection.max_envelope_size == 512_000


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
def test_every_logon_of_the_endpoint_opens_a_runspace(emulated: Host, auth: str) -> None:
    ran = emulated.run("hostname", auth=auth, encryption="never" if auth == "basic" else "always")
    assert ran.output == [NAME]


def test_a_runspace_opens_over_https_too(tmp_path: Path) -> None:
    host = Host(make_engine("emulated", tmp_path), https=True)
    try:
        assert host.run("hostname", ssl=True, cert_validation=False, encryption="auto").output == [NAME]
    finally:
        host.close()


def test_a_process_runs_as_a_console_would_be_asked(emulated: Host) -> None:
    emulated.run("hostname; exit 0")
    (started,) = emulated.engine.started
    assert (started.command, started.arguments[:3]) == (
        "powershell",
        ("-NoProfile", "-NonInteractive", "-EncodedCommand"),
    )
    assert started.user == USER


def test_two_pipelines_in_turn_each_have_their_own_output(host: Host) -> None:
    with host.pool() as pool:
        assert script_of(pool, "'first'").invoke() == ["first"]
        assert script_of(pool, "'second'").invoke() == ["second"]


def test_two_pipelines_at_once_do_not_mix(emulated: Host) -> None:
    with emulated.pool() as pool:
        one, two = script_of(pool, "'one'"), script_of(pool, "'two'")
        one.begin_invoke()
        two.begin_invoke()
        assert (two.end_invoke(), one.end_invoke()) == (["two"], ["one"])


@pytest.mark.parametrize("code", [3, 255])
def test_exit_tells_the_clients_host_and_completes_the_pipeline(host: Host, code: int) -> None:
    ran = host.run(f"'before'; exit {code}")
    assert (ran.output, ran.exit_code, ran.state) == (["before"], code, PSInvocationState.COMPLETED)


def test_an_exit_code_beyond_31_bits_is_negative_as_dotnet_has_it(emulated: Host) -> None:
    emulated.engine.instead = lambda _: says(exit_code=0xC000013A)
    assert emulated.run("exit -1073741510").exit_code == 0xC000013A - (1 << 32)


def test_exit_zero_tells_the_host_nothing(host: Host) -> None:
    ran = host.run("exit 0")
    assert (ran.exit_code or 0, ran.had_errors) == (0, False)


def test_an_error_that_goes_on_is_a_record_of_a_completed_pipeline(pwsh: Host) -> None:
    ran = pwsh.run("Write-Error 'the disk is full'; 'after'")
    assert (ran.output, ran.state, ran.had_errors) == (["after"], PSInvocationState.COMPLETED, False)
    (error,) = ran.errors
    assert "the disk is full" in str(error)


def test_an_error_of_the_last_statement_does_not_fail_the_pipeline(pwsh: Host) -> None:
    ran = pwsh.run("'before'; Write-Error 'the disk is full'")
    assert (ran.output, ran.state, len(ran.errors)) == (["before"], PSInvocationState.COMPLETED, 1)


def test_an_error_that_ends_the_script_leaves_a_failed_pipeline(pwsh: Host) -> None:
    ran = pwsh.run("'before'; throw 'the disk is full'; 'after'")
    assert (ran.output, ran.state, ran.had_errors) == (["before"], PSInvocationState.FAILED, True)
    (error,) = ran.errors
    assert "the disk is full" in str(error)


def test_an_unknown_command_is_told_with_its_category(emulated: Host) -> None:
    (error,) = emulated.run("Get-Nonsense").errors
    assert error.fq_error == "CommandNotFoundException"
    assert (error.category, error.target_name, error.reason) == (13, "Get-Nonsense", "CommandNotFoundException")
    assert str(error).startswith("The term 'Get-Nonsense' is not recognized")
    assert "At line" not in str(error)


def test_progress_in_clixml_is_no_error(emulated: Host) -> None:
    noise = (
        b'#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress"><I64>1</I64></Obj>'
        b'<S S="Error">b_x00E9_te : oh_x000D__x000A_</S></Objs>'
    )
    emulated.engine.instead = lambda _: says(b"fine\r\n", noise)
    ran = emulated.run("hostname")
    assert ran.output == ["fine"]
    assert [str(error) for error in ran.errors] == ["béte : oh"]


def test_a_native_programs_lines_on_standard_error_are_native_errors(emulated: Host) -> None:
    emulated.engine.instead = lambda _: says(b"", b"reg: one\r\nmore of it\r\nreg: two\r\n")
    errors = emulated.run("reg").errors
    assert [(str(error), error.fq_error) for error in errors] == [
        ("reg: one\nmore of it", "NativeCommandError"),
        ("reg: two", "NativeCommandError"),
    ]


def test_input_objects_are_the_lines_of_input(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, 'foreach ($line in $input) { "<$line>" }')
        assert shell.invoke(objects("un", "deux héé", 3, "", "end")) == ["<un>", "<deux héé>", "<3>", "<>", "<end>"]


def test_input_is_piped_to_a_script_that_does_not_name_it(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, 'param([Parameter(ValueFromPipeline)] $Line) process { "<$Line>" }')
        assert shell.invoke(objects("a", "b")) == ["<a>", "<b>"]


def test_a_script_too_long_for_a_command_line_runs_with_its_input_and_exit_code(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, f'# {"x" * 100_000}\n$input | ForEach-Object {{ "<$_>" }}\nexit 4')
        assert shell.invoke(objects("a", "b")) == ["<a>", "<b>"]
        assert pool.host is not None
        assert pool.host.rc == 4
        assert script_of(pool, f"# {'x' * 100_000}\n'no input'").invoke() == ["no input"]


def test_input_may_come_in_many_pieces(emulated: Host) -> None:
    def pieces() -> Iterator[list[str]]:
        for number in range(5):
            yield [f"{number}:{'x' * 1000}"]

    emulated.engine.instead = lambda _: AnswerProcess(lambda given: Answer(given), reads_input=True)
    with emulated.pool() as pool:
        assert script_of(pool, "$input").invoke(pieces()) == [f"{number}:{'x' * 1000}" for number in range(5)]


def test_a_command_with_arguments_and_switches_runs(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = PowerShell(pool).add_cmdlet("Write-Output").add_parameter("InputObject", "it's ‘so’; $x")
        shell.add_parameter("NoEnumerate")
        assert shell.invoke() == ["it's ‘so’; $x"]


def test_a_script_with_arguments_gets_them(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, 'param($a, $b, $c) "$a|$b|$c|$($c.GetType().Name)" # end')
        shell.add_argument("x y").add_argument(-2).add_parameter("c", True)
        assert shell.invoke() == ["x y|-2|True|Boolean"]


def test_statements_run_one_after_the_other(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, "'one'").add_statement().add_script("'two'").add_cmdlet("Out-String")
        shell.add_parameter("Stream")
        assert shell.invoke() == ["one", "two"]


def test_errors_can_be_merged_into_what_the_next_command_gets(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = script_of(pool, "Write-Error 'merged'").merge_error("output")
        output = shell.add_cmdlet("Out-String").add_parameter("Stream").invoke()
    assert ("merged" in "".join(output), shell.streams.error) == (True, [])


def test_an_argument_that_is_no_text_or_number_is_refused_with_an_error_that_says_so(emulated: Host) -> None:
    with emulated.pool() as pool:
        shell = PowerShell(pool).add_cmdlet("Write-Output").add_argument({"a": 1})
        shell.invoke()
        assert shell.state == PSInvocationState.FAILED
        assert "can't be passed on" in str(shell.streams.error[0])
        assert emulated.engine.started == []
        assert script_of(pool, "'next'").invoke() == ["next"]


def test_output_larger_than_an_answer_comes_whole_in_fragments(emulated: Host) -> None:
    line = b"".join(b"%06d" % number for number in range(100_000))
    emulated.engine.instead = lambda _: says(line + b"\r\nlast\r\n")
    with emulated.pool() as pool:
        before = emulated.workstation.stats.actions["receive"]
        assert script_of(pool, "hostname").invoke() == [line.decode(), "last"]
        assert emulated.workstation.stats.actions["receive"] - before >= 2


def test_no_answer_is_larger_than_the_clients_envelope(emulated: Host) -> None:
    emulated.engine.instead = lambda _: says(
        b"".join(b"line %06d\n" % number for number in range(3000)) + b"z" * 60_000
    )
    sizes = []
    with emulated.pool(max_envelope_size=16_384) as pool:
        transport: Any = pool.connection.transport
        send = transport.send

        def measured(*args: Any, **options: Any) -> bytes:
            answer: bytes = send(*args, **options)
            sizes.append(len(answer))
            return answer

        transport.send = measured
        output = script_of(pool, "hostname").invoke()
    assert (len(output), output[2999], output[3000]) == (3001, "line 002999", "z" * 60_000)
    assert max(sizes) <= 16_384


def test_many_lines_arrive_in_their_order(host: Host) -> None:
    host.engine.instead = lambda _: says(b"".join(b"%d\n" % number for number in range(20_000)))
    assert host.run("hostname").output == [str(number) for number in range(20_000)]


def test_bytes_that_are_no_utf_8_are_told_as_unknown_characters(emulated: Host) -> None:
    emulated.engine.instead = lambda _: says(b"caf\x82\x00\x07\r\n")
    assert emulated.run("hostname").output == ["caf�\x00\x07"]


class Endless:
    """A process that says one line and goes on until it is ended."""

    def __init__(self) -> None:
        self.output = ProcessOutput()
        self.output.put("stdout", b"begun\r\n")
        self.signals: list[Signal] = []

    async def feed(self, data: bytes, end: bool) -> None:
        """Drop it."""

    def signal(self, kind: Signal) -> None:
        """End."""
        self.signals.append(kind)
        self.output.finish(1)


def test_a_stopped_pipeline_ends_its_process_and_the_pool_goes_on(emulated: Host) -> None:
    processes: list[Endless] = []

    def start(_: CommandLine) -> Endless:
        processes.append(Endless())
        return processes[-1]

    emulated.engine.instead = start
    with emulated.pool(operation_timeout=1) as pool:
        shell = script_of(pool, "Start-Sleep 100")
        shell.begin_invoke()
        shell.poll_invoke()
        shell.poll_invoke()
        assert (shell.output, shell.state) == (["begun"], PSInvocationState.RUNNING)
        shell.stop()
        assert processes[0].signals == [Signal.TERMINATE]
        emulated.engine.instead = None
        assert script_of(pool, "'next'").invoke() == ["next"]


def test_the_state_of_a_stopped_pipeline_can_still_be_received(emulated: Host) -> None:
    emulated.engine.instead = lambda _: Endless()
    with emulated.pool() as pool:
        shell = script_of(pool, "Start-Sleep 100")
        shell.begin_invoke()
        pool.shell.signal("powershell/signal/crtl_c", shell.id)
        shell.end_invoke()
        assert shell.state == PSInvocationState.STOPPED
        assert shell.streams.error[0].fq_error == "PipelineStopped"


def test_a_finished_pipeline_can_be_stopped_and_closed(emulated: Host) -> None:
    with emulated.pool() as pool:
        first, second = script_of(pool, "'a'"), script_of(pool, "'b'")
        first.invoke()
        first.state = PSInvocationState.RUNNING
        first.stop()
        second.invoke()
        second.close()


def test_a_closed_pool_ends_what_runs_in_it(emulated: Host) -> None:
    running = Endless()
    emulated.engine.instead = lambda _: running
    with emulated.pool() as pool:
        script_of(pool, "Start-Sleep 100").begin_invoke()
    assert running.signals == [Signal.TERMINATE]
    assert emulated.workstation.shells == {}


def test_a_receive_that_waits_is_told_when_the_pool_is_closed(emulated: Host) -> None:
    emulated.engine.instead = lambda _: Endless()
    faults: list[WSManFaultError] = []
    with emulated.pool() as pool:
        shell = script_of(pool, "Start-Sleep 100")
        shell.begin_invoke()
        shell.poll_invoke()

        def receive() -> None:
            try:
                other = WSMan("127.0.0.1", port=emulated.port, username=USER, password=PASSWORD, ssl=False, auth="ntlm")
                pool.shell.wsman = other
                shell.poll_invoke(timeout=20)
            except WSManFaultError as fault:
                faults.append(fault)

        original = pool.shell.wsman
        waiting = threading.Thread(target=receive)
        waiting.start()
        deadline = time.monotonic() + 5
        while emulated.workstation.stats.actions["receive"] < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        pool.shell.wsman = original
        pool.close()
        waiting.join(5)
    assert [fault.code for fault in faults] == [995]


def test_the_pool_tells_and_sets_its_runspaces_and_resets_its_state(emulated: Host) -> None:
    with emulated.pool() as pool:
        assert pool.get_available_runspaces() == 1
        pool.max_runspaces = 4
        pool.min_runspaces = 2
        assert pool.get_available_runspaces() == 4
        pool.reset_runspace_state()


def test_keys_can_be_exchanged_and_a_secure_string_is_refused_as_an_argument(emulated: Host) -> None:
    with emulated.pool() as pool:
        pool.exchange_keys()
        assert pool._key_exchanged is True
        secret = pool.serialize("geheim", ObjectMeta("SS"))
        shell = PowerShell(pool).add_cmdlet("Write-Output").add_argument(secret)
        shell.invoke()
        assert "SecureString can't be passed on" in str(shell.streams.error[0])


def test_command_metadata_is_said_not_to_be_told(emulated: Host) -> None:
    with emulated.pool() as pool:
        # pypsrp takes the number of commands from the output before it looks at errors.
        with pytest.raises(IndexError):
            pool.get_command_metadata("Get-*")
        (shell,) = pool.pipelines.values()
        assert (shell.state, "no command metadata" in str(shell.streams.error[0])) == (PSInvocationState.FAILED, True)


def test_the_pool_counts_as_alive_until_it_is_closed(emulated: Host) -> None:
    with emulated.pool() as pool:
        assert pool.is_alive() is True
        emulated.loop.call_soon_threadsafe(emulated.workstation.forget_shells)
        assert pool.is_alive() is False


def test_a_configuration_of_any_name_opens_and_other_resources_do_not(emulated: Host) -> None:
    with emulated.connect() as connection:
        with RunspacePool(connection, configuration_name="IEA.Maintenance") as pool:
            assert script_of(pool, "'named'").invoke() == ["named"]
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(connection, configuration_name="../cmd").open()
        assert caught.value.code == 0x80338000


def test_pypsrps_client_runs_a_script(pwsh: Host) -> None:
    with Client("127.0.0.1", port=pwsh.port, username=USER, password=PASSWORD, ssl=False, auth="ntlm") as client:
        output, streams, had_errors = client.execute_ps("'a'; Write-Error 'b'")
        assert ("a" in output, had_errors, len(streams.error)) == (True, False, 1)
