"""Every sheet against the lab's workstation: what a look finds, what is planned, and what the remedy makes of it."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from iea_fleet.diagnosis.licence_findings import bound_rows
from iea_fleet.diagnosis.plan import make_plan
from iea_fleet.diagnosis.remedy import Plan
from iea_fleet.diagnosis.sheets import KINDS, SUPPORTED, Task
from iea_fleet.lab.application import Installation
from iea_fleet.model.desired import Binding, DesiredAssistance, DesiredLicence, DesiredSession, DesiredShare
from iea_fleet.model.finding import Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import AsWhom
from tests.diagnosis.bench import LOOK, PASSWORD, Bench

EVERYBODY = tuple(AsWhom)
WRITING = dataclasses.replace(LOOK, share=DesiredShare(as_whom=EVERYBODY, write=True))
ALONE = dataclasses.replace(LOOK, share=DesiredShare())
WAITS = ("licence.waits_for_share", "session.waits_for_share")


class Course(NamedTuple):
    """What is expected of one situation: found, planned, handed over; after the remedy found and handed over."""

    verdict: str
    found: tuple[str, ...]
    planned: tuple[str, ...] = ()
    handed_over: tuple[str, ...] = ()
    mended: str = ""
    then: tuple[str, ...] = ()
    look: Task = LOOK
    by_drive: bool = False
    also: tuple[str, ...] = ()


def _fault(code: str, **more: Any) -> Course:
    """A fault of the share that nobody can mend from afar."""
    found = (f"share.{code}", *(WAITS if more.pop("waits", True) else ()))
    return Course("drift", found, handed_over=(f"share.{code}",), **more)


def _mended(code: str, remedy: str, *more: str, times: int = 1, **others: Any) -> Course:
    mended = ("share.mended",) * times
    return Course("drift", (f"share.{code}", *more), (remedy,), mended="changed", then=mended, **others)


ADDRESSES = ("connection.differs.address",) * 2
COURSES = {
    "right": Course("ok", ()),
    "wrong_urls": Course(
        "drift",
        ADDRESSES,
        ("plan.save_connection", "plan.relaunch"),
        mended="changed",
        then=(*("connection.corrected.address",) * 2, "relaunch.connected"),
    ),
    "red_heart_relaunch_helps": Course(
        "drift", ("relaunch.red_heart",), ("plan.relaunch",), mended="changed", then=("relaunch.connected",)
    ),
    "session_stale": Course(
        "drift",
        ("connection.process_not_running", "session.stale"),
        ("plan.release_session",),
        mended="changed",
        then=("connection.process_not_running", "session.released"),
    ),
    "session_live": Course("ok", ("session.live",)),
    "licence_twice": Course(
        "drift",
        ("licence.refusal_logged", "licence.twice"),
        ("plan.reset_licence",),
        mended="changed",
        then=("licence.not_bound", "licence.refusal_logged", "licence.reset"),
    ),
    "three_faults": Course(
        "drift",
        (*ADDRESSES, "connection.process_not_running", "licence.refusal_logged", "licence.twice", "session.stale"),
        ("plan.release_session", "plan.reset_licence", "plan.save_connection", "plan.relaunch"),
        mended="changed",
        then=(
            *("connection.corrected.address",) * 2,
            "connection.process_not_running",
            "licence.reset",
            "relaunch.connected",
            "session.released",
        ),
    ),
    "authorisation_refused": Course(
        "drift", ("connection.authorisation_refused",), handed_over=("connection.authorisation_refused",)
    ),
    "licence_not_recognised": Course(
        "drift", ("connection.licence_not_recognised",), handed_over=("connection.licence_not_recognised",)
    ),
    "share_name_not_found": _fault("name_not_found"),
    "share_server_off": _fault("server_silent"),
    "share_server_refuses": _fault("port_refused"),
    "share_share_missing": _fault("share_not_found"),
    "share_account_disabled": _fault("account_disabled"),
    "share_account_locked": _fault("account_locked"),
    "share_password_expired": _fault("password_must_change"),
    "share_path_missing": _fault("folder_missing"),
    "share_database_missing": _fault("file_missing", waits=False),
    "share_database_in_use": _fault("file_in_use", waits=False),
    "share_read_denied": _fault("access_denied", waits=False),
    "share_write_denied": _fault("access_denied", waits=False, look=WRITING),
    "share_disk_full_on_server": _fault("disk_full", waits=False, look=WRITING),
    # Whether these concern the account of the run can't be told; others tell that they are real.
    "share_wrong_password": Course(
        "drift",
        (*WAITS, "share.logon_failed", "share.not_judged_as_this_account"),
        handed_over=("share.logon_failed",),
    ),
    "share_access_denied": Course(
        "drift",
        (*WAITS, "share.access_denied", "share.not_judged_as_this_account"),
        handed_over=("share.access_denied",),
    ),
    "share_session_stale": _mended("session_lost", "plan.reconnect", *WAITS),
    "share_other_credentials": _mended("two_identities", "plan.reconnect", *WAITS),
    "share_mapping_lost": _mended("drive_lost", "plan.restore_drive", by_drive=True),
    "share_workstation_service_stopped": _mended(
        "service_stopped", "plan.start_service", "share.no_route", *WAITS, times=2
    ),
    "share_double_hop": Course(
        "skipped",
        ("share.not_judged", "share.not_judged_as_this_account", *WAITS),
        handed_over=("share.not_judged",),
        look=ALONE,
    ),
}


def _told(outcome: Outcome) -> list[str]:
    return sorted(finding.code for finding in outcome.findings if finding.severity is not Severity.OK)


def _plan(look: Task, outcome: Outcome, tried: Plan | None = None, **given: Any) -> Plan:
    codes = () if tried is None else [remedy.code for remedy in tried.due]
    return make_plan(look, outcome, tried=codes, **given)


@pytest.mark.parametrize("situation", COURSES)
def test_a_situation_is_found_mended_in_one_round_or_handed_over(situation: str) -> None:
    course = COURSES[situation]
    bench = Bench([situation], Installation(by_drive=course.by_drive))
    looked = bench.outcome(course.look)
    assert (looked.verdict.value, _told(looked)) == (course.verdict, sorted(course.found))
    plan = _plan(course.look, looked)
    assert [remedy.code for remedy in plan.remedies] == list(course.planned)
    assert sorted(finding.code for finding in plan.hand_over) == sorted(course.handed_over)
    assert plan.due == plan.remedies
    if not course.planned:
        return
    mended = bench.outcome(plan.task(course.look))
    assert (mended.verdict.value, _told(mended)) == (course.mended, sorted(course.then))
    again = _plan(course.look, mended, plan)
    assert (again.remedies, again.hand_over) == ((), ())
    # A look from outside agrees, and has nothing left to mend either.
    afterwards = bench.outcome(course.look)
    assert afterwards.verdict is Verdict.OK
    assert _plan(course.look, afterwards).remedies == ()


@pytest.mark.parametrize("situation", sorted(COURSES))
def test_the_plan_of_a_look_changes_nothing_in_check_mode(situation: str) -> None:
    course = COURSES[situation]
    bench = Bench([situation], Installation(by_drive=course.by_drive))
    plan = _plan(course.look, bench.outcome(course.look))
    before = bench.machine.disk.snapshot()
    checked = bench.outcome(dataclasses.replace(plan.task(course.look), dry_run=True))
    assert bench.machine.disk.snapshot() == before
    assert checked.verdict is not Verdict.FAILED
    assert not {code for code in _told(checked) if KINDS[code].votes is Verdict.CHANGED and "would" not in code}


def test_a_red_heart_that_stays_is_for_the_vendor() -> None:
    bench = Bench(["red_heart_stays"])
    plan = _plan(LOOK, bench.outcome(LOOK))
    assert [remedy.code for remedy in plan.remedies] == ["plan.relaunch"]
    tried = bench.outcome(plan.task(LOOK))
    assert (tried.verdict, _told(tried)) == (Verdict.DRIFT, ["relaunch.refused.support"])
    again = _plan(LOOK, tried, plan)
    assert (again.remedies, [finding.code for finding in again.hand_over]) == ((), ["relaunch.refused.support"])


def test_a_failed_test_is_answered_by_a_relaunch_and_no_setting_is_written() -> None:
    bench = Bench(["server_dns", "wrong_urls"])
    plan = _plan(LOOK, bench.outcome(LOOK))
    assert [remedy.code for remedy in plan.remedies] == ["plan.relaunch"]
    tried = bench.outcome(plan.task(LOOK))
    assert _told(tried) == sorted([*ADDRESSES, "connection.test_failed.dns", "relaunch.red_heart_stays"])
    assert tried.answer is not None
    assert tried.answer.ensure == ()
    handed_over = [finding.code for finding in _plan(LOOK, tried, plan).hand_over]
    assert handed_over == ["connection.test_failed.dns", "relaunch.red_heart_stays"]


def _with_password(password: str) -> Task:
    return dataclasses.replace(LOOK, assistance=DesiredAssistance(password=SecretStr(password)))


def test_assistance_mode_waits_for_the_password_and_keeps_the_settings_waiting() -> None:
    bench = Bench(["assistance_on"])
    looked = bench.outcome(LOOK)
    assert _told(looked) == ["assistance.on", *ADDRESSES, "connection.differs.mode"]
    plan = _plan(LOOK, looked)
    assert [remedy.code for remedy in plan.remedies] == ["plan.save_connection", "plan.assistance_off", "plan.relaunch"]
    assert (plan.due, set(plan.lacking)) == ((), {"password"})
    look = _with_password(PASSWORD)
    plan = _plan(look, bench.outcome(look), password_given=True)
    mended = bench.outcome(plan.task(look))
    assert mended.verdict is Verdict.CHANGED
    assert {"assistance.turned_off", "connection.corrected.mode", "relaunch.connected"} <= set(_told(mended))
    assert bench.outcome(LOOK).verdict is Verdict.OK


def test_a_refused_password_writes_nothing_and_asks_for_another() -> None:
    bench, look = Bench(["assistance_on"]), _with_password("hier-41")
    plan = _plan(look, bench.outcome(look), password_given=True)
    tried = bench.outcome(plan.task(look))
    assert tried.verdict is Verdict.DRIFT
    assert "assistance.password_refused" in _told(tried)
    refused = next(finding for finding in tried.findings if finding.code == "assistance.password_refused")
    assert refused.evidence["exit_code"] == "5"
    assert "hier-41" not in str(tried.findings)
    again = _plan(look, tried, plan, password_given=True)
    assert (again.due, set(again.lacking)) == ((), {"password"})
    assert "connection.differs.mode" in _told(bench.outcome(LOOK))


def test_a_push_ends_assistance_mode_first_when_it_has_the_password() -> None:
    push = dataclasses.replace(
        _with_password(PASSWORD), sheets=(Sheet.CONNECTION,), read_only=False, dry_run=False,
        assistance=DesiredAssistance(mode="off", password=SecretStr(PASSWORD)),
    )  # fmt: skip
    outcome = Bench(["assistance_on"]).outcome(push)
    assert outcome.verdict is Verdict.CHANGED
    assert {"assistance.turned_off", "connection.corrected.mode"} <= set(_told(outcome))


def test_a_push_that_ends_assistance_mode_first_leaves_it_on_while_a_server_test_fails() -> None:
    push = dataclasses.replace(
        LOOK, sheets=(Sheet.CONNECTION,), read_only=False,
        assistance=DesiredAssistance(mode="off", password=SecretStr(PASSWORD)),
    )  # fmt: skip
    bench = Bench(["assistance_on", "server_dns"])
    outcome = bench.outcome(push)
    assert outcome.answer is not None
    assert (outcome.answer.act, outcome.answer.ensure) == ((), ())
    assert "assistance.on" in _told(bench.outcome(LOOK))


def test_a_push_without_the_password_skips_the_host() -> None:
    push = dataclasses.replace(
        LOOK, sheets=(Sheet.CONNECTION,), read_only=False, assistance=DesiredAssistance(mode="off")
    )
    outcome = Bench(["assistance_on"]).outcome(push)
    assert outcome.verdict is Verdict.SKIPPED
    assert {"connection.assistance_in_the_way", "assistance.password_needed"} <= set(_told(outcome))


def test_assistance_mode_is_turned_on_and_names_who_and_since_when() -> None:
    bench = Bench([])
    on = dataclasses.replace(LOOK, sheets=(Sheet.ASSISTANCE,), read_only=False, assistance=DesiredAssistance(mode="on"))
    assert _told(bench.outcome(dataclasses.replace(on, dry_run=True))) == ["assistance.would_turn_on"]
    assert _told(bench.outcome(on)) == ["assistance.turned_on"]
    assert _told(bench.outcome(on)) == ["assistance.on_as_wanted"]
    looked = bench.outcome(LOOK)
    found = next(finding for finding in looked.findings if finding.code == "assistance.on")
    assert found.evidence["by"]
    assert found.evidence["since"][4] == "-"


def test_a_live_session_is_kept_without_force_and_released_with_it() -> None:
    bench = Bench(["session_live"])
    release = dataclasses.replace(LOOK, sheets=(Sheet.SESSION,), read_only=False, session=DesiredSession(release=True))
    kept = bench.outcome(release)
    assert _told(kept) == ["session.live", "session.live_kept"]
    assert kept.verdict is Verdict.OK  # somebody at work is no fault
    forced = dataclasses.replace(release, session=DesiredSession(release=True, force=True))
    assert _told(bench.outcome(dataclasses.replace(forced, dry_run=True))) == ["session.would_release"]
    assert _told(bench.outcome(forced)) == ["session.released"]
    assert _told(bench.outcome(forced)) == ["session.nothing_to_release"]


def test_a_session_is_released_of_the_user_who_was_named_only() -> None:
    bench = Bench(["session_stale"])
    somebody = dataclasses.replace(
        LOOK, sheets=(Sheet.SESSION,), read_only=False, session=DesiredSession(release=True, user="Quelqu'un")
    )
    assert _told(bench.outcome(somebody)) == ["session.nothing_to_release", "session.stale"]
    named = dataclasses.replace(somebody, session=DesiredSession(release=True, user="ZOÉ"))
    assert _told(bench.outcome(named)) == ["session.released"]


def test_a_session_of_another_workstation_is_released_by_force_only() -> None:
    bench = Bench(["session_stale"])
    other = dataclasses.replace(
        LOOK, sheets=(Sheet.SESSION,), read_only=False, session=DesiredSession(release=True, workstation="PC-99")
    )
    assert _told(bench.outcome(other)) == ["session.elsewhere_kept", "session.stale"]
    forced = dataclasses.replace(other, session=DesiredSession(release=True, workstation="PC-99", force=True))
    assert _told(bench.outcome(forced)) == ["session.nothing_to_release", "session.stale"]


def test_exactly_the_binding_that_was_named_is_reset_and_given_back() -> None:
    bench = Bench(["licence_twice"])
    licence = DesiredLicence(reset=(Binding(licence="IEA-0001-01", workstation="pc-accueil"),))
    reset = dataclasses.replace(LOOK, sheets=(Sheet.LICENCE,), read_only=False, licence=licence)
    assert "licence.would_reset" in _told(bench.outcome(dataclasses.replace(reset, dry_run=True)))
    done = bench.outcome(reset)
    assert _told(done) == ["licence.refusal_logged", "licence.reset"]
    assert done.answer is not None
    changes = done.answer.release[0].records
    assert [change.before["workstation"] for change in changes] == ["PC-ACCUEIL"]
    assert "licence.nothing_to_reset" in _told(bench.outcome(reset))
    undo = dataclasses.replace(reset, licence=DesiredLicence(undo=changes))
    assert "licence.would_undo" in _told(bench.outcome(dataclasses.replace(undo, dry_run=True)))
    assert _told(bench.outcome(undo)) == ["licence.refusal_logged", "licence.twice", "licence.undone"]
    assert "licence.nothing_to_undo" in _told(bench.outcome(undo))


def test_two_resets_that_left_the_same_are_given_back_to_both() -> None:
    bench = Bench(["licence_twice"])
    looked = bench.outcome(LOOK)
    plan = _plan(LOOK, looked)
    done = bench.outcome(plan.task(LOOK))
    assert done.answer is not None
    changes = next(one for one in done.answer.release if one.id == "licence_reset").records
    assert len(changes) == 2
    undo = dataclasses.replace(LOOK, sheets=(Sheet.LICENCE,), read_only=False, licence=DesiredLicence(undo=changes))
    outcome = bench.outcome(undo)
    assert "licence.undone" in _told(outcome)
    assert looked.answer is not None
    assert outcome.answer is not None
    assert bound_rows(outcome.answer, "") == bound_rows(looked.answer, "")
    assert "licence.nothing_to_undo" in _told(bench.outcome(undo))


def test_a_profile_that_names_none_of_it_is_told_and_no_error() -> None:
    connection = LOOK.profile.connection.model_copy(update={"assistance": None, "state": None, "relaunch": None})
    bare = LOOK.profile.model_copy(
        update={"database": None, "licences": None, "sessions": None, "connection": connection}
    )
    looked = Bench([]).outcome(dataclasses.replace(LOOK, profile=bare))
    assert looked.verdict is Verdict.OK
    assert _told(looked) == [f"{sheet}.not_in_profile" for sheet in ("assistance", "licence", "session", "share")]
    for sheet in SUPPORTED:
        assert Bench([]).outcome(dataclasses.replace(LOOK, profile=bare, sheets=(sheet,))).verdict is Verdict.OK
