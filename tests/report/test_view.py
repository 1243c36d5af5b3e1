"""From stored outcomes to what a report shows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from iea_fleet.diagnosis.sheets import Task, judge
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.report.labels import finding_labels, headline, setting_labels
from iea_fleet.report.view import Group, HostRow, RunView, SettingRow, host_row
from tests.diagnosis.conftest import make_answer, make_task

WHEN = datetime(2026, 11, 24, 20, 41, tzinfo=UTC)
UPDATES = "https://impact-emploi.urssaf.fr/updates"


def _row(**words: object) -> HostRow:
    task: Task = make_task(words)
    answer = make_answer(task, words)
    verdict, findings = judge(answer, task)
    outcome = Outcome(verdict=verdict, findings=findings, answer=answer, transaction=answer.transaction, attempts=1)
    # As the ledger gives it back.
    return host_row("pc-1", "site_a", Outcome.model_validate_json(outcome.model_dump_json(by_alias=True)), WHEN)


def test_a_corrected_setting_was_wrong_and_is_right() -> None:
    row = _row(settings={"connection_mode": "0", "update_url": None})
    assert row.settings[0] == SettingRow("connection_mode", wanted="1", found="0", now="1")
    assert row.settings[2] == SettingRow("update_url", wanted=UPDATES, found="", now=UPDATES)
    assert all(setting.right for setting in row.settings)
    assert (row.version, row.computer_name, row.group) == ("3.00.42", "PC-01", Group.CHANGED)
    assert setting_labels(row, "en")[0].now == "« Sécurisé »"


def test_a_check_and_a_report_show_what_is_there() -> None:
    for task in ({"dry_run": True}, {"read_only": True}):
        row = _row(settings={"connection_mode": "0"}, **task)
        assert row.settings[0] == SettingRow("connection_mode", wanted="1", found="0", now="0")
        assert not row.settings[0].right
        assert row.settings[1].right


def test_a_refused_push_still_tells_what_was_wanted() -> None:
    row = _row(
        status="refused",
        error={"step": "require", "message": "m"},
        settings={"connection_mode": "0"},
        tests={"update": {"layer": "dns"}},
    )
    assert row.settings[0] == SettingRow("connection_mode", wanted="1", found="0", now="0")
    assert row.settings[2].right
    assert row.group is Group.TODO


def test_a_setting_that_could_not_be_read_is_neither_right_nor_empty() -> None:
    row = _row(
        status="failed",
        error={"step": "plan", "id": "connection_mode", "message": "m"},
        settings={"connection_mode": {"state": "malformed"}},
    )
    assert row.settings[0] == SettingRow("connection_mode", wanted=None, found=None, now=None)
    assert setting_labels(row, "en")[0].now == "(not readable)"


def test_what_was_not_kept_is_told_as_it_is_now() -> None:
    row = _row(settings={"connection_mode": "0"}, verify={"settings": {"connection_mode": "0"}})
    assert row.settings[0] == SettingRow("connection_mode", wanted="1", found="0", now="0")
    assert row.verdict is Verdict.DRIFT


def test_a_host_without_an_answer_has_its_reason() -> None:
    row = host_row("pc-1", "", Outcome(verdict=Verdict.UNREACHABLE, detail="Connection refused"), WHEN)
    assert (row.settings, row.group, headline(row, "en")) == ((), Group.TODO, "Connection refused")


def test_a_pending_host_needs_somebody() -> None:
    row = host_row("pc-1", "", None)
    assert (row.verdict, row.group) == (None, Group.TODO)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({}, "Connection as wanted"),
        ({"settings": {"connection_mode": "0"}}, "Connection mode corrected"),
        ({"settings": {"connection_mode": "0", "update_url": "x"}}, "2 settings corrected"),
        (
            {"settings": {"connection_mode": "0"}, "process": False},
            "Connection mode corrected",
        ),
        ({"service": "stopped", "process": False}, "Service not running"),
        (
            {"settings": {"connection_mode": "0"}, "tests": {"update": {"layer": "dns"}}, "read_only": True},
            "Test failed (update server): name not found",
        ),
        ({"settings": {"connection_mode": "0", "update_url": "x"}, "read_only": True}, "2 settings not as wanted"),
        ({"process": False}, "Connection as wanted"),
    ],
)
def test_one_line_says_what_matters(words: dict[str, object], line: str) -> None:
    assert headline(_row(**words), "en") == line


def _told(*findings: tuple[str, Sheet, Severity]) -> str:
    found = (Finding(code=code, sheet=sheet, severity=severity) for code, sheet, severity in findings)
    return headline(host_row("pc-1", "", Outcome(verdict=Verdict.CHANGED, findings=tuple(found))), "en")


def test_that_assistance_mode_was_turned_off_first_is_told_beside_the_settings() -> None:
    off = ("assistance.turned_off", Sheet.ASSISTANCE, Severity.INFO)
    corrected = ("connection.corrected.mode", Sheet.CONNECTION, Severity.INFO)
    assert _told(off, corrected) == "Assistance mode turned off · Connection mode corrected"


def test_what_the_inventory_asks_for_is_a_detail_and_what_to_watch_stands_beside_the_result() -> None:
    right = ("connection.already_right", Sheet.CONNECTION, Severity.OK)
    delegated = ("transport.credentials_delegated", Sheet.TRANSPORT, Severity.WARNING)
    assert _told(delegated, right) == "Connection as wanted"
    assert _told(right, ("session.none", Sheet.SESSION, Severity.OK), delegated) == "Every sheet as wanted"
    ends = ("transport.certificate_expires", Sheet.TRANSPORT, Severity.WARNING)
    assert _told(ends, right).startswith("Connection as wanted · ")
    assert _told(ends, right, ("session.none", Sheet.SESSION, Severity.OK)).startswith("Every sheet as wanted · ")


def test_who_answered_is_no_matter_of_a_sheet() -> None:
    other = Finding(code="transaction.identity", sheet=Sheet.SHARE, severity=Severity.ERROR)
    assert [label.case for label in finding_labels([other], "fr")] == [""]


def test_hosts_are_in_natural_order_by_site() -> None:
    names = [("b", "pc-10"), ("b", "pc-9"), ("", "pc-1"), ("a2", "x"), ("a10", "y"), ("b", "PC-2"), ("b", "pc-٣")]
    hosts = tuple(HostRow(name, site, Verdict.OK) for site, name in names)
    view = RunView("r", "report", False, "o", WHEN, WHEN, hosts)
    assert [(site, [host.name for host in group]) for site, group in view.by_site()] == [
        ("a2", ["x"]),
        ("a10", ["y"]),
        ("b", ["PC-2", "pc-9", "pc-10", "pc-٣"]),
        ("", ["pc-1"]),
    ]
    assert view.count(Group.RIGHT) == 7


def test_a_report_has_no_group_for_what_it_never_does() -> None:
    hosts = (HostRow("pc-1", "", Verdict.OK),)
    assert RunView("r", "report", False, "o", WHEN, WHEN, hosts).groups() == (Group.TODO, Group.RIGHT)
    assert RunView("r", "push", False, "o", WHEN, WHEN, hosts).groups() == (Group.TODO, Group.CHANGED, Group.RIGHT)


def test_the_gravest_finding_comes_first() -> None:
    task: Task = make_task({})
    findings = judge(make_answer(task, {"log": {"authorisation_refused": "x"}}), task)[1]
    row = host_row("pc-1", "", Outcome(verdict=Verdict.DRIFT, findings=findings[::-1]))
    assert [finding.code for finding in row.findings] == [
        "connection.authorisation_refused",
        "connection.already_right",
    ]


def test_a_host_on_which_every_sheet_is_as_wanted_is_told_in_one_title() -> None:
    row = _row()
    sheets = (*row.findings, Finding(code="session.none", sheet=Sheet.SESSION, severity=Severity.OK))
    assert headline(dataclasses.replace(row, findings=sheets), "fr") == "Toutes les fiches conformes"
    live = Finding(code="session.not_in_profile", sheet=Sheet.SESSION, severity=Severity.INFO)
    assert "Connection as wanted" in headline(dataclasses.replace(row, findings=(*row.findings, live)), "en")
