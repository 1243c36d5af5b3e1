"""A runspace pool of one shell: psrpcore's server side, its pipelines, and what waits to be received by the client.

Where the engine has a PowerShell that keeps a runspace, psrpcore opens the pool; that PowerShell is started for the
first pipeline that runs in it, opened in the same way, and speaks for the pool from then on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    GetAvailableRunspacesEvent,
    GetCommandMetadataEvent,
    PipelineInputEvent,
    PSRPEvent,
    PSRPPayload,
    ResetRunspaceStateEvent,
    ServerRunspacePool,
    SetMaxRunspacesEvent,
    SetMinRunspacesEvent,
    StreamType,
)
from psrpcore.types import PSRPMessageType, PSVersion, RunspacePoolState

from iea_fleet.lab.engine.processes import CommandLine, EngineRefused
from iea_fleet.lab.psrp.fragments import (
    FragmentReader,
    PsrpRefused,
    message_pipeline,
    message_text,
    message_type,
    split_fragments,
)
from iea_fleet.lab.psrp.pipeline import Pipeline, Start
from iea_fleet.lab.psrp.relay import ARGUMENTS, Relay

# Windows writes fragments of 32 KB.
_FRAGMENT_BYTES: Final = 32_768
_STREAM_ELEMENT_CHARACTERS: Final = 120
_OPEN_A_POOL: Final = {PSRPMessageType.SessionCapability, PSRPMessageType.InitRunspacePool}
_BEGIN_A_PIPELINE: Final = {PSRPMessageType.CreatePipeline, PSRPMessageType.GetCommandMetadata}
_POWERSHELL_VERSION: Final = "5.1.19041.1"


class Runspace:
    """What [MS-PSRP] knows of one shell.

    Args:
        build: of the workstation's Windows, as `10.0.19045`.
        owner: the user as Windows names him.
        start: starts a process on the workstation.
        has_runspace: whether a script runs in a PowerShell that keeps a runspace; else it is a process of its own.
        room: characters of base64 that the client takes in one answer.
    """

    def __init__(self, build: str, owner: str, start: Start, has_runspace: Callable[[str], bool], room: int) -> None:
        version = PSVersion(_POWERSHELL_VERSION)
        self._pool = ServerRunspacePool(
            {"PSVersionTable": {"PSVersion": version, "PSEdition": "Desktop", "BuildVersion": PSVersion(f"{build}.1")}}
        )
        self._reader = FragmentReader()
        self._owner, self._start, self._has_runspace = owner, start, has_runspace
        # What opened the pool, for the PowerShell that is started later.
        self._opening: list[bytes] = []
        self._relay: Relay | None = None
        self._relay_opened = False
        self._fragment_bytes = max(1024, min(_FRAGMENT_BYTES, room * 3 // 4 - 512))
        self.fragments: deque[bytes] = deque()
        self.news = asyncio.Event()
        """Set when the pool has something to be received, or is closed."""
        # By the id of their Command; their messages may name them otherwise.
        self.pipelines: dict[uuid.UUID, Pipeline] = {}

    @property
    def opened(self) -> bool:
        """Whether the pool takes pipelines."""
        return bool(self._pool.state == RunspacePoolState.Opened)

    @property
    def broken(self) -> bool:
        """Whether the PowerShell that kept the runspace is gone."""
        return self._relay is not None and self._relay.gone

    def add_pipeline(self, pipeline_id: uuid.UUID) -> Pipeline:
        """A new pipeline, which waits for its CreatePipeline."""
        pipeline = Pipeline(self._pool, pipeline_id, self._owner, self._start)
        self.pipelines[pipeline_id] = pipeline
        return pipeline

    def drop_pipeline(self, pipeline_id: uuid.UUID) -> None:
        """End a pipeline and forget it."""
        pipeline = self.pipelines.pop(pipeline_id, None)
        if pipeline is not None:
            if pipeline.relay is not None:
                self._taken(*pipeline.fragments)
            pipeline.close()

    async def accept(self, data: bytes, pipeline: Pipeline | None = None) -> None:
        """Take what the client sent to the pool, or to a pipeline.

        Raises: PsrpRefused, after which nothing more should be accepted; EngineRefused.
        """
        reader = self._reader if pipeline is None else pipeline.reader
        try:
            for fragment in map(_with_dotnet_names, reader.objects(data)):
                if pipeline is not None and message_type(fragment) in _BEGIN_A_PIPELINE:
                    pipeline.rename(message_pipeline(fragment))
                if self._hand_over(fragment, pipeline):
                    continue
                self._pool.receive_data(PSRPPayload(fragment, StreamType.default, None))
                event = self._pool.next_event()
                if event is not None:
                    await self._handle(event, pipeline)
                self.drain()
        except (PsrpRefused, EngineRefused):
            raise
        except Exception as error:
            # psrpcore trusts its peer: what is no object of the right shape fails anywhere below, with any exception.
            raise PsrpRefused(f"a message can't be read: {type(error).__name__}: {error}"[:300]) from error

    def _hand_over(self, fragment: bytes, pipeline: Pipeline | None) -> bool:
        """Give a message to the PowerShell that keeps the runspace; False: psrpcore has to answer it."""
        kind = message_type(fragment)
        if pipeline is None:
            if kind in _OPEN_A_POOL:
                self._opening.append(fragment)
            if kind in _OPEN_A_POOL or kind is PSRPMessageType.ConnectRunspacePool:
                return False
            if self._relay is None and not self._has_runspace(""):
                return False
            self._real().data(None, fragment, prompt_response=kind is PSRPMessageType.RunspacePoolHostResponse)
            return True
        relay = pipeline.relay
        if relay is None:
            if kind not in _BEGIN_A_PIPELINE or not self._has_runspace(message_text(fragment)):
                return False
            relay = self._real()
            pipeline.hand_over(relay)
        relay.data(pipeline.name, fragment, prompt_response=kind is PSRPMessageType.PipelineHostResponse)
        return True

    def _real(self) -> Relay:
        """The PowerShell that keeps the runspace, started when it is not there yet."""
        if self._relay is None:
            line = CommandLine("powershell", ARGUMENTS, user=self._owner)
            self._relay = Relay(self._start(line), self._received, self._has_gone, self._fragment_bytes)
            for fragment in self._opening:
                self._relay.data(None, fragment)
        return self._relay

    def _received(self, name: uuid.UUID | None, fragment: bytes) -> None:
        """Take a fragment from that PowerShell; what it says as it opens, psrpcore has said before."""
        pipeline = next((own for own in self.pipelines.values() if own.relay is not None and own.name == name), None)
        if pipeline is not None:
            pipeline.received(fragment)
            return
        if name is None and self._relay_opened:
            self.fragments.append(fragment)
            self.news.set()
        elif name is None:
            self._relay_opened = message_type(fragment) is PSRPMessageType.RunspacePoolState
        # What the pool itself says is little.
        self._taken(fragment)

    def _taken(self, *fragments: bytes) -> None:
        if self._relay is not None:
            self._relay.taken(sum(map(len, fragments)))

    def _has_gone(self) -> None:
        self.news.set()
        for pipeline in self.pipelines.values():
            if pipeline.relay is not None:
                pipeline.changed.set()

    async def connect(self, data: bytes) -> bytes:
        """Take the messages with which another client connects, [MS-PSRP] 3.2.5.3.22.

        Returns: the fragments of the answer to that; application private data waits for the next Receive.
        Raises: PsrpRefused, after which nothing more should be accepted.
        """
        self._pool.state = RunspacePoolState.Disconnected
        self._pool.connect()
        self._pool.prepare_message(self._pool.our_capability)
        self._reader = FragmentReader()
        waiting, self.fragments = self.fragments, deque()
        await self.accept(data)
        if not self.opened:
            raise PsrpRefused("no message connects to the runspace pool")
        told: list[bytes] = []
        later: deque[bytes] = deque()
        for fragment in self.fragments:
            kind = message_type(fragment)
            if kind is PSRPMessageType.ApplicationPrivateData:
                later.append(fragment)
            elif kind is not PSRPMessageType.RunspacePoolState:
                told.append(fragment)
        self.fragments = waiting + later
        return b"".join(told)

    async def _handle(self, event: PSRPEvent[Any, Any], pipeline: Pipeline | None) -> None:
        match event:
            case SetMinRunspacesEvent() | SetMaxRunspacesEvent() | ResetRunspaceStateEvent():
                self._pool.runspace_availability_response(event.ci, response=True)
            case GetAvailableRunspacesEvent():
                running = sum(1 for other in self.pipelines.values() if not other.ended)
                self._pool.runspace_availability_response(event.ci, max(0, self._pool.max_runspaces - running))
            case CreatePipelineEvent() | GetCommandMetadataEvent() | PipelineInputEvent() | EndOfPipelineInputEvent():
                if pipeline is None or event.pipeline_id != pipeline.name:
                    raise PsrpRefused("a message is addressed to another pipeline")
                await self._handle_pipeline(event, pipeline)

    async def _handle_pipeline(self, event: PSRPEvent[Any, Any], pipeline: Pipeline) -> None:
        match event:
            case CreatePipelineEvent():
                await pipeline.begin(event.pipeline)
            case GetCommandMetadataEvent():
                pipeline.refuse("This workstation of the lab tells no command metadata.")
            case PipelineInputEvent():
                await pipeline.give(event.data)
            case EndOfPipelineInputEvent():
                await pipeline.end_input()

    def drain(self) -> None:
        """Put the messages that were written where they are received: in the pool's own queue, or a pipeline's."""
        while (payload := self._pool.data_to_send(self._fragment_bytes)) is not None:
            pipeline = next((own for own in self.pipelines.values() if own.name == payload.pipeline_id), None)
            if payload.pipeline_id is None:
                self.fragments.extend(split_fragments(payload.data))
                self.news.set()
            elif pipeline is not None:
                pipeline.fragments.extend(split_fragments(payload.data))

    def take_pool(self, room: int) -> list[bytes]:
        """Fragments of the pool for a Receive, at most `room` characters; Windows tells a state in its own answer."""
        taken: list[bytes] = []
        while self.fragments and _characters(self.fragments[0]) <= room:
            if taken and message_type(self.fragments[0]) is PSRPMessageType.RunspacePoolState:
                break
            taken.append(self.fragments.popleft())
            room -= _characters(taken[-1])
        return taken

    def take(self, pipeline: Pipeline, room: int) -> list[bytes]:
        """Fragments of a pipeline for a Receive, at most `room` characters; its process is read as far as needed."""
        taken: list[bytes] = []
        while True:
            while pipeline.fragments and _characters(pipeline.fragments[0]) <= room:
                taken.append(pipeline.fragments.popleft())
                room -= _characters(taken[-1])
                if pipeline.relay is not None:
                    self._taken(taken[-1])
            if pipeline.fragments or not pipeline.write_news():
                return taken
            self.drain()

    def close(self) -> None:
        """End every pipeline."""
        for pipeline_id in list(self.pipelines):
            self.drop_pipeline(pipeline_id)
        if self._relay is not None:
            self._relay.close()
        self.news.set()


def _with_dotnet_names(fragment: bytes) -> bytes:
    """The fragment with the name of the call id as psrpcore wants it; .NET, and pypsrp with it, is free in its case."""
    if message_type(fragment) in {PSRPMessageType.SetMaxRunspaces, PSRPMessageType.SetMinRunspaces}:
        return fragment.replace(b' N="CI"', b' N="ci"')
    return fragment


def _characters(fragment: bytes) -> int:
    """What a fragment takes of an answer: base64 in an element of its own."""
    return (len(fragment) + 2) // 3 * 4 + _STREAM_ELEMENT_CHARACTERS
