"""What one round that wrote nothing says of logon, identity and rights."""

from __future__ import annotations

from typing import Any

import pytest

from iea_fleet.doctor.checks import Subject, check, exit_code
from iea_fleet.doctor.hosts import judge_round
from iea_fleet.model.answer import Answer
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.report.wording import words
from iea_fleet.rollout.inventory import Host

HOST = Host("poste-12", "", "192.0.2.12", "iea-fleet")


def outcome(*places: dict[str, Any], elevated: bool | None = None, user: str = "POSTE-12\\iea-fleet") -> Outcome:
    """An answer whose probes found these places."""
    document = {
        "schema": 1,
        "transaction": "0" * 32,
        "status": "done",
        "dry_run": True,
        "replayed": False,
        "host": {
            "computer_name": "POSTE-12",
            "machine_id": "m",
            "user": user,
            "os_version": "10.0.19045",
            "powershell": "5.1.19041.1",
            "edition": "Desktop",
            "culture": "fr-FR",
            "time": "2026-11-24T12:00:00Z",
            "boot_time": None,
            "utc_offset_min": 60,
            "elevated": elevated,
        },
        "recovered": None,
        "probes": [{"kind": "setting", "id": "connection_mode", "places": list(places)}],
        "require": [],
        "ensure": [],
        "act": [],
        "release": [],
        "after": [],
        "verify": [],
        "error": None,
        "elapsed_ms": 12,
    }
    import json

    return Outcome(verdict=Verdict.OK, answer=Answer.model_validate_json(json.dumps(document)), elapsed_ms=80)


DENIED = {"place": r"C:\app\a.ini", "state": "unreadable", "win32_code": 5, "message": "Accès refusé."}
LOCKED = {"place": r"C:\app\b.ini", "state": "unreadable", "win32_code": 32, "message": "In use."}
GOOD = {"place": r"C:\app\c.ini", "state": "present", "value": "1"}


@pytest.mark.parametrize(
    ("places", "code"),
    [([GOOD], "doctor.rights_read"), ([GOOD, DENIED], "doctor.rights_missing"), ([LOCKED], "doctor.rights_read")],
)
def test_access_denied_to_a_setting_is_a_missing_right(places: list[dict[str, Any]], code: str) -> None:
    findings = judge_round(HOST, "", outcome(*places))
    (told,) = (finding for finding in findings if finding.code.startswith("doctor.rights"))
    assert told.code == code
    assert told.evidence["account"] == "POSTE-12\\iea-fleet"
    assert told.evidence.get("place", "") == (DENIED["place"] if code == "doctor.rights_missing" else "")


@pytest.mark.parametrize(
    ("places", "elevated", "codes"),
    [
        ([GOOD], True, ["doctor.rights_administrator"]),
        ([GOOD], False, ["doctor.rights_plain"]),
        ([DENIED], True, ["doctor.rights_missing"]),
        ([DENIED], False, ["doctor.rights_missing", "doctor.rights_plain"]),
    ],
)
def test_whose_rights_they_are_is_told_beside_what_could_not_be_read(
    places: list[dict[str, Any]], elevated: bool, codes: list[str]
) -> None:
    findings = judge_round(HOST, "", outcome(*places, elevated=elevated))
    assert [finding.code for finding in findings if finding.code.startswith("doctor.rights")] == codes


@pytest.mark.parametrize(("user", "filtered"), [("poste-12\\iea", True), ("CLUB\\iea", False)])
def test_only_of_a_local_account_windows_may_have_filtered_the_rights(user: str, filtered: bool) -> None:
    findings = judge_round(HOST, "", outcome(GOOD, elevated=False, user=user))
    (told,) = (finding for finding in findings if finding.code == "doctor.rights_plain")
    for lang in ("en", "fr"):
        text = words(told, lang)
        assert user in text.explanation
        assert ("LocalAccountTokenFilterPolicy" in text.next_step) is filtered


@pytest.mark.parametrize(
    ("name", "expected", "code"),
    [
        ("poste-12", "", "doctor.computer_expected"),
        ("poste-12.example.org", "", "doctor.computer_expected"),
        ("accueil", "POSTE-12", "doctor.computer_expected"),
        ("accueil", "", "doctor.computer_not_named"),
    ],
)
def test_who_answered_is_compared_with_the_inventory(name: str, expected: str, code: str) -> None:
    findings = judge_round(Host(name, "", name, ""), expected, outcome(GOOD))
    assert code in {finding.code for finding in findings}


def test_exit_codes_are_those_of_the_table_the_gravest_first() -> None:
    fine, warning = Subject("", (check("doctor.python"),)), Subject("pc", (check("doctor.computer_not_named"),))
    host, machine = Subject("pc", (check("doctor.rights_missing"),)), Subject("", (check("doctor.machine"),))
    inventory = Subject("", (check("doctor.inventory_unusable"),))
    assert exit_code([fine]) == 0
    assert exit_code([fine, warning]) == 1
    assert exit_code([fine, warning, host]) == 4
    assert exit_code([host, inventory]) == 3
    assert exit_code([inventory, machine]) == 6
