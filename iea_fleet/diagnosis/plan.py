"""From what was found on one host to what is to be done about it: remedies in order, and what has to be handed over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from iea_fleet.diagnosis.fleet import LICENCE_REINSTALL, FleetFinding
from iea_fleet.diagnosis.kind import Kind, joined, make_finding
from iea_fleet.diagnosis.licence import LICENCE, WORKSTATION
from iea_fleet.diagnosis.licence_choice import Row, Standing, choose
from iea_fleet.diagnosis.licence_findings import bound_rows, bound_twice, own_licence, unbound_word
from iea_fleet.diagnosis.opening import opening_evidence
from iea_fleet.diagnosis.relaunch import heart
from iea_fleet.diagnosis.remedy import (
    ASSISTANCE_OFF,
    RECONNECT,
    REINSTALL,
    RELAUNCH,
    RELEASE_SESSION,
    RESET_LICENCE,
    RESTART,
    RESTORE_DRIVE,
    SAVE_CONNECTION,
    SHARE_REMEDIES,
    START_SERVICE,
    Need,
    Plan,
    Remedy,
)
from iea_fleet.diagnosis.share_codes import FAULTS
from iea_fleet.diagnosis.sheets import KINDS as FINDING_KINDS
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.diagnosis.told import Told
from iea_fleet.diagnosis.transaction import OTHER_HOST
from iea_fleet.model.answer import Answer, Step
from iea_fleet.model.desired import Binding, ShareRemedy
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import AsWhom, ExpectedHost
from iea_fleet.model.text import SHOWN_CHARACTERS, neutralise

MOST_RESETS: Final = 64
"""Bindings that one round resets (`DesiredLicence`); a list with more faults than that is handed over."""
_REMEDY = Kind(Severity.INFO, Verdict.DRIFT)
KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        (
            START_SERVICE,
            RESTORE_DRIVE,
            RECONNECT,
            RESTART,
            RELEASE_SESSION,
            RESET_LICENCE,
            SAVE_CONNECTION,
            ASSISTANCE_OFF,
            RELAUNCH,
        ),
        _REMEDY,
    ),
    REINSTALL: Kind(Severity.WARNING, Verdict.DRIFT),
}
"""What a plan says, by code: each remedy, and the one thing that it alone finds to hand over."""
_SHEETS: Final = {
    **dict.fromkeys((START_SERVICE, RESTORE_DRIVE, RECONNECT, RESTART), Sheet.SHARE),
    RELEASE_SESSION: Sheet.SESSION,
    RESET_LICENCE: Sheet.LICENCE,
    SAVE_CONNECTION: Sheet.CONNECTION,
    ASSISTANCE_OFF: Sheet.ASSISTANCE,
    RELAUNCH: Sheet.CONNECTION,
}


def make_plan(
    task: Task,
    outcome: Outcome,
    *,
    password_given: bool = False,
    restart_allowed: bool = False,
    force: bool = False,
    tried: Collection[str] = (),
    standing: Callable[[str, str], Standing] | None = None,
    fleet: Collection[FleetFinding] = (),
) -> Plan:
    """What to do about one host.

    Args:
        task: what was asked; `restart_opens` of it is of the moment for which the plan is made.
        outcome: of a look (`read_only`), or of an earlier remedy round.
        password_given: there is a password of the day for this host.
        restart_allowed: the workstation may be restarted.
        force: release the workstation's session although the program runs.
        tried: codes of remedies that were done in this visit already; none is planned twice.
        standing: what the fleet knows of a workstation and a licence of this host's site (`fleet.Fleet.standing`);
            `None`: nobody looked at others.
        fleet: licences that other hosts have as well and that this one's own findings do not tell; with the resets of
            this host's site.
    """
    if outcome.answer is None or any(finding.code in OTHER_HOST for finding in outcome.findings):
        return Plan((), _to_hand_over(outcome.findings, ()), expect_host=task.expect_host)
    planner = _Planner(task, outcome, outcome.answer, force=force, tried=frozenset(tried), standing=standing)
    planner.make()
    planner.across(fleet)
    password_works = password_given and "assistance.password_refused" not in planner.codes
    given = {Need.PASSWORD: password_works, Need.RESTART: restart_allowed}
    host = outcome.answer.host
    expect = task.expect_host
    return Plan(
        remedies=tuple(planner.remedies),
        hand_over=_to_hand_over((*outcome.findings, *(one.finding for one in fleet), *planner.found), planner.covered),
        given=frozenset(need for need, is_given in given.items() if is_given),
        force=force,
        expect_host=ExpectedHost(
            computer_name=expect.computer_name or host.computer_name,
            machine_id=expect.machine_id or host.machine_id or None,
        ),
    )


class _Planner:
    """Reads one outcome; every method adds the remedies of one sheet and marks the findings that they are for."""

    def __init__(
        self,
        task: Task,
        outcome: Outcome,
        answer: Answer,
        *,
        force: bool,
        tried: frozenset[str],
        standing: Callable[[str, str], Standing] | None,
    ) -> None:
        self.task, self.answer, self.force = task, answer, force
        if answer.error is not None and answer.error.step is Step.ACT:
            # What came after the step that failed was not tried at all.
            tried &= frozenset(SHARE_REMEDIES.values())
        self.tried = tried
        self.standing = standing or self._only_itself
        self.fleet_known = standing is not None
        self.findings = outcome.findings
        self.codes = frozenset(finding.code for finding in outcome.findings)
        self.remedies: list[Remedy] = []
        self.found: list[Finding] = []
        self.covered: list[Finding] = []

    def make(self) -> None:
        """Everything, in order."""
        self._share()
        self._session()
        self._licence()
        self._connection()

    def _add(
        self,
        code: str,
        causes: Collection[Finding],
        evidence: Mapping[str, str | int | None],
        needs: Collection[Need] = (),
        bindings: tuple[Binding, ...] = (),
    ) -> bool:
        """Plan a remedy unless it was tried."""
        if code in self.tried:
            return False
        self.covered += causes
        if not bindings and any(remedy.code == code for remedy in self.remedies):
            return True
        said = make_finding(KINDS, code, _SHEETS[code], **evidence)
        self.remedies.append(Remedy(said, tuple(causes), frozenset(needs), bindings))
        return True

    def _those(self, *codes: str) -> tuple[Finding, ...]:
        """The findings of these codes; a code that ends in a dot stands for all that begin so."""
        return tuple(
            finding
            for finding in self.findings
            if finding.code in codes or any(code.endswith(".") and finding.code.startswith(code) for code in codes)
        )

    def _share(self) -> None:
        faults = [f for f in self.findings if f.sheet is Sheet.SHARE and f.code.removeprefix("share.") in FAULTS]
        stopped = self._those("share.service_stopped")
        # Without the service no share is reached, so what is said of the share means nothing yet.
        if stopped and self._add(START_SERVICE, (*stopped, *faults), {"service": stopped[0].evidence.get("service")}):
            return
        failed = self._those("share.remedy_failed", "share.still_failing")
        opening = opening_evidence(self.task.restart_opens)
        needs = {Need.RESTART, Need.WINDOW} if opening else {Need.RESTART}
        for fault in faults:
            remedies = FAULTS[fault.code.removeprefix("share.")].remedies
            evidence = {name: fault.evidence.get(name) for name in ("path", "server", "drive", "drive_path", "as_whom")}
            mended = False
            for remedy in (ShareRemedy.RESTORE_DRIVE, ShareRemedy.RECONNECT):
                if remedy in remedies and not failed and self._can(remedy, fault):
                    mended |= self._add(SHARE_REMEDIES[remedy], (fault,), evidence)
            if not mended and ShareRemedy.RESTART in remedies:
                self._add(RESTART, (fault, *failed), {**evidence, **opening}, needs)
        if opening and any(remedy.code == RESTART for remedy in self.remedies):
            self.found.append(make_finding(FINDING_KINDS, "share.restart_waits", Sheet.SHARE, **opening))

    def _can(self, remedy: ShareRemedy, fault: Finding) -> bool:
        """Whether a remedy is one for those as whom the fault was found."""
        whom = set(fault.evidence.get("as_whom", "").split(", "))
        mends = {AsWhom.USER.value} if remedy is ShareRemedy.RESTORE_DRIVE else {AsWhom.USER.value, AsWhom.LOGON.value}
        return remedy in self.task.share.mend and bool(whom & mends)

    def _session(self) -> None:
        causes = self._those("session.stale", *(("session.live", "session.live_kept") if self.force else ()))
        if causes:
            names = ("users", "workstation", "since", "age_min", "count")
            evidence = {name: causes[0].evidence.get(name) for name in names}
            self._add(RELEASE_SESSION, causes, evidence)

    def _licence(self) -> None:
        licences = self.task.profile.licences
        concerned = self._those("licence.twice", "licence.bound_elsewhere")
        if licences is None or not concerned:
            return
        rows = bound_rows(self.answer, unbound_word(licences))
        told = {finding.evidence.get("licence", "").casefold(): finding for finding in concerned}
        groups = dict(bound_twice(rows))
        own = own_licence(self.answer)
        if own is not None and own.casefold() not in groups:
            groups[own.casefold()] = tuple(row for row in rows if row[LICENCE].casefold() == own.casefold())
        for licence, same in groups.items():
            finding = told.get(licence)
            if finding is None or not same:
                continue
            self._bindings(finding, same)

    def _bindings(self, finding: Finding, rows: Sequence[Row]) -> None:
        """What to reset of the bindings of one licence, which a finding concerns."""
        unique = tuple({row[WORKSTATION].casefold(): row for row in rows}.values())
        choice = choose(
            unique,
            [self.standing(row[WORKSTATION], row[LICENCE]) for row in unique],
            self.task.profile.moment_format,
            without_row=int(finding.code == "licence.bound_elsewhere"),
        )
        # One host alone can't tell that resetting won't last: first the sheet's way, then, when it did not help, this.
        if choice.reinstall and (self.fleet_known or RESET_LICENCE in self.tried):
            words = {"licence": unique[0][LICENCE], "workstations": _names(unique)}
            self.found.append(make_finding(KINDS, REINSTALL, Sheet.LICENCE, **words))
        planned = sum(len(remedy.bindings) for remedy in self.remedies)
        if choice.reset and planned + len(choice.reset) <= MOST_RESETS and _can_be_shown(choice.reset):
            self._add(
                RESET_LICENCE,
                (finding,),
                {
                    "licence": unique[0][LICENCE],
                    "workstations": _names(choice.reset),
                    "reset_reason": choice.reason,
                },
                bindings=tuple(Binding(licence=row[LICENCE], workstation=row[WORKSTATION]) for row in choice.reset),
            )

    def across(self, fleet: Collection[FleetFinding]) -> None:
        """What the fleet's choice resets in the list that this host reads; the rest is for those that read theirs."""
        licences = self.task.profile.licences
        rows = () if licences is None else bound_rows(self.answer, unbound_word(licences))
        here = {(row[LICENCE].casefold(), row[WORKSTATION].casefold()): row for row in rows}
        name = self.answer.host.computer_name.casefold()
        for one in fleet:
            row = here.get((one.finding.evidence.get("licence", "").casefold(), name))
            chosen = any(reset.binding.workstation.casefold() == name for reset in one.resets)
            if row is None or not chosen or not _can_be_shown((row,)):
                continue
            self._add(
                RESET_LICENCE,
                # Where one has to be installed again, that is left to do when this is done.
                () if one.finding.code == LICENCE_REINSTALL else (one.finding,),
                {
                    "licence": row[LICENCE],
                    "workstations": row[WORKSTATION],
                    "reset_reason": one.finding.evidence.get("reset_reason"),
                },
                bindings=(Binding(licence=row[LICENCE], workstation=row[WORKSTATION]),),
            )

    def _only_itself(self, workstation: str, licence: str) -> Standing:
        """What one host knows by itself: its own licence, nothing of others."""
        if workstation.casefold() != self.answer.host.computer_name.casefold():
            return Standing.UNKNOWN
        own = own_licence(self.answer)
        if own is None:
            return Standing.ANSWERS
        return Standing.OWNER if own.casefold() == licence.casefold() else Standing.OTHER_LICENCE

    def _connection(self) -> None:
        profile = self.task.profile
        scarab = self._those("assistance.on", "connection.assistance_on", "connection.assistance_in_the_way")
        setting = profile.connection.assistance
        by_command = setting is not None and setting.turn_off is not None
        needs = {Need.PASSWORD} if scarab and by_command else set[Need]()
        wrong = self._those("connection.differs.", "connection.would_correct.")
        failed = self._those("connection.test_failed.")
        case_3 = self._those("connection.authorisation_refused", "connection.licence_not_recognised")
        if wrong and failed:
            # They are told beside the failed test, which is what stands in their way.
            self.covered += wrong
        elif wrong and self.task.connection.save:
            self._add(SAVE_CONNECTION, (*wrong, *case_3), {"count": len(wrong)}, needs)
        if scarab:
            refused = self._those("assistance.password_refused", "assistance.password_needed")
            who = {name: scarab[0].evidence.get(name) for name in ("by", "since", "age_min")}
            self._add(ASSISTANCE_OFF, (*scarab, *refused), who, needs)
        state = heart(Told.by(self.answer).latest, profile)
        red = self._those("relaunch.red_heart")
        # Out of assistance mode the ball comes back with the red heart, as the sheet shows.
        due = red or scarab or (state == "refused" and wrong) or (failed and state != "connected")
        can = profile.connection.relaunch is not None and not self._those("relaunch.refused.", "relaunch.failed")
        if due and can:
            server = failed[0].evidence.get("server") if failed else None
            self._add(RELAUNCH, (*red, *failed), {"server": server}, needs)


def _to_hand_over(findings: Collection[Finding], covered: Collection[Finding]) -> tuple[Finding, ...]:
    """What is wrong and no remedy is for."""
    return tuple(finding for finding in findings if finding not in covered and _is_wrong(finding))


def _is_wrong(finding: Finding) -> bool:
    kind = FINDING_KINDS.get(finding.code) or KINDS.get(finding.code)
    votes_well = kind is not None and kind.votes in {Verdict.OK, Verdict.CHANGED}
    return finding.severity.is_grave and not votes_well


def _can_be_shown(rows: Sequence[Row]) -> bool:
    """Whether who is asked to agree sees all of it: what is cut off on the screen was not agreed to."""
    texts = (rows[0][LICENCE], _names(rows))
    return all(len(neutralise(text)) <= SHOWN_CHARACTERS for text in texts)


def _names(rows: Sequence[Row]) -> str:
    return joined(row[WORKSTATION] for row in rows)
