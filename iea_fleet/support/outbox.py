"""The outbox: mails that wait in the state folder until a person or `iea-fleet outbox send` sends them.

STATE/outbox/ID.eml        drafts, private files
STATE/outbox/sent/ID.eml   what was sent, as it was sent
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Final

from iea_fleet.ledger.state import StateFolder, named_for_user, private_folder
from iea_fleet.model.errors import InputError, LocalFailure
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise
from iea_fleet.support.mail import HOST_HEADER

MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Longest mail; a longer file in the outbox is refused."""

_ID: Final = re.compile(r"(\d{8}T\d{6}Z)-([a-z0-9-]{1,32}-[0-9a-f]{8})(-\d{1,2})?")
_TAKEN: Final = 99
_HEADER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Entry:
    """One mail of the outbox; its texts are as the file says, neutralised.

    Args:
        id: its name.
        path: its file.
        sent: it is among the sent ones.
        drafted: when, in UTC.
        kept: when its file came to where it is, in UTC; of a sent mail: when it was sent.
        host: as the file tells; of a sent mail, which tells nobody of it, as its id spells it.
        to, subject: empty where the file does not tell.
        size_bytes: of the file.
    """

    id: str
    path: Path
    sent: bool
    drafted: datetime
    kept: datetime
    host: str
    to: str
    subject: str
    size_bytes: int


class Outbox:
    """The outbox of a state folder. Every method raises `LocalFailure` when files can't be read or written."""

    def __init__(self, state: StateFolder) -> None:
        self._folder = private_folder(state.path / "outbox", Phrase("the outbox"))
        self._sent = private_folder(self._folder / "sent", Phrase("the outbox"))

    def put(self, name: str, message: bytes) -> Entry:
        """Keep a mail under the id `name` (`draft.record_id`), or that with a number where another mail has it.

        The same mail again is the same entry. Nothing is ever overwritten, and the file is whole or not there.
        """
        if not _ID.fullmatch(name) or len(message) > MESSAGE_BYTES:
            raise ValueError(f"no id of an outbox, or too large a mail: {name!r}, {len(message)} bytes")
        with named_for_user(self._folder):
            for number in range(1, _TAKEN + 1):
                free = name if number == 1 else f"{name}-{number}"
                if (self._sent / f"{free}.eml").exists():
                    continue
                path = self._folder / f"{free}.eml"
                if _write_new(path, message) or _read(path) == message:
                    return self._entry(path, sent=False)
        raise LocalFailure(
            str(self._folder),
            "there are {count} mails called {name}",
            "Send or remove some of them",
            count=_TAKEN,
            name=name,
        )

    def alike(self, name: str, sent_since: datetime) -> Entry | None:
        """The newest mail with the same matter as the id `name`: one that waits, else one sent since then.

        The matter is what an id holds beside the moment: the host, and what is said of it (`draft.record_id`).
        """
        for folder, sent in ((self._folder, False), (self._sent, True)):
            same = self._entries(folder, sent=sent, matter=_matter(name))
            same = tuple(entry for entry in same if not sent or entry.kept >= sent_since)
            if same:
                return same[-1]
        return None

    def waiting(self) -> tuple[Entry, ...]:
        """The drafts, the oldest first; files with other names are none of ours."""
        return self._entries(self._folder, sent=False)

    def sent(self) -> tuple[Entry, ...]:
        """What was sent, the oldest first."""
        return self._entries(self._sent, sent=True)

    def find(self, name: str) -> Entry:
        """A mail by its id or an unmistakable beginning of it, drafts before sent ones.

        Raises: InputError for none or several.
        """
        where = Phrase("mail '{id}'", id=neutralise(name, 60))
        for entries in (self.waiting(), self.sent()):
            found = [entry for entry in entries if entry.id == name] or [
                entry for entry in entries if name and entry.id.startswith(name)
            ]
            if len(found) == 1:
                return found[0]
            if found:
                raise InputError(where, "several begin with this", "Write more of its id")
        raise InputError(where, "the outbox has no such mail", "See iea-fleet outbox list")

    def read(self, entry: Entry) -> bytes:
        """The bytes of a mail."""
        with named_for_user(entry.path):
            return _read(entry.path)

    @contextmanager
    def claim(self, entry: Entry) -> Iterator[bytes]:
        """Hold a draft while it is sent, and give its bytes, so that no two processes send it.

        Raises: LocalFailure when another process holds it or has sent it meanwhile.
        """
        try:
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _gone(entry) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink == 0:
                raise _gone(entry)
            yield self.read(entry)
        except BlockingIOError as error:
            raise LocalFailure(entry.id, "another process is sending it", "Look again in a minute") from error
        finally:
            os.close(descriptor)

    def mark_sent(self, entry: Entry, message: bytes) -> Entry:
        """Move a draft to the sent ones.

        Args:
            entry: the draft.
            message: what was sent; a person's mail program may have sent something else than the file.
        """
        with named_for_user(self._sent):
            path = self._sent / entry.path.name
            if not _write_new(path, message):
                raise LocalFailure(str(path), "a sent mail has this name already", "Move it away")
            entry.path.unlink(missing_ok=True)
            return self._entry(path, sent=True)

    def _entries(self, folder: Path, *, sent: bool, matter: str = "") -> tuple[Entry, ...]:
        """Those of a folder, or of one matter: the files of others are not read, and stand in nobody's way."""
        with named_for_user(folder):
            names = ((_matter(path.stem), path) for path in folder.glob("*.eml"))
            paths = sorted((path for of, path in names if of and matter in ("", of)), key=lambda path: path.stem)
            entries = []
            for path in paths:
                # Another process may send a mail, and move it, meanwhile.
                with suppress(FileNotFoundError):
                    if stat.S_ISREG(path.lstat().st_mode):
                        entries.append(self._entry(path, sent=sent))
            return tuple(entries)

    @staticmethod
    def _entry(path: Path, *, sent: bool) -> Entry:
        content = _read(path)
        kept = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        headers = BytesHeaderParser(policy=policy.default).parsebytes(content[:_HEADER_BYTES])
        host, to, subject = (neutralise(_header(headers, name), 255) for name in (HOST_HEADER, "To", "Subject"))
        host = host or _matter(path.stem)[: -len("-01234567")]
        return Entry(path.stem, path, sent, _drafted(path.stem), kept, host, to, subject, len(content))


