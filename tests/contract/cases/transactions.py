"""Whole transactions: what holds, what is refused, what is written in one go, what is done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iea_fleet.model.answer import LogFacts, PlaceState, ProcessFacts, ServiceFacts, SettingFacts, Status, Step
from iea_fleet.model.request import Request
from tests.contract.world import APP, Round, World, comparable, request, setting

A = r"app\a.ini"
B = r"app\b.properties"
FILES = {A: b"[S]\r\nk=1\r\nl=2\r\n", B: b"k=1\n"}
INI: dict[str, Any] = {"store": "ini", "path": rf"{APP}\a.ini", "section": "S", "key": "k"}
PROPERTIES: dict[str, Any] = {"store": "properties", "path": rf"{APP}\b.properties", "key": "k"}
NOWHERE: dict[str, Any] = {**INI, "path": rf"{APP}\gone\x.ini"}
REGISTRY: dict[str, Any] = {"store": "registry", "hive": "HKLM", "key": r"SOFTWARE\X", "value": "Mode", "view": 32}


class Damaged(Request):
    """A request whose line was cut on its way."""

    def to_line(self) -> str:
        """The line without its end."""
        return super().to_line()[:-10]


@dataclass(frozen=True)
class Case:
    """A world, the rounds that are played on it, and what must be so afterwards."""

    name: str
    world: World
    requests: tuple[Request, ...]
    check: Callable[[tuple[Round, ...]], None]


def change(name: str, target: Mapping[str, Any], value: str) -> dict[str, Any]:
    """An ensure as plain data."""
    return {"id": name, "target": dict(target), "value": value}


def _both(value: str, **more: Any) -> Request:
    return request(ensure=[change("a", INI, value), change("b", PROPERTIES, value)], **more)


def _unchanged(rounds: tuple[Round, ...]) -> None:
    assert rounds[-1].files == FILES
    assert rounds[-1].state == frozenset()


def _written(rounds: tuple[Round, ...]) -> None:
    assert rounds[-1].said.status is Status.DONE
    assert rounds[-1].said.changed
    assert rounds[-1].files == {A: b"[S]\r\nk=9\r\nl=2\r\n", B: b"k=9\n"}
    assert rounds[-1].state == {"last.json"}
    assert [outcome.id for outcome in rounds[-1].said.ensure] == ["a", "b"]


def _dry_run(rounds: tuple[Round, ...]) -> None:
    _unchanged(rounds)
    answer = rounds[-1].said
    assert (answer.status, answer.dry_run, answer.changed, answer.verify) == (Status.DONE, True, True, ())
    (place,) = answer.ensure[0].places
    assert (place.before, place.after, place.changed) == ("1", "9", True)


def _refused(
    step: Step, name: str | None, *, files: dict[str, bytes] | None = None
) -> Callable[[tuple[Round, ...]], None]:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert answer.status is (Status.REFUSED if step in (Step.IDENTITY, Step.REQUIRE) else Status.FAILED)
        assert answer.error is not None
        assert (answer.error.step, answer.error.id, answer.error.undone) == (step, name, True)
        assert answer.error.message
        assert rounds[-1].files == (FILES if files is None else files)
        assert answer.verify == ()

    return check


def _requires(fact: str, *, name: str = "p", target: dict[str, Any] = INI, **comparison: list[str]) -> Request:
    require = [{"probe": name, "fact": fact, **comparison}]
    return _both(
        "9", probe=[setting("p", target), {"kind": "process", "id": "q", "name": "no-such-program"}], require=require
    )


def _held(found: list[tuple[str, ...]]) -> Callable[[tuple[Round, ...]], None]:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert answer.status is Status.DONE
        assert [outcome.found for outcome in answer.require] == found
        assert all(outcome.held for outcome in answer.require)

    return check


def _all_evaluated(rounds: tuple[Round, ...]) -> None:
    _refused(Step.REQUIRE, "p")(rounds)
    assert [outcome.held for outcome in rounds[-1].said.require] == [True, False, False]


def _replayed(rounds: tuple[Round, ...]) -> None:
    first, again = rounds
    assert (first.said.replayed, again.said.replayed) == (False, True)
    assert comparable(again.said) == {**comparable(first.said), "replayed": True}
    assert again.files == first.files


def _not_replayed(rounds: tuple[Round, ...]) -> None:
    assert not any(each.said.replayed for each in rounds)


def _done_once(rounds: tuple[Round, ...]) -> None:
    _written(rounds[:1])
    _not_replayed(rounds)
    assert not rounds[-1].said.changed


def _done_at_last(rounds: tuple[Round, ...]) -> None:
    _not_replayed(rounds)
    _written(rounds)


def _nothing_to_do(rounds: tuple[Round, ...]) -> None:
    _unchanged(rounds)
    answer = rounds[-1].said
    assert (answer.status, answer.changed, answer.verify, answer.error) == (Status.DONE, False, (), None)


def _verified(rounds: tuple[Round, ...]) -> None:
    answer = rounds[-1].said
    values = [facts.places[0].value for facts in (*answer.probes, *answer.verify) if isinstance(facts, SettingFacts)]
    assert values == ["1", "9"]


def _one_file(rounds: tuple[Round, ...]) -> None:
    assert rounds[-1].said.status is Status.DONE, rounds[-1].said.error
    assert rounds[-1].files[A] == b"[S]\r\nk=7\r\nl=8\r\nm=9\r\n"


def _locked(rounds: tuple[Round, ...]) -> None:
    answer = rounds[-1].said
    (facts,) = answer.probes
    assert isinstance(facts, SettingFacts)
    assert (facts.places[0].state, facts.places[0].win32_code) == (PlaceState.UNREADABLE, 32)
    _refused(Step.PLAN, "a")(rounds)
    assert answer.error is not None
    assert answer.error.win32_code == 32


def _busy(rounds: tuple[Round, ...]) -> None:
    answer = rounds[-1].said
    assert (answer.status, answer.probes, answer.ensure, answer.error) == (Status.BUSY, (), (), None)
    _unchanged(rounds)


def _elsewhere(rounds: tuple[Round, ...]) -> None:
    nowhere, unset, registry = (facts.places for facts in rounds[-1].said.probes if isinstance(facts, SettingFacts))
    assert nowhere[0].state is PlaceState.FILE_MISSING
    assert (unset[0].state, unset[0].place[:11]) == (PlaceState.FILE_MISSING, "%NOT_SET_1%")
    assert (registry[0].state, registry[0].place) == (PlaceState.UNSUPPORTED, r"HKLM\SOFTWARE\X:Mode(32)")
    process, service = rounds[-1].said.probes[3:]
    assert isinstance(process, ProcessFacts)
    assert (process.running, process.count) == (False, 0)
    assert isinstance(service, ServiceFacts)
    assert service.state == "unsupported"


def _log(**more: Any) -> Request:
    patterns = {"refused": "Autorisation refusée", "ok": "réussie$", "never": "jamais", "number": r"^\d+ "}
    return request(probe=[{"kind": "log", "id": "log", "path": rf"{APP}\x.log", "patterns": patterns, **more}])


def _matches(expected: dict[str, tuple[str, int]], state: str = "present") -> Callable[[tuple[Round, ...]], None]:
    def check(rounds: tuple[Round, ...]) -> None:
        (facts,) = rounds[-1].said.probes
        assert isinstance(facts, LogFacts)
        assert facts.state == state
        assert {match.pattern: (match.line, match.count) for match in facts.matches} == expected

    return check


_LINES = "1 Connexion réussie\r\n2 Autorisation refusée\r\nrien\r\n3 Autorisation refusée: poste\r\n"
_FOUND = {
    "refused": ("3 Autorisation refusée: poste", 2),
    "ok": ("1 Connexion réussie", 1),
    "number": (_LINES.splitlines()[3], 3),
}
_TAIL = {"refused": ("3 Autorisation refusée: poste", 1), "number": ("3 Autorisation refusée: poste", 1)}


def _log_case(name: str, data: bytes, check: Callable[[tuple[Round, ...]], None], **more: Any) -> Case:
    return Case(f"log, {name}", World({r"app\x.log": data}), (_log(**more),), check)


def _after(rounds: tuple[Round, ...]) -> None:
    outcomes = rounds[-1].said.after
    assert [(outcome.id, outcome.ok, bool(outcome.message)) for outcome in outcomes] == [("always", False, True)]
    assert rounds[-1].said.status is Status.DONE


def _restarted(rounds: tuple[Round, ...]) -> None:
    unchanged, changed = rounds
    assert unchanged.said.after == ()
    assert [(outcome.id, outcome.ok, outcome.message) for outcome in changed.said.after] == [("start", True, "")]
    assert changed.said.status is Status.DONE


def _runs(rounds: tuple[Round, ...]) -> None:
    (facts,) = rounds[-1].said.probes
    assert isinstance(facts, ProcessFacts)
    assert facts.running
    assert facts.count >= 1


_NO_PROGRAM = {"kind": "restart_process", "name": "no-such-program", "path": rf"{APP}\no.exe"}
_STEPS = [{**_NO_PROGRAM, "id": "when_changed"}, {**_NO_PROGRAM, "id": "always", "when": "always"}]

_START = [{"kind": "restart_process", "id": "start", "name": "no-such-program", "path": rf"{APP}\run.exe"}]

TRANSACTIONS = (
    Case(
        "a program is started when something changed",
        World({**FILES, r"app\run.exe": b"#!/bin/sh\n"}),
        (_both("1", after=_START), _both("9", after=_START, transaction="c" * 32)),
        _restarted,
    ),
    Case(
        "a process that runs, its name in other letters",
        World(dict(FILES)),
        (request(probe=[{"kind": "process", "id": "p", "name": "PwSh"}]),),
        _runs,
    ),
    Case("nothing asked", World(dict(FILES)), (request(),), _nothing_to_do),
    Case("two files at once", World(dict(FILES)), (_both("9"),), _written),
    Case("already right", World(dict(FILES)), (_both("1"),), _nothing_to_do),
    Case(
        "twice, under two ids",
        World(dict(FILES)),
        (_both("9"), _both("9", transaction="c" * 32)),
        _done_once,
    ),
    Case("dry run", World(dict(FILES)), (_both("9", dry_run=True),), _dry_run),
    Case(
        "dry run of what can't be",
        World(dict(FILES)),
        (request(dry_run=True, ensure=[change("x", NOWHERE, "1")]),),
        _refused(Step.PLAN, "x"),
    ),
    Case(
        "one of three can't be",
        World(dict(FILES)),
        (request(ensure=[change("a", INI, "9"), change("x", NOWHERE, "1"), change("b", PROPERTIES, "9")]),),
        _refused(Step.PLAN, "x"),
    ),
    Case(
        "two values for one setting",
        World(dict(FILES)),
        (request(ensure=[change("a", INI, "8"), change("b", INI, "9")]),),
        _refused(Step.PLAN, "a"),
    ),
    Case(
        "one value twice for one setting",
        World(dict(FILES)),
        (request(ensure=[change("a", INI, "9"), change("c", INI, "9"), change("b", PROPERTIES, "9")]),),
        lambda rounds: None,
    ),
    Case(
        "several settings of one file",
        World(dict(FILES)),
        (
            request(
                ensure=[
                    change("k", INI, "7"),
                    change("l", INI | {"key": "l"}, "8"),
                    change("m", INI | {"key": "m"}, "9"),
                ]
            ),
        ),
        _one_file,
    ),
    Case(
        "one file by two paths",
        World(dict(FILES)),
        (
            request(
                ensure=[
                    change("k", INI, "7"),
                    change("l", INI | {"key": "l", "path": rf"{APP}\.\a.ini"}, "8"),
                    change("m", INI | {"key": "m", "path": rf"{APP}\..\app\a.ini"}, "9"),
                ]
            ),
        ),
        _one_file,
    ),
    Case("value as required", World(dict(FILES)), (_requires("value", one_of=["0", "1"]),), _held([("1",)])),
    Case("value not as required", World(dict(FILES)), (_requires("value", one_of=["0"]),), _refused(Step.REQUIRE, "p")),
    Case("value excluded", World(dict(FILES)), (_requires("value", none_of=["1"]),), _refused(Step.REQUIRE, "p")),
    Case("value not excluded", World(dict(FILES)), (_requires("value", none_of=["0"]),), _held([("1",)])),
    Case(
        "absent value is the empty text",
        World(dict(FILES)),
        (_requires("value", target=INI | {"key": "z"}, one_of=[""]),),
        _held([("",)]),
    ),
    Case(
        "value by case",
        World({A: b"[S]\nk=oui\n", B: b""}),
        (_requires("value", one_of=["OUI"]),),
        _refused(Step.REQUIRE, "p", files={A: b"[S]\nk=oui\n", B: b""}),
    ),
    Case(
        "state as required",
        World(dict(FILES)),
        (_requires("state", target=INI | {"key": "z"}, one_of=["absent"]),),
        _held([("absent",)]),
    ),
    Case(
        "process not running as required",
        World(dict(FILES)),
        (_requires("running", name="q", one_of=["false"]),),
        _held([("false",)]),
    ),
    Case(
        "a fact that the probe has not",
        World(dict(FILES)),
        (_requires("ok", none_of=["x"]),),
        _refused(Step.REQUIRE, "p"),
    ),
    Case(
        "all requirements are evaluated",
        World(dict(FILES)),
        (
            _both(
                "9",
                probe=[setting("o", INI), setting("p", INI), setting("q", INI)],
                require=[
                    {"probe": "o", "fact": "value", "one_of": ["1"]},
                    {"probe": "p", "fact": "value", "one_of": ["2"]},
                    {"probe": "q", "fact": "value", "one_of": ["3"]},
                ],
            ),
        ),
        _all_evaluated,
    ),
    Case(
        "another computer name",
        World(dict(FILES)),
        (_both("9", expect_host={"computer_name": "POSTE-02"}),),
        _refused(Step.IDENTITY, None),
    ),
    Case(
        "the computer name in other letters",
        World(dict(FILES)),
        (_both("9", expect_host={"computer_name": "poste-01"}),),
        _written,
    ),
    Case(
        "another machine id",
        World(dict(FILES)),
        (_both("9", expect_host={"machine_id": "x"}),),
        _refused(Step.IDENTITY, None),
    ),
    Case("sent twice", World(dict(FILES)), (_both("9"), _both("9")), _replayed),
    Case(
        "sent twice, with another between",
        World(dict(FILES)),
        (_both("9"), _both("8", transaction="c" * 32), _both("9")),
        _not_replayed,
    ),
    Case(
        "a failure is not recorded",
        World(dict(FILES)),
        (request(ensure=[change("x", NOWHERE, "1")]), _both("9")),
        _done_at_last,
    ),
    Case(
        "a damaged record is none",
        World({**FILES, r"ProgramData\iea-fleet\last.json": b'{"transaction":"' + b"a" * 32}),
        (_both("9"),),
        _written,
    ),
    Case(
        "a damaged journal stops everything",
        World({**FILES, r"ProgramData\iea-fleet\journal.json": b"{"}),
        (_both("9"),),
        _refused(Step.RECOVER, None),
    ),
    Case(
        "a damaged journal does not stop a dry run",
        World({**FILES, r"ProgramData\iea-fleet\journal.json": b"{"}),
        (_both("9", dry_run=True),),
        lambda rounds: None,
    ),
    Case("verified after the change", World(dict(FILES)), (_both("9", probe=[setting("p", INI)]),), _verified),
    Case("a locked file", World(dict(FILES), locked=(A,)), (_both("9", probe=[setting("p", INI)]),), _locked),
    Case("busy", World(dict(FILES), busy=True), (_both("9"),), _busy),
    Case(
        "places that are not there",
        World(dict(FILES)),
        (
            request(
                probe=[
                    setting("a", NOWHERE),
                    setting("b", INI | {"path": r"%NOT_SET_1%\x.ini"}),
                    setting("c", REGISTRY),
                    {"kind": "process", "id": "d", "name": "no-such-program"},
                    {"kind": "service", "id": "e", "name": "no-such-service"},
                ]
            ),
        ),
        _elsewhere,
    ),
    Case("no registry", World(dict(FILES)), (request(ensure=[change("x", REGISTRY, "1")]),), _refused(Step.PLAN, "x")),
    Case("a step that is due and fails", World(dict(FILES)), (request(after=_STEPS),), _after),
    Case(
        "a request that was cut",
        World(dict(FILES)),
        (Damaged.model_validate(_both("9").model_dump()),),
        _refused(Step.PROBE, None),
    ),
    _log_case("Windows-1252", _LINES.encode("cp1252"), _matches(_FOUND)),
    _log_case("UTF-8", _LINES.encode(), _matches(_FOUND)),
    _log_case("UTF-16 with its mark", ("\ufeff" + _LINES).encode("utf-16-le"), _matches(_FOUND)),
    _log_case("the end alone", _LINES.encode("cp1252"), _matches(_TAIL), tail_bytes=38),
    _log_case("the end alone, within a character", _LINES.encode(), _matches(_TAIL), tail_bytes=42),
    _log_case("the end of UTF-16 alone", ("\ufeff" + _LINES).encode("utf-16-le"), _matches(_TAIL), tail_bytes=77),
    _log_case("empty", b"", _matches({})),
    _log_case("a long line", b"1 " + b"x" * 600, _matches({"number": ("1 " + "x" * 498, 1)})),
    Case("log, missing", World(dict(FILES)), (_log(),), _matches({}, "file_missing")),
    Case("log, locked", World({r"app\x.log": b"1 x"}, locked=(r"app\x.log",)), (_log(),), _matches({}, "unreadable")),
)
