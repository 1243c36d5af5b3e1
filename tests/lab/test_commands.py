"""Ordinary commands on a lab workstation, through the entry point that engines use."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.lab.engine.command_line import (
    PowerShellCall,
    PowerShellRefused,
    parse_powershell,
    split_arguments,
    split_steps,
    unwrap_cmd,
)
from iea_fleet.lab.engine.commands import Hooks, start
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, EngineRefused, Process
from iea_fleet.lab.workstation import Description, Workstation

WORKSTATION = Workstation(Description("POSTE-07", "127.0.0.7", domain="asso.example"))
CALLS: list[PowerShellCall] = []


def powershell(call: PowerShellCall) -> Process:
    CALLS.append(call)
    return AnswerProcess(lambda _: Answer(b"from powershell\n", b"", 5))


def run(text: str, *arguments: str, hooks: Hooks | None = None, **line: Any) -> tuple[str, str, int]:
    """Standard output, standard error, exit code."""

    async def go() -> tuple[str, str, int]:
        command = CommandLine(text, arguments, user="ASSO\\marie", **{"codepage": 65001, **line})
        process = start(WORKSTATION, command, hooks or Hooks())
        assert await process.output.wait_for_exit(5)
        streams = {"stdout": b"", "stderr": b""}
        for name, data in process.output.take(1 << 30):
            streams[name] += data
        return streams["stdout"].decode(), streams["stderr"].decode(), process.output.exit_code or 0

    return asyncio.run(go())


NOT_RECOGNIZED = "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hostname", ("POSTE-07\r\n", "", 0)),
        ("HOSTNAME.EXE", ("POSTE-07\r\n", "", 0)),
        ("C:\\Windows\\System32\\hostname.exe", ("POSTE-07\r\n", "", 0)),
        ("whoami", ("asso\\marie\r\n", "", 0)),
        ("ver", ("\r\nMicrosoft Windows [Version 10.0.19045]\r\n", "", 0)),
        ("cd", ("C:\\Users\\marie\r\n", "", 0)),
        ("cd \\Windows& cd", ("C:\\Windows\r\n", "", 0)),
        ("chcp", ("Active code page: 65001\r\n", "", 0)),
        ("echo hi", ("hi\r\n", "", 0)),
        ("echo  two  blanks ", (" two  blanks \r\n", "", 0)),
        ("echo.", ("\r\n", "", 0)),
        ("echo", ("ECHO is on.\r\n", "", 0)),
        ('echo "a & b"', ('"a & b"\r\n', "", 0)),
        ("echo a ^& b", ("a & b\r\n", "", 0)),
        ("echo %COMPUTERNAME% %computername% %nothing%", ("POSTE-07 POSTE-07 %nothing%\r\n", "", 0)),
        ("echo %SystemRoot%\\x", ("C:\\Windows\\x\r\n", "", 0)),
        ("cmd /c echo hi", ("hi\r\n", "", 0)),
        ('cmd.exe /d /s /c "echo hi"', ("hi\r\n", "", 0)),
        ('cmd /c "echo "quoted" text"', ('"quoted" text\r\n', "", 0)),
        ("cmd /q /c cmd /c exit 9", ("", "", 9)),
        ("echo out && echo err>&2 && exit 1", ("out \r\n", "err \r\n", 1)),
        ("echo a 1>&2", ("", "a \r\n", 0)),
        ("echo a>nul", ("", "", 0)),
        ("nothing 2>nul", ("", "", 1)),
        ("nothing 2>&1", (NOT_RECOGNIZED % "nothing", "", 1)),
        ("exit 3", ("", "", 3)),
        ("exit /b 4", ("", "", 4)),
        ("exit -1", ("", "", 0xFFFFFFFF)),
        ("exit 2& echo never", ("", "", 2)),
        ("nothing && echo no", ("", NOT_RECOGNIZED % "nothing", 1)),
        ("nothing || echo yes", ("yes\r\n", NOT_RECOGNIZED % "nothing", 0)),
        ("hostname || echo no", ("POSTE-07\r\n", "", 0)),
        ("type C:\\missing.txt", ("", "The system cannot find the file specified.\r\n", 1)),
        ("where hostname", ("C:\\Windows\\System32\\hostname.exe\r\n", "", 0)),
        ("where nothing", ("", "INFO: Could not find files for the given pattern(s).\r\n", 1)),
        ("set USERDOM", ("USERDOMAIN=ASSO\r\n", "", 0)),
        ("set NOTHING", ("", "Environment variable NOTHING not defined\r\n", 1)),
        ("powershell -Command 1", ("", NOT_RECOGNIZED % "powershell", 9009)),
    ],
)
def test_a_command_answers_as_cmd_does(text: str, expected: tuple[str, str, int]) -> None:
    assert run(text) == expected


def test_command_and_arguments_are_one_line() -> None:
    assert run("cmd.exe", "/c", "echo", "hi") == ("hi\r\n", "", 0)


def test_ipconfig_tells_the_address_and_with_all_the_name() -> None:
    short, full = run("ipconfig")[0], run("ipconfig", "/all")[0]
    assert "IPv4 Address. . . . . . . . . . . : 127.0.0.7\r\n" in short
    assert "POSTE-07" not in short
    assert "Host Name . . . . . . . . . . . . : POSTE-07\r\n" in full


def test_the_shells_variables_replace_those_of_the_workstation() -> None:
    lines = run("set", environment={"path": "X:\\", "Site": "lyon"})[0].split("\r\n")
    assert "Path=X:\\" in lines
    assert "Site=lyon" in lines
    names = [line.partition("=")[0].upper() for line in lines[:-1]]
    assert names == sorted(names)


@pytest.mark.parametrize(("codepage", "expected"), [(850, b"\x82\r\n"), (1252, b"\xe9\r\n"), (65001, b"\xc3\xa9\r\n")])
def test_output_is_in_the_consoles_code_page(codepage: int, expected: bytes) -> None:
    async def go() -> bytes:
        process = start(WORKSTATION, CommandLine("echo é", codepage=codepage), Hooks())
        await process.output.wait_for_exit(5)
        return b"".join(data for _, data in process.output.take(100))

    assert asyncio.run(go()) == expected


def test_type_gives_the_bytes_of_the_engines_file() -> None:
    files = {"C:\\Users\\marie\\a b.txt": b"\xff\x00"}

    async def go() -> bytes:
        process = start(WORKSTATION, CommandLine('type "a b.txt"', user="marie"), Hooks(read_file=files.get))
        await process.output.wait_for_exit(5)
        return b"".join(data for _, data in process.output.take(100))

    assert asyncio.run(go()) == b"\xff\x00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("powershell -NoProfile -NonInteractive -Command Get-Date -Format o", {"script": "Get-Date -Format o"}),
        ("powershell.exe -nop -c \"a 'b' | c\"", {"script": "a 'b' | c"}),
        ("powershell Write-Host hi", {"script": "Write-Host hi"}),
        ("powershell -", {"from_input": True}),
        ("powershell -ExecutionPolicy Bypass -Command -", {"from_input": True}),
        ("powershell", {"from_input": True}),
        ("powershell -ep bypass -File C:\\a.ps1 x y", {"file": "C:\\a.ps1", "arguments": ("x", "y")}),
        (f"powershell -e {base64.b64encode('é'.encode('utf-16-le')).decode()}", {"script": "é"}),
        (
            "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -EncodedCommand "
            + base64.b64encode("1".encode("utf-16-le")).decode(),
            {"script": "1"},
        ),
        ("cmd /c powershell -Version 2 -enc MQA=", {"script": "1"}),
    ],
)
def test_a_powershell_call_is_taken_apart_and_handed_to_the_engine(text: str, expected: dict[str, Any]) -> None:
    CALLS.clear()
    assert run(text, hooks=Hooks(powershell=powershell)) == ("from powershell\n", "", 5)
    (call,) = CALLS
    assert {"script": None, "from_input": False, "file": None, "arguments": ()} | expected == {
        "script": call.script,
        "from_input": call.from_input,
        "file": call.file,
        "arguments": call.arguments,
    }


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (("-",), ("-Command", "-")),
        (("-NoProfile", "Write-Host", "é"), ("-NoProfile", "-Command", "Write-Host", "é")),
        (("-File", "a.ps1"), ("-File", "a.ps1")),
    ],
)
def test_what_is_no_parameter_is_a_command(words: tuple[str, ...], argv: tuple[str, ...]) -> None:
    assert parse_powershell(words).argv == argv


def test_powershell_in_a_longer_line_is_one_step_of_it() -> None:
    result = run("echo a& powershell -c x& echo b", hooks=Hooks(powershell=powershell))
    assert result == ("a\r\nfrom powershell\nb\r\n", "", 0)


def test_a_parameter_that_powershell_does_not_take_is_refused() -> None:
    assert run("powershell -Quick", hooks=Hooks(powershell=powershell))[2] == 1
    with pytest.raises(PowerShellRefused):
        parse_powershell(("-EncodedCommand", "%%"))


@pytest.mark.parametrize("line", ['"cmd /c echo hi"', '"echo hi"', ' "cmd /c "echo hi"" '])
def test_quotes_around_a_whole_line_are_taken_off_as_cmd_does(line: str) -> None:
    assert run(line) == ("hi\r\n", "", 0)


def test_without_cmd_only_programs_are_started() -> None:
    assert run(r"C:\Windows\System32\hostname.exe", skip_cmd_shell=True) == ("POSTE-07\r\n", "", 0)
    for built_in in ("echo", "powershell", "hostname"):
        with pytest.raises(EngineRefused) as refused:
            run(built_in, skip_cmd_shell=True)
        assert refused.value.code == 0x80070002


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'a "b c" d', ["a", "b c", "d"]),
        (r'"a\"b" c\d', ['a"b', r"c\d"]),
        (r'"a\\" b', ["a\\", "b"]),
        ('"a""b" ""', ['a"b', ""]),
        ("", []),
    ],
)
def test_arguments_are_split_as_windows_does(text: str, expected: list[str]) -> None:
    assert split_arguments(text) == expected


@given(st.text(alphabet=st.sampled_from('ab "&|^>%/c\\12:\r\n'), max_size=200) | st.text(max_size=100))
def test_any_line_is_taken_apart(text: str) -> None:
    assert all(step.text.strip() for step in split_steps(unwrap_cmd(text)))
    assert isinstance(split_arguments(text), list)


@pytest.mark.parametrize("piece", ["cmd /c ", "cmd /a:/a:/a:", "\\a", '"', "^", ">", "%a", '""', "& ", "-e "])
def test_a_long_hostile_line_is_answered_soon(piece: str) -> None:
    text = "cmd " + piece * (300_000 // len(piece))
    assert run(text)[2] in {0, 1}
