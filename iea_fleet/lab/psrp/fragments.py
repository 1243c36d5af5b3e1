"""Puts the fragments of a client's stream together again, within Windows' bounds ([MS-PSRP] 2.2.4)."""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import unescape

from psrpcore.types import HostMethodIdentifier, PSRPMessageType

_HEADER: Final = struct.Struct(">QQBI")
_START, _END = 1, 2
_STATE: Final = re.compile(rb'<I32 N="PipelineState">(\d{1,9})</I32>')
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_METHOD: Final = re.compile(rb"<I32>(\d{1,9})</I32>")
_ANSWERED_METHODS: Final = {
    int(method) for method in HostMethodIdentifier if method.name.startswith(("Get", "Read", "Prompt"))
}
# What stands before a message's XML, [MS-PSRP] 2.2.1: destination, type, ids of runspace pool and pipeline.
_MESSAGE_HEADER_BYTES: Final = 40
# PSMaximumReceivedObjectSizeMB and PSMaximumReceivedDataSizePerCommandMB of a session configuration, as installed.
_MAX_OBJECT_BYTES: Final = 10 << 20
_MAX_STREAM_BYTES: Final = 50 << 20


class PsrpRefused(Exception):
    """What a client sent is no PSRP that this end takes; the message says why. The runspace is broken then."""


class FragmentReader:
    """Reads one stream of a client: that of a runspace pool, or of one pipeline."""

    def __init__(self) -> None:
        self._stream_bytes = 0
        self._object_id: int | None = None
        self._next_fragment = 0
        self._object = bytearray()

    def objects(self, data: bytes) -> Iterator[bytes]:
        """The objects that end in `data`, each as one fragment; what is left waits for more.

        Raises: PsrpRefused for a fragment that is cut off, out of order or beyond the bounds, or a message that no
        implementation writes.
        """
        self._stream_bytes += len(data)
        if self._stream_bytes > _MAX_STREAM_BYTES:
            raise PsrpRefused("the data received for a command exceeds the allowed maximum of 50 MB")
        position = 0
        while position < len(data):
            if len(data) - position < _HEADER.size:
                raise PsrpRefused("the header of a fragment is cut off")
            object_id, fragment_id, marks, length = _HEADER.unpack_from(data, position)
            position += _HEADER.size
            if position + length > len(data):
                raise PsrpRefused("a fragment is cut off")
            self._add(object_id, fragment_id, marks, data[position : position + length])
            position += length
            if marks & _END:
                yield self._finished(object_id)

    def _add(self, object_id: int, fragment_id: int, marks: int, blob: bytes) -> None:
        if marks & _START and self._object_id is None:
            self._object_id, self._next_fragment = object_id, 0
        elif marks & _START or self._object_id is None:
            raise PsrpRefused("an object begins twice or not at all")
        if marks & ~(_START | _END) or object_id != self._object_id or fragment_id != self._next_fragment:
            raise PsrpRefused("a fragment is out of order")
        self._next_fragment += 1
        self._object += blob
        if len(self._object) > _MAX_OBJECT_BYTES:
            raise PsrpRefused("the size of an object exceeds the allowed maximum of 10 MB")

    def _finished(self, object_id: int) -> bytes:
        message, self._object, self._object_id = bytes(self._object), bytearray(), None
        if len(message) < _MESSAGE_HEADER_BYTES:
            raise PsrpRefused("the header of a message is cut off")
        # No message of PSRP has a document type, and one can make much of little.
        if b"<!" in message[_MESSAGE_HEADER_BYTES:]:
            raise PsrpRefused("a message has a markup declaration")
        return _HEADER.pack(object_id, 0, _START | _END, len(message)) + message


def message_type(fragment: bytes) -> PSRPMessageType | None:
    """The type of the message that a fragment begins; None: it begins none, or none that is known."""
    if len(fragment) < _HEADER.size + 8 or not fragment[16] & _START:
        return None
    (number,) = struct.unpack_from("<I", fragment, _HEADER.size + 4)
    try:
        return PSRPMessageType(number)
    except ValueError:
        return None


def message_pipeline(fragment: bytes) -> uuid.UUID:
    """The pipeline that the message of a fragment names, [MS-PSRP] 2.2.1; the fragment begins a whole message."""
    return uuid.UUID(bytes_le=fragment[_HEADER.size + 24 : _HEADER.size + 40])


def message_text(fragment: bytes) -> str:
    """The XML of a message with what is escaped in it as it was meant ([MS-PSRP] 2.2.5.3.2); to look for a text in."""
    text = unescape(fragment[_HEADER.size + _MESSAGE_HEADER_BYTES :].decode("utf-8", "replace"))
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def is_last_state(fragment: bytes) -> bool:
    """Whether the message of a fragment says that its pipeline has ended: Stopped, Completed or Failed, 2.2.3.5."""
    if message_type(fragment) is not PSRPMessageType.PipelineState:
        return False
    found = _STATE.search(fragment)
    return found is not None and int(found[1]) in {3, 4, 5}


def awaits_response(fragment: bytes) -> bool:
    """Whether the message of a fragment calls the client's host for an answer, 2.2.3.17: it reads, prompts or asks."""
    if message_type(fragment) is not PSRPMessageType.PipelineHostCall:
        return False
    found = _METHOD.search(fragment)
    return found is not None and int(found[1]) in _ANSWERED_METHODS


def split_fragments(data: bytes) -> Iterator[bytes]:
    """The single fragments of a payload that this end made."""
    position = 0
    while position < len(data):
        end = position + _HEADER.size + _HEADER.unpack_from(data, position)[3]
        yield data[position:end]
        position = end
