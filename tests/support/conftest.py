"""A case to hand over, and a state folder to hand it over into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iea_fleet.ledger.state import StateFolder, open_state_folder
from iea_fleet.support.evidence import Case
from tests.support.cases import make_case


@pytest.fixture
def case() -> Case:
    return make_case()


@pytest.fixture
def case_of() -> Callable[..., Case]:
    """See `make_case`."""
    return make_case


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return open_state_folder(tmp_path / "state")
