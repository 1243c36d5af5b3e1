"""Bytes of a settings file to text and back, by the rules of docs/wire.md, "Stores"."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from iea_fleet.lab.stores import CannotHold, Malformed
from iea_fleet.model.store import Encoding

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# The five bytes that Windows-1252 leaves open are C1 controls in Windows' own table, and round trip.
_OPEN_BYTES = {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


@dataclass(frozen=True, slots=True)
class Document:
    """A decoded file: its text, the byte-order mark before it and the codec of both ways."""

    text: str
    mark: bytes
    codec: str

    def encode(self, text: str) -> bytes:
        """The file's bytes with `text` in them. Raises: CannotHold when the codec has no bytes for a character."""
        try:
            return self.mark + _encode(text, self.codec)
        except UnicodeEncodeError as error:
            character = text[error.start]
            raise CannotHold(f"the file's encoding {self.codec} has no character U+{ord(character):04X}") from None


def decode(data: bytes, encoding: Encoding) -> Document:
    """Decode by byte-order mark, else by `encoding`. Raises: Malformed when the bytes would not come back the same."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _document(data[len(mark) :], mark, codec)
    if encoding is not Encoding.AUTO:
        return _document(data, b"", encoding.value)
    try:
        return _document(data, b"", "utf-8")
    except Malformed:
        return _document(data, b"", "cp1252")


def decode_end(data: bytes, length: int, encoding: Encoding) -> str:
    """The text of the last `length` bytes of a file, without a character that begins before them.

    Raises: Malformed.
    """
    offset = max(0, len(data) - length)
    if offset == 0:
        return decode(data, encoding).text
    mark, codec = next(((mark, codec) for mark, codec in _MARKS if data.startswith(mark)), (b"", encoding.value))
    start = max(len(mark), offset)
    if codec.startswith("utf-16"):
        return _document(data[start + start % 2 :], b"", codec).text
    while start < min(offset + 3, len(data)) and data[start] & 0xC0 == 0x80:
        start += 1
    return _document(data[start:], b"", codec).text if mark else decode(data[start:], encoding).text


def _document(data: bytes, mark: bytes, codec: str) -> Document:
    try:
        text = data.decode(codec, "windows-1252-open" if codec == "cp1252" else "strict")
    except UnicodeDecodeError as error:
        raise Malformed(f"the bytes are no {codec} at offset {error.start}") from None
    return Document(text, mark, codec)


def _encode(text: str, codec: str) -> bytes:
    return text.encode(codec, "windows-1252-open" if codec == "cp1252" else "strict")


def _open_byte(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return _OPEN_BYTES[error.object[error.start]], error.start + 1
    if isinstance(error, UnicodeEncodeError) and ord(error.object[error.start]) in _OPEN_BYTES:
        return bytes((ord(error.object[error.start]),)), error.start + 1
    raise error


codecs.register_error("windows-1252-open", _open_byte)
