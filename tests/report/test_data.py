"""CSV and JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iea_fleet.report.data import render_csv, render_json
from iea_fleet.report.view import RunView, SettingRow, in_fleet
from iea_fleet.report.wording import Language


def _rows(text: str, lang: Language) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";" if lang == "fr" else ","))


def test_each_host_is_one_line_with_its_settings_and_steps(view: RunView) -> None:
    rows = _rows(render_csv(view, "fr"), "fr")
    assert [row["Poste"] for row in rows] == ["pc-1", "pc-2", "pc-10", "pc-3"]
    assert [row["Verdict"] for row in rows] == ["conforme", "non conforme", "corrigé", "en attente"]
    failed, changed = rows[1], rows[2]
    assert failed["Constats"] == "Échec du test (les deux serveurs)\u00a0: nom introuvable"
    assert "« Relancer l’authentification auprès du serveur »" in failed["À faire"].replace("\u00a0", " ")
    assert failed["Codes"] == "connection.test_failed.dns"
    assert "win32_code=11001" in failed["Preuves"]
    assert changed["Mode de connexion (trouvé)"] == "non sécurisé"
    assert changed["Mode de connexion (maintenant)"].replace("\u00a0", " ") == "« Sécurisé »"
    assert changed["Temps écoulé (ms)"] == "1234"


def test_the_mode_is_spelt_one_way_whatever_each_host_tells_of_it(view: RunView) -> None:
    raw = (SettingRow("connection_mode", wanted="1", found="1", now="1"),)
    silent = dataclasses.replace(view.hosts[0], name="pc-4", settings=raw, findings=())
    sheets = dataclasses.replace(silent, name="pc-5", settings=(SettingRow("connection_mode", *3 * ("Sécurisé",)),))
    hosts = in_fleet((*view.hosts, silent, sheets), ())
    rows = _rows(render_csv(dataclasses.replace(view, hosts=hosts), "fr"), "fr")
    found = {row["Poste"]: row["Mode de connexion (attendu)"].replace("\u00a0", " ") for row in rows}
    assert {found[name] for name in ("pc-10", "pc-4", "pc-5")} == {"« Sécurisé »"}


def test_english_divides_by_comma_and_both_end_lines_as_rfc_4180_says(view: RunView) -> None:
    text = render_csv(view, "en")
    assert [row["Association"] for row in _rows(text, "en")] == [
        "Amicale",
        "Club aviron",
        "Club aviron",
        "Without association",
    ]
    assert text.count("\r\n") == len(view.hosts) + 1
    assert text.count("\n") == text.count("\r\n")


def test_a_run_without_hosts_still_has_its_headings(view: RunView) -> None:
    assert render_csv(dataclasses.replace(view, hosts=()), "en").startswith('\ufeff"Run","Workstation","Association"')


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    '=HYPERLINK("http://x";"y")',
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_cell_is_a_formula(view: RunView, formula: str, lang: Language) -> None:
    host = dataclasses.replace(view.hosts[0], name=formula, version=formula, detail=formula, site=formula)
    row = _rows(render_csv(dataclasses.replace(view, run=formula, hosts=(host,)), lang), lang)[0]
    for cell in row.values():
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"))
    assert row["Version"].startswith("'")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(), max_size=80))
def test_any_name_stays_in_its_cell(view: RunView, name: str) -> None:
    host = dataclasses.replace(view.hosts[0], name=name, computer_name=name)
    one = dataclasses.replace(view, hosts=(host,))
    text = render_csv(one, "fr")
    text.encode("utf-8")
    (row,) = _rows(text, "fr")
    assert row["Codes"] == "connection.corrected.mode"
    assert json.loads(render_json(one, "fr"))["hosts"][0]["host"] == name


def test_json_keeps_values_and_tells_words(view: RunView) -> None:
    document = json.loads(render_json(view, "fr"))
    assert document["counts"] == {"right": 1, "changed": 1, "todo": 2}
    assert document["finished"] == "2026-11-24T20:42:13+00:00"
    pending = document["hosts"][3]
    assert (pending["host"], pending["verdict"], pending["group"]) == ("pc-3", None, "todo")
    changed = document["hosts"][2]
    assert changed["settings"][0] == {
        "setting": "connection_mode",
        "wanted": "1",
        "found": "0",
        "now": "1",
        "right": True,
    }
    failed = document["hosts"][1]["findings"][0]
    assert (failed["code"], failed["case"], failed["severity"]) == ("connection.test_failed.dns", 2, "error")
    assert failed["evidence"]["win32_code"] == "11001"
    assert len(failed["next_steps"]) == 4


def test_json_is_plain_ascii_without_controls(hostile_view: RunView) -> None:
    text = render_json(hostile_view, "fr")
    assert text.isascii()
    assert all(character == "\n" or character.isprintable() for character in text)
    assert json.loads(text)["hosts"][0]["host"] == hostile_view.hosts[0].name


def test_hostile_text_makes_no_second_line(hostile_view: RunView) -> None:
    text = render_csv(hostile_view, "fr")
    assert text.count("\n") == 2
    assert not any(character < " " for character in text.replace("\r\n", ""))
