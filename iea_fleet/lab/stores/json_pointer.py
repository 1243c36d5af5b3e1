"""JSON documents (RFC 8259), a scalar by pointer (RFC 6901), with the place of its characters."""

from __future__ import annotations

import json
import re

from iea_fleet.lab.stores.located import Located, Malformed

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_BARE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_MAX_DEPTH = 100


def locate(text: str, pointer: str) -> Located:
    """Find the scalar that `pointer` names; the whole text must be one JSON document."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    search = _Search(text, steps)
    end = search.value(search.space(0), 0, 0)
    if search.space(end) != len(text):
        raise Malformed(f"something follows the JSON document at character {end}")
    return search.found


class _Search:
    """One walk over a document. `on_way` is how many steps of the pointer led here; -1: this is beside the way."""

    def __init__(self, text: str, steps: list[str]) -> None:
        self.text, self.steps = text, steps
        self.found = Located(None, refusal="the object that it would be a member of is not there")

    def space(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def value(self, position: int, on_way: int, depth: int) -> int:
        """Walk over the value that begins at `position`; returns the offset behind it."""
        if depth > _MAX_DEPTH:
            raise Malformed(f"the JSON is nested more than {_MAX_DEPTH} deep")
        wanted = on_way == len(self.steps)
        first = self.text[position : position + 1]
        if first in ("{", "["):
            if wanted:
                raise Malformed("an object or array stands where the value should be")
            walk = self._object if first == "{" else self._array
            return walk(position, on_way, depth)
        match = _STRING.match(self.text, position) if first == '"' else _BARE.match(self.text, position)
        if match is None:
            raise Malformed(f"this is no JSON at character {position}")
        if wanted:
            raw = match[0]
            value = json.loads(raw) if first == '"' else raw
            self.found = Located(value, position, match.end(), _quoted if first == '"' else _bare_or_quoted)
        return match.end()

    def _object(self, position: int, on_way: int, depth: int) -> int:
        step = self.steps[on_way] if on_way >= 0 else None
        position = self.space(position + 1)
        open_end = position
        seen, gap_start, member_start, member_end = 0, position, position, position
        empty = self.text[position : position + 1] == "}"
        while not empty:
            member_start = position
            key = _STRING.match(self.text, position)
            if key is None:
                raise Malformed(f"a name is missing in an object at character {position}")
            colon = self.space(key.end())
            if self.text[colon : colon + 1] != ":":
                raise Malformed(f"a colon is missing at character {colon}")
            here = step is not None and json.loads(key[0]) == step
            seen += here
            if seen > 1:
                raise Malformed("an object has the same name twice")
            member_end = self.value(self.space(colon + 1), on_way + 1 if here else -1, depth + 1)
            position = self.space(member_end)
            mark = self.text[position : position + 1]
            if mark == "}":
                break
            if mark != ",":
                raise Malformed(f"a comma or brace is missing at character {position}")
            gap_start = position + 1
            position = self.space(gap_start)
        if step is not None and not seen and on_way == len(self.steps) - 1:
            self.found = self._new_member(step, empty, (gap_start, member_start, member_end), open_end)
        return position + 1

    def _new_member(self, name: str, empty: bool, last: tuple[int, int, int], open_end: int) -> Located:
        gap_start, member_start, member_end = last
        if empty:
            start = self.text.rindex("{", 0, open_end) + 1
            return Located(None, start, start, lambda new: f"{_quoted(name)}: {_quoted(new)}")
        if gap_start == open_end:
            gap_start = self.text.rindex("{", 0, member_start) + 1
        gap = self.text[gap_start:member_start]
        gap = gap if "\n" in gap or "\r" in gap else " "
        return Located(None, member_end, member_end, lambda new: f",{gap}{_quoted(name)}: {_quoted(new)}")

    def _array(self, position: int, on_way: int, depth: int) -> int:
        step = self.steps[on_way] if on_way >= 0 else ""
        index = int(step) if re.fullmatch(r"0|[1-9][0-9]{0,8}", step) else -1
        position = self.space(position + 1)
        if self.text[position : position + 1] == "]":
            return position + 1
        count = 0
        while True:
            position = self.space(self.value(position, on_way + 1 if count == index else -1, depth + 1))
            count += 1
            mark = self.text[position : position + 1]
            if mark == "]":
                return position + 1
            if mark != ",":
                raise Malformed(f"a comma or bracket is missing at character {position}")
            position = self.space(position + 1)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bare_or_quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else _quoted(value)
