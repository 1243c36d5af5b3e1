"""The state folder: the ledger, the private files of runs under way, and logs. Nobody else may read or write it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

ENVIRONMENT_NAME = "IEA_FLEET_STATE"
FREE_BYTES_NEEDED = 32 * 1024 * 1024
"""What a run of a thousand hosts keeps for a while, with room: checked before any host is asked."""
_THIS_FOLDER: Final = Phrase("this folder")


@dataclass(frozen=True, slots=True)
class StateFolder:
    """A state folder that was checked."""

    path: Path

    @property
    def ledger_url(self) -> str:
        """The SQLAlchemy URL of this folder's own ledger."""
        return f"sqlite:///{self.path / 'ledger.sqlite'}"

    @property
    def logs(self) -> Path:
        """Where the details of an unforeseen failure are written; made when needed."""
        return private_folder(self.path / "logs")

    def run_folder(self, run: str) -> Path:
        """The private folder of one run, made when needed; it is removed when the run ends."""
        return private_folder(private_folder(self.path / "runs") / run)

    def report_folder(self, run: str) -> Path:
        """Where the report files of one run are kept unless another folder is named; made when needed."""
        return private_folder(private_folder(self.path / "reports") / run)

    def require_space(self, needed: int = FREE_BYTES_NEEDED) -> None:
        """Raise `LocalFailure` unless `needed` bytes are free on the folder's disk."""
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise LocalFailure(
                str(self.path),
                "only {free} kB are free on its disk, and a run needs {needed} kB",
                "Free some space, or name another state folder with --state",
                free=free // 1024,
                needed=needed // 1024,
            )


def find_state_folder(named: Path | None = None) -> Path:
    """The folder to use: as named, else by IEA_FLEET_STATE, else the system's place for the state of programs."""
    found = str(named) if named is not None else os.environ.get(ENVIRONMENT_NAME)
    if found:
        return Path(os.path.expanduser(found))  # noqa: PTH111 - pathlib's raises for an unknown user
    return platformdirs.user_state_path("iea-fleet")


def open_state_folder(named: Path | None = None) -> StateFolder:
    """Make the state folder where it is missing, and check that it is ours alone.

    Raises: LocalFailure when it can't be made or written, or when others own it or can write it.
    """
    path = private_folder(find_state_folder(named).absolute(), Phrase("the state folder"))
    probe = path / f".write-{os.getpid()}"
    with named_for_user(path):
        try:
            write_private(probe, b"x")
        finally:
            probe.unlink(missing_ok=True)
    return StateFolder(path)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, never through a link that lies there.

    Raises: OSError.
    """
    # Under a name that nobody can foresee, and that no process killed before has left behind.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def named_for_user(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write below `path` into a `LocalFailure`."""
    try:
        yield
    except OSError as error:
        raise LocalFailure(
            str(path),
            "it can't be written ({said})",
            "Mend that, or name another with --state",
            said=system_said(error),
        ) from error


def private_folder(path: Path, name: Phrase = _THIS_FOLDER) -> Path:
    """Make a folder where it is missing, its parents too, and check that it is ours alone.

    Args:
        path: absolute, or below a folder that was checked.
        name: how to call it in a sentence.

    Raises: LocalFailure when it can't be made, is no folder, or when others own it or can write it.
    """
    try:
        str(path).encode()
        _make_folder(path)
        status = path.stat()
    except UnicodeEncodeError as error:
        raise LocalFailure(
            str(path), "{folder} has a name that is not UTF-8", "Name another one with --state", folder=name
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise LocalFailure(
            str(path), "{folder} can't be used (a file is in its place)", "Name another one with --state", folder=name
        ) from error
    except OSError as error:
        raise LocalFailure(
            str(path),
            "{folder} can't be used ({said})",
            "Name another one with --state",
            folder=name,
            said=system_said(error),
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise LocalFailure(str(path), "{folder} is a file", "Name a folder with --state", folder=name)
    if status.st_uid != os.getuid():
        raise LocalFailure(
            str(path), "{folder} belongs to another user", "Name a folder of your own with --state", folder=name
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise LocalFailure(
            str(path),
            "other users can write {folder} (mode {mode})",
            "Take that right away with chmod 700, or name another folder with --state",
            folder=name,
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
        )
    return path


def _make_folder(path: Path) -> None:
    """Make a folder and its parents, for us alone whatever the umask; `parents=True` would give them to everybody."""
    if not path.exists():
        _make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
