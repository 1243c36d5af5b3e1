"""The script as it is sent, in two editions: parts one after the other, without comments and what only eyes need."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from iea_fleet.model.request import PeopleProbe, RecordsProbe, Request, RestartProcess, RestartService, ShareProbe


class Edition(StrEnum):
    """Which parts are sent; each edition is one constant text."""

    SHORT = "short"
    """What a push asks for."""
    WHOLE = "whole"
    """Everything: shares, records, people and steps that do something besides."""


PARTS: Mapping[Edition, tuple[str, ...]] = {
    Edition.SHORT: (
        "head", "answer", "json", "text", "ini", "properties", "xml", "registry", "setting", "url", "probe", "work",
        "durable", "journal", "plan", "main",
    ),
    Edition.WHOLE: (
        "head", "answer", "json", "text", "ini", "properties", "xml", "registry", "setting", "url", "probe", "work",
        "names", "share", "errand", "records", "command", "steps", "durable", "journal", "plan", "main",
    ),
}  # fmt: skip
"""The files of `script/` in their order; functions are known wherever they stand, `head` and `main` are the ends."""

_FOLDER = Path(__file__).with_name("script")
_STRING = re.compile(r"""('(?:[^']|'')*'|"(?:[^"`]|`.|"")*")""")
_SPACE_AROUND = re.compile(r" *([{}=;,|+]) *")
_SPACE_AFTER_TYPE = re.compile(r"(?<![\w)\]])(\[(?:[A-Z][\w.]*|ref)(?:\[\])?\]) (?=[$(]|\Z)")
_SPACE_AROUND_OPERATOR = re.compile(
    r"(?:(?<=[\w)\]}])|\A) ?(-(?:and|or|eq|ne|lt|gt|le|ge|ceq|cmatch|clike|in|notin|is|isnot|like|notlike|match"
    r"|notmatch|replace|split|join|band|bor|as|f)\b)(?: (?=[$(@\[]|\Z))?"
)
_SPACE_BEFORE_CONDITION = re.compile(r"(\b(?:if|elseif|foreach|switch|while|for)|-not) (?=[$(])")


def strip(source: str) -> str:
    """Take comments, indentation, empty lines, idle spaces and idle line ends off a script.

    Args:
        source: PowerShell in which a comment has its lines for itself, no string goes over a line's end, and no string
            in double quotes holds another one. A test lets PowerShell's own tokenizer compare both texts.
    Returns: the same tokens. The head of a function, and a `param` behind it, keep a line each.
    """
    kept, in_block = "", False
    for line in map(str.strip, source.splitlines()):
        in_block = in_block or line.startswith("<#")
        if line and not in_block and not line.startswith("#"):
            if line.startswith("function "):
                kept += f"{line}\n"
            else:
                if line.startswith("}"):
                    kept = kept.removesuffix("\n")
                squeezed = "".join(map(_squeezed, _STRING.split(line)))
                kept += squeezed if squeezed.endswith("{") else f"{squeezed}\n"
        in_block = in_block and not line.endswith("#>")
    return kept


def _squeezed(piece: str) -> str:
    if piece.startswith(("'", '"')):
        return piece
    piece = _SPACE_AFTER_TYPE.sub(r"\1", _SPACE_AROUND.sub(r"\1", piece))
    piece = _SPACE_AROUND_OPERATOR.sub(r"\1", piece)
    return _SPACE_BEFORE_CONDITION.sub(r"\1", piece)


def source_text(edition: Edition) -> str:
    """An edition as its authors wrote it."""
    return "\n".join((_FOLDER / f"{part}.ps1").read_text("ascii") for part in PARTS[edition])


@cache
def script_text(edition: Edition = Edition.WHOLE) -> str:
    """An edition as every workstation of a release gets it: ASCII, constant."""
    return strip(source_text(edition))


@cache
def script_sha256(edition: Edition) -> str:
    """SHA-256 of `script_text` in lower-case hexadecimal; docs/script.md tells it."""
    return hashlib.sha256(script_text(edition).encode("ascii")).hexdigest()


def edition_for(request: Request) -> Edition:
    """The edition that has the parts that a request names (docs/wire.md, "How it travels")."""
    whole = (
        request.names
        or request.connect
        or request.act
        or request.release
        or any(isinstance(probe, ShareProbe | RecordsProbe | PeopleProbe) for probe in request.probe)
        or not all(isinstance(work, RestartService | RestartProcess) for work in request.after)
    )
    return Edition.WHOLE if whole else Edition.SHORT


def payload(request: Request) -> bytes:
    """Standard input for the loader: the request's line, then the script in the edition that the request needs."""
    return f"{request.to_line()}\n{script_text(edition_for(request))}".encode("ascii")
