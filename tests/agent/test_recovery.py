"""Whatever happens at any durable step: each file is as before or as after, and the next round ends right."""

from __future__ import annotations

from itertools import count

import pytest

from iea_fleet.model.request import Request
from tests.agent.rounds import Happening, Rounds
from tests.agent.workstation import Workstation, ini, setting

BEFORE = {
    "a.ini": b"; a\r\n[server]\r\nurl=http://old\r\n",
    "b.json": b'{"server": {"url": "http://old"}}\n',
    "c.properties": b"url=http\\://old\n",
}
AFTER = {
    "a.ini": b"; a\r\n[server]\r\nurl=https://new\r\n",
    "b.json": b'{"server": {"url": "https://new"}}\n',
    "c.properties": b"url=https://new\n",
}


def change(workstation: Workstation, transaction: str) -> Request:
    """One change of three files."""
    paths = [str(workstation.folder / "app" / name) for name in BEFORE]
    targets = (
        ini(paths[0]),
        {"store": "json", "path": paths[1], "pointer": "/server/url"},
        {"store": "properties", "path": paths[2], "key": "url"},
    )
    names = ("one", "two", "three")
    return workstation.request(
        probe=[setting(name, target) for name, target in zip(names, targets, strict=True)],
        ensure=[{"id": n, "target": target, "value": "https://new"} for n, target in zip(names, targets, strict=True)],
        transaction=transaction,
    )


def lay(workstation: Workstation) -> None:
    for name, content in BEFORE.items():
        workstation.file(name, content)


def test_undisturbed_it_changes_all_and_leaves_nothing_behind(workstation: Workstation, rounds: Rounds) -> None:
    lay(workstation)
    answer, steps = rounds.play(change(workstation, "1" * 32))
    assert answer is not None
    assert answer.changed
    assert workstation.files() == AFTER
    assert workstation.state() == {"lock", "last.json"}
    assert steps > 12


@pytest.mark.parametrize("what", ["cut", "torn"])
def test_after_a_cut_at_any_step_each_file_is_old_or_new_and_the_next_round_ends_right(
    workstation: Workstation, rounds: Rounds, what: Happening
) -> None:
    outcomes = set()
    for at in count(1):
        lay(workstation)
        first, steps = rounds.play(change(workstation, f"{at:032x}"), at=at, what=what)
        if first is not None and steps < at:
            break
        left = {name: workstation.content(name) for name in BEFORE}
        assert all(left[name] in (BEFORE[name], AFTER[name]) for name in BEFORE), f"step {at}"

        second, _ = rounds.play(change(workstation, f"{at + 0x1000:032x}"))
        assert second is not None
        assert second.status == "done", f"step {at}: {second.error}"
        if first is None and second.recovered is not None:
            outcomes.add(second.recovered.outcome)
            assert second.recovered.transaction == f"{at:032x}"
            assert second.changed == (second.recovered.outcome == "undone"), f"step {at}"
        assert workstation.files() == AFTER, f"step {at}: something was left"
        assert workstation.state() <= {"lock", "last.json"}
    assert outcomes == {"undone", "finished"}
    assert at > 5


def test_when_the_disk_is_full_at_any_step_all_is_undone_or_all_is_done(
    workstation: Workstation, rounds: Rounds
) -> None:
    seen = set()
    for at in count(1):
        lay(workstation)
        answer, steps = rounds.play(change(workstation, f"{at:032x}"), at=at, what="full")
        assert answer is not None
        if steps < at:
            break
        if answer.status == "done":
            assert {name: workstation.content(name) for name in BEFORE} == AFTER, f"step {at}"
        else:
            assert answer.error is not None
            assert (answer.error.win32_code, answer.error.undone) == (112, True), f"step {at}"
            assert workstation.files() == BEFORE, f"step {at}"
            assert workstation.state() <= {"lock", "last.json"}, f"step {at}"
            seen.add((answer.error.step.value, answer.error.id))
        after, _ = rounds.play(change(workstation, f"{at + 0x1000:032x}"))
        assert after is not None
        assert after.status == "done"
        assert workstation.files() == AFTER, f"step {at}"
    assert {("backup", "one"), ("backup", "three"), ("journal", None), ("write", "one"), ("write", "three")} <= seen


def test_a_file_that_is_in_use_for_a_moment_is_tried_again(workstation: Workstation, rounds: Rounds) -> None:
    lay(workstation)
    for at in (2, 10):
        answer, steps = rounds.play(change(workstation, f"{at:032x}"), at=at, what="locked")
        assert answer is not None
        assert answer.status == "done", answer.error
        assert steps >= at or at == 10
    assert workstation.files() == AFTER


def test_a_cut_without_a_second_chance_is_undone_before_anything_else(workstation: Workstation, rounds: Rounds) -> None:
    """The first replace has happened; the next round asks for nothing but a look."""
    lay(workstation)
    for at in count(1):
        rounds.play(change(workstation, f"{at:032x}"), at=at)
        if workstation.content("a.ini") == AFTER["a.ini"]:
            break
    look = workstation.request(probe=[setting("one", ini(str(workstation.folder / "app" / "a.ini")))], dry_run=True)
    dry, _ = rounds.play(look)
    assert dry is not None
    assert dry.recovered is None
    assert workstation.content("a.ini") == AFTER["a.ini"], "a dry run recovers nothing"

    answer, _ = rounds.play(workstation.request())
    assert answer is not None
    assert answer.recovered is not None
    assert answer.recovered.outcome == "undone"
    assert workstation.files() == BEFORE
    assert workstation.state() == {"lock"}


def test_a_file_that_somebody_changed_since_the_cut_is_left_and_told(workstation: Workstation, rounds: Rounds) -> None:
    lay(workstation)
    for at in count(1):
        rounds.play(change(workstation, f"{at:032x}"), at=at)
        if workstation.content("b.json") == AFTER["b.json"]:
            break
    workstation.file("a.ini", b"[server]\nurl=theirs\n")
    answer, _ = rounds.play(change(workstation, "f" * 32))
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.step) == ("failed", "recover")
    assert "a.ini" in answer.error.message
    assert workstation.files() == BEFORE | {"a.ini": b"[server]\nurl=theirs\n"}
    again, _ = rounds.play(change(workstation, "e" * 32))
    assert again is not None
    assert again.status == "done"


def test_a_journal_that_is_no_journal_is_told_and_nothing_is_touched(workstation: Workstation, rounds: Rounds) -> None:
    lay(workstation)
    (workstation.folder / "state").mkdir()
    (workstation.folder / "state" / "journal.json").write_bytes(b'{"transaction": ')
    answer, _ = rounds.play(change(workstation, "a" * 32))
    assert answer is not None
    assert answer.error is not None
    assert (answer.status, answer.error.step) == ("failed", "recover")
    assert workstation.files() == BEFORE
