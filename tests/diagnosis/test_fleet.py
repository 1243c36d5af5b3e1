"""What only the fleet shows: told once, in a steady order, with what to do about it, for thousands of hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iea_fleet.diagnosis.fleet import Fleet, FleetFinding, judge_fleet
from iea_fleet.diagnosis.licence_choice import Standing
from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.sheets import judge
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Spelling, Verdict
from iea_fleet.model.request import ExpectedHost
from iea_fleet.report.wording import words
from tests.diagnosis.answers import binding, make, process, records, session, setting, share
from tests.diagnosis.bench import LOOK

SILENT = Outcome(
    verdict=Verdict.UNREACHABLE,
    findings=(Finding(code="transport.silent", sheet=Sheet.TRANSPORT, severity=Severity.ERROR),),
)


def host(
    name: str,
    *,
    bindings: tuple[dict[str, str], ...] | None = None,
    sessions: tuple[dict[str, str], ...] | None = None,
    own: str | None = None,
    running: bool = False,
    code: int = 0,
    server: str = "SRV",
) -> Outcome:
    """The outcome of one workstation, judged as a look at every sheet."""
    probes: list[dict[str, Any]] = [
        share(whom, code, server=server, path=rf"\\{server}\Base") for whom in ("logon", "machine", "user")
    ]
    place = rf"\\{server}\Base\list.csv"
    if bindings is not None:
        probes.append(records("licence_bindings", bindings, place=place))
    if sessions is not None:
        probes.append(records("open_sessions", sessions, place=place))
    answer = make([*probes, setting("own_licence", own), process(running)], computer=name, dry_run=True)
    verdict, findings = judge(answer, replace(LOOK, expect_host=ExpectedHost(computer_name=name)))
    return Outcome(verdict=verdict, findings=findings, answer=answer)


def told(found: tuple[FleetFinding, ...]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Code, site and hosts of each."""
    return [(one.finding.code, one.site, one.hosts) for one in found]


# -- a file server ----------------------------------------------------------------------------------------------------


def test_a_file_servers_fault_is_told_once_for_its_site() -> None:
    hosts = {
        "a1": ("a", host("A1", code=67)),
        "a2": ("a", host("A2", code=67)),
        "a3": ("a", host("A3")),
        "a4": ("a", host("A4", code=53)),
        "b1": ("b", host("B1", code=67)),
    }
    found = judge_fleet(hosts)
    assert told(found) == [("fleet.share_fault", "a", ("a1", "a2"))]
    evidence = found[0].finding.evidence
    assert (evidence["fault"], evidence["server"], evidence["count"]) == ("share_not_found", "SRV", "2")
    assert evidence["reached_by"] == "1"
    assert "share.share_not_found" in found[0].tells
    french = words(found[0].finding, "fr")
    assert "Partage introuvable (67)" in french.title
    assert "2 postes" in french.explanation


def test_two_servers_of_a_site_are_two_things() -> None:
    hosts = {f"a{n}": ("a", host(f"A{n}", code=67, server=f"SRV{n % 2}")) for n in range(4)}
    assert told(judge_fleet(hosts)) == [
        ("fleet.share_fault", "a", ("a0", "a2")),
        ("fleet.share_fault", "a", ("a1", "a3")),
    ]


# -- licences ---------------------------------------------------------------------------------------------------------

OLDER = binding("IEA-1", "A1", "01/02/2020 08:00:00")
NEWER = binding("IEA-1", "A2", "01/02/2024 08:00:00")


def test_a_licence_twice_in_a_shared_database_is_told_once_and_reset_once() -> None:
    rows = (OLDER, NEWER)
    hosts = {f"a{n}": ("a", host(f"A{n}", bindings=rows)) for n in (1, 2, 3)}
    found = judge_fleet(hosts)
    assert told(found) == [("fleet.licence_twice", "a", ("a1", "a2"))]
    assert [(one.host, one.binding.workstation) for one in found[0].resets] == [("a1", "A1")]
    assert found[0].finding.evidence["reset_reason"] == "older"
    french = words(found[0].finding, "fr").explanation
    assert "A1, A2" in french
    assert "l’attribution la plus ancienne" in french


@pytest.mark.parametrize(
    ("other", "reset", "reason"),
    [
        # The newer binding goes as well when its workstation is not there any more, does not answer, or moved on.
        ({}, ["A2"], "not_in_fleet"),
        ({"a2": ("a", SILENT)}, ["A2"], "no_answer"),
        ({"a2": ("a", host("A2", own="IEA-9"))}, ["A2"], "other_licence"),
        ({"a2": ("a", host("A2"))}, ["A1"], "older"),
        ({"a2": ("b", host("A2"))}, ["A2"], "not_in_fleet"),
    ],
)
def test_which_binding_to_reset_follows_what_the_fleet_knows(
    other: dict[str, tuple[str, Outcome]], reset: list[str], reason: str
) -> None:
    hosts = {"a1": ("a", host("A1", bindings=(OLDER, NEWER))), **other}
    (found,) = judge_fleet(hosts, whole=True)
    assert [one.binding.workstation for one in found.resets] == reset
    assert found.finding.evidence["reset_reason"] == reason


