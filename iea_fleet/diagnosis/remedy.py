"""What a plan for one host says: remedies in order, what each needs, and the one round that does what is due."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from iea_fleet.diagnosis.sheets import Task
from iea_fleet.model.desired import Binding, DesiredLicence, ShareRemedy
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.request import AsWhom, ExpectedHost


class Need(StrEnum):
    """What a person has to give before a remedy is due."""

    PASSWORD = "password"  # noqa: S105 - the need of one, not one
    """The password of the day, which the vendor tells by mail."""
    RESTART = "restart"
    """The leave to restart the workstation."""
    WINDOW = "window"
    """The site's maintenance window, outside which no workstation is restarted; nobody gives it, it opens."""


START_SERVICE: Final = "plan.start_service"
RESTORE_DRIVE: Final = "plan.restore_drive"
RECONNECT: Final = "plan.reconnect"
RESTART: Final = "plan.restart"
RELEASE_SESSION: Final = "plan.release_session"
RESET_LICENCE: Final = "plan.reset_licence"
SAVE_CONNECTION: Final = "plan.save_connection"
ASSISTANCE_OFF: Final = "plan.assistance_off"
RELAUNCH: Final = "plan.relaunch"
REINSTALL: Final = "plan.reinstall"

SHARE_REMEDIES: Final = {
    ShareRemedy.RESTORE_DRIVE: RESTORE_DRIVE,
    ShareRemedy.RECONNECT: RECONNECT,
    ShareRemedy.START_SERVICE: START_SERVICE,
    ShareRemedy.RESTART: RESTART,
}


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do.

    Args:
        said: what it is, for `iea_fleet.report.wording.words`; its code is one of these, its sheet the sheet.
        causes: the findings that it is for.
        needs: what has to be given first.
        bindings: the rows to reset, of `plan.reset_licence`.
    """

    said: Finding
    causes: tuple[Finding, ...]
    needs: frozenset[Need] = frozenset()
    bindings: tuple[Binding, ...] = ()

    @property
    def code(self) -> str:
        """Which remedy."""
        return self.said.code

    @property
    def sheet(self) -> Sheet:
        """Whose."""
        return self.said.sheet


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about one host.

    Args:
        remedies: in the order share, session, licence, connection, assistance, relaunch.
        hand_over: what can't be mended from afar, the weightiest first.
        given: what was given of what remedies need.
        force: a live session is released too.
        expect_host: who was looked at, and must be the one that is mended.
    """

    remedies: tuple[Remedy, ...]
    hand_over: tuple[Finding, ...]
    given: frozenset[Need] = frozenset()
    force: bool = False
    expect_host: ExpectedHost = field(default_factory=ExpectedHost)

    @property
    def due(self) -> tuple[Remedy, ...]:
        """The remedies that can be done now."""
        return tuple(remedy for remedy in self.remedies if remedy.needs <= self.given)

    @property
    def lacking(self) -> frozenset[Need]:
        """What has to be given before the others can."""
        return frozenset(need for remedy in self.remedies for need in remedy.needs) - self.given

    def task(self, task: Task) -> Task:
        """The one round that does everything that is due and looks again at all sheets.

        What is not due is only looked at: no requirement and no write of it can keep the rest from being done.

        Args:
            task: the look that the plan was made from.
        """
        due = {remedy.code for remedy in self.due}
        mend = tuple(remedy for remedy, code in SHARE_REMEDIES.items() if code in due)
        bindings = tuple(binding for remedy in self.due for binding in remedy.bindings)
        session = {"release": RELEASE_SESSION in due, "user": None, "workstation": None, "force": self.force}
        return replace(
            task,
            read_only=False,
            dry_run=False,
            expect_host=self.expect_host,
            share=task.share.model_copy(update={"mend": mend, "as_whom": self._as_whom(task.share.as_whom)}),
            session=task.session.model_copy(update=session),
            licence=DesiredLicence(reset=tuple(dict.fromkeys(bindings))),
            connection=task.connection.model_copy(update={"save": SAVE_CONNECTION in due, "relaunch": RELAUNCH in due}),
            assistance=task.assistance.model_copy(update={"mode": "off" if ASSISTANCE_OFF in due else "as_is"}),
        )

    def _as_whom(self, everybody: tuple[AsWhom, ...]) -> tuple[AsWhom, ...]:
        """As whom to look: who could not reach the share comes first, and so decides about a restart."""
        failing = {
            whom
            for remedy in self.due
            if remedy.code == RESTART
            for whom in remedy.said.evidence.get("as_whom", "").split(", ")
        }
        return tuple(sorted(everybody, key=lambda whom: whom.value not in failing))
