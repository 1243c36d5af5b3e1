"""What is told once for several hosts: above them, with who is concerned; the hosts' own lines refer to it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
from rich.console import Console

from iea_fleet.diagnosis.fleet import FleetFinding, Reset
from iea_fleet.model.desired import Binding
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.data import render_csv, render_json
from iea_fleet.report.labels import headline
from iea_fleet.report.page import render_html
from iea_fleet.report.table import render_table
from iea_fleet.report.view import HostRow, RunView, in_fleet
from tests.report.conftest import HOSTILE_FACT, START

OWN = Finding(
    code="share.share_not_found", sheet=Sheet.SHARE, severity=Severity.ERROR,
    evidence={"server": "NAS", "path": r"\\NAS\Base", "layer": "share", "win32_code": "67"},
)  # fmt: skip
SERVER = FleetFinding(
    finding=Finding(
        code="fleet.share_fault", sheet=Sheet.SHARE, severity=Severity.ERROR,
        evidence={"server": "NAS", "fault": "share_not_found", "layer": "share", "path": r"\\NAS\Base", "count": "2"},
    ),
    site="site_amicale",
    hosts=("pc-1", "pc-2"),
    tells=frozenset({"share.share_not_found"}),
)  # fmt: skip
LICENCE = FleetFinding(
    finding=Finding(
        code="fleet.licence_twice", sheet=Sheet.LICENCE, severity=Severity.ERROR,
        evidence={
            "licence": "IEA-1", "workstations": "PC-1, PC-9", "count": "2", "reset": "PC-9", "reset_reason": "older",
        },
    ),
    site=None,
    hosts=("pc-1", "pc-9"),
    resets=(Reset("pc-9", Binding(licence="IEA-1", workstation="PC-9")),),
)  # fmt: skip


def _view(*fleet: FleetFinding) -> RunView:
    hosts = (
        HostRow("pc-1", "site_amicale", Verdict.DRIFT, START, findings=(OWN,)),
        HostRow("pc-2", "site_amicale", Verdict.DRIFT, START, findings=(OWN,)),
        HostRow(
            "pc-9", "site_club", Verdict.OK, START,
            sessions=({"user": "zoe", "workstation": "PC-9", "since": "24/11/2026 08:00:00"},),
            licences=({"licence": "IEA-1", "workstation": "PC-9", "bound": ""},),
        ),
    )  # fmt: skip
    return RunView("r", "report", False, "o", START, START, in_fleet(hosts, fleet), fleet)


def _printed(view: RunView) -> str:
    buffer = io.StringIO()
    Console(file=buffer, width=100).print(render_table(view, "fr"))
    return buffer.getvalue().replace("\u00a0", " ").replace("\u202f", " ")


def test_a_shared_fault_is_explained_once_on_the_terminal_above_the_hosts() -> None:
    lines = _printed(_view(SERVER, LICENCE))
    assert lines.count("Intervenir une fois sur le serveur") == 1
    assert "Amicale · Postes concernés : pc-1, pc-2" in lines
    assert "Plusieurs associations · Postes concernés : pc-1, pc-9" in lines
    assert lines.index("Pour plusieurs postes") < lines.index("Verdict")
    assert "Indiqué une seule fois" not in lines
    assert "Ce qui demande une intervention" not in lines
    # Without it the host's own words tell the whole.
    assert "Sur NAS, vérifier si le partage" in _printed(_view())


def test_a_hosts_own_line_refers_to_what_is_told_once() -> None:
    host = _view(SERVER).hosts[0]
    assert headline(host, "fr") == "Partage introuvable (67) (sur plusieurs postes)"
    assert headline(dataclasses.replace(host, shared=()), "fr") == "Partage introuvable (67)"


def test_a_host_that_the_fleet_concerns_is_not_as_wanted_however_right_its_own_sheets_are() -> None:
    view = _view(SERVER, LICENCE)
    assert [(host.name, host.verdict) for host in view.hosts] == [(f"pc-{n}", Verdict.DRIFT) for n in (1, 2, 9)]
    assert headline(view.hosts[2], "fr").startswith("Une licence identique sur 2 postes")
    assert "plusieurs postes" not in headline(view.hosts[2], "fr")


def test_what_concerns_one_host_alone_stands_with_it_in_place_of_its_own_words() -> None:
    alone = dataclasses.replace(LICENCE, hosts=("pc-9",), tells=frozenset({"licence.twice"}))
    twice = Finding(code="licence.twice", sheet=Sheet.LICENCE, severity=Severity.ERROR, evidence={"licence": "iea-1"})
    other = twice.model_copy(update={"evidence": {"licence": "IEA-2"}})
    host = HostRow("pc-9", "site_club", Verdict.DRIFT, START, findings=(twice, other))
    view = RunView("r", "report", False, "o", START, START, in_fleet((host,), (alone,)), (alone,))
    assert view.hosts[0].findings == (other, alone.finding)
    printed = _printed(view)
    assert "plusieurs postes" not in printed
    assert "À réinitialiser : PC-9" in printed
    assert _cells(view)[0]["Codes"] == "licence.twice fleet.licence_twice"
    assert len(_cells(view)) == 1


def test_workstations_that_were_not_asked_mark_nobody_and_are_told() -> None:
    nobody = dataclasses.replace(LICENCE, hosts=())
    host = HostRow("pc-9", "site_club", Verdict.OK, START)
    view = RunView("r", "report", False, "o", START, START, in_fleet((host,), (nobody,)), (nobody,))
    assert view.hosts[0].verdict is Verdict.OK
    assert Verdict.DRIFT in view.verdicts
    assert "aucun de ceux qui ont été interrogés" in _printed(view)


def _cells(view: RunView) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render_csv(view, "fr")[1:], newline=""), delimiter=";"))


def test_a_spreadsheet_has_a_line_for_each_with_its_association_and_its_workstations() -> None:
    rows = _cells(_view(SERVER, LICENCE))
    assert [row["Poste"] for row in rows] == ["pc-1", "pc-2", "", "pc-9", ""]
    server, licence = rows[2], rows[4]
    assert (server["Association"], server["Postes concernés"]) == ("Amicale", "pc-1, pc-2")
    assert (server["Verdict"], server["Codes"]) == ("non conforme", "fleet.share_fault")
    assert server["Constats"].startswith("Serveur de fichiers NAS")
    assert server["À faire"].startswith("Intervenir une fois")
    assert (licence["Association"], licence["Version"]) == ("Plusieurs associations", "")
    assert "reset=PC-9" in licence["Preuves"]


def test_no_cell_of_such_a_line_is_a_formula() -> None:
    evil = dataclasses.replace(SERVER, hosts=("=1+1", "@x"), site="=2")
    hosts = tuple(HostRow(name, "=2", Verdict.DRIFT, START) for name in evil.hosts)
    view = RunView("r", "report", False, "o", START, START, in_fleet(hosts, (evil,)), (evil,))
    assert _cells(view)[2]["Postes concernés"] == "'=1+1, @x"
    assert not [cell for row in _cells(view) for cell in row.values() if cell.startswith(("=", "@", "+", "-"))]


def test_the_page_has_it_in_its_association_and_lists_sessions_and_licences() -> None:
    page = render_html(_view(SERVER, LICENCE), "fr").replace("\u00a0", " ")
    assert page.count("Serveur de fichiers NAS") == 1
    amicale = page.index("<h2>Amicale")
    assert page.index("<h2>Plusieurs associations") < amicale < page.index("Serveur de fichiers NAS")
    assert "Fiche « Base de données inaccessible »" in page
    assert '<td data-label="Utilisateur">zoe</td>' in page
    assert '<td data-label="Attribuée à">PC-9</td>' in page


def test_programs_get_it_with_what_to_reset() -> None:
    document = json.loads(render_json(_view(SERVER, LICENCE), "en"))
    server, licence = document["fleet"]
    assert (server["site"], server["hosts"]) == ("site_amicale", ["pc-1", "pc-2"])
    assert licence["site"] is None
    assert licence["resets"] == [{"host": "pc-9", "licence": "IEA-1", "workstation": "PC-9"}]
    by_name = {host["host"]: host for host in document["hosts"]}
    assert by_name["pc-1"]["findings"][0]["told_once"] is True
    assert by_name["pc-9"]["sessions"][0]["user"] == "zoe"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_a_host_invents_stays_text_there_too(lang: str) -> None:
    evil = dataclasses.replace(
        SERVER,
        hosts=("pc-1", HOSTILE_FACT),
        site=None,
        finding=SERVER.finding.model_copy(update={"evidence": dict.fromkeys(SERVER.finding.evidence, HOSTILE_FACT)}),
    )
    row = {"user": HOSTILE_FACT, "workstation": HOSTILE_FACT, "since": HOSTILE_FACT, "licence": HOSTILE_FACT}
    host = HostRow("pc-1", HOSTILE_FACT, Verdict.DRIFT, START, findings=(OWN,), sessions=(row,), licences=(row,))
    other = HostRow(HOSTILE_FACT, HOSTILE_FACT, Verdict.OK, START)
    view = RunView("r", "report", False, "o", START, START, in_fleet((host, other), (evil,)), (evil,))
    page = render_html(view, "fr" if lang == "fr" else "en")
    assert "<script" not in page
    assert "<img" not in page
    buffer = io.StringIO()
    Console(file=buffer, width=100).print(render_table(view, "fr"))
    for text in (page, buffer.getvalue()):
        assert not [character for character in text if character < " " and character != "\n"]
        assert "\u202e" not in text
