"""A shell of PowerShell whose pipelines share the runspace of a real one: engine `pwsh`."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pypsrp.complex_objects import ObjectMeta, PSInvocationState
from pypsrp.exceptions import WSManFaultError
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool

from tests.lab.psrp.conftest import Host

pytestmark = pytest.mark.pwsh


class Person(PSHostUserInterface):
    """Answers every question."""

    def Prompt(self, runspace: Any, pipeline: Any, caption: Any, message: Any, descriptions: Any) -> dict[str, str]:  # noqa: N802
        return {"Nom": "Hélène"}


def run(pool: RunspacePool, script: str) -> PowerShell:
    """Run a script to its end."""
    shell = PowerShell(pool).add_script(script)
    shell.invoke()
    return shell


def test_variables_functions_and_folder_last_from_one_pipeline_to_the_next(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        run(pool, "$kept = 20; function Get-More { $kept + 1 }; Set-Location /")
        assert run(pool, "Get-More; (Get-Location).Path").output == [21, "/"]
    with pwsh.pool() as pool:
        assert run(pool, "$null -eq $kept").output == [True]
    assert [line.text for line in pwsh.engine.started] == ["powershell -NoProfile -ServerMode"] * 2


def test_objects_arrive_with_their_types_and_properties(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        number, truth, made = run(pool, "1 + 1; $true; [pscustomobject]@{ Nom = 'Zoé'; Ages = 1, 2 }").output
    assert (number, truth) == (2, True)
    assert made.extended_properties == {"Nom": "Zoé", "Ages": [1, 2]}


def test_each_stream_has_its_records_and_an_error_its_id(pwsh: Host) -> None:
    script = "Write-Warning w; Write-Verbose v -Verbose; Write-Progress p; Get-Item /nowhere; 'end'"
    with pwsh.pool() as pool:
        shell = run(pool, script)
    assert (shell.output, shell.state) == (["end"], PSInvocationState.COMPLETED)
    assert [record.message for record in (*shell.streams.warning, *shell.streams.verbose)] == ["w", "v"]
    assert [record.activity for record in shell.streams.progress] == ["p"]
    assert [record.fq_error for record in shell.streams.error] == [
        "PathNotFound,Microsoft.PowerShell.Commands.GetItemCommand"
    ]


def test_what_asks_waits_for_the_answer_of_the_clients_host(pwsh: Host) -> None:
    host = PSHost(None, None, False, "Test", None, Person(), "1.0")
    with pwsh.connect() as connection, RunspacePool(connection, host=host) as pool:
        assert run(pool, "Read-Host 'Nom'").output == ["Hélène"]


def test_a_secure_string_can_be_an_argument(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        pool.exchange_keys()
        secret = pool.serialize("pâss", ObjectMeta("SS"))
        shell = PowerShell(pool).add_script("param($s) [pscredential]::new('u', $s).GetNetworkCredential().Password")
        assert shell.add_argument(secret).invoke() == ["pâss"]


def test_a_throw_fails_the_pipeline_and_exit_tells_the_host_its_code(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        assert run(pool, "throw 'no'").state == PSInvocationState.FAILED
        assert run(pool, "exit 7").state == PSInvocationState.COMPLETED
        assert pool.host is not None
        assert pool.host.rc == 7


def test_what_runs_can_be_stopped_and_the_runspace_is_there_for_the_next(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = PowerShell(pool).add_script("'begun'; Start-Sleep 60")
        shell.begin_invoke()
        shell.poll_invoke(timeout=2)
        shell.stop()
        assert (shell.output, shell.state) == (["begun"], PSInvocationState.STOPPED)
        assert run(pool, "'next'").output == ["next"]


def test_a_process_that_ends_itself_ends_the_shell(pwsh: Host) -> None:
    with pwsh.connect() as connection:
        pool = RunspacePool(connection)
        pool.open()
        with pytest.raises(WSManFaultError) as gone:
            run(pool, "[Environment]::Exit(3)")
    assert (gone.value.code, pwsh.workstation.shells) == (2150859193, {})


def test_what_writes_without_end_waits_for_the_client_and_can_be_stopped(pwsh: Host) -> None:
    with pwsh.pool() as pool:
        shell = PowerShell(pool).add_script("while ($true) { 'x' * 100000 }")
        shell.begin_invoke()
        shell.poll_invoke(timeout=2)
        waiting = time.monotonic() + 3
        while time.monotonic() < waiting:  # nobody receives
            (kept,) = pwsh.workstation.shells.values()
            (pipeline,) = kept.runspace.pipelines.values()  # type: ignore[attr-defined]
            assert sum(map(len, list(pipeline.fragments))) < 20 << 20
            time.sleep(0.2)
        shell.stop()
        assert shell.state == PSInvocationState.STOPPED


def test_a_large_object_comes_in_fragments_that_the_client_takes(pwsh: Host) -> None:
    with pwsh.pool(max_envelope_size=16_384) as pool:
        (text,) = run(pool, "'é' * 200000").output
    assert text == "é" * 200_000


def test_lines_that_a_script_writes_between_the_messages_are_passed_over(pwsh: Host) -> None:
    script = """
        $out = [IO.StreamWriter]::new([Console]::OpenStandardOutput())
        $out.WriteLine("<Data Stream='Default' PSGuid='$('-' * 36)'>AAAA</Data>")
        $out.WriteLine("<DataAck PSGuid='$('f' * 36)' />")
        $out.Flush()
        'written'
    """
    with pwsh.pool() as pool:
        assert run(pool, script).output == ["written"]
        assert run(pool, "'next'").output == ["next"]
