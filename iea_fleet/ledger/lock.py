"""A lock that the system releases when its holder dies, however it dies: how a run is known to be under way."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Self

_CLAIMS = 10
"""A folder without a lock can be taken for a leftover at most once or twice while it is claimed."""


class RunLock:
    """Holds the file `lock` of a run's folder; a context manager.

    Raises: BlockingIOError when another process holds it, OSError when the file can't be made or is being removed.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(self._descriptor).st_nlink == 0:
                raise FileNotFoundError(self.path)  # another process took it for a leftover just before
        except OSError:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        os.close(self._descriptor)


def claim(folder: Path) -> RunLock:
    """Make a run's private folder and lock it, whatever another process removes as a leftover meanwhile.

    Raises: OSError.
    """
    refused: OSError = BlockingIOError()
    for _ in range(_CLAIMS):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return RunLock(folder)
        except (FileNotFoundError, FileExistsError, BlockingIOError) as error:  # there, gone, or held just now
            refused = error
    raise refused


def is_held(lock: Path) -> bool:
    """Whether a living process holds this lock file; one that is not there is held by nobody.

    Nothing is made and nothing waits, whatever the path names: it may come from a ledger that somebody else wrote.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    try:
        # Shared, so that two who ask at the same moment do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def remove_leftovers(runs: Path) -> None:
    """Remove the private folders of runs whose process is gone; `runs` is the folder that holds them."""
    if not runs.is_dir():
        return
    for folder in runs.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        try:
            with RunLock(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # held by a run that is under way, or being removed by another process
            continue
