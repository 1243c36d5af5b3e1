"""Profiles are found by name or by path; what can't be found or read is one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from iea_fleet.model.errors import InputError
from iea_fleet.model.profile import Profile
from iea_fleet.profiles import find_profile, profile_names

SHIPPED = Path(__file__).parents[2] / "iea_fleet" / "profiles"


def test_the_shipped_profile_is_found_by_name_and_by_path() -> None:
    profile = find_profile("lab")
    assert isinstance(profile, Profile)
    assert profile.connection.mode.secure == "Sécurisé"
    assert profile == find_profile(str(SHIPPED / "lab.yml"))


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_is_valid_and_bears_the_name_of_its_file(name: str) -> None:
    assert find_profile(name).name == name


def test_the_lab_profile_says_in_its_first_lines_what_it_is() -> None:
    first = " ".join((SHIPPED / "lab.yml").read_text(encoding="utf-8").splitlines()[:4])
    assert "lab's workstations" in first
    assert "reference workstation" in first


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match=r"no profile named 'labb'.*lab"):
        find_profile("labb")


def test_a_missing_file_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.yml: the profile can't be read: No such file"):
        find_profile(str(tmp_path / "mine.yml"))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_bytes("name: Sécurisé".encode("cp1252"))
    with pytest.raises(InputError, match="not UTF-8"):
        find_profile(str(path))


def test_an_unknown_key_of_a_persons_profile_is_named_with_its_line(tmp_path: Path) -> None:
    text = (SHIPPED / "lab.yml").read_text(encoding="utf-8").replace("refusals:", "refusal:")
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    line = text.splitlines().index("refusal:") + 1
    with pytest.raises(InputError, match=rf"line {line}: unknown key 'refusal'\. Did you mean refusals\?"):
        find_profile(str(path))
