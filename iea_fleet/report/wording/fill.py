"""Finds the words of a finding and fills in its evidence."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

from iea_fleet.model.finding import Finding
from iea_fleet.model.phrase import PLACEHOLDER, Translate, placeholders, substituted
from iea_fleet.model.text import SHOWN_CHARACTERS, neutralise
from iea_fleet.report.wording.assistance import TEXTS as ASSISTANCE_TEXTS
from iea_fleet.report.wording.connection import TEXTS as CONNECTION_TEXTS
from iea_fleet.report.wording.doctor import TEXTS as DOCTOR_TEXTS
from iea_fleet.report.wording.entry import Words
from iea_fleet.report.wording.fleet import TEXTS as FLEET_TEXTS
from iea_fleet.report.wording.licence import TEXTS as LICENCE_TEXTS
from iea_fleet.report.wording.plan import TEXTS as PLAN_TEXTS
from iea_fleet.report.wording.relaunch import TEXTS as RELAUNCH_TEXTS
from iea_fleet.report.wording.run import TEXTS as RUN_TEXTS
from iea_fleet.report.wording.session import TEXTS as SESSION_TEXTS
from iea_fleet.report.wording.share import TEXTS as SHARE_TEXTS
from iea_fleet.report.wording.transaction import TEXTS as TRANSACTION_TEXTS
from iea_fleet.report.wording.transport import TEXTS as TRANSPORT_TEXTS
from iea_fleet.report.wording.vocabulary import SHARED, VOCABULARY

Language = Literal["fr", "en"]

LOCALE_FOLDER: Final = Path(__file__).parents[2] / "locale"
TEXTS: Final[Mapping[str, Words]] = {
    **CONNECTION_TEXTS,
    **TRANSACTION_TEXTS,
    **TRANSPORT_TEXTS,
    **RUN_TEXTS,
    **DOCTOR_TEXTS,
    **SHARE_TEXTS,
    **LICENCE_TEXTS,
    **SESSION_TEXTS,
    **ASSISTANCE_TEXTS,
    **RELAUNCH_TEXTS,
    **PLAN_TEXTS,
    **FLEET_TEXTS,
}
"""Every text by code."""

_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")

_MOMENTS: Final = frozenset(
    {
        "not_before",
        "not_after",
        "workstation_time",
        "certificate_from",
        "certificate_until",
        "host_clock",
        "our_clock",
        "since",
        "opens",
    }
)
_MINUTES: Final = frozenset({"age_min"})
_WIRE_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(:\d\dZ)?")
"""In UTC with its seconds and Z; without, in the workstation's own time."""

_UNKNOWN: Final = Words(title="{code}", explanation="This release has no words for this finding.", next_step="")


def words(finding: Finding, lang: Language) -> Words:
    """The words of a finding, ready to show: evidence filled in and neutralised, but not escaped for any markup.

    A part in square brackets is left out when evidence that it names is missing; elsewhere missing evidence reads
    « not told ». Never raises: a code without words is shown by its name.
    """
    entry = TEXTS.get(finding.code, _UNKNOWN)
    evidence = {**finding.evidence, "code": finding.code}
    translate = translator(lang)
    return Words(*(_fill(part, evidence, translate) for part in (entry.title, entry.explanation, entry.next_step)))


@cache
def translator(lang: Language) -> Translate:
    """The function from English msgid to text of a language; the empty text stays empty."""
    if lang == "en":
        return str
    catalogue = gettext.translation("iea_fleet", localedir=str(LOCALE_FOLDER), languages=[lang])
    return lambda msgid: catalogue.gettext(msgid) if msgid else ""


def vocabulary_word(name: str, token: str, lang: Language) -> str:
    """One word of the vocabulary in a language; a token that it does not have is given back as it is."""
    msgid = VOCABULARY[name].get(token)
    return token if msgid is None else translator(lang)(msgid)


def language_of(locale_name: str | None) -> Language:
    """The language for a POSIX locale such as `fr_FR.UTF-8`: French for French ones, else English."""
    return "fr" if (locale_name or "").lower().startswith("fr") else "en"


def _fill(msgid: str, evidence: Mapping[str, str], translate: Translate) -> str:
    text = _OPTIONAL.sub(lambda part: _optional(part[0], evidence), translate(msgid))
    filled = PLACEHOLDER.sub(lambda name: _value(name[1], evidence, translate), text)
    first = PLACEHOLDER.match(text)
    if first is not None and (first[1] in VOCABULARY or first[1] in SHARED):
        # A word of ours that begins the sentence; evidence (a host name, a path) stays as it is spelt.
        return filled[:1].upper() + filled[1:]
    return filled


def _optional(part: str, evidence: Mapping[str, str]) -> str:
    """A part in square brackets: without them, or nothing when evidence is missing; as it is when it names none."""
    needed = placeholders(part)
    if not needed:
        return part
    return part[1:-1] if needed <= evidence.keys() else ""


def _value(name: str, evidence: Mapping[str, str], translate: Translate) -> str:
    if name in SHARED:
        # Our own sentence, filled from the same evidence; it begins in the middle of another one.
        inner = translate(SHARED[name])
        return PLACEHOLDER.sub(lambda part: _value(part[1], evidence, translate), inner)
    value = evidence.get(name)
    if value is None:
        return translate(SHARED["not_told"])
    if not value:
        return translate(SHARED["nothing"])
    if name in VOCABULARY:
        vocabulary = VOCABULARY[name]
        tokens = (translate(vocabulary[token]) if token in vocabulary else token for token in value.split(", "))
        value = ", ".join(tokens)
    elif name in _MOMENTS:
        value = _moment(value, translate)
    elif name in _MINUTES:
        value = _length(value, translate)
    return neutralise(value, SHOWN_CHARACTERS)


def _moment(value: str, translate: Translate) -> str:
    """A moment of the wire as people of the language write it; any other text as it is."""
    parts = _WIRE_MOMENT.fullmatch(value)
    if parts is None:
        return value
    values = dict(zip(("year", "month", "day", "hour", "minute"), parts.groups()[:5], strict=True))
    return substituted(translate(SHARED["moment" if parts[6] else "local_moment"]), values)


def _length(value: str, translate: Translate) -> str:
    """A number of minutes in the two largest units that it has; any other text as it is."""
    if not (value.isascii() and value.isdigit()):
        return value
    hours, minutes = divmod(int(value), 60)
    days = hours // 24
    name = "age_days" if days else "age_hours" if hours else "age_minutes"
    return substituted(translate(SHARED[name]), {"days": days, "hours": hours % 24, "minutes": minutes})
