"""Writes the commands of a pipeline as script text, so that a PowerShell process can run them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from typing import Final

from psrpcore import Command
from psrpcore.types import PipelineResultTypes

_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_PARAMETER: Final = re.compile(r"-?([A-Za-z_][A-Za-z0-9_]{0,127}):?")
_NAMES_INPUT: Final = re.compile(r"\$input\b", re.IGNORECASE)
_NAMES_EXIT: Final = re.compile(r"\bexit\b", re.IGNORECASE)
# PowerShell takes typographic quotation marks for its own.
_QUOTE: Final = re.compile("(['\u2018\u2019\u201a\u201b])")
_MAX_COMMANDS: Final = 100


class CommandRefused(ValueError):
    """A command can't be written as text; the message names what."""


def render_script(commands: Sequence[Command], *, has_input: bool) -> str:
    """The text to run.

    One script without arguments stays as it is, to the letter. Everything else becomes statements of pipelines, with
    the pipeline's input in front of the first.

    Args:
        commands: as psrpcore read them; nothing in them has been checked.
        has_input: the pipeline gets input objects, which are lines of standard input for the process.
    Raises: CommandRefused for more than strings, numbers, Booleans, nothing and lists of these as arguments.
    """
    if not commands or len(commands) > _MAX_COMMANDS:
        raise CommandRefused(f"A pipeline has 1 to {_MAX_COMMANDS} commands here.")
    first = commands[0]
    text = _text_of(first)
    bare = len(commands) == 1 and first.is_script is True and not first.parameters and not _redirections(first)
    if bare and (not has_input or _NAMES_INPUT.search(text)):
        return text
    statements = [[_render(first)]]
    for before, command in itertools.pairwise(commands):
        if before.end_of_statement:
            statements.append([])
        statements[-1].append(_render(command))
    if has_input:
        statements[0].insert(0, "$input")
    return "\n".join(" | ".join(statement) for statement in statements)


def names_exit(script: str) -> bool:
    """Whether the word `exit` is in a script: its exit code may then be meant."""
    return _NAMES_EXIT.search(script) is not None


def _text_of(command: Command) -> str:
    text = command.command_text
    if not isinstance(text, str):
        raise CommandRefused("A command has no text.")
    return str(text)


def _render(command: Command) -> str:
    text = _text_of(command)
    if command.is_script is True:
        # The line's end closes a comment that the script may end with.
        call = f"{'&' if command.use_local_scope is True else '.'} {{\n{text}\n}}"
    else:
        call = text if _PLAIN_NAME.fullmatch(text) else f"& {_literal(text)}"
    return " ".join((call, *map(_argument, command.parameters), *_redirections(command)))


def _argument(parameter: tuple[object, object]) -> str:
    name, value = parameter
    if name is None:
        return _literal(value)
    match = _PARAMETER.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise CommandRefused("A parameter's name is none.")
    # A parameter without a value is a switch.
    return f"-{match[1]}" if value is None else f"-{match[1]}:{_literal(value)}"


def _literal(value: object) -> str:
    if value is None:
        return "$null"
    if isinstance(value, bool):
        return "$true" if value else "$false"
    if type(value).__str__ is not str.__str__ and isinstance(value, str):
        value = str(value)
    if isinstance(value, str):
        return "'" + _QUOTE.sub(r"\1\1", value) + "'"
    if isinstance(value, int):
        return f"({int(value)})"
    if isinstance(value, float) and math.isfinite(value):
        return f"({float(value)!r})"
    if isinstance(value, list):
        return f"@({', '.join(map(_literal, value))})"
    raise CommandRefused(f"An argument of type {type(value).__name__} can't be passed on to a PowerShell process.")


def _redirections(command: Command) -> list[str]:
    """Merged streams, by their numbers in about_Redirection."""
    merged = (
        (2, command.merge_error),
        (3, command.merge_warning),
        (4, command.merge_verbose),
        (5, command.merge_debug),
        (6, command.merge_information),
    )
    targets = {PipelineResultTypes.Output: "&1", PipelineResultTypes.Null: "$null"}
    return [f"{number}>{targets[to]}" for number, to in merged if to in targets]
