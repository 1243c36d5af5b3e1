"""The report on a terminal, with rich. Every text is a `Text`, which has no markup, and is neutralised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.console import Group as Lines
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iea_fleet.diagnosis.fleet import FleetFinding
from iea_fleet.model.finding import Finding, Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.text import SHOWN_CHARACTERS, neutralise
from iea_fleet.report.labels import (
    finding_labels,
    fleet_size,
    group_label,
    headline,
    is_about_a_setting,
    news,
    settings_title,
    site_label,
    to_do,
    verdict_label,
)
from iea_fleet.report.quantity import duration, moment
from iea_fleet.report.view import Group, HostRow, RunView, Since
from iea_fleet.report.wording import Language
from iea_fleet.report.wording.interface import interface

STYLES = {Group.RIGHT: "green", Group.CHANGED: "cyan", Group.TODO: "bold yellow"}
"""Colour of each group; a terminal without colours has the words."""


_SITE_WIDTH: Final = 28
_TABLE_WIDTH: Final = 72
"""Columns below which a table would break words into letters."""
_MOST_NAMES: Final = 20
"""Hosts of one reason that are named; the others are counted, and in the report files."""
_NEWS: Final = {"new": "bold yellow", "gone": "green"}
_NO_BREAK: Final = str.maketrans({"\u00a0": "\ue000", "\u202f": "\ue001"})
_SPACES: Final = str.maketrans({"\ue000": "\u00a0", "\ue001": "\u202f"})


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text that is not broken at no-break spaces, where rich by itself breaks: French type is full of them.

    They become characters for private use while rich breaks the lines; text from elsewhere has none of those
    (`neutralise`).
    """

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        marked = self.text.copy()
        marked.plain = marked.plain.translate(_NO_BREAK)
        for line in marked.wrap(console, options.max_width):
            line.plain = line.plain.translate(_SPACES)
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.text)


def render_table(view: RunView, lang: Language) -> RenderableType:
    """A run: what is told once for several hosts, a table with a line a host, what needs somebody, the sum.

    Args:
        view: the run.
        lang: of all words.
    Returns: something for `rich.console.Console.print`.
    """
    if not view.hosts:
        return Text(interface("no_hosts", lang))
    parts: list[RenderableType] = [Paragraph(_heading(view, lang))]
    if view.told_once:
        parts.append(Text(interface("for_all", lang), style="bold"))
        parts += [_shared(one, lang) for one in view.told_once]
    parts.append(_Hosts(view, lang))
    if view.since is not None:
        parts += _since(view, view.since, lang)
    # Who is concerned by what is told once, and by nothing else, stands above.
    todo = [host for host in view.in_group(Group.TODO) if _to_do(host) or not host.shared]
    if todo:
        parts.append(Text(interface("todo_heading", lang), style="bold"))
        parts += [_steps(hosts, view, lang) for hosts in _alike(todo, lang)]
    parts.append(Paragraph(summary(view, lang)))
    return Lines(*parts)


def _since(view: RunView, since: Since, lang: Language) -> list[RenderableType]:
    """What is new and what is gone since the report before, each with its hosts."""
    lines = [
        Padding(
            Paragraph(
                Text.assemble((f"{interface(which, lang)} · ", _NEWS[which]), f"{title} · ", (_some(names), "dim"))
            ),
            (0, 0, 0, 2),
        )
        for (which, title), names in news(view, lang).items()
    ]
    heading = Text(interface("since_report", lang, when=moment(since.started, lang)), style="bold")
    nothing = Padding(Text(interface("nothing_changed", lang)), (0, 0, 0, 2))
    return [heading, *(lines or [nothing]), Text("")]


def _some(names: Sequence[str]) -> str:
    """Names of hosts: of many only some, and how many more there are."""
    shown = ", ".join(neutralise(name, SHOWN_CHARACTERS) for name in names[:_MOST_NAMES])
    return shown + (f" + {len(names) - _MOST_NAMES}" if len(names) > _MOST_NAMES else "")


def summary(view: RunView, lang: Language) -> Text:
    """The sum of a run in one line: hosts, sites, and how many are as wanted, changed, in need of somebody."""
    line = Text(fleet_size(view, lang))
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


@dataclass(frozen=True, slots=True)
class _Hosts:
    """Every host of a run: a table where there is room for one, else a line each below its site."""

    view: RunView
    lang: Language

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= _TABLE_WIDTH:
            yield _table(self.view, self.lang)
            return
        for site, hosts in self.view.by_site():
            yield Text(site_label(site, self.lang), style="bold")
            for host in hosts:
                verdict = (verdict_label(host, self.view, self.lang), STYLES[host.group])
                name = neutralise(host.name, SHOWN_CHARACTERS)
                line = Text.assemble(f"{name} · ", verdict, f" · {headline(host, self.lang)}")
                yield Padding(Paragraph(line), (0, 0, 0, 2))


