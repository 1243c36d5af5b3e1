"""What is told once for several hosts: above them, with who is concerned; the hosts' own lines refer to it."""

from __future__ import annotations

import dataclasses
import json
from io import StringIO

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
from iea_fleet.report.view import HostRow, RunView, told_once
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
        evidence={"licence": "IEA-1", "workstations": "PC-1, PC-9", "reset": "PC-9", "reset_reason": "older"},
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
    return RunView("r", "report", False, "o", START, START, told_once(hosts, fleet), fleet)


def _printed(view: RunView) -> str:
    buffer = StringIO()
    Console(file=buffer, width=100).print(render_table(view, "fr"))
    return buffer.getvalue().replace("\u00a0", " ").replace("\u202f", " ")


def test_a_shared_fault_is_explained_once_on_the_terminal_above_the_hosts() -> None:
    lines = _printed(_view(SERVER, LICENCE))
    assert lines.count("Intervenir une fois sur le serveur") == 1
    assert "Amicale · Postes concernés : pc-1, pc-2" in lines
    assert "Plusieurs associations · Postes concernés : pc-1, pc-9" in lines
    assert lines.index("Pour plusieurs postes") < lines.index("Verdict")
    assert lines.count("Indiqué une seule fois") == 1
    # Without it the host's own words tell the whole.
    assert "Sur NAS, vérifier si le partage" in _printed(_view())


def test_a_hosts_own_line_refers_to_what_is_told_once() -> None:
    host = _view(SERVER).hosts[0]
    assert headline(host, "fr") == "Partage introuvable (67) (sur plusieurs postes)"
    assert headline(dataclasses.replace(host, shared=frozenset()), "fr") == "Partage introuvable (67)"


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
    assert "on several workstations" in render_csv(_view(SERVER), "en") or "Told once" in render_csv(
        _view(SERVER), "en"
    )


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
    view = RunView("r", "report", False, "o", START, START, told_once((host,), (evil,)), (evil,))
    page = render_html(view, "fr" if lang == "fr" else "en")
    assert "<script" not in page
    assert "<img" not in page
    buffer = StringIO()
    Console(file=buffer, width=100).print(render_table(view, "fr"))
    for text in (page, buffer.getvalue()):
        assert not [character for character in text if character < " " and character != "\n"]
        assert "\u202e" not in text
