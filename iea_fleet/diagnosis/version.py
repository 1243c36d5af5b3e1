"""The version of the application that a workstation tells, for the subject of a support request."""

from __future__ import annotations

import re
from typing import Final

from iea_fleet.diagnosis.connection import VERSION
from iea_fleet.model.answer import Answer, SettingFacts

_VERSION: Final = re.compile(r"3\.00\.[0-9]{2}")


def told_versions(answer: Answer) -> tuple[str, ...]:
    """What a workstation gives as its version now, each text once, as it is: not checked, not neutralised."""
    latest = (facts for facts in (*answer.verify, *answer.probes) if isinstance(facts, SettingFacts))
    facts = next((facts for facts in latest if facts.id == VERSION), None)
    return () if facts is None else tuple(dict.fromkeys(place.value for place in facts.places if place.value))


def application_version(answer: Answer) -> str | None:
    """The one version that a workstation tells, when it is a `3.00.XX`; `None`: not asked, not told, or another text.

    A host may invent anything here, and the text goes into the subject of a mail.

    Source: vendor sheet "Mode de connexion au serveur", case 2, « Serveur de connexion 3.00.XX ».
    """
    told = told_versions(answer)
    return told[0] if len(told) == 1 and _VERSION.fullmatch(told[0]) else None
