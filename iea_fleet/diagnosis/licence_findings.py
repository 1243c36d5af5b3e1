"""What an answer says about licences: bound twice, bound elsewhere, reset, given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from iea_fleet.diagnosis import licence as asked
from iea_fleet.diagnosis.kind import joined, make_finding
from iea_fleet.diagnosis.licence import KINDS, LICENCE, WORKSTATION
from iea_fleet.diagnosis.told import Told, facts_of, readable_list
from iea_fleet.model.answer import Answer, LogFacts, RecordChange, RecordsFacts, SettingFacts, Status
from iea_fleet.model.desired import DesiredLicence
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Spelling
from iea_fleet.model.profile import Licences, Profile

Row = Mapping[str, str]


def own_licence(answer: Answer) -> str | None:
    """The licence that a workstation says it was installed with; `None`: not told, or several."""
    facts = facts_of(Told.by(answer).latest, asked.OWN, SettingFacts)
    values = {place.value for place in facts.places if place.value} if facts is not None else set()
    return values.pop() if len(values) == 1 else None


def bound_rows(answer: Answer, unbound: str) -> tuple[Row, ...]:
    """The bindings that name a workstation, as they are now; none where the list could not be read.

    Args:
        answer: what a workstation said.
        unbound: what « Réinitialiser poste » leaves in place of the workstation's name.
    """
    facts = facts_of(Told.by(answer).latest, asked.BINDINGS, RecordsFacts)
    return () if facts is None else tuple(row for row in facts.records if _is_bound(row, unbound))


def bound_twice(rows: Iterable[Row]) -> Mapping[str, tuple[Row, ...]]:
    """The licences that more than one workstation has, with their rows, by licence in lower case."""
    by_licence: dict[str, list[Row]] = {}
    for row in rows:
        by_licence.setdefault(row[LICENCE].casefold(), []).append(row)
    return {
        licence: tuple(same)
        for licence, same in by_licence.items()
        if len({row[WORKSTATION].casefold() for row in same}) > 1
    }


def unbound_word(licences: Licences) -> str:
    """What « Réinitialiser poste » leaves in place of the workstation's name."""
    return licences.reset.get(WORKSTATION, "")


def spelling_of(profile: Profile) -> Spelling:
    """How a profile spells what the lists hold."""
    unbound = "" if profile.licences is None else unbound_word(profile.licences)
    return Spelling(unbound=unbound, moment_format=profile.moment_format)


