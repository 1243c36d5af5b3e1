"""INI files, read as GetPrivateProfileString reads them: names without case, the first one counts."""

from __future__ import annotations

from iea_fleet.lab.stores.lines import Line, line_at_end, line_end_of, lines_of
from iea_fleet.lab.stores.located import Located
from iea_fleet.lab.stores.names import folded

_BLANKS = " \t"


def locate(text: str, section: str, key: str) -> Located:
    """Find `key` in the first section of this name."""
    wanted_section, wanted_key = folded(section), folded(key)
    inside = False
    last_of_section: Line | None = None
    for line in lines_of(text):
        content = line.text.strip(_BLANKS)
        if content[:1] == "[":
            if inside:
                break
            inside = folded(content[1:].partition("]")[0].strip(_BLANKS)) == wanted_section
        elif inside and line.text[:1] not in (";", "#"):
            name, equals, value = line.text.partition("=")
            if equals and folded(name.strip(_BLANKS)) == wanted_key:
                return _value(line, len(name) + 1, value)
        if inside and content:
            last_of_section = line
    if last_of_section is not None:
        end = last_of_section.end
        return Located(None, end, end, lambda new: f"{line_end_of(text)}{key}={new}")
    heading = f"[{section}]{line_end_of(text)}"
    return Located(None, len(text), len(text), lambda new: line_at_end(text, f"{heading}{key}={new}"))


def _value(line: Line, offset: int, raw: str) -> Located:
    start = line.start + offset + len(raw) - len(raw.lstrip(_BLANKS))
    value = raw.strip(_BLANKS)
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return Located(value[1:-1], start + 1, start + len(value) - 1, str)
    return Located(value, start, start + len(value), str)
