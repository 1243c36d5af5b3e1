"""Makes error records of what a PowerShell process wrote to standard error: CLIXML or the text of a console."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

from psrpcore.types import ErrorCategory, ErrorCategoryInfo, NETException

_CLIXML: Final = "#< CLIXML"
_CLIXML_ERROR: Final = re.compile(r'<S S="Error">([^<]*)</S>')
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")
# A console names the command, then the message; what follows belongs to it up to the next such line.
_BEGINS: Final = re.compile(r"(?P<command>[A-Za-z][\w.-]{0,100}) ?: (?P<message>.*)")
_POSITION: Final = re.compile(r"(At .+:\d+ char:\d+|\+ .*)")
_CATEGORY: Final = re.compile(
    r"\+ CategoryInfo +: (?P<category>\w+): \((?P<target>.*):(?P<type>[^:)]*)\) \[(?P<activity>.*)\], (?P<reason>\w+)"
)
_ERROR_ID: Final = re.compile(r"\+ FullyQualifiedErrorId : (?P<id>\S+)")
# What PowerShell gives to each line that a native program writes to standard error.
_NATIVE: Final = "NativeCommandError"


@dataclass(frozen=True, slots=True)
class ErrorText:
    """One error as the console told it; `fully_qualified_id` is that of a native program's line when none was told."""

    message: str
    fully_qualified_id: str = _NATIVE
    category: ErrorCategory = ErrorCategory.NotSpecified
    activity: str = ""
    reason: str = ""
    target: str = ""
    target_type: str = ""

    @property
    def exception(self) -> NETException:
        """The exception for an error record."""
        return NETException(Message=self.message, HResult=-2146233087)

    @property
    def category_info(self) -> ErrorCategoryInfo:
        """The category for an error record."""
        return ErrorCategoryInfo(
            Category=self.category,
            Activity=self.activity or None,
            Reason=self.reason or None,
            TargetName=self.target or None,
            TargetType=self.target_type or None,
        )


def parse_errors(stderr: bytes) -> tuple[ErrorText, ...]:
    """The errors in what a process wrote to standard error; progress and other streams in CLIXML are left out."""
    text = stderr.decode("utf-8", "replace")
    if text.lstrip("\ufeff").startswith(_CLIXML):
        text = "".join(_unescaped(entry) for entry in _CLIXML_ERROR.findall(text))
    groups: list[list[str]] = []
    for line in _COLOUR.sub("", text).splitlines():
        if not groups or (_BEGINS.fullmatch(line) and not _POSITION.fullmatch(line)):
            groups.append([])
        groups[-1].append(line)
    return tuple(error for group in groups if (error := _error(group)) is not None)


def _unescaped(entry: str) -> str:
    # Characters beyond the basic plane come as two escaped halves.
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), html.unescape(entry))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _error(lines: list[str]) -> ErrorText | None:
    said = [line for line in lines if not _POSITION.fullmatch(line.strip())]
    message = "\n".join(said).strip()
    if not message:
        return None
    whole = "\n".join(lines)
    error_id, category = _ERROR_ID.search(whole), _CATEGORY.search(whole)
    if error_id is None or category is None:
        return ErrorText(message)
    begins = _BEGINS.match(said[0])
    return ErrorText(
        message[begins.start("message") :] if begins else message,
        fully_qualified_id=error_id["id"],
        category=getattr(ErrorCategory, category["category"], ErrorCategory.NotSpecified),
        activity=category["activity"],
        reason=category["reason"],
        target=category["target"],
        target_type=category["type"],
    )
