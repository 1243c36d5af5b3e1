"""Find the answer in what a workstation printed, and accept it or say why not. Every byte of it is hostile."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NoReturn

from pydantic import ValidationError

from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request

MAXIMUM_JSON_BYTES = 1_048_576
"""Longest JSON that is believed; a full answer of 64 probes is well below it."""

_EXCERPT_CHARACTERS = 400
_MARKERS_TRIED = 16  # each costs a hash of up to 1 MiB; an honest output holds one


class RefusalReason(StrEnum):
    """Why an output is no answer."""

    NO_MARKER = "no_marker"
    """Nothing in it was printed by the script for this request."""
    CUT_OFF = "cut_off"
    """The answer begins and does not end."""
    WRONG_HASH = "wrong_hash"
    """Length and end agree, the characters between do not."""
    NOT_JSON = "not_json"
    """No JSON, or JSON with NaN, a name twice, a number without end or nesting without end."""
    NOT_VALID = "not_valid"
    """JSON that is no `Answer`."""
    TOO_LARGE = "too_large"
    WRONG_TRANSACTION = "wrong_transaction"
    """An answer to something else than what was asked."""


class AnswerRefused(Exception):
    """An output that is no answer.

    Args:
        reason: why.
        excerpt: what was seen instead, at most 400 characters, with every character that is not printable made visible.
    """

    def __init__(self, reason: RefusalReason, excerpt: str) -> None:
        super().__init__(f"{reason.value}: {excerpt}")
        self.reason, self.excerpt = reason, excerpt


def parse_answer(stdout: bytes, request: Request) -> Answer:
    """Read the answer to a request out of an output.

    Args:
        stdout: what the workstation printed, noise included; the caller bounds its size while receiving.
        request: what was asked; its nonce is what makes a marker believable.
    Returns: the answer, whose transaction is the request's.
    Raises: AnswerRefused.
    """
    reason = RefusalReason.NO_MARKER
    for candidate in _candidates(stdout, request.nonce):
        if isinstance(candidate, bytes):
            return _validated(candidate, request)
        reason = candidate
    raise AnswerRefused(reason, _excerpt(stdout))


def _candidates(stdout: bytes, nonce: str) -> Iterator[bytes | RefusalReason]:
    """Go through the places where an answer begins, giving the JSON of each or why there is none."""
    start, end = b"<<iea-fleet:%s:" % nonce.encode(), b"<<iea-fleet:%s:end>>" % nonce.encode()
    header = re.compile(re.escape(start) + rb"([1-9][0-9]{0,9}):([0-9a-f]{64})>>")
    position, tried = stdout.find(start), 0
    while position >= 0 and tried < _MARKERS_TRIED:
        here, position = position, stdout.find(start, position + 1)
        if stdout.startswith(end, here):
            continue
        match = header.match(stdout, here)
        if match is None:
            yield RefusalReason.CUT_OFF
            continue
        length, first = int(match[1]), match.end()
        if length > MAXIMUM_JSON_BYTES:
            yield RefusalReason.TOO_LARGE
        elif not stdout.startswith(end, first + length):
            yield RefusalReason.CUT_OFF
        else:
            tried += 1
            text = stdout[first : first + length]
            yield text if hashlib.sha256(text).hexdigest().encode() == match[2] else RefusalReason.WRONG_HASH


def _validated(text: bytes, request: Request) -> Answer:
    try:
        # pydantic's own reader lets a name stand twice and takes the last, so this one looks first.
        json.loads(text, object_pairs_hook=_no_name_twice, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise AnswerRefused(RefusalReason.NOT_JSON, _excerpt(text)) from error
    try:
        answer = Answer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise AnswerRefused(RefusalReason.NOT_VALID, _excerpt(f"{where}: {first['msg']}".encode())) from error
    if answer.transaction != request.transaction:
        raise AnswerRefused(RefusalReason.WRONG_TRANSACTION, answer.transaction)
    return answer


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _excerpt(raw: bytes) -> str:
    """The beginning of an output as one harmless line; NULs are left out, so that UTF-16 can be read."""
    text = raw[: 8 * _EXCERPT_CHARACTERS].replace(b"\0", b"").decode("utf-8", "replace")
    shown = "".join(c if c.isprintable() else " " if c in "\r\n\t" else f"\\x{ord(c):02x}" for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= _EXCERPT_CHARACTERS else shown[: _EXCERPT_CHARACTERS - 1] + "…"
