"""One program of this machine behind the lab's endpoint, and where its PowerShell is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from iea_fleet.lab.engine.processes import (
    EXIT_CODE_CONTROL_C,
    EXIT_CODE_TERMINATED,
    OutputName,
    ProcessOutput,
    Signal,
)
from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase

_READ_BYTES = 32768
INPUT_BOUND_BYTES = 64 << 20


def find_pwsh(environment: Mapping[str, str] = os.environ) -> Path:
    """The PowerShell 7 to run: `IEA_FLEET_PWSH`, else `pwsh` on PATH.

    Raises: InputError when there is none.
    """
    named = environment.get("IEA_FLEET_PWSH")
    found = named or shutil.which("pwsh", path=environment.get("PATH"))
    if found is None or not os.access(found, os.X_OK) or Path(found).is_dir():
        raise InputError(
            "--engine pwsh",
            Phrase("there is no PowerShell at {path}", path=named) if named else "there is no pwsh on PATH",
            "Install PowerShell 7, name its program in IEA_FLEET_PWSH, or take --engine emulated.",
        )
    return Path(found).absolute()


class RealProcess:
    """One program of this machine, with its streams; what it starts ends with it.

    Args:
        arguments: program and arguments, for this system.
        environment: the whole environment.
        folder: working directory, existing.
        slots: how many such processes run at a time, None: any; one that has to wait takes its input already.
        input_bound_bytes: what standard input takes in all, None: anything; more ends the process.
        ended: called once when the process has gone, whatever ended it.
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        folder: Path,
        slots: asyncio.Semaphore | None,
        input_bound_bytes: int | None = INPUT_BOUND_BYTES,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.output = ProcessOutput()
        self._arguments, self._environment, self._folder = arguments, dict(environment), folder
        self._slots, self._ended = slots, ended
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._input_bytes, self._input_bound_bytes = 0, input_bound_bytes
        self._process: asyncio.subprocess.Process | None = None
        self._exit_code_of_signal: int | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def feed(self, data: bytes, end: bool) -> None:
        """Pass `data` on to standard input; more than its bound ends the process."""
        self._input_bytes += len(data)
        if self._input_bound_bytes is not None and self._input_bytes > self._input_bound_bytes:
            self.signal(Signal.TERMINATE)
            return
        if data:
            self._input.put_nowait(data)
        if end:
            self._input.put_nowait(None)

    def signal(self, kind: Signal) -> None:
        """End the process and its children: a console program on Windows ends on Ctrl+C and Ctrl+Break as well."""
        if self.output.exit_code is not None:
            return
        self._exit_code_of_signal = EXIT_CODE_TERMINATED if kind is Signal.TERMINATE else EXIT_CODE_CONTROL_C
        self.output.finish(self._exit_code_of_signal)
        if self._process is None:
            self._task.cancel()
        else:
            self._kill()

    async def gone(self) -> None:
        """Wait until the process and its children have gone; call after a signal."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            async with self._slots or contextlib.nullcontext():
                await self._run_in_slot()
        except OSError as error:
            self.output.put("stderr", f"{self._arguments[0]}: {error.strerror}\r\n".encode())
        finally:
            self.output.finish(EXIT_CODE_TERMINATED)
            self._ended()

    async def _run_in_slot(self) -> None:
        # A session of its own, so that one signal reaches what PowerShell has started.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
        )
        if self.output.exit_code is not None:
            self._kill()
        feeding = asyncio.create_task(self._pass_input(process))
        try:
            await asyncio.gather(
                self._pass_output("stdout", process.stdout), self._pass_output("stderr", process.stderr)
            )
            code = await process.wait()
        finally:
            feeding.cancel()
            self._kill()
        self.output.finish(code & 0xFFFFFFFF if code >= 0 else EXIT_CODE_TERMINATED)

    async def _pass_input(self, process: asyncio.subprocess.Process) -> None:
        pipe = process.stdin
        if pipe is None:
            return
        # A process that ends without reading is no error: the rest is dropped, as by Windows.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while (data := await self._input.get()) is not None:
                pipe.write(data)
                await pipe.drain()
            pipe.close()

    async def _pass_output(self, name: OutputName, pipe: asyncio.StreamReader | None) -> None:
        while pipe is not None and (data := await pipe.read(_READ_BYTES)):
            await self.output.write(name, data)

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
