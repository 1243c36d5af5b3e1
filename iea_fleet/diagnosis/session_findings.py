"""What an answer says about the application's open sessions: left behind, in use, somebody else's, released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from iea_fleet.diagnosis import session as asked
from iea_fleet.diagnosis.connection import PROCESS
from iea_fleet.diagnosis.kind import joined, make_finding
from iea_fleet.diagnosis.session import KINDS, concerned_workstation, is_same
from iea_fleet.diagnosis.told import Told, facts_of, moment_of, readable_list, since_evidence
from iea_fleet.model.answer import Answer, ProcessFacts, RecordsFacts, Status
from iea_fleet.model.desired import DesiredSession
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.profile import Profile

Row = Mapping[str, str]


def open_sessions(answer: Answer) -> tuple[Row, ...]:
    """The sessions as they are now; none where the list could not be read."""
    facts = facts_of(Told.by(answer).latest, asked.SESSIONS, RecordsFacts)
    return () if facts is None else tuple(row for row in facts.records if row.get("workstation"))


def program_runs(answer: Answer) -> bool | None:
    """Whether the program runs on the workstation that answers; `None`: not told."""
    facts = facts_of(Told.by(answer).latest, PROCESS, ProcessFacts)
    return None if facts is None else facts.running


class _Judge:
    """Reads one answer; every method adds the findings of one subject."""

    def __init__(
        self, answer: Answer, profile: Profile, desired: DesiredSession, computer_name: str | None, *, read_only: bool
    ) -> None:
        self.answer, self.profile, self.desired, self.read_only = answer, profile, desired, read_only
        self.computer_name = computer_name
        self.told = Told.by(answer)
        self.outcome = next((one for one in answer.release if one.id == asked.RELEASE), None)
        self.found: list[Finding] = []

    def tell(self, code: str, **evidence: str | int | None) -> None:
        """Add one finding."""
        self.found.append(make_finding(KINDS, f"session.{code}", Sheet.SESSION, **evidence))

    def open(self, *, share_fails: bool) -> None:
        """Who is in: of this workstation left behind or in use, of others not known from here."""
        facts = facts_of(self.told.latest, asked.SESSIONS, RecordsFacts)
        facts = readable_list(facts, self.tell, share_fails=share_fails)
        if facts is None:
            return
        going = self._going()
        rows = [row for row in facts.records if row.get("workstation") and row not in going]
        name = self.answer.host.computer_name
        own = [row for row in rows if is_same(row["workstation"], name)]
        if own:
            # That nobody says whether the program runs is no proof that it does not.
            self.tell("stale" if program_runs(self.answer) is False else "live", **self._evidence(own))
        others = [row for row in rows if not is_same(row["workstation"], name)]
        if others:
            self.tell("elsewhere", **self._evidence(others))
        if not rows and self.answer.status is Status.DONE:
            self.tell("none", place=facts.place)

    def _any(self, workstation: str) -> bool:
        """Whether a session that was asked for is open."""
        facts = facts_of(self.told.latest, asked.SESSIONS, RecordsFacts)
        user = self.desired.user
        return facts is not None and any(
            is_same(workstation, row.get("workstation")) and (user is None or is_same(user, row.get("user")))
            for row in facts.records
        )

    def _going(self) -> list[Row]:
        """In check mode: what would be released."""
        if self.read_only or not self.answer.dry_run or self.outcome is None or not self.outcome.due:
            return []
        return [change.before for change in self.outcome.records]

    def released(self) -> None:
        """What became of the sessions that were to be released."""
        if self.read_only or not self.desired.release or self.answer.status is not Status.DONE:
            return
        concerned = concerned_workstation(self.desired, self.computer_name)
        if concerned is None:
            self.tell("workstation_unknown")
            return
        asked_for = {"workstation": concerned, "users": self.desired.user}
        if self.outcome is None:
            if not self.desired.force and not is_same(concerned, self.computer_name):
                self.tell("elsewhere_kept", **asked_for)
            return
        if not self.outcome.due:
            self.tell("live_kept" if self._any(concerned) else "nothing_to_release", **asked_for)
            return
        gone = [change.before for change in self.outcome.records]
        if not gone:
            self.tell("nothing_to_release", **asked_for)
            return
        self.tell("would_release" if self.answer.dry_run else "released", **self._evidence(gone))
        verified = next((one for one in self.answer.verify if one.id == asked.SESSIONS), None)
        back = [row for row in verified.records if row in gone] if isinstance(verified, RecordsFacts) else []
        if back and not self.answer.dry_run:
            self.tell("not_kept", **self._evidence(back))

    def _evidence(self, rows: Sequence[Row]) -> dict[str, str | int | None]:
        """Who, where, how many, and since when the oldest of them is open."""
        moments = [(moment_of(row.get("since", ""), self.profile.moment_format), row) for row in rows]
        dated = [(moment, row) for moment, row in moments if moment is not None]
        oldest = min(dated, key=_moment, default=None)
        text = (rows[0] if oldest is None else oldest[1]).get("since")
        return {
            "users": joined(row.get("user", "") for row in rows),
            "workstation": joined(row.get("workstation", "") for row in rows),
            "count": len(rows),
            **since_evidence(text, self.profile.moment_format, self.answer),
        }


def judge_session(
    answer: Answer,
    profile: Profile,
    desired: DesiredSession,
    *,
    computer_name: str | None,
    read_only: bool,
    share_fails: bool = False,
) -> list[Finding]:
    """Every finding of the sheet "Déblocage accès au site" on one host.

    Args:
        answer: to a request that held `session_parts`; may be of any status, and anything may be missing in it.
        profile: where the sessions are, and how the application writes moments.
        desired: what was to be released.
        computer_name: the workstation that had to answer, as the request had it.
        read_only: a report looked.
        share_fails: the share sheet tells why the database's folder is not reached.
    """
    if profile.sessions is None:
        return [make_finding(KINDS, "session.not_in_profile", Sheet.SESSION)]
    judge = _Judge(answer, profile, desired, computer_name, read_only=read_only)
    judge.open(share_fails=share_fails)
    judge.released()
    return judge.found


def _moment(dated: tuple[datetime, Row]) -> datetime:
    return dated[0]
