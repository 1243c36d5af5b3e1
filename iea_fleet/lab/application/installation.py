"""What is fixed on one workstation of a lab: its name, who sits there, its licence and its site's database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from iea_fleet.lab.application.settings import MOMENT_FORMAT
from iea_fleet.lab.share.files import DATABASE, LICENCES, SESSIONS, SharePlace
from iea_fleet.lab.stores.lines import lines_of

DATABASE_FILE, LICENCES_FILE, SESSIONS_FILE = DATABASE, LICENCES, SESSIONS
"""What lies in a site's database folder."""

_BOUND = datetime(2024, 3, 12, 9, 30)  # noqa: DTZ001 - the application writes local time
_LICENCES_HEAD = "# licence;poste;lié le"
_SESSIONS_HEAD = "# utilisateur;poste;ouverte le"
_PLACE = SharePlace("SERVEUR-01")
_REPLACED = "PC-ACCUEIL"
"""The computer that a workstation was installed in place of; its licence is still bound to that name."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One workstation as it was installed.

    Args:
        name: computer name.
        person: the account of who sits there, and the user of the application.
        licence: that it was installed with.
        twin_licence: that of a workstation of another site.
        place: the site's database folder.
        by_drive: the application knows the folder by the person's drive, not by its network path.
        site: licence and name of every workstation of the site; empty: of this one alone.
    """

    name: str = "PC-01"
    person: str = "Zoé"
    licence: str = "IEA-0001-01"
    twin_licence: str = "IEA-0002-01"
    place: SharePlace = _PLACE
    by_drive: bool = False
    site: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        """The database's folder as the application's settings name it."""
        return rf"{self.place.drive}\{self.place.folder}" if self.by_drive else self.place.unc

    def database_path(self, file: str) -> str:
        """The network path of a file of the database's folder."""
        return rf"{self.place.unc}\{file}"

    def database_files(self) -> dict[str, bytes]:
        """The site's database as it was installed, by network path."""
        bindings = self.site or ((self.licence, self.name),)
        lines = [f"{licence};{name};{_BOUND:{MOMENT_FORMAT}}" for licence, name in bindings]
        return {
            self.database_path(DATABASE_FILE): b"SQLite format 3\x00" + bytes(84),
            self.database_path(LICENCES_FILE): _text([_LICENCES_HEAD, *lines]),
            self.database_path(SESSIONS_FILE): _text([_SESSIONS_HEAD]),
        }


def bound_twice(licences: bytes, installation: Installation) -> bytes:
    """The licences with the workstation's own one bound to a second computer as well."""
    lines = _lines(licences)
    if any(line.startswith(f"{installation.licence};{_REPLACED};") for line in lines):
        return licences
    return _text([*lines, f"{installation.licence};{_REPLACED};{_BOUND:{MOMENT_FORMAT}}"])


def bound_to(licences: bytes, installation: Installation, licence: str, now: datetime) -> bytes:
    """The licences with `licence`, and no other, bound to the workstation, and to no computer that it replaced."""
    name = installation.name.casefold()
    rows = [
        (line, *line.split(";")[:2]) for line in _lines(licences) if line.count(";") == 2 and not line.startswith("#")
    ]
    right = [row for row in rows if row[1] == licence and row[2].casefold() == name]
    gone = {line for line, own, holder in rows if own == licence and holder == _REPLACED}
    gone |= {line for line, own, holder in rows if own != licence and holder.casefold() == name}
    kept = [line for line in _lines(licences) if line not in gone]
    if right:
        return _text(kept)
    row = f"{licence};{installation.name};{now:{MOMENT_FORMAT}}"
    empty = next((index for index, line in enumerate(kept) if line.startswith(f"{licence};;")), None)
    if empty is None:
        return _text([*kept, row])
    return _text([*kept[:empty], row, *kept[empty + 1 :]])


def taken_up(licences: bytes, licence: str, name: str, now: datetime) -> bytes:
    """The licences after a start: the first row of this licence without a workstation is bound to this one."""
    lines = _lines(licences)
    for index, line in enumerate(lines):
        if line.startswith(f"{licence};;"):
            lines[index] = f"{licence};{name};{now:{MOMENT_FORMAT}}"
            return _text(lines)
    return licences


def holders(licences: bytes, licence: str) -> tuple[str, ...]:
    """The workstations that a licence is bound to."""
    rows = [line.split(";") for line in _lines(licences) if not line.startswith("#")]
    return tuple(_tellable(row[1]) for row in rows if len(row) == 3 and row[0] == licence and row[1])


def sessions_of(sessions: bytes, name: str) -> tuple[tuple[str, str], ...]:
    """User and moment of each open session of a workstation."""
    rows = [line.split(";") for line in _lines(sessions) if not line.startswith("#")]
    own = [row for row in rows if len(row) == 3 and row[1].casefold() == name.casefold()]
    return tuple((_tellable(row[0]), _tellable(row[2])) for row in own)


def opened(sessions: bytes, installation: Installation, since: datetime) -> bytes:
    """The sessions with one of the person on this workstation."""
    return _text([*_lines(sessions), f"{installation.person};{installation.name};{since:{MOMENT_FORMAT}}"])


def closed(sessions: bytes, name: str) -> bytes:
    """The sessions without those of a workstation."""
    rows = [(line, line.split(";")) for line in _lines(sessions)]
    kept = [line for line, row in rows if len(row) != 3 or row[1].casefold() != name.casefold()]
    return _text(kept) if len(kept) < len(rows) else sessions


def _lines(data: bytes) -> list[str]:
    return [line.text for line in lines_of(data.decode("cp1252", "surrogateescape"))]


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252", "surrogateescape")


def _tellable(text: str) -> str:
    """Text without what no document can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
