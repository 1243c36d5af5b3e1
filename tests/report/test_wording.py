"""Every finding has its words in both languages, and the catalogue is complete and in step."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from iea_fleet.cli.app import app
from iea_fleet.cli.help import translate_help
from iea_fleet.cli.usage import SHAPES
from iea_fleet.diagnosis import fleet, plan, sheets
from iea_fleet.lab.catalogue import CATALOGUE
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.phrase import placeholders
from iea_fleet.report.wording import Language, language_of, words
from iea_fleet.report.wording.fill import LOCALE_FOLDER, TEXTS
from iea_fleet.report.wording.fix import FIX
from iea_fleet.report.wording.interface import INTERFACE, interface
from iea_fleet.report.wording.vocabulary import SHARED, VOCABULARY
from tests.failure_texts import failure_texts

pofile = pytest.importorskip("babel.messages.pofile", reason="Babel is not installed")
mofile = pytest.importorskip("babel.messages.mofile", reason="Babel is not installed")

FOLDER = LOCALE_FOLDER / "fr" / "LC_MESSAGES"
UNKNOWN_CODE = "This release has no words for this finding."


def _read(name: str) -> dict[str, str]:
    path: Path = FOLDER / name
    with path.open("rb") as file:
        catalogue = (pofile.read_po if name.endswith(".po") else mofile.read_mo)(file)
    assert not any(message.fuzzy for message in catalogue if message.id)
    return {message.id: message.string for message in catalogue if message.id}


FRENCH = _read("iea_fleet.po")


def _msgids() -> Iterator[str]:
    for text in TEXTS.values():
        yield from filter(None, (text.title, text.explanation, text.next_step))
    for vocabulary in VOCABULARY.values():
        yield from vocabulary.values()
    yield from SHARED.values()
    yield from INTERFACE.values()
    yield from FIX.values()
    yield from SHAPES
    yield from _help_texts()
    for entry in CATALOGUE.values():
        yield from filter(None, (entry.kind, entry.sentence, entry.note))
    yield from (text.template for text in failure_texts().texts if text.has_words)
    yield UNKNOWN_CODE


def _help_texts() -> list[str]:
    texts: list[str] = []

    def note(text: str) -> str:
        assert text
        texts.append(text)
        return text

    translate_help(get_command(app), note)
    return texts


def _finding(code: str, **evidence: str) -> Finding:
    return Finding(code=code, sheet=Sheet.CONNECTION, severity=Severity.ERROR, evidence=evidence)


KINDS = {**sheets.KINDS, **plan.KINDS, **fleet.KINDS}


def test_every_finding_of_the_diagnosis_has_words() -> None:
    assert sorted(KINDS.keys() - TEXTS.keys()) == []
    assert (
        sorted(code for code in TEXTS.keys() - KINDS.keys() if not code.startswith(("transport.", "run.", "doctor.")))
        == []
    )


def test_the_french_catalogue_has_every_text_and_no_other() -> None:
    msgids = set(_msgids())
    assert sorted(msgids - FRENCH.keys()) == []
    assert sorted(FRENCH.keys() - msgids) == []
    assert [msgid for msgid, text in FRENCH.items() if not text] == []


def test_the_compiled_catalogue_is_of_the_same_text() -> None:
    assert _read("iea_fleet.mo") == FRENCH


_MISTAKES: dict[str, Callable[[str, str], object]] = {
    "other placeholders": lambda msgid, text: placeholders(text) != placeholders(msgid),
    "other lines": lambda msgid, text: text.count("\n") != msgid.count("\n"),
    "a bracket left open": lambda _, text: text.count("[") != text.count("]"),
    "a space that may break before a mark": lambda _, text: re.search(r"[«\w»)] [:;!?»]|« ", text),
    "no space before a mark": lambda _, text: re.search(r"[^\u202f][;!?](?=\s|$)", text),
    "a typewriter's apostrophe": lambda _, text: re.search(r"\b([cdjlmnst]|qu)'", text, re.IGNORECASE),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_no_translation_has(mistake: str) -> None:
    assert [text for msgid, text in FRENCH.items() if _MISTAKES[mistake](msgid, text)] == []


def test_placeholders_are_plain_names() -> None:
    for msgid in set(_msgids()):
        names = {name for _, name, form, conversion in string.Formatter().parse(msgid) if name is not None}
        assert names == set(placeholders(msgid))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_words_without_any_evidence_are_still_words(lang: Language) -> None:
    for code in TEXTS:
        told = words(_finding(code), lang)
        assert told.title
        assert told.explanation
        assert not placeholders(told.title + told.explanation + told.next_step)


def test_evidence_is_filled_in_once_and_neutralised() -> None:
    told = words(
        _finding("connection.differs.address", setting="update_url", before="{after}\x1b[31m", after="b"), "en"
    )
    assert told.title == "Address of the update server: not as wanted"
    assert told.explanation == "Is {after}␛[31m, should be b."


def test_an_empty_value_and_a_missing_one_are_told_apart() -> None:
    empty = words(_finding("connection.corrected.address", setting="update_url", before="", after="b"), "fr")
    assert empty.title.replace("\u00a0", " ") == "Correction : adresse du serveur de mise à jour"
    assert empty.explanation == "(vide) auparavant, b désormais."
    assert "non précisé auparavant" in words(_finding("connection.corrected.address"), "fr").explanation


def test_parts_in_brackets_go_with_their_evidence_and_brackets_of_a_text_stay() -> None:
    assert "(Winsock" not in words(_finding("connection.test_failed.dns", host="h"), "en").explanation
    assert (
        "(Winsock 11001)"
        in words(_finding("connection.test_failed.dns", host="h", win32_code="11001"), "en").explanation
    )
    assert "pywinrm[kerberos]" in words(_finding("transport.client", message="m"), "en").next_step


def test_moments_read_as_in_the_language() -> None:
    evidence = {"not_after": "2026-12-24T20:59:59Z", "workstation_time": "soon"}
    english = words(_finding("connection.test_failed.tls_expired", **evidence), "en").explanation
    assert "until 2026-12-24 20:59 UTC. The workstation’s clock says soon." in english
    french = words(_finding("connection.test_failed.tls_expired", **evidence), "fr").explanation
    assert "jusqu’au 24/12/2026 à 20\u00a0h\u00a059 UTC." in french


def test_the_support_request_has_the_subject_of_the_sheet() -> None:
    steps = words(_finding("connection.test_failed.dns", support_subject="Serveur de connexion 3.00.42"), "fr").steps
    assert len(steps) == 4
    assert "impact-emploi-association@urssaf.fr" in steps[2]
    assert "« Serveur de connexion 3.00.42 »" in steps[2].replace("\u00a0", " ")


def test_a_code_without_words_is_named() -> None:
    told = words(_finding("connection.from_tomorrow"), "fr")
    assert told.title == "connection.from_tomorrow"
    assert told.explanation == "Cette version n’a pas de texte pour ce constat."


def test_words_of_the_interface_put_values_in_as_they_are() -> None:
    assert interface("counted", "en", what="{count}", count="x") == "{count}: x"
    with pytest.raises(KeyError):
        interface("no_such_word", "fr")


@pytest.mark.parametrize(
    ("name", "lang"), [("fr_FR.UTF-8", "fr"), ("fr", "fr"), ("FR_ca", "fr"), ("en_GB", "en"), ("C", "en"), (None, "en")]
)
def test_the_language_follows_the_locale(name: str | None, lang: str) -> None:
    assert language_of(name) == lang


@given(
    st.sampled_from(sorted(TEXTS)), st.dictionaries(st.sampled_from(["host", "message", "server", "after"]), st.text())
)
def test_words_never_raise(code: str, evidence: dict[str, str]) -> None:
    bounded = {name: text[:500].encode("utf-8", "replace").decode() for name, text in evidence.items()}
    for told in (words(_finding(code, **bounded), "fr"), words(_finding(code, **bounded), "en")):
        assert "\x1b" not in told.explanation


_SHEETS = ("share.", "session.", "licence.", "connection.", "assistance.", "relaunch.", "plan.", "fleet.")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_sentence_about_a_sheet_ends_as_one_with_all_of_its_evidence_and_with_none(lang: Language) -> None:
    for code in (code for code in TEXTS if code.startswith(_SHEETS)):
        entry = TEXTS[code]
        names = placeholders(entry.title + entry.explanation + entry.next_step)
        for evidence in ({}, {name: "Text." if name == "message" else "9" for name in names}):
            told = words(_finding(code, **evidence), lang)
            for sentence in filter(None, (told.explanation, *told.steps)):
                assert re.search(r"[.!?…](\s?»)?$", sentence.strip()), (code, sentence)


def test_a_red_heart_that_stays_is_told_without_the_code_of_a_command_that_ended_well() -> None:
    told = words(_finding("relaunch.refused.support", exit_code="0"), "fr")
    assert told.explanation.endswith("l’icône porte toujours le cœur rouge.")
    after_a_test = words(_finding("relaunch.red_heart_stays"), "fr")
    assert "refuse" not in after_a_test.explanation
    assert "assistance" not in after_a_test.title + after_a_test.next_step


def test_a_fault_of_windows_is_told_with_its_number_once() -> None:
    told = words(_finding("share.two_identities", path="P", win32_code="1219", message="Déjà connecté."), "fr")
    assert told.explanation.replace("\u00a0", " ").endswith("erreur 1219. Windows répond : « Déjà connecté. »")
    mended = words(_finding("share.mended", fault="two_identities", remedy="reconnect_user", win32_code="1219"), "fr")
    assert mended.explanation.count("1219") == 1
