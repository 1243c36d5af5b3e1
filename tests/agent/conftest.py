"""The real script in a real PowerShell: Windows PowerShell 5.1 or PowerShell 7, as IEA_FLEET_PWSH says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.rounds import Rounds
from tests.agent.workstation import Workstation


@pytest.fixture(scope="session")
def powershell() -> str:
    """The PowerShell to run; on Windows `IEA_FLEET_PWSH=powershell.exe` makes it 5.1."""
    program = os.environ.get("IEA_FLEET_PWSH") or shutil.which("pwsh")
    if program is None:
        pytest.skip("no PowerShell: set IEA_FLEET_PWSH or put pwsh on PATH")
    return program


@pytest.fixture
def workstation(powershell: str, tmp_path: Path) -> Workstation:
    """An empty workstation: a folder with a state folder that is not there yet."""
    return Workstation(powershell, tmp_path)


@pytest.fixture(scope="session")
def windows_facts() -> Path:
    """Facts from real Windows, which are no part of the project."""
    default = Path(__file__).resolve().parents[3] / "shared" / "windows"
    folder = Path(os.environ.get("IEA_FLEET_WINDOWS_FACTS") or default)
    if not (folder / "powershell-5.1-commands.json").is_file():
        pytest.skip("no facts from real Windows: set IEA_FLEET_WINDOWS_FACTS")
    return folder


@pytest.fixture(scope="module")
def api(windows_facts: Path) -> dict[str, Any]:
    """.NET Framework 4.5.2 by type name."""
    types: dict[str, Any] = json.loads((windows_facts / "netfx-4.5.2-api.json").read_text("utf-8"))
    return types


@pytest.fixture(scope="session")
def rounds(powershell: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    """One PowerShell that plays many rounds."""
    started = Rounds(powershell, tmp_path_factory.mktemp("rounds"))
    yield started
    started.close()
