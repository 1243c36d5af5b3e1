"""Standard output and standard error that never stop a run: whoever reads them may go away."""

from __future__ import annotations

import codecs
import errno
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import IO, TYPE_CHECKING, Any, TextIO

from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

if TYPE_CHECKING:
    from rich.console import Console

_GONE = frozenset({errno.EPIPE, errno.EIO})
"""A reader that has gone, as `head` does, and a terminal that was closed: nobody misses the rest."""
_lost: list[OSError] = []
"""What kept standard output from being written, the first of it."""


_PLAINLY = "iea_fleet.plainly"
"""Our name for `_plainly` among Python's ways to go on where an encoding lacks a character."""
_LOOKALIKES = {
    "’": "'", "«": '"', "»": '"', "…": "...", "–": "-", "→": "->", "·": "-", "•": "*", "×": "x", "✓": "+", "✗": "x",
    "─": "-", "│": "|", "œ": "oe", "Œ": "OE", "●": "o", "♥": "*", "◆": "#",
}  # fmt: skip
"""What stands for our own signs where only ASCII, or an encoding of before Unicode, can be shown."""


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """A character that the output can't hold: its lookalike, its letter without accent, else its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    told = ""
    for character in error.object[error.start : error.end]:
        plain = (
            _LOOKALIKES.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        )
        told += plain or character.encode("ascii", "backslashreplace").decode()
    return told, error.end


codecs.register_error(_PLAINLY, _plainly)


class _Deaf:
    """A text stream that goes on as if nothing was when its reader has gone, or its encoding lacks a character."""

    def __init__(self, stream: TextIO) -> None:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_PLAINLY)
        self._stream, self._is_output = stream, stream is sys.stdout

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._let_go(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._let_go(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _let_go(self, error: OSError) -> None:
        if error.errno not in _GONE and self._is_output:
            _lost.append(error)
        # What is left in Python's buffer must go somewhere, or it complains when the program ends.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)


def open_missing_streams() -> None:
    """Let standard input, output and error lead nowhere where they are closed, as after `>&-`.

    Otherwise the next file that is opened, such as the ledger, has their number, and what a child prints goes there.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


@contextmanager
def for_what_others_print() -> Iterator[None]:
    """Let what is printed past this module, as typer prints help, stop nothing either."""
    out: IO[str] = _Deaf(sys.stdout)  # type: ignore[assignment]
    err: IO[str] = _Deaf(sys.stderr)  # type: ignore[assignment]
    with redirect_stdout(out), redirect_stderr(err):
        yield


def require_written() -> None:
    """See that all of standard output was written. Raises: LocalFailure, as when its disk is full."""
    _Deaf(sys.stdout).flush()
    if _lost:
        raise LocalFailure(
            Phrase("standard output"),
            "the result could not be written there ({said})",
            "Make room there and look again; iea-fleet runs list has every run",
            said=system_said(_lost[0]),
        ) from _lost[0]


def console(stream: TextIO) -> Console:
    """A console on an output; on no terminal it has no colours and is as wide as COLUMNS says, else 160."""
    from rich.console import Console

    deaf: IO[str] = _Deaf(stream)  # type: ignore[assignment]
    told = os.environ.get("COLUMNS", "")
    width = int(told) if told.isdecimal() and len(told) < 5 else None if stream.isatty() else 160
    return Console(file=deaf, highlight=False, markup=False, emoji=False, width=width)


def print_document(text: str) -> None:
    """Print one document on standard output as it is."""
    _print(_Deaf(sys.stdout), text)


def print_sentence(text: str) -> None:
    """Print one sentence on standard error as it is."""
    _print(_Deaf(sys.stderr), text)


def _print(out: _Deaf, text: str) -> None:
    out.write(text if text.endswith("\n") else f"{text}\n")
    out.flush()
