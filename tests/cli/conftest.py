"""The program as people start it, in a process of its own, with a state folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.warm import warm_program

CONTENT = Path(__file__).parents[1] / "rollout" / "content"
PROGRAM = (sys.executable, "-c", "from iea_fleet.cli import main; main()")


class _Started(subprocess.Popen[str]):
    """A program that is not waited for by a test that has failed."""

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *rest)  # type: ignore[arg-type]


@dataclass
class Program:
    """Starts `iea-fleet` in a folder, with playbooks that play workstations without any network."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    """Variables of its environment beside the usual ones."""

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LC_", "COLUMNS"))
        }
        own = {
            "IEA_FLEET_STATE": str(self.folder / "state"),
            "IEA_FLEET_CONTENT": str(CONTENT),
            "STUB_FOLDER": str(self.folder / "asked"),
            "LANG": "C.UTF-8",
        }
        return {**kept, **own, **self.more}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*warm_program(), *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return _Started(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def inventory(self, *lines: str, name: str = "hosts.yml") -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    def fleet(self, parts: dict[str, str]) -> str:
        """An inventory of stub hosts: name to part."""
        hosts = [f"    {name}: {{stub: {part}}}" for name, part in parts.items()]
        return self.inventory("site_lyon:", "  vars: {ansible_user: adm}", "  hosts:", *hosts)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "asked").mkdir()
    return Program(tmp_path)


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is so, half a minute at most."""
    import time

    def wait(is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.02)

    return wait


@dataclass
class LabFleet:
    """A few workstations of the lab, in a process of their own."""

    folder: Path
    hosts: int = 4
    program: tuple[str, ...] = PROGRAM

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "IEA_FLEET_"))}
        return kept | {"IEA_FLEET_STATE": str(self.folder / "state"), "LANG": "C.UTF-8"}

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*warm_program(), *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )

    def push(self) -> dict[str, str]:
        """Push to the end; host to verdict."""
        done = self("push", "--json", "-i", "inventory")
        assert done.stdout, done.stderr
        return {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}

    def spoil(self) -> None:
        """Give every workstation the settings from before the change."""
        done = self("lab", "break", "all", "old_http_urls")
        assert done.returncode == 0, done.stderr


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabFleet]:
    fleet = LabFleet(tmp_path)
    arguments = ("--hosts", str(fleet.hosts), "--port", "0", "--situation", "old_http_urls", "--inventory", "inventory")
    opened = fleet("lab", "up", "--detach", *arguments)
    assert opened.returncode == 0, opened.stderr
    yield fleet
    fleet("lab", "down")
