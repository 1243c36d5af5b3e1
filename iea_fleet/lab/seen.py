"""What a workstation's settings files say, read by the lab on its own, not with the product's means."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from iea_fleet.lab.application import ASSISTANCE_OFF, CONNECTION_INI, RIGHT_SETTINGS, SERVERS_PROPERTIES, UPDATE_XML
from iea_fleet.lab.messages import AsSeen


def look(read: Callable[[str], bytes | None]) -> AsSeen:
    """Find the settings in the files of the lab's application.

    Args:
        read: gives a file's bytes by Windows path, None: no such file.
    """
    ini = (read(CONNECTION_INI) or b"").decode("cp1252", "replace")
    properties = (read(SERVERS_PROPERTIES) or b"").decode("latin-1")
    xml = (read(UPDATE_XML) or b"").decode("utf-8", "replace")
    authentication = _first(r"(?m)^serveur\.authentification\.url[ \t]*[=: \t][ \t]*(.*?)\r?$", properties)
    update = _first(r"<serveur\b[^>]*\badresse=[\"']([^\"']*)[\"']", xml)
    return AsSeen(
        mode=_first(r"(?mi)^[ \t]*ModeConnexion[ \t]*=[ \t]*(.*?)[ \t]*\r?$", ini),
        authentication_url=None if authentication is None else re.sub(r"\\(.)", r"\1", authentication)[:260],
        update_url=None if update is None else html.unescape(update),
        assistance=_first(r"(?mi)^[ \t]*Active[ \t]*=[ \t]*(.*?)[ \t]*\r?$", ini),
    )


def is_right(seen: AsSeen) -> bool:
    """Whether these are the settings that the sheet wants, with assistance mode off."""
    wanted = RIGHT_SETTINGS
    return seen == AsSeen(
        mode=wanted.mode,
        authentication_url=wanted.authentication_url,
        update_url=wanted.update_url,
        assistance=ASSISTANCE_OFF,
    )


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return None if found is None else found[1][:260]
