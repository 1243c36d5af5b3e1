"""A wrong password and a workstation that accepts anything: its word must not let the others lock the account."""

from __future__ import annotations

from iea_fleet.rollout.accounts import AccountGuard
from tests.rollout.test_accounts import accepted, host, refused


def test_one_host_that_accepts_anything_does_not_vouch_for_an_account_that_others_refuse() -> None:
    guard = AccountGuard()
    hosts = [host(f"h{number}") for number in range(9)]
    for scout, outcome in zip(guard.scouts(hosts), (accepted(), refused(), refused()), strict=True):
        guard.see(scout, outcome)
    assert [scout.name for scout in guard.scouts(hosts[3:])] == ["h3"]
    guard.see(hosts[3], refused())
    assert guard.is_refused("adm")


def test_an_account_that_most_hosts_accept_is_tried_on_all() -> None:
    guard = AccountGuard()
    hosts = [host(f"h{number}") for number in range(9)]
    for scout, outcome in zip(guard.scouts(hosts), (accepted(), refused(), accepted()), strict=True):
        guard.see(scout, outcome)
    assert guard.scouts(hosts[3:]) == ()
