"""What only the whole fleet shows: a file server's fault, a licence on two workstations, a session left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from iea_fleet.diagnosis.kind import Kind, joined, make_finding
from iea_fleet.diagnosis.licence import BINDINGS, LICENCE, WORKSTATION
from iea_fleet.diagnosis.licence_choice import Row, Standing, choose
from iea_fleet.diagnosis.licence_findings import bound_rows, own_licence
from iea_fleet.diagnosis.session import SESSIONS
from iea_fleet.diagnosis.session_findings import open_sessions, program_runs
from iea_fleet.diagnosis.share_codes import FAULTS
from iea_fleet.diagnosis.told import Told, facts_of, since_evidence
from iea_fleet.diagnosis.transaction import OTHER_HOST
from iea_fleet.model.answer import Answer, PlaceState, RecordsFacts
from iea_fleet.model.desired import Binding
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Spelling, Verdict

SHARE_FAULT: Final = "fleet.share_fault"
LICENCE_TWICE: Final = "fleet.licence_twice"
LICENCE_REINSTALL: Final = "fleet.licence_reinstall"
SESSION_STALE: Final = "fleet.session_stale"

KINDS: Final[Mapping[str, Kind]] = {
    SHARE_FAULT: Kind(Severity.ERROR, Verdict.DRIFT),
    LICENCE_TWICE: Kind(Severity.ERROR, Verdict.DRIFT),
    LICENCE_REINSTALL: Kind(Severity.ERROR, Verdict.DRIFT),
    SESSION_STALE: Kind(Severity.WARNING, Verdict.DRIFT),
}
"""Every finding of the fleet."""

Hosts = Mapping[str, tuple[str, Outcome]]
"""Site ("": none) and outcome of each host, by its name in the inventory."""


@dataclass(frozen=True, slots=True)
class Reset:
    """One binding to reset, and the host through which its database is reached."""

    host: str
    binding: Binding


@dataclass(frozen=True, slots=True)
class FleetFinding:
    """One thing that is told once.

    Args:
        finding: what, for `iea_fleet.report.wording.words`.
        site: whose; `None`: of several sites.
        hosts: the hosts concerned, by their names in the inventory, sorted; none when the workstations that are meant
            are not among those that were asked.
        tells: codes of those hosts' own findings that say the same.
        resets: what to reset because of it.
    """

    finding: Finding
    site: str | None
    hosts: tuple[str, ...]
    tells: frozenset[str] = frozenset()
    resets: tuple[Reset, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """One workstation of the inventory."""

    host: str
    answer: Answer | None
    own: str | None


@dataclass(frozen=True, slots=True)
class _Database:
    """One list in one database's folder, as its first reader read it."""

    site: str
    place: str
    reader: str
    answer: Answer
    spelling: Spelling
    rows: tuple[Row, ...]


class Fleet:
    """All hosts of a look, sorted for questions about workstations. Costs one pass over the hosts.

    Args:
        hosts: every host that was asked, also those that gave no answer.
        whole: they are the whole inventory; otherwise nothing is known of a workstation that is not among them.
    """

    def __init__(self, hosts: Hosts, *, whole: bool = False) -> None:
        self._unlisted = Standing.NOT_IN_FLEET if whole else Standing.UNKNOWN
        self._known: dict[tuple[str, str], _Known] = {}
        self._disputed: set[tuple[str, str]] = set()
        for host in sorted(hosts):
            site, outcome = hosts[host]
            answer = _believed(outcome).answer
            known = _Known(host, answer, None if answer is None else own_licence(answer))
            names = {host, host.partition(".")[0]} if answer is None else {answer.host.computer_name}
            for key in {(site, name.casefold()) for name in names}:
                if self._known.setdefault(key, known) is not known:
                    self._disputed.add(key)

    def find(self, site: str, workstation: str) -> _Known | None:
        """The host of a site that has this computer name; one that gave no answer is known by its inventory's name.

        A name that two hosts claim is nobody's: a clone, or one that would speak for the other.
        """
        key = (site, workstation.casefold())
        return None if key in self._disputed else self._known.get(key)

    def standing(self, site: str, workstation: str, licence: str) -> Standing:
        """What is known of a workstation that a binding of a site's database names."""
        known = self.find(site, workstation)
        if known is None:
            disputed = (site, workstation.casefold()) in self._disputed
            return Standing.UNKNOWN if disputed else self._unlisted
        if known.answer is None:
            return Standing.NO_ANSWER
        if known.own is None:
            return Standing.ANSWERS
        return Standing.OWNER if known.own.casefold() == licence.casefold() else Standing.OTHER_LICENCE


