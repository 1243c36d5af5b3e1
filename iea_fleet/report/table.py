"""The report on a terminal, with rich. Every text is a `Text`, which has no markup, and is neutralised."""

from __future__ import annotations

from datetime import timedelta

from rich.box import SIMPLE_HEAD
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iea_fleet.model.finding import Severity
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import (
    SHOWN_CHARACTERS,
    finding_labels,
    group_label,
    headline,
    site_label,
    verdict_label,
)
from iea_fleet.report.quantity import duration, moment
from iea_fleet.report.view import Group, HostRow, RunView
from iea_fleet.report.wording import Language
from iea_fleet.report.wording.interface import interface

STYLES = {Group.RIGHT: "green", Group.CHANGED: "cyan", Group.TODO: "bold yellow"}
"""Colour of each group; a terminal without colours has the words."""


def render_table(view: RunView, lang: Language) -> RenderableType:
    """A run as a table with a line a host, then what needs somebody with its next steps, then the sum.

    Args:
        view: the run.
        lang: of all words.
    Returns: something for `rich.console.Console.print`.
    """
    if not view.hosts:
        return Text(interface("no_hosts", lang))
    parts: list[RenderableType] = [_heading(view, lang), _hosts(view, lang)]
    todo = view.in_group(Group.TODO)
    if todo:
        parts.append(Text(interface("todo_heading", lang), style="bold"))
        parts += [_steps(host, view, lang) for host in todo]
    parts.append(summary(view, lang))
    return Lines(*parts)


def summary(view: RunView, lang: Language) -> Text:
    """The sum of a run in one line: hosts, sites, and how many are as wanted, changed, in need of somebody."""
    sites = len({host.site for host in view.hosts})
    line = Text(interface("summary", lang, hosts=len(view.hosts), sites=sites))
    for group in reversed(view.groups()):
        count = view.count(group)
        line.append(" · ")
        line.append(
            interface("counted", lang, what=group_label(group, view, lang), count=count),
            style=STYLES[group] if count else "dim",
        )
    return line


def _heading(view: RunView, lang: Language) -> Text:
    line = Text(interface("heading", lang, kind=interface(view.kind, lang), when=moment(view.started, lang)))
    line.stylize("bold")
    if view.check_mode:
        line.append("  " + interface("check_mode", lang), style="italic")
    return line


def _hosts(view: RunView, lang: Language) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    for key in ("site", "host", "verdict"):
        table.add_column(interface(key, lang), no_wrap=key == "verdict", overflow="fold")
    table.add_column(interface("finding", lang), overflow="fold", ratio=1)
    table.add_column(interface("elapsed", lang), justify="right", no_wrap=True)
    for site, hosts in view.by_site():
        for number, host in enumerate(hosts):
            elapsed = duration(timedelta(milliseconds=host.elapsed_ms), lang) if host.attempts else ""
            table.add_row(
                Text(site_label(site, lang) if number == 0 else ""),
                Text(neutralise(host.name, SHOWN_CHARACTERS)),
                Text(verdict_label(host, view, lang), style=STYLES[host.group]),
                Text(headline(host, lang)),
                Text(elapsed, style="dim"),
            )
    return table


def _steps(host: HostRow, view: RunView, lang: Language) -> RenderableType:
    """One host that needs somebody: each finding with its explanation and next step."""
    name = Text(neutralise(host.name, SHOWN_CHARACTERS), style="bold")
    name.append(f" · {site_label(host.site, lang)} · {verdict_label(host, view, lang)}", style="not bold dim")
    lines: list[RenderableType] = [name]
    told = tuple(finding for finding in host.findings if finding.severity is not Severity.OK)
    for labels in finding_labels(told, lang):
        title = Text(f"• {labels.words.title}")
        if labels.case:
            title.append(f" ({labels.case})", style="dim")
        lines.append(Padding(title, (0, 0, 0, 2)))
        lines.append(Padding(Text(labels.words.explanation), (0, 0, 0, 4)))
        lines += [Padding(Text(f"→ {step}", style="yellow"), (0, 0, 0, 4)) for step in labels.words.steps]
    if host.detail:
        said = interface("counted", lang, what=interface("said", lang), count=neutralise(host.detail, SHOWN_CHARACTERS))
        lines.append(Padding(Text(said, style="dim"), (0, 0, 0, 4)))
    return Padding(Lines(*lines), (0, 0, 1, 0))
