"""Runs the script as a transport would: the loader as the command, request and script on standard input."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iea_fleet.agent import LOADER, parse_answer, script_text
from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request

NONCE = "0123456789abcdef" * 2
DURABLE = ("Write-DurableFile", "Move-DurableFile", "Remove-DurableFile", "Set-DurableValue")

Part = Mapping[str, object]


@dataclass(frozen=True)
class Workstation:
    """A folder as a workstation: `folder/app` for settings files, `folder/state` for the script's own."""

    powershell: str
    folder: Path

    def file(self, name: str, content: bytes) -> str:
        """Lay a settings file; gives its path as a request names it."""
        path = self.folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def content(self, name: str) -> bytes:
        return (self.folder / "app" / name).read_bytes()

    def files(self) -> dict[str, bytes]:
        """Every file that is not the script's own, by name."""
        return {path.name: path.read_bytes() for path in (self.folder / "app").rglob("*") if path.is_file()}

    def state(self) -> set[str]:
        """Names of the files in the state folder."""
        folder = self.folder / "state"
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def request(
        self,
        *,
        probe: Sequence[Part] = (),
        require: Sequence[Part] = (),
        ensure: Sequence[Part] = (),
        after: Sequence[Part] = (),
        act: Sequence[Part] = (),
        release: Sequence[Part] = (),
        names: Sequence[Part] = (),
        connect: Part | None = None,
        dry_run: bool = False,
        transaction: str = "a" * 32,
        expect_host: Part | None = None,
    ) -> Request:
        """A request whose state folder is this workstation's."""
        parts = {
            "schema": 1,
            "transaction": transaction,
            "nonce": NONCE,
            "dry_run": dry_run,
            "state_folder": str(self.folder / "state"),
            "expect_host": expect_host or {},
            "probe": probe,
            "require": require,
            "ensure": ensure,
            "after": after,
            "act": act,
            "release": release,
            "names": names,
            "connect": connect,
        }
        return Request.model_validate_json(json.dumps(parts))

    def start(
        self,
        request: Request,
        *,
        script: str | None = None,
        before: str = "",
        environment: Mapping[str, str] | None = None,
        line: str | None = None,
        loader: str = LOADER,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the loader with `before` in front of it, as a profile script would run."""
        return subprocess.run(
            [self.powershell, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded(before + loader)],
            input=f"{request.to_line() if line is None else line}\n{script or script_text()}".encode("ascii"),
            capture_output=True,
            env={**os.environ, **(environment or {})},
            timeout=120,
            check=False,
        )

    def answer(self, request: Request, **how: object) -> Answer:
        """Run a request; gives its answer."""
        done = self.start(request, **how)  # type: ignore[arg-type]
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return parse_answer(done.stdout, request)


def encoded(command: str) -> str:
    """A command as `-EncodedCommand` takes it."""
    return base64.b64encode(command.encode("utf-16-le")).decode("ascii")


def with_line(line: str, *functions: str) -> str:
    """The script with a line of its own at the head of these functions."""
    script = script_text()
    for name in functions:
        head = rf"(?m)^(function {name} \{{\nparam \(.*\)\n)"
        script, count = re.subn(head, lambda found: f"{found[1]}{line}\n", script)
        assert count == 1, name
    return script


def setting(name: str, target: Part) -> Part:
    return {"kind": "setting", "id": name, "target": target}


def ini(path: str, key: str = "url", section: str = "server") -> Part:
    return {"store": "ini", "path": path, "section": section, "key": key}
