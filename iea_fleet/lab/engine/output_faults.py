"""Plays the output faults, for every engine.

An engine asks `instead` before it starts a command, and passes what a command printed through `printed`; what a
workstation's disk does in between (`Stage.MACHINE`) each engine plays in its own way, by `disk_trouble`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from iea_fleet.lab.engine.processes import Answer
from iea_fleet.lab.faults.active import ActiveFault, FaultSet
from iea_fleet.lab.faults.kinds import Stage

LOADER_REFUSED = 78
"""Exit code of the loader where the script can't run (docs/wire.md, "How it travels")."""
COMMAND_NOT_FOUND = 9009
"""What cmd.exe ends with when there is no such program."""

OUT_OF_MEMORY = b"Exception of type 'System.OutOfMemoryException' was thrown.\r\n"
"""What is left of a process that found no memory (MaxMemoryPerShellMB)."""

_BANNER = "\r\n*** Réseau de l'association - accès réservé ***\r\n<<iea-fleet>> {{ 7*7 }} \x1b]0;x\x07\r\n"
_PARTS = re.compile(rb"<<iea-fleet:([0-9a-f]{32}):(\d+):([0-9a-f]{64})>>(.*)<<iea-fleet:\1:end>>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """What a workstation's disk does during the next transaction; None and 0: nothing of the kind.

    Args:
        cut_step: durable step at which it ends; `cut_how`: `before`, `torn` (both: power lost), `killed`.
        locked_at, locked_code, locked_attempts: another program holds the settings files; attempts 0: for ever.
        full_at: `space`, `journal`, `backup` or `write`.
    """

    cut_step: int = 0
    cut_how: str = "before"
    locked_at: str | None = None
    locked_code: int = 32
    locked_attempts: int = 0
    full_at: str | None = None


def instead(faults: FaultSet) -> Answer | None:
    """What a started PowerShell says where it never comes to our script; None: it runs. Strikes are counted."""
    for fault in faults.strike_all(Stage.PROCESS):
        if fault.kind.name == "powershell_missing":
            text = "'powershell' is not recognized as an internal or external command,\r\n"
            return Answer(stderr=f"{text}operable program or batch file.\r\n".encode(), exit_code=COMMAND_NOT_FOUND)
        if fault.kind.name == "old_powershell":
            return _loader_refusal("FullLanguage", fault.text("version"))
        if fault.kind.name == "antivirus":
            return _error(
                "This script contains malicious content and has been blocked by your antivirus software.",
                "ParserError: (:) [], ParentContainsErrorRecordException",
                "ScriptContainedMaliciousContent",
            )
        if fault.kind.name == "out_of_memory":
            return Answer(stderr=OUT_OF_MEMORY, exit_code=1)
        if fault.text("told") == "loader":
            return _loader_refusal("ConstrainedLanguage", "5.1.19041.5247")
        return _error(
            "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
            "InvalidOperation: (:) [], RuntimeException",
            "MethodInvocationNotSupportedInConstrainedLanguage",
        )
    return None


def disk_trouble(faults: FaultSet) -> DiskTrouble:
    """What the disk does during the transaction that begins now. Strikes are counted."""
    trouble = DiskTrouble()
    for fault in faults.strike_all(Stage.MACHINE):
        match fault.kind.name:
            case "out_of_memory_at":
                trouble = replace(trouble, cut_step=int(fault.number("step")), cut_how="killed")
            case "power_cut":
                how = "torn" if fault.parameters["torn"] else "before"
                trouble = replace(trouble, cut_step=int(fault.number("step")), cut_how=how)
            case "disk_full":
                trouble = replace(trouble, full_at=fault.text("at"))
            case "settings_locked_at":
                trouble = replace(
                    trouble,
                    locked_at=fault.text("at"),
                    locked_code=int(fault.number("code")),
                    locked_attempts=int(fault.number("attempts")),
                )
    return trouble


def printed(faults: FaultSet, answer: Answer) -> Answer:
    """What arrives of what a command printed. Strikes are counted."""
    for fault in faults.strike_all(Stage.OUTPUT):
        answer = _PLAYERS[fault.kind.name](fault, answer)
    return answer


def _loader_refusal(language: str, version: str) -> Answer:
    return Answer(f"iea-fleet-refused language={language} version={version}\r\n".encode(), exit_code=LOADER_REFUSED)


def _error(message: str, category: str, identifier: str) -> Answer:
    """An error as Windows PowerShell writes it to a standard error that is no console."""
    lines = (f"{message}", f"    + CategoryInfo          : {category}", f"    + FullyQualifiedErrorId : {identifier}")
    text = "".join(f'<S S="Error">{line}_x000D__x000A_</S>' for line in lines)
    return Answer(stderr=clixml(text), exit_code=1)


def clixml(elements: str) -> bytes:
    """Elements of a CLIXML document as Windows PowerShell writes it to standard error."""
    head = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    return f"#< CLIXML\r\n{head}{elements}</Objs>".encode()


def _noise(fault: ActiveFault, answer: Answer) -> Answer:
    record = (
        '<Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T>'
        '<T>System.Object</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.'
        "</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>"
    )
    count = max(1, int(fault.number("kilobytes")) * 1024 // len(record))
    return replace(answer, stderr=answer.stderr + clixml(record * count))


def _banner(fault: ActiveFault, answer: Answer) -> Answer:
    banner, stdout = _BANNER.encode("cp1252"), answer.stdout
    match fault.text("where"):
        case "before":
            stdout = banner + stdout
        case "after":
            stdout += banner
        case "inside":
            stdout = b"C:\\> " + stdout.rstrip(b"\r\n") + b" chcp 65001" + banner
        case _:
            parts = _PARTS.search(stdout)
            nonce = parts[1] if parts else b"0" * 32
            stdout = b"<<iea-fleet:" + nonce + b":9:" + b"0" * 64 + b">>{}<<iea-fleet:" + nonce + b":end>>" + stdout
    return replace(answer, stdout=stdout)


def _codepage(fault: ActiveFault, answer: Answer) -> Answer:
    line = "Exécution du profil : démarré à la première connexion\r\n".encode(fault.text("page"), "replace")
    mark = b"\xef\xbb\xbf" if fault.parameters["bom"] else b""
    return replace(answer, stdout=mark + line + answer.stdout)


def _truncated(fault: ActiveFault, answer: Answer) -> Answer:
    return replace(answer, stdout=answer.stdout[: len(answer.stdout) * int(fault.number("percent")) // 100])


def _nothing(fault: ActiveFault, answer: Answer) -> Answer:
    del fault
    return replace(answer, stdout=b"", stderr=b"")


def _wrong_hash(fault: ActiveFault, answer: Answer) -> Answer:
    del fault
    return replace(answer, stdout=answer.stdout.replace(b'"replayed":false', b'"replayed":fa1se', 1))


def _other_transaction(fault: ActiveFault, answer: Answer) -> Answer:
    del fault
    parts = _PARTS.search(answer.stdout)
    if parts is None:
        return answer
    content = json.dumps(json.loads(parts[4]) | {"transaction": "f" * 32}, separators=(",", ":")).encode("ascii")
    head = b"<<iea-fleet:%s:%d:%s>>" % (parts[1], len(content), sha256(content).hexdigest().encode())
    framed = head + content + b"<<iea-fleet:%s:end>>" % parts[1]
    return replace(answer, stdout=answer.stdout[: parts.start()] + framed + answer.stdout[parts.end() :])


_PLAYERS: Final = {
    "clixml_noise": _noise,
    "banner": _banner,
    "codepage": _codepage,
    "truncated_output": _truncated,
    "no_output": _nothing,
    "wrong_hash": _wrong_hash,
    "other_transaction": _other_transaction,
}
