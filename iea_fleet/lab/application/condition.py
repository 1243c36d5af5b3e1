"""What is so on one workstation now, and which files change when a situation begins or is mended. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from iea_fleet.lab.application import (
    ALL_REACHED,
    LICENCES_FILE,
    LOG,
    MOMENT_FORMAT,
    REFUSED,
    RIGHT_SETTINGS,
    SESSIONS_FILE,
    STATE_JSON,
    VERSION_JSON,
    Installation,
    Servers,
    Settings,
    Situation,
    files,
)
from iea_fleet.lab.application.files import local_now, log, state
from iea_fleet.lab.application.installation import bound_to, bound_twice, closed, opened
from iea_fleet.lab.application.program import FileChanges, Surroundings, digest, start
from iea_fleet.lab.application.seen import Read
from iea_fleet.lab.share.faults import ShareFault

_INSTALLATION = Installation()
_NO_PASSWORD = digest("")
_SINCE = timedelta(hours=2)
"""How long ago the application was started last, and a session opened that is live."""
_FORGOTTEN = timedelta(days=8)
"""How long ago assistance mode was turned on, and a session opened that is stale."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Every part of the application on one workstation, as the lab last arranged it.

    A push changes `settings` on the workstation's disk without being noticed here: what is laid anew is laid whole.
    """

    installation: Installation = _INSTALLATION
    password_sha256: str = _NO_PASSWORD
    settings: Settings = RIGHT_SETTINGS
    damage: Literal["missing", "malformed", "locked"] | None = None
    servers: Servers = ALL_REACHED
    refusal: str | None = None
    service: Literal["running", "stopped", "absent"] = "running"
    impostor: Literal["other", "clone"] | None = None
    share: frozenset[ShareFault] = frozenset()
    licence: Literal["twice", "elsewhere"] | None = None
    program: Literal["open", "closed"] = "open"
    declines_restart: bool = False
    account: Literal["plain", "filtered"] | None = None

    def after(self, situation: Situation) -> Condition:
        """The condition once `situation` has begun; parts of which it says nothing stay."""
        installation = self.installation
        if situation.share is ShareFault.MAPPING_LOST:  # who has no drive can't lose one
            installation = replace(installation, by_drive=True)
        return replace(
            self,
            installation=installation,
            settings=situation.settings or self.settings,
            # Settings that are laid anew are whole again.
            damage=situation.damage or (None if situation.settings else self.damage),
            servers=situation.servers or self.servers,
            refusal=situation.refusal or self.refusal,
            service=situation.service or self.service,
            impostor=situation.impostor or self.impostor,
            share=self.share if situation.share is None else self.share | {situation.share},
            licence=situation.licence or self.licence,
            program=situation.program or self.program,
            declines_restart=situation.restart == "declined" or self.declines_restart,
            account=situation.account or self.account,
        )

    def mended(self) -> Condition:
        """Without damage, faults of servers, refusals and the like; wrong settings stay, for a push to mend."""
        kept = {"installation": self.installation, "password_sha256": self.password_sha256, "settings": self.settings}
        return Condition(**kept)  # type: ignore[arg-type]

    def plain_user(self, computer: str, user: str) -> str | None:
        r"""The logon of `user` as `DOMAIN\user` where it is without administrator's rights; `None`: it has them."""
        return rf"{computer if self.account == 'filtered' else 'ASSOCIATION'}\{user}" if self.account else None

    @property
    def surroundings(self) -> Surroundings:
        """What the application meets besides its own files."""
        return Surroundings(self.installation, self.servers, self.refusal, self.password_sha256)

    @property
    def licence_code(self) -> str:
        """The licence that the workstation says is its own."""
        return self.installation.twin_licence if self.licence == "elsewhere" else self.installation.licence

    def all_files(self, now: datetime | None = None) -> dict[str, bytes]:
        """Every file of the application and of its site's database, by Windows path, as newly installed."""
        moment = now or local_now()
        laid = self.own_files(moment) | self.installation.database_files()
        return laid | {path: data for path, data in start(laid.get, self.surroundings, moment - _SINCE).items() if data}

    def own_files(self, now: datetime) -> dict[str, bytes]:
        """Every file of the application on the workstation itself, before its first start."""
        whose = replace(self.installation, licence=self.licence_code)
        return files(self.settings, installation=whose, refusal=self.refusal, damage=self.damage, now=now)


