"""Reports for programs and spreadsheets: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping

from iea_fleet.diagnosis.connection import SETTINGS
from iea_fleet.diagnosis.fleet import FleetFinding
from iea_fleet.model.finding import Finding
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import (
    FindingLabels,
    capitalised,
    concerned,
    finding_labels,
    setting_labels,
    site_label,
    verdict_label,
)
from iea_fleet.report.quantity import moment
from iea_fleet.report.view import Group, HostRow, RunView
from iea_fleet.report.wording import Language, words
from iea_fleet.report.wording.fill import vocabulary_word
from iea_fleet.report.wording.interface import interface

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CELL_CHARACTERS = 8000  # below Excel's 32 767, with room for every finding of a host


def render_json(view: RunView, lang: Language) -> str:
    """The whole run as one JSON document, plain ASCII: values as they came, escaped so that no terminal obeys them.

    Args:
        view: the run.
        lang: of the words beside the codes; the keys are the same in every language.
    """
    document = {
        "schema": 1,
        "run": view.run,
        "kind": view.kind,
        "check_mode": view.check_mode,
        "operator": view.operator,
        "started": view.started.isoformat(),
        "finished": None if view.finished is None else view.finished.isoformat(),
        "language": lang,
        "since": None if view.since is None else {"run": view.since.run, "started": view.since.started.isoformat()},
        "counts": {group.value: view.count(group) for group in Group},
        "fleet": [_fleet_document(one, lang) for one in view.fleet],
        "hosts": [_host_document(host, lang) for _, hosts in view.by_site() for host in hosts],
    }
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"


def render_csv(view: RunView, lang: Language) -> str:
    """One line a host, for spreadsheets, then one for each thing that is told once for several of them.

    A line of the second kind has no workstation in its cell « Workstation », so that counting these counts hosts; who
    is concerned stands in a cell beside it. It follows the hosts of its association; those of several come last.

    It begins with a byte-order mark, by which Excel knows UTF-8; cells are divided by `;` in French and `,` in English,
    as spreadsheets of these languages expect; every cell is quoted. A cell that a spreadsheet would take for a formula
    begins with an apostrophe (CWE-1236; OWASP ASVS 1.2.10).

    Args:
        view: the run.
        lang: of headings, words and the dividing character.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if lang == "fr" else ",", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    headings = [heading for heading, _ in _host_cells(HostRow(name="", site="", verdict=None), view, lang)]
    rows: list[Mapping[str, str]] = []
    for site, hosts in view.by_site():
        rows += [dict(_host_cells(host, view, lang)) for host in hosts]
        rows += [_fleet_cells(one, view, lang) for one in view.of_site(site)]
    rows += [_fleet_cells(one, view, lang) for one in view.of_site(None)]
    writer.writerow(map(_cell, headings))
    writer.writerows([_cell(row.get(heading, "")) for heading in headings] for row in rows)
    return "\ufeff" + buffer.getvalue()


def _host_document(host: HostRow, lang: Language) -> dict[str, object]:
    return {
        "host": host.name,
        "site": host.site,
        "verdict": None if host.verdict is None else host.verdict.value,
        "group": host.group.value,
        "answered": None if host.answered is None else host.answered.isoformat(),
        "computer_name": host.computer_name,
        "system": host.system,
        "version": host.version,
        "settings": [
            {"setting": row.setting, "wanted": row.wanted, "found": row.found, "now": row.now, "right": row.right}
            for row in host.settings
        ],
        "findings": [
            {**_finding_document(finding, lang), "told_once": finding in host.shared, "new": finding in host.new}
            for finding in host.findings
        ],
        "gone": [_finding_document(finding, lang) for finding in host.gone],
        "sessions": host.sessions,
        "licences": host.licences,
        "detail": host.detail,
        "attempts": host.attempts,
        "elapsed_ms": host.elapsed_ms,
        "traffic": host.traffic.model_dump(mode="json"),
        "transaction": host.transaction,
    }


def _finding_document(finding: Finding, lang: Language) -> dict[str, object]:
    text = words(finding, lang)
    return {
        "code": finding.code,
        "sheet": finding.sheet.value,
        "case": finding.case,
        "severity": finding.severity.value,
        "evidence": finding.evidence,
        "title": text.title,
        "explanation": text.explanation,
        "next_steps": text.steps,
    }


def _fleet_document(one: FleetFinding, lang: Language) -> dict[str, object]:
    return {
        **_finding_document(one.finding, lang),
        "site": one.site,
        "hosts": one.hosts,
        "resets": [{"host": reset.host, **reset.binding.model_dump(mode="json")} for reset in one.resets],
    }


def _host_cells(host: HostRow, view: RunView, lang: Language) -> list[tuple[str, str]]:
    """Heading and text of each cell of a host's line."""
    findings = finding_labels(host.findings, lang, host.shared)
    settings = {labels.setting: labels for labels in setting_labels(host, lang)}

    def word(key: str) -> str:
        return interface(key, lang)

    cells = [
        (word("run"), view.run),
        (word("host"), host.name),
        (word("site"), site_label(host.site, lang)),
        (word("concerned_hosts"), ""),
        (word("verdict"), verdict_label(host, view, lang)),
        (word("answered"), "" if host.answered is None else moment(host.answered, lang)),
        (word("findings"), _joined(finding.words.title for finding in findings)),
        (word("explanation"), _joined(finding.words.explanation for finding in findings)),
        (word("next_step"), _joined(" ".join(finding.words.steps) for finding in findings)),
        (word("new"), _joined(words(finding, lang).title for finding in host.new)),
        (word("gone"), _joined(words(finding, lang).title for finding in host.gone)),
    ]
    for setting in SETTINGS:
        labels, name = settings.get(setting), capitalised(vocabulary_word("setting", setting, lang))
        cells += [
            (f"{name} ({word('wanted').lower()})", "" if labels is None else labels.wanted),
            (f"{name} ({word('found').lower()})", "" if labels is None else labels.found),
            (f"{name} ({word('now').lower()})", "" if labels is None else labels.now),
        ]
    return [
        *cells,
        (word("version"), host.version),
        (word("computer"), host.computer_name),
        (word("system"), host.system),
        (f"{word('elapsed')} (ms)", str(host.elapsed_ms)),
        (word("attempts"), str(host.attempts)),
        (word("evidence"), _evidence(findings)),
        (word("codes"), " ".join(finding.code for finding in findings)),
        (word("said"), host.detail),
    ]


def _fleet_cells(one: FleetFinding, view: RunView, lang: Language) -> Mapping[str, str]:
    """The cells that what is told once fills, by heading."""
    labels = finding_labels([one.finding], lang)
    (told,) = labels
    cells = {
        "run": view.run,
        "site": interface("several_sites", lang) if one.site is None else site_label(one.site, lang),
        "concerned_hosts": concerned(one, lang),
        "verdict": interface("verdict_drift", lang),
        "findings": told.words.title,
        "explanation": told.words.explanation,
        "next_step": " ".join(told.words.steps),
        "evidence": _evidence(labels),
        "codes": told.code,
    }
    return {interface(key, lang): text for key, text in cells.items()}


def _evidence(findings: Iterable[FindingLabels]) -> str:
    return _joined(f"{name}={text}" for finding in findings for name, text in finding.evidence.items())


def _joined(texts: Iterable[str]) -> str:
    return " | ".join(text for text in texts if text)


def _cell(text: str) -> str:
    guarded = f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text
    return neutralise(guarded, _CELL_CHARACTERS)
