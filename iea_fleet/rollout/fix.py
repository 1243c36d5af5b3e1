"""The course of `fix`: look, plan, agree, mend and verify, judge again; at most three turns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.remedy import RESTART, Need, Plan
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.finding import Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.window import MaintenanceWindows
from iea_fleet.rollout.repair import (
    ORDER,
    RESTART_DEADLINE_S,
    Case,
    InFleet,
    look_variables,
    plan_variables,
    undo_task,
)
from iea_fleet.rollout.settings import ASSISTANCE_PASSWORD
from iea_fleet.rollout.visit import Visit

TURNS: Final = 3
"""Remedies that are tried at most."""

_PASSWORD_REFUSED: Final = "assistance.password_refused"  # noqa: S105 - a finding, no password
_UNJUDGED: Final = frozenset({Verdict.UNREACHABLE, Verdict.REFUSED, Verdict.FAILED, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a technician asks for and allows.

    Args:
        case: only this; `None`: every sheet.
        force: live sessions may be released.
        restart: the workstation may be restarted, in a maintenance window of its site.
        any_time: outside of one as well.
        check: plan only.
    """

    case: Case | None = None
    force: bool = False
    restart: bool = False
    any_time: bool = False
    check: bool = False

    def restart_opens(self, windows: MaintenanceWindows) -> dt.datetime | None:
        """When a restart may be begun, in the site's zone; `None`: now, by this machine's clock."""
        return None if self.any_time else windows.closed_until(dt.datetime.now(dt.UTC))

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets to deal with."""
        return ORDER if self.case is None else self.case.sheets


class Person(Protocol):
    """The technician: sees what is found, agrees, and knows the password of the day."""

    def looks(self) -> None:
        """The look begins."""

    def found(self, outcome: Outcome) -> None:
        """The look is over."""

    def planned(self, plan: Plan) -> None:
        """A plan is made."""

    def agrees(self) -> bool:
        """Ask whether to do what was planned."""

    def password(self) -> str | None:
        """The password of the day, where it must be asked for; `None`: it is not known."""

    def another_password(self) -> str | None:
        """The password of the day again, as the workstation refused the last one; `None`: there is no other."""

    def works(self, *, may_restart: bool) -> None:
        """A remedy begins."""

    def done(self, outcome: Outcome) -> None:
        """A remedy is over."""


class End(StrEnum):
    """How it ended."""

    RIGHT = "right"
    """Nothing was wrong."""
    REPAIRED = "repaired"
    UNDONE = "undone"
    """A reset was taken back; what it had been for is so again."""
    LEFT = "left"
    """Something is left that can't be mended from afar, or was not."""
    PLANNED = "planned"
    """Only the plan was asked for, and it is to do something."""
    DECLINED = "declined"
    INTERRUPTED = "interrupted"
    """It was asked to end before anything was done."""
    NOT_JUDGED = "not_judged"
    """The workstation could not be judged."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of it.

    Args:
        end: how it ended.
        outcomes: of every round, the oldest first.
        plan: the last one; it tells what is left to hand over.
        turns: how many remedies were tried.
    """

    end: End
    outcomes: Sequence[Outcome]
    plan: Plan
    turns: int

    @property
    def handed_over(self) -> tuple[Outcome, ...]:
        """The rounds for who takes over: the last one also says what the plan alone found."""
        *earlier, last = self.outcomes
        more = tuple(finding for finding in self.plan.hand_over if finding not in last.findings)
        return (*earlier, last.model_copy(update={"findings": (*last.findings, *more)}))


