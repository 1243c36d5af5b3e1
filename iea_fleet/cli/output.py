"""Standard output and standard error that never stop a run: whoever reads them may go away."""

from __future__ import annotations

import os
import sys
from typing import IO, Any, TextIO

from rich.console import Console


class _Deaf:
    """A text stream that goes on as if nothing was when its reader has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._let_go()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _let_go(self) -> None:
        # What is left in Python's buffer must go somewhere, or it complains when the program ends.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stream.fileno())
        os.close(null)


def console(stream: TextIO) -> Console:
    """A console on standard output or standard error; on no terminal it is 160 columns wide and has no colours."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    deaf: IO[str] = _Deaf(stream)  # type: ignore[assignment]
    return Console(file=deaf, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else 160)


def print_document(text: str) -> None:
    """Print one document on standard output as it is."""
    out = _Deaf(sys.stdout)
    out.write(text if text.endswith("\n") else f"{text}\n")
    out.flush()
