"""Profiles made to break their reader: one sentence each, in no time, whatever PyYAML makes of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iea_fleet.model.document import load_document
from iea_fleet.model.errors import InputError
from iea_fleet.model.profile import Profile
from iea_fleet.profiles import find_profile

DOCUMENTS = {
    "an integer of 7,000 digits": "schema: 0x" + "f" * 6000,
    "base 60 without end": "schema: " + ":".join(["59"] * 3000),
    "a float in base 60 without end": "schema: " + ":".join(["59"] * 3000) + ".5",
    "an empty integer": 'schema: !!int ""',
    "an empty float": 'schema: !!float ""',
    "a boolean of another kind": "schema: !!bool perhaps",
    "a version without end": "%YAML " + "9" * 6000 + ".1\n---\n",
    "an escape beyond Unicode": 'name: "\\U00110000"',
    "an escape beyond numbers": 'name: "\\UFFFFFFFF"',
    "half a surrogate pair": 'name: "\\ud800"',
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_that_breaks_its_reader_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match=r"^mine\.yml(, line \d+)?: ") as refused:
        load_document(Profile, DOCUMENTS[kind], "mine.yml")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("path", ["~nobody-here/mine.yml", "a\0/mine.yml", "\ud800/mine.yml", "/dev/zero", "{fifo}"])
def test_a_path_that_names_no_ordinary_file_is_refused_without_reading_it(tmp_path: Path, path: str) -> None:
    fifo = tmp_path / "fifo.yml"
    os.mkfifo(fifo)
    with pytest.raises(InputError, match="the profile can't be read"):
        find_profile(path.format(fifo=fifo))


def test_a_profile_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    endless = tmp_path / "mine.yml"
    with endless.open("wb") as file:
        file.truncate(1 << 40)  # a hole: it would not fit into memory
    with pytest.raises(InputError, match="more than 262144 characters"):
        find_profile(str(endless))
