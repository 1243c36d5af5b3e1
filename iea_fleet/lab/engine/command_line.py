r"""Takes Windows command lines apart: cmd's operators and redirections, a program's argv, PowerShell's parameters.

Sources: `cmd /?`, `powershell -?`, and the rules of CommandLineToArgvW.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Joined = Literal["", "&", "&&", "||"]

_VARIABLE: Final = re.compile(r"%([^%\s=]{1,255})%")
_PROGRAM: Final = re.compile(r'\s*("[^"]+"|[^\s"/]+)')
_CMD_OPTION: Final = re.compile(r"\s*/([a-z])(?::[^\s/]*)?", re.IGNORECASE)
_BACKSLASHES: Final = re.compile(r"\\+")
_REDIRECTION: Final = re.compile(r'>?\s*(?:&([12])|("[^"]*"|[^\s&|<>"]+))')
_MAX_NESTED_CMD: Final = 8
_POWERSHELL: Final = re.compile(r"(?:.*[\\/])?powershell(?:\.exe)?", re.IGNORECASE)
_CMD: Final = re.compile(r"(?:.*[\\/])?cmd(?:\.exe)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One simple command of a line.

    `joined`: the operator before it; `stdout_to`/`stderr_to`: where a stream goes in the end: "1", "2", "nul" or a
    file's path.
    """

    joined: Joined
    text: str
    stdout_to: str = "1"
    stderr_to: str = "2"


def expand_variables(text: str, environment: Mapping[str, str]) -> str:
    """Replace %NAME% as cmd does on a command line: names in any case, an unknown one stays as it is."""
    folded = {name.casefold(): value for name, value in environment.items()}
    return _VARIABLE.sub(lambda match: folded.get(match[1].casefold(), match[0]), text)


def split_steps(text: str) -> list[Step]:
    """The simple commands of a line that cmd runs, in order; quotes and `^` protect operators, `|` is not known."""
    steps: list[Step] = []
    joined: Joined = ""
    current: list[str] = []
    targets = {"1": "1", "2": "2"}
    quoted = False
    position = 0

    def finish() -> None:
        nonlocal current, targets
        if "".join(current).strip():
            steps.append(Step(joined, "".join(current).lstrip(), targets["1"], targets["2"]))
        current, targets = [], {"1": "1", "2": "2"}

    while position < len(text):
        character = text[position]
        if character == '"':
            quoted = not quoted
        elif not quoted and character == "^" and position + 1 < len(text):
            position += 1
            current.append(text[position])
            position += 1
            continue
        elif not quoted and character in "&|":
            doubled = text[position + 1 : position + 2] == character
            if character == "&" or doubled:
                finish()
                joined = "&&" if character == "&" and doubled else "||" if doubled else "&"
                position += 2 if doubled else 1
                continue
        elif not quoted and character == ">":
            stream = "1"
            if current and current[-1] in {"1", "2"} and (len(current) == 1 or current[-2].isspace()):
                stream = current.pop()
            match = _REDIRECTION.match(text, position + 1)
            if match is not None:
                targets[stream] = targets[match[1]] if match[1] else (match[2] or "").strip('"')
                position = match.end()
                continue
        current.append(character)
        position += 1
    finish()
    return steps


