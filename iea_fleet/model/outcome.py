"""What became of one host in one run: the only thing that travels from the action to the ledger and the reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from iea_fleet.model.answer import Answer
from iea_fleet.model.base import Hex32, Milliseconds, Sentence, Strict, Value
from iea_fleet.model.finding import Finding


class Verdict(StrEnum):
    """Exactly one for each host that was asked for."""

    OK = "ok"
    """Judged; as wanted when it was looked at."""
    CHANGED = "changed"
    """Judged; it was changed (or would be, in check mode) and is as wanted now."""
    DRIFT = "drift"
    """Judged; something is not as wanted and was not or could not be mended: see the findings."""
    UNREACHABLE = "unreachable"
    """Nothing was written, sure: no connection came about."""
    REFUSED = "refused"
    """Logon, policy, identity: the host did not let the script begin; nothing was written."""
    FAILED = "failed"
    """The answer says that something went wrong."""
    UNKNOWN = "unknown"
    """The command was sent and no answer came: its journal will say what was done."""
    SKIPPED = "skipped"
    """Not asked, for the reason that the finding names."""


class Traffic(Strict):
    """What the round cost on the wire, counted in the client under TLS and message encryption."""

    requests: Annotated[int, Field(ge=0)] = 0
    bytes_sent: Annotated[int, Field(ge=0)] = 0
    bytes_received: Annotated[int, Field(ge=0)] = 0


class Spelling(Strict):
    """How the application spells, by the host's profile, what the lists in an answer hold: for who has no profile."""

    unbound: Value = ""
    """What « Réinitialiser poste » leaves in place of a workstation's name."""
    moment_format: Annotated[str, StringConstraints(min_length=2, max_length=40)] = "%d/%m/%Y %H:%M:%S"
    """As strptime reads it."""


class Outcome(Strict):
    """One host of one run."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    verdict: Verdict
    transaction: Hex32 | None = None
    """`None`: no request was built."""
    findings: tuple[Finding, ...] = Field(default=(), max_length=64)
    answer: Answer | None = None
    """`None`: the script gave no answer that could be accepted."""
    spelling: Spelling = Spelling()
    """Of the answer's lists."""
    attempts: Annotated[int, Field(ge=0, le=20)] = 0
    traffic: Traffic = Traffic()
    elapsed_ms: Milliseconds = 0
    detail: Sentence = ""
    """For a verdict without an answer: what the connection or the system said, word for word."""
