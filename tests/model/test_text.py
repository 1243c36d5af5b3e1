from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.model.text import neutralise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Sécurisé « é » 漢字 😀", "Sécurisé « é » 漢字 😀"),
        ("\x1b[31mred\x1b]52;c;AAAA\x07", "␛[31mred␛]52;c;AAAA␇"),
        ("two\r\nlines\ttab\0nul\x7f", "two␍␊lines␉tab␀nul␡"),
        ("c1 \x9b31m \x85", "c1 <U+009B>31m <U+0085>"),
        ("bidi \u202etxt.exe\u2066 \u200b\ufeff\u061c", "bidi <U+202E>txt.exe<U+2066> <U+200B><U+FEFF><U+061C>"),
        ("line\u2028paragraph\u2029", "line<U+2028>paragraph<U+2029>"),
        ("surrogate \ud800 private \ue000 tag \U000e0041", "surrogate <U+D800> private <U+E000> tag <U+E0041>"),
        ("\u00a0\u202fspaces of French type", "\u00a0\u202fspaces of French type"),
    ],
)
def test_what_steers_or_hides_is_shown(text: str, shown: str) -> None:
    assert neutralise(text) == shown


def test_a_long_text_is_cut_with_a_mark() -> None:
    assert neutralise("abcdef", 4) == "abc…"
    assert neutralise("abcd", 4) == "abcd"


@given(st.text(st.characters()), st.integers(1, 50))
def test_any_text_becomes_one_harmless_line_and_stays_so(text: str, limit: int) -> None:
    shown = neutralise(text)
    assert all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for character in shown)
    assert neutralise(shown) == shown
    shown.encode("utf-8")
    assert len(neutralise(text, limit)) <= limit
