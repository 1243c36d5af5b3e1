"""What an answer says about the database's folder: reached or not, as whom, why not, and what was done about it."""

from __future__ import annotations

import datetime as dt

from iea_fleet.diagnosis import share as asked
from iea_fleet.diagnosis.database import FOLDER
from iea_fleet.diagnosis.kind import joined, make_finding
from iea_fleet.diagnosis.opening import opening_evidence
from iea_fleet.diagnosis.rights import plain_account
from iea_fleet.diagnosis.share import KINDS
from iea_fleet.diagnosis.share_codes import fault_of, is_double_hop
from iea_fleet.diagnosis.told import Told, facts_of
from iea_fleet.model.answer import Answer, PeopleFacts, PlaceState, ServiceFacts, SettingFacts, ShareFacts, ShareLayer
from iea_fleet.model.desired import DesiredShare, ShareRemedy
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import AsWhom

_Key = tuple[str, str, str, int]
"""Fault, layer, server and Windows' code: what makes two looks tell the same."""
_DECLINED = 1223  # ERROR_CANCELLED: the person at the screen said no
_REMEDIES = (asked.START_SERVICE, asked.RESTORE_DRIVE, *asked.RECONNECT.values())


class _Judge:
    """Reads one answer; every method adds the findings of one subject."""

    def __init__(
        self,
        answer: Answer,
        desired: DesiredShare,
        *,
        read_only: bool,
        dry_run: bool,
        restart_opens: dt.datetime | None,
    ) -> None:
        self.answer = answer
        self.told = Told.by(answer)
        self.desired = desired
        self.read_only, self.dry_run, self.restart_opens = read_only, dry_run, restart_opens
        self.found: list[Finding] = []
        self.with_credentials = desired.username is not None and desired.password is not None
        people = facts_of(self.told.before, asked.PEOPLE, PeopleFacts)
        self.people = joined(people.people) if people is not None else ""

    def tell(self, code: str, **evidence: str | int | None) -> None:
        """Add one finding."""
        self.found.append(make_finding(KINDS, f"share.{code}", Sheet.SHARE, **evidence))

    def folder_is_set(self) -> bool:
        """Whether the application's own setting names a folder; where the request names one this does not matter."""
        setting = facts_of(self.told.latest, asked.SETTING, SettingFacts)
        if self.desired.path is not None or setting is None or any(place.value for place in setting.places):
            return True
        is_read = all(place.state in {PlaceState.PRESENT, PlaceState.ABSENT} for place in setting.places)
        self.tell(
            "folder_not_set" if is_read else "folder_not_read",
            place=joined(place.place for place in setting.places) or None,
        )
        return False

    def service(self) -> None:
        """The Workstation service, without which no share is reached."""
        before = facts_of(self.told.before, asked.SERVICE, ServiceFacts)
        now = facts_of(self.told.latest, asked.SERVICE, ServiceFacts)
        if now is not None and now.state in {"stopped", "paused"}:
            self.tell("service_stopped", service="LanmanWorkstation", state=now.state)
        elif before is not None and before.state in {"stopped", "paused"} and asked.START_SERVICE in self.told.work:
            self.tell("mended", remedy=asked.START_SERVICE, fault="service_stopped")

    def looks(self) -> None:
        """How far the folder was reached, as each of those who were asked to look."""
        now = [facts for facts in map(self._latest, self.desired.as_whom) if facts is not None]
        reached = [facts for facts in now if _is_reached(facts)]
        faults: dict[_Key, list[ShareFacts]] = {}
        for facts in now:
            if _is_reached(facts):
                continue
            if facts.layer is ShareLayer.IDENTITY:
                code = "nobody_logged_on" if facts.as_whom is AsWhom.USER else "task_failed"
                # Only an administrator sees who is logged on, or starts a task as somebody else.
                plain = plain_account(self.answer.host)
                self.tell("rights_missing" if plain else code, **self._evidence([facts]) | {"plain_account": plain})
            elif is_double_hop(facts, with_credentials=self.with_credentials):
                self.tell("not_judged_as_this_account", **self._evidence([facts]))
            else:
                key = (fault_of(facts), facts.layer.value, _server(facts).casefold(), facts.win32_code)
                faults.setdefault(key, []).append(facts)
        faults = _by_cause(faults)
        for (fault, *_), group in faults.items():
            self.tell(fault, **self._evidence(group))
        mended = [facts for facts in reached if self._failed_before(facts)]
        if mended:
            first = self._before(mended[0])
            evidence = self._evidence(mended) | {
                "fault": None if first is None else fault_of(first),
                "win32_code": None if first is None else first.win32_code or None,
                "remedy": self._done() or (asked.RESTART if asked.RESTART in self.told.work else None),
            }
            self.tell("mended", **evidence)
        elif reached and not faults:
            self.tell("reached" if any(facts.server for facts in reached) else "local", **self._evidence(reached))
        if now and not reached and not faults:
            self.tell("not_judged", **self._evidence(now))
        self._remedies(still_failing=bool(faults), mended=bool(mended))

    def _remedies(self, *, still_failing: bool, mended: bool) -> None:
        for name in _REMEDIES:
            outcome = self.told.work.get(name)
            if outcome is None:
                continue
            if self.dry_run:
                self.tell("would_mend", remedy=name)
            elif not outcome.ok:
                self.tell(
                    "remedy_failed",
                    remedy=name,
                    win32_code=outcome.win32_code or None,
                    message=outcome.message or None,
                )
        done = self._done()
        if done and still_failing and not mended and not self.dry_run:
            self.tell("still_failing", remedy=done)
        if self._restart_is_due():
            if self.restart_opens is not None:
                self.tell("restart_waits", **opening_evidence(self.restart_opens))
            elif self.dry_run:
                self.tell("would_mend", remedy=asked.RESTART)
        restart = self.told.work.get(asked.RESTART)
        if restart is not None:
            # The workstation itself never looks again after a restart; the controller does, once it is back.
            code = "restart_failed" if not restart.ok else "restarted" if self.answer.verify else "restart_begun"
            if not restart.ok and restart.win32_code == _DECLINED:
                code = "restart_declined"
            self.tell(
                code,
                people=self.people or None,
                win32_code=restart.win32_code or None,
                message=restart.message or None,
                delay_s=self.desired.restart_delay_s,
                plain_account=plain_account(self.answer.host) if code == "restart_failed" else None,
            )

    def _restart_is_due(self) -> bool:
        """Whether a restart is allowed, and what who looks first meets is a reason for one."""
        first = self._latest(self.desired.as_whom[0])
        if self.read_only or first is None or ShareRemedy.RESTART not in self.desired.mend:
            return False
        return str(first.win32_code) in asked.restart_codes(self.desired)

    def _done(self) -> str:
        return joined(name for name in _REMEDIES if name in self.told.work and self.told.work[name].ok)

    def _latest(self, whom: AsWhom) -> ShareFacts | None:
        return facts_of(self.told.latest, asked.PROBES[whom], ShareFacts)

    def _before(self, facts: ShareFacts) -> ShareFacts | None:
        return facts_of(self.told.before, facts.id, ShareFacts)

    def _failed_before(self, facts: ShareFacts) -> bool:
        before = self._before(facts)
        return before is not None and not _is_reached(before)

    def _evidence(self, group: list[ShareFacts]) -> dict[str, str | int | None]:
        """The facts of looks that have the same to tell; the words come from the first."""
        first = group[0]
        return {
            "path": first.path if first.path != FOLDER else None,
            "server": _server(first) or None,
            "addresses": joined(first.addresses) or None,
            "layer": first.layer.value,
            "as_whom": joined(facts.as_whom.value for facts in group),
            "account": joined(facts.account for facts in group) or None,
            "drive": first.drive or None,
            "drive_path": first.drive_path or None,
            "win32_code": first.win32_code or None,
            "message": first.message or None,
            "elapsed_ms": first.elapsed_ms,
            "people": self.people or None,
        }


