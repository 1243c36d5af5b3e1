"""The maintenance centre as a program, and what the application does as it starts. Pure: files in, files out.

Sheet "Mode de connexion au serveur": « Activer le mode assistance », « Désactiver le mode assistance » with the
password of the day, « Relancer l'authentification auprès du serveur ». Sheet "Résoudre un problème de licence": what is
said at the start when a licence is bound twice.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from iea_fleet.lab.application.files import REACHED, LogLine, log, state
from iea_fleet.lab.application.installation import LICENCES_FILE, Installation, holders, taken_up
from iea_fleet.lab.application.seen import AsSeen, Read, look
from iea_fleet.lab.application.settings import (
    ASSISTANCE_OFF,
    ASSISTANCE_ON,
    CONNECTED,
    CONNECTION_INI,
    DISCONNECTED,
    LICENCE_TWICE,
    LOG,
    MOMENT_FORMAT,
    REFUSED,
    SECURE,
    STATE_JSON,
    VENDOR_HOST,
    Reach,
    Servers,
)
from iea_fleet.lab.stores import CannotHold, Malformed, with_value
from iea_fleet.model.store import IniStore

FileChanges = Mapping[str, bytes | None]
"""Files by Windows path: the bytes to lay there, None: the file is taken away."""

UNREADABLE, IN_ASSISTANCE, WRONG_PASSWORD, WRONG_USE = 2, 4, 5, 64
"""Exit codes besides 0."""
_USE = "CentreMaintenance assistance activer|desactiver, ou authentification relancer"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the application meets besides its own files.

    Args:
        installation: whose it is.
        servers: how far the vendor's servers are reached.
        refusal: what the authentication server says to this installation; None: welcome.
        password_sha256: hash of the password of the day, in hexadecimal.
    """

    installation: Installation
    servers: Servers
    refusal: str | None
    password_sha256: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did: the files that it changed, what it printed, its exit code."""

    changes: FileChanges
    printed: str
    exit_code: int = 0


def digest(password: str) -> str:
    """The hash of a password of the day, as `Surroundings` has it."""
    return sha256(password.encode("utf-8")).hexdigest()


def run(arguments: tuple[str, ...], standard_input: str, read: Read, around: Surroundings, now: datetime) -> Ran:
    """Run the maintenance centre.

    Args:
        arguments: `assistance activer`, `assistance desactiver` or `authentification relancer`.
        standard_input: its first line is the password of the day, for `desactiver`.
        read: gives a file's bytes; the database's by network path.
        around: see there.
        now: local time.
    """
    seen = look(read)
    if arguments not in _COMMANDS:
        return Ran({}, f"Usage : {_USE}", WRONG_USE)
    if seen.assistance is None:
        return Ran({}, "Les paramètres de connexion ne peuvent pas être lus.", UNREADABLE)
    match arguments:
        case ("assistance", "activer"):
            return _turn_on(seen, read, around, now)
        case ("assistance", _):
            return _turn_off(seen, standard_input, read, around, now)
    if seen.assistance == ASSISTANCE_ON:
        return Ran({}, "Le mode assistance est actif : désactivez-le d'abord.", IN_ASSISTANCE)
    changes = start(read, around, now)
    connected = look(lambda path: changes.get(path, read(path))).state == CONNECTED
    return Ran(changes, "Authentification réussie." if connected else "L'authentification a échoué.")


def start(read: Read, around: Surroundings, now: datetime) -> FileChanges:
    """What a start of the application changes: state and log, and a licence that nobody holds is taken up.

    An application that is not installed, or is in assistance mode, does not authenticate.
    """
    seen = look(read)
    if seen.assistance is None and read(CONNECTION_INI) is None:
        return {}
    if seen.assistance == ASSISTANCE_ON:
        return {STATE_JSON: state(DISCONNECTED, now, wrong_passwords=seen.wrong_passwords), LOG: log((), now)}
    word, line = authentication(seen, around.servers, around.refusal)
    database, licence_line = _licence(seen, read, around, now)
    lines = [line] if licence_line is None else [line, licence_line]
    return {STATE_JSON: state(word, now), LOG: log(lines, now), **database}


def authentication(seen: AsSeen, servers: Servers, refusal: str | None) -> tuple[str, LogLine]:
    """How an authentication ends: the state, and what the log says.

    Args:
        seen: the settings.
        servers: how far the vendor's servers are reached.
        refusal: what the authentication server says to this installation; None: welcome.
    """
    url = seen.authentication_url or ""
    if servers.reach(url) is not Reach.OK:
        return REFUSED, ("ERREUR", "Serveur d'authentification / Échec de connexion")
    if seen.mode != SECURE or not url.startswith(f"https://{VENDOR_HOST}"):
        return REFUSED, ("ERREUR", "Serveur d'authentification / Mode de connexion refusé")
    if refusal is not None:
        return REFUSED, ("ERREUR", refusal)
    return CONNECTED, REACHED


def _licence(
    seen: AsSeen, read: Read, around: Surroundings, now: datetime
) -> tuple[dict[str, bytes | None], LogLine | None]:
    """What becomes of the licence's bindings at a start, and what is said when there are two."""
    path = around.installation.database_path(LICENCES_FILE)
    licences = read(path)
    if seen.licence is None or licences is None:
        return {}, None
    held_by = {holder.casefold() for holder in holders(licences, seen.licence)}
    if len(held_by) > 1:
        return {}, ("ERREUR", LICENCE_TWICE)
    if held_by:
        return {}, None
    bound = taken_up(licences, seen.licence, around.installation.name, now)
    return ({path: bound} if bound != licences else {}), None


