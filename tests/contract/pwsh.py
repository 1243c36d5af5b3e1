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

from tests.contract.world import Outcome, World

_DONE = b"<<<round is over>>>"
_PATIENCE_S = 60.0

# Each line of input is one round: environment and request. What a round prints comes before the line that ends it.
_DRIVER = """
$block = [ScriptBlock]::Create([IO.File]::ReadAllText($env:CONTRACT_SCRIPT))
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $round = ConvertFrom-Json ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))
    foreach ($variable in $round.environment.PSObject.Properties) {
        [Environment]::SetEnvironmentVariable($variable.Name, $variable.Value)
    }
    $printed = & $block ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($round.request)))
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

    def play(self, world: World, requests: Sequence[Request], *, cut: int | None = None) -> Outcome:
        """See `Contestant.play`."""
        self._count += 1
        root = self._folder / f"poste-{self._count}"
        _lay(root, world)
        environment = {"ROOT": str(root), "ProgramData": str(root / "ProgramData"), "COMPUTERNAME": "POSTE-01"}
        environment |= world.environment
        answers: list[Answer | None] = []
        try:
            with contextlib.ExitStack() as locks:
                for path in world.locked:
                    # .NET on Unix opens files with an advisory lock and meets a sharing violation where there is one.
                    fcntl.flock(locks.enter_context(_real(root, path).open("rb")), fcntl.LOCK_EX)
                for request in requests:
                    if cut is not None:
                        self.close()
                    printed = self._round(request, environment, script_text() if cut is None else with_cut(cut))
                    if cut is not None:
                        self.close()
                    cut = None
                    answers.append(None if printed is None else parse_answer(printed, request))
            return Outcome(tuple(answers), *_snapshot(root))
        finally:
            shutil.rmtree(root)

    def _round(self, request: Request, environment: Mapping[str, str], script: str) -> bytes | None:
        """What one round printed; None: the PowerShell ended in its middle."""
        process = self._process or self._start(script)
        order = {"environment": dict(environment), "request": _base64(request.to_line())}
        assert process.stdin is not None
        process.stdin.write(_base64(json.dumps(order)).encode() + b"\n")
        process.stdin.flush()
        printed = self._read(process)
        if printed is None:
            self.close()
        return printed

    def _start(self, script: str) -> subprocess.Popen[bytes]:
        path = self._folder / "script.ps1"
        path.write_text(script, encoding="ascii")
        self._process = subprocess.Popen(
            [self._program, "-NoProfile", "-NonInteractive", "-Command", _DRIVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env=self._environment | {"CONTRACT_SCRIPT": str(path)},
        )
        return self._process

    def _read(self, process: subprocess.Popen[bytes]) -> bytes | None:
        assert process.stdout is not None
        printed, deadline = b"", time.monotonic() + _PATIENCE_S
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while _DONE not in printed:
                if not selector.select(deadline - time.monotonic()):
                    raise AssertionError(f"no answer within {_PATIENCE_S} s; so far: {printed[-400:]!r}")
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    return None
                printed += chunk
        return printed.partition(_DONE)[0]


DURABLE_FUNCTIONS: tuple[str, ...] = ()
"""The script's functions that change something on the disk, each once."""


def with_cut(step: int) -> str:
    """The script as it would be if the power went before the durable step `step`: the process ends there."""
    script, count = re.subn(
        rf"(?m)^(function (?:{'|'.join(DURABLE_FUNCTIONS)}) \{{\n(?:param \(.*\)\n)?)",
        r"\1if (++$global:ContractStep -eq " + str(step) + r") { [Diagnostics.Process]::GetCurrentProcess().Kill() }\n",
        script_text(),
    )
    assert count == len(DURABLE_FUNCTIONS), "a durable function of the script has another name now"
    return "$global:ContractStep = 0\n" + script


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _real(root: Path, path: str) -> Path:
    return root / path.replace("\\", "/")


def _lay(root: Path, world: World) -> None:
    (root / "ProgramData").mkdir(parents=True)
    for path, data in world.files.items():
        _real(root, path).parent.mkdir(parents=True, exist_ok=True)
        _real(root, path).write_bytes(data)


def _snapshot(root: Path) -> tuple[dict[str, bytes], frozenset[str]]:
    state = root / "ProgramData" / "iea-fleet"
    files = {
        str(path.relative_to(root)).replace("/", "\\").lower(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_relative_to(state)
    }
    names = frozenset(path.name for path in state.iterdir()) if state.is_dir() else frozenset()
    return files, names - {"lock"}
