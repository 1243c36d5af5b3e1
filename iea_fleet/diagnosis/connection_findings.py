"""What an answer says about the connection: the sheet's three cases and everything that lies between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from iea_fleet.diagnosis import connection as asked
from iea_fleet.diagnosis.connection import KINDS
from iea_fleet.diagnosis.kind import joined, make_finding
from iea_fleet.diagnosis.rights import plain_account
from iea_fleet.diagnosis.servers import (
    AUTHENTICATION,
    UPDATE,
    certificate_evidence,
    ending_certificates,
    failures,
)
from iea_fleet.diagnosis.version import application_version
from iea_fleet.diagnosis.win32 import ACCESS_DENIED, LOCKED
from iea_fleet.model.answer import (
    Answer,
    LogFacts,
    Place,
    PlaceState,
    ProbeFacts,
    ProcessFacts,
    ServiceFacts,
    SettingFacts,
    Status,
    UrlFacts,
)
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import RestartProcess, RestartService


@dataclass(frozen=True, slots=True)
class _Difference:
    """One place of a setting that is not, or was not, as wanted."""

    what: str
    """`corrected`, `would_correct`, `differs` or `not_kept`."""
    setting: str
    before: str
    after: str
    place: str


class _Judge:
    """Reads one answer; every method adds the findings of one subject."""

    def __init__(self, answer: Answer, profile: Profile, desired: DesiredConnection, *, read_only: bool) -> None:
        self.answer, self.profile, self.desired, self.read_only = answer, profile, desired, read_only
        self.before: Mapping[str, ProbeFacts] = {facts.id: facts for facts in answer.probes}
        self.verified: Mapping[str, ProbeFacts] = {facts.id: facts for facts in answer.verify}
        self.latest: Mapping[str, ProbeFacts] = {**self.before, **self.verified}
        self.found: list[Finding] = []
        self.damaged: frozenset[str] = frozenset()
        self.not_installed = False
        self.version = application_version(answer)

    def tell(self, code: str, **evidence: str | int | None) -> None:
        """Add one finding."""
        self.found.append(make_finding(KINDS, f"connection.{code}", Sheet.CONNECTION, **evidence))

    # -- the settings ------------------------------------------------------------------------------------------------

    def settings(self) -> None:
        """Right, corrected, to correct, different, damaged or out of sight."""
        read = {name: facts for name, facts in self.before.items() if isinstance(facts, SettingFacts)}
        ours = {name: read[name] for name in asked.SETTINGS if name in read}
        damaged = self._damage(ours)
        homeless = [name for name, facts in ours.items() if not facts.places]
        if homeless:
            self.tell("nobody_logged_on", settings=", ".join(homeless))
        differences: dict[tuple[str, str], list[_Difference]] = {}
        for one in self._differences(ours):
            differences.setdefault((one.what, one.setting), []).append(one)
        for group in differences.values():
            self._tell_difference(group)
        judged = len(ours) == len(asked.SETTINGS) and self.answer.status is Status.DONE
        if judged and not (damaged or homeless or differences):
            tests = self._tests(self.latest)
            both_fine = len(tests) == 2 and all(facts.ok for _, facts in tests.values())
            mode = asked.wanted_values(self.profile, self.desired)[asked.MODE]
            self.tell(
                "already_right" if both_fine else "settings_right",
                after=mode,
                mode_after=self._mode_word(mode),
                authentication_url=self.desired.authentication_url,
                update_url=self.desired.update_url,
            )

    def _damage(self, settings: Mapping[str, SettingFacts]) -> bool:
        by_code: dict[str, list[tuple[str, Place]]] = {}
        for name, facts in settings.items():
            for place in facts.places:
                code = _damage_code(place)
                if code is not None:
                    by_code.setdefault(code, []).append((name, place))
        for code, hits in by_code.items():
            first = hits[0][1]
            self.not_installed |= code == "file_missing"
            self.damaged |= {place.place for _, place in hits}
            self.tell(
                code,
                place=joined(place.place for _, place in hits),
                settings=joined(name for name, _ in hits),
                win32_code=first.win32_code or None,
                message=first.message or None,
                plain_account=plain_account(self.answer.host) if code == "settings_denied" else None,
            )
        return bool(by_code)

    def _differences(self, settings: Mapping[str, SettingFacts]) -> Iterable[_Difference]:
        wanted = asked.wanted_values(self.profile, self.desired)
        outcomes = {outcome.id: outcome.places for outcome in self.answer.ensure}
        done = self.answer.status is Status.DONE
        written = "differs" if self.read_only else "would_correct" if self.answer.dry_run else "corrected"
        for name, facts in settings.items():
            changes = outcomes.get(name) if done else None
            if changes is None:
                for place in facts.places:
                    if _damage_code(place) is None and place.value != wanted[name]:
                        yield _Difference("differs", name, place.value or "", wanted[name], place.place)
                continue
            for change in changes:
                if change.changed and change.after == wanted[name]:
                    yield _Difference(written, name, change.before or "", wanted[name], change.place)
                elif change.changed or change.before != wanted[name]:
                    found = change.after if change.changed else change.before
                    yield _Difference("not_kept", name, found or "", wanted[name], change.place)
            changed = {change.place for change in changes if change.changed}
            for place in facts.places:
                # The workstation read a wrong value and says that nothing had to change there: one of the two is false.
                if place.value != wanted[name] and place.place not in changed:
                    yield _Difference("not_kept", name, place.value or "", wanted[name], place.place)
            verified = self.verified.get(name)
            if isinstance(verified, SettingFacts):
                for place in verified.places:
                    if place.value != wanted[name]:
                        yield _Difference("not_kept", name, place.value or "", wanted[name], place.place)

    def _tell_difference(self, group: list[_Difference]) -> None:
        """One finding for all places of one setting that have the same to tell."""
        what, setting, after = group[0].what, group[0].setting, group[0].after
        evidence = {
            "before": joined(one.before for one in group),
            "after": after,
            "place": joined(one.place for one in group),
        }
        if setting == asked.MODE:
            evidence["mode_before"] = joined(self._mode_word(one.before) for one in group)
            evidence["mode_after"] = self._mode_word(after)
            self.tell(f"{what}.mode", **evidence)
        else:
            self.tell(f"{what}.address", setting=setting, **evidence)

    def _mode_word(self, value: str) -> str:
        """`secure` or `plain` as the profile spells them, else the value itself."""
        mode = self.profile.connection.mode
        return {mode.secure: "secure", mode.plain: "plain"}.get(value, value)

    # -- the two servers ---------------------------------------------------------------------------------------------

    def servers(self) -> None:
        """Case 2: a failed test, before or after the change; and certificates that end soon."""
        now = self.answer.host.time
        before, latest = self._tests(self.before), self._tests(self.latest)
        for failure in failures(before, now):
            self.tell(f"test_failed.{failure.reason}", server=failure.server, **self._support(), **failure.evidence)
        lost = {server: test for server, test in latest.items() if server in before and before[server][1].ok}
        for failure in failures(lost, now):
            self.tell(
                "test_failed_after", server=failure.server, reason=failure.reason, **self._support(), **failure.evidence
            )
        for server, certificate, days in ending_certificates(latest, now):
            self.tell("certificate_ends", server=server, days=days, **certificate_evidence(certificate))

    def _tests(self, facts: Mapping[str, ProbeFacts]) -> dict[str, tuple[str, UrlFacts]]:
        urls = {
            AUTHENTICATION: (asked.AUTHENTICATION_TEST, self.desired.authentication_url),
            UPDATE: (asked.UPDATE_TEST, self.desired.update_url),
        }
        tests = {}
        for server, (probe, url) in urls.items():
            result = facts.get(probe)
            if isinstance(result, UrlFacts):
                tests[server] = (url, result)
        return tests

    # -- what the program says of its start --------------------------------------------------------------------------

    def start(self) -> None:
        """Case 3: the servers answer and the log says that the start was refused.

        The log's dates can't be trusted (language, clock), so the last line that matches is the evidence.
        """
        log = self.latest.get(asked.REFUSALS)
        if not isinstance(log, LogFacts):
            return
        path = self.profile.refusals.path if self.profile.refusals is not None else None
        if log.state == "unreadable":
            self.tell("log_unreadable", place=path)
        tests = self._tests(self.latest)
        reached = len(tests) == 2 and all(facts.ok for _, facts in tests.values())
        matches = {match.pattern: match for match in log.matches}
        for pattern in (asked.AUTHORISATION_REFUSED, asked.LICENCE_NOT_RECOGNISED):
            match = matches.get(pattern)
            if match is not None:
                self.tell(
                    pattern if reached else "refusal_logged",
                    line=match.line,
                    count=match.count,
                    place=path,
                    **self._support(),
                )

    def application(self) -> None:
        """Whether process and service run; an installation that is not there has neither."""
        if self.not_installed:
            return
        restart = self.profile.application.restart
        restarted = restart is not None and any(step.id == restart.id and step.ok for step in self.answer.after)
        restart_to_come = self.answer.dry_run and not self.read_only and self.answer.changed and restart is not None
        service = self.latest.get(asked.SERVICE)
        if isinstance(restart, RestartService) and isinstance(service, ServiceFacts) and not restart_to_come:
            if service.state == "absent":
                self.tell("service_absent", service=restart.name)
            elif service.state not in {"running", "unsupported"}:
                self.tell("service_not_running", service=restart.name, state=service.state)
        process = self.latest.get(asked.PROCESS)
        if isinstance(process, ProcessFacts) and not process.running:
            name = self.profile.application.process
            ours = isinstance(restart, RestartProcess) and restart.name == name
            self.tell("not_running_after_restart" if ours and restarted else "process_not_running", process=name)

    # -- assistance mode and version ---------------------------------------------------------------------------------

    def assistance(self, *, told: bool) -> None:
        """The red scarab: in the way of a push, or found by a report; `unclear` when it is neither on nor off.

        Where its own judgement tells the rest (`told`), only that it is in the way is said here.
        """
        setting = self.profile.connection.assistance
        facts = self.latest.get(asked.ASSISTANCE)
        if setting is None or not isinstance(facts, SettingFacts):
            return
        if any(place.value == setting.on for place in facts.places):
            if self.answer.status is Status.REFUSED:
                self.tell("assistance_in_the_way", place=_places(facts))
            elif not told:
                self.tell("assistance_on", place=_places(facts))
            return
        if told:
            return
        unclear = [
            place
            for place in facts.places
            if place.value != setting.off
            and place.state not in {PlaceState.ABSENT, PlaceState.FILE_MISSING}
            and place.place not in self.damaged
        ]
        if unclear:
            found = joined(place.value or place.state.value for place in unclear)
            self.tell("assistance_unclear", found=found, place=joined(place.place for place in unclear))

    def versions(self) -> None:
        """A version that can't go into the subject of a support request."""
        facts = self.latest.get(asked.VERSION)
        if self.version is not None or self.not_installed or not isinstance(facts, SettingFacts):
            return
        told = joined(place.value for place in facts.places if place.value)
        if told:
            self.tell("version_invalid", found=told, place=_places(facts))
        else:
            self.tell("version_unknown", place=_places(facts))

    def _support(self) -> dict[str, str | None]:
        """What a support request needs; `XX` stays where the version is not known, for a person to fill in."""
        return {"version": self.version, "support_subject": f"Serveur de connexion {self.version or '3.00.XX'}"}


