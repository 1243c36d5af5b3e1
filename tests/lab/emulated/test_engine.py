"""Commands on an emulated workstation: our loader, other PowerShell, cmd, and everything that can go wrong between."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from iea_fleet.agent import LOADER, AnswerRefused, RefusalReason, parse_answer, parse_refusal, payload
from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.registry import RegistryPlace, RegistryValue
from iea_fleet.lab.engine.processes import Answer, CommandLine
from iea_fleet.lab.faults import ALL_FAULTS
from iea_fleet.lab.faults.output import OUTPUT_FAULTS
from iea_fleet.lab.faults.transport import TRANSPORT_FAULTS
from iea_fleet.lab.workstation import Description, Workstation
from iea_fleet.model.answer import PeopleFacts, Status, Step
from iea_fleet.model.request import Request

INI = {"store": "ini", "path": r"C:\app\a.ini", "section": "S", "key": "k"}
ARGUMENTS = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-EncodedCommand")


def encoded(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode()


class Poste:
    """One workstation with one settings file."""

    def __init__(self) -> None:
        self.machine = Machine(Identity("POSTE-01", "id-1"))
        self.machine.disk.lay(r"C:\app\a.ini", b"[S]\r\nk=1\r\n")
        self.workstation = Workstation(Description("POSTE-01"))
        self.engine = EmulatedEngine({"POSTE-01": self.machine})

    def run(self, command: str, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run a command to its end."""

        async def play() -> Answer:
            process = self.engine.start(self.workstation, CommandLine(command, arguments, user="POSTE-01\\tech"))
            await process.feed(stdin, True)
            streams = {"stdout": b"", "stderr": b""}
            while process.output.exit_code is None or not process.output.empty:
                await process.output.wait_for_news(5.0)
                for name, data in process.output.take(1 << 24):
                    streams[name] += data
            return Answer(streams["stdout"], streams["stderr"], process.output.exit_code)

        return asyncio.run(play())

    def round(self, value: str = "9", transaction: str = "a" * 32) -> tuple[Request, Answer]:
        """One round by the loader."""
        change = {"id": "x", "target": INI, "value": value}
        request = Request.model_validate(
            {"transaction": transaction, "nonce": "b" * 32, "dry_run": False, "ensure": (change,)}
        )
        return request, self.run("PowerShell", *ARGUMENTS, encoded(LOADER), stdin=payload(request))


@pytest.fixture
def poste() -> Poste:
    return Poste()


def test_the_loader_reads_its_request_from_standard_input(poste: Poste) -> None:
    request, output = poste.round()
    answer = parse_answer(output.stdout, request)
    assert (answer.status, answer.changed, output.stderr, output.exit_code) == (Status.DONE, True, b"", 0)
    assert poste.machine.disk.peek(r"C:\app\a.ini") == b"[S]\r\nk=9\r\n"
    assert answer.host.computer_name == "POSTE-01"


@pytest.mark.parametrize(
    ("script", "stdout", "exit_code"),
    [
        ("hostname", b"POSTE-01\r\n", 0),
        ("$env:COMPUTERNAME", b"POSTE-01\r\n", 0),
        ("$env:ProgramData; 'a b'", b"C:\\ProgramData\r\na b\r\n", 0),
        ('Write-Output "d\u00e9j\u00e0"', "d\u00e9j\u00e0\r\n".encode("cp437"), 0),
        ("echo hello\nexit 3\nhostname", b"hello\r\n", 3),
        ("$PSVersionTable.PSVersion.ToString()", b"5.1.19041.5247\r\n", 0),
    ],
)
def test_simple_powershell_is_answered(poste: Poste, script: str, stdout: bytes, exit_code: int) -> None:
    for output in (
        poste.run("powershell", "-enc", encoded(script)),
        poste.run("powershell.exe -NoP -enc " + encoded(script)),
    ):
        assert (output.stdout, output.exit_code) == (stdout, exit_code)


def test_what_is_no_command_is_told_as_powershell_does(poste: Poste) -> None:
    output = poste.run("powershell", "-EncodedCommand", encoded("Get-Nothing <x> -At All"))
    assert (output.stdout, output.exit_code) == (b"", 1)
    assert output.stderr.startswith(b"#< CLIXML\r\n<Objs ")
    assert b"The term 'Get-Nothing' is not recognized as the name of a cmdlet" in output.stderr
    assert b"&lt;x&gt;" in output.stderr


