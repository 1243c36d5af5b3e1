"""A workstation of either engine behind a real endpoint in a thread, and pypsrp as its client."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pypsrp.host import PSHost, PSHostUserInterface
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.engine.processes import CommandLine, Engine, Process
from iea_fleet.lab.http.endpoint import Endpoint
from iea_fleet.lab.pwsh.engine import PwshEngine
from iea_fleet.lab.pwsh.folder import WorkstationFolder
from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.lab.share.files import SharePlace
from iea_fleet.lab.share.servers import make_accounts
from iea_fleet.lab.workstation import Account, AuthSettings, Description, Workstation
from iea_fleet.model.errors import InputError

USER, PASSWORD, NAME = "Hélène", "pâss:wörd 1", "POSTE-01"


class Listening:
    """An engine that notes what is started, and may be told what to start instead."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.started: list[CommandLine] = []
        self.instead: Callable[[CommandLine], Process] | None = None

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start a command."""
        self.started.append(command)
        return self.instead(command) if self.instead else self.engine.start(workstation, command)

    def has_runspace(self, workstation: Workstation, script: str) -> bool:
        """As the engine itself, unless something else is to be started."""
        return self.instead is None and self.engine.has_runspace(workstation, script)


@dataclass(frozen=True)
class Ran:
    """How a pipeline ended; `exit_code` is what the client's host was told, None: nothing."""

    output: list[Any]
    state: int
    errors: list[Any]
    had_errors: bool
    exit_code: int | None


class Host:
    """One open workstation; `crashes` is what nobody caught in its loop."""

    def __init__(self, engine: Engine, *, https: bool = False) -> None:
        self.engine = Listening(engine)
        self.workstation = Workstation(
            Description(
                NAME,
                "127.0.0.1",
                None if https else 0,
                0 if https else None,
                (Account(USER, PASSWORD),),
                auth=AuthSettings(allow_unencrypted=True),
            )
        )
        self.loop = asyncio.new_event_loop()
        self.crashes: list[str] = []
        self.loop.set_exception_handler(lambda _, context: self.crashes.append(repr(context)))
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._endpoint = Endpoint([self.workstation], self.engine)
        self._call(self._endpoint.start())

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @property
    def port(self) -> int:
        """The port of its listener."""
        port = self.workstation.description.http_port or self.workstation.description.https_port
        assert port is not None
        return port

    def close(self) -> None:
        """Close everything; nothing may have crashed."""
        self._call(self._endpoint.stop())
        if isinstance(self.engine.engine, PwshEngine):
            self._call(self.engine.engine.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        assert self.crashes == []

    def connect(self, **options: Any) -> WSMan:
        """A client as pypsrp makes it: NTLM, with its messages encrypted."""
        settings: dict[str, Any] = {
            "auth": "ntlm",
            "encryption": "always",
            "ssl": False,
            "operation_timeout": 5,
            "read_timeout": 15,
        }
        return WSMan("127.0.0.1", port=self.port, username=USER, password=PASSWORD, **(settings | options))

    @contextmanager
    def pool(self, **options: Any) -> Iterator[RunspacePool]:
        """An open runspace pool with a host that takes exit codes, as Ansible makes it."""
        host = PSHost(None, None, False, "Test", None, PSHostUserInterface(), "1.0")
        with self.connect(**options) as connection, RunspacePool(connection, host=host) as pool:
            yield pool

    def run(self, script: str, **options: Any) -> Ran:
        """Run one script in a pool of its own."""
        with self.pool(**options) as pool:
            shell = PowerShell(pool).add_script(script)
            shell.invoke()
            assert pool.host is not None
            return Ran(shell.output, shell.state, shell.streams.error, shell.had_errors, pool.host.rc)


def make_engine(kind: str, folder: Path) -> Engine:
    """An engine with one workstation; skips where there is no PowerShell."""
    if kind == "emulated":
        return EmulatedEngine({NAME: Machine(Identity(computer_name=NAME, machine_id="m-1"))})
    environment = dict(os.environ)
    known = Path("~/.cache/iea-pwsh/linux-x64/pwsh").expanduser()
    if "IEA_FLEET_PWSH" not in environment and not shutil.which("pwsh") and known.exists():
        environment["IEA_FLEET_PWSH"] = str(known)
    try:
        pwsh = find_pwsh(environment)
    except InputError as error:
        pytest.skip(str(error))
    proxy, authority, database = "http://127.0.0.1:9", folder / "authority.pem", folder / "database"
    made = WorkstationFolder(
        folder / NAME, NAME, USER, pwsh, proxy, authority, SharePlace("SERVEUR-01"), database, make_accounts()
    )
    made.make()
    return PwshEngine({NAME: made})


@pytest.fixture(params=["emulated", pytest.param("pwsh", marks=pytest.mark.pwsh)])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A workstation of each engine."""
    opened = Host(make_engine(request.param, tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[Host]:
    """An emulated workstation."""
    opened = Host(make_engine("emulated", tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def pwsh(tmp_path: Path) -> Iterator[Host]:
    """A workstation with a real PowerShell."""
    opened = Host(make_engine("pwsh", tmp_path))
    yield opened
    opened.close()
