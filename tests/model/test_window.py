"""Maintenance windows: what their texts mean, when they are open, and when next, over changes of the clocks too."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iea_fleet.model.errors import InputError
from iea_fleet.model.window import DAYS, MaintenanceWindows, parse_windows

UTC = dt.UTC
WEEKDAYS_AT_NIGHT = "mon-fri 20:00-06:00"


def windows(*texts: str, zone: str = "Europe/Paris") -> MaintenanceWindows:
    return parse_windows(list(texts), zone, "inventory")


def paris(text: str, fold: int = 0) -> dt.datetime:
    """A time on the wall in Paris; `fold` 1: the second of two."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=windows().zone, fold=fold)


def test_without_windows_it_is_always_open() -> None:
    nothings: tuple[object, ...] = (None, "", [])
    for nothing in nothings:
        always = parse_windows(nothing, None, "inventory")
        at = dt.datetime(2026, 11, 25, 9, tzinfo=UTC)
        assert (always.is_open(at), always.next_opening(at), always.closed_until(at)) == (True, at, None)
        assert str(always.zone) == "Europe/Paris"


@pytest.mark.parametrize(
    ("text", "at", "is_open"),
    [
        # 2026-11-23 is a Monday.
        (WEEKDAYS_AT_NIGHT, "2026-11-23T19:59:59", False),
        (WEEKDAYS_AT_NIGHT, "2026-11-23T20:00", True),
        (WEEKDAYS_AT_NIGHT, "2026-11-24T05:59:59", True),
        (WEEKDAYS_AT_NIGHT, "2026-11-24T06:00", False),
        # A window is its beginning's: that of Friday ends on Saturday, and none began on Sunday.
        (WEEKDAYS_AT_NIGHT, "2026-11-28T05:00", True),
        (WEEKDAYS_AT_NIGHT, "2026-11-28T20:00", False),
        (WEEKDAYS_AT_NIGHT, "2026-11-23T05:00", False),
        ("sat,sun 00:00-24:00", "2026-11-28T00:00", True),
        ("sat,sun 00:00-24:00", "2026-11-29T23:59", True),
        ("sat,sun 00:00-24:00", "2026-11-30T00:00", False),
        ("sun 22:00-01:00", "2026-11-30T00:30", True),
        ("Fri-Mon 12:00 - 13:00", "2026-11-23T12:30", True),
        ("fri-mon 12:00-13:00", "2026-11-24T12:30", False),
        ("tue 8:00-0:00", "2026-11-24T23:59", True),
        ("tue 8:00-0:00", "2026-11-25T00:00", False),
    ],
)
def test_a_window_is_open_from_its_beginning_until_right_before_its_end(text: str, at: str, is_open: bool) -> None:
    assert windows(text).is_open(paris(at)) is is_open


def test_the_clock_that_counts_is_the_sites_own() -> None:
    at = dt.datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert not windows(WEEKDAYS_AT_NIGHT).is_open(at)
    reunion = windows(WEEKDAYS_AT_NIGHT, zone="Indian/Reunion")
    assert reunion.is_open(at)
    assert reunion.next_opening(at - dt.timedelta(hours=3)).isoformat() == "2026-11-24T20:00:00+04:00"


@pytest.mark.parametrize(
    ("text", "after", "opens"),
    [
        (WEEKDAYS_AT_NIGHT, "2026-11-24T09:30:40", "2026-11-24T20:00:00+01:00"),
        (WEEKDAYS_AT_NIGHT, "2026-11-28T09:00", "2026-11-30T20:00:00+01:00"),
        (WEEKDAYS_AT_NIGHT, "2026-11-24T21:07:03", "2026-11-24T21:07:03+01:00"),
        # Summer time begins on 29 March 2026, when 2:00 becomes 3:00.
        ("sun 02:00-04:00", "2026-03-28T12:00", "2026-03-29T03:00:00+02:00"),
        ("sun 02:15-02:45", "2026-03-28T12:00", "2026-04-05T02:15:00+02:00"),
        ("sat 20:00-06:00", "2026-03-28T12:00", "2026-03-28T20:00:00+01:00"),
        ("sun 20:00-06:00", "2026-03-28T21:00", "2026-03-29T20:00:00+02:00"),
        # It ends on 25 October 2026, when 3:00 becomes 2:00.
        ("sun 02:30-04:00", "2026-10-25T00:00", "2026-10-25T02:30:00+02:00"),
        ("sun 03:00-04:00", "2026-10-25T02:59", "2026-10-25T03:00:00+01:00"),
        ("sun 20:00-06:00", "2026-10-24T21:00", "2026-10-25T20:00:00+01:00"),
    ],
)
def test_the_next_opening_is_told_in_the_sites_time(text: str, after: str, opens: str) -> None:
    told = windows(text).next_opening(paris(after))
    assert (told.isoformat(), str(told.tzinfo)) == (opens, "Europe/Paris")


