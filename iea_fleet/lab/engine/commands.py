"""What a lab workstation answers to ordinary commands, as cmd.exe of Windows 10 would: shared by all engines.

Only what is asked of a workstation in passing is here (`hostname`, `ipconfig`, `whoami` ...), in English. PowerShell is
the engine's matter: it comes in as a hook.
"""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from iea_fleet.lab.engine.command_line import (
    PowerShellCall,
    PowerShellRefused,
    Step,
    expand_variables,
    is_powershell,
    parse_powershell,
    split_arguments,
    split_steps,
    strip_cmd_quotes,
    unwrap_cmd,
)
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, EngineRefused, Process
from iea_fleet.lab.workstation import Workstation

# HRESULT of ERROR_FILE_NOT_FOUND, what the shell answers when it starts a program itself and there is none.
_FILE_NOT_FOUND: Final = 0x80070002
# What cmd sets when a program that is expected everywhere is missing.
EXIT_CODE_NOT_RECOGNIZED: Final = 9009


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an engine adds to the ordinary commands.

    `powershell`: starts a PowerShell call, None: the workstation has no PowerShell; `read_file`: bytes of a Windows
    path, None for a file that is not there.
    """

    powershell: Callable[[PowerShellCall], Process] | None = None
    read_file: Callable[[str], bytes | None] = lambda _: None


def encode_console(text: str, codepage: int) -> bytes:
    """Text as a console program of that code page writes it; what the page lacks becomes `?`."""
    try:
        return text.encode("utf-8" if codepage == 65001 else f"cp{codepage}", "replace")
    except LookupError:
        return text.encode("cp437", "replace")


def environment_of(workstation: Workstation, line: CommandLine) -> dict[str, str]:
    """The environment of a process of this shell: the workstation's, with the shell's variables over it."""
    domain, _, user = line.user.rpartition("\\")
    profile = rf"C:\Users\{user or 'Default'}"
    own = {
        "ALLUSERSPROFILE": r"C:\ProgramData",
        "APPDATA": rf"{profile}\AppData\Roaming",
        "CommonProgramFiles": r"C:\Program Files\Common Files",
        "COMPUTERNAME": workstation.name.upper(),
        "ComSpec": r"C:\Windows\system32\cmd.exe",
        "LOCALAPPDATA": rf"{profile}\AppData\Local",
        "NUMBER_OF_PROCESSORS": "2",
        "OS": "Windows_NT",
        "Path": r"C:\Windows\system32;C:\Windows;C:\Windows\System32\Wbem;"
        r"C:\Windows\System32\WindowsPowerShell\v1.0" + "\\",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC",
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "ProgramData": r"C:\ProgramData",
        "ProgramFiles": r"C:\Program Files",
        "ProgramFiles(x86)": r"C:\Program Files (x86)",
        "PROMPT": "$P$G",
        "PUBLIC": r"C:\Users\Public",
        "SystemDrive": "C:",
        "SystemRoot": r"C:\Windows",
        "TEMP": rf"{profile}\AppData\Local\Temp",
        "TMP": rf"{profile}\AppData\Local\Temp",
        "USERDOMAIN": (domain or workstation.name).upper(),
        "USERNAME": user,
        "USERPROFILE": profile,
        "windir": r"C:\Windows",
    }
    folded = {name.casefold(): name for name in own}
    for name, value in line.environment.items():
        own[folded.get(name.casefold(), name)] = value
    return own


def start(workstation: Workstation, line: CommandLine, hooks: Hooks) -> Process:
    """Start a command line of a text shell.

    Args:
        workstation: who answers.
        line: what was asked.
        hooks: what the engine adds.
    Returns: the process; PowerShell alone on the line is the hook's own process, with its streams as they come.
    Raises: EngineRefused when the shell was to start the program itself (WINRS_SKIP_CMD_SHELL) and there is none.
    """
    environment = environment_of(workstation, line)
    console = _Console(workstation, line, hooks, environment)
    if line.skip_cmd_shell:
        program = line.command.strip('"')
        # Windows looks nowhere for such a program: it takes a path.
        known = _program(program) in _PROGRAMS or (is_powershell(program) and hooks.powershell is not None)
        if not known or not ntpath.dirname(program):
            raise EngineRefused(_FILE_NOT_FOUND, "The system cannot find the file specified. ")
    # A text shell gives the line to `cmd /c`; WinRb's client puts the whole of it in quotes, which that takes off.
    text = line.text if line.skip_cmd_shell else strip_cmd_quotes(line.text)
    text = expand_variables(unwrap_cmd(text), environment)
    steps = split_steps(text)
    if len(steps) == 1 and steps[0] == Step("", steps[0].text):
        call = console.powershell_call(steps[0].text)
        if call is not None and hooks.powershell is not None:
            return hooks.powershell(call)
    return AnswerProcess(lambda _: console.run(steps))


def _program(word: str) -> str:
    """The name by which a command is known here: without folder, quotes and `.exe`, in lower case."""
    return ntpath.basename(word.strip('"')).lower().removesuffix(".exe").removesuffix(".com")


@dataclass(slots=True)
class _Outcome:
    """What one command wrote, as text or as bytes, and its exit code."""

    stdout: str | bytes = ""
    stderr: str | bytes = ""
    exit_code: int = 0
    ends_line: bool = False


class _Console:
    """Runs the steps of one line, one after the other."""

    def __init__(
        self, workstation: Workstation, line: CommandLine, hooks: Hooks, environment: Mapping[str, str]
    ) -> None:
        self.workstation, self.line, self.hooks, self.environment = workstation, line, hooks, environment
        self.folder = line.working_directory or environment["USERPROFILE"]

    async def run(self, steps: list[Step]) -> Answer:
        """Run the steps as cmd would and give all that they wrote."""
        streams = {"1": b"", "2": b""}
        exit_code = 0
        for step in steps:
            if (step.joined == "&&" and exit_code) or (step.joined == "||" and not exit_code):
                continue
            outcome = await self._step(step.text)
            exit_code = outcome.exit_code
            for target, data in ((step.stdout_to, outcome.stdout), (step.stderr_to, outcome.stderr)):
                encoded = data if isinstance(data, bytes) else encode_console(data, self.line.codepage)
                if target in streams:
                    streams[target] += encoded
            if outcome.ends_line:
                break
        return Answer(streams["1"], streams["2"], exit_code & 0xFFFFFFFF)

    def powershell_call(self, text: str) -> PowerShellCall | None:
        """The call when `text` is one of powershell.exe with parameters that it takes; None else."""
        argv = split_arguments(text)
        if not argv or not is_powershell(argv[0]):
            return None
        try:
            return parse_powershell(tuple(argv[1:]))
        except PowerShellRefused:
            return None

    async def _step(self, text: str) -> _Outcome:
        word, rest = _first_word(text)
        program = _program(word)
        if is_powershell(word):
            return await self._powershell(word, text)
        handler = _BUILT_IN.get(program) or _PROGRAMS.get(program)
        if handler is None:
            return _Outcome(stderr=_not_recognized(word), exit_code=1)
        return handler(self, rest)

    async def _powershell(self, word: str, text: str) -> _Outcome:
        if self.hooks.powershell is None:
            return _Outcome(stderr=_not_recognized(word), exit_code=EXIT_CODE_NOT_RECOGNIZED)
        try:
            process = self.hooks.powershell(parse_powershell(tuple(split_arguments(text)[1:])))
        except PowerShellRefused as refused:
            return _Outcome(stderr=f"{refused}\r\n", exit_code=1)
        await process.feed(b"", True)
        streams = {"stdout": b"", "stderr": b""}
        while process.output.exit_code is None or not process.output.empty:
            await process.output.wait_for_news(60.0)
            for name, data in process.output.take(1 << 20):
                streams[name] += data
        return _Outcome(streams["stdout"], streams["stderr"], process.output.exit_code)

    def echo(self, rest: str) -> _Outcome:
        text = rest.removeprefix(" ").removeprefix(".")
        if not text.strip():
            return _Outcome("ECHO is on.\r\n" if not rest.startswith(".") else "\r\n")
        return _Outcome(f"{text}\r\n")

    def exit(self, rest: str) -> _Outcome:
        words = [word for word in rest.split() if word.lower() != "/b"]
        code = int(words[0]) if words and words[0].lstrip("-").isdecimal() and len(words[0]) < 12 else 0
        return _Outcome(exit_code=code, ends_line=True)

    def set(self, rest: str) -> _Outcome:
        prefix = rest.strip().strip('"')
        lines = [
            f"{name}={value}\r\n"
            for name, value in sorted(self.environment.items(), key=lambda item: item[0].upper())
            if name.upper().startswith(prefix.upper())
        ]
        if lines or "=" in prefix:
            return _Outcome("".join(lines))
        return _Outcome(stderr=f"Environment variable {prefix} not defined\r\n", exit_code=1)

    def cd(self, rest: str) -> _Outcome:
        target = rest.strip().strip('"').removeprefix("/d").strip()
        if target:
            self.folder = ntpath.normpath(ntpath.join(self.folder, target))
            return _Outcome()
        return _Outcome(f"{self.folder}\r\n")

    def ver(self, _: str) -> _Outcome:
        return _Outcome(f"\r\nMicrosoft Windows [Version {self.workstation.description.build}]\r\n")

    def type(self, rest: str) -> _Outcome:
        content = self.hooks.read_file(ntpath.join(self.folder, rest.strip().strip('"')))
        if content is None:
            return _Outcome(stderr="The system cannot find the file specified.\r\n", exit_code=1)
        return _Outcome(content)

    def nothing(self, _: str) -> _Outcome:
        return _Outcome()

    def hostname(self, _: str) -> _Outcome:
        return _Outcome(f"{self.workstation.name}\r\n")

    def whoami(self, _: str) -> _Outcome:
        domain, _, user = self.line.user.rpartition("\\")
        return _Outcome(f"{(domain or self.workstation.name).lower()}\\{user.lower()}\r\n")

    def chcp(self, _: str) -> _Outcome:
        return _Outcome(f"Active code page: {self.line.codepage}\r\n")

    def where(self, rest: str) -> _Outcome:
        wanted = rest.strip().strip('"').lower().removesuffix(".exe")
        if wanted in _PROGRAMS or wanted == "cmd":
            return _Outcome(f"C:\\Windows\\System32\\{wanted}.exe\r\n")
        if wanted == "powershell" and self.hooks.powershell is not None:
            return _Outcome("C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\r\n")
        return _Outcome(stderr="INFO: Could not find files for the given pattern(s).\r\n", exit_code=1)

    def ipconfig(self, rest: str) -> _Outcome:
        description = self.workstation.description
        family = "IPv6" if ":" in description.address else "IPv4"
        lines = ["", "Windows IP Configuration", ""]
        if rest.strip().lower() == "/all":
            lines += [
                f"   Host Name . . . . . . . . . . . . : {description.name}",
                f"   Primary Dns Suffix  . . . . . . . : {description.domain or ''}",
                "   Node Type . . . . . . . . . . . . : Hybrid",
                "   IP Routing Enabled. . . . . . . . : No",
                "   WINS Proxy Enabled. . . . . . . . : No",
                "",
            ]
        lines += [
            "",
            "Ethernet adapter Ethernet:",
            "",
            f"   Connection-specific DNS Suffix  . : {description.domain or ''}",
            f"   {family} Address. . . . . . . . . . . : {description.address}",
            "   Subnet Mask . . . . . . . . . . . : 255.0.0.0",
            "   Default Gateway . . . . . . . . . : ",
            "",
        ]
        return _Outcome("\r\n".join(lines))


def _first_word(text: str) -> tuple[str, str]:
    r"""The command's word, and what follows it with its leading blank; `echo.` and `cd\` end at their sign."""
    if text.startswith('"'):
        end = text.find('"', 1) + 1 or len(text)
        return text[:end], text[end:]
    end = next((index for index, character in enumerate(text) if character in " \t,;=" or character == "/"), len(text))
    word = text[:end]
    for built_in in ("echo.", "cd\\", "cd."):
        if word.lower().startswith(built_in):
            end = len(built_in) - 1
    return text[:end], text[end:]


def _not_recognized(word: str) -> str:
    return (
        f"'{word.strip(chr(34))}' is not recognized as an internal or external command,\r\n"
        "operable program or batch file.\r\n"
    )


_Handler = Callable[[_Console, str], _Outcome]

_BUILT_IN: Final[Mapping[str, _Handler]] = {
    "echo": _Console.echo,
    "exit": _Console.exit,
    "set": _Console.set,
    "cd": _Console.cd,
    "chdir": _Console.cd,
    "ver": _Console.ver,
    "type": _Console.type,
    "rem": _Console.nothing,
    "@echo": _Console.nothing,
}
_PROGRAMS: Final[Mapping[str, _Handler]] = {
    "hostname": _Console.hostname,
    "ipconfig": _Console.ipconfig,
    "whoami": _Console.whoami,
    "chcp": _Console.chcp,
    "where": _Console.where,
}
