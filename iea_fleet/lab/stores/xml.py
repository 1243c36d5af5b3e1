"""XML documents: an element's text or an attribute by local names, with the place of its characters.

expat says what is well-formed and where each element stands; only the characters inside one tag are looked at here.
"""

from __future__ import annotations

import re
from functools import partial
from pyexpat import ExpatError, ParserCreate

from iea_fleet.lab.stores.located import Located, Malformed

_SEPARATOR = "\x1f"
_TAG = re.compile(r"""<(?P<name>[^\s/>]+)(?P<attributes>(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*)(?P<end>\s*/?>)""")
_ATTRIBUTE = re.compile(r"""\s+([^\s=]+)\s*=\s*(["'])(.*?)\2""", re.DOTALL)
_PIECE = re.compile(r"<!\[CDATA\[(?P<cdata>.*?)\]\]>|&(?P<entity>[^;]+);|\r\n|\r", re.DOTALL)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_SPACE = " \t\r\n"
_QUOTE = '"'


def locate(text: str, path: str) -> Located:
    """Find what `path` (`/a/b[2]/@c`) names."""
    steps = path.split("/")[1:]
    attribute = steps.pop()[1:] if steps[-1].startswith("@") else None
    search = _Search(text, steps, wants_text=attribute is None)
    if search.tag is None:
        return Located(None, refusal="the element is not there, and elements are never made")
    return _attribute(text, search.tag, attribute) if attribute else _text(text, search.tag, search.close)


class _Search:
    """One parse; afterwards `tag` is the start tag of the element on the path (None: not there), `close` its end."""

    def __init__(self, text: str, steps: list[str], *, wants_text: bool) -> None:
        self.tag: re.Match[str] | None = None
        self.close = 0
        self._text = text
        self._data = text.encode("utf-8", "surrogatepass")
        self._steps = [
            (name, int(index[:-1]) if index else None) for name, _, index in (s.partition("[") for s in steps)
        ]
        self._wants_text = wants_text
        self._depth = 0
        self._on_way = 0  # how many of the open elements are the path's
        self._counts: dict[int, int] = {}
        self._parser = parser = ParserCreate("utf-8", _SEPARATOR)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._other
        try:
            parser.Parse(self._data, True)
        except ExpatError as error:
            raise Malformed(f"this is no XML: {error}") from None

    def _offset(self) -> int:
        at = self._parser.CurrentByteIndex
        return at if len(self._data) == len(self._text) else len(self._data[:at].decode("utf-8", "surrogatepass"))

    def _inside(self) -> bool:
        """Whether the innermost open element is the one looked for."""
        return self._on_way == len(self._steps) == self._depth

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes  # read from the text, for their places
        if self._inside() and self._wants_text:
            raise Malformed("the element has elements inside")
        if self._on_way == self._depth < len(self._steps):
            wanted, index = self._steps[self._depth]
            if name.rpartition(_SEPARATOR)[2] == wanted:
                count = self._counts[self._depth] = self._counts.get(self._depth, 0) + 1
                if index is None and count > 1:
                    raise Malformed(f"there is more than one element {wanted} and no [n] says which")
                if count == (index or 1):
                    self._on_way += 1
                    self._counts[self._on_way] = 0
                    if self._on_way == len(self._steps):
                        self.tag = _TAG.match(self._text, self._offset())
        self._depth += 1

    def _end(self, name: str) -> None:
        del name
        if self._inside():
            self.close = self._offset()
        self._depth -= 1
        self._on_way = min(self._on_way, self._depth)

    def _other(self, *_: str) -> None:
        if self._inside() and self._wants_text:
            raise Malformed("the element has a comment or processing instruction inside")

    def _doctype(self, *_: object) -> None:
        raise Malformed("the document has a DTD")


def _attribute(text: str, tag: re.Match[str], name: str) -> Located:
    for match in _ATTRIBUTE.finditer(text, tag.start("attributes"), tag.end("attributes")):
        full = match[1]
        if full.rpartition(":")[2] == name and full != "xmlns" and not full.startswith("xmlns:"):
            mark = match[2]
            value = _meaning(re.sub(r"\r\n|[\r\n\t]", " ", match[3]))
            return Located(value, match.start(3), match.end(3), partial(_escaped, mark=mark))
    at = tag.end("attributes")
    return Located(None, at, at, lambda new: f' {name}="{_escaped(new, _QUOTE)}"')


def _text(text: str, tag: re.Match[str], close: int) -> Located:
    if tag["end"].endswith("/>"):
        name = tag["name"]
        return Located("", tag.start("end"), tag.end(), lambda new: f">{_escaped(new)}</{name}>")
    raw = text[tag.end() : close]
    start = tag.end() + len(raw) - len(raw.lstrip(_SPACE))
    raw = raw.strip(_SPACE)
    return Located(_meaning(raw), start, start + len(raw), _escaped)


def _meaning(raw: str) -> str:
    return _PIECE.sub(_piece, raw)


def _piece(match: re.Match[str]) -> str:
    if match["cdata"] is not None:
        return re.sub(r"\r\n|\r", "\n", match["cdata"])
    entity = match["entity"]
    if entity is None:
        return "\n"
    if not entity.startswith("#"):
        return _ENTITIES[entity]
    return chr(int(f"0{entity[1:]}", 0) if entity.startswith("#x") else int(entity[1:]))


def _escaped(value: str, mark: str = "") -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if mark:
        escaped = escaped.replace(mark, "&quot;" if mark == _QUOTE else "&apos;")
    return escaped
