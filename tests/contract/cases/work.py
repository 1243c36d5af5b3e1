"""Steps that do something: when they are due, what a program's end means, and what comes of a step that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iea_fleet.model.answer import Status, Step, WorkOutcome
from tests.contract.cases.transactions import FILES, INI, A, B, Case, change
from tests.contract.world import APP, Program, Round, World, request, setting

Check = Callable[[tuple[Round, ...]], None]
CENTRE = r"app\centre.exe"
PATH = rf"{APP}\centre.exe"
_WRITTEN = b"[S]\r\nk=fait\r\nl=2\r\n"


def _step(name: str = "run", **more: Any) -> dict[str, Any]:
    return {"kind": "run_command", "id": name, "path": PATH, **more}


def _ended(*outcomes: tuple[str, bool, int | None, int], part: str = "after", status: Status = Status.DONE) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert answer.status is status, answer.error
        told: tuple[WorkOutcome, ...] = getattr(answer, part)
        assert tuple((one.id, one.ok, one.exit_code, one.win32_code) for one in told) == outcomes

    return check


def _said(message: str) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        (outcome,) = rounds[-1].said.after
        assert (outcome.ok, outcome.message) == (False, message)

    return check


def _act_failed(code: int, exit_code: int | None) -> Check:
    def check(rounds: tuple[Round, ...]) -> None:
        answer = rounds[-1].said
        assert answer.status is Status.FAILED
        assert answer.error is not None
        assert (answer.error.step, answer.error.id, answer.error.win32_code) == (Step.ACT, "run", code)
        assert [(one.ok, one.exit_code) for one in answer.act] == [(False, exit_code)]
        assert (rounds[-1].files[A], rounds[-1].files[B]) == (FILES[A], FILES[B])
        assert answer.verify == ()

    return check


def _acted(rounds: tuple[Round, ...]) -> None:
    answer = rounds[-1].said
    assert [one.ok for one in answer.act] == [True]
    assert answer.changed
    assert rounds[-1].files[A] == b"[S]\r\nk=fait\r\nl=9\r\n"
    assert [place.value for facts in answer.verify for place in facts.places] == ["fait"]  # type: ignore[union-attr]
    assert rounds[-1].state == {"last.json"}


def _replayed(rounds: tuple[Round, ...]) -> None:
    first, again = rounds
    assert (first.said.replayed, again.said.replayed) == (False, True)
    assert first.said.after == again.said.after


def _dry(rounds: tuple[Round, ...]) -> None:
    answer = rounds[-1].said
    assert [(one.id, one.ok) for one in answer.act] == [("run", True), ("then", True)]
    assert (answer.after, answer.verify, answer.changed) == ((), (), True)
    assert (rounds[-1].files, rounds[-1].state) == (FILES, frozenset())


def _case(name: str, program: Program | None, check: Check, *steps: dict[str, Any], **parts: Any) -> Case:
    world = World(dict(FILES), programs={} if program is None else {CENTRE: program})
    return Case(name, world, (request(**({"after": list(steps)} if steps else {}), **parts),), check)


_PROBE = setting("p", INI)
_ONLY = {"probe": "p", "fact": "value"}
_UNTIL = {"target": INI, "one_of": ["fait"], "within_ms": 300, "every_ms": 100}
_LINES = "".join(f"ligne {number}\n" for number in range(20_000))

WORK = (
    _case("a program", Program(prints="bien\n"), _ended(("run", True, 0, 0)), _step()),
    _case("a program that is not there", None, _ended(("run", False, None, 2)), _step()),
    _case("a program that ends otherwise", Program(5, "Mot de passe incorrect"), _ended(("run", False, 5, 0)), _step()),
    _case("what it said", Program(5, "  Mot de passe\nincorrect \n"), _said("Mot de passe\nincorrect"), _step()),
    _case("what it said, accents", Program(1, "refusé: é"), _said("refusé: é"), _step()),
    _case("it said nothing", Program(7), _said("It ended with 7."), _step()),
    _case("a chatty program", Program(1, _LINES), _said(_LINES.strip()[-500:]), _step()),
    _case("another code that is good", Program(3), _ended(("run", True, 3, 0)), _step(success=[0, 3])),
    _case("zero that is not good", Program(0), _ended(("run", False, 0, 0)), _step(success=[3])),
    _case("a program that takes too long", Program(takes_s=4), _ended(("run", False, None, 0)), _step(timeout_ms=300)),
    _case(
        "what it is told, and never says again",
        Program(5, "reçu: ", echoes=True),
        _said("reçu: ***"),
        _step(standard_input="S3cret-du-jour"),
    ),
    _case("it does not read what it is told", Program(), _ended(("run", True, 0, 0)), _step(standard_input="x" * 200)),
    _case("what is waited for comes", Program(writes={A: _WRITTEN}), _ended(("run", True, 0, 0)), _step(until=_UNTIL)),
    _case("what is waited for never comes", Program(), _ended(("run", False, 0, 0)), _step(until=_UNTIL)),
    _case(
        "what is waited for has no place",
        Program(),
        _ended(("run", False, 0, 0)),
        _step(until=_UNTIL | {"target": INI | {"path": rf"{APP}\gone.ini"}}),
    ),
    _case(
        "an absent value is not the empty one that is waited for",
        Program(),
        _ended(("run", False, 0, 0)),
        _step(until=_UNTIL | {"target": INI | {"key": "z"}, "one_of": [""]}),
    ),
    _case("not due: nothing changed", Program(), _ended(), _step(when="changed")),
    _case(
        "due: an earlier step went well",
        Program(),
        _ended(("run", True, 0, 0), ("then", True, 0, 0)),
        _step(),
        _step("then", when="changed"),
    ),
    _case(
        "not due: the earlier step did not go well",
        Program(9),
        _ended(("run", False, 9, 0)),
        _step(),
        _step("then", when="changed"),
    ),
    _case(
        "due by its condition",
        Program(),
        _ended(("run", True, 0, 0)),
        _step(only_if=_ONLY | {"one_of": ["1"]}),
        _step("no", only_if=_ONLY | {"one_of": ["2"]}),
        probe=[_PROBE],
    ),
    _case(
        "its condition is compared with the first probes",
        Program(writes={A: _WRITTEN}),
        _ended(("run", True, 0, 0), ("then", True, 0, 0)),
        _step(),
        _step("then", only_if=_ONLY | {"one_of": ["1"]}),
        probe=[_PROBE],
    ),
    _case(
        "act before the writes",
        Program(writes={A: _WRITTEN}),
        _acted,
        act=[_step()],
        ensure=[change("l", INI | {"key": "l"}, "9")],
        probe=[_PROBE],
    ),
    _case("act, nothing to write", Program(), _ended(("run", True, 0, 0), part="act"), act=[_step()]),
    _case(
        "act that does not go well", Program(5, "non"), _act_failed(0, 5), act=[_step()], ensure=[change("k", INI, "9")]
    ),
    _case("act without its program", None, _act_failed(2, None), act=[_step()], ensure=[change("k", INI, "9")]),
    _case(
        "act not due, then writes",
        None,
        _ended(part="act"),
        act=[_step(only_if=_ONLY | {"one_of": ["2"]})],
        ensure=[change("k", INI, "9")],
        probe=[_PROBE],
    ),
    _case(
        "act in a dry run",
        Program(9, writes={A: _WRITTEN}),
        _dry,
        dry_run=True,
        act=[_step(), _step("then", when="changed")],
        after=[_step()],
    ),
    Case(
        "a step is done once",
        World(dict(FILES), programs={CENTRE: Program()}),
        (request(after=[_step()]), request(after=[_step()])),
        _replayed,
    ),
    _case(
        "a restart of a service where there are none",
        None,
        _ended(("s", False, None, 0)),
        {"kind": "restart_service", "id": "s", "name": "IEAConnexion", "when": "always"},
    ),
)
