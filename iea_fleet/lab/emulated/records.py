"""Records of an emulated machine: the lines of a file that a pattern matches (docs/wire.md, "Records")."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

from iea_fleet.lab.emulated import settings
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.emulated.settings import Unreadable
from iea_fleet.lab.stores import VALUE_LENGTH, CannotHold, Malformed
from iea_fleet.lab.stores.lines import lines_of
from iea_fleet.lab.stores.names import folded
from iea_fleet.model.answer import PlaceState, RecordChange, RecordsFacts
from iea_fleet.model.request import RecordsProbe, Release
from iea_fleet.model.store import RecordStore

MOST_TOLD = 256
"""Most records that an answer can carry."""
_ROOM = 200_000
"""Most characters that the records of one probe may have together."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its line's offsets, its fields, and where each stands in the line (None: nowhere)."""

    start: int
    end: int
    after: int
    fields: dict[str, str]
    spans: dict[str, tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one record: its new line, None when it goes."""

    record: Record
    line: str | None
    change: RecordChange


def probe(machine: Machine, asked: RecordsProbe) -> RecordsFacts:
    """List the records of a file."""
    path = machine.expanded(asked.target.path)
    state, code, message, found = PlaceState.PRESENT, 0, "", []
    try:
        found = list(records_of(settings.open_document(machine, path, asked.target.encoding).text, asked.target))
    except Unreadable as error:
        state, code, message = error.state, error.win32_code, error.message
    except Malformed as error:
        state, message = PlaceState.MALFORMED, str(error)
    return RecordsFacts(
        kind="records",
        id=asked.id,
        place=path[:1024],
        state=state,
        records=tuple(_told(record.fields) for record in _tellable(found)),
        total=len(found),
        win32_code=code,
        message=message[:2000],
    )


def _tellable(found: list[Record]) -> Iterator[Record]:
    """The first records, as many as an answer of bounded length has room for."""
    room = _ROOM
    for record in found[:MOST_TOLD]:
        room -= sum(map(len, record.fields.values()))
        if room < 0:
            return
        yield record


def records_of(text: str, store: RecordStore) -> Iterator[Record]:
    """Every record of a text. Raises: Malformed for a field that no answer can carry."""
    pattern = _compiled(store.pattern)
    for line in lines_of(text):
        match = pattern.search(line.text)
        if match is None:
            continue
        values = dict(zip(store.fields, (value or "" for value in match.groups()), strict=True))
        if any(len(value) > VALUE_LENGTH for value in values.values()):
            raise Malformed(f"a field has more than {VALUE_LENGTH} characters")
        spans = {
            name: None if match.start(index) < 0 else match.span(index) for index, name in enumerate(store.fields, 1)
        }
        yield Record(line.start, line.end, line.after, values, spans)


def edits_of(text: str, release: Release, taken: Container[int] = ()) -> list[Edit]:
    """What a release makes of the records that it concerns; one that stays as it is has no edit.

    Args:
        text: of the file.
        release: with `one`, the first record only that is not `taken`.
        taken: where the lines begin that another release has.

    Raises: CannotHold for a value that would not be read back; Malformed as `records_of`.
    """
    edits: list[Edit] = []
    for record in records_of(text, release.target):
        if not any(_has(record.fields, wanted) for wanted in release.match):
            continue
        if release.one and (edits or record.start in taken):
            continue
        before = _told(record.fields)
        if release.values is None:
            edits.append(Edit(record, None, RecordChange(before=before, after=None)))
            continue
        wanted = {name: release.values.get(name, value) for name, value in record.fields.items()}
        if wanted == record.fields:
            continue
        line = _with_values(text[record.start : record.end], record, wanted)
        read_back = list(records_of(line, release.target))
        if len(read_back) != 1 or read_back[0].end != len(line) or read_back[0].fields != wanted:
            raise CannotHold("the record would be read back as another one")
        edits.append(Edit(record, line, RecordChange(before=before, after=_told(wanted))))
    return edits


def with_edits(text: str, edits: list[Edit]) -> str:
    """The text with the edits in it; records that go take their line end with them."""
    for edit in sorted(edits, key=lambda edit: edit.record.start, reverse=True):
        record = edit.record
        rest = text[record.after :] if edit.line is None else edit.line + text[record.end :]
        text = text[: record.start] + rest
    return text


def _has(fields: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(name in fields and folded(fields[name]) == folded(value) for name, value in wanted.items())


def _with_values(line: str, record: Record, values: dict[str, str]) -> str:
    spans = []
    for name, value in values.items():
        if record.fields[name] == value:
            continue
        span = record.spans[name]
        if span is None:
            raise CannotHold(f"the record has no place for {name}")
        spans.append((span, value))
    for (start, end), value in sorted(spans, reverse=True):
        line = line[:start] + value + line[end:]
    return line


def _told(fields: dict[str, str]) -> dict[str, str]:
    return {name: settings.tellable(value) or "" for name, value in fields.items()}


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
