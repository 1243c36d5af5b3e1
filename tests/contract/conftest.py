"""The engines that the contract is held against; one that is not on this machine skips with its reason."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.emulated import Emulated
from tests.contract.pwsh import Pwsh
from tests.contract.world import Contestant

NO_PWSH = "no PowerShell 7: set IEA_FLEET_PWSH or put pwsh on PATH"


@pytest.fixture(scope="session")
def emulated() -> Contestant:
    """The emulated engine."""
    return Emulated()


@pytest.fixture(scope="session")
def pwsh_program() -> str:
    """The PowerShell to run."""
    program = os.environ.get("IEA_FLEET_PWSH") or shutil.which("pwsh")
    if program is None:
        pytest.skip(NO_PWSH)
    return program


@pytest.fixture(scope="session")
def pwsh(pwsh_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contestant]:
    """The script in a real PowerShell."""
    contestant = Pwsh(pwsh_program, Path(tmp_path_factory.mktemp("contract")))
    yield contestant
    contestant.close()


@pytest.fixture(params=["emulated", pytest.param("pwsh", marks=pytest.mark.pwsh)])
def engine(request: pytest.FixtureRequest) -> Contestant:
    """Each engine in turn."""
    contestant: Contestant = request.getfixturevalue(request.param)
    return contestant
