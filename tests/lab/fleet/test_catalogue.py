"""One catalogue of everything that can be wrong in a lab."""

from __future__ import annotations

import pytest

from iea_fleet.lab.application import SITUATIONS
from iea_fleet.lab.catalogue import CATALOGUE, check_name, find_entry
from iea_fleet.lab.faults.output import OUTPUT_FAULTS
from iea_fleet.lab.faults.transport import TRANSPORT_FAULTS
from iea_fleet.lab.messages import EngineName
from iea_fleet.model.errors import InputError


def test_no_name_means_two_things() -> None:
    assert len(CATALOGUE) == len(SITUATIONS) + len(TRANSPORT_FAULTS) + len(OUTPUT_FAULTS)


def test_every_name_has_a_sentence_and_an_engine() -> None:
    assert all(entry.sentence and entry.engines for entry in CATALOGUE.values())


def test_the_rows_of_the_fault_catalogue_that_a_lab_can_play_are_there() -> None:
    rows = {entry.row for entry in CATALOGUE.values()}
    assert set(range(1, 22)) | {24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 36, 37} <= rows


def test_what_an_engine_cannot_play_is_refused_with_the_one_that_can() -> None:
    with pytest.raises(InputError, match=r"can't be played by the engine pwsh.*--engine emulated"):
        find_entry("disk_full", EngineName.PWSH)
    assert find_entry("disk_full", EngineName.EMULATED).row == 33


def test_an_unknown_name_is_refused_with_the_nearest_and_mix_is_known() -> None:
    with pytest.raises(InputError, match=r"Did you mean server_dns\?"):
        check_name("server_dnss", "emulated")
    check_name("mix", "pwsh")
