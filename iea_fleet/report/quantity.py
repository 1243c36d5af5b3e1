"""Moments, durations and sizes as people of a language write them."""

from __future__ import annotations

from datetime import datetime, timedelta

from iea_fleet.report.wording import Language

_SPACE = "\u00a0"


def moment(when: datetime, lang: Language) -> str:
    """A moment to the minute, in its own time zone, whose name is told: `24/11/2026 à 20 h 41 CET`."""
    zone = when.tzname() or ""
    if lang == "fr":
        return f"{when:%d/%m/%Y} à {when:%H}{_SPACE}h{_SPACE}{when:%M} {zone}".rstrip()
    return f"{when:%Y-%m-%d %H:%M} {zone}".rstrip()


def duration(length: timedelta, lang: Language) -> str:
    """A length of time in its largest sensible units: `840 ms`, `2,4 s`, `3 min 05 s`, `1 h 12 min`."""
    milliseconds = round(length / timedelta(milliseconds=1))
    if milliseconds < 1000:
        return f"{milliseconds}{_SPACE}ms"
    if milliseconds < 60_000:
        return f"{_decimal(milliseconds / 1000, lang)}{_SPACE}s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}min{_SPACE}{seconds:02}{_SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{_SPACE}h{_SPACE}{minutes:02}{_SPACE}min"


def size(octets: int, lang: Language) -> str:
    """A number of bytes in decimal units (IEC 80000-13): `812 B`, `12.3 kB`; in French `812 o`, `12,3 ko`."""
    unit = "o" if lang == "fr" else "B"
    if octets < 1000:
        return f"{octets}{_SPACE}{unit}"
    amount = octets / 1000
    for prefix in ("k", "M"):
        if amount < 999.95:
            return f"{_decimal(amount, lang)}{_SPACE}{prefix}{unit}"
        amount /= 1000
    return f"{_decimal(amount, lang)}{_SPACE}G{unit}"


def _decimal(amount: float, lang: Language) -> str:
    text = f"{amount:.1f}"
    return text.replace(".", ",") if lang == "fr" else text
