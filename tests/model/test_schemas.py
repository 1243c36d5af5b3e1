"""The schemas in the documentation are those of the types."""

from __future__ import annotations

from pathlib import Path

import pytest

from iea_fleet.model.schemas import DOCUMENTS, schema_text

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documented_schema_is_the_present_one(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == schema_text(name), "run `make schemas`"
