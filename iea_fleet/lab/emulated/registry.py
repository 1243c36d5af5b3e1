"""The registry of an emulated machine: values by view, key and name, all compared without case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from iea_fleet.lab.stores.names import folded
from iea_fleet.model.store import RegistryHive, RegistryStore

Kind = Literal["string", "expand_string", "dword", "qword", "multi_string", "binary"]
_PERSON = re.compile(r"S-1-(?:5-21|12-1)-(?!.*_Classes$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """One value: its kind and its data as text (numbers in decimal)."""

    kind: Kind
    data: str


@dataclass(frozen=True, slots=True)
class RegistryPlace:
    """Where one value is: the full key with its hive, the value's name and the view."""

    key: str
    value: str
    view: Literal[32, 64] = 64

    @property
    def name(self) -> str:
        r"""`HKLM\key:value`, with `(32)` behind it in the 32-bit view."""
        return f"{self.key}:{self.value}" + ("(32)" if self.view == 32 else "")


@dataclass(slots=True)
class Registry:
    """All values of a machine.

    Args:
        supported: False: this system has no registry, as outside Windows.
        sids: the user hives that are loaded below HKEY_USERS.
    """

    supported: bool = True
    sids: tuple[str, ...] = ()
    _values: dict[tuple[int, str, str], RegistryValue] = field(default_factory=dict)

    def places(self, store: RegistryStore) -> Iterator[RegistryPlace]:
        """The places that a store names: one of the machine, or one for each loaded hive of a person."""
        if store.hive is RegistryHive.MACHINE:
            yield RegistryPlace(f"HKLM\\{store.key}", store.value, store.view)
            return
        for sid in self.people():
            yield RegistryPlace(f"HKU\\{sid}\\{store.key}", store.value, store.view)

    def people(self) -> tuple[str, ...]:
        """The loaded hives that are a person's."""
        return tuple(sid for sid in self.sids if _PERSON.match(sid))

    def read(self, place: RegistryPlace) -> RegistryValue | None:
        """The value there; None: no such key or value."""
        return self._values.get(_index(place))

    def write(self, place: RegistryPlace, value: RegistryValue | None) -> None:
        """Set a value, with its key; None: remove it."""
        if value is None:
            self._values.pop(_index(place), None)
        else:
            self._values[_index(place)] = value

    def snapshot(self) -> dict[str, RegistryValue]:
        """Every value by view, key and name in upper case."""
        return {f"{view} {key}:{name}": value for (view, key, name), value in sorted(self._values.items())}


def _index(place: RegistryPlace) -> tuple[int, str, str]:
    key = folded(place.key).rstrip("\\")
    # Only HKLM\SOFTWARE has two views (WOW64 redirection); everything else is shared.
    view = place.view if key.startswith("HKLM\\SOFTWARE") else 64
    return view, key, folded(place.value)
