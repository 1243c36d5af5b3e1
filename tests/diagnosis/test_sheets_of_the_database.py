"""Licences, sessions, assistance mode and relaunch: what the lab's workstations can't show."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from pydantic import SecretStr

from iea_fleet.diagnosis.kind import verdict_of
from iea_fleet.diagnosis.licence_choice import Standing
from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.sheets import KINDS, Task, build_request, judge
from iea_fleet.model.answer import Answer, RecordChange
from iea_fleet.model.desired import (
    Binding,
    DesiredAssistance,
    DesiredConnection,
    DesiredLicence,
    DesiredSession,
)
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import ExpectedHost
from iea_fleet.report.wording import words
from tests.diagnosis.answers import binding, make, process, records, session, setting, work
from tests.diagnosis.bench import LOOK

LICENCE = dataclasses.replace(LOOK, sheets=(Sheet.LICENCE,))
SESSION = dataclasses.replace(LOOK, sheets=(Sheet.SESSION,))
ASSISTANCE = dataclasses.replace(LOOK, sheets=(Sheet.ASSISTANCE,))
RESET = dataclasses.replace(
    LICENCE, read_only=False, licence=DesiredLicence(reset=(Binding(licence="IEA-1", workstation="A"),))
)
RELEASE = dataclasses.replace(SESSION, read_only=False, session=DesiredSession(release=True))
OFF = dataclasses.replace(
    ASSISTANCE, read_only=False, assistance=DesiredAssistance(mode="off", password=SecretStr("lundi"))
)


def _judge(answer: Answer, task: Task) -> tuple[str, dict[str, Finding]]:
    """The verdict and findings of the sheet alone, by code; parts that a case leaves out are not its subject."""
    _, findings = judge(answer, task)
    found = {finding.code: finding for finding in findings if not finding.code.startswith("transaction.")}
    return verdict_of(found.values(), KINDS).value, found


def _weighty(found: dict[str, Finding]) -> list[str]:
    return sorted(code for code, finding in found.items() if finding.severity is not Severity.OK)


# -- licences ---------------------------------------------------------------------------------------------------------


def _licences(*rows: dict[str, str], own: str | None = None, **more: Any) -> list[dict[str, Any]]:
    log = {"kind": "log", "id": "licence_refusals", "state": "present", "matches": []}
    return [records("licence_bindings", rows, **more), setting("own_licence", own), log]


def test_the_same_licence_on_two_workstations_names_both() -> None:
    rows = (binding("IEA-1", "A"), binding("iea-1", "pc-01"), binding("IEA-2", "C"), binding("IEA-3", ""))
    verdict, found = _judge(make(_licences(*rows), dry_run=True), LICENCE)
    assert (verdict, list(found)) == ("drift", ["licence.twice"])
    assert found["licence.twice"].evidence["workstations"] == "A, pc-01"
    assert "A, pc-01" in words(found["licence.twice"], "fr").explanation
    assert words(found["licence.twice"], "fr").title == "Une licence identique sur 2 postes"


def test_the_same_licence_on_two_others_is_no_fault_of_this_workstation() -> None:
    rows = (binding("IEA-1", "A"), binding("IEA-1", "B"))
    verdict, found = _judge(make(_licences(*rows, own="IEA-2"), dry_run=True), LICENCE)
    assert (verdict, _weighty(found)) == ("ok", ["licence.not_bound", "licence.twice_elsewhere"])
    verdict, found = _judge(make(_licences(*rows, own="iea-1"), dry_run=True), LICENCE)
    assert (verdict, _weighty(found)) == ("drift", ["licence.twice"])


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (binding("IEA-1", "A"),),
        (binding("IEA-1", "A"), binding("IEA-1", "a")),
        (binding("IEA-1", "A"), binding("IEA-1", "")),
        (binding("IEA-1", "A"), binding("IEA-2", "A")),
    ],
)
def test_one_workstation_a_licence_is_right(rows: tuple[dict[str, str], ...]) -> None:
    assert _judge(make(_licences(*rows), dry_run=True), LICENCE)[1].keys() == {"licence.right"}


def test_the_own_licence_on_another_workstation_is_found_and_on_none_is_told() -> None:
    verdict, found = _judge(make(_licences(binding("IEA-1", "OLD"), own="IEA-1"), dry_run=True), LICENCE)
    assert (verdict, list(found)) == ("drift", ["licence.bound_elsewhere"])
    verdict, found = _judge(make(_licences(binding("IEA-1", "pc-01"), own="IEA-1"), dry_run=True), LICENCE)
    assert (verdict, list(found)) == ("ok", ["licence.right"])
    verdict, found = _judge(make(_licences(binding("IEA-1", ""), own="IEA-1"), dry_run=True), LICENCE)
    assert (verdict, _weighty(found)) == ("ok", ["licence.not_bound"])


@pytest.mark.parametrize(
    ("state", "code", "verdict"),
    [
        ("file_missing", "list_out_of_reach", "skipped"),
        ("unreadable", "list_out_of_reach", "skipped"),
        ("malformed", "list_malformed", "failed"),
    ],
)
@pytest.mark.parametrize(("sheet", "probe", "task"), [
    ("licence", "licence_bindings", LICENCE), ("session", "open_sessions", SESSION),
])  # fmt: skip
def test_a_list_that_is_not_read_is_no_list_without_rows(
    state: str, code: str, verdict: str, sheet: str, probe: str, task: Task
) -> None:
    facts = records(probe, state=state, win32_code=5, message="Accès refusé.")
    assert _judge(make([facts], dry_run=True), task)[0] == verdict
    found = _judge(make([facts], dry_run=True), task)[1]
    assert list(found) == [f"{sheet}.{code}"]
    assert found[f"{sheet}.{code}"].evidence["message"] == "Accès refusé."


@pytest.mark.parametrize(("sheet", "probe", "task"), [
    ("licence", "licence_bindings", LICENCE), ("session", "open_sessions", SESSION),
])  # fmt: skip
def test_a_list_that_is_longer_than_was_told_is_said_to_be(sheet: str, probe: str, task: Task) -> None:
    row = binding("IEA-1", "A") | session("zoe", "A")
    found = _judge(make([records(probe, [row], total=300)], dry_run=True), task)[1]
    assert f"{sheet}.list_cut" in found
    assert "300" in words(found[f"{sheet}.list_cut"], "fr").explanation


def _released(name: str, *changes: tuple[dict[str, str], dict[str, str] | None], due: bool = True) -> dict[str, Any]:
    told = [{"before": before, "after": after} for before, after in changes]
    return {"id": name, "place": "p", "due": due, "records": told}


def test_a_reset_that_does_not_last_is_told() -> None:
    row, left = binding("IEA-1", "A"), binding("IEA-1", "", "")
    done = _released("licence_reset", (row, left))
    verdict, found = _judge(make(_licences(row), _licences(left), release=[done]), RESET)
    assert (verdict, _weighty(found)) == ("changed", ["licence.reset"])
    verdict, found = _judge(make(_licences(row), _licences(row), release=[done]), RESET)
    assert (verdict, _weighty(found)) == ("drift", ["licence.not_kept", "licence.reset"])


def test_a_request_names_exactly_the_rows_and_puts_back_exactly_what_was_taken() -> None:
    change = RecordChange(
        before=binding("IEA-2", "B") | {"seats": "3"}, after=binding("IEA-2", "", "") | {"seats": "3"}
    )
    desired = DesiredLicence(reset=RESET.licence.reset, undo=(change,))
    request = build_request(dataclasses.replace(RESET, licence=desired), transaction="1" * 32, nonce="2" * 32)
    reset, undo = request.release
    assert (reset.match, reset.values) == (
        ({"licence": "IEA-1", "workstation": "A"},),
        {"workstation": "", "bound": ""},
    )
    assert undo.match == ({"licence": "IEA-2", "workstation": "", "bound": "", "seats": "3"},)
    assert undo.values == {"workstation": "B", "bound": "12/03/2024 09:30:00"}
    assert build_request(dataclasses.replace(RESET, read_only=True), transaction="1" * 32, nonce="2" * 32).release == ()


def _planned(*rows: dict[str, str], own: str | None = None, **given: Any) -> tuple[list[str], str, list[str]]:
    """Workstations whose rows a plan resets, the reason, and what it hands over."""
    answer = make(_licences(*rows, own=own), dry_run=True)
    verdict, findings = judge(answer, LICENCE)
    plan = make_plan(LICENCE, Outcome(verdict=verdict, findings=findings, answer=answer), **given)
    reset = plan.task(LICENCE).licence.reset
    reason = plan.remedies[0].said.evidence["reset_reason"] if plan.remedies else ""
    return [row.workstation for row in reset], reason, [f.code for f in plan.hand_over if f.code.startswith("plan.")]


OLD, NEW = binding("IEA-1", "OLD", "01/02/2020 08:00:00"), binding("IEA-1", "PC-01", "01/02/2024 08:00:00")


def test_which_binding_to_reset_follows_what_is_known() -> None:
    same_day = binding("IEA-1", "OLD", "01/02/2024 08:00:00")
    assert _planned(OLD, NEW) == (["OLD"], "older", [])
    # Nothing tells them apart: each row, as the sheet does; only when that was done and did not help, more is known.
    assert _planned(same_day, NEW) == (["OLD", "PC-01"], "each_row", [])
    assert _planned(same_day, NEW, tried=["plan.reset_licence"]) == ([], "", ["plan.reinstall"])
    # This workstation says that it has another licence by now.
    assert _planned(OLD, NEW, own="IEA-7") == (["PC-01"], "other_licence", [])
    assert _planned(binding("IEA-1", "OLD"), own="IEA-1") == (["OLD"], "elsewhere", [])

    def known(standing: Standing) -> dict[str, Any]:
        return {"standing": lambda name, _: standing if name == "OLD" else Standing.OWNER}

    assert _planned(same_day, NEW, **known(Standing.NOT_IN_FLEET)) == (["OLD"], "not_in_fleet", [])
    assert _planned(same_day, NEW, **known(Standing.NO_ANSWER)) == (["OLD"], "no_answer", [])
    assert _planned(same_day, NEW, **known(Standing.OTHER_LICENCE)) == (["OLD"], "other_licence", [])
    # None of both is there any more: the older one goes, the newer is as good as any.
    nobody: dict[str, Any] = {"standing": lambda *_: Standing.NOT_IN_FLEET}
    assert _planned(OLD, NEW, **nobody) == (["OLD"], "older", [])
    third = binding("IEA-1", "THIRD", "01/02/2024 08:00:00")
    assert _planned(OLD, NEW, third) == (["OLD", "PC-01", "THIRD"], "each_row", [])
    # Both were installed with it: each row, and one needs its own code.
    assert _planned(OLD, NEW, **known(Standing.OWNER)) == (["OLD", "PC-01"], "each_row", ["plan.reinstall"])
    assert _planned(OLD, own="IEA-1", **known(Standing.OWNER)) == ([], "", ["plan.reinstall"])


# -- sessions ---------------------------------------------------------------------------------------------------------


def _sessions(*rows: dict[str, str], running: bool = False) -> list[dict[str, Any]]:
    return [records("open_sessions", rows), process(running)]


def test_sessions_are_left_behind_in_use_or_somebody_elses() -> None:
    rows = (session("zoe", "pc-01"), session("ali", "PC-01", "24/11/2026 07:30:00"), session("eva", "PC-02"))
    verdict, found = _judge(make(_sessions(*rows), dry_run=True), SESSION)
    assert (verdict, _weighty(found)) == ("drift", ["session.elsewhere", "session.stale"])
    evidence = found["session.stale"].evidence
    assert (evidence["users"], evidence["count"]) == ("zoe, ali", "2")
    # 21:00 UTC is 22:00 on the workstation: the oldest has been open for 14 h 30 min.
    assert (evidence["since"], evidence["age_min"]) == ("2026-11-24T07:30", "870")
    assert "depuis le 24/11/2026 à 7 h 30".replace(" 7 h ", " 07 h ") in words(
        found["session.stale"], "fr"
    ).explanation.replace("\u00a0", " ")
    assert "(14 h 30 min)" in words(found["session.stale"], "en").explanation
    verdict, found = _judge(make(_sessions(*rows, running=True), dry_run=True), SESSION)
    assert (verdict, _weighty(found)) == ("ok", ["session.elsewhere", "session.live"])
    assert found["session.elsewhere"].evidence["users"] == "eva"


def test_that_nobody_says_whether_the_program_runs_is_no_proof_that_it_does_not() -> None:
    found = _judge(make(_sessions(session("zoe", "PC-01"))[:1], dry_run=True), SESSION)[1]
    assert _weighty(found) == ["session.live"]


@pytest.mark.parametrize(
    ("since", "told", "age"),
    [
        ("24/11/2026 21:59:00", "2026-11-24T21:59", "1"),
        ("20/11/2026 19:00:00", "2026-11-20T19:00", "5940"),
        ("25/11/2026 08:00:00", "2026-11-25T08:00", None),
        ("31/02/2026 08:00:00", "31/02/2026 08:00:00", None),
        ("hier", "hier", None),
    ],
)
def test_a_moment_is_told_as_it_can_be_read(since: str, told: str, age: str | None) -> None:
    answer = make(_sessions(session("zoe", "PC-01", since)), dry_run=True)
    evidence = _judge(answer, SESSION)[1]["session.stale"].evidence
    assert (evidence["since"], evidence.get("age_min")) == (told, age)


def test_an_age_is_told_in_its_two_largest_units() -> None:
    def age(minutes: str) -> str:
        finding = Finding(
            code="session.released", sheet=Sheet.SESSION, severity=Severity.INFO,
            evidence={"users": "z", "workstation": "P", "count": "1", "since": "2026-11-24T07:30", "age_min": minutes},
        )  # fmt: skip
        return words(finding, "fr").explanation.replace("\u00a0", " ")

    assert "(5 min)" in age("5")
    assert "(2 h 5 min)" in age("125")
    assert "(4 j 3 h)" in age("5940")
    assert "(x)" in age("x")


def test_a_session_is_released_only_while_the_program_is_closed() -> None:
    request = build_request(RELEASE, transaction="1" * 32, nonce="2" * 32)
    (release,) = request.release
    assert release.match == ({"workstation": "pc-01"},)
    assert release.values is None
    assert release.only_if is not None
    assert (release.only_if.probe, release.only_if.one_of) == ("application_process", ("false",))
    forced = dataclasses.replace(RELEASE, session=DesiredSession(release=True, force=True, user="zoe"))
    (release,) = build_request(forced, transaction="1" * 32, nonce="2" * 32).release
    assert (release.match, release.only_if) == (({"workstation": "pc-01", "user": "zoe"},), None)


def test_whose_session_is_not_known_is_released_of_nobody() -> None:
    unknown = dataclasses.replace(RELEASE, expect_host=ExpectedHost())
    assert build_request(unknown, transaction="1" * 32, nonce="2" * 32).release == ()
    verdict, found = _judge(make(_sessions(session("zoe", "PC-01"))), unknown)
    assert (verdict, _weighty(found)) == ("drift", ["session.stale", "session.workstation_unknown"])


def test_a_session_that_is_back_at_once_is_told() -> None:
    row = session("zoe", "PC-01")
    done = _released("session_release", (row, None))
    verdict, found = _judge(make(_sessions(row), _sessions(), release=[done]), RELEASE)
    assert (verdict, _weighty(found)) == ("changed", ["session.released"])
    verdict, found = _judge(make(_sessions(row), _sessions(row), release=[done]), RELEASE)
    assert (verdict, _weighty(found)) == ("drift", ["session.not_kept", "session.released", "session.stale"])


# -- assistance mode --------------------------------------------------------------------------------------------------


def _mode(*values: str | None, state: str | None = None) -> list[dict[str, Any]]:
    return [
        setting("assistance", *values, state=state),
        setting("assistance_since", "24/11/2026 21:30:00"),
        setting("assistance_by", "zoe"),
    ]


@pytest.mark.parametrize(
    ("values", "state", "verdict", "code"),
    [
        (("non",), None, "ok", "off"),
        ((None,), None, "ok", "off"),
        (("oui",), None, "drift", "on"),
        (("non", "oui"), None, "drift", "on"),
        (("peut-être",), None, "ok", "unclear"),
        ((None,), "file_missing", "skipped", "out_of_reach"),
        ((None,), "unreadable", "skipped", "out_of_reach"),
        ((), None, "skipped", "out_of_reach"),
    ],
)
def test_who_is_in_assistance_mode_and_since_when(
    values: tuple[str | None, ...], state: str | None, verdict: str, code: str
) -> None:
    told, found = _judge(make(_mode(*values, state=state), dry_run=True), ASSISTANCE)
    assert (told, list(found)) == (verdict, [f"assistance.{code}"])
    if code == "on":
        evidence = found["assistance.on"].evidence
        assert (evidence["by"], evidence["since"], evidence["age_min"]) == ("zoe", "2026-11-24T21:30", "30")


def test_the_command_gets_the_password_on_its_standard_input_only_while_the_mode_is_on() -> None:
    request = build_request(OFF, transaction="1" * 32, nonce="2" * 32)
    (step,) = request.act
    assert step.kind == "run_command"
    assert step.standard_input is not None
    assert step.standard_input.get_secret_value() == "lundi"
    assert "lundi" not in " ".join(step.arguments)
    assert step.only_if is not None
    assert (step.only_if.probe, step.only_if.one_of) == ("assistance", ("oui",))
    assert step.until is not None
    assert step.until.one_of == ("non",)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (work("assistance_off", ok=False, exit_code=5, message="lundi est faux"), "password_refused"),
        (work("assistance_off", ok=False, win32_code=2, message="m"), "command_failed"),
        (work("assistance_off", ok=False, exit_code=0, message="not within 10 s"), "command_failed"),
    ],
)
def test_a_refused_password_is_told_from_a_command_that_failed(step: dict[str, Any], code: str) -> None:
    error = {"step": "act", "id": "assistance_off", "message": "m"}
    verdict, found = _judge(make(_mode("oui"), act=[step], status="failed", error=error), OFF)
    assert (verdict, _weighty(found)) == ("drift", sorted(["assistance.on", f"assistance.{code}"]))
    assert "lundi" not in str(found)


def test_a_change_that_the_application_does_not_show_is_told() -> None:
    verdict, found = _judge(make(_mode("oui"), _mode("oui"), act=[work("assistance_off")]), OFF)
    assert (verdict, _weighty(found)) == ("drift", ["assistance.not_kept"])


def test_turning_it_off_needs_the_password_of_the_day() -> None:
    without = dataclasses.replace(OFF, assistance=DesiredAssistance(mode="off"))
    assert build_request(without, transaction="1" * 32, nonce="2" * 32).act == ()
    verdict, found = _judge(make(_mode("oui")), without)
    assert (verdict, _weighty(found)) == ("drift", ["assistance.on", "assistance.password_needed"])
    assert "impact-emploi-association@urssaf.fr" in words(found["assistance.password_needed"], "fr").next_step


def test_without_a_command_the_setting_itself_is_written() -> None:
    setting_of = LOOK.profile.connection.assistance
    assert setting_of is not None
    connection = LOOK.profile.connection.model_copy(
        update={"assistance": setting_of.model_copy(update={"turn_off": None})}
    )
    task = dataclasses.replace(
        OFF,
        assistance=DesiredAssistance(mode="off"),
        profile=LOOK.profile.model_copy(update={"connection": connection}),
    )
    request = build_request(task, transaction="1" * 32, nonce="2" * 32)
    assert (request.act, [(one.id, one.value) for one in request.ensure]) == ((), [("assistance", "non")])
    place = {"place": "c.ini", "state": "present", "before": "oui", "after": "non", "changed": True}
    ensure = [{"id": "assistance", "places": [place]}]
    verdict, found = _judge(make(_mode("oui"), _mode("non"), ensure=ensure), task)
    assert (verdict, _weighty(found)) == ("changed", ["assistance.turned_off"])


# -- the red heart ----------------------------------------------------------------------------------------------------

HEART = dataclasses.replace(LOOK, sheets=(Sheet.CONNECTION,))
AGAIN = dataclasses.replace(HEART, read_only=False, connection=DesiredConnection(save=False, relaunch=True))


def _relaunched(before: str | None, after: str | None, step: dict[str, Any] | None = None) -> dict[str, Finding]:
    answer = make(
        [setting("connection_state", before)],
        [setting("connection_state", after)],
        after=[step or work("relaunch", exit_code=0)],
    )
    found = _judge(answer, AGAIN)[1]
    return {code: finding for code, finding in found.items() if code.startswith("relaunch.")}


@pytest.mark.parametrize(
    ("before", "after", "ok", "code"),
    [
        ("refusé", "connecté", True, "connected"),
        ("connecté", "connecté", True, "stayed_connected"),
        ("refusé", "refusé", True, "refused.support"),
        ("refusé", "refusé", False, "refused.support"),
        ("refusé", None, True, "done"),
        ("refusé", "déconnecté", False, "failed"),
    ],
)
def test_the_icon_decides_what_became_of_a_relaunch(before: str, after: str | None, ok: bool, code: str) -> None:
    found = _relaunched(before, after, work("relaunch", ok=ok, exit_code=int(not ok)))
    assert list(found) == [f"relaunch.{code}"]


def test_a_relaunch_comes_last_and_writes_no_setting() -> None:
    request = build_request(AGAIN, transaction="1" * 32, nonce="2" * 32)
    assert (request.ensure, request.require, [step.id for step in request.after]) == ((), (), ["relaunch"])
    saving = dataclasses.replace(AGAIN, connection=DesiredConnection(relaunch=True))
    request = build_request(saving, transaction="1" * 32, nonce="2" * 32)
    assert [step.id for step in request.after] == ["restart_connection", "relaunch"]
    assert len(request.ensure) == 3


def test_a_profile_without_the_command_leaves_the_relaunch_to_a_person() -> None:
    connection = LOOK.profile.connection.model_copy(update={"relaunch": None})
    task = dataclasses.replace(AGAIN, profile=LOOK.profile.model_copy(update={"connection": connection}))
    found = _judge(make([setting("connection_state", "refusé")]), task)[1]
    assert {"relaunch.by_hand", "relaunch.red_heart"} <= found.keys()


def test_a_check_tells_a_relaunch_to_come() -> None:
    found = _judge(make([setting("connection_state", "refusé")], after=[work("relaunch")], dry_run=True), AGAIN)[1]
    assert {"relaunch.would_relaunch", "relaunch.red_heart"} <= found.keys()


def test_an_unreachable_host_has_no_remedy_and_is_handed_over() -> None:
    silent = Finding(code="transport.silent", sheet=Sheet.TRANSPORT, severity=Severity.ERROR)
    plan = make_plan(LOOK, Outcome(verdict=Verdict.UNREACHABLE, findings=(silent,)))
    assert (plan.remedies, plan.hand_over) == ((), (silent,))
