"""What a sheet adds to a request, and how several sheets share one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from iea_fleet.model.request import Ensure, PathName, Probe, Release, Require, ShareLogon, Work


@dataclass(frozen=True, slots=True)
class Parts:
    """What one sheet adds to a request; each part as `Request` has it."""

    names: tuple[PathName, ...] = ()
    connect: ShareLogon | None = None
    probe: tuple[Probe, ...] = ()
    require: tuple[Require, ...] = ()
    act: tuple[Work, ...] = ()
    ensure: tuple[Ensure, ...] = ()
    release: tuple[Release, ...] = ()
    after: tuple[Work, ...] = ()


def merge(parts: Iterable[Parts]) -> Parts:
    """All parts as one, in their order; what two sheets ask alike (a probe that both need) is asked once."""
    merged: dict[str, Any] = {}
    for one in parts:
        for field in fields(one):
            value = getattr(one, field.name)
            if field.name == "connect":
                merged[field.name] = merged.get(field.name) or value
            else:
                known = merged.get(field.name, ())
                merged[field.name] = (*known, *(step for step in value if step not in known))
    return Parts(**merged)
