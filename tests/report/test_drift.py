"""What is new and what is gone since the report before: told of each host, and never of what nobody looked at."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import timedelta

import pytest
from rich.console import Console

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.data import render_csv, render_json
from iea_fleet.report.drift import compared
from iea_fleet.report.page import render_html
from iea_fleet.report.table import render_table
from iea_fleet.report.view import HostRow, RunView
from tests.report.conftest import START


def found(code: str, severity: Severity = Severity.ERROR, **evidence: str) -> Finding:
    sheet = (
        "share" if code.startswith("fleet.share") else "licence" if code.startswith("fleet.") else code.split(".")[0]
    )
    return Finding(code=code, sheet=Sheet(sheet), severity=severity, evidence=evidence)


OFF = HostRow("pc-1", "a", Verdict.UNREACHABLE, START, findings=(found("transport.port_refused", host="10.0.0.1"),))
TWICE = found("licence.twice", licence="IEA-1", count="2")
STALE = found("session.stale", age_min="60")
RIGHT = tuple(found(code, Severity.OK) for code in ("share.reached", "session.none", "licence.right", "assistance.off"))
ASSISTED = found("assistance.on", Severity.WARNING)
IMPOSTOR = Finding(code="transaction.impostor", sheet=Sheet.SHARE, severity=Severity.ERROR)
INCOMPLETE = IMPOSTOR.model_copy(update={"code": "transaction.incomplete"})
NO_SHARE = (
    found("share.server_silent", server="NAS"),
    found("session.waits_for_share", Severity.INFO),
    found("licence.waits_for_share", Severity.INFO),
)


def host(*findings: Finding, name: str = "pc-1", verdict: Verdict = Verdict.DRIFT) -> HostRow:
    return HostRow(name, "a", verdict, START, findings=findings, computer_name=name.upper())


def night(*hosts: HostRow, later: int = 0) -> RunView:
    start = START + timedelta(days=later)
    return RunView(f"run-{later}", "report", False, "o", start, start, hosts)


def codes(before: HostRow, now: HostRow) -> tuple[list[str], list[str]]:
    (row,) = compared(night(now, later=1), night(before)).hosts
    return [one.code for one in row.new], [one.code for one in row.gone]


@pytest.mark.parametrize(
    ("before", "now", "new", "gone"),
    [
        (host(*RIGHT), host(TWICE, *RIGHT), ["licence.twice"], []),
        (host(TWICE, ASSISTED), host(*RIGHT), [], ["licence.twice", "assistance.on"]),
        (host(STALE), host(found("session.stale", age_min="1500")), [], []),
        (host(TWICE), host(found("licence.twice", licence="IEA-2")), ["licence.twice"], ["licence.twice"]),
        # The fleet tells what a host told alone, or the other way round, as the other workstation is asked or not.
        (host(TWICE), host(found("fleet.licence_twice", licence="iea-1")), [], []),
        # Nobody looked: it may be so still.
        (host(TWICE, STALE, ASSISTED), host(*NO_SHARE, RIGHT[-1]), ["share.server_silent"], ["assistance.on"]),
        (host(TWICE, ASSISTED), OFF, ["transport.port_refused"], []),
        (OFF, host(TWICE), ["licence.twice"], ["transport.port_refused"]),
        (host(ASSISTED), host(found("assistance.out_of_reach", Severity.WARNING)), ["assistance.out_of_reach"], []),
        (host(TWICE), host(found("licence.list_malformed")), ["licence.list_malformed"], []),
        (host(ASSISTED), host(RIGHT[-1], verdict=Verdict.REFUSED), [], []),
        # Who answered is another, or left out what was asked.
        (host(TWICE, STALE), host(IMPOSTOR, *RIGHT, verdict=Verdict.FAILED), [IMPOSTOR.code], []),
        (host(TWICE), host(INCOMPLETE, found("licence.refusal_logged", Severity.INFO)), [INCOMPLETE.code], []),
        # A sheet that was not asked for this time.
        (host(TWICE), host(RIGHT[-1]), [], []),
        # What nobody has to act on is no news.
        (host(*RIGHT), host(found("session.elsewhere", Severity.INFO)), [], []),
    ],
)
def test_a_host_tells_what_is_new_and_what_is_gone(
    before: HostRow, now: HostRow, new: list[str], gone: list[str]
) -> None:
    assert codes(before, now) == (new, gone)


def test_a_host_that_is_in_one_report_only_is_not_compared() -> None:
    pending = HostRow("pc-3", "a", None)
    before = night(host(TWICE, name="pc-2"), pending)
    view = compared(night(host(TWICE), dataclasses.replace(host(TWICE), name="pc-3"), later=1), before)
    assert [(row.new, row.gone) for row in view.hosts] == [((), ()), ((), ())]


def _printed(view: RunView) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=120).print(render_table(view, "fr"))
    return buffer.getvalue().replace("\u00a0", " ")


def test_every_report_tells_it() -> None:
    before = night(host(TWICE), host(*RIGHT, name="pc-2"), host(*RIGHT, name="pc-3"))
    now = night(host(*RIGHT), host(STALE, name="pc-2"), host(STALE, name="pc-3"), later=1)
    view = compared(now, before)
    printed = _printed(view)
    assert "Depuis le rapport du 24/11/2026 à 20 h 41 UTC" in printed
    assert "Nouveau · Session restée ouverte · pc-2, pc-3" in printed
    assert "Disparu · Une licence identique sur 2 postes · pc-1" in printed
    page = render_html(view, "fr").replace("\u00a0", " ")
    assert '<b>Nouveau</b> <span class="soft">pc-2, pc-3</span> <span>Session restée ouverte</span>' in page
    document = json.loads(render_json(view, "en"))
    assert document["since"] == {"run": "run-0", "started": "2026-11-24T20:41:00+00:00"}
    first, second, _ = document["hosts"]
    assert [one["code"] for one in first["gone"]] == ["licence.twice"]
    assert [one["new"] for one in second["findings"]] == [True]
    rows = list(csv.DictReader(io.StringIO(render_csv(view, "en")[1:], newline="")))
    assert [(row["New"], row["No longer"]) for row in rows] == [
        ("", "The same licence on 2 workstations"), ("Session left behind", ""), ("Session left behind", ""),
    ]  # fmt: skip


def test_a_night_without_news_says_so_and_a_first_report_says_nothing() -> None:
    assert "Rien de nouveau, rien de disparu." in _printed(compared(night(host(TWICE), later=1), night(host(TWICE))))
    assert "Depuis" not in _printed(night(host(TWICE)))
    assert json.loads(render_json(night(host(TWICE)), "en"))["since"] is None
