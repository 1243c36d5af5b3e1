"""What was found on one host, in the terms of the sheets: a code with its facts; report/ puts it into words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from iea_fleet.model.base import Sentence, Strict


class Sheet(StrEnum):
    """The vendor's how-to sheet that a finding belongs to; `TRANSPORT` is before any sheet."""

    CONNECTION = "connection"
    SHARE = "share"
    LICENCE = "licence"
    SESSION = "session"
    ASSISTANCE = "assistance"
    TRANSPORT = "transport"


class Severity(StrEnum):
    """How much it matters to the association."""

    OK = "ok"
    """As wanted."""
    INFO = "info"
    """Done or worth knowing; nobody has to act."""
    WARNING = "warning"
    """The program works, but not as wanted."""
    ERROR = "error"
    """The program can't be used, or the host can't be judged."""

    @property
    def weight(self) -> int:
        """The graver, the more."""
        return list(Severity).index(self)

    @property
    def is_grave(self) -> bool:
        """Whether it is for somebody to act on."""
        return self in {Severity.WARNING, Severity.ERROR}


class Finding(Strict):
    """One finding."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z0-9_]+)+$", max_length=80)]
    """Such as `connection.test_failed.tls`; the catalogue of texts is keyed by it."""
    sheet: Sheet
    case: Annotated[int, Field(ge=1, le=3)] | None = None
    """The sheet's own case number (connection: 1 to 3); `None`: the sheet has no case for it."""
    severity: Severity
    evidence: dict[str, Sentence] = Field(default_factory=dict, max_length=32)
    """Facts by name, as text; the words of the finding are filled from them."""
