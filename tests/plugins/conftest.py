"""One workstation behind the lab's real endpoint, and Ansible started against it as a user would."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from iea_fleet.lab.application import LEFT_BEHIND, SERVICE, VENDOR_HOST, Settings, files
from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.network import Network, Server
from iea_fleet.lab.engine.processes import Answer, AnswerProcess, CommandLine, Process
from iea_fleet.lab.http.endpoint import Endpoint
from iea_fleet.lab.workstation import Account, AuthSettings, Description, Workstation
from iea_fleet.model.answer import Certificate
from iea_fleet.model.outcome import Outcome
from iea_fleet.plugins.exchange import exchange

REPOSITORY = Path(__file__).parents[2]
PASSWORD = "canary-Pa55-of-the-workstation"
USER = "iea-admin"
CERTIFICATE = Certificate(
    subject="CN=impact-emploi.urssaf.fr",
    issuer="CN=Test",
    not_before="2026-01-01T00:00:00Z",
    not_after="2027-12-31T00:00:00Z",
    sha256="0" * 64,
)


class Engine(EmulatedEngine):
    """The emulated engine; with `says`, each command is answered with what that makes of its standard input."""

    says: Callable[[bytes], Answer] | None = None

    def start(self, workstation: Workstation, command: CommandLine) -> Process:
        """Start a command."""
        if self.says is not None:
            return AnswerProcess(self.says, reads_input=True)
        return super().start(workstation, command)


@dataclass
class Run:
    """How a playbook ended."""

    exit_code: int
    ended: str
    result: dict[str, Any]
    text: str
    results: list[dict[str, Any]]
    """Of every host; the others are those of the last one."""

    @property
    def outcome(self) -> Outcome:
        """The outcome in the result."""
        return Outcome.model_validate_json(json.dumps(self.result["iea_fleet"]))

    @property
    def codes(self) -> list[str]:
        """The codes of its findings."""
        return [finding.code for finding in self.outcome.findings]


@dataclass
class Bench:
    """A workstation in a thread's event loop, and a folder with an inventory that names it."""

    folder: Path
    loop: asyncio.AbstractEventLoop
    workstation: Workstation
    machine: Machine
    engine: Engine
    endpoint: Endpoint
    variables: dict[str, Any] = field(default_factory=dict)

    def set(self, fault: str, **parameters: str | int | float | bool) -> None:
        """Set a transport fault."""
        self._in_loop(lambda: self.workstation.faults.set(fault, **parameters))

    def _in_loop(self, act: Callable[[], None]) -> None:
        async def run() -> None:
            act()

        asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def lay(self, settings: Settings) -> None:
        """Put the application's files as these settings say."""
        for path, data in files(settings).items():
            self.machine.disk.lay(self.machine.expanded(path), data)

    def ansible(self, *options: str, playbook: str = "push.yml", hosts: int = 1, **variables: object) -> Run:
        """Run a playbook against the workstation as a user would.

        Args:
            options: of ansible-playbook.
            playbook: which one.
            hosts: so many inventory names for the one workstation.
            variables: of the host.
        """
        description = self.workstation.description
        host = {
            "ansible_host": "127.0.0.1",
            "ansible_connection": "winrm",
            "ansible_port": description.http_port or description.https_port,
            "ansible_winrm_scheme": "http" if description.http_port else "https",
            "ansible_winrm_transport": "ntlm",
            "ansible_user": USER,
            "ansible_password": PASSWORD,
            "iea_profile": "lab",
            "iea_computer_name": self.workstation.name,
            "iea_deadline_s": 60,
            **self.variables,
            **variables,
        }
        inventory = self.folder / "inventory.yml"
        names = {
            self.workstation.name: host,
            **{f"{self.workstation.name}-{number}": host for number in range(1, hosts)},
        }
        sites = {"site_test": {"hosts": names}}
        inventory.write_text(yaml.safe_dump({"all": {"children": sites}}), encoding="utf-8")
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "IEA_FLEET_TEST_RECORD": str(results),
            "PYTHONPATH": str(REPOSITORY),
        }
        ended = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, *options,
             REPOSITORY / "playbooks" / playbook],
            env=environment, capture_output=True, timeout=120, check=False, cwd=self.folder,
        )  # fmt: skip
        text = (ended.stdout + ended.stderr).decode()
        assert results.exists(), text
        lines = results.read_text(encoding="utf-8").splitlines()
        ends = [json.loads(line) for line in lines]
        return Run(ended.returncode, ends[-1]["ended"], ends[-1]["result"], text, [end["result"] for end in ends])

    def exchange(
        self,
        *,
        check_mode: bool = False,
        connection: str = "winrm",
        deadline_s: int = 30,
        pin: str = "",
        asked: Mapping[str, object] | None = None,
        **variables: object,
    ) -> Outcome:
        """Carry out a push in this process, over Ansible's own connection plugin; variables as in an inventory.

        `asked`: more arguments of the action.
        """
        description = self.workstation.description
        options = {
            "ansible_host": "127.0.0.1",
            "ansible_port": description.http_port or description.https_port,
            "ansible_winrm_scheme": "http" if description.http_port else "https",
            "ansible_winrm_transport": "ntlm",
            "ansible_user": USER,
            "ansible_password": PASSWORD,
            **variables,
        }
        plugin = connection_loader.get(connection, PlayContext())
        extras = {name: value for name, value in options.items() if name.startswith(f"ansible_{connection}_")}
        plugin.set_options(var_options={**options, "_extras": extras})
        arguments = {"profile": "lab", "deadline_s": deadline_s, "certificate_sha256": pin, **(asked or {})}
        return exchange(plugin, arguments, check_mode=check_mode)


