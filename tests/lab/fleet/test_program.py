"""The maintenance centre: what it changes, says and ends with; and what a start of the application changes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.lab.application import (
    CONNECTION_INI,
    LICENCE_TWICE,
    LICENCES_FILE,
    LOG,
    SITUATIONS,
    STATE_JSON,
    Installation,
    Reach,
    Servers,
)
from iea_fleet.lab.application.condition import Condition, begin
from iea_fleet.lab.application.installation import bound_twice
from iea_fleet.lab.application.program import IN_ASSISTANCE, UNREADABLE, WRONG_PASSWORD, WRONG_USE, digest, run, start
from iea_fleet.lab.application.seen import look
from iea_fleet.lab.pwsh.program import WorkstationFile

NOON = datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001 - local time, as the application has it
PASSWORD = "Mot-du-jour-é"
AROUND = Condition(password_sha256=digest(PASSWORD)).surroundings
LICENCES = Installation().database_path(LICENCES_FILE)
ON, OFF, RELAUNCH = ("assistance", "activer"), ("assistance", "desactiver"), ("authentification", "relancer")


class Workstation:
    """Files of a workstation, changed by what runs on it."""

    def __init__(self, *situations: str) -> None:
        condition = Condition()
        self.files: dict[str, bytes | None] = dict(condition.all_files(NOON))
        for name in situations:
            condition, changes = begin(condition, SITUATIONS[name], NOON, read=self.files.get)
            self.files |= changes
        self.around = Condition(password_sha256=AROUND.password_sha256, refusal=condition.refusal).surroundings

    def run(self, arguments: tuple[str, ...], given: str = "") -> tuple[int, str]:
        ran = run(arguments, given, self.files.get, self.around, NOON)
        self.files |= ran.changes
        return ran.exit_code, ran.printed


def test_assistance_mode_tells_who_turned_it_on_and_when_and_goes_with_the_password() -> None:
    workstation = Workstation()
    before = workstation.files[CONNECTION_INI]
    assert workstation.run(ON)[0] == 0
    seen = look(workstation.files.get)
    assert (seen.assistance, seen.assistance_since, seen.assistance_by) == ("oui", "02/03/2026 12:00:00", "Zoé")
    assert workstation.run(ON) == (0, "Le mode assistance est déjà actif.")
    assert workstation.run(OFF, f"{PASSWORD}\n")[0] == 0
    assert workstation.files[CONNECTION_INI] == before
    assert look(workstation.files.get).state == "refusé"
    assert workstation.run(OFF, "egal")[0] == 0


@pytest.mark.parametrize("given", ["", "\n", "mauvais\n", PASSWORD.upper(), f" {PASSWORD}", f"x\n{PASSWORD}\n"])
def test_a_wrong_password_of_the_day_changes_nothing_but_the_count(given: str) -> None:
    workstation = Workstation("assistance_on")
    before = workstation.files[CONNECTION_INI]
    for count in (1, 2):
        assert workstation.run(OFF, given) == (WRONG_PASSWORD, "Le mot de passe du jour est incorrect.")
        assert look(workstation.files.get).wrong_passwords == count
    assert workstation.files[CONNECTION_INI] == before
    assert workstation.run(OFF, PASSWORD)[0] == 0
    assert look(workstation.files.get).wrong_passwords == 0


def test_a_relaunch_connects_when_nothing_is_in_the_way() -> None:
    workstation = Workstation("red_heart_relaunch_helps")
    assert workstation.run(RELAUNCH) == (0, "Authentification réussie.")
    assert look(workstation.files.get).state == "connecté"
    assert "Connexion réussie".encode("cp1252") in (workstation.files[LOG] or b"")


@pytest.mark.parametrize("situation", ["wrong_urls", "plain_mode", "red_heart_stays", "licence_not_recognised"])
def test_a_relaunch_that_is_refused_ends_well_and_says_so_in_state_and_log(situation: str) -> None:
    workstation = Workstation(situation)
    assert workstation.run(RELAUNCH) == (0, "L'authentification a échoué.")
    assert look(workstation.files.get).state == "refusé"
    assert b"ERREUR" in (workstation.files[LOG] or b"")


def test_a_relaunch_needs_connected_mode_and_every_command_needs_readable_settings() -> None:
    assert Workstation("assistance_on").run(RELAUNCH)[0] == IN_ASSISTANCE
    missing = Workstation("settings_missing")
    for arguments in (ON, OFF, RELAUNCH):
        assert missing.run(arguments)[0] == UNREADABLE
    assert start(missing.files.get, AROUND, NOON) == {}


@given(st.lists(st.text(max_size=12), max_size=3).map(tuple))
def test_any_other_arguments_are_wrong_use(arguments: tuple[str, ...]) -> None:
    ran = run(arguments, "", Condition().all_files(NOON).get, AROUND, NOON)
    assert (ran.exit_code, ran.changes) == (WRONG_USE, {})


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_content_of_the_files_makes_it_fail(content: bytes, given: str) -> None:
    ini = b"[Assistance]\r\nActive=oui\r\n" + content
    for arguments in (ON, OFF, RELAUNCH):
        ran = run(arguments, given, lambda _: ini, AROUND, NOON)
        assert ran.exit_code in (0, UNREADABLE, IN_ASSISTANCE, WRONG_PASSWORD)


def test_a_start_says_that_a_licence_is_bound_twice_and_takes_up_one_that_is_free() -> None:
    workstation = Workstation()
    workstation.files[LICENCES] = bound_twice(workstation.files[LICENCES] or b"", Installation())
    assert LICENCE_TWICE.encode("cp1252") in (start(workstation.files.get, AROUND, NOON)[LOG] or b"")
    workstation.files[LICENCES] = b"# licences\r\nIEA-0001-01;;\r\nIEA-0001-01;;\r\n"
    changes = start(workstation.files.get, AROUND, NOON)
    assert changes[LICENCES] == b"# licences\r\nIEA-0001-01;PC-01;02/03/2026 12:00:00\r\nIEA-0001-01;;\r\n"
    assert LICENCE_TWICE.encode("cp1252") not in (changes[LOG] or b"")


def test_a_start_in_assistance_mode_asks_no_server() -> None:
    workstation = Workstation("assistance_on")
    assert look(start(workstation.files.get, AROUND, NOON).get).state == "déconnecté"


def test_what_a_program_meets_crosses_a_file_unharmed() -> None:
    around = Condition(
        Installation("PC-07", "Maëlle", "IEA-0003-07"), digest("x"), servers=Servers(Reach.OK, Reach.HTTP_503)
    ).surroundings
    content = WorkstationFile.of(around, database=Path("/x")).model_dump_json()
    assert WorkstationFile.model_validate_json(content).surroundings() == around
    assert STATE_JSON in start(Condition().all_files(NOON).get, around, NOON)
