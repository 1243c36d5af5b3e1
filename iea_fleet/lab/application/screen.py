"""What a person sees at a workstation of the lab: the icon in the notification area, the message at the start. Pure.

Sheets "Mode de connexion au serveur" (icons, the three cases), "Résoudre un problème de licence" and "Base de données
inaccessible". Messages are in the workstation's language, which is French in every lab.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from iea_fleet.lab.application import ASSISTANCE_ON, CONNECTED, LICENCE_TWICE, REFUSED, Servers
from iea_fleet.lab.application.program import authentication
from iea_fleet.lab.application.seen import AsSeen
from iea_fleet.lab.share.faults import SYMPTOMS, ShareFault, first
from iea_fleet.lab.share.system_messages import system_message
from iea_fleet.model.request import AsWhom

_CULTURE = "fr-FR"


class Tray(StrEnum):
    """The icon in the notification area."""

    BLUE_BALL = "blue_ball"
    RED_HEART = "red_heart"
    """The blue ball with the red heart."""
    RED_SCARAB = "red_scarab"
    NONE = "none"
    """The application is not installed, or its settings are damaged."""


class MessageKind(StrEnum):
    """What a start of the application comes to."""

    STARTS = "starts"
    """No message: it opens (case 1)."""
    DATABASE = "database"
    """The dialog of the database that can't be reached."""
    LICENCE = "licence"
    CONNECTION = "connection"
    """Case 2: the authentication server is not reached, or does not take this installation's way to connect."""
    REFUSED = "refused"
    """Case 3: it is reached, and what it says keeps the application from starting."""
    NOT_INSTALLED = "not_installed"


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads at the start; `code`: the Win32 code behind it, 0: none."""

    kind: MessageKind
    text: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class AtTheDesk:
    """All that decides what is seen.

    Args:
        seen: what stands in the files.
        servers: how far the vendor's servers are reached.
        refusal: what the authentication server says to this installation; None: welcome.
        share: what is wrong between the workstation and the database's folder.
        by_drive: the application knows that folder by the person's drive.
        holders: the computers that the own licence is bound to in the site's database.
    """

    seen: AsSeen
    servers: Servers
    refusal: str | None
    share: frozenset[ShareFault]
    by_drive: bool
    holders: tuple[str, ...]


def tray(seen: AsSeen) -> Tray:
    """The icon, by what the settings and the state say."""
    if seen.assistance is None:
        return Tray.NONE
    if seen.assistance == ASSISTANCE_ON:
        return Tray.RED_SCARAB
    return Tray.BLUE_BALL if seen.state == CONNECTED else Tray.RED_HEART


def message(desk: AtTheDesk) -> Message:
    """What a start of the application comes to now: the database is opened first, then the servers are asked."""
    icon = tray(desk.seen)
    if icon is Tray.NONE:
        return Message(MessageKind.NOT_INSTALLED)
    code = share_code(desk.share, by_drive=desk.by_drive)
    if code:
        sentence = system_message(code, _CULTURE)
        text = f"La base de données est inaccessible. Erreur système {code} : {sentence}"
        return Message(MessageKind.DATABASE, text, code)
    if len({holder.casefold() for holder in desk.holders}) > 1:
        return Message(MessageKind.LICENCE, LICENCE_TWICE)
    if icon is Tray.RED_SCARAB:
        return Message(MessageKind.STARTS)
    state, (_, line) = authentication(desk.seen, desk.servers, desk.refusal)
    if state != REFUSED:
        return Message(MessageKind.STARTS)
    return Message(MessageKind.REFUSED if line == desk.refusal else MessageKind.CONNECTION, line)


def share_code(faults: Collection[ShareFault], *, by_drive: bool) -> int:
    """The Win32 code that the person's application meets as it opens the database; 0: it opens."""
    met = [
        fault
        for fault in faults
        if SYMPTOMS[fault].shows(AsWhom.USER, with_logon=False) and (by_drive or fault is not ShareFault.MAPPING_LOST)
    ]
    fault = first(met)
    return 0 if fault is None else SYMPTOMS[fault].opened
