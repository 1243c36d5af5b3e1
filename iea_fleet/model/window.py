"""When work that disturbs people may be done at a site: its maintenance windows, by the clock on its wall. Pure.

A notion of the whole roll-out, whatever the work is. What asks it so far is the restart of a workstation.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""How the days are written, Monday first, as `datetime.weekday` counts them."""

DEFAULT_ZONE: Final = "Europe/Paris"
_MOST_WINDOWS: Final = 32
_LONGEST_CHARACTERS: Final = 200
_SHOWN_CHARACTERS: Final = 60
_MINUTE: Final = dt.timedelta(minutes=1)
_DAY_MIN: Final = 24 * 60
_SHAPE: Final = re.compile(r"\s*([a-z][a-z ,-]*?)\s+([0-9:]+)\s*-\s*([0-9:]+)\s*")
_TIME: Final = re.compile(r"(\d\d?):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the week.

    Args:
        days: those on which it begins, 0 is Monday.
        start_min: minutes after midnight at which it begins, 0 to 1439.
        end_min: at which it ends, itself outside, 0 to 1440; not after `start_min`: of the day after.
    """

    days: frozenset[int]
    start_min: int
    end_min: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a day (0 is Monday) and a minute of it lie within."""
        if self.start_min < self.end_min:
            return weekday in self.days and self.start_min <= minute < self.end_min
        began_today, began_yesterday = weekday in self.days, (weekday - 1) % len(DAYS) in self.days
        return (began_today and minute >= self.start_min) or (began_yesterday and minute < self.end_min)


@dataclass(frozen=True, slots=True)
class MaintenanceWindows:
    """The windows of one site. They are open whenever the clock on its wall shows a time in one of them.

    So in the night in which clocks go forward a time that is skipped opens nothing, and in the one in which they go
    back a time that comes twice is open twice.

    Args:
        windows: none: always open.
        zone: the site's.
    """

    windows: tuple[Window, ...]
    zone: ZoneInfo

    def is_open(self, at: dt.datetime) -> bool:
        """Whether they are open at a moment (with its zone, any)."""
        local = at.astimezone(self.zone)
        weekday, minute = local.weekday(), local.hour * 60 + local.minute
        return not self.windows or any(window.holds(weekday, minute) for window in self.windows)

    def next_opening(self, after: dt.datetime) -> dt.datetime:
        """The first moment from `after` on (with its zone, any) at which they are open; in the site's zone."""
        if self.is_open(after):
            return after.astimezone(self.zone)
        # Minute by minute, which no change of the clocks can mislead: windows and changes begin at whole minutes.
        at = after.astimezone(dt.UTC).replace(second=0, microsecond=0)
        while not self.is_open(at):
            at += _MINUTE
        return at.astimezone(self.zone)

    def closed_until(self, at: dt.datetime) -> dt.datetime | None:
        """When they open next, in the site's zone; `None`: they are open at this moment."""
        return None if self.is_open(at) else self.next_opening(at)


def parse_windows(windows: object, zone: object, where: str) -> MaintenanceWindows:
    """Read the two variables of an inventory.

    Args:
        windows: `iea_maintenance_windows`: texts of days and two times, such as `mon-fri 20:00-06:00` or
            `sat,sun 00:00-24:00`; `None` or empty: always open.
        zone: `iea_timezone`: a name of the IANA time zone database; `None` or empty: `DEFAULT_ZONE`.
        where: what they are from, for the message.
    Raises: InputError, for each kind of bad text with what is allowed.
    """
    if windows is None or windows == "":
        windows = ()
    if not isinstance(windows, Sequence) or isinstance(windows, str) or len(windows) > _MOST_WINDOWS:
        raise InputError(
            where,
            "iea_maintenance_windows is no list of windows, or one of more than {most}",
            "Write a list, each window as mon-fri 20:00-06:00",
            most=_MOST_WINDOWS,
        )
    return MaintenanceWindows(tuple(_parse_window(window, where) for window in windows), _parse_zone(zone, where))


def _parse_window(text: object, where: str) -> Window:
    here = Phrase("{where}, maintenance window '{window}'", where=where, window=_shown(text))
    readable = isinstance(text, str) and len(text) <= _LONGEST_CHARACTERS
    parts = _SHAPE.fullmatch(str(text).lower()) if readable else None
    if parts is None:
        raise InputError(here, "it is not days and two times", "Write it as mon-fri 20:00-06:00 or sat,sun 00:00-24:00")
    days: set[int] = set()
    for part in parts[1].split(","):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or not set(names) <= set(DAYS):
            raise InputError(
                here,
                "'{days}' is no day and no range of days",
                "The days are mon, tue, wed, thu, fri, sat and sun; a range is mon-fri, several are sat,sun",
                days=_shown(part.strip()),
            )
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        days |= {(first + count) % len(DAYS) for count in range((last - first) % len(DAYS) + 1)}
    start_min = _minute_of_day(parts[2], _DAY_MIN - 1, here)
    end_min = _minute_of_day(parts[3], _DAY_MIN, here)
    if start_min == end_min:
        raise InputError(here, "it ends when it begins", "A whole day is 00:00-24:00")
    return Window(frozenset(days), start_min, end_min)


def _minute_of_day(time: str, last_min: int, here: Phrase) -> int:
    parts = _TIME.fullmatch(time)
    minute = last_min + 1 if parts is None else int(parts[1]) * 60 + int(parts[2])
    if minute > last_min:
        raise InputError(
            here,
            "'{time}' is no time of the day",
            "Times go from 00:00 to 23:59; an end may be 24:00",
            time=_shown(time),
        )
    return minute


def _parse_zone(name: object, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(DEFAULT_ZONE if name is None or name == "" else str(name))
    except (LookupError, ValueError, OSError) as error:
        raise InputError(
            where,
            "the time zone '{zone}' (iea_timezone) is not known",
            "Take a name of the IANA time zone database, such as Europe/Paris or Indian/Reunion",
            zone=_shown(name),
        ) from error


def _shown(value: object) -> str:
    return neutralise(str(value), _SHOWN_CHARACTERS)