def judge_fleet(hosts: Hosts, *, whole: bool = False) -> tuple[FleetFinding, ...]:
    """What the hosts' outcomes say together; in a steady order, whatever the order of the hosts.

    Args:
        hosts: of one look.
        whole: they are the whole inventory, so that a workstation that is not among them is not there any more.
    """
    hosts = {host: (site, _believed(outcome)) for host, (site, outcome) in hosts.items()}
    fleet = Fleet(hosts, whole=whole)
    return (
        *_share_faults(hosts),
        *_licences(hosts, fleet),
        *_sessions(hosts, fleet),
    )


def _believed(outcome: Outcome) -> Outcome:
    """The outcome, without an answer that another workstation gave than the one that was asked."""
    if any(finding.code in OTHER_HOST for finding in outcome.findings):
        return outcome.model_copy(update={"answer": None})
    return outcome


def _share_faults(hosts: Hosts) -> Iterator[FleetFinding]:
    """A fault that several hosts of a site have with one file server."""
    found: dict[tuple[str, str, str], dict[str, Finding]] = {}
    reached: dict[tuple[str, str], int] = {}
    for host in sorted(hosts):
        site, outcome = hosts[host]
        for finding in outcome.findings:
            server = finding.evidence.get("server", "").casefold()
            if finding.sheet is not Sheet.SHARE or not server:
                continue
            if finding.code.removeprefix("share.") in FAULTS:
                found.setdefault((site, server, finding.code), {}).setdefault(host, finding)
            elif finding.code in {"share.reached", "share.mended"}:
                reached[site, server] = reached.get((site, server), 0) + 1
    for (site, server, code), concerned in sorted(found.items(), key=lambda item: item[0]):
        if len(concerned) < 2:
            continue
        first = next(iter(concerned.values()))
        names = ("server", "path", "layer", "win32_code", "message")
        evidence = {name: first.evidence.get(name) for name in names}
        count = reached.get((site, server))
        finding = make_finding(
            KINDS,
            SHARE_FAULT,
            Sheet.SHARE,
            fault=code.removeprefix("share."),
            count=len(concerned),
            reached_by=count,
            **evidence,
        )
        tells = frozenset({code, "licence.waits_for_share", "session.waits_for_share"})
        yield FleetFinding(finding, site, tuple(concerned), tells)


@dataclass(slots=True)
class _Claim:
    """One workstation that has a licence: by a row of a database, by being installed with it, or both."""

    name: str
    site: str
    row: Row | None = None
    database: _Database | None = None
    host: str | None = None


@dataclass(slots=True)
class _Claims:
    """All workstations that have one licence, by site and name."""

    licence: str
    by_workstation: dict[tuple[str, str], _Claim] = field(default_factory=dict)

    def of(self, site: str, name: str) -> _Claim:
        return self.by_workstation.setdefault((site, name.casefold()), _Claim(name, site))


def _licences(hosts: Hosts, fleet: Fleet) -> Iterator[FleetFinding]:
    """One licence on two workstations, in one database or in two, by bindings or by what each was installed with."""
    claims: dict[str, _Claims] = {}
    for database in _databases(hosts, BINDINGS):
        for row in database.rows:
            known = fleet.find(database.site, row[WORKSTATION])
            claim = claims.setdefault(row[LICENCE].casefold(), _Claims(row[LICENCE])).of(
                database.site, row[WORKSTATION]
            )
            claim.row, claim.database = row, database
            claim.host = None if known is None else known.host
    for host in sorted(hosts):
        site, outcome = hosts[host]
        own = None if outcome.answer is None else own_licence(outcome.answer)
        if own is not None and outcome.answer is not None:
            name = outcome.answer.host.computer_name
            claims.setdefault(own.casefold(), _Claims(own)).of(site, name).host = host
    for licence in sorted(claims):
        if len(claims[licence].by_workstation) > 1:
            yield _licence_twice(claims[licence], fleet)


