"""A document that can't be used is refused with its line and a sentence that helps."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, StringConstraints, model_validator

from iea_fleet.model.base import Strict
from iea_fleet.model.document import MAX_CHARACTERS, load_document
from iea_fleet.model.errors import InputError, Unfit


class Cat(Strict):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(Strict):
    kind: Literal["dog"]
    barks: bool = True


class Bowl(Strict):
    name: Annotated[str, StringConstraints(min_length=2, max_length=4, pattern="^[a-z]*$")] = "blue"
    litres: Annotated[int, Field(ge=1, le=9)] = 1
    clean: bool = True
    foods: tuple[str, ...] = ()
    cat: Cat | None = None

    @model_validator(mode="after")
    def _tells(self) -> Self:
        if self.litres == 3:
            raise Unfit("{litres} litres of {food}", litres=3, food="{litres}")
        if self.litres == 4:
            raise ValueError("Four is none")
        return self


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


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("name: 1", "input should be a valid string"),
        ("name: a", "string should have at least 2 characters"),
        ("name: abcde", "string should have at most 4 characters"),
        ("name: AB", "string should match pattern '^[a-z]*$'"),
        ("litres: x", "input should be a valid integer"),
        ("litres: 0", "input should be greater than or equal to 1"),
        ("litres: 10", "input should be less than or equal to 9"),
        ("litres: 3", "3 litres of {litres}"),
        ("litres: 4", "four is none"),
        ("clean: x", "input should be a valid boolean"),
        ("foods: x", "input should be a list"),
        ("cat: x", "input should hold keys with values"),
        ("cat: {kind: dog, lives: 1}", "input should be 'cat'"),
    ],
)
def test_what_does_not_fit_is_told_in_english_and_its_words_can_be_translated(line: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load_document(Bowl, line, "bowl.yml")
    assert caught.value.what.partition(": ")[2] == reason
    backwards = caught.value.parts(lambda text: text.replace("input", "tupni").replace("string", "gnirts"))[1]
    assert backwards.partition(": ")[2] == reason.replace("input", "tupni").replace("string", "gnirts")


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
