"""`iea-fleet lab status`: the workstations as one table, once or live, in French or English."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.cli.words import Language
from iea_fleet.lab.application import ASSISTANCE_OFF, LEFT_BEHIND, RIGHT_SETTINGS
from iea_fleet.lab.messages import HostStatus
from iea_fleet.model.text import neutralise
from iea_fleet.report.table import Paragraph

_PERIOD_S = 1.0
_MESSAGE_LENGTH = 130
"""Longest message in the table; the whole of it is in the JSON document."""

_MOST_WIDTHS: Final = {1: 20, 3: 34, 4: 20, 5: 20, 6: 26}
"""By column: a long text must not leave the others a few characters each."""

_TITLES: Final = {
    "fr": ("Poste", "Association", "Icône", "Au lancement", "Session", "Licence", "Réglages", "Situation", "Pannes"),
    "en": ("Host", "Association", "Icon", "At the start", "Session", "Licence", "Settings", "Situation", "Faults"),
}
_TRAY: Final = {
    "blue_ball": ("●", "blue", "boule bleue", "blue ball"),
    "red_heart": ("●♥", "blue", "cœur rouge", "red heart"),
    "red_scarab": ("◆", "red", "scarabée rouge", "red scarab"),
    "none": ("-", "", "", ""),
}
"""Glyph, its colour, words in French and English."""
_WORDS: Final = {
    "starts": ("démarre", "opens"),
    "right": ("conformes", "right"),
    "not_there": ("absents", "not there"),
    "damaged": ("endommagés", "damaged"),
    "before": ("d’avant le changement", "from before the change"),
    "assistance": ("assistance depuis {since} par {by}", "assistance since {since} by {by}"),
    "wrong_passwords": ("mots de passe refusés : {count}", "wrong passwords: {count}"),
    "live": ("{user}, ouverte {since}", "{user}, open {since}"),
    "stale": ("{user}, restée ouverte {since}", "{user}, left open {since}"),
    "twice": ("{licence} sur {holders}", "{licence} on {holders}"),
    "unbound": ("{licence}, libre", "{licence}, not bound"),
    "password": ("Mot de passe du jour : {password}", "Password of the day: {password}"),
}


def show_status(hosts: Sequence[HostStatus], *, as_json: bool, lang: Language) -> None:
    """Print workstations as one table, or as a JSON document."""
    if as_json:
        print_document(json.dumps([host.model_dump(mode="json") for host in hosts], ensure_ascii=False, indent=2))
        return
    console(sys.stdout).print(table_of(hosts, lang))


def watch_status(status: Callable[[], Sequence[HostStatus]], lang: Language) -> None:
    """Show the table live until Ctrl-C; where the output is no terminal, once.

    Raises: what `status` raises, such as when the lab was closed meanwhile.
    """
    screen = console(sys.stdout)
    if not screen.is_terminal:
        screen.print(table_of(status(), lang))
        return
    try:
        # On a screen of its own: nothing scrolls, and what was on the terminal is back in the end.
        with Live(table_of(status(), lang), console=screen, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_PERIOD_S)
                live.update(table_of(status(), lang), refresh=True)
    except KeyboardInterrupt:
        return


def table_of(hosts: Sequence[HostStatus], lang: Language) -> Table:
    """The table of these workstations; what none of them has is no column."""
    rows: list[tuple[str | Text, ...]] = [
        (
            host.name,
            host.site,
            _icon(host, lang),
            _message(host, lang),
            _session(host, lang),
            _licence(host, lang),
            _settings(host, lang),
            "\n".join(host.situations) or "-",
            "\n".join(fault.removesuffix("()") for fault in host.faults) or "-",
        )
        for host in hosts
    ]
    shown = [column for column in range(len(_TITLES[lang])) if any(str(row[column]) != "-" for row in rows)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in shown:
        title, most = _TITLES[lang][column], _MOST_WIDTHS.get(column)
        table.add_column(title, overflow="fold", max_width=most, no_wrap=column == 0)
    for row in rows:
        table.add_row(*(row[column] if column == 0 else Paragraph(Text.assemble(row[column])) for column in shown))
    if hosts:
        table.caption = _say("password", lang, password=hosts[0].password_of_the_day)
        table.caption_justify = "left"
    return table


def _say(key: str, lang: Language, **values: object) -> str:
    french, english = _WORDS[key]
    return neutralise((french if lang == "fr" else english).format(**values))


def _icon(host: HostStatus, lang: Language) -> Text:
    glyph, colour, french, english = _TRAY[host.desk.tray]
    heart = "red" if glyph.endswith("♥") else colour
    return Text.assemble((glyph[:1], colour), (glyph[1:], heart), f" {french if lang == 'fr' else english}".rstrip())


def _message(host: HostStatus, lang: Language) -> str:
    kind = host.desk.message_kind
    if kind == "starts":
        return _say("starts", lang)
    text = neutralise(host.desk.message)
    return (f"{text[:_MESSAGE_LENGTH]}…" if len(text) > _MESSAGE_LENGTH else text) or "-"


def _session(host: HostStatus, lang: Language) -> str:
    kind = "live" if host.desk.program_runs else "stale"
    return "\n".join(_say(kind, lang, user=one.user, since=one.since) for one in host.desk.sessions) or "-"


def _licence(host: HostStatus, lang: Language) -> str:
    licence, holders = host.seen.licence, host.desk.licence_holders
    if licence is None:
        return "-"
    if not holders:
        return _say("unbound", lang, licence=licence)
    if tuple(holder.casefold() for holder in holders) == (host.name.casefold(),):
        return neutralise(licence)
    return _say("twice", lang, licence=licence, holders=", ".join(holders))


def _settings(host: HostStatus, lang: Language) -> str:
    seen = host.seen
    if host.right:
        return _say("right", lang)
    values = (seen.mode, seen.authentication_url, seen.update_url)
    if all(value is None for value in values):
        return _say("not_there", lang)
    if None in values:
        return _say("damaged", lang)
    before = (LEFT_BEHIND.mode, LEFT_BEHIND.authentication_url, LEFT_BEHIND.update_url)
    wanted = (RIGHT_SETTINGS.mode, RIGHT_SETTINGS.authentication_url, RIGHT_SETTINGS.update_url)
    told = [neutralise(str(value)) for value, right in zip(values, wanted, strict=True) if value != right]
    if values == before:
        told = [_say("before", lang)]
    if seen.assistance != ASSISTANCE_OFF:
        told.append(_say("assistance", lang, since=seen.assistance_since or "?", by=seen.assistance_by or "?"))
    if seen.wrong_passwords:
        told.append(_say("wrong_passwords", lang, count=seen.wrong_passwords))
    return ("\u202f; " if lang == "fr" else "; ").join(told)
