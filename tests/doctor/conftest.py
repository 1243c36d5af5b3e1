"""A PowerShell, facts of real Windows, and labs of few workstations, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.control import open_control
from tests.agent.conftest import api, powershell, windows_facts  # noqa: F401 - fixtures
from tests.cli.conftest import LabFleet
from tests.warm import warm_program


@dataclass
class Lab(LabFleet):
    """A lab, and the doctor that looks at it."""

    def doctor(self, *arguments: str, inventory: str = "inventory", **environment: str) -> tuple[int, dict[str, Any]]:
        """Run it with --json; exit code and document."""
        done = self.run("doctor", "-i", inventory, "--json", "--lang", "en", *arguments, **environment)
        assert done.stdout, done.stderr
        assert "Traceback" not in done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, document

    def codes(self, host: str, *arguments: str, **environment: str) -> tuple[int, dict[str, str]]:
        """Exit code, and the state of each check of one workstation by its code."""
        code, document = self.doctor(host, *arguments, **environment)
        (subject,) = document["subjects"]
        assert subject["host"] == host
        return code, {check["code"]: check["state"] for check in subject["checks"]}

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the program with more variables in its environment."""
        return subprocess.run(
            [*warm_program(), *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )

    def hosts_up(self) -> list[str]:
        """The workstations' names."""
        return [host.name for host in open_control(self.folder / "state").status()]

    def break_host(self, host: str, *fault: str) -> None:
        """Let something be wrong."""
        name, *parameters = fault
        given = {key: value for key, _, value in (parameter.partition("=") for parameter in parameters)}
        open_control(self.folder / "state").break_host(host, name, given)

    def mend(self) -> None:
        """Let everything be right again."""
        open_control(self.folder / "state").mend_host("all")


def opened(folder: Path, *options: str) -> Iterator[Lab]:
    """A lab that is up; closed in the end."""
    lab = Lab(folder)
    arguments = ("--hosts", "4", "--port", "0", "--situation", "right", "--inventory", "inventory/hosts.yml", *options)
    started = lab("lab", "up", "--detach", *arguments)
    assert started.returncode == 0, started.stderr
    yield lab
    lab("lab", "down")


@pytest.fixture(scope="module")
def https_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Workstations over HTTPS with NTLM; a test mends what it breaks."""
    yield from opened(tmp_path_factory.mktemp("https"), "--https")


@pytest.fixture
def lab(https_lab: Lab) -> Iterator[Lab]:
    """The HTTPS lab, mended afterwards."""
    yield https_lab
    https_lab.mend()


@pytest.fixture(scope="module")
def http_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Workstations over HTTP that take Basic and Negotiate."""
    yield from opened(tmp_path_factory.mktemp("http"), "--auth", "basic,ntlm")
