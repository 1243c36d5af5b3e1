"""A fleet of hosts that need no network: the stub action in content/ plays each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iea_fleet.ledger.lock import RunLock
from iea_fleet.ledger.records import HostRecord, RunKind, RunState
from iea_fleet.ledger.state import open_state_folder
from iea_fleet.ledger.store import Ledger, NewRun, new_run_id
from iea_fleet.model.outcome import Outcome
from iea_fleet.rollout.content import find_content
from iea_fleet.rollout.inventory import Host, read_inventory
from iea_fleet.rollout.run import Order, Run, Stop
from iea_fleet.rollout.vault import Vault

CONTENT = Path(__file__).parent / "content"


@dataclass
class Watch:
    """An observer that remembers, and stops the run when a host answers."""

    stop: Stop
    stop_after: int = 0
    insist: bool = False
    phases: list[tuple[str, int]] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)

    def phase(self, name: str, hosts: int) -> None:
        self.phases.append((name, hosts))

    def stopping(self) -> None:
        self.phases.append(("stopping", 0))

    def answered(self, host: Host, outcome: Outcome) -> None:
        self.answers.append((host.name, outcome.verdict.value))
        if len(self.answers) == self.stop_after:
            self.stop.insist("enough", by_user=True)
            if self.insist:
                self.stop.insist("enough", by_user=True)


@dataclass
class Stage:
    """Where stub fleets are run."""

    folder: Path

    def __post_init__(self) -> None:
        self.state = open_state_folder(self.folder / "state")
        self.ledger = Ledger(self.state.ledger_url)
        self.stop = Stop()
        self.watch = Watch(self.stop)

    def inventory(self, parts: dict[str, str], **variables: str) -> str:
        """Write an inventory: host name to its part; each variable is every host's."""
        hosts = "".join(f"    {name}: {{stub: {part}}}\n" for name, part in parts.items())
        common = "".join(f"    {name}: '{value}'\n" for name, value in variables.items())
        path = self.folder / "hosts.yml"
        path.write_text(f"all:\n  vars:\n    ansible_user: adm\n{common}  hosts:\n{hosts}")
        return str(path)

    def run(
        self, inventory: str, vault: Vault | None = None, forks: int = 5
    ) -> tuple[RunState, tuple[HostRecord, ...]]:
        """Carry out a push; what the ledger says in the end."""
        content = find_content()
        vault = vault or Vault()
        hosts = read_inventory([inventory], None, vault, content.environment())
        run_id = new_run_id()
        folder = self.state.run_folder(run_id)
        order = Order(RunKind.PUSH, [inventory], forks=forks, vault=vault, wave_pause_s=0.0)
        with RunLock(folder) as lock:
            self.ledger.begin(run_id, NewRun(RunKind.PUSH, False, "", [host.asked for host in hosts]), lock.path)
            self.last = Run(order, hosts, run_id, self.ledger, folder, content, self.watch, self.stop)
            state = self.last.carry_out()
        self.run_folder = folder
        return state, self.ledger.hosts(run_id)

    def asked(self, host: str) -> int:
        """How often the stub was run for a host."""
        path = self.folder / "asked" / host
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage with its own state folder."""
    (tmp_path / "asked").mkdir()
    monkeypatch.setenv("IEA_FLEET_CONTENT", str(CONTENT))
    monkeypatch.setenv("STUB_FOLDER", str(tmp_path / "asked"))
    for name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
        monkeypatch.delenv(name)
    made = Stage(tmp_path)
    yield made
    made.ledger.close()
