"""Lines with their places in a text; a line ends at CR LF, LF or CR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text, and the offsets of its first character, of its line end and of what follows that."""

    text: str
    start: int
    end: int
    after: int


def lines_of(text: str) -> Iterator[Line]:
    """Every line of `text`; a text that ends with a line end has no empty line behind it."""
    position = 0
    while position < len(text):
        end = _END.search(text, position)
        stop, after = end.span() if end else (len(text), len(text))
        yield Line(text[position:stop], position, stop, after)
        position = after


def line_end_of(text: str) -> str:
    """The line end of the first line; CR LF where there is none (docs/wire.md, "Stores")."""
    match = _END.search(text)
    return match[0] if match else "\r\n"


def line_at_end(text: str, added: str) -> str:
    """What to put at the end of `text` so that `added` is its last line(s) and it ends as it ended.

    Args:
        text: all of it.
        added: without a line end behind it.
    """
    if not text:
        return added
    return added + line_end_of(text) if text[-1] in "\r\n" else line_end_of(text) + added
