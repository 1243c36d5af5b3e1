"""The request of a round, and what holds for the verdict of any answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.diagnosis.kind import verdict_of
from iea_fleet.diagnosis.sheets import KINDS, Task, build_request, judge
from iea_fleet.model.answer import Answer, SettingFacts, Status, UrlFacts
from iea_fleet.model.desired import DesiredConnection, Mode
from iea_fleet.model.finding import Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.request import Request

TaskOf = Callable[[Mapping[str, Any]], Task]
AnswerOf = Callable[[Task, Mapping[str, Any]], Answer]

WORDS: tuple[dict[str, Any], ...] = (
    {},
    {"settings": {"connection_mode": "0", "update_url": None}},
    {"settings": {"assistance": "oui"}, "status": "refused", "error": {"step": "require", "message": "m"}},
    {"tests": {"update": {"layer": "dns"}}, "status": "refused", "error": {"step": "require", "message": "m"}},
    {"settings": {"connection_mode": {"state": "malformed"}}},
    {"settings": {"connection_mode": "0"}, "verify": {"settings": {"connection_mode": "0"}}},
    {"tests": {"update": {"layer": "tls", "tls_refusal": "expired", "certificate": {}}}},
    {"log": {"authorisation_refused": "x"}},
)


def _request(task: Task) -> Request:
    return build_request(task, transaction="1" * 32, nonce="2" * 32)


def test_a_push_requires_both_servers_and_no_assistance_mode(task_of: TaskOf) -> None:
    request = _request(task_of({}))
    assert not request.dry_run
    assert request.state_folder == Request(transaction="1" * 32, nonce="2" * 32, dry_run=True).state_folder
    assert [(one.probe, one.fact, one.one_of, one.none_of) for one in request.require] == [
        ("assistance", "value", None, ("oui",)),
        ("authentication_test", "ok", ("true",), None),
        ("update_test", "ok", ("true",), None),
    ]
    assert [(one.id, one.value) for one in request.ensure] == [
        ("connection_mode", "1"),
        ("authentication_url", "https://impact-emploi.urssaf.fr"),
        ("update_url", "https://impact-emploi.urssaf.fr/updates"),
    ]
    assert [step.id for step in request.after] == ["restart_connection"]


def test_a_report_requires_nothing_and_can_write_nothing(task_of: TaskOf) -> None:
    request = _request(task_of({"read_only": True}))
    assert (request.dry_run, request.require, request.after) == (True, (), ())
    assert [one.id for one in request.probe] == [one.id for one in _request(task_of({})).probe]
    assert len(request.ensure) == 3


def test_the_desired_servers_are_tested_with_the_desired_patience(task_of: TaskOf) -> None:
    desired = DesiredConnection(
        mode=Mode.PLAIN,
        authentication_url="http://a.example:8080",
        update_url="http://u.example/x",
        test_timeout_ms=1234,
        accept_status=(200, 204),
    )
    request = _request(dataclasses.replace(task_of({}), connection=desired))
    urls = [(one.url, one.timeout_ms, one.accept_status) for one in request.probe if one.kind == "url"]
    assert urls == [("http://a.example:8080", 1234, (200, 204)), ("http://u.example/x", 1234, (200, 204))]
    assert request.ensure[0].value == "0"


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://a.example", "80"),
        ("https://a.example/x", "443"),
        ("https://[::1]:8443", "8443"),
        ("http://a:99999", ""),
    ],
)
def test_a_failed_test_names_host_and_port(task_of: TaskOf, answer_of: AnswerOf, url: str, port: str) -> None:
    desired = DesiredConnection(authentication_url=url)
    task = dataclasses.replace(task_of({"read_only": True}), connection=desired)
    _, findings = judge(answer_of(task, {"tests": {"authentication": {"layer": "tcp", "win32_code": 10061}}}), task)
    evidence = findings[0].evidence
    assert (evidence["port"], evidence["url"], evidence["win32_code"]) == (port, url, "10061")


def test_a_long_text_is_cut_and_an_answer_of_no_finding_is_ok(task_of: TaskOf, answer_of: AnswerOf) -> None:
    task = task_of({})
    _, findings = judge(answer_of(task, {"log": {"authorisation_refused": "x" * 501}}), task)
    assert findings[0].evidence["line"] == "x" * 499 + "…"
    _, findings = judge(answer_of(task, {"log": {"authorisation_refused": "x" * 500}}), task)
    assert findings[0].evidence["line"] == "x" * 500
    assert verdict_of((), KINDS) is Verdict.OK


def test_a_profile_without_the_optional_parts_asks_less(task_of: TaskOf) -> None:
    task = task_of({})
    connection = task.profile.connection.model_copy(update={"version": None, "assistance": None})
    application = task.profile.application.model_copy(update={"restart": None})
    bare = task.profile.model_copy(update={"connection": connection, "refusals": None, "application": application})
    request = _request(dataclasses.replace(task, profile=bare))
    assert [one.id for one in request.probe] == [
        "connection_mode",
        "authentication_url",
        "update_url",
        "authentication_test",
        "update_test",
        "application_process",
    ]
    assert request.after == ()
    assert "assistance" not in {one.probe for one in request.require}


@pytest.mark.parametrize("sheets", [(), (Sheet.TRANSPORT,), (Sheet.CONNECTION, Sheet.TRANSPORT)])
def test_what_is_no_sheet_is_refused(task_of: TaskOf, sheets: tuple[Sheet, ...]) -> None:
    with pytest.raises(ValueError, match="sheets must be of connection"):
        _request(dataclasses.replace(task_of({}), sheets=sheets))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_only_a_whole_answer_that_proves_it_is_ok_or_changed(
    task_of: TaskOf, answer_of: AnswerOf, data: st.DataObject
) -> None:
    """Answers are cut and mixed at will: none may raise, and none may be called right without proof in it."""
    task = task_of({"read_only": data.draw(st.booleans()), "dry_run": data.draw(st.booleans())})
    answer, other = (answer_of(task, data.draw(st.sampled_from(WORDS))) for _ in range(2))
    for part in ("probes", "ensure", "after", "verify", "require"):
        pool = getattr(answer, part) + getattr(other, part)
        if data.draw(st.booleans()):
            mixed = data.draw(st.lists(st.sampled_from(pool), max_size=20)) if pool else []
            answer = answer.model_copy(update={part: tuple(mixed)})
    answer = answer.model_copy(update={"status": data.draw(st.sampled_from([answer.status, *Status]))})
    verdict, findings = judge(answer, task)
    assert len(findings) <= 64
    assert [finding.severity for finding in findings] == sorted(
        (finding.severity for finding in findings),
        key=[Severity.ERROR, Severity.WARNING, Severity.INFO, Severity.OK].index,
    )
    if verdict not in {Verdict.OK, Verdict.CHANGED}:
        return
    assert answer.status is Status.DONE
    latest = {facts.id: facts for facts in (*answer.probes, *answer.verify)}
    tests = [latest["authentication_test"], latest["update_test"]]
    assert all(isinstance(facts, UrlFacts) and facts.ok for facts in tests)
    if answer.changed and task.dry_run:
        return
    for name, value in (("connection_mode", "1"), ("update_url", "https://impact-emploi.urssaf.fr/updates")):
        facts = latest[name]
        assert isinstance(facts, SettingFacts)
        assert {place.value for place in facts.places} == {value}
