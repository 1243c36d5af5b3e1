"""What ansible-runner's events are taken for; whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.rollout.events import Begun, Said, Skipped, Told, read_event, read_outcome

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def event(kind: str, result: object = None, action: str = "iea_workstation", **data: object) -> dict[str, Any]:
    return {"event": kind, "event_data": {"host": "ws1", "task": "Ask", "task_action": action, "res": result, **data}}


def told(kind: str, result: object, **data: Any) -> Outcome:
    read = read_event(event(kind, result, **data))
    assert isinstance(read, Told)
    assert read.host == "ws1"
    return read.outcome


@pytest.mark.parametrize("kind", ["runner_on_ok", "runner_on_failed", "runner_on_unreachable"])
def test_an_outcome_counts_in_any_result(kind: str) -> None:
    outcome = Outcome(verdict=Verdict.DRIFT, detail="<b>\x1b[31m")
    assert told(kind, {"iea_fleet": outcome.model_dump(mode="json", by_alias=True), "msg": "x"}) == outcome


@pytest.mark.parametrize(
    ("kind", "verdict"), [("runner_on_failed", Verdict.FAILED), ("runner_on_unreachable", Verdict.UNREACHABLE)]
)
def test_a_failure_of_another_task_keeps_its_message(kind: str, verdict: Verdict) -> None:
    outcome = told(kind, {"msg": "Check the argument x"}, action="ansible.builtin.validate_argument_spec")
    assert outcome.verdict is verdict
    assert outcome.findings[0].evidence == {"task": "Ask", "message": "Check the argument x"}


def test_what_is_no_end_of_a_host_is_passed_over() -> None:
    assert read_event(event("runner_on_ok", {"msg": "x"}, action="ansible.builtin.debug")) is None
    assert read_event(event("runner_on_failed", {"msg": "x"}, action="debug", ignore_errors=True)) is None
    assert read_event(event("runner_on_skipped", {}, action="debug")) is None
    assert read_event(event("runner_on_start", action="debug")) is None
    assert read_event({"event": "playbook_on_stats", "event_data": {"ok": {"ws1": 1}}}) is None


def test_our_action_is_heard_to_begin_and_to_be_skipped_under_any_of_its_names() -> None:
    assert read_event(event("runner_on_start", action="iea.fleet.iea_workstation")) == Begun("ws1")
    assert read_event(event("runner_on_skipped")) == Skipped("ws1")


def test_an_ok_without_an_outcome_is_not_taken_for_ok() -> None:
    assert told("runner_on_ok", {}).verdict is Verdict.FAILED
    assert told("runner_on_ok", "text").verdict is Verdict.FAILED


def test_ansibles_own_words_are_kept_and_bounded() -> None:
    assert read_event({"event": "error", "stdout": "[ERROR]: no such role\n"}) == Said(
        "[ERROR]: no such role", error=True
    )
    assert read_event({"event": "verbose", "stdout": "x" * 9999}) == Said("x" * 2000, error=False)
    assert read_event({"event": "verbose", "stdout": " \n"}) is None


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"verdict": "ok", "ansible_facts": {"ansible_connection": "local"}},
        {"verdict": "ok", "schema": 2},
        {"verdict": "ok", "attempts": 10**400},
        {"verdict": "ok", "elapsed_ms": float("nan")},
        {"verdict": "ok", "detail": "x" * 5_000_000},
        {"verdict": "ok", "findings": [{"code": "x"}]},
        {"verdict": "ok", "transaction": "\x00"},
        {"verdict": ["ok"]},
    ],
)
def test_what_is_no_outcome_is_a_failed_host_that_says_so(raw: object) -> None:
    outcome = read_outcome(raw)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.findings[0].code == "run.outcome_unusable"
    assert outcome.findings[0].evidence["reason"]


def test_nesting_without_end_is_a_failed_host() -> None:
    raw: list[object] = []
    for _ in range(100_000):
        raw = [raw]
    assert read_outcome(raw).verdict is Verdict.FAILED


@given(JSON)
def test_any_value_is_an_outcome_or_a_failed_host(raw: object) -> None:
    assert read_outcome(raw).verdict is Verdict.FAILED


@given(
    st.dictionaries(st.sampled_from(["event", "event_data", "stdout", "uuid"]), JSON),
    st.dictionaries(st.sampled_from(["host", "res", "task", "task_action", "ignore_errors"]), JSON),
    st.sampled_from(["runner_on_ok", "runner_on_failed", "runner_on_start", "error", "runner_on_unreachable", ""]),
)
def test_any_event_is_read(raw: dict[str, Any], data: dict[str, Any], kind: str) -> None:
    for candidate in (raw, {**raw, "event": kind, "event_data": data}):
        assert isinstance(read_event(candidate), Begun | Told | Skipped | Said | None)