class _Judge:
    """Reads one answer; every method adds the findings of one subject."""

    def __init__(self, answer: Answer, licences: Licences, desired: DesiredLicence, *, read_only: bool) -> None:
        self.answer, self.licences, self.desired, self.read_only = answer, licences, desired, read_only
        self.told = Told.by(answer)
        self.done = {outcome.id: outcome for outcome in answer.release}
        self.found: list[Finding] = []

    def tell(self, code: str, **evidence: str | int | None) -> None:
        """Add one finding."""
        self.found.append(make_finding(KINDS, f"licence.{code}", Sheet.LICENCE, **evidence))

    def bindings(self, *, share_fails: bool) -> None:
        """What the list says: a licence on two workstations, this workstation's licence on another."""
        facts = facts_of(self.told.latest, asked.BINDINGS, RecordsFacts)
        facts = readable_list(facts, self.tell, share_fails=share_fails)
        if facts is None:
            return
        rows = self._rows(facts)
        bound = [row for row in rows if _is_bound(row, unbound_word(self.licences))]
        twice = bound_twice(bound)
        for same in twice.values():
            self.tell(
                "twice" if self._concerns(same) else "twice_elsewhere",
                licence=same[0][LICENCE],
                workstations=joined(row[WORKSTATION] for row in same),
                place=facts.place,
                count=len({row[WORKSTATION].casefold() for row in same}),
            )
        elsewhere = self._own(rows, bound, twice, facts.place)
        if not twice and not elsewhere and self.answer.status is Status.DONE:
            self.tell("right", count=len(bound), place=facts.place)

    def _concerns(self, rows: Sequence[Row]) -> bool:
        """Whether this workstation is one of those, or was installed with their licence."""
        name, own = self.answer.host.computer_name.casefold(), (own_licence(self.answer) or "").casefold()
        return own == rows[0][LICENCE].casefold() or any(row[WORKSTATION].casefold() == name for row in rows)

    def _rows(self, facts: RecordsFacts) -> list[Row]:
        """The bindings as they are; in check mode as they would be."""
        rows: list[Row] = [row for row in facts.records if LICENCE in row and WORKSTATION in row]
        if not self.answer.dry_run or self.read_only:
            return rows
        planned = [(change.before, change.after) for outcome in self.done.values() for change in outcome.records]
        return [next((after for before, after in planned if before == row and after), row) for row in rows]

    def _own(self, rows: Sequence[Row], bound: Sequence[Row], twice: Mapping[str, object], place: str) -> bool:
        """Whether this workstation's licence is another's by the list; told unless it is told as bound twice."""
        own = own_licence(self.answer)
        if own is None or own.casefold() in twice:
            return False
        name = self.answer.host.computer_name
        evidence = {"licence": own, "computer": name, "place": place}
        holders = [row[WORKSTATION] for row in bound if row[LICENCE].casefold() == own.casefold()]
        if holders and not any(holder.casefold() == name.casefold() for holder in holders):
            self.tell("bound_elsewhere", workstations=joined(holders), **evidence)
            return True
        if not holders:
            listed = any(row[LICENCE].casefold() == own.casefold() for row in rows)
            self.tell("not_bound", listed="true" if listed else "false", **evidence)
        return False

    def log(self) -> None:
        """The vendor's message in the log; it has no date to rely on, so it proves nothing by itself."""
        log = facts_of(self.told.latest, asked.LOG, LogFacts)
        for match in log.matches if log is not None else ():
            if match.pattern == asked.TWICE:
                self.tell("refusal_logged", line=match.line, count=match.count)

    def resets(self) -> None:
        """What became of the bindings that were to be reset."""
        outcome = self.done.get(asked.RESET)
        if self.read_only or not self.desired.reset or outcome is None or self.answer.status is not Status.DONE:
            return
        changed = [change.before for change in outcome.records]
        if changed:
            self.tell("would_reset" if self.answer.dry_run else "reset", **_rows_evidence(changed))
            after = () if self.answer.dry_run else self._bound_now()
            again = {_pair(one) for one in after}
            back = [row for row in changed if _pair(row) in again and not self._is_rightly_bound(row, after)]
            if back:
                self.tell("not_kept", **_rows_evidence(back))
        missed = [
            row
            for row in self.desired.reset
            if (row.licence.casefold(), row.workstation.casefold()) not in {_pair(one) for one in changed}
        ]
        if missed:
            self.tell("nothing_to_reset", **_rows_evidence([row.model_dump() for row in missed]))

    def _is_rightly_bound(self, row: Row, after: Sequence[Row]) -> bool:
        """Whether the application bound this workstation's licence anew at once, and to no other: that was the aim."""
        is_own = row[WORKSTATION].casefold() == self.answer.host.computer_name.casefold()
        return is_own and row[LICENCE].casefold() not in bound_twice(after)

    def _bound_now(self) -> tuple[Row, ...]:
        return bound_rows(self.answer, unbound_word(self.licences))

    def undone(self) -> None:
        """What became of the resets that were to be taken back."""
        if self.read_only or not self.desired.undo or self.answer.status is not Status.DONE:
            return
        given: list[RecordChange] = []
        missed: list[Row] = []
        for number, change in enumerate(self.desired.undo):
            outcome = self.done.get(f"{asked.UNDO}_{number}")
            if outcome is not None and outcome.records:
                given += outcome.records
            else:
                missed.append(change.before)
        if given:
            rows = [change.after for change in given if change.after]
            self.tell("would_undo" if self.answer.dry_run else "undone", **_rows_evidence(rows))
        if missed:
            self.tell("nothing_to_undo", **_rows_evidence(missed))


def judge_licence(
    answer: Answer, profile: Profile, desired: DesiredLicence, *, read_only: bool, share_fails: bool = False
) -> list[Finding]:
    """Every finding of the sheet "Résoudre un problème de licence" on one host.

    Args:
        answer: to a request that held `licence_parts(profile, desired, read_only=read_only)`; may be of any status,
            and anything may be missing in it.
        profile: where the bindings are.
        desired: what was to be reset or given back.
        read_only: a report looked.
        share_fails: the share sheet tells why the database's folder is not reached.
    """
    if profile.licences is None:
        return [make_finding(KINDS, "licence.not_in_profile", Sheet.LICENCE)]
    judge = _Judge(answer, profile.licences, desired, read_only=read_only)
    judge.bindings(share_fails=share_fails)
    judge.resets()
    judge.undone()
    judge.log()
    return judge.found


def _is_bound(row: Row, unbound: str) -> bool:
    name = row.get(WORKSTATION, "").strip()
    return LICENCE in row and bool(name) and name.casefold() != unbound.strip().casefold()


def _pair(row: Row) -> tuple[str, str]:
    return row.get(LICENCE, "").casefold(), row.get(WORKSTATION, "").casefold()


def _rows_evidence(rows: Sequence[Row]) -> dict[str, str | int | None]:
    return {
        "licence": joined(row.get(LICENCE, "") for row in rows),
        "workstations": joined(row.get(WORKSTATION, "") for row in rows),
        "count": len(rows),
    }
