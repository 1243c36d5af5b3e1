"""The share sheet: each code and layer to its cause, as whom it was looked, and what was done about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.remedy import Need
from iea_fleet.diagnosis.sheets import Task, build_request, judge
from iea_fleet.model.answer import Answer
from iea_fleet.model.desired import DesiredShare, ShareRemedy
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import AsWhom, ReconnectShare, RestartComputer
from iea_fleet.report.wording import words
from tests.diagnosis.answers import make, share, work
from tests.diagnosis.bench import LOOK

SHARE = dataclasses.replace(LOOK, sheets=(Sheet.SHARE,))
FOLDER = r"\\SERVEUR\impact\base"
GIVEN = dataclasses.replace(
    SHARE, share=DesiredShare(path=FOLDER, as_whom=tuple(AsWhom), username="base", password=SecretStr("secret"))
)
MEND = dataclasses.replace(GIVEN, read_only=False)


def _others() -> list[dict[str, Any]]:
    return [
        {"kind": "service", "id": "workstation_service", "state": "running"},
        {"kind": "people", "id": "people", "state": "present", "people": ["CLUB\\zoe"]},
        {
            "kind": "setting",
            "id": "database_folder",
            "places": [{"place": "c.ini", "state": "present", "value": "\\\\SRV\\Base"}],
        },
    ]


def _judge(answer: Answer, task: Task = GIVEN) -> tuple[Verdict, dict[str, Finding]]:
    verdict, findings = judge(answer, task)
    return verdict, {finding.code: finding for finding in findings}


def _looked(
    *looks: dict[str, Any], task: Task = GIVEN, elevated: bool | None = None
) -> tuple[Verdict, dict[str, Finding]]:
    names = [f"share_{whom.value}" for whom in task.share.as_whom]
    told = {one["id"]: one for one in looks}
    rest = [told.get(name, share(name.removeprefix("share_"))) for name in names]
    dry_run = task.read_only or task.dry_run
    return _judge(make([*_others(), *rest], dry_run=dry_run, elevated=elevated), task)


@pytest.mark.parametrize(
    ("code", "layer", "fault"),
    [
        (11001, "name", "name_not_found"),
        (11004, "name", "name_not_found"),
        (11002, "name", "name_not_answered"),
        (0, "name", "name_not_answered"),
        (10060, "tcp", "server_silent"),
        (10061, "tcp", "port_refused"),
        (10051, "tcp", "no_route"),
        (10065, "tcp", "no_route"),
        (10054, "tcp", "port_unreachable"),
        (53, "share", "network_path_not_found"),
        (67, "share", "share_not_found"),
        (5, "share", "access_denied"),
        (5, "read", "access_denied"),
        (65, "share", "access_denied"),
        (64, "share", "session_lost"),
        (55, "share", "session_lost"),
        (59, "path", "network_error"),
        (121, "share", "network_error"),
        (1219, "share", "two_identities"),
        (1222, "share", "no_network"),
        (1231, "share", "no_route"),
        (71, "share", "too_many_connections"),
        (1272, "share", "guest_blocked"),
        (384, "share", "smb1_needed"),
        (1311, "share", "no_domain_server"),
        (1789, "share", "trust_lost"),
        (86, "share", "password_refused"),
        (1326, "share", "logon_failed"),
        (1331, "share", "account_disabled"),
        (1909, "share", "account_locked"),
        (1793, "share", "account_expired"),
        (1385, "share", "account_restricted"),
        (1330, "share", "password_expired"),
        (1907, "share", "password_must_change"),
        (2250, "share", "drive_lost"),
        (3, "path", "folder_missing"),
        (2, "file", "file_missing"),
        (32, "read", "file_in_use"),
        (19, "write", "write_protected"),
        (112, "write", "disk_full"),
        (1117, "read", "disk_damaged"),
        (4321, "share", "error"),
        (0, "path", "error"),
    ],
)
def test_each_code_is_one_cause_with_the_systems_own_sentence(code: int, layer: str, fault: str) -> None:
    looks = [share(whom.value, code, layer) for whom in AsWhom]
    verdict, found = _looked(*looks)
    assert (verdict, list(found)) == (Verdict.DRIFT, [f"share.{fault}"])
    finding = found[f"share.{fault}"]
    evidence = finding.evidence
    assert (evidence["layer"], evidence["server"], evidence["path"]) == (layer, "SRV", "\\\\SRV\\Base")
    assert evidence["as_whom"] == "logon, machine, user"
    assert evidence.get("win32_code", "0") == str(code)
    assert evidence["message"] == "Le chemin réseau n'a pas été trouvé."
    told = words(finding, "fr")
    assert "Le chemin réseau n'a pas été trouvé." in told.explanation
    assert told.steps


def test_a_fault_that_two_see_differently_is_told_for_each() -> None:
    verdict, found = _looked(share("user", 5), share("machine", 1326), share("logon", 5))
    assert (verdict, sorted(found)) == (Verdict.DRIFT, ["share.access_denied", "share.logon_failed"])
    assert found["share.access_denied"].evidence["as_whom"] == "logon, user"


@pytest.mark.parametrize("code", [5, 1326])
def test_a_network_logon_without_credentials_says_nothing_of_the_share(code: int) -> None:
    alone = dataclasses.replace(SHARE, share=DesiredShare())
    verdict, found = _looked(share("logon", code), task=alone)
    assert (verdict, sorted(found)) == (Verdict.SKIPPED, ["share.not_judged", "share.not_judged_as_this_account"])
    said = words(found["share.not_judged_as_this_account"], "fr")
    for way in ("iea_share_username", "CredSSP", "iea_share_as_whom: user"):
        assert way in said.next_step


@pytest.mark.parametrize("code", [5, 1326])
def test_fine_for_the_person_at_the_desk_is_fine(code: int) -> None:
    everybody = dataclasses.replace(SHARE, share=DesiredShare(as_whom=tuple(AsWhom)))
    verdict, found = _looked(share("logon", code), task=everybody)
    assert (verdict, sorted(found)) == (Verdict.OK, ["share.not_judged_as_this_account", "share.reached"])
    assert found["share.reached"].evidence["as_whom"] == "machine, user"


def test_credentials_that_are_refused_are_a_fault_of_theirs() -> None:
    verdict, found = _looked(share("logon", 1326))
    assert (verdict, sorted(found)) == (Verdict.DRIFT, ["share.logon_failed"])


@pytest.mark.parametrize(("whom", "code"), [("user", "nobody_logged_on"), ("machine", "task_failed")])
def test_who_could_not_look_is_told_and_others_decide(whom: str, code: str) -> None:
    verdict, found = _looked(share(whom, 1, "identity", server="", path="%IEA_DATABASE%"))
    assert (verdict, sorted(found)) == (Verdict.OK, sorted(["share.reached", f"share.{code}"]))
    alone = dataclasses.replace(SHARE, share=DesiredShare(as_whom=(AsWhom(whom),)))
    verdict, found = _looked(share(whom, 1, "identity", server=""), task=alone)
    assert (verdict, sorted(found)) == (Verdict.SKIPPED, sorted(["share.not_judged", f"share.{code}"]))


@pytest.mark.parametrize("whom", ["user", "machine"])
def test_without_administrators_rights_nobody_is_said_not_to_be_there(whom: str) -> None:
    """Such an account does not see who is logged on: that it sees nobody says nothing."""
    verdict, found = _looked(share(whom, 1, "identity", server="", path="%IEA_DATABASE%"), elevated=False)
    assert (verdict, sorted(found)) == (Verdict.OK, ["share.reached", "share.rights_missing"])
    assert found["share.rights_missing"].evidence["plain_account"]
    _, found = _looked(share(whom, 1, "identity", server="", path="%IEA_DATABASE%"), elevated=True)
    assert "share.rights_missing" not in found


def test_a_database_on_a_local_disk_needs_no_server() -> None:
    local = [share(whom.value, server="", path="C:\\Impact") for whom in AsWhom]
    verdict, found = _looked(*local)
    assert (verdict, list(found)) == (Verdict.OK, ["share.local"])
    # Denied there it is a fault, whoever looks: there is no second server to hop to.
    verdict, found = _looked(
        share("logon", 5, "path", server=""), task=dataclasses.replace(SHARE, share=DesiredShare())
    )
    assert (verdict, list(found)) == (Verdict.DRIFT, ["share.access_denied"])


@pytest.mark.parametrize(("remembered", "fault"), [("\\\\SRV\\Base", "drive_lost"), ("", "drive_unknown")])
def test_a_path_that_is_not_found_on_a_drive_nobody_has_is_the_drives_fault(remembered: str, fault: str) -> None:
    look = share("user", 3, "path", server="", path="P:\\Base", drive="P:", drive_path=remembered)
    _, found = _looked(look)
    assert f"share.{fault}" in found
    assert found[f"share.{fault}"].evidence["drive"] == "P:"


def test_an_application_without_a_folder_is_told_before_any_share() -> None:
    nowhere = {
        "kind": "setting",
        "id": "database_folder",
        "places": [{"place": "c.ini", "state": "absent", "value": None}],
    }
    probes = [*_others()[:2], nowhere, share("logon", 3, "path", path="%IEA_DATABASE%")]
    verdict, found = _judge(make(probes, dry_run=True), dataclasses.replace(SHARE, share=DesiredShare()))
    assert (verdict, list(found)) == (Verdict.DRIFT, ["share.folder_not_set"])


@pytest.mark.parametrize("state", ["file_missing", "unreadable", "malformed"])
def test_a_folder_whose_setting_is_not_read_is_not_told_as_not_set(state: str) -> None:
    unread = {"kind": "setting", "id": "database_folder", "places": [{"place": "c.ini", "state": state, "value": None}]}
    probes = [*_others()[:2], unread, share("logon", 3, "path", path="%IEA_DATABASE%")]
    verdict, found = _judge(make(probes, dry_run=True), dataclasses.replace(SHARE, share=DesiredShare()))
    assert (verdict, list(found)) == (Verdict.SKIPPED, ["share.folder_not_read"])


def test_who_looks_by_a_drive_is_told_the_server_behind_it_and_is_no_second_finding() -> None:
    drive = {"drive": "P:", "drive_path": "\\\\SRV\\Impact"}
    by_name = share("logon", 1331, "share", server="SRV", **drive)
    by_drive = share("user", 1331, "share", server="", path="P:\\Base", **drive)
    (told,) = _looked(by_name, by_drive)[1].values()
    assert (told.evidence["server"], told.evidence["as_whom"]) == ("SRV", "logon, user")
    (alone,) = _looked(by_drive)[1].values()
    assert alone.evidence["server"] == "SRV"


@pytest.mark.parametrize(
    ("code", "layer", "of_the_drive", "fault"),
    [(10060, "tcp", 53, "server_silent"), (11001, "name", 53, "name_not_found"), (1231, "tcp", 1231, "no_route")],
)
def test_a_drive_tells_nothing_beside_a_server_that_is_not_reached(
    code: int, layer: str, of_the_drive: int, fault: str
) -> None:
    drive = {"drive": "P:", "drive_path": "\\\\srv\\Impact"}
    by_drive = share("user", of_the_drive, "share", server="", path="P:\\Base", **drive)
    (told,) = _looked(share("logon", code, layer, server="SRV", **drive), by_drive)[1].values()
    assert (told.code, told.evidence["as_whom"]) == (f"share.{fault}", "logon, user")


# -- what is done about it ------------------------------------------------------------------------------------------


def _with_remedies(*remedies: ShareRemedy) -> Task:
    return dataclasses.replace(MEND, share=MEND.share.model_copy(update={"mend": remedies}))


def test_every_remedy_is_due_for_its_codes_only_and_nothing_is_done_in_a_look() -> None:
    request = build_request(_with_remedies(*ShareRemedy), transaction="1" * 32, nonce="2" * 32)
    due = {step.id: step.only_if for step in (*request.act, *request.after)}
    assert list(due) == [
        "start_workstation_service", "restore_drive", "reconnect_logon", "reconnect_user", "restart_computer",
    ]  # fmt: skip
    asked = {name: (only.probe, only.fact, set(only.one_of or ())) for name, only in due.items() if only is not None}
    assert asked["start_workstation_service"] == ("workstation_service", "state", {"stopped", "paused"})
    assert asked["reconnect_user"][0] == "share_user"
    assert {"64", "59", "1219"} <= asked["reconnect_user"][2]
    assert {"2250", "3"} <= asked["restore_drive"][2]
    # Another remedy may have been enough, which can't be asked again in the same round.
    assert not asked["restart_computer"][2] & (asked["reconnect_user"][2] | asked["restore_drive"][2])
    assert "53" in asked["restart_computer"][2]
    looked = build_request(GIVEN, transaction="1" * 32, nonce="2" * 32)
    assert (looked.act, looked.after) == ((), ())
    assert looked.connect is not None
    assert looked.connect.username == "base"


def test_a_restart_is_for_who_allows_it_by_name_and_asks_the_person() -> None:
    assert ShareRemedy.RESTART not in DesiredShare().mend
    request = build_request(_with_remedies(ShareRemedy.RESTART), transaction="1" * 32, nonce="2" * 32)
    (step,) = request.after
    assert isinstance(step, RestartComputer)
    assert (step.ask, step.delay_s) == (True, 60)
    assert step.only_if is not None
    assert {"53", "64", "1219"} <= set(step.only_if.one_of or ())


def test_the_machine_has_no_session_that_could_be_dropped() -> None:
    task = dataclasses.replace(MEND, share=DesiredShare(as_whom=(AsWhom.MACHINE,)))
    request = build_request(task, transaction="1" * 32, nonce="2" * 32)
    assert not [step for step in request.act if isinstance(step, ReconnectShare)]


def _remedied(
    before: list[dict[str, Any]], then: list[dict[str, Any]], **parts: Any
) -> tuple[Verdict, dict[str, Finding]]:
    return _judge(make([*_others(), *before], [*_others(), *then] if then else [], **parts), MEND)


def _all(code: int = 0) -> list[dict[str, Any]]:
    return [share(whom.value, code) for whom in AsWhom]


def test_a_session_made_anew_is_told_with_what_it_was() -> None:
    verdict, found = _remedied(_all(64), _all(), act=[work("reconnect_logon"), work("reconnect_user")])
    assert (verdict, list(found)) == (Verdict.CHANGED, ["share.mended"])
    evidence = found["share.mended"].evidence
    assert (evidence["fault"], evidence["win32_code"]) == ("session_lost", "64")
    assert evidence["remedy"] == "reconnect_logon, reconnect_user"
    assert "Session avec le serveur de fichiers perdue" in words(found["share.mended"], "fr").explanation


def test_a_remedy_that_did_not_help_is_told_beside_the_fault() -> None:
    verdict, found = _remedied(_all(64), _all(53), act=[work("reconnect_logon"), work("reconnect_user")])
    assert (verdict, sorted(found)) == (Verdict.DRIFT, ["share.network_path_not_found", "share.still_failing"])


def test_a_remedy_that_failed_is_told_with_its_code_and_ends_the_round() -> None:
    verdict, found = _remedied(
        _all(64), [],
        act=[work("reconnect_logon", ok=False, win32_code=53, message="m")],
        status="failed", error={"step": "act", "id": "reconnect_logon", "win32_code": 53, "message": "m"},
    )  # fmt: skip
    assert (verdict, sorted(found)) == (Verdict.DRIFT, ["share.remedy_failed", "share.session_lost"])
    assert found["share.remedy_failed"].evidence["win32_code"] == "53"


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (work("restart_computer"), "restart_begun"),
        (work("restart_computer", ok=False, win32_code=1223), "restart_declined"),
        (work("restart_computer", ok=False, win32_code=5), "restart_failed"),
    ],
)
def test_a_restart_is_begun_declined_by_the_person_or_failed(step: dict[str, Any], code: str) -> None:
    verdict, found = _remedied(_all(53), [], after=[step])
    assert (verdict, sorted(found)) == (Verdict.DRIFT, sorted(["share.network_path_not_found", f"share.{code}"]))
    assert found[f"share.{code}"].evidence["people"] == "CLUB\\zoe"


def test_a_check_tells_what_would_be_tried_and_keeps_the_fault() -> None:
    answer = make([*_others(), *_all(64)], dry_run=True, act=[work("reconnect_logon"), work("reconnect_user")])
    verdict, findings = judge(answer, dataclasses.replace(MEND, dry_run=True))
    codes = [finding.code for finding in findings]
    assert (verdict, codes) == (Verdict.DRIFT, ["share.session_lost", "share.would_mend", "share.would_mend"])


def test_a_fault_that_outlasts_a_reconnection_is_for_a_restart_when_allowed() -> None:
    answer = make(
        [*_others(), *_all(64)], [*_others(), *_all(64)], act=[work("reconnect_logon"), work("reconnect_user")]
    )
    verdict, findings = judge(answer, MEND)
    outcome = Outcome(verdict=verdict, findings=findings, answer=answer)
    plan = make_plan(MEND, outcome, tried=["plan.reconnect"])
    assert ([remedy.code for remedy in plan.remedies], plan.due, set(plan.lacking)) == (
        ["plan.restart"],
        (),
        {"restart"},
    )
    allowed = make_plan(MEND, outcome, tried=["plan.reconnect"], restart_allowed=True)
    assert allowed.task(MEND).share.mend == (ShareRemedy.RESTART,)
    after = make_plan(MEND, outcome, tried=["plan.reconnect", "plan.restart"], restart_allowed=True)
    assert (after.remedies, {finding.code for finding in after.hand_over}) == (
        (), {"share.session_lost", "share.still_failing"}
    )  # fmt: skip


def test_two_who_see_the_same_need_one_remedy() -> None:
    answer = make([*_others(), share("logon", 64), share("machine", 53), share("user", 59, "path")], dry_run=True)
    verdict, findings = judge(answer, GIVEN)
    plan = make_plan(GIVEN, Outcome(verdict=verdict, findings=findings, answer=answer), restart_allowed=True)
    assert [remedy.code for remedy in plan.remedies] == ["plan.reconnect", "plan.restart"]
    assert plan.hand_over == ()
    # Who could not reach the share decides about the restart.
    task = plan.task(GIVEN)
    assert task.share.as_whom == (AsWhom.MACHINE, AsWhom.LOGON, AsWhom.USER)
    (step,) = build_request(task, transaction="1" * 32, nonce="2" * 32).after
    assert step.only_if is not None
    assert step.only_if.probe == "share_machine"


def test_a_restarted_workstation_that_was_looked_at_again_is_mended() -> None:
    verdict, found = _remedied(_all(53), _all(), after=[work("restart_computer")])
    assert (verdict, sorted(found)) == (Verdict.CHANGED, ["share.mended", "share.restarted"])
    assert "restart the workstation" in words(found["share.mended"], "en").explanation
    verdict, found = _remedied(_all(53), _all(53), after=[work("restart_computer")])
    assert (verdict, sorted(found)) == (Verdict.DRIFT, ["share.network_path_not_found", "share.restarted"])


OPENS = dt.datetime(2026, 11, 27, 20, tzinfo=ZoneInfo("Europe/Paris"))
OPENING = {"opens_day": "fri", "opens": "2026-11-27T20:00", "zone": "Europe/Paris"}


def test_outside_the_maintenance_window_a_restart_is_planned_for_its_opening() -> None:
    answer = make([*_others(), *_all(53)], dry_run=True)
    verdict, findings = judge(answer, GIVEN)
    outcome = Outcome(verdict=verdict, findings=findings, answer=answer)
    closed = dataclasses.replace(GIVEN, restart_opens=OPENS)
    plan = make_plan(closed, outcome, restart_allowed=True)
    (remedy,) = plan.remedies
    assert (remedy.code, set(plan.due), set(plan.lacking)) == ("plan.restart", set(), {Need.WINDOW})
    assert remedy.said.evidence.items() >= OPENING.items()
    (waits,) = plan.hand_over
    assert (waits.code, waits.evidence) == ("share.restart_waits", OPENING)
    for finding in (waits, remedy.said):
        assert "Friday 2026-11-27 20:00 (Europe/Paris)" in words(finding, "en").explanation
        assert "vendredi 27/11/2026 à 20 h 00 (Europe/Paris)" in words(finding, "fr").explanation.replace("\u00a0", " ")
    assert "Friday 2026-11-27 20:00" in words(waits, "en").next_step
    assert make_plan(closed, outcome).lacking == {Need.WINDOW, Need.RESTART}
    opened = make_plan(GIVEN, outcome, restart_allowed=True)
    assert ([remedy.code for remedy in opened.due], opened.hand_over) == (["plan.restart"], ())
    assert "opens" not in opened.due[0].said.evidence


def test_a_check_tells_that_a_restart_would_be_tried_and_a_report_does_not() -> None:
    allowed = _with_remedies(*ShareRemedy)
    for task, told in ((allowed, [{"remedy": "restart_computer"}]), (dataclasses.replace(allowed, read_only=True), [])):
        answer = make([*_others(), *_all(53)], dry_run=True)
        _, findings = judge(answer, dataclasses.replace(task, dry_run=True))
        assert [finding.evidence for finding in findings if finding.code == "share.would_mend"] == told


def test_outside_the_maintenance_window_a_restart_is_not_asked_for_and_told_where_it_is_due() -> None:
    task = dataclasses.replace(_with_remedies(*ShareRemedy), restart_opens=OPENS)
    request = build_request(task, transaction="1" * 32, nonce="2" * 32)
    assert [step.id for step in (*request.act, *request.after)] == [
        "start_workstation_service", "restore_drive", "reconnect_logon", "reconnect_user",
    ]  # fmt: skip
    for code, waits in ((53, ["share.restart_waits"]), (67, []), (0, [])):
        answer = make([*_others(), *_all(code)])
        told = [finding for finding in judge(answer, task)[1] if finding.code == "share.restart_waits"]
        assert [finding.code for finding in told] == waits, code
        assert all(finding.evidence == OPENING for finding in told)
    # Where another remedy was enough, none waits; and none where a restart is not allowed.
    mended = make([*_others(), *_all(53)], [*_others(), *_all()], act=[work("reconnect_logon")])
    assert "share.restart_waits" not in [finding.code for finding in judge(mended, task)[1]]
    unasked = dataclasses.replace(MEND, restart_opens=OPENS)
    assert [finding.code for finding in judge(make([*_others(), *_all(53)]), unasked)[1]] == [
        "share.network_path_not_found"
    ]


def test_a_look_that_contradicts_itself_is_no_success() -> None:
    verdict, found = _looked(*(share(whom.value, 3, "path", ok=True) for whom in AsWhom))
    assert (verdict, list(found)) == (Verdict.DRIFT, ["share.folder_missing"])


def test_a_remedy_that_was_not_due_is_not_missed() -> None:
    answer = make([*_others(), *_all()])
    assert judge(answer, _with_remedies(*ShareRemedy))[0] is Verdict.OK


def test_what_was_reconnected_in_vain_is_not_reconnected_again() -> None:
    answer = make([*_others(), *_all(64)], [*_others(), *_all(64)], act=[work("reconnect_logon")])
    verdict, findings = judge(answer, MEND)
    plan = make_plan(MEND, Outcome(verdict=verdict, findings=findings, answer=answer))
    assert [remedy.code for remedy in plan.remedies] == ["plan.restart"]
