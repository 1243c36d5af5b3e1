"""What a person at a workstation sees, for each state of the icon and each message at the start."""

from __future__ import annotations

import dataclasses

import pytest

from iea_fleet.lab.application import (
    AUTHENTICATION_FAILED,
    AUTHORISATION_REFUSED,
    LICENCE_NOT_RECOGNISED,
    LICENCE_TWICE,
    SITUATIONS,
    Reach,
    Servers,
)
from iea_fleet.lab.application.condition import Condition, begin
from iea_fleet.lab.application.screen import AtTheDesk, Message, MessageKind, Tray, message, share_code, tray
from iea_fleet.lab.application.seen import look
from iea_fleet.lab.share.faults import ShareFault

DESK = AtTheDesk(look(Condition().all_files().get), Servers(), None, frozenset(), False, ("PC-01",))


def _after(*situations: str) -> AtTheDesk:
    """The desk of a workstation on which these situations began."""
    condition, there = Condition(), dict(Condition().all_files())
    for name in situations:
        condition, changes = begin(condition, SITUATIONS[name], read=there.get)
        there = {path: data for path, data in {**there, **changes}.items() if data is not None}
    return dataclasses.replace(
        DESK, seen=look(there.get), servers=condition.servers, refusal=condition.refusal, share=condition.share
    )


@pytest.mark.parametrize(
    ("situation", "icon"),
    [
        ("right", Tray.BLUE_BALL),
        ("old_http_urls", Tray.RED_HEART),
        ("server_dns", Tray.RED_HEART),
        ("red_heart_relaunch_helps", Tray.RED_HEART),
        ("red_heart_stays", Tray.RED_HEART),
        ("authorisation_refused", Tray.RED_HEART),
        ("assistance_on", Tray.RED_SCARAB),
        ("licence_twice", Tray.BLUE_BALL),
        ("session_stale", Tray.BLUE_BALL),
        ("share_server_off", Tray.BLUE_BALL),
        ("settings_missing", Tray.NONE),
    ],
)
def test_the_icon_tells_how_the_application_stands(situation: str, icon: Tray) -> None:
    assert tray(_after(situation).seen) is icon


@pytest.mark.parametrize(
    ("situation", "kind", "text"),
    [
        ("right", MessageKind.STARTS, ""),
        ("red_heart_relaunch_helps", MessageKind.STARTS, ""),
        ("assistance_on", MessageKind.STARTS, ""),
        ("server_dns", MessageKind.CONNECTION, "Serveur d'authentification / Échec de connexion"),
        ("plain_mode", MessageKind.CONNECTION, "Serveur d'authentification / Mode de connexion refusé"),
        ("authorisation_refused", MessageKind.REFUSED, AUTHORISATION_REFUSED),
        ("licence_not_recognised", MessageKind.REFUSED, LICENCE_NOT_RECOGNISED),
        ("red_heart_stays", MessageKind.REFUSED, AUTHENTICATION_FAILED),
        ("settings_missing", MessageKind.NOT_INSTALLED, ""),
    ],
)
def test_a_start_says_what_the_sheet_shows(situation: str, kind: MessageKind, text: str) -> None:
    assert message(_after(situation)) == Message(kind, text)


def test_the_database_s_dialog_has_the_system_s_own_sentence() -> None:
    assert message(_after("share_server_off")) == Message(
        MessageKind.DATABASE,
        "La base de données est inaccessible. Erreur système 53 : Le chemin réseau n’a pas été trouvé.",
        53,
    )
    assert message(_after("share_database_missing")).text.endswith("2 : Le fichier spécifié est introuvable.")


def test_a_licence_on_two_computers_is_said_before_the_servers_are_asked() -> None:
    twice = dataclasses.replace(DESK, holders=("PC-01", "PC-ACCUEIL"), servers=Servers.both(Reach.DNS))
    assert message(twice) == Message(MessageKind.LICENCE, LICENCE_TWICE)
    assert message(dataclasses.replace(twice, holders=("PC-01", "pc-01"))).kind is MessageKind.CONNECTION


def test_the_database_comes_first_and_assistance_mode_does_not_help_against_it() -> None:
    desk = dataclasses.replace(_after("assistance_on"), share=frozenset({ShareFault.SHARE_MISSING}), holders=("A", "B"))
    assert (message(desk).kind, message(desk).code) == (MessageKind.DATABASE, 67)


@pytest.mark.parametrize(
    ("fault", "by_path", "by_drive"),
    [
        (ShareFault.NAME_NOT_FOUND, 53, 53),
        (ShareFault.SERVER_REFUSES, 53, 53),
        (ShareFault.DOUBLE_HOP, 0, 0),
        (ShareFault.MAPPING_LOST, 0, 3),
        (ShareFault.SESSION_STALE, 64, 64),
        (ShareFault.DATABASE_IN_USE, 32, 32),
        (ShareFault.WRITE_DENIED, 5, 5),
    ],
)
def test_a_fault_of_the_share_shows_to_the_person_alone_whom_it_concerns(
    fault: ShareFault, by_path: int, by_drive: int
) -> None:
    assert share_code({fault}, by_drive=False) == by_path
    assert share_code({fault}, by_drive=True) == by_drive
