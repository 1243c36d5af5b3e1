"""The secrets of a round, kept out of whatever a workstation says back: a program may print the password it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from iea_fleet.diagnosis.transport import TransportFacts
from iea_fleet.model.answer import Answer
from iea_fleet.model.outcome import Outcome

LONGEST_BYTES: Final = 8192
"""What one secret can take in an output: 256 characters, escaped as JSON, with a NUL after each."""

_HIDDEN: Final = "********"
_TELLING: Final = frozenset({"message", "line"})
_SHORT: Final = 6
"""Fewer characters than these may stand in a value by chance, and a value that was read must stay what it is."""
_OURS: Final = frozenset(
    {
        *("schema", "transaction", "status", "kind", "id", "state", "layer", "as_whom", "tls_refusal", "step"),
        *("outcome", "probe", "fact", "pattern", "time", "boot_time", "not_before", "not_after", "sha256"),
        *("verdict", "code", "sheet", "severity"),
    }
)
"""Parts of an answer or outcome that can hold a word of the wire only."""
_RECORDS: Final = frozenset({"records", "before", "after"})
"""Where fields have names of a profile's choice."""


class Secrets:
    """What must not be told on.

    Args:
        texts: the secrets; empty ones are none.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._patterns = tuple(
            (_pattern(form), len(text) >= _SHORT)
            for text in sorted(texts, key=len, reverse=True)
            if text.strip()
            for form in (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        )

    def hide(self, text: str, *, is_value: bool = False) -> str:
        """A text without them, never longer than before: also where they stand as JSON, as UTF-16, or wrapped.

        Args:
            text: any.
            is_value: it was read somewhere, so that what is too short to be sure of stays.
        """
        for pattern, is_long in self._patterns:
            if is_long or not is_value:
                text = pattern.sub(lambda found: _HIDDEN[: len(found[0])], text)
        return text

    def hide_in_answer(self, answer: Answer) -> Answer:
        """An answer whose texts are without them."""
        if not self._patterns:
            return answer
        return Answer.model_validate_json(json.dumps(self._walk(answer.model_dump(mode="json", by_alias=True))))

    def hide_in_outcome(self, outcome: Outcome) -> Outcome:
        """An outcome whose texts are without them."""
        if not self._patterns:
            return outcome
        return Outcome.model_validate_json(json.dumps(self._walk(outcome.model_dump(mode="json", by_alias=True))))

    def hide_in_facts(self, facts: TransportFacts) -> TransportFacts:
        """Facts of the transport, whose texts from the workstation are without them."""
        hide = self.hide
        return replace(
            facts,
            stdout=hide(facts.stdout),
            stderr=hide(facts.stderr),
            message=hide(facts.message),
            server=hide(facts.server),
            content_type=hide(facts.content_type),
            refusal_language=hide(facts.refusal_language),
            refusal_version=hide(facts.refusal_version),
        )

    def _walk(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            is_record = name in _RECORDS and all(isinstance(held, str) for held in value.values())
            return {key: self._walk(held, "" if is_record else key) for key, held in value.items()}
        if isinstance(value, list):
            return [self._walk(held, name) for held in value]
        if not isinstance(value, str) or name in _OURS:
            return value
        return self.hide(value, is_value=name not in _TELLING)


def _pattern(secret: str) -> re.Pattern[str]:
    """A secret as a console may print it: broken at its width, or as UTF-16 with a NUL after each character."""
    return re.compile(r"[\s\0]*".join(re.escape(character) for character in secret if not character.isspace()))