def _matter(name: str) -> str:
    """What an id holds beside the moment; empty: it is no id, as one of the 31st of February."""
    parts = _ID.fullmatch(name)
    try:
        return "" if parts is None or not _drafted(name) else parts[2]
    except ValueError:
        return ""


def _drafted(name: str) -> datetime:
    return datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _header(headers: object, name: str) -> str:
    try:
        return str(headers[name] or "")  # type: ignore[index]
    except (ValueError, IndexError, AttributeError, TypeError):
        # Python's parser of headers stumbles over some that a person or program has damaged.
        return ""


def _read(path: Path) -> bytes:
    """The bytes of a plain file, never through a link. Raises: OSError, LocalFailure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise LocalFailure(str(path), "it is no plain file", "Move it out of the outbox")
        content = file.read(MESSAGE_BYTES + 1)
    if len(content) > MESSAGE_BYTES:
        raise LocalFailure(
            str(path), "it is larger than {most} MB", "Take attachments out of it", most=MESSAGE_BYTES // 1024 // 1024
        )
    return content


def _write_new(path: Path, content: bytes) -> bool:
    """Write a private file whole under a name that is free; `False`: the name is taken. Raises: OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # A link, unlike a rename, never replaces what is there.
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)
    return True


def _gone(entry: Entry) -> LocalFailure:
    return LocalFailure(entry.id, "it is no draft any more", "See iea-fleet outbox list")
