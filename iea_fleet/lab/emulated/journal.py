"""The journal protocol of docs/wire.md over an emulated disk: all writes of a transaction, or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from typing import Literal, TypeVar

from iea_fleet.lab.emulated.disk import LOCK_VIOLATION, MISSING, DiskError
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.plan import FileWrite, Plan, RegistryWrite, StepFailed
from iea_fleet.lab.emulated.registry import RegistryPlace, RegistryValue
from iea_fleet.lab.emulated.settings import ATTEMPTS, PASSING
from iea_fleet.model.answer import Recovered, Step

T = TypeVar("T")
JOURNAL_BYTES = 65_536
"""What the journal itself may need, for the check of the free space."""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """One file of a transaction: its path, the paths of its new and its old content, and their SHA-256."""

    path: str
    new: str
    old: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class JournalValue:
    """One registry value of a transaction; `before` None: it was not there."""

    key: str
    value: str
    view: Literal[32, 64]
    before: tuple[str, str] | None
    after: tuple[str, str]


class Journal:
    """The journal of one transaction in a state folder of a machine."""

    def __init__(self, machine: Machine, folder: str, transaction: str) -> None:
        self.machine, self.disk, self.transaction = machine, machine.disk, transaction
        self.path = rf"{folder}\journal.json"
        self.files: list[JournalFile] = []
        self.values: list[JournalValue] = []

    def carry_out(self, plan: Plan) -> None:
        """Write everything and commit. Raises: StepFailed, with everything undone."""
        try:
            self._prepare(plan)
            self._write_journal("prepared")
            for write, file in zip(plan.files, self.files, strict=True):
                self._at(Step.WRITE, write.change, partial(self._replace, write, file))
            for value in plan.registry:
                self.disk.other_step()
                self.machine.registry.write(value.place, value.after)
            self._read_back(plan)
            self._at(Step.JOURNAL, None, lambda: self._write_journal("committed"))
        except StepFailed as failure:
            failure.undone = self._undo()
            raise
        for file in self.files:
            self._remove(file.old)

    def close(self) -> None:
        """The transaction is over and recorded: the journal goes."""
        self._remove(self.path)

    def _prepare(self, plan: Plan) -> None:
        for write in plan.files:
            new, old = f"{write.path}.{self.transaction}.new", f"{write.path}.{self.transaction}.old"
            self._sweep(write.path)
            self.files.append(JournalFile(write.path, new, old, _hash(write.before), _hash(write.after)))
            self._at(Step.BACKUP, write.change, partial(self._fill, new, write))
        self.values = [_entry(write) for write in plan.registry]

    def _sweep(self, path: str) -> None:
        """Remove what a transaction left that was cut off before it had a journal."""
        for orphan in self.disk.matching(f"{path}.", ".new"):
            if len(orphan) == len(path) + 37:
                self._remove(orphan)

    def _fill(self, new: str, write: FileWrite) -> None:
        self.disk.read(write.path, "backup")  # the copy is made from the file itself
        self.disk.write(new, write.after, "backup")
        self.disk.flush(new)

    def _replace(self, write: FileWrite, file: JournalFile) -> None:
        """Put the new content in place, unless somebody else has written the file since it was read."""
        if self.disk.read(file.path, "write") != write.before:
            raise DiskError(LOCK_VIOLATION, file.path)
        self.disk.replace(file.path, file.new, file.old)

    def _write_journal(self, state: Literal["prepared", "committed"]) -> None:
        content = {
            "transaction": self.transaction,
            "state": state,
            "files": [asdict(file) for file in self.files],
            "values": [asdict(value) for value in self.values],
        }
        beside = f"{self.path}.new"
        try:
            self.disk.write(beside, json.dumps(content).encode("ascii"), "journal")
            self.disk.flush(beside)
            self.disk.move(beside, self.path, "journal")
        except DiskError as error:
            raise self._failure(Step.JOURNAL, None, error) from None

    def _read_back(self, plan: Plan) -> None:
        for write in plan.files:
            self._at(Step.READ_BACK, write.change, partial(self._compare, write))
        for value in plan.registry:
            if self.machine.registry.read(value.place) != value.after:
                raise StepFailed(Step.READ_BACK, "the registry has another value than was written", change=value.change)

    def _compare(self, write: FileWrite) -> None:
        if self.disk.read(write.path, "read_back") != write.after:
            raise StepFailed(Step.READ_BACK, "the file has other bytes than were written", change=write.change)

    def _undo(self) -> bool:
        """Put everything back. Returns: no trace is left; else the next transaction finds the journal and goes on."""
        try:
            foreign = undo(self.machine, self.files, self.values, all_replaced=False)
        except DiskError:
            return False
        self._remove(f"{self.path}.new")
        self._remove(self.path)
        return not foreign

    def _at(self, step: Step, change: str | None, act: Callable[[], T]) -> T:
        """Do something to a settings file, six times when another program stands in the way."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return act()
            except DiskError as error:
                if error.code not in PASSING or attempt == ATTEMPTS:
                    raise self._failure(step, change, error) from None
        raise AssertionError("unreachable")

    def _failure(self, step: Step, change: str | None, error: DiskError) -> StepFailed:
        return StepFailed(step, str(error), change=change, code=error.code)

    def _remove(self, path: str) -> None:
        try:
            self.disk.delete(path)
        except DiskError:
            return  # the next transaction's recovery or sweep takes it