def _turn_on(seen: AsSeen, read: Read, around: Surroundings, now: datetime) -> Ran:
    if seen.assistance == ASSISTANCE_ON:
        return Ran({}, "Le mode assistance est déjà actif.")
    ini = _with_assistance(read, ASSISTANCE_ON, f"{now:{MOMENT_FORMAT}}", around.installation.person)
    if ini is None:
        return Ran({}, "Les paramètres de connexion ne peuvent pas être écrits.", UNREADABLE)
    return Ran({CONNECTION_INI: ini, STATE_JSON: state(DISCONNECTED, now)}, "Le mode assistance est actif.")


def _turn_off(seen: AsSeen, standard_input: str, read: Read, around: Surroundings, now: datetime) -> Ran:
    if seen.assistance != ASSISTANCE_ON:
        return Ran({}, "Le mode assistance n'est pas actif.")
    password = standard_input.splitlines()[0] if standard_input else ""
    if not hmac.compare_digest(digest(password), around.password_sha256):
        counted = state(seen.state or DISCONNECTED, now, wrong_passwords=seen.wrong_passwords + 1)
        return Ran({STATE_JSON: counted}, "Le mot de passe du jour est incorrect.", WRONG_PASSWORD)
    ini = _with_assistance(read, ASSISTANCE_OFF, "", "")
    if ini is None:
        return Ran({}, "Les paramètres de connexion ne peuvent pas être écrits.", UNREADABLE)
    # The red scarab gives way to the blue ball with the red heart: connecting is a step of its own.
    return Ran({CONNECTION_INI: ini, STATE_JSON: state(REFUSED, now)}, "Le mode assistance est désactivé.")


def _with_assistance(read: Read, active: str, since: str, by: str) -> bytes | None:
    """The settings file with these words; None: it can't hold them."""
    text = (read(CONNECTION_INI) or b"").decode("cp1252", "surrogateescape")
    try:
        for key, value in (("Active", active), ("Depuis", since), ("Par", by)):
            store = IniStore(store="ini", path=CONNECTION_INI, section="Assistance", key=key)
            text = with_value(text, store, value)
        return text.encode("cp1252", "surrogateescape")
    except (CannotHold, Malformed, UnicodeEncodeError):
        return None


_COMMANDS = frozenset({("assistance", "activer"), ("assistance", "desactiver"), ("authentification", "relancer")})