def judge_connection(
    answer: Answer, profile: Profile, desired: DesiredConnection, *, read_only: bool, assistance_told: bool = False
) -> tuple[Finding, ...]:
    """Every finding of the sheet "Mode de connexion au serveur" on one host.

    Args:
        answer: to a request that held `connection_parts(profile, desired, read_only=read_only)`; may be of any status,
            and anything may be missing in it.
        profile: where the settings are and how they are spelt.
        desired: what the settings should be.
        read_only: a report looked; differences are findings, not changes.
        assistance_told: `judge_assistance` reads the same answer.
    """
    judge = _Judge(answer, profile, desired, read_only=read_only)
    judge.settings()
    judge.servers()
    judge.start()
    judge.application()
    judge.assistance(told=assistance_told)
    judge.versions()
    return tuple(judge.found)


def _damage_code(place: Place) -> str | None:
    """The code for a place that could not be read as the profile says; `None`: it could."""
    match place.state:
        case PlaceState.PRESENT | PlaceState.ABSENT:
            return None
        case PlaceState.FILE_MISSING:
            return "file_missing"
        case PlaceState.MALFORMED:
            return "settings_malformed"
        case PlaceState.UNSUPPORTED:
            return "settings_unsupported"
        case PlaceState.UNREADABLE:
            if place.win32_code in LOCKED:
                return "settings_locked"
            return "settings_denied" if place.win32_code == ACCESS_DENIED else "settings_unreadable"


def _places(facts: SettingFacts) -> str | None:
    return joined(place.place for place in facts.places) or None
