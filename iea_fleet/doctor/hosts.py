"""Checks workstations: the way to each without a logon, then one real round that writes nothing, judged together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from iea_fleet.diagnosis.endpoint import may_log_on
from iea_fleet.diagnosis.kind import joined
from iea_fleet.diagnosis.rights import local_account
from iea_fleet.diagnosis.transaction import is_of_transaction
from iea_fleet.diagnosis.win32 import ACCESS_DENIED
from iea_fleet.doctor.checks import Subject, check
from iea_fleet.ledger.gate import ENVIRONMENT_NAME as GATE_VARIABLE
from iea_fleet.ledger.gate import refused_reason
from iea_fleet.model.answer import Answer, PlaceState, SettingFacts
from iea_fleet.model.finding import Finding, Severity
from iea_fleet.model.outcome import Outcome
from iea_fleet.rollout.accounts import SCOUT_ROUNDS, AccountGuard
from iea_fleet.rollout.content import Content
from iea_fleet.rollout.events import Said, Told, read_event
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.playbook import PlaybookCall, run_playbook
from iea_fleet.rollout.vault import Vault

PLAYBOOK: Final = Path(__file__).with_name("doctor.yml")

_RESULT_KEY: Final = "iea_endpoint"
_FINDINGS: Final = TypeAdapter(tuple[Finding, ...])
_MOST_FINDINGS: Final = 32
_SPOKE: Final = frozenset({"command", "send", "receive", "answer", "close"})
"""Stages that only a host that accepted the logon comes to."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to look at.

    Args:
        inventory: sources as given.
        hosts: those that were asked for, in order.
        forks: how many at once.
        vault: opens what is encrypted in the inventory.
        folder: a private folder of this run, empty.
        content: playbooks, roles and plugins.
    """

    inventory: Sequence[str]
    hosts: Sequence[Host]
    forks: int
    vault: Vault
    folder: Path
    content: Content


@dataclass(slots=True)
class _Heard:
    """What one host's tasks told."""

    endpoint: tuple[Finding, ...] = ()
    outcome: Outcome | None = None


