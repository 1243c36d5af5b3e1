"""The page of faults tells every code, and the lab's names for them."""

from __future__ import annotations

from pathlib import Path

from iea_fleet.diagnosis.transport import KINDS
from iea_fleet.lab.catalogue import CATALOGUE

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


def test_every_fault_of_a_row_is_on_the_page_with_the_labs_name_for_it() -> None:
    assert [name for name, entry in CATALOGUE.items() if entry.row and f"`{name}`" not in PAGE] == []


def test_every_code_on_the_page_is_one_and_has_its_verdict() -> None:
    told = [line.split(" | ") for line in PAGE.splitlines() if "`transport." in line and line.startswith("|")]
    assert len(told) > 40
    for _, _, code, verdict, _, _ in told:
        votes = KINDS[code.strip("`")].votes.value
        assert verdict == ("told only" if votes == "ok" else votes), code
