"""The lab's application is laid out as the shipped profile says, in every situation."""

from __future__ import annotations

import codecs
import configparser
import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from iea_fleet.lab.application import (
    CONNECTION_INI,
    LEFT_BEHIND,
    LOG,
    PROCESS,
    RIGHT_SETTINGS,
    SERVERS_PROPERTIES,
    SERVICE,
    SITUATIONS,
    UPDATE_XML,
    VERSION_JSON,
    Reach,
    Servers,
    Settings,
    files,
)
from iea_fleet.model.desired import AUTHENTICATION_URL, UPDATE_URL
from iea_fleet.model.request import RestartService
from iea_fleet.model.store import IniStore, JsonStore, PropertiesStore, XmlStore
from iea_fleet.profiles import find_profile

PROFILE = find_profile("lab")
NOON = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("settings", [RIGHT_SETTINGS, LEFT_BEHIND, Settings(assistance=True)])
def test_each_setting_stands_where_the_profile_says_and_is_spelt_as_it_says(settings: Settings) -> None:
    laid = files(settings, now=NOON)
    connection = PROFILE.connection

    ini = configparser.ConfigParser()
    ini.read_string(laid[CONNECTION_INI].decode("cp1252"))
    mode = connection.mode.at
    assert isinstance(mode, IniStore)
    assert mode.path == CONNECTION_INI
    assert ini[mode.section][mode.key] == settings.mode
    assert {connection.mode.secure, connection.mode.plain} == {RIGHT_SETTINGS.mode, LEFT_BEHIND.mode}
    assert connection.assistance is not None
    assistance = connection.assistance.at
    assert isinstance(assistance, IniStore)
    wanted = connection.assistance.on if settings.assistance else connection.assistance.off
    assert ini[assistance.section][assistance.key] == wanted

    authentication = connection.authentication_url.at
    assert isinstance(authentication, PropertiesStore)
    assert authentication.path == SERVERS_PROPERTIES
    line = re.search(rf"(?m)^{re.escape(authentication.key)}=(.*)$", laid[SERVERS_PROPERTIES].decode("latin-1"))
    assert line is not None
    assert line[1].replace("\\:", ":") == settings.authentication_url

    update = connection.update_url.at
    assert isinstance(update, XmlStore)
    assert update.path == UPDATE_XML
    assert update.element == "/configuration/miseAJour/serveur/@adresse"
    element = ElementTree.fromstring(laid[UPDATE_XML]).find("miseAJour/serveur")
    assert element is not None
    assert element.get("adresse") == settings.update_url

    assert connection.version is not None
    version = connection.version.at
    assert isinstance(version, JsonStore)
    assert (version.path, version.pointer) == (VERSION_JSON, "/application/version")
    assert json.loads(laid[VERSION_JSON])["application"]["version"] == settings.version


def test_the_files_differ_in_encoding_and_line_ends_so_that_a_push_meets_each() -> None:
    laid = files(RIGHT_SETTINGS, now=NOON)
    assert "Sécurisé".encode("cp1252") in laid[CONNECTION_INI]
    assert laid[CONNECTION_INI].count(b"\n") == laid[CONNECTION_INI].count(b"\r\n")
    assert laid[UPDATE_XML].startswith(codecs.BOM_UTF8)
    assert b"\r" not in laid[SERVERS_PROPERTIES]
    assert b"\r" not in laid[VERSION_JSON]


def test_service_process_and_refusals_are_those_of_the_profile() -> None:
    restart = PROFILE.application.restart
    assert isinstance(restart, RestartService)
    assert (restart.name, PROFILE.application.process) == (SERVICE, PROCESS)
    assert PROFILE.refusals is not None
    assert PROFILE.refusals.path == LOG
    found = {}
    for name in ("authorisation_refused", "licence_not_recognised", "right"):
        last = files(RIGHT_SETTINGS, refusal=SITUATIONS[name].refusal, now=NOON)[LOG].decode("cp1252").splitlines()[-1]
        found[name] = [
            bool(re.search(pattern, last))
            for pattern in (PROFILE.refusals.authorisation_refused, PROFILE.refusals.licence_not_recognised)
        ]
    assert found == {
        "authorisation_refused": [True, False],
        "licence_not_recognised": [False, True],
        "right": [False, False],
    }


def test_damaged_settings_are_no_file_of_their_kind() -> None:
    assert files(RIGHT_SETTINGS, damage="missing") == {}
    damaged = files(RIGHT_SETTINGS, damage="malformed", now=NOON)
    for path in (CONNECTION_INI, SERVERS_PROPERTIES):
        assert damaged[path].startswith(codecs.BOM_UTF8)
        with pytest.raises(UnicodeDecodeError):
            damaged[path].decode("utf-8")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(damaged[UPDATE_XML])
    assert files(RIGHT_SETTINGS, damage="locked", now=NOON) == files(RIGHT_SETTINGS, now=NOON)


def test_a_server_is_found_by_host_and_path() -> None:
    servers = Servers(authentication=Reach.HTTP_503, update=Reach.HTTP_404)
    assert servers.reach(AUTHENTICATION_URL) is Reach.HTTP_503
    assert servers.reach(UPDATE_URL) is Reach.HTTP_404
    assert servers.reach("https://impact-emplois.urssaf.fr") is Reach.DNS


def test_every_situation_is_catalogued_under_its_own_name_with_a_sentence() -> None:
    assert all(name == situation.name and situation.sentence for name, situation in SITUATIONS.items())
