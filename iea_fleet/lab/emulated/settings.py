"""One setting on one machine: its places, what is read there, and what a write would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iea_fleet.lab.emulated.coding import Document, decode
from iea_fleet.lab.emulated.disk import ACCESS_DENIED, LOCK_VIOLATION, MISSING, SHARING_VIOLATION, DiskError
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.registry import RegistryPlace, RegistryValue
from iea_fleet.lab.stores import VALUE_LENGTH, Malformed, locate
from iea_fleet.model.answer import Place, PlaceState
from iea_fleet.model.store import Encoding, RegistryStore, Store

MAX_FILE_BYTES = 8 << 20
ATTEMPTS = 6
"""The first try of a file operation and five more (docs/wire.md, "Order of a transaction", 9)."""
PASSING = (SHARING_VIOLATION, LOCK_VIOLATION, ACCESS_DENIED)


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):
    """A file that can't be opened, is too long or is no text; `state` is what the place is then."""

    state: PlaceState
    message: str
    win32_code: int = 0


def open_document(machine: Machine, path: str, encoding: Encoding) -> Document:
    """Read and decode a settings file. Raises: Unreadable."""
    try:
        data = machine.disk.read(path)
    except DiskError as error:
        state = PlaceState.FILE_MISSING if error.code in MISSING else PlaceState.UNREADABLE
        raise Unreadable(state, str(error), error.code) from None
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(PlaceState.UNREADABLE, f"the file has {len(data)} bytes; {MAX_FILE_BYTES} are the most")
    try:
        return decode(data, encoding)
    except Malformed as error:
        raise Unreadable(PlaceState.MALFORMED, str(error)) from None


def read(machine: Machine, store: Store) -> tuple[Place, ...]:
    """What is found in every place of a setting."""
    if isinstance(store, RegistryStore):
        return tuple(_read_registry(machine, store))
    path = machine.expanded(store.path)
    try:
        located = locate(open_document(machine, path, store.encoding).text, store)
    except Unreadable as error:
        return (Place(place=path[:1024], state=error.state, win32_code=error.win32_code, message=error.message[:2000]),)
    except Malformed as error:
        return (Place(place=path[:1024], state=PlaceState.MALFORMED, message=str(error)),)
    state = PlaceState.ABSENT if located.value is None else PlaceState.PRESENT
    return (Place(place=path[:1024], state=state, value=tellable(located.value)),)


def tellable(value: str | None) -> str | None:
    """A value as an answer can carry it: half a surrogate pair becomes U+FFFD."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def registry_text(value: RegistryValue) -> str:
    """The value as text. Raises: Malformed for kinds that are no text and no number."""
    if value.kind in ("multi_string", "binary"):
        raise Malformed(f"the value is of the kind {value.kind}")
    if len(value.data) > VALUE_LENGTH:
        raise Malformed(f"the value has more than {VALUE_LENGTH} characters")
    return value.data


def _read_registry(machine: Machine, store: RegistryStore) -> Iterator[Place]:
    if not machine.registry.supported:
        hive = RegistryPlace(f"{store.hive.value}\\{store.key}", store.value, store.view)
        yield Place(place=hive.name, state=PlaceState.UNSUPPORTED, message="This system has no registry.")
        return
    for place in machine.registry.places(store):
        value = machine.registry.read(place)
        if value is None:
            yield Place(place=place.name, state=PlaceState.ABSENT)
            continue
        try:
            yield Place(place=place.name, state=PlaceState.PRESENT, value=registry_text(value))
        except Malformed as error:
            yield Place(place=place.name, state=PlaceState.MALFORMED, message=str(error))
