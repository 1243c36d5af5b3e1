"""Finding, reading and writing one setting in the text of a settings file, one module a kind of store."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

from iea_fleet.lab.stores import ini, json_pointer, pattern, properties, xml
from iea_fleet.lab.stores.located import CannotHold, Located, Malformed
from iea_fleet.model.store import FileStore, IniStore, JsonStore, PropertiesStore, TextStore, XmlStore

__all__ = ["VALUE_LENGTH", "CannotHold", "Located", "Malformed", "locate", "with_value"]

VALUE_LENGTH = 4096
"""Longest value in characters that an answer can carry (model/base.py, `Value`)."""


def locate(text: str, store: FileStore) -> Located:
    """Find where the setting `store` names stands in `text`, the decoded content of its file.

    Raises: Malformed when the text is not of the store's kind, names the setting twice, or has a value that no
        answer can carry.
    """
    located = _locate(store)(text)
    if located.value is not None and len(located.value) > VALUE_LENGTH:
        raise Malformed(f"the value has more than {VALUE_LENGTH} characters")
    return located


def with_value(text: str, store: FileStore, value: str) -> str:
    """The text with the setting at `value` and every other character as it was.

    Raises: CannotHold when the store has no way to say `value`, or reads back something else; Malformed as `locate`.
    """
    located = locate(text, store)
    if located.value == value:
        return text
    if located.render is None:
        raise CannotHold(located.refusal)
    changed = text[: located.start] + located.render(value) + text[located.end :]
    try:
        holds = locate(changed, store).value == value
    except Malformed:
        holds = False
    if not holds:
        raise CannotHold("the store can't hold this value: it would be read back as another one")
    return changed


@singledispatch
def _locate(store: FileStore) -> Callable[[str], Located]:
    raise AssertionError(f"no such store: {store}")


@_locate.register
def _(store: IniStore) -> Callable[[str], Located]:
    return lambda text: ini.locate(text, store.section, store.key)


@_locate.register
def _(store: JsonStore) -> Callable[[str], Located]:
    return lambda text: json_pointer.locate(text, store.pointer)


@_locate.register
def _(store: XmlStore) -> Callable[[str], Located]:
    return lambda text: xml.locate(text, store.element)


@_locate.register
def _(store: PropertiesStore) -> Callable[[str], Located]:
    return lambda text: properties.locate(text, store.key)


@_locate.register
def _(store: TextStore) -> Callable[[str], Located]:
    return lambda text: pattern.locate(text, store.pattern)
