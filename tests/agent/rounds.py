"""Many rounds in one PowerShell, each with something that happens at its n-th durable step."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from iea_fleet.agent import parse_answer
from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request
from tests.agent.workstation import DURABLE, encoded, with_line

Happening = Literal["cut", "torn", "full", "locked"]
"""The power goes before a step, or within a write; the disk is full; another program holds the file once."""

PLAIN = ("-NoProfile", "-NonInteractive")
_DRIVER = Path(__file__).with_name("driver.ps1")
_HEAD = (
    "$global:Step++; if ($global:Step -eq $global:At) { switch ($global:What) { 'cut' { break cut } "
    "'full' { throw [ComponentModel.Win32Exception]::new(112) } "
    "'locked' { throw [ComponentModel.Win32Exception]::new(32) } } }"
)
_EMPTIED = "$stream.SetLength(0)\n"
_HALF = (
    "if ($global:Step -eq $global:At -and $global:What -eq 'torn') "
    "{ $stream.Write($Content, 0, [Int32] ($Content.Length / 2)); $stream.Flush($true); break cut }\n"
)


def disturbed_script() -> str:
    """The script that lets things happen at its durable steps."""
    script = with_line(_HEAD, *DURABLE)
    assert script.count(_EMPTIED) == 1
    return script.replace(_EMPTIED, _EMPTIED + _HALF)


class Rounds:
    """A PowerShell that plays rounds.

    Args:
        powershell: the program.
        folder: where the script to play is laid.
        before: what runs before each round, as a profile script would.
        environment: variables besides those of this process.
    """

    def __init__(
        self, powershell: str, folder: Path, *, before: str = "", environment: Mapping[str, str] | None = None
    ) -> None:
        path, first = folder / "script.ps1", folder / "before.ps1"
        path.write_text(disturbed_script(), "ascii")
        first.write_text(before, "ascii")
        given = {**(environment or {}), "IEA_TEST_BEFORE": str(first)} if before else environment
        self._start([powershell, *PLAIN, "-ExecutionPolicy", "Bypass", "-File", str(_DRIVER), str(path)], given)

    def _start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}
        )

    def close(self) -> None:
        """End the PowerShell."""
        self._process.communicate(timeout=30)

    def play(self, request: Request, *, at: int = 0, what: Happening = "cut") -> tuple[Answer | None, int]:
        """Play one round. Gives its answer (None: it was cut off) and how many durable steps it came to."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{at} {what} {request.to_line()}\n".encode("ascii"))
        self._process.stdin.flush()
        printed = b""
        for line in self._process.stdout:
            printed += line
            if found := re.match(rb"<<steps (\d+)>>", line):
                return (parse_answer(printed, request) if b"<<iea-fleet:" in printed else None), int(found[1])
        raise AssertionError(printed.decode("utf-8", "replace"))


class WineRounds(Rounds):
    """The same under Wine, which sees other folders: driver and script come as text.

    Args:
        command: Wine and the Windows PowerShell that it is to run.
    """

    def __init__(self, command: Sequence[str]) -> None:
        driver = _DRIVER.read_text("ascii").replace("param ([String] $Script)\n", "")
        block = '$block = [ScriptBlock]::Create([Console]::In.ReadLine().Replace([String] [Char] 1, "`n"))\n'
        driver = re.sub(r"(?m)^\$block = .*\n", lambda _: block, driver)
        self._start([*command, *PLAIN, "-EncodedCommand", encoded(driver)])
        assert self._process.stdin is not None
        self._process.stdin.write(disturbed_script().replace("\n", "\x01").encode("ascii") + b"\n")
