"""A lab of its own for each test: a state folder, free ports, and the command line as people call it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from iea_fleet.cli.app import run

PROGRAM = Path(sys.executable).with_name("iea-fleet")


@dataclass(frozen=True, slots=True)
class Done:
    """How one call ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom one workstation is reached."""

    host: str
    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/wsman"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`iea-fleet` with a state folder of its own, called in this process; a lab that it opens has its own."""

    state: Path

    @property
    def inventory(self) -> Path:
        return self.state / "lab" / "inventory" / "hosts.yml"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "IEA_FLEET_STATE": str(self.state), "COLUMNS": "240"}

    def __call__(self, *arguments: str | Path) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv("COLUMNS", "240")
            code = run([*map(str, arguments), "--state", str(self.state)])
        assert "Traceback" not in err.getvalue()
        return Done(code, out.getvalue(), err.getvalue())

    def up(self, *arguments: str | Path) -> None:
        """Open a lab on free ports, which closes with the test."""
        done = self("lab", "up", "--detach", "--port", "0", *arguments)
        assert done.code == 0, done.stderr

    def status(self) -> dict[str, dict[str, object]]:
        """Every workstation by name, as `lab status --json` tells."""
        done = self("lab", "status", "--json")
        assert done.code == 0, done.stderr
        return {host["name"]: host for host in json.loads(done.stdout)}

    def account(self, name: str) -> Account:
        """How to reach a workstation, as the inventory says."""
        children = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))["all"]
        vault = yaml.safe_load((self.inventory.parent / "group_vars" / "all" / "vault.yml").read_text(encoding="utf-8"))
        host = next(site["hosts"][name] for site in children["children"].values() if name in site["hosts"])
        port = host.get("ansible_port", children["vars"].get("ansible_port"))
        return Account(host["ansible_host"], port, vault["vault_iea_lab_user"], vault["vault_iea_lab_password"])


@pytest.fixture
def iea(tmp_path: Path) -> Iterator[CommandLine]:
    command_line = CommandLine(tmp_path / "state")
    yield command_line
    assert command_line("lab", "down").code == 0
