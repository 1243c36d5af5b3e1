"""The script as it is sent: its parts one after the other, without comments and the space that only eyes need."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from iea_fleet.model.request import Request

PARTS = (
    "head", "answer", "json", "text", "ini", "properties", "xml", "registry", "setting", "url", "probe", "durable",
    "journal", "plan", "main",
)  # fmt: skip
"""The files of `script/` in their order; functions are known wherever they stand, `head` and `main` are the ends."""

_FOLDER = Path(__file__).with_name("script")
_STRING = re.compile(r"""('(?:[^']|'')*'|"(?:[^"`]|`.|"")*")""")
_SPACE_AROUND = re.compile(r" *([{}=;,|+]) *")
_SPACE_AFTER_TYPE = re.compile(r"(?<![\w)\]])(\[[A-Z][\w.]*(?:\[\])?\]) (?=\$)")
_SPACE_BEFORE_CONDITION = re.compile(r"(\b(?:if|elseif|foreach|switch|while|for)|-(?:not|and|or)) \(")


def strip(source: str) -> str:
    """Take comments, indentation, empty lines and idle spaces off a script.

    Args:
        source: PowerShell in which a comment has its lines for itself, no string goes over a line's end, and no string
            in double quotes holds another one. A test lets PowerShell's own tokenizer compare both texts.
    Returns: the same tokens, one LF after each line.
    """
    kept, in_block = [], False
    for line in map(str.strip, source.splitlines()):
        in_block = in_block or line.startswith("<#")
        if line and not in_block and not line.startswith("#"):
            kept.append(line if line.startswith("function ") else "".join(map(_squeezed, _STRING.split(line))))
        in_block = in_block and not line.endswith("#>")
    return "\n".join(kept) + "\n"


def _squeezed(piece: str) -> str:
    if piece.startswith(("'", '"')):
        return piece
    piece = _SPACE_AFTER_TYPE.sub(r"\1", _SPACE_AROUND.sub(r"\1", piece))
    return _SPACE_BEFORE_CONDITION.sub(r"\1(", piece)


def source_text() -> str:
    """The whole script as its authors wrote it."""
    return "\n".join((_FOLDER / f"{part}.ps1").read_text("ascii") for part in PARTS)


@cache
def script_text() -> str:
    """The script as every workstation of a release gets it: ASCII, constant."""
    return strip(source_text())


@cache
def script_sha256() -> str:
    """SHA-256 of `script_text` in lower-case hexadecimal; docs/script.md tells it."""
    return hashlib.sha256(script_text().encode("ascii")).hexdigest()


def payload(request: Request) -> bytes:
    """Standard input for the loader: the request's line, then the script."""
    return f"{request.to_line()}\n{script_text()}".encode("ascii")