@dataclass(slots=True)
class _Ear:
    """Collects what Ansible's events tell."""

    hosts: dict[str, _Heard] = field(default_factory=dict)
    said: str = ""

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take note of one event of ansible-runner."""
        data = event.get("event_data")
        result = data.get("res") if isinstance(data, Mapping) else None
        if isinstance(result, Mapping) and isinstance(data, Mapping) and _RESULT_KEY in result:
            self._of(str(data.get("host"))).endpoint = _read_findings(result[_RESULT_KEY])
            return
        match read_event(event):
            case Told(name, outcome):
                self._of(name).outcome = outcome
            case Said(text, error) if error or not self.said:
                self.said = text
            case _:
                pass

    def _of(self, name: str) -> _Heard:
        return self.hosts.setdefault(name, _Heard())


def examine_hosts(
    order: Order, told: Callable[[Subject], None], reason_to_end: Callable[[], str]
) -> tuple[Subject, ...]:
    """Look at every host, a few at first for each account, so that a wrong password locks nobody out.

    Args:
        order: what to look at.
        told: called with each host when its pass has ended.
        reason_to_end: asked now and then; unless "" the check ends at once (nothing is written anywhere), and those
            that were not finished have it as their reason.
    Returns: a subject a host, in order.
    Raises: LocalFailure when this machine stood in the way.
    """
    guard, found = AccountGuard(), dict[str, Subject]()
    gate = order.folder / "gate"
    gate.mkdir(mode=0o700)
    environment = {**order.content.environment(), GATE_VARIABLE: str(gate)}

    def examine(hosts: Sequence[Host], number: int) -> None:
        ear = _Ear()
        names = [host.name for host in hosts]
        call = PlaybookCall(PLAYBOOK, order.inventory, names, order.forks, False, False, order.vault, environment)
        end = run_playbook(call, order.folder / f"pass-{number}", ear.hear, lambda: bool(reason_to_end()))
        silence = reason_to_end() or ear.said or f"Ansible ended with exit code {end.exit_code} and said nothing of it"
        for host in hosts:
            heard = ear.hosts.get(host.name, _Heard())
            if heard.outcome is not None:
                guard.see(host, heard.outcome)
            reason = refused_reason(guard.name(host.account)) if guard.is_refused(host.account) else silence
            found[host.name] = Subject(host.name, _judge(host, heard, reason))
            told(found[host.name])

    for number in range(SCOUT_ROUNDS + 1):
        remaining = [host for host in order.hosts if host.name not in found]
        chosen = guard.scouts(remaining) if number < SCOUT_ROUNDS else remaining
        if chosen and not reason_to_end():
            examine(chosen, number)
    unasked = check("doctor.not_asked", reason=reason_to_end())
    return tuple(found.get(host.name, Subject(host.name, (unasked,))) for host in order.hosts)


def _read_findings(raw: object) -> tuple[Finding, ...]:
    import json

    try:
        return _FINDINGS.validate_json(json.dumps(raw))[:_MOST_FINDINGS]
    except ValidationError as error:
        # pydantic's own sentence would quote what it choked on.
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return (check("doctor.not_asked", reason=f"the look's result is not of the agreed form, at {where}"),)
    except (ValueError, TypeError, RecursionError):
        return (check("doctor.not_asked", reason="the look's result is no plain text and numbers"),)


def _judge(host: Host, heard: _Heard, silence: str) -> tuple[Finding, ...]:
    endpoint = heard.endpoint
    outcome = heard.outcome
    if outcome is None:
        lacking = not endpoint or may_log_on(endpoint)
        return (*endpoint, *([check("doctor.not_asked", reason=silence)] if lacking else []))
    known = {finding.code for finding in endpoint}
    round_ = tuple(finding for finding in judge_round(host, _expected(endpoint), outcome) if finding.code not in known)
    return (*endpoint, *round_)


def _expected(endpoint: Sequence[Finding]) -> str:
    return next((f.evidence.get("computer_name", "") for f in endpoint if f.code == "doctor.route"), "")


def judge_round(host: Host, expected: str, outcome: Outcome) -> tuple[Finding, ...]:
    """What one round that wrote nothing says of logon, PowerShell, identity and rights; settings are not its subject.

    Args:
        host: who was asked.
        expected: the computer name that the inventory gives; "": none.
        outcome: of the action.
    """
    answer = outcome.answer
    own = tuple(f for f in outcome.findings if f.code.startswith(("transport.", "transaction.", "run.")))
    if answer is None:
        spoke = any(f.evidence.get("stage") in _SPOKE for f in own)
        account = next((f.evidence["account"] for f in own if "account" in f.evidence), host.account)
        return (*([check("doctor.logon_accepted", account=account)] if spoke else []), *own)
    found = [
        check("doctor.logon_accepted", account=answer.host.user),
        check(
            "doctor.powershell",
            version=answer.host.powershell,
            edition=answer.host.edition or None,
            system=answer.host.os_version or None,
        ),
    ]
    if not any(f.code == "transaction.identity" for f in own):
        found.append(_computer(host, expected, answer))
    found += own
    if not any(is_of_transaction(f) and f.severity is Severity.ERROR for f in own):
        found += _rights(answer)
    found.append(check("doctor.round", elapsed_ms=outcome.elapsed_ms, script_ms=answer.elapsed_ms))
    return tuple(found)


def _computer(host: Host, expected: str, answer: Answer) -> Finding:
    name = answer.host.computer_name
    if expected or name.casefold() == host.name.partition(".")[0].casefold():
        return check("doctor.computer_expected", found_name=name)
    return check("doctor.computer_not_named", found_name=name, host=host.name)


def _rights(answer: Answer) -> Iterator[Finding]:
    """What the round shows of rights: whose they are, and that it could read. A dry round never tries to write."""
    account = answer.host.user
    denied = [
        place.place
        for facts in answer.probes
        if isinstance(facts, SettingFacts)
        for place in facts.places
        if place.state is PlaceState.UNREADABLE and place.win32_code == ACCESS_DENIED
    ]
    if denied:
        yield check("doctor.rights_missing", account=account, place=joined(denied))
    if answer.host.elevated is False:
        yield check("doctor.rights_plain", account=account, local_account=local_account(answer.host))
    elif not denied:
        yield check("doctor.rights_administrator" if answer.host.elevated else "doctor.rights_read", account=account)
