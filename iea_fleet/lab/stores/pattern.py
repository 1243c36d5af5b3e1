"""Free text: the first group of the first match of a pattern."""

from __future__ import annotations

import re
from functools import lru_cache

from iea_fleet.lab.stores.located import Located


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def locate(text: str, pattern: str) -> Located:
    """Find the first group of the first match; `^` and `$` at line ends, CR LF counting as one character."""
    plain = text.replace("\r\n", "\n")
    match = _compiled(pattern).search(plain)
    if match is None or match.start(1) < 0:
        return Located(None, refusal="the pattern matches nothing, and a pattern says not where to add something")
    start, end = (_with_returns(text, offset) for offset in match.span(1))
    return Located(match[1], start, end, str)


def _with_returns(text: str, offset: int) -> int:
    """The offset in `text` of the character at `offset` of the text whose CR LF are single LF."""
    if "\r\n" not in text:
        return offset
    position = 0
    while True:
        ending = text.find("\r\n", position)
        if ending < 0 or ending - position >= offset:
            return position + offset
        offset -= ending - position + 1
        position = ending + 2
        if offset == 0:
            return position
