"""When a restarted workstation is back to stay, and that a round waits for it."""

from __future__ import annotations

from iea_fleet.plugins._restart import STEADY_S, STEADY_SAME_BOOT_S, Return

OLD, NEW, NEWER = "2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T09:03:00Z"


def test_it_is_back_once_it_answered_long_enough_with_a_new_boot_time() -> None:
    back = Return(OLD)
    assert not back.answered(OLD, 0)  # not down yet
    back.away()
    assert not back.answered(NEW, 30)
    assert not back.answered(NEW, 30 + STEADY_S - 1)
    assert back.answered(NEW, 30 + STEADY_S)


def test_a_second_restart_as_by_updates_is_waited_for_too() -> None:
    back = Return(OLD)
    assert not back.answered(NEW, 30)
    back.away()
    assert not back.answered(NEWER, 200)
    assert back.answered(NEWER, 200 + STEADY_S)


def test_a_new_boot_time_between_two_looks_starts_the_clock_anew() -> None:
    back = Return(OLD)
    assert not back.answered(NEW, 30)
    assert not back.answered(NEWER, 30 + STEADY_S)
    assert back.answered(NEWER, 30 + 2 * STEADY_S)


def test_without_a_new_boot_time_it_must_have_been_away_and_be_steady_for_longer() -> None:
    back = Return(OLD)
    for at in range(0, 100, 5):
        assert not back.answered(OLD, at)
    back.away()
    assert not back.answered(OLD, 120)
    assert not back.answered(OLD, 120 + STEADY_S)
    assert back.answered(OLD, 120 + STEADY_SAME_BOOT_S)


def test_a_workstation_that_never_told_its_boot_time_is_known_by_its_absence() -> None:
    back = Return(None)
    assert not back.answered(None, 0)
    back.away()
    assert not back.answered(None, 10)
    assert back.answered(None, 10 + STEADY_SAME_BOOT_S)
