"""A failure is told in any language, its values as they are; the code gives only what can be translated."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.model.errors import FleetError, InputError, LocalFailure
from iea_fleet.model.phrase import Phrase, first_and_others, placeholders, system_said
from tests.failure_texts import failure_texts

FRENCH = {
    "{where}: {what}. {mend}": "{where} : {what}. {mend}",
    "the key {key} is missing in {place}": "il manque à {place} la clé {key}",
    "the document": "le document",
    "Add {key}": "Ajoutez {key}",
    "No space left on device": "plus de place",
}


def french(text: str) -> str:
    return FRENCH.get(text, text)


def test_a_failure_is_told_in_the_language_of_whoever_reads_it() -> None:
    error = InputError(
        "house.yml", "the key {key} is missing in {place}", "Add {key}", key="name", place=Phrase("the document")
    )
    assert str(error) == "house.yml: the key name is missing in the document. Add name"
    assert error.sentence(french) == "house.yml : il manque à le document la clé name. Ajoutez name"
    assert error.parts(french) == ("house.yml", "il manque à le document la clé name", "Ajoutez name")
    assert (error.where, error.what, error.mend) == (
        "house.yml",
        "the key name is missing in the document",
        "Add name",
    )


def test_what_the_system_said_is_told_in_the_language_where_it_is_known() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert system_said(full).told() == os.strerror(errno.ENOSPC)
    assert system_said(full).told(french) == "plus de place"
    assert system_said(OSError(errno.EXDEV, "Cross {device}")).told(french) == "Cross {device}"
    assert system_said(OSError("no number")).told() == "no number"


def test_names_are_told_as_the_first_and_how_many_others() -> None:
    assert first_and_others(["PC-1"]).told() == "PC-1"
    assert first_and_others(["PC-1", "PC-2", "PC-3"]).told() == "PC-1 and 2 more"


@given(st.text(), st.text(), st.text())
def test_values_come_out_as_they_are_whatever_braces_they_have(where: str, key: str, place: str) -> None:
    error = LocalFailure(where, "the key {key} is missing in {place}", "Add {key}", key=key, place=place)
    assert str(error) == f"{where}: the key {key} is missing in {place}. Add {key}"
    assert error.sentence(french) == f"{where} : il manque à {place} la clé {key}. Ajoutez {key}"


@given(st.text(), st.dictionaries(st.sampled_from(["key", "place", "template", "translate"]), st.text()))
def test_no_template_raises(template: str, values: dict[str, str]) -> None:
    assert isinstance(FleetError("x", template, template, **values).sentence(french), str)


def test_a_placeholder_without_a_value_stays() -> None:
    assert Phrase("the key {key}", place="x").told() == "the key {key}"


def test_every_failure_in_the_code_has_constant_texts() -> None:
    assert failure_texts().faults == ()
    assert len(failure_texts().texts) > 300


@pytest.mark.parametrize("place", sorted({text.place.partition("/")[0] for text in failure_texts().texts}))
def test_every_placeholder_of_a_failure_has_its_value(place: str) -> None:
    texts = [text for text in failure_texts().texts if text.place.partition("/")[0] == place]
    assert [text for text in texts if not placeholders(text.template) <= text.values] == []
