"""Which hosts are asked first, and when an account is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.model.answer import Answer
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.rollout.accounts import AccountGuard
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.passage import Passage


def host(name: str, account: str = "adm") -> Host:
    return Host(name=name, site="", address=name, account=account)


def refused(code: str = "transport.logon_refused", account: str = "") -> Outcome:
    finding = Finding(code=code, sheet=Sheet.TRANSPORT, severity=Severity.ERROR, evidence={"account": account})
    return Outcome(verdict=Verdict.REFUSED, findings=(finding,))


def accepted() -> Outcome:
    facts = {"computer_name": "W", "machine_id": "", "user": "u", "os_version": "10", "powershell": "5.1"}
    facts |= {"edition": "Desktop", "culture": "fr-FR", "time": "2026-01-01T00:00:00Z"}
    answer = {"schema": 1, "transaction": "0" * 32, "status": "done", "dry_run": False, "replayed": False}
    answer |= {
        "host": {**facts, "boot_time": None, "utc_offset_min": 60},
        "recovered": None,
        "error": None,
        "elapsed_ms": 1,
    }
    answer |= dict.fromkeys(("probes", "require", "act", "ensure", "release", "after", "verify"), ())
    return Outcome(verdict=Verdict.OK, answer=Answer.model_validate(answer, strict=False))


def test_three_refusals_in_a_row_are_enough_whatever_the_case_of_the_name() -> None:
    guard = AccountGuard()
    guard.see(host("a", "Adm"), refused())
    guard.see(host("b", "adm"), refused("transport.logon_refused_local_account"))
    guard.see(host("c", "ADM"), refused("transport.kerberos_account"))
    assert guard.is_refused("ADM")
    assert guard.name("ADM") == "ADM"
    assert guard.is_refused("aDm")
    assert not guard.is_refused("other")


def test_a_host_that_accepts_the_account_begins_the_row_anew() -> None:
    guard = AccountGuard()
    for outcome in (refused(), refused(), accepted(), refused(), refused()):
        guard.see(host("a"), outcome)
    assert not guard.is_refused("adm")
    guard.see(host("a"), refused())
    assert guard.is_refused("adm")


@pytest.mark.parametrize("verdict", [Verdict.UNREACHABLE, Verdict.UNKNOWN, Verdict.FAILED, Verdict.SKIPPED])
def test_a_host_without_an_answer_proves_nothing_of_an_account(verdict: Verdict) -> None:
    guard = AccountGuard()
    guard.see(host("a"), refused())
    guard.see(host("b"), refused())
    guard.see(host("c"), Outcome(verdict=verdict))
    assert not guard.is_refused("adm")
    guard.see(host("d"), refused())
    assert guard.is_refused("adm")


def test_an_account_that_only_the_action_knows_is_counted_too() -> None:
    guard = AccountGuard()
    for name in "ab":
        guard.see(host(name, ""), refused(account="templated"))
    guard.see(host("c", ""), refused(account="templated"))
    assert guard.is_refused("templated")


def test_the_name_given_is_the_one_that_was_tried_not_the_inventorys_template() -> None:
    guard = AccountGuard()
    for name in "ab":
        guard.see(host(name, "{{ vault_user }}"), refused(account="adm"))
    guard.see(host("c", "{{ vault_user }}"), refused(account="adm"))
    assert guard.is_refused("{{ vault_user }}")
    assert guard.name("{{ vault_user }}") == "adm"
    assert guard.is_refused("{{ vault_user }}")
    assert guard.name("{{ vault_user }}") == "adm"
    assert guard.name("other") == "other"


def test_scouts_are_as_many_of_each_account_as_may_still_be_refused() -> None:
    guard = AccountGuard()
    hosts = [host(f"a{number}", "one") for number in range(5)] + [host("b", "two")]
    assert [scout.name for scout in guard.scouts(hosts)] == ["a0", "a1", "a2", "b"]
    guard.see(hosts[0], refused())
    assert [scout.name for scout in guard.scouts(hosts[1:])] == ["a1", "a2", "b"]
    guard.see(hosts[1], accepted())
    guard.see(hosts[2], accepted())
    assert [scout.name for scout in guard.scouts(hosts[3:])] == ["b"]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), max_size=60))
def test_no_account_is_ever_tried_on_more_than_three_hosts_that_all_refuse_it(fleet: list[tuple[str, bool]]) -> None:
    hosts = [host(f"h{number}", account) for number, (account, _) in enumerate(fleet)]
    is_on = {f"h{number}": on for number, (_, on) in enumerate(fleet)}
    guard, asked = AccountGuard(), set[str]()
    while scouts := guard.scouts([candidate for candidate in hosts if candidate.name not in asked]):
        for scout in scouts:
            asked.add(scout.name)
            guard.see(scout, refused() if is_on[scout.name] else Outcome(verdict=Verdict.UNREACHABLE))
    for account in "xyz":
        assert sum(is_on[name.name] for name in hosts if name.name in asked and name.account == account) <= 3


def test_a_stopped_pass_waits_for_those_who_came_through_the_gate_only() -> None:
    passage = Passage()
    for name in ("through1", "through2", "turned", "late"):
        passage.begin(name)
    passage.tell("through1")
    assert not passage.is_over
    passage.tell("turned", turned_away=True)
    passage.begin("later")
    assert not passage.is_over
    assert passage.is_cut_off("through2")
    assert not passage.is_cut_off("later")
    passage.tell("late", turned_away=True)
    passage.tell("through2")
    assert passage.is_over
    assert not passage.is_cut_off("through2")