@pytest.fixture(autouse=True)
def _no_proxy_and_no_authority_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries take no time."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A workstation as before the vendor's change, whose servers answer; over HTTP with NTLM."""
    with open_bench(tmp_path) as opened:
        yield opened


class open_bench:  # noqa: N801 - read as a function
    """Opens a bench for a `with` block.

    Args:
        folder: for inventory and results.
        https: open the HTTPS listener instead of the HTTP one.
        auth: logon settings of the workstation.
        changes: more of its description.
    """

    def __init__(self, folder: Path, *, https: bool = False, auth: AuthSettings | None = None, **changes: Any) -> None:
        self._folder, self._https, self._auth, self._changes = folder, https, auth or AuthSettings(), changes

    def __enter__(self) -> Bench:
        name = "PC-TEST-01"
        machine = Machine(Identity(computer_name=name, machine_id="m-1"))
        machine.network = Network(servers=(Server(host=VENDOR_HOST, certificate=CERTIFICATE),))
        machine.services = {SERVICE: "running"}
        machine.processes = {"ImpactEmploi": 1}
        engine = Engine({name: machine})
        description = Description(
            name=name,
            http_port=None if self._https else 0,
            https_port=0 if self._https else None,
            accounts=(Account(USER, PASSWORD),),
            auth=self._auth,
        )
        description = replace(description, **self._changes)
        workstation = Workstation(description)
        self._loop = asyncio.new_event_loop()
        # Connections that a test leaves open are cancelled at its end, which asyncio's streams report.
        self._loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        endpoint = Endpoint([workstation], engine)
        asyncio.run_coroutine_threadsafe(endpoint.start(), self._loop).result(10)
        self._endpoint = endpoint
        bench = Bench(self._folder, self._loop, workstation, machine, engine, endpoint)
        bench.lay(LEFT_BEHIND)
        return bench

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        await self._endpoint.stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        # A TLS connection whose client is gone waits for its farewell longer than this loop lives.
        selector: Any = self._loop._selector  # type: ignore[attr-defined]
        for key in list(selector.get_map().values()):
            owner = getattr(getattr(key.data[0], "_callback", None), "__self__", None)
            if isinstance(owner, asyncio.Transport):
                owner.abort()
        for _ in range(3):
            await asyncio.sleep(0)


def visible(text: str) -> str:
    """Ansible's output without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
