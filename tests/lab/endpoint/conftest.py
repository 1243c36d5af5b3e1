"""A real endpoint on loopback in a thread of the test process, and a client that speaks SOAP without any library."""

from __future__ import annotations

import asyncio
import base64
import http.client
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from iea_fleet.lab.engine.command_line import PowerShellCall
from iea_fleet.lab.engine.commands import Hooks, start
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, Process
from iea_fleet.lab.http.endpoint import Endpoint
from iea_fleet.lab.psrp.relay import ARGUMENTS
from iea_fleet.lab.pwsh.process import RealProcess
from iea_fleet.lab.workstation import Account, AuthSettings, Description, Workstation

T = TypeVar("T")
USER, PASSWORD = "Hélène", "pâss:wörd 1"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": SHELL,
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "e": "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError",
}


class TestEngine:
    """Ordinary commands, and a PowerShell that gives its standard input back upside down and exits with 7."""

    __test__ = False

    def __init__(self) -> None:
        self.started: list[CommandLine] = []
        self.own: dict[str, Callable[[], Process]] = {}
        self.instead: Process | None = None
        self.pwsh: Path | None = None
        """The PowerShell that keeps the runspaces; None: there is none."""
        self.kept: list[RealProcess] = []

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        self.started.append(command)
        if self.pwsh is not None and command.arguments == ARGUMENTS:
            words = (str(self.pwsh), *command.arguments)
            self.kept.append(RealProcess(words, dict(os.environ), Path.cwd(), None))
            return self.kept[-1]
        if self.instead is not None:
            return self.instead
        if command.command in self.own:
            return self.own[command.command]()
        return start(workstation, command, Hooks(powershell=self._powershell))

    def has_runspace(self, workstation: Workstation, script: str) -> bool:
        return self.pwsh is not None

    @staticmethod
    def _powershell(call: PowerShellCall) -> Process:
        if call.script == "big":
            return AnswerProcess(lambda _: Answer(bytes(range(256)) * 4096, b"end"))
        return AnswerProcess(lambda data: Answer(data[::-1], b"", 7), reads_input=True)


class Lab:
    """One event loop in a thread, and the endpoints that run in it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        # What nobody caught: a crashed connection looks like a dropped one from outside.
        self.crashes: list[str] = []
        self.loop.set_exception_handler(lambda _, context: self.crashes.append(repr(context)))
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.endpoints: list[Endpoint] = []
        self.engines: list[TestEngine] = []

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the lab's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def do(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function in the lab's loop, and let what it scheduled begin."""

        async def run() -> T:
            result = function(*args, **kwargs)
            await asyncio.sleep(0.01)
            return result

        return self.call(run())

    def open(self, description: Description | None = None, idle_s: float = 120.0, **changes: Any) -> Host:
        """One open workstation with an account; `changes` replace parts of the description."""
        made = description or Description(
            "POSTE-01",
            "127.0.0.1",
            0,
            accounts=(Account(USER, PASSWORD),),
            domain=None,
            auth=AuthSettings(allow_unencrypted=True),
        )
        workstation = Workstation(replace(made, **changes))
        engine = TestEngine()
        endpoint = Endpoint([workstation], engine, idle_s)
        self.call(endpoint.start())
        self.endpoints.append(endpoint)
        self.engines.append(engine)
        return Host(self, endpoint, workstation, engine)

    def close(self) -> None:
        for endpoint in self.endpoints:
            self.call(endpoint.stop())
        for process in (process for engine in self.engines for process in engine.kept):
            self.call(process.gone())
        left = self.call(self._leave_nothing())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        assert (left, self.crashes) == ([], [])

    @staticmethod
    async def _leave_nothing() -> list[str]:
        """Names of the tasks that a closed endpoint left behind."""
        await asyncio.sleep(0.01)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return [repr(task) for task in left]


