"""Java properties files, read as java.util.Properties.load reads them; the last of several equal keys counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iea_fleet.lab.stores.lines import line_at_end, lines_of
from iea_fleet.lab.stores.located import Located, Malformed

_BLANKS = " \t\f"
# A backslash at a line's end, the line end, and the blanks that the next line begins with.
_CONTINUATION = re.compile(r"\\(?:\r\n|\r|\n|\Z)[ \t\f]*")
_ESCAPE = re.compile(rf"{_CONTINUATION.pattern}|\\u(?P<hex>[0-9a-fA-F]{{4}})?|\\(?P<other>[\s\S])")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def locate(text: str, key: str) -> Located:
    """Find the last line of this key."""
    last = None
    for found, located in _entries(text):
        if found == key:
            last = located
    if last is not None:
        return last
    name = _escaped_key(key)
    return Located(None, len(text), len(text), lambda new: line_at_end(text, f"{name}={_escaped(new)}"))


def _entries(text: str) -> Iterator[tuple[str, Located]]:
    """Every logical line as its key and the place of its value."""
    for start, end in _logical_lines(text):
        key_end = _key_end(text, start, end)
        value_start = _skip_blanks(text, key_end, end)
        if value_start < end and text[value_start] in "=:":
            value_start = _skip_blanks(text, value_start + 1, end)
        bare = value_start == key_end
        raw = text[value_start:end]
        yield (
            _unescaped(text[start:key_end]),
            Located(_unescaped(raw), value_start, end, _after_bare_key if bare else _escaped),
        )


def _logical_lines(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of each logical line without its leading blanks and its line end; comments and blank lines left out."""
    start: int | None = None
    for line in lines_of(text):
        content = line.start + len(line.text) - len(line.text.lstrip(_BLANKS))
        if start is None:
            if content == line.end or text[content] in "#!":
                continue
            start = content
        if not _ends_with_backslash(text, content, line.end) or line.after == len(text):
            yield start, line.end
            start = None


def _ends_with_backslash(text: str, start: int, end: int) -> bool:
    raw = text[start:end]
    return (len(raw) - len(raw.rstrip("\\"))) % 2 == 1


def _key_end(text: str, position: int, end: int) -> int:
    while position < end:
        character = text[position]
        if character == "\\":
            match = _CONTINUATION.match(text, position)
            position = match.end() if match else position + 2
        elif character in "=:" or character in _BLANKS:
            return position
        else:
            position += 1
    return end


def _skip_blanks(text: str, position: int, end: int) -> int:
    while position < end:
        match = _CONTINUATION.match(text, position)
        if match:
            position = match.end()
        elif text[position] in _BLANKS:
            position += 1
        else:
            return position
    return end


def _unescaped(raw: str) -> str:
    unescaped = _ESCAPE.sub(_meaning, raw)
    # Two escapes can be the halves of one character.
    return unescaped.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _meaning(escape: re.Match[str]) -> str:
    if escape["hex"] is not None:
        return chr(int(escape["hex"], 16))
    if escape["other"] is not None:
        return _LETTERS.get(escape["other"], escape["other"])
    if escape[0].startswith("\\u"):
        raise Malformed("four hexadecimal digits are missing after \\u")
    return ""


def _escaped(value: str) -> str:
    escaped = "".join(map(_escape, value))
    return "\\" + escaped if escaped.startswith(" ") else escaped


def _after_bare_key(value: str) -> str:
    return "=" + _escaped(value)


def _escaped_key(key: str) -> str:
    return "".join("\\" + character if character in " =:#!\f" else _escape(character) for character in key)


def _escape(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[character]
    if character > "~":
        units = character.encode("utf-16-be")
        return "".join(f"\\u{units[at] << 8 | units[at + 1]:04X}" for at in range(0, len(units), 2))
    return character
