"""What a transaction would write: every file's new content and the new registry values, computed before any write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from iea_fleet.lab.emulated import records, settings
from iea_fleet.lab.emulated.coding import Document
from iea_fleet.lab.emulated.disk import canonical
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.registry import RegistryPlace, RegistryValue
from iea_fleet.lab.emulated.settings import Unreadable
from iea_fleet.lab.stores import CannotHold, Malformed, locate, with_value
from iea_fleet.model.answer import EnsureOutcome, PlaceChange, PlaceState, ReleaseOutcome, Step
from iea_fleet.model.request import Ensure, Release, Require
from iea_fleet.model.store import Encoding, FileStore, RegistryStore


class StepFailed(Exception):
    """A step of a transaction failed: which, at which change or probe, with Windows' code."""

    def __init__(
        self, step: Step, message: str, *, change: str | None = None, code: int = 0, free_bytes: int | None = None
    ) -> None:
        super().__init__(message)
        self.step, self.change, self.code, self.free_bytes = step, change, code, free_bytes
        self.undone = True


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One file to write: its bytes before and after, and the first change that it is for."""

    change: str
    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class RegistryWrite:
    """One registry value to write; `before` None: it is not there."""

    change: str
    place: RegistryPlace
    before: RegistryValue | None
    after: RegistryValue


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and how it is told."""

    outcomes: tuple[EnsureOutcome, ...]
    releases: tuple[ReleaseOutcome, ...]
    files: tuple[FileWrite, ...]
    registry: tuple[RegistryWrite, ...]

    @property
    def empty(self) -> bool:
        """Nothing is to be written."""
        return not self.files and not self.registry


@dataclass(slots=True)
class _OpenFile:
    change: str
    path: str
    before: bytes
    document: Document
    text: str
    wanted: list[tuple[str, FileStore, str]] = field(default_factory=list)
    released: dict[int, records.Edit] = field(default_factory=dict)
    """What becomes of records, by where their lines begin in `text`."""


def make_plan(
    machine: Machine, changes: tuple[Ensure, ...], releases: tuple[Release, ...], holds: Callable[[Require], bool]
) -> Plan:
    """Read every target and compute what to write.

    Args:
        machine: whose.
        changes: settings that are to have a value.
        releases: records that are to go, or to have other fields.
        holds: whether a condition of a release does, by the first probes.

    Raises: StepFailed (`plan`); nothing has been written then.
    """
    opened: dict[str, _OpenFile] = {}
    registry: list[RegistryWrite] = []
    outcomes = []
    for change in changes:
        try:
            if isinstance(change.target, RegistryStore):
                places = _plan_registry(machine, change, change.target, registry)
            else:
                places = (_plan_file(machine, change, change.target, opened),)
        except Unreadable as error:
            raise StepFailed(Step.PLAN, error.message, change=change.id, code=error.win32_code) from None
        except (Malformed, CannotHold) as error:
            raise StepFailed(Step.PLAN, str(error), change=change.id) from None
        outcomes.append(EnsureOutcome(id=change.id, places=places))
    released = tuple(_plan_release(machine, release, opened, holds) for release in releases)
    return Plan(tuple(outcomes), released, tuple(_file_writes(opened)), tuple(registry))


def _open(machine: Machine, change: str, path: str, encoding: Encoding, opened: dict[str, _OpenFile]) -> _OpenFile:
    file = opened.get(canonical(path))
    if file is None:
        document = settings.open_document(machine, path, encoding)
        before = machine.disk.read(path)
        file = opened[canonical(path)] = _OpenFile(change, path, before, document, document.text)
    return file


def _plan_release(
    machine: Machine, release: Release, opened: dict[str, _OpenFile], holds: Callable[[Require], bool]
) -> ReleaseOutcome:
    path = machine.expanded(release.target.path)
    if release.only_if is not None and not holds(release.only_if):
        return ReleaseOutcome(id=release.id, place=path[:1024], due=False, records=())
    try:
        file = _open(machine, release.id, path, release.target.encoding, opened)
        edits = records.edits_of(file.text, release, file.released)
        if len(edits) > records.MOST_TOLD:
            raise CannotHold(f"more than {records.MOST_TOLD} records are concerned")
        for edit in edits:
            known = file.released.setdefault(edit.record.start, edit)
            if known.line != edit.line:
                raise CannotHold("another change of this request wants something else of the same record")
        file.document.encode(records.with_edits(file.text, list(file.released.values())))
    except Unreadable as error:
        raise StepFailed(Step.PLAN, error.message, change=release.id, code=error.win32_code) from None
    except (Malformed, CannotHold) as error:
        raise StepFailed(Step.PLAN, str(error), change=release.id) from None
    return ReleaseOutcome(id=release.id, place=path[:1024], due=True, records=tuple(edit.change for edit in edits))


def _plan_file(machine: Machine, change: Ensure, store: FileStore, opened: dict[str, _OpenFile]) -> PlaceChange:
    path = machine.expanded(store.path)
    file = _open(machine, change.id, path, store.encoding, opened)
    value = locate(file.text, store).value
    file.text = with_value(file.text, store, change.value)
    file.document.encode(file.text)
    file.wanted.append((change.id, store, change.value))
    return PlaceChange(
        place=path[:1024],
        state=PlaceState.ABSENT if value is None else PlaceState.PRESENT,
        before=settings.tellable(value),
        after=change.value,
        changed=value != change.value,
    )


def _file_writes(opened: dict[str, _OpenFile]) -> list[FileWrite]:
    writes = []
    for file in opened.values():
        file.text = records.with_edits(file.text, list(file.released.values()))
        for change, store, value in file.wanted:
            if locate(file.text, store).value != value:
                raise StepFailed(Step.PLAN, "another change of this request writes the same setting", change=change)
        after = file.document.encode(file.text)
        if after != file.before:
            writes.append(FileWrite(file.change, file.path, file.before, after))
    return writes


def _plan_registry(
    machine: Machine, change: Ensure, store: RegistryStore, writes: list[RegistryWrite]
) -> tuple[PlaceChange, ...]:
    if not machine.registry.supported:
        raise CannotHold("this system has no registry")
    places = []
    for place in machine.registry.places(store):
        before = machine.registry.read(place)
        value = None if before is None else settings.registry_text(before)
        kind = store.type if before is None else before.kind
        if kind in ("dword", "qword"):
            bound = 1 << (32 if kind == "dword" else 64)
            if not (change.value.isascii() and change.value.isdigit()) or int(change.value) >= bound:
                raise CannotHold(f"a value of the kind {kind} can't hold this text")
        if value != change.value:
            writes.append(RegistryWrite(change.id, place, before, RegistryValue(kind, change.value)))
        places.append(
            PlaceChange(
                place=place.name,
                state=PlaceState.ABSENT if before is None else PlaceState.PRESENT,
                before=value,
                after=change.value,
                changed=value != change.value,
            )
        )
    return tuple(places)
