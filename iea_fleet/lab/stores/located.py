"""What a search for a setting gives, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Malformed(Exception):
    """The file is not of the kind that was asked for, or the setting is not one scalar; the text says why."""


class CannotHold(Exception):
    """The store can't be given this value; the text says why."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a setting stands in a text, or where it would be added.

    Args:
        value: what the application reads there; None: the setting is not there.
        start, end: the characters of the text that a write replaces; equal where it inserts.
        render: a value -> the characters that say it; None: nothing can be written.
        refusal: why nothing can be written, one sentence, when `render` is None.
    """

    value: str | None
    start: int = 0
    end: int = 0
    render: Callable[[str], str] | None = None
    refusal: str = ""
