"""The commands and what surrounds each of them: one sentence for a failure, the right exit code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import typer
from typer.main import get_command

from iea_fleet.cli import doctor, fix, lab, outbox, push, report, runs, version
from iea_fleet.cli.options import Lang
from iea_fleet.cli.output import for_what_others_print, open_missing_streams, print_sentence, require_written
from iea_fleet.cli.start import language_for
from iea_fleet.cli.words import Language, say
from iea_fleet.model.errors import INTERRUPTED, FleetError
from iea_fleet.model.phrase import Translate

_UsageError: Any = typer.BadParameter.__base__
"""typer's, or click's: only its children have a name that every release gives."""


app = typer.Typer(
    name="iea-fleet",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keeps a fleet of Impact emploi association workstations connected: pushes, verifies and reports over WinRM.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="push")(push.push)
app.command(name="report")(report.report)
app.command(name="fix")(fix.fix)
app.command(name="doctor")(doctor.doctor)
app.add_typer(runs.app, name="runs")
app.add_typer(outbox.app, name="outbox")
app.add_typer(lab.app, name="lab")
app.command(name="version")(version.version)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; gives the exit code and has told the user everything on standard error."""
    open_missing_streams()
    try:
        with for_what_others_print():
            code = _carry_out(arguments)
        require_written()
    except FleetError as error:
        _tell(error.sentence(_translate(arguments)))
        code = error.exit_code
    except KeyboardInterrupt:
        _tell(say("aborted", _language(arguments)))
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does. Python would complain about it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        from iea_fleet.cli.unforeseen import log_unforeseen

        _tell(log_unforeseen(error, _language(arguments)))
        code = FleetError.exit_code
    return code if isinstance(code, int) else 0 if code is None else 1


def _carry_out(arguments: Sequence[str]) -> int | str | None:
    """Carry out the command; gives its exit code. Raises: whatever it raises, other than for a bad command line."""
    command = get_command(app)
    if _asks_for_help(arguments) and _language(arguments) != "en":
        from iea_fleet.cli.help import translate_help

        translate_help(command, _translate(arguments))
    try:
        code: int | str | None = command(list(arguments), prog_name="iea-fleet", standalone_mode=False)
    except SystemExit as end:
        return end.code
    except typer.Abort as end:
        raise KeyboardInterrupt from end
    except _UsageError as error:
        if "NoArgs" in type(error).__name__:  # a command without any argument shows its help
            error.show()
        else:
            from iea_fleet.cli.usage import usage_sentence

            _tell(usage_sentence(error, _translate(arguments)))
        return int(error.exit_code)
    return code


def _asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether help may be shown: it is asked for, or there is nothing but the name of commands."""
    return not {"-h", "--help"}.isdisjoint(arguments) or len(arguments) < 2


def _language(arguments: Sequence[str]) -> Language:
    """The language of a command line, wherever `--lang` stands in it; also of one that could not be read."""
    named = ""
    for word, following in pairwise((*arguments, "")):
        option, equals, value = word.partition("=")
        if option == "--lang":
            named = value if equals else following
    return language_for(Lang(named) if named in set(Lang) else None)


def _translate(arguments: Sequence[str]) -> Translate:
    """Into the language of a command line."""
    from iea_fleet.report.wording.fill import translator

    try:
        return translator(_language(arguments))
    except OSError:  # no further file can be opened, which may be what is to be told
        return str


def _tell(sentence: str) -> None:
    from iea_fleet.model.text import neutralise

    print_sentence(f"iea-fleet: {neutralise(sentence)}")
