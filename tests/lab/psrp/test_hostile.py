"""Whatever stands in creationXml, arguments or streams: an answer or a fault, and the endpoint serves on."""

from __future__ import annotations

import base64
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import NAMESPACES, OptionSet, SelectorSet, WSMan

from tests.lab.psrp.conftest import Host, make_engine

URI = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
RSP = NAMESPACES["rsp"]
BROKEN, NO_SHELL = 0x80131501, 0x8033805B
NONE, POOL, PIPELINE = (uuid.UUID(int=number) for number in range(3))
CAPABILITY = (
    b'<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0</Version>'
    b'<Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
)
INIT = (
    b'<Obj RefId="0"><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">1</I32>'
    b'<Obj N="PSThreadOptions" RefId="1"><I32>0</I32></Obj><Obj N="ApartmentState" RefId="2"><I32>2</I32></Obj>'
    b'<Obj N="HostInfo" RefId="3"><MS><B N="_isHostNull">true</B><B N="_isHostUINull">true</B>'
    b'<B N="_isHostRawUINull">true</B><B N="_useRunspaceHost">true</B></MS></Obj><Nil N="ApplicationArguments" />'
    b"</MS></Obj>"
)
TYPES = {"capability": 0x00010002, "init": 0x00010004, "create": 0x00021006, "input": 0x00041002, "key": 0x00010005}


def fragment(blob: bytes, object_id: int = 1, number: int = 0, marks: int = 3) -> bytes:
    return struct.pack(">QQBI", object_id, number, marks, len(blob)) + blob


def message(kind: int, xml: bytes, object_id: int = 1, pipeline: uuid.UUID = NONE) -> bytes:
    return fragment(struct.pack("<iI", 2, kind) + POOL.bytes_le + pipeline.bytes_le + xml, object_id)


OPENING = message(TYPES["capability"], CAPABILITY) + message(TYPES["init"], INIT, 2)


