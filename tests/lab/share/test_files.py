"""Files of a site's folder, paths below a share, sentences of Windows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.lab.share import ntstatus
from iea_fleet.lab.share.faults import SYMPTOMS
from iea_fleet.lab.share.files import DATABASE, LICENCES, DiskFolder, MemoryFolder, SharePlace, SiteFolder
from iea_fleet.lab.share.system_messages import ENGLISH, FRENCH, system_message
from tests.lab.share.places import JUDO


@pytest.fixture(params=["memory", "disk"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> SiteFolder:
    return MemoryFolder() if request.param == "memory" else DiskFolder(tmp_path)


def test_a_file_is_read_as_it_was_written_whatever_its_case(folder: SiteFolder) -> None:
    folder.write(LICENCES, b"one")
    folder.write(LICENCES.upper(), b"two")
    assert folder.read("Licences.CSV") == b"two"
    assert folder.names() == (LICENCES,)
    folder.remove("LICENCES.csv")
    assert folder.names() == ()


def test_what_is_not_there_is_said_so(folder: SiteFolder) -> None:
    with pytest.raises(FileNotFoundError):
        folder.read(DATABASE)
    with pytest.raises(FileNotFoundError):
        folder.remove(DATABASE)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "x" * 300, "a\x00b", "C:x"])
def test_only_plain_names_are_taken(folder: SiteFolder, name: str) -> None:
    for refused in (folder.read, folder.remove):
        with pytest.raises(ValueError):
            refused(name)
    with pytest.raises(ValueError):
        folder.write(name, b"")


def test_files_on_disk_have_the_mode_that_was_asked_for(tmp_path: Path) -> None:
    DiskFolder(tmp_path).write("a", b"")
    DiskFolder(tmp_path, 0o666).write("b", b"")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "b")] == [0o600, 0o666]


@pytest.mark.parametrize(
    ("path", "below"),
    [
        (r"\\SRV-JUDO\Impact", ""),
        ("\\\\srv-judo\\IMPACT\\", ""),
        (r"\\srv-judo\impact\Base\impact.db", r"Base\impact.db"),
        ("//SRV-JUDO/Impact/Base", "Base"),
        (r"\\SRV-JUDO\Impact2\Base", None),
        (r"\\SRV-JUDO2\Impact", None),
        (r"P:\Base", None),
    ],
)
def test_a_path_below_the_share_is_known(path: str, below: str | None) -> None:
    assert JUDO.below(path) == below


@given(st.text(max_size=60))
def test_any_text_is_a_path_below_the_share_or_none(text: str) -> None:
    below = JUDO.below(JUDO.root + "\\" + text)
    assert below is not None
    assert not below.startswith("\\")
    assert SharePlace("OTHER").below(JUDO.root + text) is None


def test_every_code_has_its_sentence_in_both_languages() -> None:
    assert set(FRENCH) == set(ENGLISH)
    codes = {code for symptom in SYMPTOMS.values() for code in (symptom.code, symptom.opened)}
    assert codes <= set(FRENCH)
    assert {2250, 1223} <= set(FRENCH)


def test_sentences_are_those_of_the_vendors_sheet() -> None:
    assert system_message(53, "fr-FR") == "Le chemin réseau n’a pas été trouvé."
    assert system_message(2, "fr-BE") == "Le fichier spécifié est introuvable."
    assert system_message(2, "en-US") == "The system cannot find the file specified."
    assert system_message(0, "fr-FR") == ""
    assert system_message(1450, "fr-FR") == "0x000005AA"


@pytest.mark.parametrize(
    ("status", "code"),
    [(0xC000006D, 1326), (0xC00000CC, 67), (0xC0000034, 2), (0xC00000C9, 64), (0xC0000203, 59), (0xC0FFEE00, 59)],
)
def test_a_servers_status_is_a_win32_code(status: int, code: int) -> None:
    assert ntstatus.win32_code(status) == code