def begin(
    condition: Condition, situation: Situation, now: datetime | None = None, *, read: Read | None = None
) -> tuple[Condition, FileChanges]:
    """Let `situation` begin.

    Args:
        condition: what was so.
        situation: what is to be so.
        now: local time; default: now.
        read: gives the bytes that lie on the workstation and in its site's database, by Windows and network path;
            default: those that were laid.

    Returns: the new condition, and the files that change with it; what a push has done to others stays.
    """
    moment = now or local_now()
    if situation.settings is not None and situation.settings.assistance:
        since = f"{moment - _FORGOTTEN:{MOMENT_FORMAT}}"
        situation = replace(situation, settings=replace(situation.settings, assistance_since=since))
    after = condition.after(situation)
    there = _Files(read or condition.all_files(moment).get)
    damaged = ("missing", "malformed")
    held = condition.damage in damaged and after.damage == "locked"
    moved = after.installation != condition.installation
    if situation.settings is not None or situation.damage in damaged or held or moved:
        there.lay(_whole(condition, after, moment))
    _lay_database(there, condition, after, situation, moment)
    if situation.heart:
        failed = log([("ERREUR", "Serveur d'authentification / Échec de connexion")], moment - _SINCE)
        there.lay({STATE_JSON: state(REFUSED, moment - _SINCE), LOG: failed})
    elif there.changes or situation.servers is not None or situation.refusal is not None:
        there.lay(start(there.read, after.surroundings, moment - _SINCE))
    return after, there.changes


def mend(
    condition: Condition, now: datetime | None = None, *, read: Read | None = None
) -> tuple[Condition, FileChanges]:
    """End what `Condition.mended` ends; arguments as those of `begin`.

    Returns: the new condition, and the files that change with it.
    """
    moment, after = now or local_now(), condition.mended()
    there = _Files(read or condition.all_files(moment).get)
    if condition.damage in ("missing", "malformed"):
        there.lay(_whole(condition, after, moment))
    place = condition.installation
    if condition.licence is not None:
        there.edit(VERSION_JSON, lambda data: _with_licence(data, condition, after))
        there.edit(place.database_path(LICENCES_FILE), lambda data: bound_to(data, place, place.licence, moment))
    there.edit(place.database_path(SESSIONS_FILE), lambda data: closed(data, place.name))
    there.lay(start(there.read, after.surroundings, moment))
    return after, there.changes


def _lay_database(there: _Files, before: Condition, after: Condition, situation: Situation, now: datetime) -> None:
    """Bindings of licences and open sessions, as the situation says."""
    place = after.installation
    licences, sessions = place.database_path(LICENCES_FILE), place.database_path(SESSIONS_FILE)
    if situation.licence == "twice":
        there.edit(licences, lambda data: bound_twice(data, place))
    elif situation.licence == "elsewhere":
        there.edit(VERSION_JSON, lambda data: _with_licence(data, before, after))
        there.edit(licences, lambda data: bound_to(data, place, after.licence_code, now))
    if situation.session:
        since = now - (_FORGOTTEN if situation.program == "closed" else _SINCE)
        there.edit(sessions, lambda data: opened(closed(data, place.name), place, since))


def _with_licence(version: bytes, before: Condition, after: Condition) -> bytes:
    """The file of the version with another licence in it."""
    return version.replace(before.licence_code.encode(), after.licence_code.encode())


def _whole(before: Condition, after: Condition, now: datetime) -> FileChanges:
    """Every file of the workstation's own laid anew; those that are no longer there are taken away."""
    gone: dict[str, bytes | None] = dict.fromkeys({**before.own_files(now), **Condition().own_files(now)})
    return gone | after.own_files(now)


class _Files:
    """Files as they are, with what is laid over them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.changes: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """The bytes that lie there now."""
        return self.changes[path] if path in self.changes else self._read(path)

    def lay(self, changes: FileChanges) -> None:
        """Lay files, where that changes anything."""
        self.changes |= {path: data for path, data in changes.items() if data != self.read(path)}

    def edit(self, path: str, edited: Callable[[bytes], bytes]) -> None:
        """Change a file that is there."""
        data = self.read(path)
        if data is not None:
            self.lay({path: edited(data)})
