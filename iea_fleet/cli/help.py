"""The help of every command in another language than the English that stands in the code."""

from __future__ import annotations

import re
from typing import Any, Final

from iea_fleet.model.phrase import Translate

_MARKS = {
    "DEFAULT_STRING": "[default: {value}]",
    "ENVVAR_STRING": "[env var: {value}]",
    "REQUIRED_LONG_STRING": "[required]",
}
"""What typer writes behind an option's help: its constants, and what they say with a name for the value."""


_WORD: Final = re.compile(r"[^\S\u00a0\u202f]*[\S\u00a0\u202f]+[^\S\u00a0\u202f]*")
"""A word and the spaces around it; rich by itself breaks lines at no-break spaces too."""


def translate_help(command: Any, translate: Translate) -> None:
    """Put all that the help shows of a command and of those below it into a language; types stay as they are called.

    Args:
        command: as typer builds it for one start of the program, with every text still English.
        translate: from a text of the code, or of typer, to that of the language.
    """
    from rich import _wrap
    from typer import rich_utils

    _wrap.re_word = _WORD
    for name, text in _MARKS.items():
        setattr(rich_utils, name, translate(text).replace("{value}", "{}"))
    _translate(command, translate, None)


def _translate(command: Any, translate: Translate, parent: Any) -> None:
    context = command.context_class(command, info_name=command.name, parent=parent, **command.context_settings)
    command.help, command.rich_help_panel = translate(command.help), translate("Commands")
    for param in command.get_params(context):
        title = "Arguments" if param.param_type_name == "argument" else "Options"
        param.rich_help_panel = translate(getattr(param, "rich_help_panel", None) or title)
        param.help = translate(param.help)
    usage, heading = command.get_usage, translate("Usage:")
    command.get_usage = lambda shown: usage(shown).replace("Usage:", heading, 1)
    for each in getattr(command, "commands", {}).values():
        _translate(each, translate, context)
