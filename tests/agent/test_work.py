"""Steps that do something, before and after the writes: what is due, what a program does, and what bounds it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from iea_fleet.model.answer import Answer, SettingFacts
from tests.agent.rounds import Rounds
from tests.agent.workstation import Part, Workstation, ini, setting

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are Linux's")

PASSWORD = "mot de passe d'été"


@pytest.fixture
def settings(workstation: Workstation) -> str:
    """A settings file with `state=refused` in its section `server`."""
    return workstation.file("a.ini", b"[server]\nstate=refused\nurl=old\n")


def program(workstation: Workstation, body: str, name: str = "centre.exe") -> str:
    path = Path(workstation.file(name, f"#!/bin/sh\n{body}\n".encode()))
    path.chmod(0o755)
    return str(path)


def run(path: str, **more: object) -> Part:
    return {"kind": "run_command", "id": "run", "path": path, **more}


def played(rounds: Rounds, workstation: Workstation, **parts: Sequence[Part]) -> Answer:
    answer, _ = rounds.play(workstation.request(**parts))  # type: ignore[arg-type]
    assert answer is not None
    return answer


def test_a_program_gets_its_arguments_its_line_and_its_own_folder(workstation: Workstation, rounds: Rounds) -> None:
    body = 'read -r line; printf "%s\\n" "$line" "$@" "$PWD" > told; exit 3'
    step = run(
        program(workstation, body),
        arguments=["a b", 'c"d', "e\\", ""],
        standard_input=PASSWORD,
        success=[0, 3],
    )
    answer = played(rounds, workstation, act=[step])
    assert (answer.status, answer.act[0].ok, answer.act[0].exit_code, answer.act[0].message) == ("done", True, 3, "")
    folder = str(workstation.folder / "app")
    assert workstation.content("told").decode().splitlines() == [PASSWORD, "a b", 'c"d', "e\\", "", folder]
    assert workstation.state() == {"lock", "last.json"}
    assert answer.changed


def test_a_chatty_program_neither_blocks_nor_fills_the_answer(workstation: Workstation, rounds: Rounds) -> None:
    body = "head -c 3000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2; echo fin >&2; exit 1"
    answer = played(rounds, workstation, act=[run(program(workstation, body))])
    assert answer.error is not None
    assert (answer.status, answer.error.step, answer.error.id) == ("failed", "act", "run")
    assert answer.act[0].message == "y" * 497 + "fin"
    assert answer.act[0].exit_code == 1


def test_the_line_for_a_program_is_not_told_when_the_program_repeats_it(
    workstation: Workstation, rounds: Rounds
) -> None:
    path = program(workstation, 'read -r line; echo "refusé: $line"; exit 1')
    answer = played(rounds, workstation, act=[run(path, standard_input=PASSWORD)])
    assert answer.act[0].message == "refusé: ***"


def test_a_silent_failure_names_its_exit_code(workstation: Workstation, rounds: Rounds) -> None:
    answer = played(rounds, workstation, act=[run(program(workstation, "exit 4"))])
    assert answer.act[0].message == "It ended with 4."


@pytest.mark.parametrize("body", ["exec sleep 20", "exec sleep 20 >&- 2>&-", "while :; do echo x; done"])
def test_a_program_that_does_not_end_is_ended(workstation: Workstation, rounds: Rounds, body: str) -> None:
    began = time.monotonic()
    answer = played(rounds, workstation, act=[run(program(workstation, body), timeout_ms=700)])
    assert time.monotonic() - began < 10
    assert (answer.act[0].ok, answer.act[0].exit_code) == (False, None)
    assert "time" in answer.act[0].message


def test_what_a_program_leaves_running_does_not_hold_the_round(workstation: Workstation, rounds: Rounds) -> None:
    answer = played(rounds, workstation, act=[run(program(workstation, "sleep 20 & echo ok"))])
    assert answer.act[0].ok
    assert answer.act[0].elapsed_ms < 6000


def test_a_program_that_is_not_there_is_code_2(workstation: Workstation, rounds: Rounds) -> None:
    answer = played(rounds, workstation, act=[run(str(workstation.folder / "app" / "none.exe"))])
    assert (answer.act[0].ok, answer.act[0].win32_code, answer.act[0].exit_code) == (False, 2, None)


def test_a_step_waits_for_what_the_program_brings_about(
    workstation: Workstation, rounds: Rounds, settings: str
) -> None:
    until = {"target": ini(settings, "state"), "one_of": ["connected"], "within_ms": 8000, "every_ms": 100}
    body = f"(sleep 0.5; sed -i s/refused/connected/ '{settings}') >/dev/null 2>&1 &"
    probe = [setting("state", ini(settings, "state"))]
    answer = played(rounds, workstation, act=[run(program(workstation, body), until=until)], probe=probe)
    assert (answer.act[0].ok, answer.act[0].exit_code) == (True, 0)
    assert isinstance(answer.verify[0], SettingFacts)
    assert answer.verify[0].places[0].value == "connected"


def test_a_wait_for_what_does_not_come_about_ends(workstation: Workstation, rounds: Rounds, settings: str) -> None:
    until = {"target": ini(settings, "state"), "one_of": ["connected"], "within_ms": 300, "every_ms": 100}
    answer = played(rounds, workstation, after=[run(program(workstation, "exit 0"), until=until)])
    assert (answer.status, answer.after[0].ok, answer.after[0].exit_code) == ("done", False, 0)
    assert answer.after[0].message


def test_what_fails_before_the_writes_ends_the_transaction_there(
    workstation: Workstation, rounds: Rounds, settings: str
) -> None:
    ensure = [{"id": "url", "target": ini(settings), "value": "new"}]
    good, bad = program(workstation, "exit 0", "good"), program(workstation, "echo non; exit 1", "bad")
    act = [run(good), {**run(bad), "id": "bad"}, {**run(good), "id": "never"}]
    answer = played(rounds, workstation, act=act, ensure=ensure)
    assert [(each.id, each.ok) for each in answer.act] == [("run", True), ("bad", False)]
    assert answer.error is not None
    assert (answer.error.step, answer.error.id, answer.error.message) == ("act", "bad", "non")
    assert workstation.content("a.ini").endswith(b"url=old\n")


def test_only_what_is_due_is_done_and_a_dry_run_tells_it_without_doing_it(
    workstation: Workstation, rounds: Rounds, settings: str
) -> None:
    path = program(workstation, "echo x >> ran")
    holds = {"probe": "state", "fact": "value", "one_of": ["refused"]}
    act = [
        {**run(path), "id": "too_early", "when": "changed"},
        {**run(path), "id": "not_so", "only_if": holds | {"one_of": ["connected"]}},
        {**run(path), "id": "due", "only_if": holds},
        {**run(path), "id": "then", "when": "changed"},
    ]
    probe = [setting("state", ini(settings, "state"))]
    dry, _ = rounds.play(workstation.request(act=act, probe=probe, dry_run=True))
    assert dry is not None
    assert not (workstation.folder / "app" / "ran").exists()
    done = played(rounds, workstation, act=act, probe=probe)
    assert [(each.id, each.ok) for each in dry.act] == [(each.id, each.ok) for each in done.act]
    assert [each.id for each in done.act] == ["due", "then"]
    assert workstation.content("ran") == b"x\nx\n"


def test_a_transaction_of_steps_alone_is_verified_recorded_and_not_done_twice(
    workstation: Workstation, rounds: Rounds, settings: str
) -> None:
    request = workstation.request(
        after=[run(program(workstation, "echo x >> ran"))], probe=[setting("url", ini(settings))]
    )
    first, _ = rounds.play(request)
    again, _ = rounds.play(request)
    assert first is not None
    assert again == first.model_copy(update={"replayed": True})
    assert len(first.verify) == 1
    assert workstation.content("ran") == b"x\n"
