"""What is run as somebody else: the text of the task does its errand in a PowerShell of its own and holds no secret."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iea_fleet.agent import Edition, script_text
from tests.agent.workstation import encoded

ERRANDS = ("Invoke-ShareStep", "Reset-Share", "Restore-Drive", "Show-Question")


def functions() -> str:
    """The script without its last line, which runs it."""
    text = script_text(Edition.WHOLE)
    assert text.endswith("\nInvoke-Round $Request\n")
    return text.removesuffix("Invoke-Round $Request\n")


Ask = Callable[[str], str]
LOOP = """
[Console]::OutputEncoding = [Text.UTF8Encoding]::new($false)
while ($null -ne ($line = [Console]::In.ReadLine())) {
    & ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line))))
    '<<end>>'
}
"""


@pytest.fixture(scope="module")
def ask(powershell: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Runs a command in a PowerShell that knows the script's functions; gives what it printed."""
    script = tmp_path_factory.mktemp("errand") / "functions.ps1"
    script.write_text(functions(), "ascii")
    arguments = [powershell, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(f". '{script}' ''\n{LOOP}")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, told = process.stdin, process.stdout

        def run(command: str) -> str:
            asked.write(b64encode(command.encode()) + b"\n")
            asked.flush()
            printed = b""
            while not printed.endswith(b"<<end>>\n"):
                line = told.readline().replace(b"\r\n", b"\n")
                assert line, printed.decode("utf-8", "replace")
                printed += line
            return printed.decode("utf-8").removesuffix("<<end>>\n").strip()

        yield run
        asked.close()


def order(folder: Path, *steps: str) -> str:
    names = ", ".join(f"'{step}'" for step in steps)
    return f"@{{ path = '{folder}'; file = 'é''s.db'; mark = 'm.tmp'; timeout = 500; steps = @({names}) }}"


@pytest.mark.parametrize(("present", "layer", "code"), [(True, "none", 0), (False, "file", 2)])
def test_the_text_of_a_task_does_its_errand_and_leaves_its_answer_whole(
    powershell: str, ask: Ask, tmp_path: Path, present: bool, layer: str, code: int
) -> None:
    folder, answer = tmp_path / "base", tmp_path / "answer"
    folder.mkdir()
    if present:
        (folder / "é's.db").write_bytes(b"x")
    steps = order(folder, "path", "file", "read", "write")
    text = ask(f"Get-ErrandText 'Invoke-ShareStep' {steps} '{answer}'")
    command = [powershell, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(text)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (b"", b"")
    told = json.loads(answer.read_text("ascii"))
    assert (told["layer"], told["code"]) == (layer, code)
    assert not answer.with_name("answer.new").exists()
    read = ask(f"ConvertTo-AsciiJson (Read-ErrandAnswer '{answer}')")
    assert json.loads(read) == {"layer": layer, "code": code, "message": told["message"], "answer": None}


def test_an_errand_that_throws_tells_why(powershell: str, ask: Ask, tmp_path: Path) -> None:
    """Outside Windows there is no COM: whatever is thrown is told."""
    answer = tmp_path / "answer"
    text = ask(f"Get-ErrandText 'Restore-Drive' @{{ drive = 'P:'; remote = 'r' }} '{answer}'")
    command = [powershell, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(text)]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    assert json.loads(answer.read_text("ascii"))["message"]


@pytest.mark.parametrize("errand", ERRANDS)
def test_the_text_of_every_task_has_what_it_calls(ask: Ask, errand: str) -> None:
    known = set(re.findall(r"(?m)^function (\S+) ", script_text(Edition.WHOLE)))
    text = ask(f"Get-ErrandText '{errand}' @{{ path = 'p' }} 'a'")
    defined = set(re.findall(r"(?m)^function (\S+) ", text))
    assert errand in defined
    assert {name for name in known if re.search(rf"(?<![\w-]){name}(?![\w-])", text)} == defined


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "1",
        '{"code": 1e400}',
        '{"layer": {"a": 1}, "code": -1, "message": 5}',
        "\x00" * 99,
        '"' * 70_000,
        "[" * 70_000,
    ],
)
def test_what_somebody_else_wrote_into_the_answer_is_bounded(ask: Ask, tmp_path: Path, content: str) -> None:
    (tmp_path / "answer").write_text(content, "utf-8")
    command = f"try {{ ConvertTo-AsciiJson (Read-ErrandAnswer '{tmp_path / 'answer'}') }} catch {{ 'refused' }}"
    told = ask(command)
    if told != "refused":
        read = json.loads(told)
        assert 0 <= read["code"] <= 0xFFFFFFFF
        assert isinstance(read["message"], str)
        assert isinstance(read["layer"], str)
