"""A command line that can't be read, told in the language of whoever wrote it."""

from __future__ import annotations

import re
from typing import Any, Final

from iea_fleet.model.phrase import Phrase, Translate, placeholders, substituted

SHAPES: Final = (
    "Invalid value for {option}: {said}",
    "Invalid value: {said}",
    "No such option: {option} (Possible options: {names})",
    "No such option: {option}",
    "No such command {name}. Did you mean {near}?",
    "No such command {name}.",
    "Missing command.",
    "Missing argument {name}.",
    "Missing option {name}.",
    "Got unexpected extra argument(s) ({words})",
    "Got unexpected extra argument ({words})",
    "Got unexpected extra arguments ({words})",
    "Option {option} requires an argument.",
    "Option {option} does not take a value.",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be greater than or equal to {least}",
    "Input should be less than or equal to {most}",
    "Input should be {names}",
    "String should have at most {most} characters",
    "{value} is not a valid integer.",
    "{value} is not in the range {range}.",
    "{value} is not one of {names}.",
    # our own, from the commands and `lab/messages.py`
    "--watch is for people, --json for programs: take one of them",
    "--prepare takes no workstation of the inventory; name it with --name",
    "--name, --controller, --account and --thumbprint belong to --prepare",
    "name a workstation or give --limit, not both",
    "--any-time goes with --allow-restart",
    "name a host and a fault, or ask for --list",
    "{value} is no NAME=VALUE",
    "there are more sites than hosts",
    "client certificates are shown over TLS only: give --https too",
    "the inventory can't use a logon that the workstations don't offer",
    "{option}: {said}",
)
"""What typer and its parser say, as templates; what is said within another (`said`) has a shape of its own."""


def usage_sentence(error: Any, translate: Translate) -> str:
    """One sentence about a usage error of typer's, with the command whose help tells more.

    Args:
        error: typer's; releases of it differ in what class it is, not in what it can tell.
        translate: into the user's language; what has none of the shapes stays as typer says it.
    """
    # Releases that check values with pydantic say so.
    said = _translated(error.format_message().replace(": Value error, ", ": ", 1), translate)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "iea-fleet"
    stop = "" if said.endswith(("?", ".")) else "."
    return Phrase("{said} See {command} --help", said=said + stop, command=command).told(translate)


def _translated(said: str, translate: Translate) -> str:
    for shape in SHAPES:
        pattern = re.escape(shape)
        for name in placeholders(shape):
            pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>.+?)")
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found is not None:
            values = found.groupdict()
            if "said" in values:
                values["said"] = _translated(values["said"], translate)
            return substituted(translate(shape), values)
    return said
