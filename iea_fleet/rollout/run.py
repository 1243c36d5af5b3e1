"""A run: scouts first, then everybody else, then once more those worth a second try; no host is ever lost."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from iea_fleet.ledger.gate import ENVIRONMENT_NAME as GATE_VARIABLE
from iea_fleet.ledger.gate import Gate, refused_reason
from iea_fleet.ledger.records import RunKind, RunState
from iea_fleet.ledger.store import Ledger
from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.phrase import Translate
from iea_fleet.rollout import findings
from iea_fleet.rollout.accounts import SCOUT_ROUNDS, AccountGuard
from iea_fleet.rollout.content import Content
from iea_fleet.rollout.events import Begun, Said, Skipped, Told, read_event
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.passage import Passage
from iea_fleet.rollout.playbook import PlaybookCall, PlaybookEnd, run_playbook
from iea_fleet.rollout.vault import Vault

RENEW_S = 30
"""How often leases are prolonged."""

_MOMENTARY = frozenset({"transaction.busy", findings.CUT_OFF})


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for.

    Args:
        kind: push or report; also the playbook's name.
        inventory: sources as given.
        check, diff: Ansible's modes of these names.
        forks: how many hosts at once.
        vault: opens what is encrypted in the inventory.
        wave_pause_s: seconds before the second try at the end of the wave.
        variables: of the playbook, above those of the inventory; secrets may be among them.
        translate: into the user's language, for the failure that ended the run early.
    """

    kind: RunKind
    inventory: Sequence[str]
    check: bool = False
    diff: bool = False
    forks: int = 20
    vault: Vault = field(default_factory=Vault)
    wave_pause_s: float = 5.0
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    translate: Translate = str


class Observer(Protocol):
    """Who watches a run; called in the run's own thread."""

    def phase(self, name: str, hosts: int) -> None:
        """A pass over so many hosts begins: `scouts`, `fleet` or `retry`."""

    def answered(self, host: Host, outcome: Outcome) -> None:
        """A host's outcome is in the ledger; it may come again after a second try."""

    def stopping(self) -> None:
        """The run was asked to end; hosts under way are finished."""


class Stop:
    """Ends a run early. Its methods may be called from signal handlers."""

    def __init__(self) -> None:
        self.reason = ""
        self.by_user = False
        self.at_once = False

    def request(self, reason: str, by_user: bool = False) -> None:
        """Let hosts under way finish and skip the rest; the first reason counts."""
        self.by_user = self.by_user or by_user
        self.reason = self.reason or reason

    def insist(self, reason: str, by_user: bool = False) -> None:
        """As `request`; insisted a second time: end at once."""
        self.at_once = self.at_once or bool(self.reason)
        self.request(reason, by_user)


