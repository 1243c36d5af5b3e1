"""The files of an emulated machine, and what a full disk, another program or a power cut does to them.

Every change is one durable step, counted since the last boot of the process that makes them. Contents that were
written and not yet flushed are lost with the power, as a page cache is; names (create, move, replace, delete) are
journalled by the file system and are there or not.
"""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from iea_fleet.lab.share.faults import BAD_NETWORK_PATH
from iea_fleet.lab.share.files import SiteFolder
from iea_fleet.lab.share.system_messages import ENGLISH

Purpose = Literal["read", "journal", "backup", "write", "read_back", "record", "tidy"]
"""What a transaction is doing with a file."""

FullAt = Literal["space", "journal", "backup", "write", "record"]
"""When a full disk is noticed: `space`, as the free bytes are counted, or at a write for that purpose."""

Ending = Literal["before", "torn", "killed"]
"""How a process ends at a durable step, see `Cut`."""

FILE_NOT_FOUND, PATH_NOT_FOUND, ACCESS_DENIED, SHARING_VIOLATION, LOCK_VIOLATION, DISK_FULL = 2, 3, 5, 32, 33, 112
"""Win32 codes, [MS-ERREF] 2.2."""

MISSING = (FILE_NOT_FOUND, PATH_NOT_FOUND)
"""The codes of a file that is not there."""

_MESSAGES = {
    FILE_NOT_FOUND: "The system cannot find the file specified.",
    PATH_NOT_FOUND: "The system cannot find the path specified.",
    ACCESS_DENIED: "Access is denied.",
    SHARING_VIOLATION: "The process cannot access the file because it is being used by another process.",
    LOCK_VIOLATION: "The process cannot access the file because another process has locked a portion of the file.",
    DISK_FULL: "There is not enough space on the disk.",
}


class DiskError(Exception):
    """Windows refused a file operation: `code` is the Win32 code."""

    def __init__(self, code: int, path: str) -> None:
        super().__init__(f"{_MESSAGES.get(code) or ENGLISH.get(code, f'Win32 error {code}')} {path}")
        self.code = code


class ProcessEnds(BaseException):
    """The process is gone in the middle of a step: no `except Exception` of the transaction may see it."""

    def __init__(self, cut: Cut) -> None:
        super().__init__(f"ended at durable step {cut.step}")
        self.cut = cut