def _table(view: RunView, lang: Language) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column(interface("site", lang), overflow="fold", max_width=_SITE_WIDTH)
    table.add_column(interface("host", lang), overflow="fold")
    table.add_column(interface("verdict", lang), no_wrap=True)
    table.add_column(interface("finding", lang), overflow="fold", ratio=1)
    table.add_column(interface("duration", lang), justify="right", no_wrap=True)
    for site, hosts in view.by_site():
        for number, host in enumerate(hosts):
            elapsed = duration(timedelta(milliseconds=host.elapsed_ms), lang) if host.attempts else ""
            table.add_row(
                Text(site_label(site, lang) if number == 0 else ""),
                Text(neutralise(host.name, SHOWN_CHARACTERS)),
                Text(verdict_label(host, view, lang), style=STYLES[host.group]),
                Paragraph(Text(headline(host, lang))),
                Text(elapsed, style="dim"),
            )
    return table


def _shared(one: FleetFinding, lang: Language) -> RenderableType:
    """One thing that is told once: whose, what, who is concerned, what to do."""
    (labels,) = finding_labels([one.finding], lang)
    site = interface("several_sites", lang) if one.site is None else site_label(one.site, lang)
    names = _some(one.hosts) or interface("concerned_nobody", lang)
    lines: list[RenderableType] = [
        Paragraph(Text.assemble((site, "bold"), (f" · {interface('concerned', lang, hosts=names)}", "dim"))),
        *_finding(Text(f"• {labels.words.title}"), labels.words.explanation, labels.words.steps),
    ]
    return Padding(Lines(*lines), (0, 0, 1, 0), expand=False)


def _alike(hosts: Iterable[HostRow], lang: Language) -> Iterable[Sequence[HostRow]]:
    """Hosts of which the same is to be said, together, in the order of the first of each."""
    groups: dict[tuple[str, Verdict | None], list[HostRow]] = {}
    for host in hosts:
        groups.setdefault((headline(host, lang), host.verdict), []).append(host)
    return groups.values()


def _to_do(host: HostRow) -> list[Finding]:
    """The findings of a host that somebody has to act on and that are told nowhere else."""
    return [finding for finding in to_do(host) if finding not in host.shared]


def _steps(hosts: Sequence[HostRow], view: RunView, lang: Language) -> RenderableType:
    """Hosts that need somebody for the same reason: the findings of the first, each with its next step."""
    host = hosts[0]
    findings = _to_do(host) or [finding for finding in host.findings if finding.severity is not Severity.OK]
    labels = list(zip(findings, finding_labels(findings, lang), strict=True))
    lines: list[RenderableType] = [Paragraph(_names(hosts, view, lang))]
    for finding, one in labels:
        if not is_about_a_setting(finding):
            case = f" ({one.case})" if one.case else ""
            title = Text.assemble(f"• {one.words.title}", (case, "dim"))
            lines += _finding(title, _of_the_first(hosts, one.words.explanation, lang), one.words.steps)
    about_settings = [(finding, one) for finding, one in labels if is_about_a_setting(finding)]
    if about_settings:
        title = Text(f"• {settings_title([finding for finding, _ in about_settings], lang)}")
        # Beside a reason that keeps them from being corrected the values are for the report files.
        alone = len(about_settings) == len(labels)
        explanations = "\n".join(one.words.explanation for _, one in about_settings) if alone else ""
        steps = [step for _, one in about_settings for step in one.words.steps]
        lines += _finding(title, _of_the_first(hosts, explanations, lang), steps)
    said = neutralise(host.detail, SHOWN_CHARACTERS)
    if said and not any(said in one.words.explanation for _, one in labels):
        told_by = interface("counted", lang, what=interface("said", lang), count=said)
        lines.append(Padding(Paragraph(Text(told_by, style="dim")), (0, 0, 0, 4), expand=False))
    return Padding(Lines(*lines), (0, 0, 1, 0), expand=False)


def _names(hosts: Sequence[HostRow], view: RunView, lang: Language) -> Text:
    """Who is concerned: one host with its site, several by their names, and the verdict that they share."""
    line = Text(_some([host.name for host in hosts]), style="bold")
    site = f" · {site_label(hosts[0].site, lang)}" if len(hosts) == 1 else ""
    return line.append(f"{site} · {verdict_label(hosts[0], view, lang)}", style="not bold dim")


def _of_the_first(hosts: Sequence[HostRow], explanation: str, lang: Language) -> str:
    """The explanation holds facts of one host: named where several are told together."""
    if len(hosts) == 1 or not explanation:
        return explanation
    return interface("counted", lang, what=neutralise(hosts[0].name, SHOWN_CHARACTERS), count=explanation)


def _finding(title: Text, explanation: str, steps: Iterable[str]) -> list[RenderableType]:
    return [
        Padding(Paragraph(title), (0, 0, 0, 2), expand=False),
        *([Padding(Paragraph(Text(explanation)), (0, 0, 0, 4), expand=False)] if explanation else []),
        *(Padding(Paragraph(Text(f"→ {step}", style="yellow")), (0, 0, 0, 4), expand=False) for step in steps),
    ]
