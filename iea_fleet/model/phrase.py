"""Words of ours with values in them, put into a language only when somebody reads them."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

Translate = Callable[[str], str]
"""From an English template to that of a language, with the same placeholders; `str` leaves it English."""

PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""Of a template; its group is the name."""


class Phrase:
    """An English template and what stands for its placeholders.

    Args:
        template: constant English text with placeholders such as `{host}`; the msgid of the catalogue.
        values: by placeholder: a phrase, which is put into the language as well, or anything else, as text as it is.
    """

    __slots__ = ("template", "values")

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values: Mapping[str, str | Phrase] = {
            name: value if isinstance(value, Phrase) else str(value) for name, value in values.items()
        }

    def told(self, translate: Translate = str) -> str:
        """The text in a language. Never raises: a placeholder without a value stays, and values are no templates."""
        return PLACEHOLDER.sub(lambda name: self._value(name[1], name[0], translate), translate(self.template))

    def _value(self, name: str, as_it_is: str, translate: Translate) -> str:
        value = self.values.get(name, as_it_is)
        return value.told(translate) if isinstance(value, Phrase) else value


def placeholders(template: str) -> frozenset[str]:
    """The names in braces of a template or its translation."""
    return frozenset(PLACEHOLDER.findall(template))


def substituted(template: str, values: Mapping[str, object]) -> str:
    """A text with each placeholder replaced by its value; braces within a value stay as they are.

    Raises:
        KeyError: a placeholder without a value.
    """
    return PLACEHOLDER.sub(lambda name: str(values[name[1]]), template)


_SYSTEM: Final[Mapping[int, Phrase]] = {
    errno.EACCES: Phrase("Permission denied"),
    errno.EADDRINUSE: Phrase("Address already in use"),
    errno.ECONNREFUSED: Phrase("Connection refused"),
    errno.EEXIST: Phrase("File exists"),
    errno.EISDIR: Phrase("Is a directory"),
    errno.ELOOP: Phrase("Too many levels of symbolic links"),
    errno.EMFILE: Phrase("Too many open files"),
    errno.ENAMETOOLONG: Phrase("File name too long"),
    errno.ENOENT: Phrase("No such file or directory"),
    errno.ENOSPC: Phrase("No space left on device"),
    errno.ENOTDIR: Phrase("Not a directory"),
    errno.EPERM: Phrase("Operation not permitted"),
    errno.EROFS: Phrase("Read-only file system"),
}
"""The system's own sentences for what people meet, in English as without any locale."""


def system_said(error: OSError) -> Phrase:
    """What the system said about a failure; the frequent sentences are told in every language."""
    return _SYSTEM.get(error.errno or 0, Phrase("{said}", said=error.strerror or error))


def did_you_mean(name: str, known: Iterable[str], otherwise: Phrase) -> Phrase:
    """Ask whether the known name that is most like another was meant; where none is, say something else."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return Phrase("Did you mean {name}?", name=near[0]) if near else otherwise


def first_and_others(names: Sequence[str]) -> Phrase:
    """The first of some names, and how many more there are."""
    if len(names) == 1:
        return Phrase("{first}", first=names[0])
    return Phrase("{first} and {count} more", first=names[0], count=len(names) - 1)
