"""The first moments of a command: the language, and a sign of life before anything slow is loaded."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from iea_fleet.cli.options import Lang
from iea_fleet.cli.output import console
from iea_fleet.cli.words import Language, say

if TYPE_CHECKING:
    from rich.console import Console


def language_for(lang: Lang | None) -> Language:
    """The language asked for, else the locale's (POSIX: LC_ALL, LC_MESSAGES, LANG): French or else English."""
    if lang is not None:
        return lang.value
    locale = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "fr" if locale.casefold().startswith("fr") else "en"


def start(lang: Lang | None, first: str = "reading") -> tuple[Console, Language]:
    """The console for progress (standard error) with its first line on it (a key of `words.py`), and the language."""
    language = language_for(lang)
    screen = console(sys.stderr)
    screen.print(say(first, language))
    return screen, language
