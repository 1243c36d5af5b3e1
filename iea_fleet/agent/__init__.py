"""The script that runs on a workstation, and the reading of what it answers. Knows no transport.

`payload` is what goes to standard input of a PowerShell that runs `LOADER`; `parse_answer` reads its standard output.
docs/wire.md tells the exchange, docs/script.md what the script touches.
"""

from iea_fleet.agent.answer import AnswerRefused, RefusalReason, parse_answer
from iea_fleet.agent.loader import LOADER, LOADER_REFUSED_EXIT_CODE, LoaderRefusal, parse_refusal
from iea_fleet.agent.script import Edition, edition_for, payload, script_sha256, script_text

__all__ = [
    "LOADER",
    "LOADER_REFUSED_EXIT_CODE",
    "AnswerRefused",
    "Edition",
    "LoaderRefusal",
    "RefusalReason",
    "edition_for",
    "parse_answer",
    "parse_refusal",
    "payload",
    "script_sha256",
    "script_text",
]
