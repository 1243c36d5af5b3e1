"""What a report shows, as plain values: one run and its hosts, made of stored outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from iea_fleet.diagnosis.connection import MODE, SETTINGS, VERSION
from iea_fleet.diagnosis.fleet import KINDS, FleetFinding
from iea_fleet.diagnosis.kind import strength
from iea_fleet.diagnosis.licence_findings import bound_rows
from iea_fleet.diagnosis.session_findings import open_sessions
from iea_fleet.model.answer import Answer, Place, PlaceState, SettingFacts, Status
from iea_fleet.model.finding import Finding
from iea_fleet.model.outcome import Outcome, Traffic, Verdict


class Group(StrEnum):
    """What a reader wants to know first of a host."""

    RIGHT = "right"
    CHANGED = "changed"
    TODO = "todo"
    """Somebody has to do something, be it to run again."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting of one host; several places that differ are joined by a comma.

    Args:
        setting: `connection_mode`, `authentication_url` or `update_url`.
        wanted: `None`: not known, because the workstation said nothing that would tell.
        found: before this run; `None`: could not be read; empty: not there.
        now: after this run; the same as `found` where nothing was written.
    """

    setting: str
    wanted: str | None
    found: str | None
    now: str | None

    @property
    def right(self) -> bool:
        """Whether the setting is as wanted now."""
        return self.wanted is not None and self.now == self.wanted


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host of a run.

    Args:
        name: as the inventory spells it.
        site: its association; empty: in none.
        verdict: `None`: pending, the run ended or was looked at before its turn.
        answered: when its outcome came, with its time zone.
        settings: empty where the workstation told nothing of them.
        findings: the weightiest first.
        version: of the application, as the workstation tells it: not checked.
        computer_name, system: who answered; empty where nobody did.
        detail: what connection or system said, word for word.
        attempts: how often the host was asked.
        elapsed_ms: what all attempts took.
        transaction: `None`: no request was built.
        sessions, licences: what the lists in the database's folder say, as they stand there.
        modes: how the application's own spellings of the mode read, as any host of the run tells it.
        shared: those of the findings that are told once for the site, or for the fleet.
        new, gone: what somebody has to act on now and had not to, and the reverse, since the report before.
    """

    name: str
    site: str
    verdict: Verdict | None
    answered: datetime | None = None
    settings: tuple[SettingRow, ...] = ()
    findings: tuple[Finding, ...] = ()
    version: str = ""
    computer_name: str = ""
    system: str = ""
    detail: str = ""
    attempts: int = 0
    elapsed_ms: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    transaction: str | None = None
    sessions: tuple[Mapping[str, str], ...] = ()
    licences: tuple[Mapping[str, str], ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[Finding, ...] = ()
    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()

    @property
    def group(self) -> Group:
        """As wanted, changed, or somebody has to see to it."""
        match self.verdict:
            case Verdict.OK:
                return Group.RIGHT
            case Verdict.CHANGED:
                return Group.CHANGED
            case _:
                return Group.TODO


@dataclass(frozen=True, slots=True)
class Since:
    """The report that another one is compared with: its id, and when it began, with its time zone."""

    run: str
    started: datetime


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, ready to be shown.

    Args:
        run: its id.
        kind: `push`, `report` or `fix`.
        check_mode: a push that wrote nothing.
        operator: who ran it.
        started, finished: with their time zone, shown in it; `finished` is `None` for a run that was cut off.
        hosts: every host that was asked for.
        fleet: what only the whole fleet shows.
        since: what the hosts' `new` and `gone` are compared with; `None`: with nothing.
    """

    run: str
    kind: Literal["push", "report", "fix"]
    check_mode: bool
    operator: str
    started: datetime
    finished: datetime | None
    hosts: tuple[HostRow, ...]
    fleet: tuple[FleetFinding, ...] = ()
    since: Since | None = None

    @property
    def told_once(self) -> tuple[FleetFinding, ...]:
        """What no single host tells: it concerns several, or workstations that were not asked."""
        return tuple(one for one in self.fleet if len(one.hosts) != 1)

    def of_site(self, site: str | None) -> tuple[FleetFinding, ...]:
        """What is told once for a site; `None`: for several."""
        return tuple(one for one in self.told_once if one.site == site)

    @property
    def verdicts(self) -> tuple[Verdict | None, ...]:
        """Of every host, and of what only the fleet shows."""
        return (*(host.verdict for host in self.hosts), *(KINDS[one.finding.code].votes for one in self.fleet))

    def count(self, group: Group) -> int:
        """How many hosts are in a group."""
        return sum(host.group is group for host in self.hosts)

    def groups(self) -> tuple[Group, ...]:
        """The groups that this kind of run can have, the most urgent first: a report changes nothing."""
        every = (Group.TODO, Group.CHANGED, Group.RIGHT)
        return tuple(
            group for group in every if group is not Group.CHANGED or self.kind != "report" or self.count(group)
        )

    def by_site(self) -> tuple[tuple[str, tuple[HostRow, ...]], ...]:
        """Sites and their hosts, both in natural order of their names; hosts without a site come last."""
        sites: dict[str, list[HostRow]] = {}
        for host in self.hosts:
            sites.setdefault(host.site, []).append(host)
        order = sorted(sites, key=lambda site: (not site, _natural(site)))
        return tuple((site, tuple(sorted(sites[site], key=lambda host: _natural(host.name)))) for site in order)

    def in_group(self, group: Group) -> tuple[HostRow, ...]:
        """The hosts of a group, by site."""
        return tuple(host for _, hosts in self.by_site() for host in hosts if host.group is group)


def in_fleet(hosts: Iterable[HostRow], fleet: Iterable[FleetFinding]) -> tuple[HostRow, ...]:
    """The hosts of a run as they are shown together: each with what only the fleet shows of it.

    A host that is concerned is not as wanted, however right its own sheets are. What concerns it alone stands among
    its findings in place of its own that say the same; what concerns others too is told once, and referred to here.
    """
    rows = {host.name: host for host in hosts}
    modes = {raw: word for host in rows.values() for raw, word in mode_words(host.findings).items()}
    rows = {name: replace(host, modes=modes) for name, host in rows.items()}
    for one in fleet:
        for name in one.hosts:
            rows[name] = _concerned(rows[name], one)
    return tuple(rows.values())


def _concerned(host: HostRow, one: FleetFinding) -> HostRow:
    licence = one.finding.evidence.get("licence", "").casefold()
    same = tuple(
        finding
        for finding in host.findings
        if finding.code in one.tells and finding.evidence.get("licence", licence).casefold() == licence
    )
    findings, shared = host.findings, host.shared
    if len(one.hosts) == 1:
        findings = (*(finding for finding in findings if finding not in same), one.finding)
    elif same:
        shared += same
    else:
        findings, shared = (*findings, one.finding), (*shared, one.finding)
    verdict = host.verdict and max(host.verdict, KINDS[one.finding.code].votes, key=strength)
    return replace(host, findings=_gravest_first(findings), verdict=verdict, shared=shared)


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: -finding.severity.weight))


def host_row(name: str, site: str, outcome: Outcome | None, answered: datetime | None = None) -> HostRow:
    """One host from its stored outcome.

    Args:
        name: as the inventory spells it.
        site: its association; empty: in none.
        outcome: `None`: pending.
        answered: when the outcome came.
    """
    if outcome is None:
        return HostRow(name=name, site=site, verdict=None)
    answer = outcome.answer
    return HostRow(
        name=name,
        site=site,
        verdict=outcome.verdict,
        answered=answered,
        settings=() if answer is None else _setting_rows(answer, outcome.findings),
        findings=_gravest_first(outcome.findings),
        version="" if answer is None else _value(_probe(answer, VERSION)) or "",
        computer_name="" if answer is None else answer.host.computer_name,
        system="" if answer is None else answer.host.os_version,
        detail=outcome.detail,
        attempts=outcome.attempts,
        elapsed_ms=outcome.elapsed_ms,
        traffic=outcome.traffic,
        transaction=outcome.transaction,
        sessions=() if answer is None else open_sessions(answer),
        licences=() if answer is None else bound_rows(answer, outcome.spelling.unbound),
    )


def _setting_rows(answer: Answer, findings: Iterable[Finding]) -> tuple[SettingRow, ...]:
    wanted = _wanted(answer, findings)
    verified = {facts.id: facts for facts in answer.verify if isinstance(facts, SettingFacts)}
    planned = {outcome.id: [change.after for change in outcome.places] for outcome in answer.ensure}
    written = answer.status is Status.DONE and not answer.dry_run and answer.changed
    rows = []
    for setting in SETTINGS:
        facts = _probe(answer, setting)
        if facts is None:
            continue
        found = now = _value(facts)
        if written:
            now = _value(verified[setting]) if setting in verified else _joined(planned.get(setting, ()))
        rows.append(SettingRow(setting, wanted.get(setting, found), found, now))
    return tuple(rows)


def _wanted(answer: Answer, findings: Iterable[Finding]) -> dict[str, str | None]:
    """What was asked for, as the answer and the findings tell it; a setting that nobody complains of is as wanted."""
    wanted: dict[str, str | None] = {}
    if answer.status is Status.DONE:
        for outcome in answer.ensure:
            wanted[outcome.id] = _joined(change.after for change in outcome.places)
    for finding in findings:
        if not finding.code.startswith("connection."):
            continue
        if "after" in finding.evidence:
            wanted[finding.evidence.get("setting", MODE)] = finding.evidence["after"]
        for damaged in finding.evidence.get("settings", "").split(", "):
            if damaged:
                wanted[damaged] = None
    return wanted


def _probe(answer: Answer, name: str) -> SettingFacts | None:
    return next((facts for facts in answer.probes if isinstance(facts, SettingFacts) and facts.id == name), None)


def _value(facts: SettingFacts | None) -> str | None:
    """The value of a setting; `None` where a place could not be read."""
    if facts is None or not facts.places or any(_unreadable(place) for place in facts.places):
        return None
    return _joined(place.value for place in facts.places)


def _unreadable(place: Place) -> bool:
    return place.state not in {PlaceState.PRESENT, PlaceState.ABSENT}


def _joined(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(value or "" for value in values))


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which PC-2 comes before PC-10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]", name.casefold())
    return tuple((0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts)


def mode_words(findings: Iterable[Finding]) -> Mapping[str, str]:
    """How the application's own spellings of the mode read: `secure` or `plain`, by spelling, as findings tell it."""
    spelt: dict[str, str] = {}
    for finding in findings:
        for raw, word in (("before", "mode_before"), ("after", "mode_after")):
            if raw in finding.evidence and word in finding.evidence:
                spelt[finding.evidence[raw]] = finding.evidence[word]
    return spelt
