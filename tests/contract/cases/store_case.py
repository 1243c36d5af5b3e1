"""One case of a store: what lies there, what is read, what is written and what lies there then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iea_fleet.model.answer import PlaceState

ABSENT, MISSING, MALFORMED = PlaceState.ABSENT, PlaceState.FILE_MISSING, PlaceState.MALFORMED
UNREADABLE = PlaceState.UNREADABLE
REFUSED = None
"""The write is refused in `plan`, and nothing is written."""


@dataclass(frozen=True)
class StoreCase:
    """One case.

    Args:
        name: the situation in words.
        target: the store without its path.
        content: the file; None: there is none.
        found: the value that is read, or the state of a place without one.
        value: what is ensured.
        written: the file afterwards; `REFUSED`: not written.
    """

    name: str
    target: Mapping[str, Any]
    content: bytes | None
    found: str | PlaceState
    value: str
    written: bytes | None