@dataclass
class Reply:
    """An HTTP answer and its SOAP content."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    def find(self, path: str) -> ElementTree.Element:
        found = self.xml.find(path, NAMES)
        assert found is not None, self.body
        return found

    def texts(self, path: str) -> list[str]:
        return [element.text or "" for element in self.xml.iterfind(path, NAMES)]

    @property
    def fault_code(self) -> int:
        return int(self.find(".//f:WSManFault").attrib["Code"])

    @property
    def subcode(self) -> str:
        return self.find(".//s:Subcode/s:Value").text or ""


@dataclass
class Client:
    """SOAP over one keep-alive connection with Basic; knows nothing but the wire."""

    connection: http.client.HTTPConnection
    user: str = USER
    password: str = PASSWORD
    shell_id: str = ""
    host: str | None = None

    def post(self, body: bytes, headers: dict[str, str] | None = None, path: str = "/wsman") -> Reply:
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        sent = {
            "Authorization": f"Basic {token}",
            "Content-Type": "application/soap+xml;charset=UTF-8",
            **(headers or {}),
        }
        self.connection.request("POST", path, body, {key: value for key, value in sent.items() if value})
        response = self.connection.getresponse()
        return Reply(response.status, response.headers, response.read())

    def ask(self, action: str, body: str = "", **parts: Any) -> Reply:
        return self.post(envelope(action, body, **{"shell_id": self.shell_id, **parts}).encode())

    def create(self, body: str = "", **parts: Any) -> Reply:
        streams = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        reply = self.ask(f"{TRANSFER}/Create", f"<rsp:Shell>{streams}{body}</rsp:Shell>", shell_id="", **parts)
        if reply.status == 200:
            self.shell_id = reply.find(".//rsp:ShellId").text or ""
        return reply

    def command(self, command: str, *arguments: str, **parts: Any) -> Reply:
        words = "".join(f"<rsp:Arguments>{escape(word)}</rsp:Arguments>" for word in arguments)
        line = f"<rsp:CommandLine><rsp:Command>{escape(command)}</rsp:Command>{words}</rsp:CommandLine>"
        return self.ask(f"{SHELL}/Command", line, **parts)

    def run(self, command: str, *arguments: str, **parts: Any) -> str:
        """Start a command and give its id."""
        return self.command(command, *arguments, **parts).find(".//rsp:CommandId").text or ""

    def send(self, command_id: str, data: bytes, end: bool = False, **parts: Any) -> Reply:
        text = base64.b64encode(data).decode()
        mark = ' End="true"' if end else ""
        stream = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command_id}"{mark}>{text}</rsp:Stream></rsp:Send>'
        return self.ask(f"{SHELL}/Send", stream, **parts)

    def receive(self, command_id: str, streams: str = "stdout stderr", **parts: Any) -> Reply:
        desired = f'<rsp:DesiredStream CommandId="{command_id}">{streams}</rsp:DesiredStream>'
        return self.ask(f"{SHELL}/Receive", f"<rsp:Receive>{desired}</rsp:Receive>", **parts)

    def signal(self, command_id: str, code: str = f"{SHELL}/signal/terminate") -> Reply:
        body = f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>'
        return self.ask(f"{SHELL}/Signal", body)

    def delete(self) -> Reply:
        return self.ask(f"{TRANSFER}/Delete")


def envelope(
    action: str,
    body: str = "",
    *,
    shell_id: str = "",
    resource: str = f"{SHELL}/cmd",
    timeout: str = "PT20S",
    options: dict[str, str] | None = None,
    max_size: str = "153600",
    extra: str = "",
    message_id: str = "uuid:11111111-2222-3333-4444-555555555555",
) -> str:
    """A request as DSP0226 asks for it."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
    selectors = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>' if shell_id else ""
    chosen = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in (options or {}).items())
    uri = f'<w:ResourceURI s:mustUnderstand="true">{resource}</w:ResourceURI>' if resource else ""
    identity = f"<a:MessageID>{message_id}</a:MessageID>" if message_id else ""
    return (
        f"<s:Envelope {declared}><s:Header><a:To>http://host/wsman</a:To>{uri}"
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>{identity}'
        f"<a:ReplyTo><a:Address>{NAMES['a']}/role/anonymous</a:Address></a:ReplyTo>"
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{max_size}</w:MaxEnvelopeSize>'
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{selectors}<w:OptionSet>{chosen}</w:OptionSet>{extra}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


@dataclass
class Host:
    """One open workstation, from both sides."""

    lab: Lab
    endpoint: Endpoint
    workstation: Workstation
    engine: TestEngine
    clients: list[http.client.HTTPConnection] = field(default_factory=list)

    @property
    def port(self) -> int:
        port = self.workstation.description.http_port
        assert port is not None
        return port

    @property
    def url(self) -> str:
        return f"http://{self.workstation.description.address}:{self.port}/wsman"

    @property
    def https_url(self) -> str:
        return f"https://{self.workstation.description.address}:{self.workstation.description.https_port}/wsman"

    def client(self, timeout_s: float = 10.0, **kwargs: Any) -> Client:
        connection = http.client.HTTPConnection(self.workstation.description.address, self.port, timeout=timeout_s)
        self.clients.append(connection)
        return Client(connection, **kwargs)

    def set(self, name: str, **parameters: Any) -> None:
        self.lab.do(self.workstation.faults.set, name, **parameters)

    def mend(self, name: str | None = None) -> None:
        self.lab.do(self.workstation.faults.clear, name)

    def serves(self) -> bool:
        """True when a fresh client gets a right answer."""
        client = self.client()
        client.create()
        reply = client.receive(client.run("hostname"))
        client.delete()
        client.connection.close()
        return base64.b64decode("".join(reply.texts(".//rsp:Stream"))) == b"POSTE-01\r\n"


@pytest.fixture
def lab() -> Iterator[Lab]:
    running = Lab()
    yield running
    running.close()


@pytest.fixture
def host(lab: Lab) -> Iterator[Host]:
    opened = lab.open()
    yield opened
    for connection in opened.clients:
        connection.close()


@pytest.fixture
def make_envelope() -> Callable[..., str]:
    return envelope