def recover(machine: Machine, folder: str) -> Recovered | None:
    """Finish or undo what a transaction left that was cut off. Returns: what was done; None: there was no journal.

    Raises: StepFailed (`recover`) when the journal can't be read, or a file was changed by somebody else since.
    """
    disk, path = machine.disk, rf"{folder}\journal.json"
    for half_written in (f"{path}.new", rf"{folder}\last.json.new"):
        disk.delete(half_written)
    try:
        content = json.loads(disk.read(path, "journal"))
        files = [JournalFile(**entry) for entry in content["files"]]
        values = [JournalValue(**entry) for entry in content["values"]]
        transaction, state = str(content["transaction"]), content["state"]
    except DiskError as error:
        if error.code in MISSING:
            return None
        raise StepFailed(Step.RECOVER, str(error), code=error.code) from None
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailed(Step.RECOVER, f"the journal {path} can't be read: {error}") from None
    foreign: list[str] = []
    try:
        if state == "committed":
            for file in files:
                disk.delete(file.new)
                disk.delete(file.old)
        else:
            foreign = undo(machine, files, values)
        disk.delete(path)
    except DiskError as error:
        raise StepFailed(Step.RECOVER, str(error), code=error.code) from None
    if foreign:
        raise StepFailed(
            Step.RECOVER, f"changed by somebody else since transaction {transaction} was cut off: {', '.join(foreign)}"
        )
    return Recovered(transaction=transaction, outcome="finished" if state == "committed" else "undone")


def undo(
    machine: Machine, files: list[JournalFile], values: list[JournalValue], *, all_replaced: bool = True
) -> list[str]:
    """Put back every store, newest first, and remove what was made.

    `all_replaced` False: files without an old one beside them were not replaced yet, so whatever is in them is none of
    ours. Returns: the places that somebody else changed.
    """
    foreign = []
    for value in reversed(values):
        place = RegistryPlace(value.key, value.value, value.view)
        now = machine.registry.read(place)
        before = None if value.before is None else RegistryValue(*value.before)  # type: ignore[arg-type]
        if now == before:
            continue
        if now != RegistryValue(*value.after):  # type: ignore[arg-type]
            foreign.append(place.name)
            continue
        machine.disk.other_step()
        machine.registry.write(place, before)
    for file in reversed(files):
        data = machine.disk.peek(file.path)
        if data is None or _hash(data) == file.after != file.before:
            if machine.disk.exists(file.old):
                machine.disk.move(file.old, file.path, "tidy")
        elif _hash(data) != file.before and (all_replaced or machine.disk.exists(file.old)):
            foreign.append(file.path)
        machine.disk.delete(file.new)
        machine.disk.delete(file.old)
    return foreign


def _entry(write: RegistryWrite) -> JournalValue:
    before = None if write.before is None else (write.before.kind, write.before.data)
    return JournalValue(
        write.place.key, write.place.value, write.place.view, before, (write.after.kind, write.after.data)
    )


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
