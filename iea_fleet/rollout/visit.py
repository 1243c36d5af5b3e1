"""A visit to one host: several rounds under one run and one lease, each in the ledger as soon as it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iea_fleet.ledger.store import Ledger
from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.outcome import Outcome
from iea_fleet.plugins._secrets import Secrets
from iea_fleet.rollout import findings
from iea_fleet.rollout.content import Content
from iea_fleet.rollout.events import Begun, Said, Told, read_event
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.playbook import PlaybookCall, run_playbook
from iea_fleet.rollout.run import RENEW_S, Stop
from iea_fleet.rollout.settings import ASSISTANCE_PASSWORD
from iea_fleet.rollout.vault import Vault


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit takes place.

    Args:
        host: who is asked.
        inventory: sources as given; vault: opens what is encrypted there.
        run: the run's id in the ledger, which has written it down with this host.
        folder: the run's private folder.
        content: playbooks and roles.
    """

    host: Host
    inventory: Sequence[str]
    vault: Vault
    run: str
    folder: Path
    content: Content


class Visit:
    """The rounds with one host.

    Args:
        place: where.
        ledger: where outcomes go.
        stop: ends a look at once, and a remedy when it is insisted on.
        stopping: called once when a remedy is to end, and is finished first.
        secrets: what the host is given beside the variables of a round. What it was given in one round it can say
            back in the next, whose action does not know it any more.
    """

    def __init__(
        self, place: Place, ledger: Ledger, stop: Stop, stopping: Callable[[], None], secrets: Iterable[str] = ()
    ) -> None:
        self.outcomes: list[Outcome] = []
        self._given = list(secrets)
        self._place, self._ledger, self._stop, self._stopping = place, ledger, stop, stopping
        self._told_to_stop = False

    @property
    def is_stopped(self) -> bool:
        """Whether it was asked to end."""
        return bool(self._stop.reason)

    def _is_stopped_at_once(self) -> bool:
        if self.is_stopped and not self._told_to_stop:
            self._told_to_stop = True
            self._stopping()
        return self._stop.at_once

    def look(self, variables: Mapping[str, object]) -> Outcome:
        """One round that writes nothing."""
        return self._round("report", variables)

    def mend(self, variables: Mapping[str, object]) -> Outcome:
        """One round that does what the variables of the role iea_fix say; secrets may be among them."""
        return self._round("fix", variables)

    def _round(self, playbook: str, variables: Mapping[str, object]) -> Outcome:
        place, listener = self._place, _Listener(self._place.host.name)
        call = PlaybookCall(
            playbook=place.content.playbook(playbook),
            inventory=place.inventory,
            hosts=[place.host.name],
            forks=1,
            check=False,
            diff=False,
            vault=place.vault,
            environment=place.content.environment(),
            variables=variables,
        )
        folder = place.folder / f"round-{len(self.outcomes) + 1}"
        is_over = self._is_stopped_at_once if playbook == "fix" else lambda: self.is_stopped
        end = run_playbook(call, folder, listener.hear, is_over)
        self._given.append(str(variables.get(ASSISTANCE_PASSWORD, "")))
        told = listener.outcome(self._stop.reason or f"Ansible ended with exit code {end.exit_code}")
        outcome = Secrets(self._given).hide_in_outcome(told)
        self.outcomes.append(outcome)
        self._ledger.record_round(place.run, place.host.name, outcome)
        return outcome


class _Listener:
    """Listens to Ansible's events for one host."""

    def __init__(self, host: str) -> None:
        self._host, self._begun, self._said = host, False, ""
        self._told: Outcome | None = None

    def hear(self, event: Mapping[str, Any]) -> None:
        """One event."""
        match read_event(event):
            case Begun(name) if name == self._host:
                self._begun = True
            case Told(name, outcome) if name == self._host:
                self._told = outcome
            case Said(text, error) if error:
                self._said = text
            case _:
                pass

    def outcome(self, reason: str) -> Outcome:
        """What became of the host; `reason`: why nothing was heard, if nothing was."""
        if self._told is not None:
            return self._told
        why = f"{reason}: {self._said}" if self._said else reason
        return findings.cut_off(why) if self._begun else findings.skipped(why)


@contextmanager
def kept_alive(ledger: Ledger, run: str) -> Iterator[None]:
    """Prolong a run's leases meanwhile, however long a person takes to answer."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_S):
            with suppress(LocalFailure):  # the next round's record tells it
                ledger.renew(run)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
