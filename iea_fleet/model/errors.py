"""Failures that a user can meet. Each carries what happened, where, and how to mend it, for people of any language.

    FleetError                  70  something of ours is broken
    ├── InputError               3  inventory, profile, pattern, credentials or an option can't be used
    ├── HostsBusy                5  another push holds these hosts
    └── LocalFailure             6  this machine: state folder, disk, port, a ledger from a newer release

The other exit codes come from outcomes, not from errors: 0 every host is as wanted, 1 some are not, 2 the command line
was wrong, 4 some hosts could not be judged, 130 interrupted.
"""

from __future__ import annotations

from typing import ClassVar, Final

from iea_fleet.model.phrase import Phrase, Translate

INTERRUPTED: Final = 130
"""The exit code of a program that was asked to end (128 + SIGINT)."""

SENTENCE: Final = "{where}: {what}. {mend}"
"""How the three parts of a failure are put together; a template like theirs."""


class FleetError(Exception):
    """Root of every failure that a user can meet. As text it is English; `sentence` tells it in any language.

    Args:
        where: the host, file or option concerned, as it is; a phrase where it is words of ours.
        what: what happened, one sentence without its full stop: a constant English template, or a phrase.
        mend: what to do about it, one sentence, likewise.
        values: what stands for the placeholders of those two templates, see `Phrase`.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, where: str | Phrase, what: str | Phrase, mend: str | Phrase, /, **values: object) -> None:
        super().__init__(where, what, mend)
        self.phrases = (
            where if isinstance(where, Phrase) else Phrase("{where}", where=where),
            what if isinstance(what, Phrase) else Phrase(what, **values),
            mend if isinstance(mend, Phrase) else Phrase(mend, **values),
        )

    def parts(self, translate: Translate = str) -> tuple[str, str, str]:
        """Where, what and how to mend it, in a language."""
        where, what, mend = (phrase.told(translate) for phrase in self.phrases)
        return where, what, mend

    def sentence(self, translate: Translate = str) -> str:
        """All of it in a language."""
        where, what, mend = self.phrases
        return Phrase(SENTENCE, where=where, what=what, mend=mend).told(translate)

    def __str__(self) -> str:
        return self.sentence()

    @property
    def where(self) -> str:
        """Where it happened, in English."""
        return self.parts()[0]

    @property
    def what(self) -> str:
        """What happened, in English."""
        return self.parts()[1]

    @property
    def mend(self) -> str:
        """How to mend it, in English."""
        return self.parts()[2]


class Unfit(ValueError):
    """Why a value does not fit, for its model to raise: pydantic makes a refusal of it, which names the place.

    Args:
        template: constant English text.
        values: what stands for its placeholders, see `Phrase`.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        self.phrase = Phrase(template, **values)
        super().__init__(self.phrase.told())


class InputError(FleetError):
    """What the user gave can't be used."""

    exit_code = 3


class HostsBusy(FleetError):
    """Another run holds a host that was asked for."""

    exit_code = 5


class LocalFailure(FleetError):
    """This machine stands in the way."""

    exit_code = 6