def judge_share(
    answer: Answer,
    profile: Profile,
    desired: DesiredShare,
    *,
    read_only: bool,
    dry_run: bool,
    restart_opens: dt.datetime | None,
) -> list[Finding]:
    """Every finding of the sheet "Base de données inaccessible" on one host.

    Args:
        answer: to a request that held `share_parts(profile, desired)`; may be of any status, anything may be missing.
        profile: where the folder's path is kept.
        desired: as whom it was looked, with which credentials.
        read_only: nothing was to be done, whatever `desired` allows.
        dry_run: nothing was done; due steps are told as they would be.
        restart_opens: a restart was not asked for, though `desired` allows it: when the maintenance window opens.
    """
    judge = _Judge(answer, desired, read_only=read_only, dry_run=dry_run, restart_opens=restart_opens)
    if not asked.in_profile(profile, desired):
        judge.tell("not_in_profile")
        return judge.found
    judge.service()
    if judge.folder_is_set():
        judge.looks()
    return judge.found


def _is_reached(facts: ShareFacts) -> bool:
    return facts.ok and facts.layer is ShareLayer.NONE


def _by_cause(faults: dict[_Key, list[ShareFacts]]) -> dict[_Key, list[ShareFacts]]:
    """The same, without a drive's faults that a look at the same server by its name tells better.

    Of a drive Windows says less, and later: not how far the server was reached, and 53 where its name is not found.
    """
    by_name = {key: group for key, group in faults.items() if any(facts.server for facts in group)}
    by_drive = {}
    for key, group in faults.items():
        if key in by_name:
            continue
        better = [
            found
            for (fault, layer, server, _), found in by_name.items()
            if server == key[2] != "" and (fault == key[0] or layer in {ShareLayer.NAME, ShareLayer.TCP})
        ]
        if better:
            better[0].extend(group)
        else:
            by_drive[key] = group
    return {**by_name, **by_drive}


def _server(facts: ShareFacts) -> str:
    """Whose share it is; who looks by a drive's letter is not told, but what the drive stands for."""
    behind = facts.drive_path.removeprefix("\\\\")
    return facts.server or (behind.partition("\\")[0] if behind != facts.drive_path else "")
