"""One pipeline of a runspace ([MS-PSRP] 3.2.5.4): in a real runspace, or with a PowerShell process behind it.

A process has PSRP's messages made of what it writes; a real runspace writes them itself.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import contextlib
import uuid
from collections import deque
from collections.abc import Callable
from typing import Final

from psrpcore import PowerShell, ServerPipeline, ServerRunspacePool
from psrpcore.types import (
    ErrorCategory,
    ErrorRecord,
    HostMethodIdentifier,
    PipelineState,
    PSInvocationState,
    PSObject,
)

from iea_fleet.lab.engine.processes import CommandLine, Process, Signal
from iea_fleet.lab.psrp.errors import ErrorText, parse_errors
from iea_fleet.lab.psrp.fragments import FragmentReader, PsrpRefused, is_last_state
from iea_fleet.lab.psrp.relay import Relay
from iea_fleet.lab.psrp.script import CommandRefused, names_exit, render_script

Start = Callable[[CommandLine], Process]

_UTF_8_CODEPAGE: Final = 65001
# A command line of Windows has 32,767 characters, and -EncodedCommand takes 2.7 for each of a script.
_MAX_COMMAND_CHARACTERS: Final = 12_000
_FROM_INPUT: Final = """$lines = @($input)
$script = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($lines[0]))
$lines | Select-Object -Skip 1 | & ([ScriptBlock]::Create($script))
exit 0"""
_TAKE_BYTES: Final = 16_384
_MAX_LINE_CHARACTERS: Final = 4 << 20
_MAX_STDERR_BYTES: Final = 4 << 20
# About what an answer holds.
_MANY_FRAGMENTS: Final = 200


class Pipeline:
    """A pipeline from its Command to its last state.

    Args:
        pool: psrpcore's pool, where messages are written.
        pipeline_id: the client's id of it, that of its Command.
        owner: the user as Windows names him.
        start: starts a process on the workstation.
    """

    def __init__(self, pool: ServerRunspacePool, pipeline_id: uuid.UUID, owner: str, start: Start) -> None:
        self.reader = FragmentReader()
        self.fragments: deque[bytes] = deque()
        """Ready to be received."""
        self.changed = asyncio.Event()
        """Set when a process was started or the pipeline ended."""
        self.ended = False
        """Its last state has been written."""
        self.told = False
        """Its last state has been received: it exists for nobody but a last Signal."""
        self.command_id = pipeline_id
        self.server = ServerPipeline(pool, pipeline_id)
        self.process: Process | None = None
        self.relay: Relay | None = None
        """The PowerShell in whose runspace it runs; None: a process, or nothing yet."""
        self._owner, self._start = owner, start
        self._script = ""
        self._input_ended = False
        self._stopped = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""
        self._stderr = bytearray()

    @property
    def name(self) -> uuid.UUID:
        """The id by which the messages name the pipeline: that of the first one; its Command may have another."""
        return self.server.pipeline_id

    def rename(self, name: uuid.UUID) -> None:
        """Be named so from now on. Raises: PsrpRefused when it runs already, or another one has the name."""
        if name == self.name:
            return
        table = self.server.runspace_pool.pipeline_table
        if self.server.state != PSInvocationState.NotStarted or name in table:
            raise PsrpRefused("a message is addressed to another pipeline")
        del table[self.name]
        self.server.pipeline_id = name
        table[name] = self.server

    async def begin(self, powershell: PowerShell) -> None:
        """Run what the client asked for. Raises: PsrpRefused when it runs already; EngineRefused."""
        self._begin_once()
        try:
            script = render_script(powershell.commands, has_input=powershell.no_input is not True)
        except CommandRefused as refused:
            self._fail(ErrorText(str(refused), "CommandNotRendered", ErrorCategory.NotImplemented))
            return
        self._script = script
        # Without `exit` the exit code 1 could be that of a script that was cut short by an error, or of a last
        # statement that went wrong; only the first one leaves a pipeline Failed.
        text = script if names_exit(script) else f"{script}\nexit 0"
        first_line = b""
        if len(text) > _MAX_COMMAND_CHARACTERS:
            first_line = base64.b64encode(text.encode("utf-8", "replace")) + b"\n"
            text = _FROM_INPUT
        encoded = base64.b64encode(text.encode("utf-16-le", "replace")).decode("ascii")
        arguments = ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)
        self.process = self._start(CommandLine("powershell", arguments, codepage=_UTF_8_CODEPAGE, user=self._owner))
        self.changed.set()
        if first_line:
            await self.process.feed(first_line, end=False)
        if powershell.no_input is True:
            await self.end_input()

    def hand_over(self, relay: Relay) -> None:
        """Run in a real runspace from now on. Raises: PsrpRefused when it runs already."""
        self._begin_once()
        self.relay = relay
        relay.command(self.name)

    def received(self, fragment: bytes) -> None:
        """Take a fragment that the real runspace wrote."""
        self.fragments.append(fragment)
        self.ended = self.ended or is_last_state(fragment)
        self.changed.set()

    def refuse(self, what: str) -> None:
        """Fail at once. Raises: PsrpRefused when it runs already."""
        self._begin_once()
        self._fail(ErrorText(what, "NotSupported", ErrorCategory.NotImplemented))

    def _begin_once(self) -> None:
        if self.server.state != PSInvocationState.NotStarted:
            raise PsrpRefused("a pipeline is started twice")
        # Windows tells nobody that a pipeline is running.
        self.server.state = PSInvocationState.Running

    async def give(self, value: object) -> None:
        """One input object, as a line of text."""
        if self.process is not None and not self._input_ended:
            await self.process.feed(f"{_input_text(value)}\n".encode("utf-8", "replace"), end=False)

    async def end_input(self) -> None:
        """No more input."""
        if self.process is not None and not self._input_ended:
            self._input_ended = True
            await self.process.feed(b"", end=True)

    def stop(self) -> None:
        """End what runs; the state is Stopped then, unless the pipeline has ended before."""
        if self.ended:
            return
        if self.relay is not None:
            self.relay.stop(self.name)
            return
        self._stopped = True
        if self.process is not None:
            self.process.signal(Signal.TERMINATE)
        elif self.server.state == PSInvocationState.NotStarted:
            self.server.state = PSInvocationState.Running
        self.write_news()
        self.changed.set()

    async def wait(self, timeout_s: float, gather_s: float) -> bool:
        """Wait until there is something to receive; False: nothing within `timeout_s`.

        A process that ends within `gather_s` after that is received as a whole.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        if self.process is None and not (self.fragments or self._is_gone()):
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), timeout_s)
            except TimeoutError:
                return False
        if self.relay is not None:
            await self._gather(gather_s)
        if self.process is not None and not self.fragments:
            if not await self.process.output.wait_for_news(max(0.0, deadline - loop.time())):
                return False
            await self.process.output.wait_for_exit(gather_s)
        return True

    def _is_gone(self) -> bool:
        return self.relay is not None and self.relay.gone

    async def _gather(self, gather_s: float) -> None:
        """Wait a moment for the end of what runs in a real runspace, unless it has said much already."""
        deadline = asyncio.get_running_loop().time() + gather_s
        while not (self.ended or self._is_gone() or len(self.fragments) > _MANY_FRAGMENTS):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), left)

    def write_news(self) -> bool:
        """Write some of what the process has said since as messages; False: there was nothing."""
        if self.ended:
            return False
        if self._stopped:
            self.ended = True
            self.server.stop()
            return True
        if self.process is None:
            return False
        output = self.process.output
        taken = output.take(_TAKE_BYTES)
        for name, data in taken:
            if name == "stdout":
                self._write_lines(self._decoder.decode(data))
            elif len(self._stderr) < _MAX_STDERR_BYTES:
                self._stderr += data
        if output.empty and output.exit_code is not None:
            self._write_lines(self._decoder.decode(b"", final=True), final=True)
            self._finish(output.exit_code)
            return True
        return bool(taken)

    def _write_lines(self, text: str, *, final: bool = False) -> None:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self.server.write_output(line.removesuffix("\r"))
        if self._line and (final or len(self._line) > _MAX_LINE_CHARACTERS):
            self.server.write_output(self._line)
            self._line = ""

    def _finish(self, exit_code: int) -> None:
        errors = list(parse_errors(bytes(self._stderr)))
        meant = exit_code != 0 and names_exit(self._script)
        last = None
        if exit_code != 0 and not meant:
            last = errors.pop() if errors else ErrorText(f"The process ended with exit code {exit_code}.")
        for error in errors:
            self.server.write_error(
                error.exception, error.category_info, fully_qualified_error_id=error.fully_qualified_id
            )
        if last is not None:
            self._fail(last)
            return
        if meant:
            # As `exit N` in a remote runspace: the client's host is told, the pipeline is completed.
            signed = exit_code - (1 << 32) if exit_code >= 1 << 31 else exit_code
            self.server.host_call(HostMethodIdentifier.SetShouldExit, [signed])
        self.server.complete()
        self.ended = True

    def _fail(self, error: ErrorText) -> None:
        record = ErrorRecord(
            Exception=error.exception,
            CategoryInfo=error.category_info,
            FullyQualifiedErrorId=error.fully_qualified_id,
        )
        self.server.state = PSInvocationState.Failed
        self.server.prepare_message(
            PipelineState(PipelineState=int(PSInvocationState.Failed), ExceptionAsErrorRecord=record)
        )
        self.ended = True
        self.changed.set()

    def close(self) -> None:
        """End what runs and forget the pipeline."""
        if self.process is not None:
            self.process.signal(Signal.TERMINATE)
        if self.relay is not None:
            self.relay.forget(self.name)
        self.server.runspace_pool.pipeline_table.pop(self.server.pipeline_id, None)
        self.changed.set()


def _input_text(value: object) -> str:
    """An input object as the line that a console would have been given."""
    if isinstance(value, PSObject) and not isinstance(value, str | int | float):
        return value.PSObject.to_string or str(value)
    return "" if value is None else str(value)
