"""What lies in a site's database folder: files by name, in memory or on disk."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DATABASE = "impact.db"
LICENCES = "licences.csv"
SESSIONS = "sessions.csv"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. \-]{0,126}")


@dataclass(frozen=True, slots=True)
class SharePlace:
    r"""Where a site keeps its database: `\\server\share\folder`.

    Args:
        server: the file server's name, at most 15 characters as NetBIOS has it.
        share: a share of it.
        folder: the folder below the share that holds the database.
        address: what the server's name stands for.
        drive: the drive that people of the site have mapped to the share.
    """

    server: str
    share: str = "Impact"
    folder: str = "Base"
    address: str = "192.0.2.20"
    drive: str = "P:"

    @property
    def root(self) -> str:
        r"""`\\server\share`, what `drive` is mapped to."""
        return rf"\\{self.server}\{self.share}"

    @property
    def unc(self) -> str:
        r"""`\\server\share\folder`."""
        return rf"{self.root}\{self.folder}"

    def below(self, path: str) -> str | None:
        r"""What `path` names below the share, such as `Base\impact.db`; None: it is no path of this share."""
        root, text = self.root.casefold(), path.replace("/", "\\")
        folded = text.casefold()
        if folded != root and not folded.startswith(root + "\\"):
            return None
        return text[len(root) :].strip("\\")


class SiteFolder(Protocol):
    """The database folder of one site. Names are plain file names, compared without case, as Windows compares them."""

    def names(self) -> tuple[str, ...]:
        """What lies there, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises: FileNotFoundError."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Lay or replace a file, whole at any moment."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away. Raises: FileNotFoundError."""
        ...


class MemoryFolder:
    """A site's folder in memory: thousands of them cost nothing."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, bytes]] = {}

    def names(self) -> tuple[str, ...]:
        """See `SiteFolder`."""
        return tuple(sorted(name for name, _ in self._files.values()))

    def read(self, name: str) -> bytes:
        """See `SiteFolder`."""
        try:
            return self._files[_checked(name).casefold()][1]
        except KeyError:
            raise FileNotFoundError(name) from None

    def write(self, name: str, data: bytes) -> None:
        """See `SiteFolder`."""
        key = _checked(name).casefold()
        self._files[key] = (self._files[key][0] if key in self._files else name, bytes(data))

    def remove(self, name: str) -> None:
        """See `SiteFolder`."""
        if self._files.pop(_checked(name).casefold(), None) is None:
            raise FileNotFoundError(name)


class DiskFolder:
    """A site's folder on disk, such as the one behind a share.

    Args:
        path: an existing folder.
        mode: permission bits of the files: a file server that runs as another account must read and replace them.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self.path, self._mode = path, mode

    def names(self) -> tuple[str, ...]:
        """See `SiteFolder`."""
        found = (entry for entry in self.path.iterdir() if _NAME.fullmatch(entry.name) and entry.is_file())
        return tuple(sorted(entry.name for entry in found))

    def read(self, name: str) -> bytes:
        """See `SiteFolder`."""
        return self._file(name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See `SiteFolder`."""
        target = self._file(name)
        new = self.path / f".{secrets.token_hex(8)}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, self._mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, self._mode)  # whatever the umask is
            file.write(data)
        new.replace(target)

    def remove(self, name: str) -> None:
        """See `SiteFolder`."""
        self._file(name).unlink()

    def _file(self, name: str) -> Path:
        wanted = _checked(name).casefold()
        there = next((known for known in self.names() if known.casefold() == wanted), name)
        return self.path / there


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no plain file name")
    return name
