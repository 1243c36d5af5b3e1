"""Records: what is listed, what a release makes of their file, and what it refuses to touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iea_fleet.model.answer import PlaceState, RecordsFacts, Status, Step
from tests.contract.cases.transactions import Case, change
from tests.contract.world import APP, Round, World, request, setting

FILE = r"app\licences.csv"
PATTERN = "^(IEA-[0-9A-Z-]+);([^;]*);([^;]*)$"
FIELDS = ["licence", "workstation", "bound"]
TARGET: dict[str, Any] = {"store": "lines", "path": rf"{APP}\licences.csv", "pattern": PATTERN, "fields": FIELDS}
HEAD = b"# licence;poste;li\xe9 le\r\n"
ROWS = b"IEA-1;PC-1;12/03/2024\r\nIEA-2;PC-2;13/03/2024\r\nIEA-2;PC-AN\xc9;14/03/2024\r\n"
DATA = HEAD + ROWS

Check = Callable[[tuple[Round, ...]], None]


def _probe(**more: Any) -> dict[str, Any]:
    return {"kind": "records", "id": "r", "target": TARGET | more}


def _release(
    *match: dict[str, str],
    values: dict[str, str] | None = None,
    name: str = "out",
    target: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {"id": name, "target": target or TARGET, "match": list(match), "values": values}


def _listed(*records: tuple[str, ...], total: int | None = None, state: str = "present") -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        (facts,) = rounds[-1].said.probes
        assert isinstance(facts, RecordsFacts)
        assert facts.state == state
        assert tuple(tuple(record.values()) for record in facts.records) == records
        assert facts.total == (len(records) if total is None else total)

    return check


def _left(data: bytes, *, changes: int, file: str = FILE) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert (answer.status, answer.error) == (Status.DONE, None)
        assert rounds[-1].files[file] == data
        assert sum(len(outcome.records) for outcome in answer.release) == changes
        assert answer.changed is bool(changes)

    return check


def _refused(code: int | None = None, name: str = "out", data: bytes = DATA) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert answer.status is Status.FAILED
        assert answer.error is not None
        assert (answer.error.step, answer.error.id) == (Step.PLAN, name)
        if code is not None:
            assert answer.error.win32_code == code
        assert rounds[-1].files.get(FILE, data) == data
        assert rounds[-1].state == frozenset()

    return check


def _not_due(rounds: tuple[Round, ...]) -> None:
    _left(DATA, changes=0)(rounds)
    assert [outcome.due for outcome in rounds[-1].said.release] == [False]


def _verified(rounds: tuple[Round, ...]) -> None:
    before, after = (facts for facts in (*rounds[-1].said.probes, *rounds[-1].said.verify))
    assert isinstance(before, RecordsFacts)
    assert isinstance(after, RecordsFacts)
    assert (before.total, after.total) == (3, 2)
    assert rounds[-1].state == {"last.json"}


def _unreadable(rounds: tuple[Round, ...]) -> None:
    (facts,) = rounds[-1].said.probes
    assert isinstance(facts, RecordsFacts)
    assert (facts.state, facts.win32_code, facts.records) == (PlaceState.UNREADABLE, 32, ())


def _missing(code: int) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        (facts,) = rounds[-1].said.probes
        assert isinstance(facts, RecordsFacts)
        assert (facts.state, facts.win32_code) == (PlaceState.FILE_MISSING, code)

    return check


def _many(count: int) -> bytes:
    return b"".join(b"IEA-1;PC-%d;x\n" % number for number in range(count))


def _first(count: int, total: int) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        (facts,) = rounds[-1].said.probes
        assert isinstance(facts, RecordsFacts)
        assert (len(facts.records), facts.total) == (count, total)

    return check


def _released_and_set(rounds: tuple[Round, ...]) -> None:
    assert rounds[-1].said.status is Status.DONE, rounds[-1].said.error
    assert rounds[-1].files[FILE] == b"[S]\r\nk=9\r\nIEA-2;PC-2;b\r\n"


def _list(name: str, data: bytes, check: Check, **more: Any) -> Case:
    return Case(f"records, {name}", World({FILE: data}), (request(probe=[_probe(**more)]),), check)


def _out(name: str, data: bytes, left: bytes, *releases: dict[str, Any], changes: int = 1) -> Case:
    return Case(
        f"release, {name}", World({FILE: data}), (request(release=list(releases)),), _left(left, changes=changes)
    )


def _kept(name: str, *releases: dict[str, Any], data: bytes = DATA, refused: str = "out") -> Case:
    return Case(
        f"release, {name}", World({FILE: data}), (request(release=list(releases)),), _refused(name=refused, data=data)
    )


_PC1 = {"licence": "iea-1", "workstation": "pc-1"}
_RESET = {"workstation": "", "bound": ""}
_LEFT = {"licence": "IEA-2", **_RESET}
_OPTIONAL: dict[str, Any] = {**TARGET, "pattern": "^([a-z]+)(?:=([a-z]*))?$", "fields": ["name", "value"]}

RECORDS = (
    _list(
        "Windows-1252",
        DATA,
        _listed(("IEA-1", "PC-1", "12/03/2024"), ("IEA-2", "PC-2", "13/03/2024"), ("IEA-2", "PC-ANÉ", "14/03/2024")),
    ),
    _list("UTF-8 with its mark", b"\xef\xbb\xbf" + "IEA-1;Ré;x\n".encode(), _listed(("IEA-1", "Ré", "x"))),
    _list("UTF-16 LE", "\ufeffIEA-1;Ré;x\r\n".encode("utf-16-le"), _listed(("IEA-1", "Ré", "x"))),
    _list("bytes that are not of the encoding", b"\xef\xbb\xbfIEA-1;\xe9;x\n", _listed(state="malformed")),
    _list("old Macintosh line ends", b"IEA-1;a;b\rIEA-2;c;d\r", _listed(("IEA-1", "a", "b"), ("IEA-2", "c", "d"))),
    _list("mixed line ends", b"IEA-1;a;b\nrien\r\nIEA-2;c;d", _listed(("IEA-1", "a", "b"), ("IEA-2", "c", "d"))),
    _list("an empty file", b"", _listed()),
    _list("none in it", b"rien\r\n\r\n\r\n", _listed()),
    _list(
        "blank lines between", b"\n\nIEA-1;a;b\n\n\nIEA-2;c;d\n\n", _listed(("IEA-1", "a", "b"), ("IEA-2", "c", "d"))
    ),
    _list(
        "hostile content",
        b"IEA-1;$(reboot);`'\"<b>\x1b[2J\x00;\r\nIEA-1;%PATH%;{{ x }}\n",
        _listed(("IEA-1", "%PATH%", "{{ x }}")),
    ),
    _list("more than can be told", _many(300), _first(256, 300)),
    _list(
        "longer than an answer has room for",
        b"".join(b"IEA-1;%s;x\n" % (b"a" * 4000) for _ in range(60)),
        _first(49, 60),
    ),
    _list("a field too long", b"IEA-1;%s;x\n" % (b"a" * 4097), _listed(state="malformed")),
    _list("a field as long as it may be", b"IEA-1;%s;x\n" % (b"a" * 4096), _listed(("IEA-1", "a" * 4096, "x"))),
    _list("a field that is not there", b"oui=non\nseul\n", _listed(("oui", "non"), ("seul", "")), **_OPTIONAL),
    _list("half a pair", "IEA-1;".encode("utf-16-le").join([b"\xff\xfe", b"\x00\xd8;\x00x\x00"]), lambda rounds: None),
    Case("records, no file", World({r"app\x": b""}), (request(probe=[_probe()]),), _missing(2)),
    Case("records, no folder", World({}), (request(probe=[_probe()]),), _missing(3)),
    Case("records, held by another", World({FILE: DATA}, locked=(FILE,)), (request(probe=[_probe()]),), _unreadable),
    _out("the whole line", DATA, HEAD + ROWS.partition(b"\r\n")[2], _release(_PC1)),
    _out("the last line, without a line end", b"IEA-1;a;b\nIEA-2;c;d", b"IEA-1;a;b\n", _release({"workstation": "C"})),
    _out(
        "everything",
        b"IEA-1;a;b\r\nIEA-2;c;d\r\n",
        b"",
        _release({"licence": "IEA-1"}, {"licence": "IEA-2"}),
        changes=2,
    ),
    _out("fields only", DATA, DATA.replace(b"PC-1;12/03/2024", b";"), _release(_PC1, values=_RESET)),
    _out(
        "fields of two records",
        DATA,
        HEAD + b"IEA-1;PC-1;12/03/2024\r\nIEA-2;;\r\nIEA-2;;\r\n",
        _release({"licence": "IEA-2"}, values=_RESET),
        changes=2,
    ),
    _out(
        "records that look the same, one by one",
        HEAD + b"IEA-2;;\r\nIEA-1;x;y\r\nIEA-2;;\r\nIEA-2;;\r\n",
        HEAD + b"IEA-2;PC-2;a\r\nIEA-1;x;y\r\nIEA-2;PC-3;b\r\nIEA-2;;\r\n",
        _release(_LEFT, values={"workstation": "PC-2", "bound": "a"}) | {"one": True},
        _release(_LEFT, values={"workstation": "PC-3", "bound": "b"}, name="next") | {"one": True},
        changes=2,
    ),
    _out("nothing that matches", DATA, DATA, _release({"licence": "IEA-9"}), changes=0),
    _out(
        "what is so already", b"IEA-1;;\r\n", b"IEA-1;;\r\n", _release({"licence": "IEA-1"}, values=_RESET), changes=0
    ),
    _out("a name that no record has", DATA, DATA, _release({"colour": "red"}), changes=0),
    _out(
        "accents without case",
        DATA,
        DATA.replace(b"IEA-2;PC-AN\xc9;14/03/2024\r\n", b""),
        _release({"workstation": "pc-ané"}),
    ),
    _out(
        "an accent into Windows-1252",
        DATA,
        DATA.replace(b"PC-1", b"\xc9t\xe9"),
        _release(_PC1, values={"workstation": "Été"}),
    ),
    _out(
        "UTF-16, its mark stays",
        "\ufeffIEA-1;é;x\r\nIEA-2;c;d\r\n".encode("utf-16-le"),
        "\ufeffIEA-2;c;d\r\n".encode("utf-16-le"),
        _release({"licence": "IEA-1"}),
    ),
    _out("mixed line ends stay", b"a\rIEA-1;b;c\nd\r\nIEA-2;e;f", b"a\rd\r\nIEA-2;e;f", _release({"licence": "IEA-1"})),
    _out(
        "twice the same",
        DATA,
        DATA.replace(b"PC-1;12/03/2024", b";"),
        _release(_PC1, values=_RESET),
        _release(_PC1, values=_RESET, name="again"),
        changes=2,
    ),
    _out(
        "two releases of one file",
        DATA,
        HEAD + b"IEA-1;;\r\nIEA-2;PC-2;13/03/2024\r\n",
        _release(_PC1, values=_RESET),
        _release({"bound": "14/03/2024"}, name="again"),
        changes=2,
    ),
    _out("256 records", _many(256), b"", _release({"licence": "IEA-1"}), changes=256),
    _kept("257 records", _release({"licence": "IEA-1"}), data=_many(257)),
    _kept("two wants for one record", _release(_PC1), _release(_PC1, values=_RESET, name="again"), refused="again"),
    _kept("a line end in a field", _release(_PC1, values={"bound": "a\r\nIEA-9;b;c"})),
    _kept("a line feed in a field", _release(_PC1, values={"bound": "a\n"})),
    _kept("a value that makes it no record", _release(_PC1, values={"bound": "a;b"})),
    _kept("a value that makes it another", _release(_PC1, values={"licence": "autre"})),
    _kept("a character that the encoding has not", _release(_PC1, values={"bound": "Ω"})),
    _kept(
        "a field that has no place",
        _release({"name": "seul"}, values={"value": "x"}, target=_OPTIONAL),
        data=b"seul\n",
    ),
    _kept("a field too long in the file", _release(_PC1), data=b"IEA-1;%s;x\n" % (b"a" * 4097)),
    Case("release, no file", World({r"app\x": b""}), (request(release=[_release(_PC1)]),), _refused(2)),
    Case(
        "release, held by another",
        World({FILE: DATA}, locked=(FILE,)),
        (request(release=[_release(_PC1)]),),
        _refused(32),
    ),
    Case(
        "release, a condition that does not hold",
        World({FILE: DATA}),
        (
            request(
                probe=[_probe()],
                release=[_release(_PC1) | {"only_if": {"probe": "r", "fact": "state", "none_of": ["present"]}}],
            ),
        ),
        _not_due,
    ),
    Case(
        "release, a condition that holds",
        World({FILE: DATA}),
        (
            request(
                probe=[_probe()],
                release=[_release(_PC1) | {"only_if": {"probe": "r", "fact": "state", "one_of": ["present"]}}],
            ),
        ),
        _verified,
    ),
    Case(
        "release, dry run",
        World({FILE: DATA}),
        (request(dry_run=True, release=[_release(_PC1, values=_RESET)]),),
        _left(DATA, changes=1),
    ),
    Case(
        "release, and its undoing",
        World({FILE: DATA}),
        (
            request(release=[_release(_PC1, values=_RESET)]),
            request(
                transaction="c" * 32,
                release=[
                    _release({"licence": "IEA-1", **_RESET}, values={"workstation": "PC-1", "bound": "12/03/2024"})
                ],
            ),
        ),
        _left(DATA, changes=1),
    ),
    Case(
        "release, with a setting of the same file",
        World({FILE: b"[S]\r\nk=1\r\nIEA-1;PC-1;a\r\nIEA-2;PC-2;b\r\n"}),
        (
            request(
                probe=[setting("s", {"store": "ini", "path": TARGET["path"], "section": "S", "key": "k"})],
                ensure=[change("k", {"store": "ini", "path": TARGET["path"], "section": "S", "key": "k"}, "9")],
                release=[_release(_PC1)],
            ),
        ),
        _released_and_set,
    ),
)