def test_a_night_without_its_missing_hour_closes_when_the_clock_says_so() -> None:
    night = windows("sat 20:00-02:30")
    assert night.is_open(dt.datetime(2026, 3, 29, 0, 59, tzinfo=UTC))  # 1:59
    assert not night.is_open(dt.datetime(2026, 3, 29, 1, 0, tzinfo=UTC))  # 3:00
    whole = windows("sun 00:00-24:00")
    assert not whole.is_open(dt.datetime(2026, 3, 28, 22, 59, tzinfo=UTC))
    assert whole.is_open(dt.datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
    assert whole.is_open(dt.datetime(2026, 3, 29, 21, 59, tzinfo=UTC))
    # A day of 23 hours.
    assert not whole.is_open(dt.datetime(2026, 3, 29, 22, 0, tzinfo=UTC))


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    short = windows("sun 02:10-02:20")
    times = [(paris("2026-10-25T02:15", fold), paris("2026-10-25T02:40", fold)) for fold in (0, 1)]
    assert [(short.is_open(within), short.is_open(after)) for within, after in times] == [(True, False), (True, False)]
    again = short.next_opening(paris("2026-10-25T02:40"))
    assert again.isoformat() == "2026-10-25T02:10:00+01:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at night", "'at night': it is not days and two times. Write it as mon-fri 20:00-06:00"),
        ("mon-fri 20:00", "it is not days and two times"),
        ("20:00-06:00", "it is not days and two times"),
        ("mon-fri 20h-6h", "it is not days and two times"),
        (20, "'20': it is not days and two times"),
        ("a" + " " * 100_000, "it is not days and two times"),
        ("lun-ven 20:00-06:00", "'lun-ven' is no day and no range of days. The days are mon, tue, wed, thu, fri"),
        ("mon-wed-fri 20:00-06:00", "'mon-wed-fri' is no day and no range of days"),
        ("mon, 20:00-06:00", "'' is no day and no range of days"),
        ("mon 25:00-06:00", "'25:00' is no time of the day. Times go from 00:00 to 23:59; an end may be 24:00"),
        ("mon 20:60-06:00", "'20:60' is no time of the day"),
        ("mon 20:00-24:01", "'24:01' is no time of the day"),
        ("mon 24:00-06:00", "'24:00' is no time of the day"),
        ("mon 20:00-20:00", "it ends when it begins. A whole day is 00:00-24:00"),
    ],
)
def test_a_bad_window_is_told_with_what_is_allowed(text: object, said: str) -> None:
    with pytest.raises(InputError) as told:
        parse_windows(["mon 1:00-2:00", text], "", "hosts.yml")
    assert str(told.value).startswith("hosts.yml, maintenance window '")
    assert said in str(told.value)
    assert len(str(told.value)) < 250


@pytest.mark.parametrize("given", [WEEKDAYS_AT_NIGHT, 5, {"mon": "20:00"}, [WEEKDAYS_AT_NIGHT] * 33])
def test_what_is_no_list_of_windows_is_told(given: object) -> None:
    with pytest.raises(InputError, match=r"hosts\.yml: iea_maintenance_windows is no list of windows.*Write a list"):
        parse_windows(given, "", "hosts.yml")


@pytest.mark.parametrize(
    "zone", ["Paris", "Europe", "../x", "/etc/localtime", "Europe/Paris\0", 5, ["UTC"], "x" * 5000]
)
def test_a_time_zone_that_is_not_known_is_told(zone: object) -> None:
    with pytest.raises(InputError, match=r"iea_timezone.*such as Europe/Paris") as told:
        parse_windows([], zone, "hosts.yml")
    assert len(str(told.value)) < 250


def test_time_zones_are_known_where_the_system_has_none() -> None:
    script = "from iea_fleet.model.window import parse_windows; print(parse_windows([], '', '').zone)"
    without = {**os.environ, "PYTHONTZPATH": ""}
    done = subprocess.run([sys.executable, "-c", script], env=without, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("Europe/Paris", 0), done.stderr


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _after(start: dt.datetime, seconds: int) -> dt.datetime:
    return start + dt.timedelta(seconds=seconds)


times = st.integers(0, 23 * 60 + 59)
texts = st.builds(
    lambda days, start, length: f"{','.join(days)} {_time(start)}-{_time((start + length) % 1440)}",
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True),
    times,
    st.integers(1, 1439),
)
zones = st.sampled_from(["Europe/Paris", "Indian/Reunion", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"])
# Around both changes of 2026 as often as anywhere.
moments = st.one_of(
    *(
        st.integers(0, int(length.total_seconds())).map(partial(_after, dt.datetime.fromisoformat(start)))
        for start, length in (
            ("2011-12-20T00:00Z", dt.timedelta(days=7000)),
            ("2026-03-28T00:00Z", dt.timedelta(days=2)),
            ("2026-10-24T00:00Z", dt.timedelta(days=2)),
        )
    )
)


@settings(deadline=None, max_examples=60)
@given(st.lists(texts, min_size=1, max_size=3), zones, moments, st.floats(0, 1))
def test_the_next_opening_is_open_and_nothing_before_it_is(
    given_texts: list[str], zone: str, after: dt.datetime, part: float
) -> None:
    some = windows(*given_texts, zone=zone)
    opens = some.next_opening(after).astimezone(UTC)
    assert opens >= after
    assert some.is_open(opens)
    between = after + (opens - after) * part
    assert between == opens or not some.is_open(between)
    if opens > after:
        assert not some.is_open(opens - dt.timedelta(microseconds=1))


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"[a-z,-]{1,9} [0-9:]{1,6}-[0-9:]{1,6}", fullmatch=True))
def test_any_text_is_a_window_or_an_error(text: str) -> None:
    try:
        some = windows(text)
    except InputError:
        return
    (window,) = some.windows
    assert window.days
    assert 0 <= window.start_min < 1440
    assert 0 <= window.end_min <= 1440
    assert window.start_min != window.end_min
