"""Runs of the real ansible-runner over the stub fleet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from iea_fleet.ledger.records import HostRecord, RunState
from iea_fleet.model.errors import LocalFailure
from iea_fleet.rollout.vault import Vault

if TYPE_CHECKING:
    from tests.rollout.conftest import Stage
else:
    Stage = object


def verdicts(hosts: tuple[HostRecord, ...]) -> dict[str, str]:
    return {host.asked.host: host.outcome.verdict.value if host.outcome else "pending" for host in hosts}


def reason(hosts: tuple[HostRecord, ...], name: str) -> str:
    outcome = next(host.outcome for host in hosts if host.asked.host == name)
    assert outcome is not None
    return f"{outcome.findings[0].code} {' '.join(outcome.findings[0].evidence.values())}"


def test_each_outcome_of_the_action_reaches_the_ledger(stage: Stage) -> None:
    parts = {"a": "ok", "b": "changed", "c": "drift", "d": "refused", "e": "ok"}
    state, hosts = stage.run(stage.inventory(parts))
    assert state is RunState.DONE
    assert verdicts(hosts) == {"a": "ok", "b": "changed", "c": "drift", "d": "refused", "e": "ok"}
    assert all(stage.asked(name) == 1 for name in parts)
    assert stage.watch.phases == [("scouts", 3), ("fleet", 2)]


def test_no_host_is_lost_whatever_its_action_does(stage: Stage) -> None:
    parts = {"a": "ok", "none": "no_outcome", "raises": "raises", "malformed": "malformed", "huge": "huge", "z": "ok"}
    _, hosts = stage.run(stage.inventory(parts))
    assert verdicts(hosts) == {
        "a": "ok",
        "none": "failed",
        "raises": "failed",
        "malformed": "failed",
        "huge": "failed",
        "z": "ok",
    }
    assert reason(hosts, "none") == "run.task_failed Ask the stub it fell over"
    assert "a surprise" in reason(hosts, "raises")
    assert reason(hosts, "malformed").startswith("run.outcome_unusable verdict: Input should be")
    assert "too large" in reason(hosts, "huge")


def test_hosts_that_ansible_dropped_are_asked_again_and_then_unknown(stage: Stage) -> None:
    _, hosts = stage.run(stage.inventory({"a": "ok", "dies": "dies"}))
    assert verdicts(hosts) == {"a": "ok", "dies": "unknown"}
    assert "A worker was found in a dead state" in reason(hosts, "dies")
    assert stage.asked("dies") == 2


def test_who_was_silent_gets_a_second_try_at_the_end(stage: Stage) -> None:
    _, hosts = stage.run(stage.inventory({"asleep": "then_ok", "away": "unreachable", "there": "ok"}))
    assert verdicts(hosts) == {"asleep": "ok", "away": "unreachable", "there": "ok"}
    assert [stage.asked(name) for name in ("asleep", "away", "there")] == [2, 2, 1]
    assert stage.watch.phases[-1] == ("retry", 2)


def test_a_wrong_password_is_tried_on_three_hosts_and_no_more(stage: Stage) -> None:
    parts = {f"ws{number}": "refused" for number in range(12)}
    state, hosts = stage.run(stage.inventory(parts))
    assert sum(stage.asked(name) for name in parts) == 3
    assert sorted(verdicts(hosts).values()) == ["refused"] * 3 + ["skipped"] * 9
    assert "account adm was refused on 3 hosts in a row" in reason(hosts, "ws11")
    assert state is RunState.DONE


def test_hosts_that_are_off_do_not_use_up_the_tries_of_an_account(stage: Stage) -> None:
    parts = {"off1": "unreachable", "off2": "unreachable", "off3": "unreachable"}
    parts |= {f"ws{number}": "refused" for number in range(9)}
    _, hosts = stage.run(stage.inventory(parts))
    assert sum(stage.asked(name) for name in parts if name.startswith("ws")) == 3
    assert verdicts(hosts)["ws8"] == "skipped"


def test_an_account_that_a_host_has_accepted_is_not_given_up_for_scattered_refusals(stage: Stage) -> None:
    parts: dict[str, str] = {}
    for number in range(4):
        parts |= {f"r{number}": "refused", f"o{number}": "ok"}
    _, hosts = stage.run(stage.inventory(parts), forks=1)
    assert sorted(verdicts(hosts).values()) == ["ok"] * 4 + ["refused"] * 4


def test_an_account_that_turns_bad_in_the_middle_is_left_alone(stage: Stage) -> None:
    parts = {"a": "ok", "b": "ok", "c": "ok"} | {f"ws{number}": "refused" for number in range(20)}
    _, hosts = stage.run(stage.inventory(parts), forks=2)
    tried = sum(stage.asked(f"ws{number}") for number in range(20))
    # Three, and those that had begun before the gate was shut.
    assert 3 <= tried <= 3 + 2 * 2
    assert list(verdicts(hosts).values()).count("skipped") == 20 - tried


def test_a_stop_lets_hosts_under_way_finish_and_skips_the_rest(stage: Stage) -> None:
    stage.watch.stop_after = 4
    parts = {f"ws{number}": "ok" for number in range(30)}
    state, hosts = stage.run(stage.inventory(parts), forks=2)
    found = list(verdicts(hosts).values())
    assert state is RunState.STOPPED
    assert found.count("ok") == sum(stage.asked(name) for name in parts)
    assert found.count("ok") + found.count("skipped") == 30
    assert found.count("skipped") > 0
    assert reason(hosts, "ws29") == "run.stopped enough"


def test_an_insisted_stop_leaves_hosts_under_way_unknown(stage: Stage) -> None:
    stage.watch.stop_after, stage.watch.insist = 4, True
    parts = {"a": "ok", "b": "ok", "c": "ok", "d": "ok", "slow1": "slow", "slow2": "slow"}
    state, hosts = stage.run(stage.inventory(parts), forks=5)
    (stage.folder / "asked" / "go").touch()
    assert state is RunState.STOPPED
    assert verdicts(hosts)["d"] == "ok"
    for name in ("slow1", "slow2"):
        assert verdicts(hosts)[name] == ("unknown" if stage.asked(name) else "skipped")


def test_a_playbook_that_ansible_refuses_skips_everybody_with_ansibles_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = stage.folder / "content"
    (broken / "playbooks").mkdir(parents=True)
    (broken / "playbooks" / "push.yml").write_text("- hosts: all\n  nonsense: true\n")
    monkeypatch.setenv("IEA_FLEET_CONTENT", str(broken))
    state, hosts = stage.run(stage.inventory({f"ws{number}": "ok" for number in range(5)}))
    assert state is RunState.STOPPED
    assert set(verdicts(hosts).values()) == {"skipped"}
    assert "'nonsense' is not a valid attribute for a Play" in reason(hosts, "ws0")
    assert stage.watch.phases == [("scouts", 3)]


def test_an_outcome_that_can_not_be_written_ends_the_run_and_is_still_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = stage.inventory({"a": "ok", "b": "ok", "c": "ok", "d": "ok"})

    def no_more(*_arguments: object) -> None:
        raise LocalFailure("ledger", "the disk is full", "Free some space")

    monkeypatch.setattr(stage.ledger, "record", no_more)
    with pytest.raises(LocalFailure, match="disk is full"):
        stage.run(inventory)
    found = {name: outcome.verdict.value for name, outcome in stage.last.outcomes.items()}
    assert set(found) == {"a", "b", "c", "d"}
    assert found["d"] == "skipped"


def test_a_run_whose_leases_are_gone_begins_no_further_host(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iea_fleet.rollout.run.RENEW_S", 0.0)
    monkeypatch.setattr(stage.ledger, "renew", lambda _run: False)
    parts = {f"ws{number}": "ok" for number in range(6)}
    state, hosts = stage.run(stage.inventory(parts), forks=1)
    assert state is RunState.STOPPED
    assert verdicts(hosts)["ws5"] == "skipped"
    assert "took this one for dead" in reason(hosts, "ws5")


def test_leases_that_can_not_be_renewed_end_the_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(_run: str) -> bool:
        raise LocalFailure("ledger", "it is gone", "Bring it back")

    monkeypatch.setattr("iea_fleet.rollout.run.RENEW_S", 0.0)
    monkeypatch.setattr(stage.ledger, "renew", no_more)
    with pytest.raises(LocalFailure, match="it is gone"):
        stage.run(stage.inventory({f"ws{number}": "ok" for number in range(6)}), forks=1)
    assert len(stage.last.outcomes) == 6


@pytest.mark.parametrize("way", ["file", "typed"])
def test_no_secret_and_no_file_is_left_behind(stage: Stage, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setenv("MY_ENVIRONMENT_CANARY", "canary-environment")
    (stage.folder / "vault-password").write_text("canary-vault")
    inventory = stage.inventory({"a": "ok", "peek": "peek", "b": "ok"}, ansible_password="canary-password")
    vault = Vault(file=stage.folder / "vault-password") if way == "file" else Vault(password="canary-vault")
    _, hosts = stage.run(inventory, vault)
    assert verdicts(hosts) == {"a": "ok", "peek": "ok", "b": "ok"}
    # What the stub saw in the middle of the run: every byte below the state folder, and the command lines.
    seen = json.loads((stage.folder / "asked" / "seen.json").read_text())
    assert seen["environment"] == "canary-environment"
    assert seen["found"] == []
    assert sorted(path.name for path in stage.run_folder.iterdir()) == ["gate", "lock"]


def test_more_names_fit_than_an_argument_may_hold(stage: Stage) -> None:
    names = [f"workstation-{number:04}-{'x' * 90}" for number in range(1400)]
    stage.watch.stop_after = 4
    state, hosts = stage.run(stage.inventory(dict.fromkeys(names, "ok")))
    assert state is RunState.STOPPED
    assert len(hosts) == 1400
    assert set(verdicts(hosts).values()) == {"ok", "skipped"}
