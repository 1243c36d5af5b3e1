"""Recorded exchanges with real Windows servers: finding them, saying again what their commands said, comparing shapes.

What must differ is masked: ids, addresses, owner, times, process id, memory, the activity id (which older servers do
not send), how output is cut into pieces. Of PSRP the messages are compared by type, states by value too; what a real
PowerShell writes beside strings (errors, progress, warnings, host calls) is left out, for the lab's is a process.
"""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

import yaml

from iea_fleet.lab.engine.processes import ProcessOutput, Signal

FACTS = Path(os.environ.get("IEA_FLEET_WINDOWS_FACTS") or Path(__file__).parents[4] / "shared" / "windows")
SHELL: Final = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
ENUMERATION: Final = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
MASKED: Final = {
    "MessageID",
    "RelatesTo",
    "Address",
    "ShellId",
    "CommandId",
    "EnumerationContext",
    "Owner",
    "ClientIP",
    "ProcessId",
    "MemoryUsed",
    "ChildProcesses",
    "ShellRunTime",
    "ShellInactivity",
}
MASKED_ATTRIBUTES: Final = {"CommandId", "Machine", "{http://www.w3.org/XML/1998/namespace}lang"}
# Of PSRP, [MS-PSRP] 2.2.1: what is compared, and strings of output, however many.
TOLD: Final = {
    0x00010002: "SESSION_CAPABILITY",
    0x00021005: "RUNSPACEPOOL_STATE",
    0x00021009: "APPLICATION_PRIVATE_DATA",
    0x0002100B: "RUNSPACEPOOL_INIT_DATA",
    0x00021008: "RUNSPACE_AVAILABILITY",
    0x00010006: "ENCRYPTED_SESSION_KEY",
    0x00041006: "PIPELINE_STATE",
}
COMMAND_METADATA: Final = 0x0002100A
BEYOND: Final = {
    0x00041100: "a host call",
    0x00021100: "a host call",
    0x00010005: "keys of the recorded session",
}
PIPELINE_OUTPUT: Final = 0x00041004
PIPELINE_STATE: Final = 0x00041006
FAILED: Final = 5


@dataclass(frozen=True)
class Exchange:
    """One request, and what Windows answered."""

    request: str
    response: str
    status: int

    @property
    def asked(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.request)

    @property
    def answered(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.response)

    @property
    def action(self) -> str:
        return next(e.text or "" for e in self.asked.iter() if e.tag.endswith("}Action")).rsplit("/", 1)[-1]

    @property
    def command_id(self) -> str | None:
        """The command that the request concerns; a new one's is its answer's, for an old server does not take ours."""
        if self.action == "Command":
            return self.answered.findtext(f".//{SHELL}CommandId")
        for element in self.asked.iter():
            local = element.tag.rpartition("}")[2]
            command_id = element.get("CommandId") or element.get(f"{SHELL}CommandId")
            if command_id and local in {"DesiredStream", "Stream", "CommandLine", "Signal", "Connect"}:
                return command_id
        return None

    @property
    def pool_messages(self) -> list[str] | None:
        """What the answer tells of a runspace pool itself; None: it is no answer about that."""
        if self.action != "Receive" or self.command_id is not None or self.status != 200:
            return None
        return pool_messages(self.answered)

    @property
    def needs_powershell(self) -> bool:
        """Whether a process for each pipeline can't answer it, and a real PowerShell can: it asks for commands."""
        return any(
            COMMAND_METADATA in dict(psrp_messages(data))
            for element in self.asked.iter()
            if element.tag == f"{SHELL}Arguments" and isinstance(data := _decoded(element.text or ""), bytes)
        )

    @property
    def beyond(self) -> str | None:
        """Why a process, which is what the lab has for a PowerShell, can't answer as Windows did."""
        if self.action == "Connect":
            return "what a server says again after Connect, one so, another otherwise"
        for element in (*self.asked.iter(), *self.answered.iter()):
            local, data = element.tag.rpartition("}")[2], _decoded(element.text or "")
            if local not in {"Stream", "Arguments"} or not isinstance(data, bytes) or not is_psrp(data):
                continue
            kinds = dict(psrp_messages(data))
            for kind, reason in BEYOND.items():
                if kind in kinds:
                    return reason
            if any(b"<SS" in content for content in kinds.values()):
                return "a SecureString, under the recorded session's key"
            if local == "Stream" and self.action == "Receive" and kinds and not _told(data) and self.command_id:
                return "an answer with nothing but progress, warnings or errors"
        return None


def find_recordings() -> Iterator[Path]:
    """Every file below the folder of facts that holds exchanges in one of the known forms."""
    for path in sorted(FACTS.rglob("*.yml")):
        if load(path):
            yield path


def _messages(path: Path) -> list[tuple[str, str | None]]:
    """Requests and responses of a file (None: it broke off), in the form of pypsrp's recordings or of WinRMSharp's."""
    document = yaml.safe_load(path.read_text("utf-8"))
    if isinstance(document, dict) and isinstance(document.get("messages"), list):
        found = [m for m in document["messages"] if isinstance(m, dict) and isinstance(m.get("request"), str)]
        return [(m["request"], None if "http_error" in m else m.get("response")) for m in found]
    if isinstance(document, list):
        found = [m for m in document if isinstance(m, dict) and {"Request", "Response"} <= m.keys()]
        return [(m["Request"]["Body"], m["Response"]["Body"]) for m in found]
    return []


