"""Workstations that change their story, or tell one about others: what the controller must not do because of it."""

from __future__ import annotations

from dataclasses import replace

from iea_fleet.diagnosis.fleet import Fleet
from iea_fleet.diagnosis.licence_choice import Standing
from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.sheets import build_request, judge
from iea_fleet.model.answer import RecordChange, ReleaseOutcome
from iea_fleet.model.desired import Binding, DesiredLicence
from iea_fleet.model.finding import Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import ExpectedHost
from iea_fleet.report.wording import words
from iea_fleet.rollout.repair import last_reset, plan_variables
from tests.diagnosis.answers import binding, make, process, records, setting
from tests.diagnosis.bench import LOOK
from tests.diagnosis.test_fleet import host

PC_1 = ExpectedHost(computer_name="PC-1")
PLACE = r"\\SRV\Base\licences.csv"


def test_more_bindings_than_a_request_takes_are_no_failure_of_the_program() -> None:
    rows = [binding(f"L{number}", name) for number in range(100) for name in ("PC-01", f"PC-{number}B")]
    answer = make([records("licence_bindings", rows, place=PLACE), setting("own_licence", None), process(False)])
    verdict, findings = judge(answer, LOOK)
    plan = make_plan(LOOK, Outcome(verdict=verdict, findings=findings[:64], answer=answer))
    task = plan.task(LOOK)
    build_request(task, transaction="1" * 32, nonce="2" * 32)
    assert 0 < len(task.licence.reset) <= 64
    # A licence is dealt with as a whole, or not at all.
    assert plan_variables(task)["iea_licence_reset"]
    named = [row.licence for row in task.licence.reset]
    assert all(named.count(licence) == 2 for licence in named)


def test_nothing_is_planned_that_the_screen_would_cut_off() -> None:
    for long, is_planned in (("P" * 100, True), ("P" * 300, False), ("\u202e" * 60, False)):
        rows = [binding("L1", long), binding("L1", "VICTIM")]
        answer = make([records("licence_bindings", rows, place=PLACE), setting("own_licence", "L1"), process(False)])
        verdict, findings = judge(answer, LOOK)
        plan = make_plan(LOOK, Outcome(verdict=verdict, findings=findings, answer=answer))
        assert bool(plan.remedies) is is_planned
        for remedy in plan.remedies:
            assert "VICTIM" in words(remedy.said, "fr").title + words(remedy.said, "fr").explanation
        assert ("licence.twice" in {finding.code for finding in plan.hand_over}) is not is_planned


def test_who_says_done_under_another_name_is_not_believed_and_not_mended() -> None:
    for expected in (PC_1, ExpectedHost(machine_id="m-2")):
        task = replace(LOOK, expect_host=expected)
        rows = [binding("L1", "PC-1"), binding("L1", "PC-9")]
        answer = make([records("licence_bindings", rows, place=PLACE), process(False)], computer="PC-OTHER")
        verdict, findings = judge(answer, task)
        assert verdict is Verdict.FAILED
        assert findings[0].code == "transaction.impostor"
        plan = make_plan(task, Outcome(verdict=verdict, findings=findings, answer=answer))
        assert plan.remedies == ()
    _, findings = judge(make([process(False)], computer="pc-1"), replace(LOOK, expect_host=PC_1))
    assert "transaction.impostor" not in {finding.code for finding in findings}


def test_nobody_speaks_for_a_workstation_by_taking_its_name() -> None:
    true, thief = host("PC-2", own="L2"), host("PC-2", own="L9")
    for hosts in ({"pc-2": ("a", true), "pc-1": ("a", thief)}, {"pc-2": ("a", thief), "pc-3": ("a", true)}):
        assert Fleet(hosts).standing("a", "PC-2", "L2") is Standing.UNKNOWN
    assert Fleet({"pc-2": ("a", true), "pc-1": ("b", thief)}).standing("a", "PC-2", "L2") is Standing.OWNER
    off = Outcome(verdict=Verdict.UNREACHABLE)
    assert Fleet({"pc-2": ("a", off), "pc-1": ("a", thief)}).standing("a", "PC-2", "L2") is Standing.UNKNOWN


def test_who_is_not_who_was_expected_says_nothing_of_the_fleet() -> None:
    task = replace(LOOK, expect_host=PC_1)
    answer = make([setting("own_licence", "L9"), process(False)], computer="PC-2")
    verdict, findings = judge(answer, task)
    liar = Outcome(verdict=verdict, findings=findings, answer=answer)
    assert Fleet({"pc-1": ("a", liar)}).standing("a", "PC-2", "L2") is Standing.UNKNOWN


def _changed(*changes: tuple[str, str]) -> ReleaseOutcome:
    assert LOOK.profile.licences is not None
    told = tuple(
        RecordChange(before=row, after={**row, **LOOK.profile.licences.reset})
        for row in (binding(licence, name) for licence, name in changes)
    )
    return ReleaseOutcome(id="licence_reset", place=PLACE, due=True, records=told)


def test_resets_that_nobody_asked_for_are_told_and_never_taken_back() -> None:
    wanted = DesiredLicence(reset=(Binding(licence="L1", workstation="PC-1"),))
    task = replace(LOOK, sheets=(Sheet.LICENCE,), read_only=False, dry_run=False, licence=wanted)
    log = {"kind": "log", "id": "licence_refusals", "state": "present", "matches": []}
    probes = [records("licence_bindings", [], place=PLACE), setting("own_licence", "L1"), log]
    for changes, is_believed in (((("L1", "PC-1"),), True), ((("L1", "PC-1"), ("L7", "PC-7")), False)):
        told = make(probes, release=[_changed(*changes).model_dump(mode="json")], verify=probes)
        verdict, findings = judge(told, task)
        outcome = Outcome(verdict=verdict, findings=findings, answer=told)
        assert ("transaction.not_asked" in {finding.code for finding in findings}) is not is_believed, findings
        assert bool(last_reset([outcome])) is is_believed
