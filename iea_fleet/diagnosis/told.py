"""An answer's facts by name, and moments as the application writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from iea_fleet.model.answer import Answer, PlaceState, ProbeFacts, RecordsFacts, WorkOutcome

_Facts = TypeVar("_Facts", bound=ProbeFacts)


@dataclass(frozen=True, slots=True)
class Told:
    """What a workstation said, by the names of the request.

    Args:
        before: the probes, before anything was done.
        latest: the probes as they are now: those of the verification come over the first ones.
        work: the steps that were done before and after the writes.
    """

    before: Mapping[str, ProbeFacts]
    latest: Mapping[str, ProbeFacts]
    work: Mapping[str, WorkOutcome]

    @classmethod
    def by(cls, answer: Answer) -> Told:
        """Sort an answer."""
        before: dict[str, ProbeFacts] = {facts.id: facts for facts in answer.probes}
        return cls(
            before=before,
            latest={**before, **{facts.id: facts for facts in answer.verify}},
            work={outcome.id: outcome for outcome in (*answer.act, *answer.after)},
        )


def facts_of(told: Mapping[str, ProbeFacts], name: str, kind: type[_Facts]) -> _Facts | None:
    """The facts of one probe; `None`: it was not answered, or by facts of another kind."""
    facts = told.get(name)
    return facts if isinstance(facts, kind) else None


def readable_list(facts: RecordsFacts | None, tell: Callable[..., None], *, share_fails: bool) -> RecordsFacts | None:
    """The facts of a list in the database's folder that was read; `None`: there is nothing to judge.

    Args:
        facts: of the list; `None`: it was not answered.
        tell: takes the last part of a finding's code and its evidence, when the list was not read, or not to its end.
        share_fails: the share sheet was asked as well and tells why.
    """
    if facts is None:
        return None
    evidence = {
        "place": facts.place,
        "state": facts.state.value,
        "win32_code": facts.win32_code or None,
        "message": facts.message or None,
        "count": facts.total,
        "shown": len(facts.records),
    }
    if facts.state is PlaceState.PRESENT:
        if facts.total > len(facts.records):
            tell("list_cut", **evidence)
        return facts
    if facts.state is PlaceState.MALFORMED:
        tell("list_malformed", **evidence)
    else:
        tell("waits_for_share" if share_fails else "list_out_of_reach", **evidence)
    return None


def moment_of(text: str, moment_format: str) -> datetime | None:
    """A moment of the workstation's local time, whose zone is not told: in UTC's place, for comparing.

    `None`: it is not written as the profile says.
    """
    try:
        return datetime.strptime(text.strip(), moment_format).replace(tzinfo=UTC)
    except ValueError:
        return None


def since_evidence(text: str | None, moment_format: str, answer: Answer) -> dict[str, str | int | None]:
    """`since`, in the workstation's local time, and `age_min`, the minutes from then until its answer.

    A moment that can't be read is told as it stands, and one that is to come has no age.

    Args:
        text: as the application wrote it; `None` or empty: not known.
        moment_format: as strptime reads it.
        answer: for the workstation's clock and its distance from UTC.
    """
    if not text:
        return {}
    moment = moment_of(text, moment_format)
    if moment is None:
        return {"since": text}
    age = _minutes_since(moment, answer)
    return {"since": moment.strftime("%Y-%m-%dT%H:%M"), "age_min": age if age is not None and age >= 0 else None}


def _minutes_since(moment: datetime, answer: Answer) -> int | None:
    try:
        now = datetime.strptime(answer.host.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        now += timedelta(minutes=answer.host.utc_offset_min)
    except (ValueError, OverflowError):
        # A clock that no calendar has: the form of the wire allows a 31 June.
        return None
    return int((now - moment).total_seconds() // 60)
