"""What a situation changes on a workstation, what it leaves alone, and what mending ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.lab.application import (
    AUTHORISATION_REFUSED,
    CONNECTED,
    CONNECTION_INI,
    LEFT_BEHIND,
    LICENCE_TWICE,
    LICENCES_FILE,
    LOG,
    REFUSED,
    RIGHT_SETTINGS,
    SESSIONS_FILE,
    SETTINGS_FILES,
    SITUATIONS,
    STATE_JSON,
    VERSION_JSON,
    Installation,
    Reach,
    Servers,
    Settings,
)
from iea_fleet.lab.application.condition import Condition, begin, mend
from iea_fleet.lab.application.installation import holders, sessions_of
from iea_fleet.lab.application.seen import is_right, look

NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


def test_a_server_situation_touches_state_and_log_only_so_what_a_push_did_stays() -> None:
    condition, changes = begin(Condition(settings=LEFT_BEHIND), SITUATIONS["server_dns"], NOON)
    assert set(changes) <= {STATE_JSON, LOG}
    assert look({**condition.all_files(NOON), **changes}.get).state == REFUSED
    assert condition.servers == Servers.both(Reach.DNS)
    assert condition.settings == LEFT_BEHIND


def test_a_situation_of_the_settings_lays_the_files_that_differ() -> None:
    condition, changes = begin(Condition(), SITUATIONS["old_http_urls"], NOON)
    assert condition.settings == LEFT_BEHIND
    assert set(changes) == {*SETTINGS_FILES, VERSION_JSON, LOG, STATE_JSON}
    assert not is_right(look(changes.get))


def test_a_refusal_is_written_to_log_and_state_only_and_ends_with_mending() -> None:
    condition, changes = begin(Condition(), SITUATIONS["authorisation_refused"], NOON)
    assert set(changes) == {LOG, STATE_JSON}
    assert AUTHORISATION_REFUSED.encode("cp1252") in (changes[LOG] or b"")
    there = {**condition.all_files(NOON), **changes}
    condition, changes = mend(condition, NOON, read=there.get)
    assert condition.refusal is None
    assert AUTHORISATION_REFUSED.encode("cp1252") not in (changes[LOG] or b"")
    assert look({**there, **changes}.get).state == CONNECTED


def test_missing_files_are_taken_away_and_come_back_when_mended() -> None:
    condition, changes = begin(Condition(), SITUATIONS["settings_missing"], NOON)
    assert set(changes.values()) == {None}
    assert set(SETTINGS_FILES) <= set(changes)
    condition, changes = mend(condition, NOON)
    assert (condition.damage, is_right(look(changes.get))) == (None, True)


def test_two_situations_hold_together() -> None:
    condition = Condition()
    for name in ("old_http_urls", "server_http_503", "service_stopped"):
        condition, _ = begin(condition, SITUATIONS[name], NOON)
    assert (condition.settings, condition.servers.update, condition.service) == (
        LEFT_BEHIND,
        Reach.HTTP_503,
        "stopped",
    )
    mended, changes = mend(condition, NOON)
    assert set(changes) == {STATE_JSON, LOG}
    assert mended == Condition(settings=LEFT_BEHIND)


def test_right_settings_end_damage_and_nothing_else() -> None:
    condition, _ = begin(Condition(), SITUATIONS["settings_malformed"], NOON)
    condition, _ = begin(condition, SITUATIONS["server_dns"], NOON)
    condition, changes = begin(condition, SITUATIONS["right"], NOON)
    assert (condition.damage, condition.settings, condition.servers) == (None, RIGHT_SETTINGS, Servers.both(Reach.DNS))
    assert is_right(look(changes.get))


@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_only_a_workstation_as_the_sheet_wants_it_looks_right(name: str) -> None:
    condition, _ = begin(Condition(), SITUATIONS[name], NOON)
    seen = look(condition.all_files(NOON).get)
    situation = SITUATIONS[name]
    expected = (situation.settings or RIGHT_SETTINGS).mode == RIGHT_SETTINGS.mode and name not in {
        "wrong_urls",
        "three_faults",
        "settings_missing",
        "settings_malformed",
    }
    assert is_right(seen) is expected


def test_assistance_mode_alone_is_not_right() -> None:
    assert not is_right(look(Condition(settings=Settings(assistance=True)).all_files(NOON).get))


def test_looking_reads_other_spellings_too_and_never_fails_on_bytes() -> None:
    ini = "[connexion]\r\n modeconnexion =  Sécurisé \r\n".encode("cp1252")
    assert look({CONNECTION_INI: ini}.get).mode == "Sécurisé"
    seen = look(lambda _: bytes(range(256)))
    assert (seen.mode, seen.update_url) == (None, None)


def _after(*situations: str) -> tuple[Condition, dict[str, bytes | None]]:
    condition = Condition()
    there: dict[str, bytes | None] = dict(condition.all_files(NOON))
    for name in situations:
        condition, changes = begin(condition, SITUATIONS[name], NOON, read=there.get)
        there |= changes
    return condition, there


LICENCES = Condition().installation.database_path(LICENCES_FILE)
SESSIONS = Condition().installation.database_path(SESSIONS_FILE)


def test_three_faults_are_three() -> None:
    condition, there = _after("three_faults")
    assert holders(there[LICENCES] or b"", "IEA-0001-01") == ("PC-01", "PC-ACCUEIL")
    assert sessions_of(there[SESSIONS] or b"", "PC-01") == (("Zoé", "22/02/2026 12:00:00"),)
    assert not is_right(look(there.get))
    assert condition.program == "closed"
    assert LICENCE_TWICE.encode("cp1252") in (there[LOG] or b"")


def test_a_licence_of_another_site_is_in_the_own_file_and_bound_to_this_workstation_alone() -> None:
    _, there = _after("licence_twice_fleet")
    assert look(there.get).licence == "IEA-0002-01"
    assert holders(there[LICENCES] or b"", "IEA-0002-01") == ("PC-01",)
    assert holders(there[LICENCES] or b"", "IEA-0001-01") == ()


def test_assistance_mode_was_turned_on_by_somebody_at_some_time() -> None:
    seen = look(_after("assistance_on")[1].get)
    assert (seen.assistance_by, seen.assistance_since, seen.state) == ("Amina", "22/02/2026 12:00:00", "déconnecté")


@pytest.mark.parametrize(
    "situation",
    ["licence_twice", "licence_twice_fleet", "session_stale", "session_live", "red_heart_relaunch_helps"],
)
def test_what_is_mended_is_as_it_was_laid(situation: str) -> None:
    condition, there = _after(situation)
    before = dict(Condition().all_files(NOON))
    assert there != before
    mended, changes = mend(condition, NOON, read=there.get)
    there |= changes
    assert mended == Condition()
    for path in before:
        if path not in (STATE_JSON, LOG, LICENCES):
            assert there[path] == before[path], path
    assert holders(there[LICENCES] or b"", "IEA-0001-01") == ("PC-01",)
    assert look(there.get).state == CONNECTED


def test_a_neighbour_s_rows_stay_when_a_workstation_is_broken_and_mended() -> None:
    whose = Installation(site=(("IEA-0001-01", "PC-01"), ("IEA-0001-02", "PC-02")))
    condition, there = Condition(whose), dict[str, bytes | None](Condition(whose).all_files(NOON))
    there[SESSIONS] = (there[SESSIONS] or b"") + b"Luc;PC-02;01/03/2026 08:00:00\r\n"
    for name in ("licence_twice", "session_stale"):
        condition, changes = begin(condition, SITUATIONS[name], NOON, read=there.get)
        there |= changes
    there |= mend(condition, NOON, read=there.get)[1]
    assert holders(there[LICENCES] or b"", "IEA-0001-02") == ("PC-02",)
    assert sessions_of(there[SESSIONS] or b"", "PC-02") == (("Luc", "01/03/2026 08:00:00"),)
    assert sessions_of(there[SESSIONS] or b"", "PC-01") == ()


@given(st.binary(max_size=300))
def test_any_bytes_in_the_database_are_read_and_kept(content: bytes) -> None:
    there: dict[str, bytes | None] = {**Condition().all_files(NOON), LICENCES: content, SESSIONS: content}
    condition, changes = begin(Condition(), SITUATIONS["three_faults"], NOON, read=there.get)
    there |= changes
    assert "PC-ACCUEIL" in holders(there[LICENCES] or b"", "IEA-0001-01")
    assert (there[SESSIONS] or b"").count(b";PC-01;") == 1
    assert not (set(content) - {10, 13}) - set(there[LICENCES] or b"")
    for user, since in sessions_of(content, "PC-01"):
        assert f"{user}{since}".encode()
    mend(condition, NOON, read=there.get)


def test_a_drive_is_lost_where_the_application_knew_the_folder_by_its_network_path() -> None:
    before = Condition()
    assert not before.installation.by_drive
    after, changes = begin(before, SITUATIONS["share_mapping_lost"])
    assert after.installation.by_drive
    assert b"Dossier=P:\\" in (changes[CONNECTION_INI] or b"")
