"""Recorded exchanges with a real Windows server, replayed: the lab's answers have the same shape.

What differs, and is therefore masked: ids, addresses, owner, times, the activity id (which older servers do not send),
how output is cut into pieces, and values of the configuration (the recorded server had raised its quotas).
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from iea_fleet.lab.engine import ProcessOutput, Signal

FACTS = (
    Path(os.environ.get("IEA_FLEET_WINDOWS_FACTS") or Path(__file__).parents[4] / "shared" / "windows") / "exchanges"
)
pytestmark = pytest.mark.skipif(
    not FACTS.is_dir(), reason=f"no recordings of Windows at {FACTS}: set IEA_FLEET_WINDOWS_FACTS"
)
SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
MASKED = {"MessageID", "RelatesTo", "ActivityId", "Address", "ShellId", "CommandId", "Owner", "ClientIP"}
MASKED_ATTRIBUTES = {"CommandId", "Machine"}


class RecordedProcess:
    """Says what the recorded process said: its n-th Receive gets what the n-th recorded one got."""

    def __init__(self, receives: list[ElementTree.Element]) -> None:
        self.output = ProcessOutput()
        self.receives = iter(receives)

    def next_receive(self) -> None:
        response = next(self.receives)
        for stream in response.iter(f"{SHELL}Stream"):
            self.output.put(stream.get("Name"), base64.b64decode(stream.text or ""))  # type: ignore[arg-type]
        for code in response.iter(f"{SHELL}ExitCode"):
            self.output.finish(int(code.text or "0"))

    async def feed(self, data: bytes, end: bool) -> None:
        assert data

    def signal(self, kind: Signal) -> None:
        self.output.finish(1)


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
                last[2] = base64.b64encode(base64.b64decode(last[2]) + base64.b64decode(child.text or "")).decode()
                continue
        children.append(shape(child))
    return [element.tag, attributes, text, children]


def exchanges(name: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = yaml.safe_load((FACTS / name).read_text("utf-8"))["messages"]
    return messages


def recordings() -> Iterator[Any]:
    for path in sorted(FACTS.glob("winrs_*.yml")) if FACTS.is_dir() else []:
        yield pytest.param(path.name, id=path.stem)


@pytest.mark.parametrize("name", list(recordings()))
def test_the_lab_answers_as_windows_did(host: Any, name: str) -> None:
    messages = exchanges(name)
    receives = [ElementTree.fromstring(m["response"]) for m in messages if "/shell/Receive<" in m["request"]]
    process = RecordedProcess(receives)
    command = next(
        re.findall(r"<rsp:Command>([^<]*)<", m["request"]) for m in messages if "<rsp:Command>" in m["request"]
    )
    host.engine.own[command[0]] = lambda: process
    client = host.client()
    ids: dict[str, str] = {}
    for message in messages:
        request, recorded = message["request"], ElementTree.fromstring(message["response"])
        for theirs, ours in ids.items():
            request = request.replace(theirs, ours)
        # The recorded client waited ten seconds for the time-out fault; the shape is the same after a tenth.
        request = re.sub(r"PT\d+S", "PT0.1S" if "TimedOut" in message["response"] else "PT20S", request)
        if "/shell/Receive<" in request:
            host.lab.do(process.next_receive)
        reply = client.post(request.encode())
        answered = reply.xml
        assert reply.status == message.get("transport_error", {}).get("code", 200)
        assert shape(answered) == shape(recorded)
        for local in ("ShellId", "CommandId"):
            theirs_ours = [tree.findtext(f".//{SHELL}{local}") for tree in (recorded, answered)]
            if theirs_ours[0] and theirs_ours[1]:
                ids[theirs_ours[0]] = theirs_ours[1]
    assert host.workstation.shells == {}


def test_the_configuration_has_the_elements_of_windows(host: Any) -> None:
    (message,) = exchanges("wsman_update_envelope_size_150.yml")
    reply = host.client().post(message["request"].encode())

    def names(text: bytes | str) -> list[str]:
        return [element.tag for element in ElementTree.fromstring(text).iter() if "ActivityId" not in element.tag]

    assert names(reply.body) == names(message["response"])


def test_a_used_up_quota_is_told_in_both_details_as_windows_does(host: Any) -> None:
    recorded = ElementTree.fromstring((FACTS / "wmi_error_v2.xml").read_text("utf-8"))
    client = host.client()
    for _ in range(30):
        assert client.create().status == 200
    reply = client.create()
    wmi = ".//{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}MSFT_WmiError"
    ours, theirs = reply.xml.find(wmi), recorded.find(wmi)
    assert ours is not None
    assert theirs is not None
    assert shape(ours) == shape(theirs)
    for path in (".//{*}Code", ".//{*}Reason"):
        mine, windows = reply.xml.find(path), recorded.find(path)
        assert mine is not None
        assert windows is not None
        assert shape(mine) == shape(windows)
    assert (reply.status, reply.fault_code) == (500, 2150859173)
