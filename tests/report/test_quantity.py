from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from iea_fleet.report.quantity import duration, moment, size
from iea_fleet.report.wording import Language


@pytest.mark.parametrize(("lang", "text"), [("fr", "24/11/2026 à 21 h 05 CET"), ("en", "2026-11-24 21:05 CET")])
def test_a_moment_is_told_in_its_own_zone(lang: Language, text: str) -> None:
    when = datetime(2026, 11, 24, 21, 5, tzinfo=timezone(timedelta(hours=1), "CET"))
    assert moment(when, lang).replace("\u00a0", " ") == text
    assert moment(datetime(2026, 1, 2, tzinfo=UTC), lang).endswith("UTC")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.9994, "999 ms"),
        (1, "1,0 s"),
        (59.94, "59,9 s"),
        (60, "1 min 00 s"),
        (185, "3 min 05 s"),
        (4320, "1 h 12 min"),
    ],
)
def test_a_duration_has_its_largest_sensible_units(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds), "fr").replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("octets", "french", "english"),
    [
        (0, "0 o", "0 B"),
        (999, "999 o", "999 B"),
        (12_345, "12,3 ko", "12.3 kB"),
        (999_949, "999,9 ko", "999.9 kB"),
        (999_951, "1,0 Mo", "1.0 MB"),
        (3_000_000_000, "3,0 Go", "3.0 GB"),
    ],
)
def test_a_size_is_in_decimal_units(octets: int, french: str, english: str) -> None:
    assert size(octets, "fr").replace("\u00a0", " ") == french
    assert size(octets, "en").replace("\u00a0", " ") == english
