"""A run to report, and one whose every text is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Traffic, Verdict
from iea_fleet.report.view import HostRow, RunView, SettingRow

START = datetime(2026, 11, 24, 20, 41, tzinfo=UTC)
HOSTILE_FACT = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'--></style></title>"
    "{{ 7*7 }}{% raw %}${7*7}[link=https://evil.example]x[/link][red]"
    "\x1b[31m\x1b]8;;https://evil.example\x07\x9b2J\u202e\u2066\0\r\n\ttab"
)
HOSTILE = HOSTILE_FACT + "\ud800"
"""Also with a lone surrogate, which the types of the border refuse but a command line may hold."""


def finding(code: str, severity: Severity, case: int | None = None, **evidence: str) -> Finding:
    return Finding(code=code, sheet=Sheet.CONNECTION, case=case, severity=severity, evidence=evidence)


CORRECTED = finding(
    "connection.corrected.mode",
    Severity.INFO,
    1,
    before="0",
    after="1",
    mode_before="plain",
    mode_after="secure",
    place="c.ini",
)
TEST_FAILED = finding(
    "connection.test_failed.dns",
    Severity.ERROR,
    2,
    server="both",
    host="impact-emploi.urssaf.fr",
    win32_code="11001",
    support_subject="Serveur de connexion 3.00.42",
)


@pytest.fixture
def view() -> RunView:
    """A push to four hosts in two sites: as wanted, changed, a failed test, pending."""
    settings = (
        SettingRow("connection_mode", wanted="1", found="0", now="1"),
        SettingRow("update_url", wanted="https://u", found="", now="https://u"),
    )
    hosts = (
        HostRow(
            "pc-10",
            "site_club_aviron",
            Verdict.CHANGED,
            START + timedelta(seconds=3),
            settings=settings,
            findings=(CORRECTED,),
            version="3.00.42",
            computer_name="PC-10",
            system="10.0.19045",
            attempts=1,
            elapsed_ms=1234,
            traffic=Traffic(requests=6, bytes_sent=61_234, bytes_received=900),
            transaction="1" * 32,
        ),
        HostRow(
            "pc-2",
            "site_club_aviron",
            Verdict.DRIFT,
            START + timedelta(seconds=2),
            settings=(SettingRow("update_url", wanted="https://u", found=None, now=None),),
            findings=(TEST_FAILED,),
            attempts=1,
            elapsed_ms=410,
        ),
        HostRow("pc-1", "site_amicale", Verdict.OK, START + timedelta(seconds=1), attempts=1, elapsed_ms=333),
        HostRow("pc-3", "", None),
    )
    return RunView(
        "20261124T204100Z-abcdef", "push", False, "claire@console", START, START + timedelta(seconds=73), hosts
    )


@pytest.fixture
def hostile_view() -> RunView:
    """A run in which every text that could come from elsewhere is an attack."""
    attack = finding(
        "connection.authorisation_refused", Severity.ERROR, 3, line=HOSTILE_FACT, support_subject=HOSTILE_FACT
    )
    unknown = Finding(
        code="connection.no_such_code",
        sheet=Sheet.CONNECTION,
        severity=Severity.INFO,
        evidence={HOSTILE_FACT: HOSTILE_FACT},
    )
    mode = finding(
        "connection.not_kept.mode", Severity.ERROR, before=HOSTILE_FACT, mode_before=HOSTILE_FACT, place=HOSTILE_FACT
    )
    host = HostRow(
        HOSTILE,
        HOSTILE,
        Verdict.DRIFT,
        START,
        settings=(SettingRow("connection_mode", wanted=HOSTILE, found=HOSTILE, now=HOSTILE + "."),),
        findings=(attack, unknown, mode),
        version=HOSTILE,
        computer_name=HOSTILE,
        system=HOSTILE,
        detail=HOSTILE,
        attempts=1,
        transaction="1" * 32,
    )
    return RunView(HOSTILE, "push", True, HOSTILE, START, None, (host,))
