"""What stands behind a lab workstation's endpoint: an engine starts processes, the endpoint carries their streams.

The endpoint knows [MS-WSMV]; an engine knows what a workstation answers. They meet in `CommandLine` (what was asked),
`Process` (one running command) and `ProcessOutput` (the bounded buffer between both).
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol

from iea_fleet.lab.workstation import Workstation

OutputName = Literal["stdout", "stderr"]

# What a console program ends with when Ctrl+C or Ctrl+Break stops it: STATUS_CONTROL_C_EXIT, [MS-ERREF] 2.3.1.
EXIT_CODE_CONTROL_C = 0xC000013A
# What TerminateProcess of the shell's host gives its child.
EXIT_CODE_TERMINATED = 1


class Signal(Enum):
    """The signals of a text shell, [MS-WSMV] 2.2.4.38."""

    CTRL_C = "ctrl_c"
    CTRL_BREAK = "ctrl_break"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command as the shell received it.

    `arguments` are in the client's order and not yet joined (a Windows shell joins them with a space);
    `environment` and `working_directory` (None: the user's profile) come from the shell; `codepage` is the console's.
    `user` is who logged on, as Windows names a shell's owner; `delegated`: with credentials that reach other machines,
    which a network logon has only after CredSSP or with a forwarded Kerberos ticket.
    """

    command: str
    arguments: tuple[str, ...] = ()
    skip_cmd_shell: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str | None = None
    console_mode_stdin: bool = True
    codepage: int = 437
    user: str = ""
    delegated: bool = False

    @property
    def text(self) -> str:
        """The whole command line as Windows passes it on: command and arguments joined by single spaces."""
        return " ".join((self.command, *self.arguments))


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a finished process said: both streams and its exit code (an unsigned 32-bit number)."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


class ProcessOutput:
    """Bounded buffer of one process's output, in the order in which it was written.

    The engine writes and waits while more than `bound` bytes are unread; the endpoint drains. One reader at a time.
    """

    def __init__(self, bound: int = 1 << 20) -> None:
        self._chunks: deque[tuple[OutputName, bytes]] = deque()
        self._buffered = 0
        self._bound = bound
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self.exit_code: int | None = None

    async def write(self, name: OutputName, data: bytes) -> None:
        """Append `data` (bytes) to stream `name`; returns when the buffer has room for more."""
        self.put(name, data)
        while self._buffered > self._bound and self.exit_code is None:
            self._drained.clear()
            await self._drained.wait()

    def put(self, name: OutputName, data: bytes) -> None:
        """Append `data` without waiting: for answers that are already in memory as a whole."""
        if data and self.exit_code is None:
            self._chunks.append((name, data))
            self._buffered += len(data)
            self._changed.set()

    def finish(self, exit_code: int) -> None:
        """Both streams end, the process is gone with `exit_code`; a second call changes nothing."""
        if self.exit_code is None:
            self.exit_code = exit_code
            self._changed.set()
            self._drained.set()

    @property
    def empty(self) -> bool:
        """True while nothing is left to read."""
        return not self._chunks

    def take(self, limit: int) -> list[tuple[OutputName, bytes]]:
        """Remove and give up to `limit` bytes, chunk by chunk in their order; a chunk that is too long is cut."""
        taken: list[tuple[OutputName, bytes]] = []
        while self._chunks and limit > 0:
            name, data = self._chunks.popleft()
            if len(data) > limit:
                self._chunks.appendleft((name, data[limit:]))
                data = data[:limit]
            limit -= len(data)
            self._buffered -= len(data)
            taken.append((name, data))
        if self._buffered <= self._bound:
            self._drained.set()
        return taken

    async def wait_for_news(self, timeout_s: float) -> bool:
        """Wait until there is output or an exit code, at most `timeout_s` seconds; False when there is neither."""
        if self._chunks or self.exit_code is not None:
            return True
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def wait_for_exit(self, timeout_s: float) -> bool:
        """Wait until the process has ended, at most `timeout_s` seconds; False when it still runs."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self.exit_code is None:
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                return False
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), remaining)
            except TimeoutError:
                return False
        return True


class Process(Protocol):
    """One running command of a shell."""

    output: ProcessOutput

    async def feed(self, data: bytes, end: bool) -> None:
        """Give `data` to standard input; `end`: nothing follows. Returns when the process has taken it."""
        ...

    def signal(self, kind: Signal) -> None:
        """Deliver a signal; `terminate` always ends the process, `ctrl_c` and `ctrl_break` may be ignored by it."""
        ...


class Engine(Protocol):
    """Plays what runs on a workstation."""

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start `command` on `workstation`; returns at once, the process goes on in the running event loop.

        Raises: EngineRefused with a Win32 code when Windows itself would not start it.
        """
        ...

    def has_runspace(self, workstation: Workstation, script: str) -> bool:
        """Whether a pipeline of `script` may run in a PowerShell that is started with `-ServerMode` for a whole shell.

        False: it runs as a process of its own.
        """
        ...


class EngineRefused(Exception):
    """Windows would not start the process: `code` is the Win32 code, `message` Windows' own sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


AnswerFunction = Callable[[bytes], Answer | Awaitable[Answer]]


class AnswerProcess:
    """A process that is one function: standard input as a whole in, an `Answer` out.

    Args:
        answer: called once, with all of standard input; a coroutine function may take its time.
        reads_input: True: called when standard input has ended; False: called at once with b"".
        input_bound: bytes of standard input that are kept; more ends the process with exit code 1.
    """

    def __init__(self, answer: AnswerFunction, *, reads_input: bool = False, input_bound: int = 16 << 20) -> None:
        self.output = ProcessOutput()
        self._answer = answer
        self._input = bytearray()
        self._input_bound = input_bound
        self._task: asyncio.Task[None] | None = None
        if not reads_input:
            self._begin()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            answer = self._answer(bytes(self._input))
            if inspect.isawaitable(answer):
                answer = await answer
            for name, data in (("stdout", answer.stdout), ("stderr", answer.stderr)):
                for start in range(0, len(data), 32768):
                    await self.output.write(name, data[start : start + 32768])  # type: ignore[arg-type]
            self.output.finish(answer.exit_code)
        finally:
            # A function that failed must not leave a client polling for ever; the task keeps its exception.
            self.output.finish(EXIT_CODE_TERMINATED)

    async def feed(self, data: bytes, end: bool) -> None:
        """Keep `data`; at `end` the function is called. Input that comes after the start is dropped."""
        if self._task is None:
            self._input += data
            if len(self._input) > self._input_bound:
                self.output.finish(EXIT_CODE_TERMINATED)
            elif end:
                self._begin()

    def signal(self, kind: Signal) -> None:
        """End the process: its function is cancelled."""
        if self._task is not None:
            self._task.cancel()
        self.output.finish(EXIT_CODE_TERMINATED if kind is Signal.TERMINATE else EXIT_CODE_CONTROL_C)