@dataclass(frozen=True, slots=True)
class Lock:
    """Another program stands in the way of a file.

    Args:
        at: when it does; "always": whenever the file is touched.
        code: what Windows says: 32, 33, 5 (also: a read-only file, for everything but reading).
        attempts: after so many refusals it lets go; None: never.
    """

    at: Purpose | Literal["always"] = "always"
    code: int = SHARING_VIOLATION
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The process ends at a durable step.

    Args:
        step: which one, from 1.
        how: `before` the step happens; `torn`: in its middle (a write is cut in half, other steps have happened);
            both lose the power, and with it what was not flushed. `killed`: the process alone dies, before the step.
    """

    step: int
    how: Ending = "before"


def canonical(path: str) -> str:
    r"""A path as a key: Windows compares names without case, takes both separators and passes over `\.\` and `\\`."""
    key = path.replace("/", "\\").lower()
    return ntpath.normpath(key) if "\\." in key or "\\\\" in key else key


@dataclass(frozen=True, slots=True)
class Shared:
    r"""A folder of a file server, as programs of the machine reach it by its network path.

    Args:
        path: its network path as `canonical` has it, with `\` at its end.
        folder: what lies there.
        refuses: asked at each access with the path and whether it writes: the Win32 code, 0 when it may.
    """

    path: str
    folder: SiteFolder
    refuses: Callable[[str, bool], int]


@dataclass(slots=True)
class Disk:
    """All files of one machine, and the one folder of a file server that it may reach.

    Args:
        base: files by path as they were laid out, shared between machines and never changed.
        free_bytes: what the drive has left.
        locks: by path; see `Lock`.
        lock_all: a lock on every file that is there, by its own purpose.
        full_at: the disk turns out to be full at the first write for this purpose, whatever `free_bytes` says.
        cut: see `Cut`; None: nothing happens.
        shared: the file server's folder; None: no network path is found.
        meddle: called before each durable step with its number, as other programs write meanwhile; None: nobody does.
    """

    base: Mapping[str, bytes] = field(default_factory=dict)
    free_bytes: int = 50 << 30
    locks: dict[str, Lock] = field(default_factory=dict)
    lock_all: Lock | None = None
    full_at: FullAt | None = None
    cut: Cut | None = None
    shared: Shared | None = None
    meddle: Callable[[int], None] | None = None
    steps: int = 0
    _changes: dict[str, tuple[str, bytes] | None] = field(default_factory=dict)
    _unflushed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if any(path != canonical(path) for path in self.base):
            for path, data in self.base.items():
                self.lay(path, data)
            self.base = {}

    def lay(self, path: str, data: bytes | None) -> None:
        """Put a file there from outside, or take it away (None); no durable step of anybody."""
        self._set(canonical(path), path, data)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.peek(path) is not None

    def peek(self, path: str) -> bytes | None:
        """The bytes as somebody outside sees them, whatever is locked; None: no such file."""
        key = canonical(path)
        if key.startswith("\\\\"):
            return self._peek_shared(key)
        if key in self._changes:
            entry = self._changes[key]
            return None if entry is None else entry[1]
        return self.base.get(key)

    def snapshot(self) -> dict[str, bytes]:
        """Every file by its path in lower case."""
        return {path: data for path in self._paths() if (data := self.peek(path)) is not None}

    def matching(self, start: str, end: str) -> list[str]:
        """The files whose path begins and ends so, in order."""
        first, last = canonical(start), canonical(end)
        return sorted(
            path for path in self._paths() if path.startswith(first) and path.endswith(last) and self.exists(path)
        )

    def read(self, path: str, purpose: Purpose = "read") -> bytes:
        """The bytes of a file. Raises: DiskError with 2, 3, 5, 32 or 33, or what the network says."""
        self._refuse_when_locked(path, purpose)
        data = self.peek(path)
        if data is None:
            folder = canonical(path).rpartition("\\")[0] + "\\"
            there = any(known.startswith(folder) and self.exists(known) for known in self._paths())
            raise DiskError(FILE_NOT_FOUND if there else PATH_NOT_FOUND, path)
        return data

    def write(self, path: str, data: bytes, purpose: Purpose) -> None:
        """Write a whole file, without flushing it. Raises: DiskError."""
        self._refuse_when_locked(path, purpose)
        if self.full_at == purpose or len(data) > self.free_bytes:
            raise DiskError(DISK_FULL, path)
        torn = self._step()
        self._put(path, data[: len(data) // 2] if torn else data)
        self._unflushed.add(canonical(path))
        self._end_when(torn)

    def flush(self, path: str) -> None:
        """What was written to the file is on the disk now."""
        torn = self._step()
        self._unflushed.discard(canonical(path))
        self._end_when(torn)

    def move(self, source: str, target: str, purpose: Purpose) -> None:
        """Give a file another name, over whatever has that name. Raises: DiskError."""
        data = self.read(source, purpose)
        self._refuse_when_locked(target, purpose)
        torn = self._step()
        self._put(target, data)
        self._set(canonical(source), source, None)
        if canonical(source) in self._unflushed:
            self._unflushed = (self._unflushed - {canonical(source)}) | {canonical(target)}
        self._end_when(torn)

    def replace(self, path: str, new: str, old: str) -> None:
        """Put `new` in the place of `path`, which becomes `old`, in one step (ReplaceFile). Raises: DiskError."""
        before, after = self.read(path, "write"), self.read(new, "write")
        if self.full_at == "write":
            raise DiskError(DISK_FULL, path)
        torn = self._step()
        self._put(old, before)
        self._put(path, after)
        self._set(canonical(new), new, None)
        self._end_when(torn)

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is no error. Raises: DiskError when it is locked."""
        if self.exists(path):
            self._refuse_when_locked(path, "tidy")
            torn = self._step()
            self._set(canonical(path), path, None)
            self._end_when(torn)

    def other_step(self) -> None:
        """A durable step that is no file's: a registry value."""
        self._end_when(self._step())

    def after_end(self, cut: Cut) -> None:
        """What the disk looks like when the process is gone: a power cut loses what was not flushed."""
        if cut.how != "killed":
            for path in self._unflushed:
                data = self.peek(path) or b""
                self._put(path, data[: len(data) // 2] if cut.how == "torn" else b"")
        self._unflushed.clear()
        self.cut = None
        self.steps = 0

    def _step(self) -> bool:
        """Count a durable step; True when the power goes in its middle. Raises: ProcessEnds before the step."""
        self.steps += 1
        if self.meddle is not None:
            self.meddle(self.steps)
        if self.cut is None or self.cut.step != self.steps:
            return False
        if self.cut.how != "torn":
            raise ProcessEnds(self.cut)
        return True

    def _end_when(self, torn: bool) -> None:
        if torn and self.cut is not None:
            raise ProcessEnds(self.cut)

    def _refuse_when_locked(self, path: str, purpose: Purpose) -> None:
        key = canonical(path)
        if key.startswith("\\\\"):
            writes = purpose not in ("read", "read_back")
            code = BAD_NETWORK_PATH if self.shared is None else self.shared.refuses(path, writes)
            if code:
                raise DiskError(code, path)
        lock = self.locks.get(key, self.lock_all)
        if lock is None or lock.at not in (purpose, "always") or not self.exists(path):
            return
        if lock.attempts is not None:
            left = replace(lock, attempts=lock.attempts - 1)
            if lock.attempts <= 0:
                return
            if key in self.locks:
                self.locks[key] = left
            else:
                self.lock_all = left
        raise DiskError(lock.code, path)

    def _put(self, path: str, data: bytes) -> None:
        known = self._changes.get(canonical(path))
        self._set(canonical(path), known[0] if known else path, data)

    def _set(self, key: str, path: str, data: bytes | None) -> None:
        """Lay a file, or take it away."""
        if not key.startswith("\\\\"):
            self._changes[key] = None if data is None else (path, data)
        elif self.shared is not None and key.startswith(self.shared.path):
            name = path.replace("/", "\\").rpartition("\\")[2]
            if data is not None:
                self.shared.folder.write(name, data)
            elif name.casefold() in map(str.casefold, self.shared.folder.names()):
                self.shared.folder.remove(name)

    def _peek_shared(self, key: str) -> bytes | None:
        if self.shared is None or not key.startswith(self.shared.path):
            return None
        try:
            return self.shared.folder.read(key[len(self.shared.path) :])
        except (FileNotFoundError, ValueError):
            return None

    def _paths(self) -> Iterator[str]:
        yield from self._changes
        yield from (path for path in self.base if path not in self._changes)
        if self.shared is not None:
            yield from (self.shared.path + name.lower() for name in self.shared.folder.names())