def test_other_commands_are_those_of_cmd(poste: Poste) -> None:
    assert poste.run("hostname").stdout == b"POSTE-01\r\n"
    assert poste.run(r"type C:\app\a.ini").stdout == b"[S]\r\nk=1\r\n"
    assert poste.run("cmd", "/c", "exit 5").exit_code == 5


def test_all_faults_have_one_table_and_no_name_twice() -> None:
    assert len(ALL_FAULTS) == len(TRANSPORT_FAULTS) + len(OUTPUT_FAULTS)


def fault(poste: Poste, name: str, **parameters: Any) -> None:
    poste.workstation.faults.set(name, **parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "language", "version"),
    [
        ("constrained_language", {}, "ConstrainedLanguage", "5.1.19041.5247"),
        ("old_powershell", {"version": "2.0"}, "FullLanguage", "2.0"),
    ],
)
def test_the_loader_says_where_the_script_can_not_run(
    poste: Poste, name: str, parameters: dict[str, Any], language: str, version: str
) -> None:
    fault(poste, name, **parameters)
    _, output = poste.round()
    refusal = parse_refusal(output.stdout)
    assert refusal is not None
    assert (refusal.language, refusal.version, output.exit_code) == (language, version, 78)
    assert poste.machine.disk.peek(r"C:\app\a.ini") == b"[S]\r\nk=1\r\n"


@pytest.mark.parametrize(
    ("name", "parameters", "text", "exit_code"),
    [
        ("constrained_language", {"told": "crash"}, b"supported only on core types in this language mode", 1),
        ("antivirus", {}, b"ScriptContainedMaliciousContent", 1),
        ("powershell_missing", {}, b"'powershell' is not recognized as an internal or external command", 9009),
        ("out_of_memory", {}, b"System.OutOfMemoryException", 1),
        ("out_of_memory_at", {"step": 4}, b"System.OutOfMemoryException", 1),
    ],
)
def test_a_script_that_does_not_run_says_why_on_standard_error(
    poste: Poste, name: str, parameters: dict[str, Any], text: bytes, exit_code: int
) -> None:
    fault(poste, name, **parameters)
    _, output = poste.round()
    assert (output.stdout, output.exit_code) == (b"", exit_code)
    assert text in output.stderr
    assert poste.machine.disk.peek(r"C:\app\a.ini") == b"[S]\r\nk=1\r\n"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("clixml_noise", {}),
        ("clixml_noise", {"kilobytes": 5000}),
        *(("banner", {"where": where}) for where in ("before", "after", "inside", "forged")),
        *(("codepage", {"page": page, "bom": True}) for page in ("cp437", "cp850", "cp1252", "cp932", "utf-8")),
    ],
)
def test_noise_around_the_answer_hides_nothing(poste: Poste, name: str, parameters: dict[str, Any]) -> None:
    _, clean = Poste().round()
    fault(poste, name, **parameters)
    request, output = poste.round()
    assert parse_answer(output.stdout, request).status is Status.DONE
    assert len(output.stdout) + len(output.stderr) > len(clean.stdout) + 30
    if name == "clixml_noise":
        assert abs(len(output.stderr) - 1024 * parameters.get("kilobytes", 1)) < 1024


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("truncated_output", RefusalReason.CUT_OFF),
        ("no_output", RefusalReason.NO_MARKER),
        ("wrong_hash", RefusalReason.WRONG_HASH),
        ("other_transaction", RefusalReason.WRONG_TRANSACTION),
    ],
)
def test_a_damaged_answer_is_refused_though_the_change_was_made(poste: Poste, name: str, reason: RefusalReason) -> None:
    fault(poste, name, times=1)
    request, output = poste.round()
    with pytest.raises(AnswerRefused) as refused:
        parse_answer(output.stdout, request)
    assert refused.value.reason is reason
    request, output = poste.round()
    assert parse_answer(output.stdout, request).replayed


