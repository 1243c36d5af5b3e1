"""The lab's process: opens the lab, takes orders on a socket, closes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from iea_fleet.lab.emulated.staging import EmulatedStaging
from iea_fleet.lab.engine.staging import Staging
from iea_fleet.lab.live import USER, Lab
from iea_fleet.lab.messages import (
    BreakOrder,
    DownOrder,
    EngineName,
    LabRecord,
    LabSettings,
    MendOrder,
    Order,
    Refusal,
    Reply,
    Worded,
)
from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.lab.pwsh.staging import PwshStaging
from iea_fleet.ledger.lock import RunLock
from iea_fleet.ledger.state import named_for_user, write_private
from iea_fleet.model.errors import FleetError, LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

RECORD = "lab.json"
_LINE_BOUND_BYTES = 1 << 16
_ORDER_TIMEOUT_S = 5.0
# A socket's path is at most 107 bytes long on Linux, 103 on macOS; the lab's folder may be longer.
_SOCKET_PATH_BOUND_BYTES = 100
_LOCK_ATTEMPTS = 4


async def run_lab(settings: LabSettings, folder: Path, ready: Callable[[Lab], None]) -> None:
    """Keep a lab up until it is told to end, by an order or a signal.

    Args:
        settings: what was asked for.
        folder: the lab's own folder, existing and private.
        ready: called once, with the lab, when everything is open.

    Raises: LocalFailure when another lab holds the folder or this machine refuses something; InputError for what was
        asked for. Then nothing is left.
    """
    with await _lock(folder):
        await _Process(settings, folder).run(ready)


async def _lock(folder: Path) -> RunLock:
    for _ in range(_LOCK_ATTEMPTS - 1):
        # Whoever looks whether a lab is up holds the lock for a moment.
        with contextlib.suppress(BlockingIOError):
            return RunLock(folder)
        await asyncio.sleep(0.05)
    try:
        return RunLock(folder)
    except BlockingIOError as error:
        raise LocalFailure(
            "lab",
            "a lab is already running{described}",
            "See it with iea-fleet lab status, close it with iea-fleet lab down.",
            described=_described(folder),
        ) from error


def open_log(folder: Path) -> BinaryIO:
    """The lab's log, new and empty, for its owner alone; never through a link that lies there. Raises: LocalFailure."""
    with named_for_user(folder):
        log = os.open(folder / "lab.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    return os.fdopen(log, "wb")


def read_record(folder: Path) -> LabRecord | None:
    """Who the lab of this folder is; None: none has been up, or its record can't be read."""
    try:
        return LabRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def _described(folder: Path) -> str | Phrase:
    record = read_record(folder)
    if record is None:
        return ""
    settings = record.settings
    return Phrase(
        " (workstations: {hosts}, engine: {engine}, process: {pid})",
        hosts=settings.hosts,
        engine=settings.engine,
        pid=record.pid,
    )


class _Process:
    """The lab with its socket for orders."""

    def __init__(self, settings: LabSettings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._end = asyncio.Event()
        self._closed = asyncio.Event()
        self._lab = Lab(settings, _staging(settings, folder), folder)
        self._replies: set[asyncio.Task[None]] = set()

    async def run(self, ready: Callable[[Lab], None]) -> None:
        loop = asyncio.get_running_loop()
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(kind, self._end.set)
        with self._socket_path() as path:
            starting = asyncio.create_task(self._lab.start())
            ending = asyncio.create_task(self._end.wait())
            await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                return
            ending.cancel()
            await starting
            umask = os.umask(0o177)  # from the first moment on
            try:
                server = await asyncio.start_unix_server(self._serve, path, limit=_LINE_BOUND_BYTES)
            finally:
                os.umask(umask)
            try:
                record = LabRecord(pid=os.getpid(), socket=str(path), settings=self._settings)
                write_private(self._folder / RECORD, record.model_dump_json().encode())
                ready(self._lab)
                await self._end.wait()
            finally:
                server.close()
                await self._lab.stop()
                (self._folder / RECORD).unlink(missing_ok=True)
                self._closed.set()
                await asyncio.gather(*self._replies, return_exceptions=True)

    @contextlib.contextmanager
    def _socket_path(self) -> Iterator[Path]:
        path = self._folder / "orders"
        temporary = None
        if len(os.fsencode(path)) > _SOCKET_PATH_BOUND_BYTES:
            temporary = tempfile.TemporaryDirectory(prefix="iea-lab-")
            path = Path(temporary.name) / "orders"
        path.unlink(missing_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
            if temporary is not None:
                temporary.cleanup()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._replies.add(task)
            task.add_done_callback(self._replies.discard)
        # Whoever asked may have gone: that is its own matter.
        with contextlib.suppress(OSError, asyncio.LimitOverrunError, ValueError, TimeoutError):
            # Who connects and says nothing must not keep the lab from closing.
            line = await asyncio.wait_for(reader.readline(), _ORDER_TIMEOUT_S)
            reply = await self._carry_out(line)
            writer.write(reply.model_dump_json().encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _carry_out(self, line: bytes) -> Reply:
        try:
            order = Order.model_validate_json(b'{"order":' + line + b"}").order
        except ValidationError:
            failure = LocalFailure(
                "lab", "the order can't be understood", "Use the iea-fleet of the release that opened the lab."
            )
            return Reply(refusal=refusal_of(failure))
        try:
            match order:
                case BreakOrder():
                    return Reply(hosts=self._lab.break_host(order.host, order.fault, dict(order.parameters)))
                case MendOrder():
                    return Reply(hosts=self._lab.mend_host(order.host))
                case DownOrder():
                    self._end.set()
                    await self._closed.wait()
                    return Reply()
                case _:
                    return Reply(hosts=self._lab.status())
        except FleetError as error:
            return Reply(refusal=refusal_of(error))
        except OSError as error:
            failure = LocalFailure(
                "lab", "the order failed: {said}", "Check rights and space.", said=system_said(error)
            )
            return Reply(refusal=refusal_of(failure))


def refusal_of(error: FleetError) -> Refusal:
    """What a failure says, to be sent."""
    where, what, mend = map(Worded.of, error.phrases)
    return Refusal(where=where, what=what, mend=mend, exit_code=error.exit_code)


def _staging(settings: LabSettings, folder: Path) -> Staging:
    if settings.engine is EngineName.PWSH:
        return PwshStaging(folder / "workstations", find_pwsh(), USER)
    return EmulatedStaging()


def main() -> None:
    """Open a lab: the first argument names its folder, the second is its settings as JSON, without any secret.

    One line of JSON on standard output says how it went (a `Reply`); then standard output and error go to `lab.log`.
    """
    folder = Path(sys.argv[1])

    def tell(reply: Reply) -> None:
        sys.stdout.write(reply.model_dump_json() + "\n")
        sys.stdout.flush()
        with open_log(folder) as log:
            for stream in (1, 2):
                os.dup2(log.fileno(), stream)

    try:
        settings = LabSettings.model_validate_json(sys.argv[2])
        asyncio.run(run_lab(settings, folder, lambda _: tell(Reply())))
    except FleetError as error:
        tell(Reply(refusal=refusal_of(error)))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