def test_who_was_not_asked_is_not_taken_for_gone() -> None:
    hosts = {"a1": ("a", host("A1", bindings=(OLDER, NEWER)))}
    (found,) = judge_fleet(hosts)
    assert ([one.binding.workstation for one in found.resets], found.finding.evidence["reset_reason"]) == (
        ["A1"],
        "older",
    )


def test_nothing_tells_them_apart_so_each_row_goes_and_one_needs_its_own_code() -> None:
    rows = (binding("IEA-1", "A1"), binding("IEA-1", "A2"))
    hosts = {f"a{n}": ("a", host(f"A{n}", bindings=rows)) for n in (1, 2)}
    (found,) = judge_fleet(hosts)
    assert found.finding.code == "fleet.licence_reinstall"
    assert [one.binding.workstation for one in found.resets] == ["A1", "A2"]
    assert "code de réinstallation" in words(found.finding, "fr").next_step


def test_one_licence_in_two_associations_is_found_across_them() -> None:
    hosts = {
        "a1": ("a", host("PC-1", bindings=(binding("IEA-1", "PC-1", "01/02/2020 08:00:00"),), server="SRVA")),
        "b1": ("b", host("PC-1", bindings=(binding("iea-1", "PC-1", "01/02/2024 08:00:00"),), server="SRVB")),
    }
    (found,) = judge_fleet(hosts)
    assert (found.finding.code, found.site, found.hosts) == ("fleet.licence_twice", None, ("a1", "b1"))
    assert [(one.host, one.binding.licence) for one in found.resets] == [("a1", "IEA-1")]
    assert found.finding.evidence["sites"] == "a, b"


def test_two_installed_with_one_licence_are_found_without_any_list() -> None:
    hosts = {"a1": ("a", host("A1", own="IEA-1")), "b1": ("b", host("B1", own="IEA-1"))}
    (found,) = judge_fleet(hosts)
    assert (found.finding.code, found.hosts, found.resets) == ("fleet.licence_reinstall", ("a1", "b1"), ())


def test_the_row_of_a_replaced_workstation_is_reset_for_the_one_that_was_installed_with_its_licence() -> None:
    rows = (binding("IEA-1", "OLD"),)
    hosts = {"a1": ("a", host("A1", bindings=rows, own="IEA-1")), "old": ("a", SILENT)}
    (found,) = judge_fleet(hosts)
    assert [(one.host, one.binding.workstation) for one in found.resets] == [("a1", "OLD")]
    assert found.finding.evidence["reset_reason"] == "no_answer"


def test_every_workstation_with_its_own_licence_is_nothing_to_tell() -> None:
    rows = (binding("IEA-1", "A1"), binding("IEA-2", "A2"), binding("IEA-3", ""))
    hosts = {f"a{n}": ("a", host(f"A{n}", bindings=rows, own=f"IEA-{n}")) for n in (1, 2)}
    assert judge_fleet(hosts) == ()


def test_what_stands_for_no_workstation_by_the_profile_is_none() -> None:
    rows, spelling = (binding("IEA-1", "libre"), binding("IEA-2", "libre")), Spelling(unbound="LIBRE")
    hosts = {
        f"a{n}": ("a", host(f"A{n}", bindings=rows, own=f"IEA-{n}").model_copy(update={"spelling": spelling}))
        for n in (1, 2)
    }
    assert judge_fleet(hosts) == ()


def test_local_databases_of_one_path_are_not_one_database() -> None:
    def alone(name: str, licence: str) -> Outcome:
        facts = records("licence_bindings", [binding(licence, name)], place=r"C:\Impact\licences.csv")
        return Outcome(verdict=Verdict.OK, answer=make([facts], computer=name, dry_run=True))

    hosts = {"a1": ("a", alone("A1", "IEA-1")), "a2": ("a", alone("A2", "IEA-1"))}
    assert [one.finding.code for one in judge_fleet(hosts)] == ["fleet.licence_reinstall"]


def test_a_plan_takes_what_the_fleet_knows() -> None:
    rows = (binding("IEA-1", "A1"), binding("IEA-1", "A2"))
    hosts = {"a1": ("a", host("A1", bindings=rows)), "a2": ("a", SILENT)}
    fleet = Fleet(hosts)
    assert fleet.standing("a", "a2", "IEA-1") is Standing.NO_ANSWER
    plan = make_plan(LOOK, hosts["a1"][1], standing=lambda name, licence: fleet.standing("a", name, licence))
    assert [row.workstation for row in plan.task(LOOK).licence.reset] == ["A2"]
    alone = make_plan(LOOK, hosts["a1"][1])
    assert [row.workstation for row in alone.task(LOOK).licence.reset] == ["A1", "A2"]


