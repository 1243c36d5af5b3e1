"""Output faults: what goes wrong between a command that was started and the answer that it prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.lab.faults.kinds import FaultKind, Parameter, Stage

_STEP = Parameter(1, "durable step of the transaction, from 1")

_TABLE: Final = (
    FaultKind(
        "constrained_language",
        25,
        "PowerShell runs in Constrained Language Mode (AppLocker, WDAC)",
        Stage.PROCESS,
        {"told": Parameter("loader", "loader: recognised; crash: the error of a method call", ("loader", "crash"))},
    ),
    FaultKind("antivirus", 26, "the script is blocked as malicious before it prints anything", Stage.PROCESS),
    FaultKind(
        "clixml_noise",
        27,
        "progress records as CLIXML on standard error",
        Stage.OUTPUT,
        {"kilobytes": Parameter(1, "size; 5000 is a bad day")},
    ),
    FaultKind(
        "banner",
        28,
        "a banner around the answer",
        Stage.OUTPUT,
        {
            "where": Parameter(
                "before",
                "before or after it, inside its line, or before it with a forged marker",
                ("before", "after", "inside", "forged"),
            )
        },
    ),
    FaultKind(
        "codepage",
        29,
        "accents in a console codepage before the answer",
        Stage.OUTPUT,
        {
            "page": Parameter("cp850", "the codepage", ("cp437", "cp850", "cp1252", "cp932", "utf-8")),
            "bom": Parameter(False, "U+FEFF at the very beginning"),
        },
    ),
    FaultKind(
        "out_of_memory",
        30,
        "OutOfMemoryException and nothing else, before the script does anything",
        Stage.PROCESS,
    ),
    FaultKind(
        "out_of_memory_at",
        30,
        "OutOfMemoryException in the middle of a transaction",
        Stage.MACHINE,
        {"step": _STEP},
    ),
    FaultKind(
        "settings_locked_at",
        32,
        "another program holds every settings file at one moment of a transaction",
        Stage.MACHINE,
        {
            "at": Parameter("write", "the moment", ("read", "backup", "write", "read_back")),
            "code": Parameter(32, "the Win32 code: 32, 33 or 5"),
            "attempts": Parameter(0, "tries after which it lets go; 0: never"),
        },
    ),
    FaultKind(
        "disk_full",
        33,
        "the workstation's disk is full",
        Stage.MACHINE,
        {
            "at": Parameter(
                "space", "space: it is known; else the moment of surprise", ("space", "journal", "backup", "write")
            )
        },
    ),
    FaultKind(
        "old_powershell",
        34,
        "an old Windows PowerShell",
        Stage.PROCESS,
        {"version": Parameter("3.0", "its version", ("2.0", "3.0", "4.0", "5.0"))},
    ),
    FaultKind("powershell_missing", 34, "powershell is not found: 9009", Stage.PROCESS),
    FaultKind(
        "power_cut",
        None,
        "the power goes in the middle of a transaction, and comes back",
        Stage.MACHINE,
        {"step": _STEP, "torn": Parameter(False, "in the middle of the step, not before it")},
        times=1,
    ),
    FaultKind(
        "truncated_output",
        None,
        "the answer's end is missing",
        Stage.OUTPUT,
        {"percent": Parameter(50, "how much of the output comes")},
    ),
    FaultKind("no_output", None, "the command ends well and says nothing", Stage.OUTPUT),
    FaultKind("wrong_hash", None, "a character of the answer is another than was hashed", Stage.OUTPUT),
    FaultKind("other_transaction", None, "the answer is to another transaction, and well-formed", Stage.OUTPUT),
)
OUTPUT_FAULTS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _TABLE}
