"""What a workstation's settings files say, read by the lab on its own, not with the product's means."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from iea_fleet.lab.application import (
    ASSISTANCE_OFF,
    CONNECTION_INI,
    RIGHT_SETTINGS,
    SERVERS_PROPERTIES,
    STATE_JSON,
    UPDATE_XML,
    VERSION_JSON,
)
from iea_fleet.model.base import ShortText, Strict

Read = Callable[[str], bytes | None]
"""Gives a file's bytes by Windows path; None: no such file."""


class AsSeen(Strict):
    """What stands in a workstation's settings files now, read by the lab itself. None: not to be found there."""

    mode: ShortText | None
    authentication_url: ShortText | None
    update_url: ShortText | None
    assistance: ShortText | None
    assistance_since: ShortText | None = None
    assistance_by: ShortText | None = None
    version: ShortText | None = None
    licence: ShortText | None = None
    database: ShortText | None = None
    """The database's folder as the application's settings name it."""
    state: ShortText | None = None
    wrong_passwords: Annotated[int, Field(ge=0)] = 0
    """Wrong passwords of the day since the last right one."""


def look(read: Read) -> AsSeen:
    """Find the settings in the files of the lab's application."""
    ini = (read(CONNECTION_INI) or b"").decode("cp1252", "replace")
    properties = (read(SERVERS_PROPERTIES) or b"").decode("latin-1")
    xml = (read(UPDATE_XML) or b"").decode("utf-8", "replace")
    version = (read(VERSION_JSON) or b"").decode("utf-8", "replace")
    state = (read(STATE_JSON) or b"").decode("utf-8", "replace")
    authentication = _first(r"(?m)^serveur\.authentification\.url[ \t]*[=: \t][ \t]*(.*?)\r?$", properties)
    update = _first(r"<serveur\b[^>]*\badresse=[\"']([^\"']*)[\"']", xml)
    return AsSeen(
        mode=_of_ini("ModeConnexion", ini),
        authentication_url=None if authentication is None else re.sub(r"\\(.)", r"\1", authentication)[:260],
        update_url=None if update is None else html.unescape(update),
        assistance=_of_ini("Active", ini),
        assistance_since=_of_ini("Depuis", ini),
        assistance_by=_of_ini("Par", ini),
        version=_first(r'"version"\s*:\s*"([^"]*)"', version),
        licence=_first(r'"licence"\s*:\s*"([^"]*)"', version),
        database=_of_ini("Dossier", ini),
        state=_first(r'"etat"\s*:\s*"([^"]*)"', state),
        wrong_passwords=int(_first(r'"motsDePasseRefuses"\s*:\s*([0-9]{1,9})\b', state) or 0),
    )


def is_right(seen: AsSeen) -> bool:
    """Whether these are the settings that the sheet wants, with assistance mode off."""
    wanted = RIGHT_SETTINGS
    return (seen.mode, seen.authentication_url, seen.update_url, seen.assistance) == (
        wanted.mode,
        wanted.authentication_url,
        wanted.update_url,
        ASSISTANCE_OFF,
    )


def _of_ini(key: str, ini: str) -> str | None:
    return _first(rf"(?mi)^[ \t]*{key}[ \t]*=[ \t]*(.*?)[ \t]*\r?$", ini)


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return None if found is None else found[1][:260]