class Run:
    """One run over hosts that the ledger has written down already.

    Args:
        order: what was asked for.
        hosts: all of them, in order.
        run: the run's id in the ledger.
        ledger: where outcomes go.
        folder: the run's private folder.
        content: playbooks and roles.
        observer: who watches.
        stop: how it is ended early.
    """

    def __init__(
        self,
        order: Order,
        hosts: Sequence[Host],
        run: str,
        ledger: Ledger,
        folder: Path,
        content: Content,
        observer: Observer,
        stop: Stop,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._order, self._hosts, self._run, self._ledger = order, {host.name: host for host in hosts}, run, ledger
        self._folder, self._content, self._observer, self._stop = folder, content, observer, stop
        self._playbook = content.playbook(order.kind.value)
        self._accounts = AccountGuard()
        gate_folder = folder / "gate"
        gate_folder.mkdir(mode=0o700)
        self._gate = Gate(gate_folder)
        self._gate_shut = False
        self._passage = Passage()
        self._said = Said("", error=False)
        self._left_out: list[Host] = []
        self._passes = 0
        self._renewed = time.monotonic()
        self._failure: LocalFailure | None = None

    def carry_out(self) -> RunState:
        """Ask every host, and leave an outcome for each; the run is closed in the ledger.

        Raises: LocalFailure when this machine stood in the way, such as by a full disk; `outcomes` is complete even so.
        """
        for _ in range(SCOUT_ROUNDS):
            scouts = self._accounts.scouts(self._open_hosts())
            if not scouts or self._stop.reason:
                break
            self._pass("scouts", scouts)
        self._skip_refused_accounts()
        self._pass("fleet", self._open_hosts())
        self._second_try()
        self._skip_refused_accounts()
        self._account_for_everyone()
        state = RunState.STOPPED if self._stop.reason else RunState.DONE
        if self._failure is not None:
            with suppress(LocalFailure):  # the run's own files are gone: perhaps there is room again
                self._ledger.record(self._run, self.outcomes)
                self._ledger.end(self._run, state, self._stop.reason)
            raise self._failure
        self._ledger.end(self._run, state, self._stop.reason)
        return state

    def _open_hosts(self) -> list[Host]:
        return [host for host in self._hosts.values() if host.name not in self.outcomes]

    def _second_try(self) -> None:
        again = [host for host in self._hosts.values() if _worth_a_second_try(self.outcomes.get(host.name))]
        again = [host for host in again if not self._accounts.is_refused(host.account)]
        if not again or self._stop.reason:
            return
        self._wait(self._order.wave_pause_s)
        self._pass("retry", again)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stop.reason and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _pass(self, name: str, hosts: Sequence[Host]) -> None:
        if not hosts or self._stop.reason:
            return
        self._observer.phase(name, len(hosts))
        self._passes += 1
        self._passage, self._said = Passage(), Said("", error=False)
        environment = {**self._content.environment(), GATE_VARIABLE: str(self._gate.folder)}
        call = PlaybookCall(
            playbook=self._playbook,
            inventory=self._order.inventory,
            hosts=[host.name for host in hosts],
            forks=self._order.forks,
            check=self._order.check,
            diff=self._order.diff,
            vault=self._order.vault,
            environment=environment,
            variables=self._order.variables,
        )
        try:
            end = run_playbook(call, self._folder / f"pass-{self._passes}", self._on_event, self._wants_end)
        except LocalFailure as failure:
            self._give_up(failure)
            end = PlaybookEnd(exit_code=-1)
        self._account_for_pass(hosts, end)

    def _account_for_pass(self, hosts: Sequence[Host], end: PlaybookEnd) -> None:
        """Give an outcome to hosts that this pass said nothing about, unless they can still be asked in the next."""
        self._settle_left_out()
        reason = self._stop.reason or self._reason_of(end)
        if end.exit_code != 0 and self._passage.is_untouched:
            self._stop.request(reason)  # Ansible did not even begin: the next pass would fare no better
        for host in hosts:
            if self._passage.has_told(host.name):
                continue
            if self._passage.is_cut_off(host.name):
                self._settle(host, findings.cut_off(reason))
            elif host.name not in self.outcomes and not self._stop.reason:
                self._settle(host, findings.skipped(reason))

    def _reason_of(self, end: PlaybookEnd) -> str:
        return f"Ansible ended with exit code {end.exit_code}" + (
            f": {self._said.text}" if self._said.text else " and said nothing of it"
        )

    def _on_event(self, event: Mapping[str, Any]) -> None:
        match read_event(event):
            case Begun(name):
                self._passage.begin(name)
            case Told(name, outcome) if name in self._hosts:
                self._passage.tell(name)
                self._settle(self._hosts[name], outcome)
            case Skipped(name) if name in self._hosts:
                self._on_skipped(self._hosts[name])
            case Said() as said if said.error or not self._said.error:
                self._said = said
            case _:
                pass

    def _on_skipped(self, host: Host) -> None:
        refused = self._accounts.is_refused(host.account)
        self._passage.tell(host.name, turned_away=self._gate_shut and not refused)
        if host.name in self.outcomes:  # of an earlier pass: it says more
            return
        self._left_out.append(host)

    def _settle_left_out(self) -> None:
        """Say why hosts were skipped: only now all refusals are known that shut the gate for their account."""
        left_out, self._left_out = self._left_out, []
        for host in left_out:
            refused = self._accounts.is_refused(host.account)
            reason = self._stop.reason or "the playbook leaves this host out"
            told = refused_reason(self._accounts.name(host.account)) if refused else reason
            self._settle(host, findings.skipped(told))

    def _settle(self, host: Host, outcome: Outcome) -> None:
        self._settle_all({host: outcome})

    def _settle_all(self, found: Mapping[Host, Outcome]) -> None:
        self.outcomes |= {host.name: outcome for host, outcome in found.items()}
        if self._failure is None:
            try:
                self._ledger.record(self._run, {host.name: outcome for host, outcome in found.items()})
            except LocalFailure as failure:
                self._give_up(failure)
        for host, outcome in found.items():
            self._observer.answered(host, outcome)
            self._accounts.see(host, outcome)

    def _give_up(self, failure: LocalFailure) -> None:
        """This machine stands in the way: outcomes are kept in memory, and no further host is begun."""
        self._failure = self._failure or failure
        self._stop.request(failure.sentence(self._order.translate))

    def _skip_refused_accounts(self) -> None:
        refused = [host for host in self._open_hosts() if self._accounts.is_refused(host.account)]
        self._settle_all(
            {host: findings.skipped(refused_reason(self._accounts.name(host.account))) for host in refused}
        )

    def _account_for_everyone(self) -> None:
        reason = self._stop.reason or "the run ended before its turn"
        self._settle_all({host: findings.skipped(reason) for host in self._open_hosts()})

    def _shut_gate(self) -> None:
        try:
            self._gate.shut(self._stop.reason)
        except OSError:  # a full disk, which may be why we stop
            self._stop.at_once = True
        self._observer.stopping()

    def _renew(self) -> None:
        self._renewed = time.monotonic()
        try:
            if not self._ledger.renew(self._run):
                self._stop.request("another run took this one for dead and holds its hosts now")
        except LocalFailure as failure:
            self._give_up(failure)

    def _wants_end(self) -> bool:
        if self._stop.reason and not self._gate_shut:
            self._gate_shut = True
            self._shut_gate()
        if time.monotonic() - self._renewed > RENEW_S and self._failure is None:
            self._renew()
        return self._stop.at_once or self._passage.is_over


def _worth_a_second_try(outcome: Outcome | None) -> bool:
    if outcome is None:
        return False
    return any(finding.evidence.get("retry") == "wave" or finding.code in _MOMENTARY for finding in outcome.findings)
