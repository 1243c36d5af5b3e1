"""The few forms of PowerShell that people try first on a workstation, answered without a PowerShell."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.engine.commands import encode_console
from iea_fleet.lab.engine.output_faults import clixml
from iea_fleet.lab.engine.processes import Answer


def answer(machine: Machine, script: str, codepage: int) -> Answer:
    """What Windows PowerShell prints for `script`; a statement that is not known here is no command that it knows."""
    lines: list[str] = []
    exit_code = 0
    for statement in re.split(r"[;\r\n]+", script):
        statement = statement.strip()
        if not statement or statement.lower().startswith("$progresspreference"):
            continue
        if leave := re.fullmatch(r"exit(?:\s+(?:(\d{1,9})|\$LASTEXITCODE))?", statement, re.IGNORECASE):
            # No statement here runs a native program, so the last one's exit code is nothing.
            exit_code = int(leave[1] or 0)
            break
        said = _statement(machine, statement)
        if said is None:
            return Answer(encode_console("".join(lines), codepage), _not_recognized(statement), 1)
        lines.append(f"{said}\r\n")
    return Answer(encode_console("".join(lines), codepage), exit_code=exit_code)


def _statement(machine: Machine, statement: str) -> str | None:
    match statement.lower():
        case "hostname" | "hostname.exe" | "$env:computername":
            return machine.identity.computer_name
        case "whoami":
            return machine.identity.user.lower()
        case "$psversiontable.psversion.tostring()":
            return machine.identity.powershell
    if variable := re.fullmatch(r"\$env:(\w+)", statement, re.IGNORECASE):
        value = machine.expanded(f"%{variable[1]}%")
        return "" if value.startswith("%") else value
    if text := re.fullmatch(r"(?:write-output|write-host|echo)\s+(.+)", statement, re.IGNORECASE):
        return _text(text[1])
    return _text(statement) if statement[0] in "\"'" else None


def _text(words: str) -> str | None:
    """One quoted or bare argument as text; None for what would have to be computed."""
    if words[0] in "\"'":
        inner = words[1:-1]
        plain = len(words) > 1 and words[-1] == words[0] and words[0] not in inner and "`" not in inner
        return inner if plain and (words[0] == "'" or "$" not in inner) else None
    return None if re.search(r"[$`(){}|&<>@,\s]", words) else words


def _not_recognized(statement: str) -> bytes:
    name = statement.split()[0]
    lines = (
        f"{name} : The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable ",
        "program. Check the spelling of the name, or if a path was included, verify that the path is correct and try ",
        "again.",
        "At line:1 char:1",
        f"+ {statement}",
        f"+ {'~' * len(name)}",
        f"    + CategoryInfo          : ObjectNotFound: ({name}:String) [], CommandNotFoundException",
        "    + FullyQualifiedErrorId : CommandNotFoundException",
        " ",
    )
    return clixml("".join(f'<S S="Error">{escape(line)}_x000D__x000A_</S>' for line in lines))
