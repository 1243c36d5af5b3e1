"""Account safety: no run may lock an account by trying a wrong password on host after host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from iea_fleet.diagnosis.transport import is_logon_refused
from iea_fleet.ledger.gate import REFUSAL_LIMIT
from iea_fleet.model.outcome import Outcome
from iea_fleet.rollout.inventory import Host

SCOUT_ROUNDS = 3
"""How many small slices look for a host that answers, before the rest is asked with the gate as only guard."""


class AccountGuard:
    """Counts refused logons by account, as the outcomes of a run come in."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    def see(self, host: Host, outcome: Outcome) -> None:
        """Take note of one outcome."""
        refusal = next((finding for finding in outcome.findings if is_logon_refused((finding,))), None)
        tried = "" if refusal is None else refusal.evidence.get("account", "")
        account = _key(host.account or tried)
        if refusal is None:
            if outcome.answer is not None:  # only a host that accepted the logon has one
                self._in_a_row[account] = 0
                self._accepted[account] += 1
            return
        self._in_a_row[account] += 1
        self._refused[account] += 1
        # In an inventory the name may stand as a template or behind a vault; this is the one that was tried.
        self._names[account] = tried or host.account

    def name(self, account: str) -> str:
        """An account of the inventory by the name that was tried, once one was refused."""
        return self._names.get(_key(account), account)

    def is_refused(self, account: str) -> bool:
        """Whether an account must be left alone."""
        return self._in_a_row[_key(account)] >= REFUSAL_LIMIT

    def scouts(self, hosts: Sequence[Host]) -> tuple[Host, ...]:
        """The hosts to ask first: for each account that has not proven itself yet, as many as may refuse it.

        More hosts must have accepted an account than refused it: a single one that accepts anything, or still has the
        old password, says nothing of the domain that counts the wrong ones.
        """
        chosen: list[Host] = []
        room: Counter[str] = Counter()
        for host in hosts:
            account = _key(host.account)
            is_proven = self._accepted[account] > self._refused[account]
            if not is_proven and room[account] + self._in_a_row[account] < REFUSAL_LIMIT:
                room[account] += 1
                chosen.append(host)
        return tuple(chosen)


def _key(account: str) -> str:
    # Windows compares account names without case ([MS-SAMR] 3.1.1.8.4 compares sAMAccountName so).
    return account.casefold()