class Raw:
    """A client that puts any bytes into the places where PSRP travels; each act gives the fault's code, None: none."""

    def __init__(self, connection: WSMan) -> None:
        self.connection = connection
        self.selectors: SelectorSet | None = None
        self.reason = ""

    def _try(self, act: Any, *arguments: Any, **options: Any) -> int | None:
        try:
            self.answer = act(URI, *arguments, **options)
        except WSManFaultError as fault:
            self.reason = str(fault)
            return int(fault.code or 0)
        return None

    def create(self, data: bytes, text: str | None = None, version: str = "2.3") -> int | None:
        shell = ElementTree.Element(f"{{{RSP}}}Shell")
        ElementTree.SubElement(shell, f"{{{RSP}}}InputStreams").text = "stdin pr"
        ElementTree.SubElement(shell, f"{{{RSP}}}OutputStreams").text = "stdout"
        content = ElementTree.SubElement(shell, "creationXml", xmlns="http://schemas.microsoft.com/powershell")
        content.text = base64.b64encode(data).decode() if text is None else text
        options = OptionSet()
        options.add_option("protocolversion", version, {"MustComply": "true"})
        code = self._try(self.connection.create, shell, option_set=options)
        if code is None:
            identifier = self.answer.find("rsp:Shell/rsp:ShellId", NAMESPACES)
            self.selectors = SelectorSet()
            self.selectors.add_option("ShellId", identifier.text)
        return code

    def command(self, data: bytes, command_id: uuid.UUID = PIPELINE) -> int | None:
        line = ElementTree.Element(f"{{{RSP}}}CommandLine", CommandId=str(command_id).upper())
        ElementTree.SubElement(line, f"{{{RSP}}}Command")
        ElementTree.SubElement(line, f"{{{RSP}}}Arguments").text = base64.b64encode(data).decode()
        return self._try(self.connection.command, line, selector_set=self.selectors)

    def send(self, data: bytes, command_id: uuid.UUID | None = None, stream: str = "stdin") -> int | None:
        send = ElementTree.Element(f"{{{RSP}}}Send")
        element = ElementTree.SubElement(send, f"{{{RSP}}}Stream", Name=stream)
        if command_id is not None:
            element.attrib["CommandId"] = str(command_id).upper()
        element.text = base64.b64encode(data).decode()
        return self._try(self.connection.send, send, selector_set=self.selectors)

    def delete(self) -> int | None:
        return self._try(self.connection.delete, selector_set=self.selectors)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One emulated workstation for all examples; closing it fails when anything in it crashed."""
    opened = Host(make_engine("emulated", Path(tmp_path_factory.mktemp("served"))))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def connection(served: Host) -> Iterator[WSMan]:
    with served.connect(auth="basic", encryption="never", operation_timeout=1) as opened:
        yield opened


@pytest.fixture
def raw(connection: WSMan) -> Raw:
    """A client with an open runspace."""
    client = Raw(connection)
    assert client.create(OPENING) is None
    return client


ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MESSAGES = st.builds(
    message,
    st.sampled_from(sorted(TYPES.values())) | st.integers(0, 2**32 - 1),
    st.sampled_from([CAPABILITY, INIT, b"<S>x</S>", b"<Obj RefId='0'><Ref RefId='0'/></Obj>", b"<Nil/>", b""])
    | st.binary(max_size=200),
    st.integers(0, 3),
    st.sampled_from([PIPELINE, POOL, NONE]),
)
DATA = st.binary(max_size=400) | st.lists(MESSAGES, max_size=3).map(b"".join)


@ANY
@given(data=DATA)
def test_any_bytes_in_creation_xml_open_a_shell_or_give_a_fault(connection: WSMan, data: bytes) -> None:
    client = Raw(connection)
    code = client.create(data)
    assert code in {None, BROKEN}
    if code is None:
        assert client.delete() is None


@ANY
@given(data=DATA)
def test_any_bytes_in_arguments_start_a_pipeline_or_break_the_runspace(connection: WSMan, data: bytes) -> None:
    client = Raw(connection)
    assert client.create(OPENING) is None
    code = client.command(data)
    assert code in {None, BROKEN}
    assert client.delete() == (None if code is None else NO_SHELL)


@ANY
@given(data=DATA, to_pipeline=st.booleans(), stream=st.sampled_from(["stdin", "pr"]))
def test_any_bytes_in_a_stream_are_taken_or_break_the_runspace(
    connection: WSMan, data: bytes, to_pipeline: bool, stream: str
) -> None:
    client = Raw(connection)
    assert client.create(OPENING) is None
    assert client.command(b"") is None
    code = client.send(data, PIPELINE if to_pipeline else None, stream)
    assert code in {None, BROKEN}
    assert client.delete() == (None if code is None else NO_SHELL)


@ANY
@given(position=st.integers(0, 3000), value=st.integers(0, 255), cut=st.booleans())
def test_a_spoiled_pipeline_runs_or_gives_a_fault(
    connection: WSMan, pipeline: bytes, position: int, value: int, cut: bool
) -> None:
    spoiled = bytearray(pipeline)
    place = position % len(spoiled)
    spoiled[place] = value
    client = Raw(connection)
    assert client.create(OPENING) is None
    code = client.command(bytes(spoiled[:place] if cut else spoiled))
    assert code in {None, BROKEN}
    assert client.delete() == (None if code is None else NO_SHELL)


@pytest.fixture(scope="module")
def pipeline(connection: WSMan) -> bytes:
    """The bytes of a right CreatePipeline, as pypsrp writes them."""
    sent: list[bytes] = []
    with RunspacePool(connection) as pool:
        command = pool.shell.command

        def kept(executable: str, arguments: list[str], **options: Any) -> Any:
            sent.append(base64.b64decode(arguments[0]))
            return command(executable, arguments, **options)

        pool.shell.command = kept  # type: ignore[method-assign,assignment]
        shell = PowerShell(pool).add_script("'fine'")
        assert shell.invoke() == ["fine"]
    # The same message for the pipeline of these tests.
    return sent[0].replace(uuid.UUID(shell.id).bytes_le, PIPELINE.bytes_le)


def test_that_pipeline_unspoiled_runs(raw: Raw, pipeline: bytes) -> None:
    assert raw.command(pipeline) is None
    assert raw.command(pipeline) == 0x80338033
    assert raw.delete() is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x" * 20, "header of a fragment is cut off"),
        (fragment(b"")[:-1] + b"\xff", "a fragment is cut off"),
        (fragment(b"x", marks=7), "out of order"),
        (fragment(b"x", number=1), "out of order"),
        (fragment(b"x", marks=2), "begins twice or not at all"),
        (fragment(b"x", marks=1) * 2, "begins twice or not at all"),
        (fragment(b"x", marks=1) + fragment(b"x", 2, 1, 2), "out of order"),
        (fragment(b"x" * 39), "header of a message is cut off"),
        (message(TYPES["capability"], b'<!DOCTYPE a [<!ENTITY b "c">]><S>&b;</S>'), "markup declaration"),
        (message(TYPES["capability"], b"<S>"), "can't be read"),
        (message(TYPES["init"], b"<Nil/>"), "can't be read"),
        (message(TYPES["capability"], b"<LST>" * 20_000 + b"</LST>" * 20_000), "can't be read"),
    ],
)
def test_the_fault_says_what_is_wrong_with_the_data(connection: WSMan, data: bytes, says: str) -> None:
    client = Raw(connection)
    assert client.create(data) == BROKEN
    assert says in client.reason


def test_a_creation_that_is_no_base64_or_of_another_protocol_is_refused(connection: WSMan) -> None:
    assert Raw(connection).create(b"", text="***") == 0x80338041
    assert Raw(connection).create(OPENING, version="3.0") == 0x80338041


def test_a_pool_may_open_in_several_pieces_and_takes_pipelines_only_then(connection: WSMan, pipeline: bytes) -> None:
    client = Raw(connection)
    assert client.create(OPENING[:222]) == BROKEN
    capability, init = message(TYPES["capability"], CAPABILITY), message(TYPES["init"], INIT, 2)
    assert client.create(capability) is None
    assert client.command(pipeline) == 0x80338041
    head, tail = init[21:200], init[200:]
    assert client.send(fragment(head, 2, 0, 1)) is None
    assert client.send(fragment(tail, 2, 1, 2)) is None
    assert client.command(pipeline) is None
    assert client.delete() is None


def test_input_for_an_unknown_pipeline_is_refused_and_the_pool_goes_on(raw: Raw, pipeline: bytes) -> None:
    assert raw.send(b"", uuid.UUID(int=77)) == NO_SHELL
    assert raw.send(b"", None, "stdout") == 0x80338041
    assert raw.command(pipeline) is None
    assert raw.delete() is None


def test_an_object_beyond_ten_megabytes_breaks_the_runspace(raw: Raw) -> None:
    blob = b"x" * 300_000
    number, code = 0, None
    while code is None and number < 50:
        code = raw.send(fragment(blob, 9, number, 1 if number == 0 else 0))
        number += 1
    assert (code, number) == (BROKEN, (10 << 20) // len(blob) + 1)


def test_a_deleted_runspace_is_not_found(raw: Raw) -> None:
    assert raw.delete() is None
    assert raw.delete() == NO_SHELL


def test_a_message_to_another_pipeline_breaks_the_runspace(raw: Raw, pipeline: bytes) -> None:
    assert raw.command(b"") is None
    assert raw.command(pipeline, POOL) == BROKEN
    assert "addressed to another pipeline" in raw.reason
