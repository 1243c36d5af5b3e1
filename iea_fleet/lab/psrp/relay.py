"""A real PowerShell that speaks PSRP on its standard streams, in lines of XML, as jobs and SSH have it.

`pwsh -ServerMode` is what Windows PowerShell 5.1 starts its jobs with. A line to it is `<Data>` with fragments, or
`<Command>`, `<Signal>`, `<Close>` of a pipeline; it acknowledges each, and answers with `<Data>` of its own. Lines are
worked on by a pool of threads there, so the next one is sent when the last one was acknowledged.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import struct
import uuid
from collections.abc import Callable, Iterator
from typing import Final

from iea_fleet.lab.engine.processes import Process, Signal

ARGUMENTS: Final = ("-NoProfile", "-ServerMode")
"""What such a PowerShell is started with."""

_POOL: Final = uuid.UUID(int=0)
_GUID: Final = rb"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_DATA: Final = re.compile(rb"<Data Stream='\w+' PSGuid='" + _GUID + rb"'>([A-Za-z0-9+/=]*)</Data>\s*")
_ACKNOWLEDGED: Final = re.compile(rb"<(Data|Command|Signal|Close)Ack PSGuid='" + _GUID + rb"' />\s*")
_HEADER: Final = struct.Struct(">QQBI")
_START, _END = 1, 2
_ACKNOWLEDGE_S: Final = 30.0
_READ_BYTES: Final = 1 << 16
# A fragment has 32 KB.
_MAX_LINE_BYTES: Final = 1 << 20
_MAX_WAITING_BYTES: Final = 16 << 20

Received = Callable[[uuid.UUID | None, bytes], None]
"""Takes a fragment of a pipeline, or of the pool (None); `Relay.taken` tells when it has left."""


class Relay:
    """One such PowerShell.

    Args:
        process: it, just started.
        received: called with each fragment that comes from it.
        ended: called once when it is gone.
        fragment_bytes: the most that a fragment may have; longer ones are cut.
    """

    def __init__(self, process: Process, received: Received, ended: Callable[[], None], fragment_bytes: int) -> None:
        self._process, self._received, self._ended = process, received, ended
        self.gone = False
        """The PowerShell has ended."""
        self._fragments = _Recut(fragment_bytes)
        self._lines: asyncio.Queue[tuple[bytes, tuple[bytes, uuid.UUID]]] = asyncio.Queue()
        self._acknowledged: set[tuple[bytes, uuid.UUID]] = set()
        self._waiting_bytes = 0
        self._drained = asyncio.Event()
        self._news = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._tasks = (loop.create_task(self._read()), loop.create_task(self._write()))

    def data(self, pipeline: uuid.UUID | None, fragments: bytes, *, prompt_response: bool = False) -> None:
        """Send fragments to the pool (None) or a pipeline; `prompt_response`: they answer a host call."""
        stream = "PromptResponse" if prompt_response else "Default"
        text = base64.b64encode(fragments).decode("ascii")
        whose = pipeline or _POOL
        self._put("Data", whose, f"<Data Stream='{stream}' PSGuid='{whose}'>{text}</Data>")

    def command(self, pipeline: uuid.UUID) -> None:
        """Announce a pipeline."""
        self._put("Command", pipeline, f"<Command PSGuid='{pipeline}' />")

    def stop(self, pipeline: uuid.UUID) -> None:
        """Stop a pipeline, as Ctrl+C does; it tells its last state then."""
        self._put("Signal", pipeline, f"<Signal PSGuid='{pipeline}' />")

    def forget(self, pipeline: uuid.UUID) -> None:
        """End a pipeline."""
        self._put("Close", pipeline, f"<Close PSGuid='{pipeline}' />")

    def taken(self, count: int) -> None:
        """So many bytes of what came have been passed on, or dropped."""
        self._waiting_bytes -= count
        if self._waiting_bytes <= _MAX_WAITING_BYTES:
            self._drained.set()

    def close(self) -> None:
        """End the PowerShell."""
        self._process.signal(Signal.TERMINATE)
        for task in self._tasks:
            task.cancel()

    def _put(self, kind: str, whose: uuid.UUID, line: str) -> None:
        self._lines.put_nowait((f"{line}\n".encode("ascii"), (kind.encode("ascii"), whose)))

    async def _write(self) -> None:
        while True:
            line, expected = await self._lines.get()
            self._acknowledged.discard(expected)
            await self._process.feed(line, end=False)
            deadline = asyncio.get_running_loop().time() + _ACKNOWLEDGE_S
            while expected not in self._acknowledged and (left := deadline - asyncio.get_running_loop().time()) > 0:
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), left)
                except TimeoutError:
                    break

    async def _read(self) -> None:
        output = self._process.output
        waiting = b""
        try:
            while output.exit_code is None or not output.empty:
                await output.wait_for_news(60.0)
                for name, data in output.take(_READ_BYTES):
                    if name != "stdout":
                        continue
                    *lines, waiting = (waiting + data).split(b"\n")
                    for line in lines:
                        self._line(line)
                    # A client that does not receive keeps what writes without end from filling the memory.
                    while self._waiting_bytes > _MAX_WAITING_BYTES:
                        self._drained.clear()
                        await self._drained.wait()
                    if len(waiting) > _MAX_LINE_BYTES:
                        return
        finally:
            self.gone = True
            self._ended()

    def _line(self, line: bytes) -> None:
        if data := _DATA.fullmatch(line):
            whose = uuid.UUID(data[1].decode("ascii"))
            try:
                fragments = base64.b64decode(data[2], validate=True)
            except (binascii.Error, ValueError):
                return
            for fragment in self._fragments.cut(fragments):
                self._waiting_bytes += len(fragment)
                self._received(None if whose == _POOL else whose, fragment)
        elif acknowledged := _ACKNOWLEDGED.fullmatch(line):
            self._acknowledged.add((acknowledged[1], uuid.UUID(acknowledged[2].decode("ascii"))))
            self._news.set()


class _Recut:
    """Cuts fragments anew, none longer than a client takes in one answer."""

    def __init__(self, fragment_bytes: int) -> None:
        self._content_bytes = fragment_bytes - _HEADER.size
        self._numbers: dict[int, int] = {}

    def cut(self, fragments: bytes) -> Iterator[bytes]:
        """The same objects in fragments that are short enough, numbered anew."""
        position = 0
        while position + _HEADER.size <= len(fragments):
            object_id, _, marks, length = _HEADER.unpack_from(fragments, position)
            position += _HEADER.size
            blob = fragments[position : position + length]
            position += length
            number = self._numbers.pop(object_id, 0)
            for start in range(0, max(1, len(blob)), self._content_bytes):
                piece = blob[start : start + self._content_bytes]
                own = (marks & _START if start == 0 else 0) | (marks & _END if start + len(piece) >= len(blob) else 0)
                yield _HEADER.pack(object_id, number, own, len(piece)) + piece
                number += 1
            if not marks & _END:
                self._numbers[object_id] = number
