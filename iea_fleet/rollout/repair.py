"""What `fix` asks of one host: the cases, the wants of its inventory, a plan as variables, resets that can be undone.

Pure, but for the profile that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Final

from iea_fleet.diagnosis.fleet import Fleet, FleetFinding, judge_fleet
from iea_fleet.diagnosis.licence import RESET, UNDO
from iea_fleet.diagnosis.licence_choice import Standing
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.diagnosis.transaction import UNBELIEVED
from iea_fleet.ledger.records import HostRecord
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.errors import InputError
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.request import AsWhom
from iea_fleet.plugins._arguments import Arguments, parse_arguments
from iea_fleet.profiles import find_profile
from iea_fleet.rollout.inventory import Host

ORDER: Final = (Sheet.SHARE, Sheet.SESSION, Sheet.LICENCE, Sheet.CONNECTION, Sheet.ASSISTANCE)
"""The sheets in the order in which they are dealt with: what lies in the database's folder comes after the share."""

RESTART_DEADLINE_S: Final = 900
"""Time for a round that may restart the workstation: the warning, the shutdown with updates, the start."""


class Case(StrEnum):
    """What a technician can ask for by name."""

    SHARE = "share"
    SESSION = "session"
    LICENCE = "licence"
    CONNECTION = "connection"
    ASSISTANCE = "assistance"
    RELAUNCH = "relaunch"

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets to look at."""
        return (Sheet.CONNECTION,) if self is Case.RELAUNCH else (Sheet(self.value),)


_AS_WHOM: Final = (AsWhom.LOGON, AsWhom.USER)
"""As whom a share is looked at unless the inventory says it: what the application sees is what its user sees."""

_SHEETS: Final = tuple(sheet.value for sheet in ORDER)
_ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "share": ("as_whom", "write", "mend"),
    "session": ("release", "user", "workstation", "force"),
    "licence": ("reset", "undo"),
    "connection": ("save", "relaunch"),
    "assistance": ("mode",),
}
"""What a plan decides, by sheet; everything else is as the inventory says."""
_VENDORS: Final = frozenset({Sheet.LICENCE, Sheet.CONNECTION, Sheet.ASSISTANCE})
_NOT_THE_VENDORS: Final = frozenset(
    {
        "licence.list_out_of_reach",
        "licence.waits_for_share",
        "connection.nobody_logged_on",
        "connection.service_not_running",
        "connection.settings_denied",
        "connection.settings_locked",
        "connection.settings_unreadable",
        "assistance.out_of_reach",
    }
)
"""Of one of these sheets, and all the same for who looks after the workstation and its network."""


def host_task(host: Host, sheets: tuple[Sheet, ...]) -> Task:
    """What is asked of a host in a look, as far as its inventory says it in plain values.

    Templates are filled in by Ansible only, so what they stand for is not known here: the default stands for it. The
    action on the host has the true values; this task serves to make a plan and to explain.

    Raises: InputError when its profile can't be used.
    """
    given: dict[str, dict[str, Any]] = {}
    for sheet in _SHEETS:
        for name, value in host.variables.items():
            key = name.removeprefix(f"iea_{sheet}_")
            if key != name and key != "password" and _is_usable(sheet, key, value):
                given.setdefault(sheet, {})[key] = value
    # Without writing the application does not start: whoever calls is helped only by a look that tries it.
    given["share"] = {"as_whom": [whom.value for whom in _AS_WHOM], "write": True} | given.get("share", {})
    arguments = parse_arguments({"profile": "lab", **given})
    return Task(
        sheets=sheets,
        profile=find_profile(str(host.variables.get("iea_profile", ""))),
        connection=arguments.connection,
        share=arguments.share,
        licence=arguments.licence,
        session=arguments.session,
        assistance=arguments.assistance,
        read_only=True,
        dry_run=True,
        expect_host=_named(host.variables).expect_host,
    )


def _named(variables: Mapping[str, Any]) -> Arguments:
    names = {name: variables.get(f"iea_{name}") for name in ("computer_name", "machine_id")}
    known = {name: value for name, value in names.items() if isinstance(value, str) and "{{" not in value}
    return parse_arguments({"profile": "lab", **known})


def _is_usable(sheet: str, key: str, value: object) -> bool:
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        return False
    try:
        parse_arguments({"profile": "lab", sheet: {key: value}})
    except InputError:
        return False
    return True


def look_variables(task: Task) -> dict[str, object]:
    """A look as variables of the role iea_report."""
    return {
        "iea_report_sheets": [sheet.value for sheet in task.sheets],
        "iea_share_as_whom": [whom.value for whom in task.share.as_whom],
        "iea_share_write": task.share.write,
    }


def plan_variables(task: Task) -> dict[str, object]:
    """A remedy as variables of the role iea_fix: what is to be done, and nothing that the inventory says.

    Args:
        task: the remedy, as a plan has it; its passwords are left out.
    """
    variables: dict[str, object] = {"iea_fix_sheets": [sheet.value for sheet in ORDER if sheet in task.sheets]}
    for sheet, names in _ACTS.items():
        wants = getattr(task, sheet).model_dump(mode="json")
        for name in names:
            variables[f"iea_{sheet}_{name}"] = "" if wants[name] is None else wants[name]
    for name in ("computer_name", "machine_id"):
        if expected := getattr(task.expect_host, name):
            variables[f"iea_{name}"] = expected
    return variables


@dataclass(frozen=True, slots=True)
class InFleet:
    """What the last report of the whole inventory and a look of now say together about one host's licences.

    Args:
        standing: what is known of a workstation and a licence; `None`: nobody looked at others.
        found: licences that others have as well and that the host alone does not see.
    """

    standing: Callable[[str, str], Standing] | None = None
    found: tuple[FleetFinding, ...] = ()


def seen_in_fleet(host: Host, outcome: Outcome, records: Callable[[], Sequence[HostRecord]]) -> InFleet:
    """What the fleet knows of a host's licences, by the rule of the report, so that both tell and choose the same.

    Args:
        host: the host that is looked at.
        outcome: what it said just now.
        records: the hosts of the last report of the whole inventory; not asked for when nothing is known of licences.
    """
    if outcome.answer is None or not any(finding.sheet is Sheet.LICENCE for finding in outcome.findings):
        return InFleet()
    reported = records()
    hosts = {one.asked.host: (one.asked.site, one.outcome) for one in reported if one.outcome is not None}
    if host.name not in hosts:
        return InFleet()  # Added since, or the report was of another inventory.
    whole = len(hosts) == len(reported)
    hosts[host.name] = (host.site, outcome)
    codes = {finding.code for finding in outcome.findings}
    found = tuple(
        # A workstation of another site can have the same name; its database's rows are not this host's to reset.
        replace(one, resets=tuple(reset for reset in one.resets if hosts[reset.host][0] == host.site))
        for one in judge_fleet(hosts, whole=whole)
        if one.finding.sheet is Sheet.LICENCE and host.name in one.hosts and not one.tells & codes
    )
    return InFleet(partial(Fleet(hosts, whole=whole).standing, host.site), found)


def concerns_vendor(findings: Iterable[Finding]) -> bool:
    """Whether what is left is for the vendor's support: a share, a way to the host, a file held open are not."""
    return any(finding.sheet in _VENDORS and finding.code not in _NOT_THE_VENDORS for finding in findings)


def last_reset(rounds: Iterable[Outcome]) -> tuple[RecordChange, ...]:
    """The last reset of licences that was made and not taken back since.

    Args:
        rounds: with one host, the newest first.
    Returns: its changes; none when there is nothing to take back.
    """
    taken_back: list[Mapping[str, str]] = []
    for outcome in rounds:
        answer = outcome.answer
        if answer is None or answer.dry_run or answer.error is not None:
            continue
        if any(finding.code in UNBELIEVED for finding in outcome.findings):
            continue
        for release in answer.release:
            if release.id.startswith(UNDO):
                taken_back += [record.after for record in release.records if record.after is not None]
            elif release.id == RESET and release.records:
                left = tuple(record for record in release.records if record.before not in taken_back)
                if left:
                    return left
    return ()


def undo_task(task: Task, changes: tuple[RecordChange, ...]) -> Task:
    """The remedy that takes a reset back."""
    return replace(
        task,
        sheets=(Sheet.LICENCE,),
        licence=task.licence.model_copy(update={"reset": (), "undo": changes}),
        session=task.session.model_copy(update={"release": False}),
        share=task.share.model_copy(update={"mend": ()}),
    )
