"""Rows of the ledger as types: what is read back is checked like anything else that comes from outside."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from iea_fleet.model.base import Strict
from iea_fleet.model.outcome import Outcome

RunId = Annotated[str, StringConstraints(pattern=r"^\d{8}T\d{6}-[0-9a-f]{6}$")]
"""Begin of the run in UTC, and 24 random bits: sorts by time, is safe as a file name."""

EpochMs = Annotated[int, Field(ge=0, lt=253_402_128_000_000)]
"""Milliseconds since 1970, UTC, up to the last days of 9999: what a `datetime` of any zone can hold."""


class RunKind(StrEnum):
    """What a run did."""

    PUSH = "push"
    REPORT = "report"
    FIX = "fix"
    """One host, in several rounds."""


class RunState(StrEnum):
    """How far a run came."""

    RUNNING = "running"
    DONE = "done"
    """Every host was asked, or skipped for a reason of its own."""
    STOPPED = "stopped"
    """It ended early, for the run's `reason`; the rest was skipped."""
    INTERRUPTED = "interrupted"
    """Its process ended without a word; hosts without an outcome may have been written."""


class RunRecord(Strict):
    """One run."""

    id: RunId
    kind: RunKind
    state: RunState
    reason: str
    """Why it was stopped; empty when it was not."""
    dry_run: bool
    pattern: str
    """The `--limit` that was given; empty: the whole inventory."""
    started_ms: EpochMs
    renewed_ms: EpochMs
    ended_ms: EpochMs | None
    holder: str
    """Who runs it: user@machine."""
    machine: str
    pid: int
    lock: str
    """The lock file on `machine` that the run's process holds."""

    @property
    def started(self) -> dt.datetime:
        """When it began, in UTC."""
        return dt.datetime.fromtimestamp(self.started_ms / 1000, dt.UTC)

    @property
    def ended(self) -> dt.datetime | None:
        """When it ended, in UTC; `None`: it has not."""
        return None if self.ended_ms is None else dt.datetime.fromtimestamp(self.ended_ms / 1000, dt.UTC)


class AskedHost(Strict):
    """One host that a run was asked for, as the inventory names it."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    site: Annotated[str, StringConstraints(max_length=255)] = ""
    """The site's title (`iea_site_title`), else its group without `site_`; empty: in no site."""
    address: Annotated[str, StringConstraints(max_length=255)] = ""


class HostRecord(Strict):
    """One host of one run."""

    asked: AskedHost
    outcome: Outcome | None
    """`None`: pending."""
    answered_ms: EpochMs | None


class RunOverview(Strict):
    """A run with its number of hosts by verdict; pending ones are under the empty text."""

    run: RunRecord
    counts: dict[str, int]
