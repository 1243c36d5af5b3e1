"""The report as one HTML page: no script, no request, its style allowed by hash; filters are radio buttons and CSS."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from iea_fleet import __version__
from iea_fleet.diagnosis.fleet import FleetFinding
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import (
    FindingLabels,
    SettingLabels,
    concerned,
    finding_labels,
    fleet_size,
    group_label,
    headline,
    is_about_a_setting,
    news,
    setting_labels,
    site_label,
    to_do,
    verdict_label,
)
from iea_fleet.report.quantity import duration, moment, size
from iea_fleet.report.view import Group, HostRow, RunView
from iea_fleet.report.wording import Language
from iea_fleet.report.wording.interface import interface

_TEMPLATES: Final = "templates"


@dataclass(frozen=True, slots=True)
class _Count:
    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class _HostCard:
    """One host as the template shows it; `anchor` is made here, never from a name."""

    anchor: str
    name: str
    site: str
    group: str
    verdict: str
    headline: str
    findings: tuple[FindingLabels, ...]
    """Those that the settings' table does not tell; where somebody has to act, those that they have to act on."""
    others: tuple[FindingLabels, ...]
    """The rest of them: what else is so."""
    settings_steps: tuple[str, ...]
    """Next steps of those that it does."""
    evidence: tuple[FindingLabels, ...]
    settings: tuple[SettingLabels, ...]
    settings_aside: bool
    """They are all right, and something else is not."""
    sessions: tuple[tuple[str, ...], ...]
    """User, workstation, since: as they stand in the list."""
    licences: tuple[tuple[str, ...], ...]
    written: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _FleetCard:
    """One thing that is told once for several hosts."""

    labels: FindingLabels
    hosts: str


@dataclass(frozen=True, slots=True)
class _SiteSection:
    name: str
    tally: str
    fleet: tuple[_FleetCard, ...]
    hosts: tuple[_HostCard, ...]


def render_html(view: RunView, lang: Language) -> str:
    """The whole run as one self-contained page.

    Autoescape is on for every value, and every value is neutralised (`iea_fleet.model.text`); the Content Security
    Policy allows nothing but the page's own style.

    Args:
        view: the run.
        lang: of all words.
    """
    sites = _sections(view, lang)
    style, style_hash = _style()
    kind = interface(view.kind, lang)
    return _template().render(
        lang=lang,
        view=view,
        style=style,
        style_hash=style_hash,
        heading=interface("heading", lang, kind=kind, when=moment(view.started, lang)),
        summary=fleet_size(view, lang),
        groups=[_Count(group.value, group_label(group, view, lang), view.count(group)) for group in view.groups()],
        todo=[card for site in sites for card in site.hosts if card.group == Group.TODO.value],
        sites=sites,
        fleet=_fleet_cards(view.of_site(None), lang),
        since="" if view.since is None else interface("since_report", lang, when=moment(view.since.started, lang)),
        news=[(interface(which, lang), title, ", ".join(names)) for (which, title), names in news(view, lang).items()],
        facts=_run_facts(view, lang),
        made_by=interface("made_by", lang, version=__version__),
        word=lambda key: interface(key, lang),
    )


def _sections(view: RunView, lang: Language) -> tuple[_SiteSection, ...]:
    sections: list[_SiteSection] = []
    number = 0
    for site, hosts in view.by_site():
        cards = []
        for host in hosts:
            number += 1
            cards.append(_card(host, f"host-{number}", view, lang))
        counts = [(group, sum(host.group is group for host in hosts)) for group in view.groups()]
        tally = " · ".join(
            interface("counted", lang, what=group_label(group, view, lang), count=count)
            for group, count in counts
            if count
        )
        fleet = _fleet_cards(view.of_site(site), lang)
        sections.append(_SiteSection(site_label(site, lang), tally, fleet, tuple(cards)))
    return tuple(sections)


def _fleet_cards(fleet: Sequence[FleetFinding], lang: Language) -> tuple[_FleetCard, ...]:
    return tuple(
        _FleetCard(finding_labels([one.finding], lang)[0], interface("concerned", lang, hosts=concerned(one, lang)))
        for one in fleet
    )


def _card(host: HostRow, anchor: str, view: RunView, lang: Language) -> _HostCard:
    findings = finding_labels(host.findings, lang, host.shared)
    in_table = [is_about_a_setting(finding) and bool(host.settings) for finding in host.findings]
    due = to_do(host) if host.group is Group.TODO else ()
    in_text = [
        (labels, not due or finding in due)
        for labels, finding, shown in zip(findings, host.findings, in_table, strict=True)
        if not shown
    ]
    return _HostCard(
        anchor=anchor,
        name=host.name,
        site=site_label(host.site, lang),
        group=host.group.value,
        verdict=verdict_label(host, view, lang),
        headline=headline(host, lang),
        findings=tuple(labels for labels, is_due in in_text if is_due),
        others=tuple(labels for labels, is_due in in_text if not is_due),
        settings_steps=tuple(
            step for labels, shown in zip(findings, in_table, strict=True) if shown for step in labels.words.steps
        ),
        evidence=findings,
        settings=setting_labels(host, lang),
        settings_aside=host.group is Group.TODO and all(row.right for row in host.settings),
        sessions=tuple(tuple(row.get(name, "") for name in ("user", "workstation", "since")) for row in host.sessions),
        licences=tuple(tuple(row.get(name, "") for name in ("licence", "workstation")) for row in host.licences),
        written=any(row.found != row.now for row in host.settings),
        facts=_host_facts(host, lang),
    )


def _host_facts(host: HostRow, lang: Language) -> tuple[tuple[str, str], ...]:
    traffic = host.traffic
    facts = {
        "computer": host.computer_name,
        "system": host.system,
        "version": host.version,
        "answered": "" if host.answered is None else moment(host.answered, lang),
        "elapsed": duration(timedelta(milliseconds=host.elapsed_ms), lang) if host.attempts else "",
        "attempts": str(host.attempts),
        "traffic": interface(
            "traffic_value",
            lang,
            requests=traffic.requests,
            sent=size(traffic.bytes_sent, lang),
            received=size(traffic.bytes_received, lang),
        )
        if traffic.requests
        else "",
        "transaction": host.transaction or "",
        "said": host.detail,
    }
    return tuple((interface(key, lang), text) for key, text in facts.items() if text)


def _run_facts(view: RunView, lang: Language) -> tuple[tuple[str, str], ...]:
    finished = view.finished
    facts = {
        "run": view.run,
        "operator": view.operator,
        "started": moment(view.started, lang),
        "finished": interface("not_finished", lang) if finished is None else moment(finished, lang),
        "duration": "" if finished is None else duration(finished - view.started, lang),
    }
    return tuple((interface(key, lang), text) for key, text in facts.items() if text)


@cache
def _style() -> tuple[Markup, str]:
    """The page's style and its hash, as the Content Security Policy wants it (CSP Level 3, 8.3)."""
    text = files("iea_fleet.report").joinpath(_TEMPLATES, "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return Markup(text), f"sha256-{digest}"  # noqa: S704 - our own file, shipped with the package


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("iea_fleet.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    return environment.get_template("report.html.j2")


def _shown(value: object) -> object:
    """Every value that the template prints passes here: text is neutralised, our own markup stays."""
    return neutralise(value) if isinstance(value, str) and not isinstance(value, Markup) else value