def split_arguments(text: str) -> list[str]:
    """A command line as argv: quotes group, backslashes before a quote are halved, `""` in quotes is one quote."""
    arguments: list[str] = []
    current: list[str] = []
    quoted = started = False
    position = 0
    while position < len(text):
        character = text[position]
        if (backslashes := _BACKSLASHES.match(text, position)) is not None:
            run = len(backslashes[0])
            position += run
            if text[position : position + 1] == '"':
                current.append("\\" * (run // 2))
                if run % 2:
                    current.append('"')
                    position += 1
            else:
                current.append("\\" * run)
            started = True
            continue
        if character == '"':
            if quoted and text[position + 1 : position + 2] == '"':
                current.append('"')
                position += 1
            else:
                quoted = not quoted
            started = True
        elif character in " \t" and not quoted:
            if started:
                arguments.append("".join(current))
            current, started = [], False
        else:
            current.append(character)
            started = True
        position += 1
    if started:
        arguments.append("".join(current))
    return arguments


def unwrap_cmd(text: str) -> str:
    """The line that `cmd /c LINE` runs; `text` itself when it is no such call. A few nested calls are unwrapped too."""
    for _ in range(_MAX_NESTED_CMD):
        program = _PROGRAM.match(text)
        if program is None or not _CMD.fullmatch(program[1].strip('"')):
            return text
        position = program.end()
        while (option := _CMD_OPTION.match(text, position)) is not None:
            position = option.end()
            if option[1].lower() in {"c", "k"}:
                break
        else:
            return text
        text = strip_cmd_quotes(text[position:])
    return text


def strip_cmd_quotes(text: str) -> str:
    """The line after `/c` as cmd reads it: without outer quotes, unless they just hold a program's name (`cmd /?`)."""
    text = text.lstrip()
    stripped = text.rstrip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"' and (stripped.count('"') != 2 or " " in stripped):
        return stripped[1:-1]
    return text


@dataclass(frozen=True, slots=True)
class PowerShellCall:
    """A call of powershell.exe.

    `script`: the text of -Command or -EncodedCommand, None: none was given; `from_input`: the script is read from
    standard input (`-Command -` or nothing at all); `file` and `arguments`: of -File; `argv`: all, without the program,
    and with the -Command that was left out.
    """

    argv: tuple[str, ...]
    script: str | None = None
    from_input: bool = False
    file: str | None = None
    arguments: tuple[str, ...] = ()


class PowerShellRefused(ValueError):
    """powershell.exe does not take these parameters; the message is what it says."""


_TAKES_VALUE: Final = {
    "executionpolicy",
    "inputformat",
    "outputformat",
    "version",
    "windowstyle",
    "psconsolefile",
    "configurationname",
}
_SWITCHES: Final = {"noprofile", "noninteractive", "nologo", "noexit", "servermode", "sta", "mta", "help"}
_ALIASES: Final = {
    "ec": "encodedcommand",
    "ep": "executionpolicy",
    "ex": "executionpolicy",
    "nop": "noprofile",
    "s": "servermode",
}
_NAMES: Final = sorted(_TAKES_VALUE | _SWITCHES | {"command", "encodedcommand", "file"})


def is_powershell(program: str) -> bool:
    """True when a program's name or path is that of Windows PowerShell."""
    return _POWERSHELL.fullmatch(program.strip('"')) is not None


def parse_powershell(argv: tuple[str, ...]) -> PowerShellCall:
    """The parameters of powershell.exe, in full or shortened as it takes them. Raises: PowerShellRefused."""
    position = 0
    while position < len(argv):
        word = argv[position]
        position += 1
        if not word.startswith(("-", "/")) or word == "-":
            # A command to Windows PowerShell; PowerShell 7 would take it for a file.
            before, words = argv[: position - 1], argv[position - 1 :]
            return _command((*before, "-Command", *words), words)
        name = _parameter(word[1:].lower())
        if name == "command":
            return _command(argv, argv[position:])
        if name == "file":
            if position >= len(argv):
                raise PowerShellRefused("The argument to the -File parameter is missing.")
            return PowerShellCall(argv, file=argv[position], arguments=argv[position + 1 :])
        if name == "encodedcommand":
            encoded = argv[position] if position < len(argv) else ""
            try:
                script = base64.b64decode(encoded, validate=True).decode("utf-16-le")
            except (binascii.Error, ValueError) as error:
                what = "the value specified with -EncodedCommand is not properly encoded."
                raise PowerShellRefused(f"Cannot process the command because {what}") from error
            return PowerShellCall(argv, script=script)
        if name in _TAKES_VALUE:
            position += 1
    return PowerShellCall(argv, from_input=True)


def _parameter(given: str) -> str:
    if given in _ALIASES:
        return _ALIASES[given]
    found = [name for name in _NAMES if given and name.startswith(given)]
    # `-e`, `-c`, `-f` are short enough for PowerShell; of several candidates the commands come first.
    for preferred in ("encodedcommand", "command", "file"):
        if preferred in found:
            return preferred
    if not found:
        raise PowerShellRefused(f"-{given} is not a parameter of powershell.exe.")
    return found[0]


def _command(argv: tuple[str, ...], words: tuple[str, ...]) -> PowerShellCall:
    if words == ("-",):
        return PowerShellCall(argv, from_input=True)
    return PowerShellCall(argv, script=" ".join(words))
