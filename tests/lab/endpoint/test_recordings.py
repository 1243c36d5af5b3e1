"""Recorded exchanges with real Windows servers, replayed: the lab's answers have the same shape.

Every file with exchanges below the folder `IEA_FLEET_WINDOWS_FACTS` is replayed, of whatever client.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.lab.wsman.shells import close_shell
from iea_fleet.model.errors import InputError
from tests.lab.endpoint.recorded import (
    ENUMERATION,
    FACTS,
    SHELL,
    Exchange,
    find_recordings,
    lines,
    load,
    pool_messages,
    processes,
    shape,
)

RECORDINGS = list(find_recordings())
pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason=f"no recordings of Windows below {FACTS}: set IEA_FLEET_WINDOWS_FACTS"
)
CONFIGURATION = "http://schemas.microsoft.com/wbem/wsman/1/config"


def ours(exchange: Exchange, ids: dict[str, str]) -> str:
    """The recorded request with the lab's ids, and no more patience than its answer needs."""
    request = exchange.request
    for theirs, our in ids.items():
        request = request.replace(theirs, our)
    # The recorded client waited for the time-out fault; the shape is the same after a tenth of a second.
    patience = "PT0.1S" if "TimedOut" in exchange.response else "PT3S"
    return re.sub(r"(OperationTimeout[^>]*>)PT\d[^<]*", rf"\g<1>{patience}", request)


def learn(ids: dict[str, str], recorded: ElementTree.Element, answered: ElementTree.Element) -> None:
    """Note which of the lab's ids stand for the recorded ones."""
    selector = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}Selector"
    for path in (f".//{selector}", f".//{SHELL}CommandId", f".//{ENUMERATION}EnumerationContext"):
        theirs, our = recorded.findtext(path), answered.findtext(path)
        if theirs and our and theirs != our:
            ids[theirs] = our


def names(tree: ElementTree.Element) -> list[str]:
    """The elements alone: of a configuration the values differ."""
    return [element.tag for element in tree.iter() if "ActivityId" not in element.tag]


def outside(host: Any, exchange: Exchange, ids: dict[str, str]) -> None:
    """What had come about beside the recorded client: its shell was left alone or gone when it asked for it."""
    if exchange.action != "Get" or not (shell_id := exchange.asked.findtext(".//{*}Selector")):
        return
    shell = host.workstation.shells.get(ids.get(shell_id, shell_id))
    if shell is None:
        return
    if "Disconnected<" in exchange.response:
        shell.connected = False
    elif exchange.status == 500 and "InvalidSelectors" in exchange.response:
        host.lab.do(close_shell, host.workstation, shell)


@pytest.mark.parametrize("path", RECORDINGS, ids=[path.stem for path in RECORDINGS])
def test_the_lab_answers_as_windows_did(host: Any, path: Path) -> None:
    exchanges = load(path)
    started = processes(exchanges)
    client = host.client()
    ids: dict[str, str] = {}
    differences: list[str] = []
    ahead: list[str] = []
    beyond: list[str] = []
    if any(exchange.needs_powershell for exchange in exchanges):
        try:
            host.engine.pwsh = find_pwsh()
        except InputError as error:
            pytest.skip(str(error))
    for number, exchange in enumerate(exchanges):
        if exchange.beyond is not None and exchange.beyond not in beyond:
            beyond.append(exchange.beyond)
        told = exchange.pool_messages
        if told and ahead[: len(told)] == told:
            # How messages of a pool are spread over answers differs from one Windows to the next.
            del ahead[: len(told)]
            continue
        process = started.get(number)
        outside(host, exchange, ids)
        host.engine.instead = process
        if exchange.action == "Receive" and process is not None:
            host.lab.do(process.next_receive)
        reply = client.post(ours(exchange, ids).encode())
        of = names if f"{{{CONFIGURATION}}}Config" in names(exchange.answered) else lines
        if told and told == (pool_messages(reply.xml) or [])[: len(told)]:
            ahead += (pool_messages(reply.xml) or [])[len(told) :]
            continue
        asked, theirs, our = f"{number} {exchange.action}", of(exchange.answered), of(reply.xml)
        if exchange.action == "Create" and f"{SHELL}Shell" not in names(exchange.answered):
            # The stack before 3.0 tells of no shell.
            our = [line for line in our if f"  {SHELL}" not in line]
        differences += difflib.unified_diff(theirs, our, f"{asked}: Windows", "lab", n=1, lineterm="")
        if reply.status != exchange.status:
            differences.append(f"{asked}: HTTP status {reply.status} instead of {exchange.status}")
        learn(ids, exchange.answered, reply.xml)
        if differences and beyond:
            pytest.xfail(f"not spoken by the lab: {', '.join(beyond)}")
        assert not differences, "\n".join(differences)
    if exchanges[-1].action == "Delete":
        assert host.workstation.shells == {}


def test_a_used_up_quota_is_told_in_both_details_as_windows_does(host: Any) -> None:
    found = next(FACTS.rglob("wmi_error_v2.xml"), None)
    if found is None:
        pytest.skip(f"no wmi_error_v2.xml below {FACTS}")
    recorded = ElementTree.fromstring(found.read_text("utf-8"))
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