class Fix:
    """One conversation about one host.

    Args:
        visit: the rounds with it.
        task: the look, as `repair.host_task` gives it.
        allowed: what the technician asks for and allows.
        person: the technician.
        knows_password: Ansible finds the password of the day by itself, in the environment or in the inventory; else
            it is asked for when it is needed.
        in_fleet: from what the host said to what the fleet knows (`repair.seen_in_fleet`).
        windows: the maintenance windows of the host's site.
    """

    def __init__(
        self,
        visit: Visit,
        task: Task,
        allowed: Allowed,
        person: Person,
        *,
        knows_password: bool,
        in_fleet: Callable[[Outcome], InFleet],
        windows: MaintenanceWindows,
    ) -> None:
        self._visit, self._allowed, self._person = visit, allowed, person
        self._knows_password, self._in_fleet, self._windows = knows_password, in_fleet, windows
        self._password: str | None = None
        self._gave_up = False
        self._task = replace(task, sheets=allowed.sheets)
        if allowed.case is Case.RELAUNCH:
            # The red heart alone was asked for: settings that are wrong are told, not corrected.
            self._task = replace(self._task, connection=task.connection.model_copy(update={"save": False}))
        self._tried: set[str] = set()

    def carry_out(self) -> Repair:
        """From the look to the last judgement."""
        self._person.looks()
        outcome = self._visit.look(look_variables(self._task))
        if self._visit.is_stopped:
            return self._ended(End.INTERRUPTED, Plan((), ()), 0)
        fleet = self._in_fleet(outcome)
        found = tuple(one.finding for one in fleet.found)
        self._person.found(outcome.model_copy(update={"findings": (*outcome.findings, *found)}))
        plan = self._plan(outcome, fleet)
        turns = 0
        agreed: tuple[object, ...] = ()
        while plan.remedies and turns < TURNS and not self._visit.is_stopped:
            refused = _is_refused(outcome)
            plan = self._with_another_password(plan, turns) if refused else self._with_password(plan, outcome, fleet)
            due = _asked_for(plan)
            if not refused or due != agreed:
                self._person.planned(plan)
            if not plan.due:
                break
            if self._allowed.check:
                return self._ended(End.PLANNED, plan, turns)
            if not set(due) <= set(agreed) and not self._person.agrees():
                return self._ended(End.DECLINED, plan, turns)
            agreed = due
            outcome = self._mend(plan)
            turns += 1
            # A refused password ended the round before anything that comes after the share was tried.
            self._tried |= {one.code for one in plan.due if one.sheet is Sheet.SHARE or not _is_refused(outcome)}
            self._person.done(outcome)
            fleet = self._in_fleet(outcome)
            plan = self._plan(outcome, fleet)
        if outcome.answer is None or outcome.verdict in _UNJUDGED:
            return self._ended(End.NOT_JUDGED, plan, turns)
        if plan.remedies or plan.hand_over:
            return self._ended(End.LEFT, plan, turns)
        return self._ended(End.REPAIRED if turns else End.RIGHT, plan, turns)

    def undo(self, changes: tuple[RecordChange, ...]) -> Repair:
        """Take a reset of licences back.

        Args:
            changes: of the reset, as `repair.last_reset` found them; at least one.
        """
        plan = Plan((), ())
        if self._allowed.check:
            return self._ended(End.PLANNED, plan, 0)
        if not self._person.agrees():
            return self._ended(End.DECLINED, plan, 0)
        self._person.works(may_restart=False)
        outcome = self._visit.mend(plan_variables(undo_task(self._task, changes)))
        self._person.done(outcome)
        codes = {finding.code for finding in outcome.findings}
        if "licence.undone" in codes and "licence.nothing_to_undo" not in codes:
            return self._ended(End.UNDONE, plan, 1)
        left = tuple(finding for finding in outcome.findings if finding.severity.is_grave)
        return self._ended(End.NOT_JUDGED if outcome.answer is None else End.LEFT, Plan((), left), 1)

    def _plan(self, outcome: Outcome, fleet: InFleet) -> Plan:
        return make_plan(
            replace(self._task, restart_opens=self._allowed.restart_opens(self._windows)),
            outcome,
            password_given=self._knows_password,
            restart_allowed=self._allowed.restart,
            force=self._allowed.force,
            tried=self._tried,
            standing=fleet.standing,
            fleet=fleet.found,
        )

    def _with_password(self, plan: Plan, outcome: Outcome, fleet: InFleet) -> Plan:
        """The plan, once the password of the day was asked for where it lacks."""
        if Need.PASSWORD not in plan.lacking or self._knows_password or self._gave_up or self._allowed.check:
            return plan
        self._password = self._person.password()
        self._knows_password = self._password is not None
        return self._plan(outcome, fleet) if self._knows_password else plan

    def _with_another_password(self, plan: Plan, turns: int) -> Plan:
        """The plan, once the password that was refused was asked for again.

        The last turn is kept for what needs no password, where there is something of the kind.
        """
        self._password = None if plan.due and turns == TURNS - 1 else self._person.another_password()
        self._knows_password = self._password is not None
        self._gave_up = not self._knows_password
        return replace(plan, given=plan.given | {Need.PASSWORD}) if self._knows_password else plan

    def _mend(self, plan: Plan) -> Outcome:
        variables = plan_variables(plan.task(self._task))
        may_restart = any(due.code == RESTART for due in plan.due)
        if may_restart:
            variables["iea_deadline_s"] = RESTART_DEADLINE_S
            if self._allowed.any_time:
                variables["iea_maintenance_windows"] = []
        if self._password is not None:
            variables[ASSISTANCE_PASSWORD] = self._password
        self._person.works(may_restart=may_restart)
        return self._visit.mend(variables)

    def _ended(self, end: End, plan: Plan, turns: int) -> Repair:
        return Repair(end, tuple(self._visit.outcomes), plan, turns)


def _is_refused(outcome: Outcome) -> bool:
    """Whether the workstation refused the password of the day."""
    return any(finding.code == _PASSWORD_REFUSED for finding in outcome.findings)


def _asked_for(plan: Plan) -> tuple[object, ...]:
    """What a person agrees to: each remedy that is due with what it concerns, apart from ages, which only go on."""
    return tuple(
        (
            one.code,
            one.bindings,
            frozenset((name, told) for name, told in one.said.evidence.items() if name != "age_min"),
        )
        for one in plan.due
    )
