"""The HTML page, as text and in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.page import render_html
from iea_fleet.report.view import RunView, SettingRow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

CHROMIUM = os.environ.get("IEA_FLEET_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


class _Elements(HTMLParser):
    """Tags, attributes and text of a page, as a parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_begins_with_the_sum_and_what_needs_somebody(view: RunView) -> None:
    text = " ".join(_Elements(render_html(view, "fr")).text.split())
    assert (
        "Déploiement du 24/11/2026 à 20 h 41 UTC 4 postes dans 3 associations 2 À traiter 1 Corrigés 1 Conformes"
        in text
    )
    assert "pc-2 Club aviron Échec du test (les deux serveurs) : nom introuvable" in text
    assert "Cas n° 2 de la fiche" in text
    assert "écrire à impact-emploi-association@urssaf.fr avec l’objet « Serveur de connexion 3.00.42 »" in text
    assert "pc-3 en attente" in text
    assert "6 requêtes, 61,2 ko envoyés, 900 o reçus" in text


def test_what_nobody_has_to_act_on_is_folded_in_beside_what_somebody_has_to(view: RunView) -> None:
    right = tuple(
        Finding(code=code, sheet=Sheet.SHARE, severity=severity)
        for code, severity in (("session.none", Severity.OK), ("connection.process_not_running", Severity.INFO))
    )
    settings = (SettingRow("connection_mode", *3 * ("1",)),)
    failed = dataclasses.replace(view.hosts[1], findings=(*view.hosts[1].findings, *right), settings=settings)
    page = render_html(dataclasses.replace(view, hosts=(failed,)), "en")
    test, other, evidence = (page.index(text) for text in ("Test failed (", "What else was found (2)", "Evidence"))
    assert test < other < page.index("No open session") < evidence < page.rindex("Connection mode")
    alone = dataclasses.replace(failed, findings=right, verdict=Verdict.OK)
    assert "What else" not in render_html(dataclasses.replace(view, hosts=(alone,)), "en")


def test_settings_show_wanted_found_and_now(view: RunView) -> None:
    rows = re.findall(r"<tr>.*?</tr>", render_html(view, "en"), re.DOTALL)
    cells = [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]
    assert ["Connection mode", "« Sécurisé »", "not secured", "« Sécurisé »"] in cells
    assert ["Address of the update server", "https://u", "(absent)", "https://u"] in cells
    assert ["Address of the update server", "https://u", "(not readable)"] in cells


def test_check_mode_says_that_nothing_was_written(view: RunView) -> None:
    page = render_html(dataclasses.replace(view, check_mode=True), "fr")
    assert "Mode vérification\u00a0: rien n’a été écrit." in page
    assert "à corriger" in page
    assert ">corrigé<" not in page


def test_a_run_without_hosts_and_one_without_work_say_so(view: RunView) -> None:
    assert "No workstation was asked for." in render_html(dataclasses.replace(view, hosts=()), "en")
    right = tuple(dataclasses.replace(host, verdict=Verdict.OK) for host in view.hosts)
    assert "Nobody has to do anything." in render_html(dataclasses.replace(view, hosts=right), "en")


def test_the_page_asks_for_nothing_and_runs_nothing(view: RunView) -> None:
    page = render_html(view, "fr")
    elements = _Elements(page)
    assert set(elements.tags).isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert not [value for name, value in elements.attributes if name in {"src", "style"} or name.startswith("on")]
    assert all(value and value.startswith("#host-") for name, value in elements.attributes if name == "href")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page


def test_hostile_text_is_text(view: RunView, hostile_view: RunView) -> None:
    page = render_html(hostile_view, "fr")
    page.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert set(_Elements(page).tags) <= set(_Elements(render_html(view, "fr")).tags) | {"p"}
    assert "{{ 7*7 }}" in page
    assert "␛[31m" in page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, where there is one."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (IEA_FLEET_CHROMIUM names another)")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class _Opened:
    """A page opened from a file, with everything that it asked for or complained of."""

    def __init__(self, browser: Browser, path: Path, width: int = 1100) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900})
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", self._dismiss)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def test_in_a_browser_hostile_text_is_inert(browser: Browser, hostile_view: RunView, page_file: Path) -> None:
    page_file.write_text(render_html(hostile_view, "fr"), encoding="utf-8")
    opened = _Opened(browser, page_file)
    for summary in opened.page.locator("details.more > summary").all():
        summary.click()
    opened.page.wait_for_load_state("networkidle")
    assert opened.requests == [page_file.as_uri()]
    assert (opened.dialogs, opened.complaints) == ([], [])
    assert opened.page.evaluate("document.scripts.length + document.images.length") == 0
    assert opened.page.title().split() == ["Déploiement", "du", "24/11/2026", "à", "20", "h", "41", "UTC"]
    assert "</script><script>alert(1)" in opened.page.locator("details.host > summary b").inner_text()


def test_in_a_browser_the_filter_hides_and_a_link_shows(browser: Browser, view: RunView, page_file: Path) -> None:
    page_file.write_text(render_html(view, "en"), encoding="utf-8")
    opened = _Opened(browser, page_file)
    page = opened.page

    def shown() -> list[str]:
        return [name.inner_text() for name in page.locator("details.host > summary b").all() if name.is_visible()]

    assert shown() == ["pc-1", "pc-2", "pc-10", "pc-3"]
    page.locator("label:has(#show-changed)").click()
    assert shown() == ["pc-10"]
    page.locator("label:has(#show-todo)").click()
    assert shown() == ["pc-2", "pc-3"]
    page.locator("label:has(#show-right)").click()
    page.locator(".steps a").first.click()
    assert shown() == ["pc-1", "pc-2"]
    assert opened.complaints == []


@pytest.mark.parametrize("width", [320, 375, 1400])
def test_in_a_browser_nothing_sticks_out(browser: Browser, hostile_view: RunView, page_file: Path, width: int) -> None:
    page_file.write_text(render_html(hostile_view, "fr"), encoding="utf-8")
    page = _Opened(browser, page_file, width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_every_text_has_enough_contrast(
    browser: Browser, view: RunView, page_file: Path, scheme: str
) -> None:
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3) for each text against the ground that it stands on."""
    page_file.write_text(render_html(view, "fr"), encoding="utf-8")
    page = _Opened(browser, page_file).page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    worst = page.evaluate(
        """() => {
          const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
            .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const color = numbers(getComputedStyle(at).backgroundColor);
              if (color.length < 4 || color[3] > 0) return color;
            }
            return [255, 255, 255];
          };
          let least = 21;
          for (const element of document.querySelectorAll("body *")) {
            if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
            const ink = light(numbers(getComputedStyle(element).color)), paper = light(ground(element));
            least = Math.min(least, (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
          }
          return least;
        }"""
    )
    assert worst >= 4.5
