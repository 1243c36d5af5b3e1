"""Names without case, as .NET's OrdinalIgnoreCase compares them."""

from __future__ import annotations


def folded(name: str) -> str:
    """`name` in simple upper case, character by character.

    Source: .NET's invariant casing: one character stays one, and nothing outside ASCII becomes ASCII (U+0131, U+017F).
    """
    if name.isascii():
        return name.upper()
    return "".join(map(_upper, name))


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 and upper.isascii() == character.isascii() else character
