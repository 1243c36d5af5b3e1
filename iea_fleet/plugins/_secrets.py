"""The secrets of a round, kept out of whatever a workstation says back: a program may print the password it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from iea_fleet.diagnosis.sheets import Task
from iea_fleet.diagnosis.transport import TransportFacts
from iea_fleet.model.answer import Answer

_HIDDEN = "********"


class Secrets:
    """What must not be told on.

    Args:
        task: what is asked of the host; the passwords in it are the secrets.
    """

    def __init__(self, task: Task) -> None:
        passwords = (task.share.password, task.assistance.password)
        self._texts = tuple(password.get_secret_value() for password in passwords if password is not None)

    def hide(self, text: str) -> str:
        """A text without them."""
        for secret in self._texts:
            text = text.replace(secret, _HIDDEN)
        return text

    def hide_in_answer(self, answer: Answer) -> Answer:
        """An answer whose messages are without them; values that were read stay what they are."""
        if not self._texts:
            return answer
        return Answer.model_validate_json(json.dumps(self._walk(answer.model_dump(mode="json", by_alias=True))))

    def hide_in_facts(self, facts: TransportFacts) -> TransportFacts:
        """Facts of the transport without them."""
        hide = self.hide
        return replace(facts, stdout=hide(facts.stdout), stderr=hide(facts.stderr), message=hide(facts.message))

    def _walk(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._walk(held, key) for key, held in value.items()}
        if isinstance(value, list):
            return [self._walk(held, name) for held in value]
        return self.hide(value) if name == "message" else value