def _licence_twice(claims: _Claims, fleet: Fleet) -> FleetFinding:
    ordered = [claims.by_workstation[key] for key in sorted(claims.by_workstation)]
    bound = [(claim, claim.row, claim.database) for claim in ordered if claim.row is not None and claim.database]
    choice = choose(
        [row for _, row, _ in bound],
        [fleet.standing(claim.site, claim.name, claims.licence) for claim, _, _ in bound],
        bound[0][2].spelling.moment_format if bound else "",
        without_row=len(ordered) - len(bound),
    )
    going = [one for one in bound if any(one[1] is row for row in choice.reset)]
    sites = sorted({claim.site for claim in ordered})
    finding = make_finding(
        KINDS,
        LICENCE_REINSTALL if choice.reinstall else LICENCE_TWICE,
        Sheet.LICENCE,
        licence=claims.licence,
        workstations=", ".join(claim.name for claim in ordered),
        count=len(ordered),
        sites=", ".join(site for site in sites if site) if len(sites) > 1 else None,
        place=joined(database.place for _, _, database in bound) or None,
        reset=", ".join(claim.name for claim, _, _ in going) or None,
        reset_reason=choice.reason or None,
    )
    return FleetFinding(
        finding,
        sites[0] if len(sites) == 1 else None,
        tuple(sorted({claim.host for claim in ordered if claim.host is not None})),
        frozenset({"licence.twice", "licence.bound_elsewhere"}),
        tuple(
            Reset(database.reader, Binding(licence=row[LICENCE], workstation=row[WORKSTATION]))
            for _, row, database in going
        ),
    )


def _sessions(hosts: Hosts, fleet: Fleet) -> Iterator[FleetFinding]:
    """Sessions of a workstation that answers, does not run the program, and could not look into the list itself."""
    told: set[str] = set()
    for database in _databases(hosts, SESSIONS):
        left: dict[str, list[Row]] = {}
        for row in database.rows:
            left.setdefault(row[WORKSTATION].casefold(), []).append(row)
        for name, rows in sorted(left.items()):
            known = fleet.find(database.site, name)
            if known is None or known.answer is None or program_runs(known.answer) is not False:
                continue
            if known.host in told or _reads(known.answer):
                continue  # One that reads the list tells them as its own.
            told.add(known.host)
            finding = make_finding(
                KINDS,
                SESSION_STALE,
                Sheet.SESSION,
                users=joined(row.get("user", "") for row in rows),
                workstation=rows[0][WORKSTATION],
                count=len(rows),
                place=database.place,
                **since_evidence(rows[0].get("since"), database.spelling.moment_format, database.answer),
            )
            yield FleetFinding(finding, database.site, (known.host,))


def _databases(hosts: Hosts, probe: str) -> Iterator[_Database]:
    """Each list once, however many hosts read it; a list on a local disk is its own host's."""
    seen: set[tuple[str, str]] = set()
    for host in sorted(hosts):
        site, outcome = hosts[host]
        facts = None if outcome.answer is None else facts_of(Told.by(outcome.answer).latest, probe, RecordsFacts)
        if outcome.answer is None or facts is None or facts.state is not PlaceState.PRESENT:
            continue
        shared = facts.place.startswith(("\\\\", "//"))
        key = (site if shared else f"{site}\n{host}", facts.place.casefold())
        if key in seen:
            continue
        seen.add(key)
        rows: Sequence[Row] = (
            bound_rows(outcome.answer, outcome.spelling.unbound) if probe == BINDINGS else open_sessions(outcome.answer)
        )
        yield _Database(site, facts.place, host, outcome.answer, outcome.spelling, tuple(rows))


def _reads(answer: Answer) -> bool:
    facts = facts_of(Told.by(answer).latest, SESSIONS, RecordsFacts)
    return facts is not None and facts.state is PlaceState.PRESENT
