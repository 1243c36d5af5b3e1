"""A workstation that says the secrets of its request back, wherever and however: none of it goes any further."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.engine.processes import Answer
from iea_fleet.model.outcome import Outcome
from tests.plugins.conftest import open_bench
from tests.threats.test_hostile_fix import answering, liar

SECRET = 'canary"day\\Pq7x-é'
ASKED = {
    "sheets": ["share", "session", "licence", "connection", "assistance"],
    "assistance": {"mode": "off", "password": SECRET},
    "share": {"path": r"\\SRV\Base", "username": "svc", "password": f"share-{SECRET}"},
}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One round with a workstation that prints what `says` makes of its input."""
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def exchange(says: Callable[[bytes], Answer], **asked: object) -> Outcome:
        with open_bench(tmp_path) as bench:
            bench.engine.says = says
            return bench.exchange(asked={**ASKED, **asked})

    return exchange


def _with(told: Any, secret: str) -> Any:
    """An answer with a secret at the end of each text that is no name, code or time of the wire."""
    if isinstance(told, dict):
        kept = {"schema", "transaction", "status", "kind", "id", "state", "layer", "as_whom", "tls_refusal", "pattern"}
        kept |= {"time", "boot_time", "not_before", "not_after", "sha256"}
        return {key: held if key in kept else _with(held, secret) for key, held in told.items()}
    if isinstance(told, list):
        return [_with(one, secret) for one in told]
    return f"{told[:40]}{secret}" if isinstance(told, str) else told


def test_a_secret_in_any_text_of_an_answer_is_hidden(ask: Any) -> None:
    outcome = ask(answering(lambda request: _with(liar(request), SECRET), []))
    assert outcome.answer is not None
    assert "canary" not in outcome.model_dump_json()
    assert "****" in outcome.model_dump_json()


def test_a_short_secret_makes_no_text_too_long(ask: Any) -> None:
    def lines(request: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = _with(liar(request), "x" * 210)
        return told

    outcome = ask(answering(lines, []), assistance={"mode": "off", "password": "x"})
    assert outcome.answer is not None
    assert outcome.answer.host.computer_name


@pytest.mark.parametrize("before", [0, 100, 385, 390, 395])
def test_a_secret_in_what_is_no_answer_is_hidden(ask: Any, before: int) -> None:
    for form in (SECRET, json.dumps(SECRET)[1:-1], "\0".join(SECRET)):
        text = ("z" * before + form + "z" * 500).encode()
        outcome = ask(lambda _, text=text: Answer(stdout=text, stderr=text))
        told = outcome.model_dump_json()
        assert "canary" not in told.replace("\\u0000", ""), (form, told)


def test_a_request_that_is_printed_back_shows_no_secret(ask: Any) -> None:
    outcome = ask(lambda given: Answer(stdout=given, stderr=given[:1000]))
    assert "canary" not in outcome.model_dump_json()
    for start in range(0, 3000, 300):
        outcome = ask(lambda given, start=start: Answer(stdout=given[start:], stderr=given[start:]))
        assert "canary" not in outcome.model_dump_json(), start
