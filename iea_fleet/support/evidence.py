"""The evidence of a hand-over as text and JSON: bounded, harmless to show, without passwords."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from iea_fleet.model.answer import Answer, LogFacts, RecordsFacts, SettingFacts, ShareFacts, UrlFacts
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.text import neutralise

JSON_CHARACTERS: Final = 1_000_000
"""Longest JSON document of evidence."""

_BOUNDS: Final = ((4096, 10_000), (500, 256), (200, 64), (100, 16))
"""How long its texts and lists may be: the first pair with which a document is short enough."""

HIDDEN: Final = "●●●"
"""What stands where a password stood."""

_SECRETS: Final = (
    re.compile(r"(?<=://)()[^\s/@:]{0,256}:[^\s/@]{1,256}(?=@)"),
    re.compile(r"(authorization\s*:\s*(?:basic|bearer|negotiate|ntlm)\s+)\S+", re.IGNORECASE),
    re.compile(
        r"\b((?:mot de passe(?: du jour)?|mdp|password|passwd|pwd|passphrase|secret|token|jeton|api[_-]?key)"
        r"[\"']?\s{0,8}[:=]\s{0,8})(?:\"[^\"]*\"|'[^']*'|[^\s;,&]+)",
        re.IGNORECASE,
    ),
)
"""Passwords as addresses, headers and logs hold them; group 1 stays."""


@dataclass(frozen=True, slots=True)
class Case:
    """One host that is handed over.

    Args:
        host: as the inventory spells it.
        site: title of its association; empty: in none.
        when: the time of the run, with its zone.
        outcomes: of its rounds, the oldest first, at least one; the last says how it stands now.
        secrets: passwords that were used on the way, so that no evidence repeats them.
    """

    host: str
    site: str
    when: datetime
    outcomes: tuple[Outcome, ...]
    secrets: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the rounds that have one."""
        return tuple(outcome.answer for outcome in self.outcomes if outcome.answer is not None)


def conceal(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with what looks like a password, and each of `secrets`, hidden."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found[1]}{HIDDEN}", text)
    return text


def evidence_json(document: object, secrets: Sequence[str] = ()) -> str:
    """Plain values as one ASCII JSON document of at most `JSON_CHARACTERS`; long texts and lists are cut."""
    hidden = _hidden(document, secrets)
    for characters, items in _BOUNDS:
        text = json.dumps(_shortened(hidden, characters, items), ensure_ascii=True, indent=2) + "\n"
        if len(text) <= JSON_CHARACTERS:
            return text
    return json.dumps({"left_out": f"the document has {len(text)} characters"}) + "\n"


def case_document(case: Case) -> dict[str, object]:
    """Everything that is known of a case: findings and answers of every round."""
    return {
        "schema": 1,
        "host": case.host,
        "site": case.site,
        "when": case.when.isoformat(),
        "rounds": [outcome.model_dump(mode="json", by_alias=True) for outcome in case.outcomes],
    }


def findings_document(case: Case) -> list[dict[str, object]]:
    """The findings of every round, each with the number of its round, from 1."""
    return [
        {"round": number, **finding.model_dump(mode="json")}
        for number, outcome in enumerate(case.outcomes, 1)
        for finding in outcome.findings
    ]


def system_sentences(case: Case) -> tuple[str, ...]:
    """What the systems said, word for word, each once: one line each, as `place: sentence (code)`."""
    told: dict[str, None] = {}
    for outcome in case.outcomes:
        if outcome.answer is not None:
            told |= dict.fromkeys(_sentences(outcome.answer))
        if outcome.detail:
            told[outcome.detail] = None
    return tuple(shown(sentence, case.secrets) for sentence in told)


def log_excerpts(case: Case) -> tuple[str, ...]:
    """The application's own log lines that matched, each once: one line each, as `pattern, times: line`."""
    told: dict[str, None] = {}
    for answer in case.answers:
        for facts in (*answer.probes, *answer.verify):
            if isinstance(facts, LogFacts):
                told |= {f"{match.pattern}, {match.count}×: {match.line}": None for match in facts.matches}
    return tuple(shown(line, case.secrets) for line in told)


def shown(text: str, secrets: Iterable[str] = ()) -> str:
    """One line of text from elsewhere as a mail may hold it: passwords hidden, every steering character visible."""
    return neutralise(conceal(text, secrets), 2000)


def _sentences(answer: Answer) -> Iterator[str]:
    for facts in (*answer.probes, *answer.verify):
        match facts:
            case SettingFacts():
                for place in facts.places:
                    yield from _sentence(place.place, place.message, place.win32_code)
            case UrlFacts() | ShareFacts():
                where = facts.path if isinstance(facts, ShareFacts) else facts.id
                yield from _sentence(where, facts.message, facts.win32_code)
            case RecordsFacts():
                yield from _sentence(facts.place, facts.message, facts.win32_code)
            case _:
                pass
    for work in (*answer.act, *answer.after):
        yield from _sentence(work.id, work.message, work.win32_code)
    if answer.error is not None:
        yield from _sentence(answer.error.step.value, answer.error.message, answer.error.win32_code)


def _sentence(where: str, message: str, code: int) -> Iterator[str]:
    if message or code:
        yield f"{where}: {message or '-'}" + (f" ({code})" if code else "")


def _hidden(value: object, secrets: Sequence[str]) -> object:
    """The same document with passwords hidden in every text and key."""
    match value:
        case str():
            return conceal(value, secrets)
        case dict():
            return {conceal(str(key), secrets): _hidden(one, secrets) for key, one in value.items()}
        case list() | tuple():
            return [_hidden(one, secrets) for one in value]
        case _:
            return value


def _shortened(value: object, characters: int, items: int) -> object:
    """The same document with no text and no list longer than that."""
    match value:
        case str():
            return value if len(value) <= characters else value[: characters - 1] + "…"
        case dict():
            return {
                _shortened(key, characters, items): _shortened(one, characters, items) for key, one in value.items()
            }
        case list():
            kept = [_shortened(one, characters, items) for one in value[:items]]
            return [*kept, f"… {len(value) - items} more"] if len(value) > items else kept
        case _:
            return value