def test_a_plan_resets_of_the_fleets_choice_the_row_of_its_own_host_only() -> None:
    hosts = {
        "a1": ("a", host("A1", bindings=(binding("IEA-1", "A1", "01/02/2020 08:00:00"),), server="SRVA")),
        "b1": ("b", host("B1", bindings=(binding("IEA-1", "B1", "01/02/2024 08:00:00"),), server="SRVB")),
    }
    fleet = judge_fleet(hosts, whole=True)
    older = make_plan(LOOK, hosts["a1"][1], fleet=fleet)
    assert [(one.licence, one.workstation) for one in older.task(LOOK).licence.reset] == [("IEA-1", "A1")]
    assert not any(finding.sheet is Sheet.LICENCE for finding in older.hand_over)
    # The other's row goes: here there is nothing to do, and it is told.
    newer = make_plan(LOOK, hosts["b1"][1], fleet=fleet)
    assert newer.task(LOOK).licence.reset == ()
    assert "fleet.licence_twice" in {finding.code for finding in newer.hand_over}
    # Each row goes, and what has to be installed again is still to do then.
    both = {name: (site, host(name.upper(), bindings=(binding("IEA-1", name.upper()),), own="IEA-1", server=f"S{site}"))
            for name, site in (("a1", "a"), ("b1", "b"))}  # fmt: skip
    plan = make_plan(LOOK, both["b1"][1], fleet=judge_fleet(both, whole=True))
    assert [one.workstation for one in plan.task(LOOK).licence.reset] == ["B1"]
    assert "fleet.licence_reinstall" in {finding.code for finding in plan.hand_over}


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_that_others_see_is_stale_when_its_workstation_does_not_run_the_program() -> None:
    rows = (session("zoe", "a1"), session("ali", "A2"), session("eva", "A3"), session("leo", "A9"))
    hosts = {
        "a1": ("a", host("A1", code=53)),
        "a2": ("a", host("A2", code=53, running=True)),
        "a3": ("a", SILENT),
        "a4": ("a", host("A4", sessions=rows)),
        "a5": ("a", host("A5", sessions=rows)),
    }
    found = [one for one in judge_fleet(hosts) if one.finding.sheet is Sheet.SESSION]
    assert told(tuple(found)) == [("fleet.session_stale", "a", ("a1",))]
    assert (found[0].finding.evidence["users"], found[0].finding.evidence["since"]) == ("zoe", "2026-11-24T08:00")


def test_a_session_is_not_stale_where_nobody_says_whether_the_program_runs() -> None:
    untold = make([share("logon", 53)], computer="A1", dry_run=True)
    hosts = {
        "a1": ("a", Outcome(verdict=Verdict.DRIFT, answer=untold)),
        "a2": ("a", host("A2", sessions=(session("zoe", "A1"),))),
    }
    assert judge_fleet(hosts) == ()


def test_a_workstation_that_reads_the_list_tells_its_own_sessions() -> None:
    rows = (session("zoe", "A1"),)
    hosts = {"a1": ("a", host("A1", sessions=rows)), "a2": ("a", host("A2", sessions=rows))}
    assert judge_fleet(hosts) == ()
    assert "session.stale" in {finding.code for finding in hosts["a1"][1].findings}


# -- size -------------------------------------------------------------------------------------------------------------


def _association(number: int, size: int) -> dict[str, tuple[str, Outcome]]:
    names = [f"S{number}-{n}" for n in range(size)]
    rows = tuple(binding(f"IEA-{name}", name) for name in names)
    twice = (binding(f"IEA-{names[0]}", "GONE"),) if number % 10 == 0 else ()
    return {
        name.lower(): (
            f"s{number}",
            host(name, bindings=rows + twice, own=f"IEA-{name}", code=67 if number % 7 == 0 else 0),
        )
        for name in names
    }


def test_thousands_of_hosts_are_judged_whatever_their_order() -> None:
    hosts = {name: known for number in range(600) for name, known in _association(number, 5).items()}
    assert len(hosts) == 3000
    found = judge_fleet(hosts, whole=True)
    assert sum(one.finding.code == "fleet.share_fault" for one in found) == 86
    assert sum(one.finding.code == "fleet.licence_twice" for one in found) == 60
    assert all(one.finding.evidence["reset"] == "GONE" for one in found if one.resets)
    assert judge_fleet(dict(reversed(hosts.items())), whole=True) == found
