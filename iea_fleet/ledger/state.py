"""The state folder: the ledger, the private files of runs under way, and logs. Nobody else may read or write it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from iea_fleet.model.errors import LocalFailure

ENVIRONMENT_NAME = "IEA_FLEET_STATE"
FREE_BYTES_NEEDED = 32 * 1024 * 1024
"""What a run of a thousand hosts keeps for a while, with room: checked before any host is asked."""


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
        return _private_folder(self.path / "logs")

    def run_folder(self, run: str) -> Path:
        """The private folder of one run, made when needed; it is removed when the run ends."""
        _private_folder(self.path / "runs")
        return _private_folder(self.path / "runs" / run)

    def report_folder(self, run: str) -> Path:
        """Where the report files of one run are kept unless another folder is named; made when needed."""
        _private_folder(self.path / "reports")
        return _private_folder(self.path / "reports" / run)

    def require_space(self, needed: int = FREE_BYTES_NEEDED) -> None:
        """Raise `LocalFailure` unless `needed` bytes are free on the folder's disk."""
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise LocalFailure(
                str(self.path),
                f"only {free // 1024} kB are free on its disk, and a run needs {needed // 1024} kB",
                "Free some space, or name another state folder with --state",
            )


def find_state_folder(named: Path | None = None) -> Path:
    """The folder to use: as named, else by IEA_FLEET_STATE, else the system's place for the state of programs."""
    if named is not None:
        return named.expanduser()
    if from_environment := os.environ.get(ENVIRONMENT_NAME):
        return Path(from_environment).expanduser()
    return platformdirs.user_state_path("iea-fleet")


def open_state_folder(named: Path | None = None) -> StateFolder:
    """Make the state folder where it is missing, and check that it is ours alone.

    Raises: LocalFailure when it can't be made or written, or when others own it or can write it.
    """
    path = find_state_folder(named).absolute()
    try:
        _private_folder(path)
        status = path.stat()
    except (FileExistsError, NotADirectoryError) as error:
        raise LocalFailure(
            str(path), "the state folder can't be used (a file is in its place)", "Name another one with --state"
        ) from error
    except OSError as error:
        raise LocalFailure(
            str(path), f"the state folder can't be used ({error.strerror})", "Name another one with --state"
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise LocalFailure(str(path), "the state folder is a file", "Name a folder with --state")
    if status.st_uid != os.getuid():
        raise LocalFailure(
            str(path), "the state folder belongs to another user", "Name a folder of your own with --state"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise LocalFailure(
            str(path),
            f"other users can write the state folder (mode {stat.S_IMODE(status.st_mode):04o})",
            "Take that right away with chmod 700, or name another folder with --state",
        )
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
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
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
            str(path), f"it can't be written ({error.strerror or error})", "Mend that, or name another with --state"
        ) from error


def _private_folder(path: Path) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
