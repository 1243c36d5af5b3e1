"""Names of a request in its paths, folders on a local disk as shares, and who is logged on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iea_fleet.model.answer import PeopleFacts, SettingFacts, ShareFacts, ShareLayer, Status
from tests.contract.cases.transactions import FILES, INI, A, Case, change
from tests.contract.world import APP, Round, World, request, setting

Check = Callable[[tuple[Round, ...]], None]
_OTHER = r"app\base\x.ini"
_WORLD = World(
    {**FILES, _OTHER: b"[S]\r\nk=ailleurs\r\n", r"app\where.ini": b"[B]\r\nd=%ROOT%\\app\\base\r\nvide=\r\n"}
)
_FOLDER = {"store": "ini", "path": rf"{APP}\where.ini", "section": "B", "key": "d"}
_NAMED = INI | {"path": r"%IEA_DATABASE%\x.ini"}


def _names(*names: dict[str, Any], **parts: Any) -> tuple[Any, ...]:
    return (request(names=list(names), **{"probe": [setting("p", _NAMED)], **parts}),)


def _reads(value: str | None, *, begins: str = "") -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        facts = rounds[-1].said.probes[0]
        assert isinstance(facts, SettingFacts)
        assert facts.places[0].value == value
        assert facts.places[0].place.startswith(begins)

    return check


def _writes(rounds: tuple[Round, ...]) -> None:
    assert rounds[-1].said.status is Status.DONE
    assert rounds[-1].files[_OTHER] == b"[S]\r\nk=9\r\n"
    assert rounds[-1].files[A] == FILES[A]


def _forgotten(rounds: tuple[Round, ...]) -> None:
    _reads("ailleurs")(rounds[:1])
    _reads(None, begins="%IEA_DATABASE%")(rounds)


def _share(layer: ShareLayer, code: int = 0) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        (facts,) = rounds[-1].said.probes
        assert isinstance(facts, ShareFacts)
        assert (facts.ok, facts.layer, facts.win32_code) == (layer is ShareLayer.NONE, layer, code)
        assert (facts.server, facts.drive) == ("", "")
        assert rounds[-1].files == _WORLD.files

    return check


def _probe(path: str = APP, **more: Any) -> tuple[Any, ...]:
    return (request(probe=[{"kind": "share", "id": "s", "path": path, **more}]),)


def _people(rounds: tuple[Round, ...]) -> None:
    (facts,) = rounds[-1].said.probes
    assert isinstance(facts, PeopleFacts)
    assert (facts.state, facts.people) == ("unsupported", ())


_TEXT = {"name": "IEA_DATABASE", "text": rf"{APP}\base"}
_AT = {"name": "IEA_DATABASE", "at": _FOLDER}

NAMES = (
    Case("a name that stands for a text", _WORLD, _names(_TEXT), _reads("ailleurs")),
    Case("a name that stands for what a setting says", _WORLD, _names(_AT), _reads("ailleurs")),
    Case("a name that is not set", _WORLD, _names(), _reads(None, begins="%IEA_DATABASE%")),
    Case(
        "a name whose setting is absent",
        _WORLD,
        _names({"name": "IEA_DATABASE", "at": _FOLDER | {"key": "z"}}),
        _reads(None, begins="%IEA_DATABASE%"),
    ),
    Case(
        "a name whose setting is empty",
        _WORLD,
        _names({"name": "IEA_DATABASE", "at": _FOLDER | {"key": "vide"}}),
        _reads(None, begins="%IEA_DATABASE%"),
    ),
    Case(
        "a name whose file is not there",
        _WORLD,
        _names({"name": "IEA_DATABASE", "at": _FOLDER | {"path": rf"{APP}\gone\x.ini"}}),
        _reads(None, begins="%IEA_DATABASE%"),
    ),
    Case(
        "a name by another name",
        _WORLD,
        _names({"name": "IEA_BASE", "text": rf"{APP}\base"}, {"name": "IEA_DATABASE", "text": "%IEA_BASE%"}),
        _reads("ailleurs"),
    ),
    Case("what a name leads to is written", _WORLD, _names(_AT, ensure=[change("k", _NAMED, "9")]), _writes),
    Case(
        "a name is known for one transaction",
        _WORLD,
        (*_names(_TEXT), *_names(transaction="c" * 32)),
        _forgotten,
    ),
    Case("a folder of this computer", _WORLD, _probe(), _share(ShareLayer.NONE)),
    Case("a folder that is not there", _WORLD, _probe(rf"{APP}\gone"), _share(ShareLayer.PATH, 3)),
    Case("a folder below one that is not there", _WORLD, _probe(rf"{APP}\gone\far"), _share(ShareLayer.PATH, 3)),
    Case("a file in it", _WORLD, _probe(file="a.ini"), _share(ShareLayer.NONE)),
    Case("a file that is not in it", _WORLD, _probe(file="b.db"), _share(ShareLayer.FILE, 2)),
    Case("a file that is written and removed again", _WORLD, _probe(write=True), _share(ShareLayer.NONE)),
    Case(
        "a file that another holds",
        World(dict(_WORLD.files), locked=(A,)),
        _probe(file="a.ini"),
        _share(ShareLayer.READ, 32),
    ),
    Case(
        "who is logged on, where that is not told", _WORLD, (request(probe=[{"kind": "people", "id": "w"}]),), _people
    ),
)
