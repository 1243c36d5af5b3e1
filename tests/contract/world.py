"""What a contract case begins with and what it ends with, whatever engine plays it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request

APP = r"%ROOT%\app"
"""The folder in which cases lay their settings files; `ROOT` is where an engine keeps the workstation."""


@dataclass(frozen=True)
class Program:
    r"""What a program does when it is run.

    Args:
        exit_code: how it ends.
        prints: what it prints before; nothing else.
        echoes: it prints the first line of its standard input too.
        takes_s: how long it takes.
        writes: files that it writes, by path below ROOT.
    """

    exit_code: int = 0
    prints: str = ""
    echoes: bool = False
    takes_s: int = 0
    writes: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    r"""A workstation before a round.

    Args:
        files: bytes by path below ROOT, with `\`.
        locked: files that another program holds open, not shared.
        busy: another transaction holds the lock.
        programs: by path below ROOT.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    locked: tuple[str, ...] = ()
    busy: bool = False
    programs: Mapping[str, Program] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    r"""What one round said and left.

    Args:
        answer: None: the process ended without one.
        files: every file below ROOT, by path in lower case with `\`, without the state folder's own and programs.
        state: names of the files in the state folder, without `lock`.
    """

    answer: Answer | None
    files: Mapping[str, bytes]
    state: frozenset[str]

    @property
    def said(self) -> Answer:
        """The answer of a round that must have one."""
        assert self.answer is not None
        return self.answer


@dataclass(frozen=True)
class Cut:
    """The power goes at a durable step of the first round: before it, or in its middle."""

    step: int
    torn: bool = False


@dataclass(frozen=True)
class Meddling:
    r"""Another program writes a file right before a durable step of the first round; `path` is below ROOT."""

    step: int
    path: str
    data: bytes


class Contestant(Protocol):
    """An engine that plays cases."""

    name: str

    def play(
        self, world: World, requests: Sequence[Request], cut: Cut | None = None, meddling: Meddling | None = None
    ) -> tuple[Round, ...]:
        """Play rounds one after the other on one workstation."""
        ...


def request(**parts: Any) -> Request:
    """A request from plain data, with what every case would have to say."""
    common = {"schema": 1, "transaction": "a" * 32, "nonce": "b" * 32, "dry_run": False}
    return Request.model_validate_json(json.dumps(common | parts))


def setting(name: str, target: Mapping[str, Any]) -> dict[str, Any]:
    """A setting probe as plain data."""
    return {"kind": "setting", "id": name, "target": dict(target)}


def comparable(answer: Answer | None) -> Any:
    """An answer without what must differ between engines: who answered, times, sentences, ports."""
    if answer is None:
        return None
    return _masked(answer.model_dump(mode="json", exclude={"host", "elapsed_ms"}))


def _masked(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("kind") == "process":
            return {**node, "count": bool(node["count"])}  # other PowerShells may run on this machine
        return {key: _MASKS[key](value) if key in _MASKS else _masked(value) for key, value in node.items()}
    return [_masked(value) for value in node] if isinstance(node, list) else node


def _place(place: str) -> str:
    path = place.replace("/", "\\")
    return path[max(0, path.find("\\app")) :]


def _in_order(matches: list[dict[str, Any]]) -> list[Any]:
    """Matches of a log by pattern: the order among them has no meaning."""
    return sorted(matches, key=lambda match: str(match["pattern"]))


_MASKS: Mapping[str, Any] = {
    "message": bool,
    "elapsed_ms": lambda _: 0,
    "place": _place,
    "matches": _in_order,
    "free_bytes": lambda value: value is not None,
    "proxy": lambda value: value is not None,
    "addresses": bool,
    "account": bool,
    "path": _place,
    "certificate": lambda value: value is not None,
}
