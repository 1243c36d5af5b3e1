"""What ansible-runner's events say, read with distrust: which host began, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.rollout import findings

RESULT_KEY = "iea_fleet"
"""Where the action leaves its outcome in a task's result."""

_ACTION = "iea_workstation"
_OUTCOME_BYTES = 4_000_000
_ENDS = {
    "runner_on_ok": None,
    "runner_on_skipped": None,
    "runner_on_failed": Verdict.FAILED,
    "runner_on_unreachable": Verdict.UNREACHABLE,
}
"""Events that end a task on a host, with the verdict when the result tells none."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Our action began on this host."""

    host: str


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome of a host."""

    host: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Skipped:
    """Our action was skipped on this host; ansible-runner does not pass on what a skipped task says."""

    host: str


@dataclass(frozen=True, slots=True)
class Said:
    """Ansible said something that is about no host: a reason, should hosts be missing in the end."""

    text: str
    error: bool


def read_event(event: Mapping[str, Any]) -> Begun | Told | Skipped | Said | None:
    """Read one event of ansible-runner; `None`: it says nothing that a run needs."""
    kind = event.get("event")
    text = event.get("stdout")
    if kind in ("verbose", "error", "warning") and isinstance(text, str) and text.strip():
        return Said(text.strip()[:2000], error=kind == "error" or "ERROR" in text)
    data = event.get("event_data")
    if not isinstance(data, Mapping):
        return None
    host = data.get("host")
    if not isinstance(host, str):
        return None
    ours = str(data.get("task_action", "")).rpartition(".")[2] == _ACTION
    if kind == "runner_on_start":
        return Begun(host) if ours else None
    if kind not in _ENDS:
        return None
    result = data.get("res")
    result = result if isinstance(result, Mapping) else {}
    if RESULT_KEY in result:
        return Told(host, read_outcome(result[RESULT_KEY]))
    verdict = _ENDS[kind]
    if ours and kind == "runner_on_skipped":
        return Skipped(host)
    if ours and kind == "runner_on_ok":
        # ansible-runner leaves out results that are too large for it.
        return Told(host, findings.unusable("the result has no outcome, or was too large to be passed on"))
    if verdict is None or data.get("ignore_errors"):
        return None
    return Told(host, findings.task_failed(verdict, str(data.get("task", ""))[:200], _message(result)))


def read_outcome(raw: object) -> Outcome:
    """The outcome that an action left in its result; one that is malformed becomes a failed outcome that says so."""
    try:
        text = json.dumps(raw, allow_nan=False)
        if len(text) > _OUTCOME_BYTES:
            return findings.unusable(f"it has {len(text)} bytes, more than {_OUTCOME_BYTES}")
        return Outcome.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "its form"
        return findings.unusable(f"{place}: {first['msg']}")
    except (ValueError, TypeError, RecursionError) as error:
        return findings.unusable(str(error))


def _message(result: Mapping[str, Any]) -> str:
    message = result.get("msg")
    if isinstance(message, str) and message.strip():
        return message.strip()
    return "Ansible gave no reason"
