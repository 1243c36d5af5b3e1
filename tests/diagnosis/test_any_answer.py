"""What holds for any answer that the types allow, and for any plan made of it."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from iea_fleet.diagnosis.fleet import judge_fleet
from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.sheets import Task, build_request, judge
from iea_fleet.model.answer import Answer, RecordChange, RecordsFacts
from iea_fleet.model.desired import (
    Binding,
    DesiredAssistance,
    DesiredConnection,
    DesiredLicence,
    DesiredSession,
    DesiredShare,
    ShareRemedy,
)
from iea_fleet.model.outcome import Outcome
from iea_fleet.report.wording import words
from tests.diagnosis.answers import any_answer
from tests.diagnosis.bench import LOOK

PASSWORD = "lundi-41"
MEND = dataclasses.replace(
    LOOK,
    read_only=False,
    connection=DesiredConnection(save=True, relaunch=True),
    share=DesiredShare(
        path=r"\\SERVEUR\impact",
        as_whom=LOOK.share.as_whom,
        mend=tuple(ShareRemedy),
        username="u",
        password=SecretStr("p"),
    ),
    session=DesiredSession(release=True),
    licence=DesiredLicence(
        reset=(Binding(licence="IEA-1", workstation="PC-01"),),
        undo=(RecordChange(before={"licence": "B", "workstation": "A"}, after={"licence": "B", "workstation": ""}),),
    ),
    assistance=DesiredAssistance(mode="off", password=SecretStr(PASSWORD)),
)  # fmt: skip
TASKS = (LOOK, MEND, dataclasses.replace(MEND, dry_run=True))
CASES = st.sampled_from(TASKS).flatmap(lambda task: st.tuples(st.just(task), any_answer(task)))
QUICK = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _outcome(task: Task, answer: Answer) -> Outcome:
    verdict, findings = judge(answer, task)
    # What a host says may be long and is bounded; the border takes what judging gives.
    return Outcome(verdict=verdict, findings=findings[:64], answer=answer)


@QUICK
@given(CASES)
def test_any_answer_is_judged_and_told_and_no_password_comes_back(case: tuple[Task, Answer]) -> None:
    task, answer = case
    outcome = _outcome(task, answer)
    for finding in outcome.findings:
        assert words(finding, "fr").title
        assert PASSWORD not in str(finding)


@QUICK
@given(CASES, st.booleans(), st.booleans(), st.booleans())
def test_a_plan_resets_no_binding_that_no_finding_concerns(
    case: tuple[Task, Answer], password: bool, restart: bool, force: bool
) -> None:
    task, answer = case
    outcome = _outcome(task, answer)
    plan = make_plan(task, outcome, password_given=password, restart_allowed=restart, force=force)
    concerned = {
        finding.evidence["licence"].casefold()
        for finding in outcome.findings
        if finding.code in {"licence.twice", "licence.bound_elsewhere"}
    }
    listed = {
        (row.get("licence"), row.get("workstation"))
        for facts in (*answer.probes, *answer.verify)
        if isinstance(facts, RecordsFacts)
        for row in facts.records
    }
    remedied = plan.task(task)
    for row in remedied.licence.reset:
        assert row.licence.casefold() in concerned
        assert (row.licence, row.workstation) in listed
    assert not remedied.licence.undo
    # It is a request, whatever was said, and it names nobody but the workstation that was looked at.
    request = build_request(remedied, transaction="1" * 32, nonce="2" * 32)
    if plan.remedies or task.expect_host.computer_name is not None:
        assert request.expect_host.computer_name == (task.expect_host.computer_name or answer.host.computer_name)
    assert {code.sheet for code in plan.due} <= set(task.sheets)
    assert not ({finding.code for finding in plan.hand_over} & {remedy.code for remedy in plan.remedies})


@QUICK
@given(CASES)
def test_nothing_is_planned_twice(case: tuple[Task, Answer]) -> None:
    task, answer = case
    outcome = _outcome(task, answer.model_copy(update={"error": None}))
    plan = make_plan(task, outcome, password_given=True, restart_allowed=True)
    again = make_plan(
        task, outcome, password_given=True, restart_allowed=True, tried=[remedy.code for remedy in plan.remedies]
    )
    assert {remedy.code for remedy in again.remedies}.isdisjoint({remedy.code for remedy in plan.remedies})


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(any_answer(LOOK), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_fleet_is_judged_in_a_steady_order(answers: list[Answer], random: object) -> None:
    hosts = {f"pc-{n}": (f"site_{n % 2}", _outcome(LOOK, answer)) for n, answer in enumerate(answers)}
    turned = dict(reversed(hosts.items()))
    found = judge_fleet(hosts)
    assert found == judge_fleet(turned)
    for one in found:
        assert words(one.finding, "fr").title
        assert set(one.hosts) <= hosts.keys()
