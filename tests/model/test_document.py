"""A document that can't be used is refused with its line and a sentence that helps."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from iea_fleet.model.base import Strict
from iea_fleet.model.document import MAX_CHARACTERS, load_document
from iea_fleet.model.errors import InputError


class Cat(Strict):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(Strict):
    kind: Literal["dog"]
    barks: bool = True


class House(Strict):
    schema_version: Literal[1] = Field(alias="schema")
    address: str
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()


GOOD = """\
schema: 1
address: 12 rue des Lilas
pets:
  - kind: cat
    lives: 9
  - kind: dog
"""


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_document(House, text, "house.yml")
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_good_document_is_read() -> None:
    house = load_document(House, GOOD, "house.yml")
    assert house.address == "12 rue des Lilas"
    assert house.pets == (Cat(kind="cat", lives=9), Dog(kind="dog"))


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_key() -> None:
    misspelt = GOOD.replace("address:", "adress:")
    assert refused(misspelt) == "house.yml, line 2: unknown key 'adress'. Did you mean address?"
    assert refused(GOOD + "adress: here\n") == "house.yml, line 7: unknown key 'adress'. Did you mean address?"


def test_an_unknown_key_inside_a_union_gets_the_keys_of_its_own_kind() -> None:
    assert refused(GOOD.replace("lives: 9", "lives: 9\n    live: 8")) == (
        "house.yml, line 6: unknown key 'pets.0.live'. Did you mean lives?"
    )
    assert "Did you mean barks?" in refused(GOOD + "    bark: true\n")


def test_a_missing_key_is_named() -> None:
    assert refused("schema: 1\n") == "house.yml, line 1: 'the document' lacks the key 'address'. Add it."


def test_a_value_out_of_bounds_is_named_with_its_line() -> None:
    assert refused(GOOD.replace("9", "10")).startswith("house.yml, line 5: 'pets.0.lives': input should be less than")


def test_a_newer_schema_is_refused() -> None:
    assert refused(GOOD.replace("schema: 1", "schema: 2")).startswith("house.yml, line 1: 'schema': input should be 1")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\na: 2\n", "line 2: has the key 'a' twice"),
        ("a: [1, 2\n", "is no valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1"),
        ("a: .nan\n", "no finite number"),
        ("a: .inf\n", "no finite number"),
        ("a: 0b\n", "unknown key"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ("x" * (MAX_CHARACTERS + 1), "characters"),
        ("&a [*a]", "nested deeper"),
        ("? [1]\n: 2\n", "no plain text"),
        ("base: &b {x: 1}\nother:\n  <<: *b\n", "no plain text"),
        ("a\x00b", "is no valid YAML"),
    ],
)
def test_hostile_documents_get_one_sentence(text: str, part: str) -> None:
    message = refused(text)
    assert part in message
    assert "\n" not in message


def test_aliases_are_bounded_by_what_they_expand_to() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    assert "holds more than 10000 values" in refused(bomb)


@given(
    st.text(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    ).map(yaml.safe_dump)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        load_document(House, text, "house.yml")
    except InputError as error:
        refusal = error
    else:
        return
    assert refusal.where.startswith("house.yml")
    assert refusal.mend
