"""The table on a terminal."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest
from rich.console import Console, RenderableType

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.table import render_table
from iea_fleet.report.view import RunView
from iea_fleet.report.wording import Language


def _printed(renderable: RenderableType, width: int = 110, *, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="truecolor" if colour else None
    )
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_host_has_one_line_by_site_in_natural_order(view: RunView) -> None:
    text = _printed(render_table(view, "fr"))
    table = text.split("Ce qui demande une intervention")[0]
    assert re.findall(r"\bpc-\d+", table) == ["pc-1", "pc-2", "pc-10", "pc-3"]
    assert re.search(
        r"Club aviron\s+pc-2\s+non conforme\s+Échec du test \(les deux serveurs\)\s: nom introuvable", table
    )
    assert re.search(r"pc-10\s+corrigé\s+Mode de connexion corrigé\s+1,2\ss", table)


def test_a_narrow_terminal_gets_lines_with_whole_words(view: RunView) -> None:
    text = _printed(render_table(view, "fr"), width=40)
    assert max(map(len, text.splitlines())) <= 40
    above = " ".join(text.split("Ce qui demande une intervention")[0].split())
    assert "Club aviron pc-2 · non conforme · Échec du test (les deux serveurs) : nom introuvable" in above
    assert re.findall(r"\bpc-\d+", above) == ["pc-1", "pc-2", "pc-10", "pc-3"]


def test_one_workstation_in_one_association_is_not_counted_in_the_plural(view: RunView) -> None:
    alone = dataclasses.replace(view, hosts=view.hosts[:1])
    assert "1 workstation in 1 association ·" in _printed(render_table(alone, "en"))
    assert "1 poste dans 1 association ·" in _printed(render_table(alone, "fr"))


def test_what_needs_somebody_is_explained_step_by_step(view: RunView) -> None:
    text = " ".join(_printed(render_table(view, "en")).split())
    assert (
        "pc-2 · Club aviron · not as wanted • Test failed (both servers): name not found (Case 2 of the sheet)" in text
    )
    assert "The workstation finds no address for impact-emploi.urssaf.fr (Winsock 11001)." in text
    assert "→ Then, on the workstation, right-click the blue ball" in text
    assert text.endswith("4 workstations in 3 associations · As wanted: 1 · Changed: 1 · Need somebody: 2")


@pytest.mark.parametrize(("lang", "told"), [("fr", "pc-2 : Le poste ne trouve"), ("en", "pc-2: The workstation finds")])
def test_the_facts_of_one_of_several_hosts_are_told_under_its_name(view: RunView, lang: Language, told: str) -> None:
    first = next(host for host in view.hosts if host.name == "pc-2")
    both = dataclasses.replace(view, hosts=(first, dataclasses.replace(first, name="pc-4")))
    text = " ".join(_printed(render_table(both, lang), 200).replace("\u00a0", " ").split())
    assert "pc-2, pc-4 ·" in text
    assert told in text


def test_check_mode_and_an_empty_run_say_so(view: RunView) -> None:
    check = _printed(render_table(dataclasses.replace(view, check_mode=True), "en"))
    assert "Check mode: nothing was written." in check
    assert "would change" in check
    assert _printed(render_table(dataclasses.replace(view, hosts=()), "en")) == "No workstation was asked for.\n"


def test_what_nobody_has_to_act_on_is_no_work_unless_it_says_why(view: RunView) -> None:
    codes = {
        "share.not_judged": Severity.WARNING,
        "share.not_judged_as_this_account": Severity.INFO,
        "session.waits_for_share": Severity.INFO,
        "assistance.off": Severity.OK,
    }
    findings = tuple(Finding(code=code, sheet=Sheet.SHARE, severity=severity) for code, severity in codes.items())
    host = dataclasses.replace(view.hosts[1], findings=findings, verdict=Verdict.SKIPPED)
    work = _printed(render_table(dataclasses.replace(view, hosts=(host,)), "en")).split("What needs somebody")[1]
    assert re.findall(r"• ([^(\n]+?) +\(Sheet", work) == ["Share not judged", "Share can’t be judged as this account"]


def test_a_run_where_all_is_right_has_no_list_of_work(view: RunView) -> None:
    right = tuple(dataclasses.replace(host, verdict=Verdict.OK) for host in view.hosts)
    assert "What needs somebody" not in _printed(render_table(dataclasses.replace(view, hosts=right), "en"))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_hostile_text_steers_no_terminal(hostile_view: RunView, width: int) -> None:
    text = _printed(render_table(hostile_view, "fr"), width)
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    coloured = _printed(render_table(hostile_view, "fr"), width, colour=True)
    # Colours are ours alone: no link, no other sequence than "select graphic rendition".
    assert not re.sub("\x1b\\[[0-9;]*m", "", coloured).count("\x1b")
    assert "[red]" in "".join(text.split())


@pytest.mark.parametrize("width", range(80, 141, 6))
def test_lines_do_not_break_at_no_break_spaces(view: RunView, width: int) -> None:
    text = _printed(render_table(view, "fr"), width)
    lines = [line.strip() for line in text.splitlines()]
    assert not [line for line in lines if line.startswith(("»", ":", ";", "?", "!")) or line.endswith("«")]
    assert "\u00a0»" in text
    assert max(len(line) for line in text.splitlines()) <= width