def load(path: Path) -> list[Exchange]:
    """The exchanges of a recording until one that broke off."""
    exchanges = []
    for request, response in _messages(path):
        if not response:
            break
        # What a file says of an encoding was true of other bytes.
        request = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", request)
        exchanges.append(Exchange(request, response.strip(), 500 if ":Fault>" in response else 200))
    return exchanges


def psrp_messages(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and data of the messages that begin in a stream of fragments ([MS-PSRP] 2.2.4); nothing when it is none."""
    while len(stream) > 21:
        flags, length = struct.unpack(">BI", stream[16:21])
        blob, stream = stream[21 : 21 + length], stream[21 + length :]
        if flags & 1 and len(blob) >= 40:
            yield struct.unpack("<I", blob[4:8])[0], blob[40:].removeprefix(b"\xef\xbb\xbf")


def pool_messages(answered: ElementTree.Element) -> list[str] | None:
    """The messages of PSRP in an answer to Receive, joined; None: there are none."""
    streams = [_decoded(stream.text or "") for stream in answered.iter(f"{SHELL}Stream")]
    joined = b"".join(stream for stream in streams if isinstance(stream, bytes))
    return _told(joined) if is_psrp(joined) else None


def is_psrp(stream: bytes) -> bool:
    return stream[:7] == bytes(7) and len(stream) > 21


def state_of(data: bytes) -> int:
    found = re.search(rb'<I32 N="(?:Pipeline|Runspace)State">(\d+)<', data)
    return int(found[1]) if found else -1


class RecordedProcess:
    """Says what the recorded process said: its n-th Receive gets what the n-th recorded one got."""

    def __init__(self, receives: list[Exchange]) -> None:
        self.output = ProcessOutput()
        self.receives = iter([exchange.answered for exchange in receives])

    def next_receive(self) -> None:
        response = next(self.receives, None)
        for stream in response.iter(f"{SHELL}Stream") if response is not None else ():
            data = base64.b64decode(stream.text or "")
            if not is_psrp(data):
                self.output.put(stream.get("Name"), data)  # type: ignore[arg-type]
                continue
            for kind, content in psrp_messages(data):
                if kind == PIPELINE_OUTPUT:
                    text = re.search(rb"<S>([^<]*)</S>", content)
                    line = unescape(text[1].decode("utf-8", "replace")) if text else "an object"
                    self.output.put("stdout", line.encode() + b"\n")
                elif kind == PIPELINE_STATE:
                    self.output.finish(1 if state_of(content) == FAILED else 0)
        for code in response.iter(f"{SHELL}ExitCode") if response is not None else ():
            self.output.finish(int(code.text or "0"))

    async def feed(self, data: bytes, end: bool) -> None:
        pass

    def signal(self, kind: Signal) -> None:
        self.output.finish(1)


def processes(exchanges: list[Exchange]) -> dict[int, RecordedProcess]:
    """The processes of a recording, by the numbers of the exchanges that concern each; an id may come again."""
    found: dict[int, RecordedProcess] = {}
    for number, started in enumerate(exchanges):
        if started.action == "Command" and started.status == 200:
            concerned = [number]
            for later in range(number + 1, len(exchanges)):
                if exchanges[later].command_id == started.command_id:
                    if exchanges[later].action == "Command":
                        break
                    concerned.append(later)
            process = RecordedProcess([exchanges[n] for n in concerned if exchanges[n].action == "Receive"])
            found |= dict.fromkeys(concerned, process)
    return found


def shape(element: ElementTree.Element) -> list[Any]:
    """Names, attributes, order and unmasked text of a tree; pieces of one stream are joined."""
    local = element.tag.partition("}")[2]
    attributes = {key: "*" if key in MASKED_ATTRIBUTES else value for key, value in element.attrib.items()}
    text = (element.text or "").strip()
    if local in MASKED or attributes.get("Name") == "ShellId":
        text = "*"
    children: list[Any] = []
    for child in element:
        if child.tag.endswith("}ActivityId"):
            continue
        if child.tag == f"{SHELL}Stream" and children and children[-1][0] == child.tag:
            last = children[-1]
            if last[1]["Name"] == child.get("Name") and child.get("End") is None:
                last[2] += base64.b64decode(child.text or "")
                continue
        children.append(shape(child))
        if child.tag == f"{SHELL}Stream" or local == "ConnectResponse":
            children[-1][2] = _decoded(child.text or "")
    for child in children:
        if isinstance(child[2], bytes) and is_psrp(child[2]):
            child[2] = _told(child[2])
    return [element.tag, attributes, text, children]


def lines(element: ElementTree.Element) -> list[str]:
    """The shape as text, a line an element, indented."""

    def render(tree: list[Any], depth: int) -> Iterator[str]:
        tag, attributes, text, children = tree
        yield " ".join(
            ["  " * depth + tag, *(f"{key}={value}" for key, value in sorted(attributes.items())), repr(text)]
        )
        for child in children:
            yield from render(child, depth + 1)

    return list(render(shape(element), 0))


def _decoded(text: str) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text


def _told(stream: bytes) -> list[str]:
    told: list[str] = []
    for kind, content in psrp_messages(stream):
        if kind in TOLD:
            told.append(TOLD[kind] + (f" {state_of(content)}" if TOLD[kind].endswith("_STATE") else ""))
        elif kind == PIPELINE_OUTPUT and told[-1:] != ["PIPELINE_OUTPUT"]:
            told.append("PIPELINE_OUTPUT")
    return told
