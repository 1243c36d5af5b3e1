"""The maintenance centre of a workstation that is a folder: `python -m iea_fleet.lab.pwsh.program FOLDER ARGUMENTS`.

What it does is `application.program`; here are only the files. `service NAME` as arguments: this service was started.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from iea_fleet.lab.application import SERVICE, Installation, Reach, Servers
from iea_fleet.lab.application.program import FileChanges, Surroundings, run, start
from iea_fleet.lab.share.files import SharePlace
from iea_fleet.model.base import ShortText, Strict

FILE = "application.json"
"""The file in the workstation's folder that says what the application meets."""
_PROGRAM_DATA = "%ProgramData%\\"


class Place(Strict):
    """As `SharePlace`."""

    server: ShortText
    share: ShortText
    folder: ShortText
    address: ShortText
    drive: ShortText


class WorkstationFile(Strict):
    """What the application of one workstation meets besides its files; written by the lab, read by its programs.

    Args:
        name: computer name.
        person: who sits there.
        licence: that it was installed with.
        place: the site's database folder.
        database: that folder on this machine.
        authentication: how far the authentication server is reached.
        update: how far the update server is.
        refusal: what the authentication server says; None: welcome.
        password_sha256: hash of the password of the day.
    """

    name: ShortText
    person: ShortText
    licence: ShortText
    place: Place
    database: str
    authentication: Reach
    update: Reach
    refusal: str | None
    password_sha256: str

    @classmethod
    def of(cls, around: Surroundings, database: Path) -> WorkstationFile:
        """The file for what an application meets."""
        whose = around.installation
        return cls(
            name=whose.name,
            person=whose.person,
            licence=whose.licence,
            place=Place(**asdict(whose.place)),
            database=str(database),
            authentication=around.servers.authentication,
            update=around.servers.update,
            refusal=around.refusal,
            password_sha256=around.password_sha256,
        )

    def surroundings(self) -> Surroundings:
        """What the application meets."""
        place = SharePlace(**self.place.model_dump())
        whose = Installation(name=self.name, person=self.person, licence=self.licence, place=place)
        return Surroundings(whose, Servers(self.authentication, self.update), self.refusal, self.password_sha256)


class WorkstationFiles:
    """The files of a workstation that is a folder, by Windows path; those of the database by network path."""

    def __init__(self, folder: Path, place: SharePlace, database: Path) -> None:
        self._folder, self._place, self._database = folder, place, database

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None: no such file."""
        with contextlib.suppress(OSError):
            return self._real(path).read_bytes()
        return None

    def lay(self, changes: FileChanges) -> None:
        """Write and remove files, each whole at any moment."""
        for path, data in changes.items():
            real = self._real(path)
            if data is None:
                real.unlink(missing_ok=True)
                continue
            real.parent.mkdir(parents=True, exist_ok=True)
            new = real.with_name(f".{real.name}.{os.getpid()}.new")
            new.write_bytes(data)
            new.replace(real)

    def _real(self, path: str) -> Path:
        below = self._place.below(path)
        if below is not None:
            return self._database / below.rpartition("\\")[2]
        return self._folder / "ProgramData" / path.removeprefix(_PROGRAM_DATA).replace("\\", "/")


def main() -> int:
    """Run the program; the exit code is its own."""
    folder, arguments = Path(sys.argv[1]), tuple(sys.argv[2:])
    content = WorkstationFile.model_validate_json((folder / FILE).read_bytes())
    around = content.surroundings()
    files = WorkstationFiles(folder, around.installation.place, Path(content.database))
    now = datetime.now().replace(microsecond=0)  # noqa: DTZ005 - the application writes local time
    if arguments[:1] == ("service",):
        if arguments[1:] == (SERVICE,):
            files.lay(start(files.read, around, now))
        return 0
    given = sys.stdin.readline() if "desactiver" in arguments else ""
    ran = run(arguments, given, files.read, around, now)
    files.lay(ran.changes)
    sys.stdout.write(f"{ran.printed}\n")
    return ran.exit_code


if __name__ == "__main__":
    sys.exit(main())