def test_several_faults_of_the_output_play_together(poste: Poste) -> None:
    fault(poste, "banner", where="before")
    fault(poste, "clixml_noise")
    request, output = poste.round()
    assert b"acc\xe8s" in output.stdout
    assert output.stderr.startswith(b"#< CLIXML")
    assert parse_answer(output.stdout, request).status is Status.DONE


def test_a_power_cut_strikes_once_and_the_next_round_ends_right(poste: Poste) -> None:
    fault(poste, "power_cut", step=6)
    _, output = poste.round()
    assert (output.stdout, output.exit_code) == (b"", 0x40010004)
    request, output = poste.round(transaction="c" * 32)
    answer = parse_answer(output.stdout, request)
    assert answer.status is Status.DONE
    assert answer.recovered is not None
    assert (answer.recovered.transaction, answer.recovered.outcome) == ("a" * 32, "undone")
    assert answer.host.boot_time is not None


@pytest.mark.parametrize("at", ["space", "journal", "backup", "write"])
def test_a_full_disk_is_told_and_mended(poste: Poste, at: str) -> None:
    fault(poste, "disk_full", at=at)
    request, output = poste.round()
    answer = parse_answer(output.stdout, request)
    assert answer.error is not None
    assert (answer.error.step, answer.error.win32_code) == (Step(at), 112)
    poste.workstation.faults.clear("disk_full")
    request, output = poste.round()
    assert parse_answer(output.stdout, request).status is Status.DONE


@pytest.mark.parametrize("at", ["read", "backup", "write", "read_back"])
def test_files_held_at_a_moment_are_told_and_mended(poste: Poste, at: str) -> None:
    fault(poste, "settings_locked_at", at=at, code=33)
    request, output = poste.round()
    answer = parse_answer(output.stdout, request)
    assert answer.error is not None
    assert (answer.error.step, answer.error.win32_code) == (Step("plan" if at == "read" else at), 33)
    poste.workstation.faults.clear()
    request, output = poste.round()
    assert parse_answer(output.stdout, request).status is Status.DONE


@pytest.mark.parametrize(
    ("step", "person", "declines", "expected"),
    [
        ({"ask": True, "delay_s": 60}, True, False, 5.0),
        ({"ask": True, "delay_s": 60}, True, True, None),
        ({"ask": False, "delay_s": 60}, True, False, 60.0),
        ({"ask": False, "delay_s": 60}, False, False, 5.0),
        ({"ask": True, "delay_s": 0}, False, True, 5.0),
    ],
    ids=["asked, yes", "asked, no", "told", "nobody there", "nobody to ask"],
)
def test_a_restart_comes_after_the_answer_with_the_time_that_people_need(
    poste: Poste, step: dict[str, Any], person: bool, declines: bool, expected: float | None
) -> None:
    down: list[tuple[float, float, bool]] = []
    poste.workstation.go_down = lambda *arguments: down.append(arguments)
    poste.machine.declines_restart = declines
    if person:
        poste.machine.registry.sids = ("S-1-5-21-1-2-3-1001",)
        for name, text in (("USERDOMAIN", "POSTE-01"), ("USERNAME", "Zoé")):
            place = RegistryPlace(r"HKU\S-1-5-21-1-2-3-1001\Volatile Environment", name)
            poste.machine.registry.write(place, RegistryValue("string", text))
    restart = {"kind": "restart_computer", "id": "r", "title": "T", "message": "M", **step}
    people = {"kind": "people", "id": "p"}
    request = Request.model_validate(
        {"transaction": "a" * 32, "nonce": "b" * 32, "dry_run": False, "probe": (people,), "after": (restart,)}
    )
    output = poste.run("PowerShell", *ARGUMENTS, encoded(LOADER), stdin=payload(request))
    answer = parse_answer(output.stdout, request)
    assert [outcome.ok for outcome in answer.after] == [expected is not None]
    assert [up_s for up_s, _, _ in down] == ([] if expected is None else [expected])
    assert all(new_boot for _, _, new_boot in down)
    # Looking again at a computer that goes down would tell nothing.
    assert bool(answer.verify) is (expected is None)
    (facts,) = answer.probes
    assert isinstance(facts, PeopleFacts)
    assert facts.people == ((r"POSTE-01\Zoé",) if person else ())
