"""A failure of the lab's process arrives with its words, to be put into the language of whoever asked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from iea_fleet.lab.messages import Worded
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise


def french(text: str) -> str:
    return {"fault {name}": "panne {name}", "{what} at {place}": "{place} : {what}"}.get(text, text)


def sent(phrase: Phrase) -> Phrase:
    return Worded.model_validate_json(Worded.of(phrase).model_dump_json()).phrase


def test_words_within_words_cross_the_border() -> None:
    phrase = sent(Phrase("{what} at {place}", what=Phrase("fault {name}", name="{place}"), place="x"))
    assert phrase.told() == "fault {place} at x"
    assert phrase.told(french) == "x : panne {place}"


@given(st.text(st.characters(exclude_categories=())))
def test_any_value_crosses_the_border_bounded_and_harmless(value: str) -> None:
    assert sent(Phrase("fault {name}", name=value)).told(french) == f"panne {neutralise(value, 2000)}"


def test_a_long_value_is_cut() -> None:
    assert len(sent(Phrase("{name}", name="x" * 5000)).told()) == 2000


@pytest.mark.parametrize(("deep", "wide"), [(3, 600), (40, 2)])
def test_a_phrase_that_would_grow_without_end_is_refused(deep: int, wide: int) -> None:
    phrase: dict[str, object] = {"template": "x"}
    for _ in range(deep):
        phrase = {"template": "{a}" * wide, "values": {"a": phrase}}
    with pytest.raises(ValidationError):
        Worded.model_validate_json(json.dumps(phrase))
