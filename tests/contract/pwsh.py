"""The contestant `pwsh`: the real script in a real PowerShell, a folder a workstation, many rounds in one process."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from iea_fleet.agent import parse_answer, script_text
from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request
from tests.contract.world import Cut, Meddling, Program, Round, World

_DONE = b"<<<round is over>>>"
_PATIENCE_S = 60.0
_LOCK = r"ProgramData\iea-fleet\lock"

# Each line of input is one round: environment, request, and where the power goes. What a round prints comes before the
# line that ends it. A cut leaves the script by `break` to a loop around it: no catch sees that, and handles are closed.
_DRIVER = """
$whole = [ScriptBlock]::Create([IO.File]::ReadAllText($env:CONTRACT_SCRIPT))
$mortal = [ScriptBlock]::Create([IO.File]::ReadAllText($env:CONTRACT_MORTAL))
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $round = ConvertFrom-Json ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))
    foreach ($variable in $round.environment.PSObject.Properties) {
        [Environment]::SetEnvironmentVariable($variable.Name, $variable.Value)
    }
    $global:Left = $round.cut
    $global:Torn = $round.torn
    $global:Meddling = $round.meddling
    $block = if ($round.cut) { $mortal } else { $whole }
    $printed = ''
    :power foreach ($once in 1) {
        $printed = & $block ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($round.request)))
    }
    [Console]::Out.WriteLine(($printed -join "`n"))
    [Console]::Out.WriteLine('<<<round is over>>>')
    [Console]::Out.Flush()
}
"""


class Pwsh:
    """Plays cases with a PowerShell.

    Args:
        program: the PowerShell.
        folder: an empty folder for everything.
        environment: variables that its process begins with, such as proxies, which .NET reads once.
    """

    name = "pwsh"

    def __init__(self, program: str, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self._program, self._folder = program, folder
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def close(self) -> None:
        """End the PowerShell."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def play(
        self, world: World, requests: Sequence[Request], cut: Cut | None = None, meddling: Meddling | None = None
    ) -> tuple[Round, ...]:
        """See `Contestant.play`."""
        self._count += 1
        root = self._folder / f"poste-{self._count}"
        _lay(root, world)
        environment = {"ROOT": str(root), "ProgramData": str(root / "ProgramData"), "COMPUTERNAME": "POSTE-01"}
        rounds = []
        try:
            with contextlib.ExitStack() as locks:
                for path in (*world.locked, *([_LOCK] if world.busy else [])):
                    # .NET on Unix opens files with an advisory lock and meets a sharing violation where there is one.
                    fcntl.flock(locks.enter_context(_real(root, path).open("rb")), fcntl.LOCK_EX)
                for request in requests:
                    answer = self._round(request, environment, cut or Cut(0), meddling)
                    rounds.append(Round(answer, *_snapshot(root, world)))
                    cut = meddling = None
            return tuple(rounds)
        finally:
            shutil.rmtree(root)

    def _round(
        self, request: Request, environment: Mapping[str, str], cut: Cut, meddling: Meddling | None
    ) -> Answer | None:
        """What one round said; None: nothing, the power had gone."""
        process = self._process or self._start()
        order = {
            "environment": dict(environment),
            "request": _base64(request.to_line()),
            "cut": cut.step if meddling is None else meddling.step,
            "torn": cut.torn,
            "meddling": None,
        }
        if meddling is not None:
            path = str(_real(Path(environment["ROOT"]), meddling.path))
            order["meddling"] = {"path": path, "data": base64.b64encode(meddling.data).decode()}
        assert process.stdin is not None
        process.stdin.write(_base64(json.dumps(order)).encode() + b"\n")
        process.stdin.flush()
        printed = self._read(process)
        return parse_answer(printed, request) if printed.strip() or not cut.step else None

    def _start(self) -> subprocess.Popen[bytes]:
        scripts = {"CONTRACT_SCRIPT": script_text(), "CONTRACT_MORTAL": mortal_script()}
        paths = {name: self._folder / f"{name}.ps1" for name in scripts}
        for name, path in paths.items():
            path.write_text(scripts[name], encoding="ascii")
        self._process = subprocess.Popen(
            [self._program, "-NoProfile", "-NonInteractive", "-Command", _DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment | {name: str(path) for name, path in paths.items()},
        )
        return self._process

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        printed, deadline = b"", time.monotonic() + _PATIENCE_S
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while _DONE not in printed:
                if not selector.select(deadline - time.monotonic()):
                    raise AssertionError(f"no answer within {_PATIENCE_S} s; so far: {printed[-400:]!r}")
                chunk = os.read(process.stdout.fileno(), 65536)
                assert chunk, f"the PowerShell ended: {printed[-400:]!r}"
                printed += chunk
        return printed.partition(_DONE)[0]


DURABLE_FUNCTIONS = ("Write-DurableFile", "Move-DurableFile", "Remove-DurableFile", "Set-DurableValue")
"""The script's functions that change something on the disk, each once."""
_EMPTIED = "$stream.SetLength(0)\n"


def mortal_script() -> str:
    """The script with the power's switch in it: it goes after `$Left` steps, when `$Torn` in the last."""
    names = "|".join(DURABLE_FUNCTIONS)
    meddle = "[IO.File]::WriteAllBytes($global:Meddling.path, [Convert]::FromBase64String($global:Meddling.data))"
    happens = f"if ($global:Meddling) {{ {meddle} }} elseif (-not $global:Torn) {{ break power }}"
    head = f"if (--$global:Left -eq 0) {{ {happens} }}"
    half = "$stream.Write($Content, 0, [Int32] ($Content.Length / 2)); $stream.Flush($true); break power"
    head_at = rf"(?m)^(function (?:{names}) \{{\n(?:param \(.*\)\n)?)"
    script, count = re.subn(head_at, lambda match: f"{match[1]}{head}\n", script_text())
    assert count == len(DURABLE_FUNCTIONS), "a durable function of the script has another name now"
    assert script.count(_EMPTIED) == 1, "Write-DurableFile of the script empties the file in another way now"
    return script.replace(_EMPTIED, f"{_EMPTIED}if ($global:Left -eq 0 -and -not $global:Meddling) {{ {half} }}\n")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _real(root: Path, path: str) -> Path:
    return root / path.replace("\\", "/")


def _lay(root: Path, world: World) -> None:
    (root / "ProgramData").mkdir(parents=True)
    for path, data in (world.files | ({_LOCK: b""} if world.busy else {})).items():
        _real(root, path).parent.mkdir(parents=True, exist_ok=True)
        _real(root, path).write_bytes(data)
        _real(root, path).chmod(0o755)  # on Windows a program needs no bit for that
    for path, program in world.programs.items():
        _real(root, path).parent.mkdir(parents=True, exist_ok=True)
        _real(root, path).write_text(_script(root, program))
        _real(root, path).chmod(0o755)


def _script(root: Path, program: Program) -> str:
    """A program as a shell script."""
    lines = ["#!/bin/sh", *(["IFS= read -r line"] if program.echoes else [])]
    lines += [f"sleep {program.takes_s}"] if program.takes_s else []
    lines += ["base64 -d <<'END'", base64.b64encode(program.prints.encode()).decode(), "END"]
    lines += ['printf %s "$line"'] if program.echoes else []
    for path, data in program.writes.items():
        lines += [f"base64 -d > '{_real(root, path)}' <<'END'", base64.b64encode(data).decode(), "END"]
    return "\n".join([*lines, f"exit {program.exit_code}", ""])


def _snapshot(root: Path, world: World) -> tuple[dict[str, bytes], frozenset[str]]:
    programs = {path.lower() for path in world.programs}
    state = root / "ProgramData" / "iea-fleet"
    files = {
        str(path.relative_to(root)).replace("/", "\\").lower(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_relative_to(state)
    }
    files = {path: data for path, data in files.items() if path not in programs}
    names = frozenset(path.name for path in state.iterdir()) if state.is_dir() else frozenset()
    return files, names - {"lock"}
