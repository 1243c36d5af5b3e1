"""One round for one host: several sheets in one request, and the verdict of its answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from iea_fleet.diagnosis.assistance import KINDS as ASSISTANCE_KINDS
from iea_fleet.diagnosis.assistance import assistance_parts, can_turn, judge_assistance
from iea_fleet.diagnosis.connection import KINDS as CONNECTION_KINDS
from iea_fleet.diagnosis.connection import connection_parts
from iea_fleet.diagnosis.connection_findings import judge_connection
from iea_fleet.diagnosis.database import database_access
from iea_fleet.diagnosis.kind import Kind, make_finding, strength, verdict_of
from iea_fleet.diagnosis.licence import KINDS as LICENCE_KINDS
from iea_fleet.diagnosis.licence import licence_parts
from iea_fleet.diagnosis.licence_findings import judge_licence
from iea_fleet.diagnosis.parts import Parts, merge
from iea_fleet.diagnosis.relaunch import KINDS as RELAUNCH_KINDS
from iea_fleet.diagnosis.relaunch import judge_relaunch, relaunch_parts
from iea_fleet.diagnosis.session import KINDS as SESSION_KINDS
from iea_fleet.diagnosis.session import session_parts
from iea_fleet.diagnosis.session_findings import judge_session
from iea_fleet.diagnosis.share import KINDS as SHARE_KINDS
from iea_fleet.diagnosis.share import share_parts
from iea_fleet.diagnosis.share_findings import judge_share
from iea_fleet.diagnosis.transaction import KINDS as TRANSACTION_KINDS
from iea_fleet.diagnosis.transaction import judge_transaction
from iea_fleet.model.answer import Answer, Status
from iea_fleet.model.desired import (
    DesiredAssistance,
    DesiredConnection,
    DesiredLicence,
    DesiredSession,
    DesiredShare,
    ShareRemedy,
)
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import ExpectedHost, Request

SUPPORTED = (Sheet.CONNECTION, Sheet.SHARE, Sheet.LICENCE, Sheet.SESSION, Sheet.ASSISTANCE)
"""The sheets that a request can be for."""

KINDS: Final[Mapping[str, Kind]] = {
    **TRANSACTION_KINDS,
    **SHARE_KINDS,
    **SESSION_KINDS,
    **LICENCE_KINDS,
    **CONNECTION_KINDS,
    **ASSISTANCE_KINDS,
    **RELAUNCH_KINDS,
}
"""Every finding that `judge` can give, by code."""

_NO_NONCE: Final = "0" * 32


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of one host.

    Args:
        sheets: which sheets, each one of `SUPPORTED`.
        profile: where the application keeps things on this host.
        connection: what the connection should be.
        share: how the database's folder is looked at, and what may be done when it is not reached.
        licence: which licence bindings to reset.
        session: which of the application's sessions to release.
        assistance: what assistance mode should be.
        read_only: look and compare, whatever the tests say (a report); nothing is ever written.
        dry_run: do as a push would, up to the first write (Ansible's check mode).
        expect_host: who must answer.
        state_folder: where the workstation keeps journal and lock.
        restart_opens: when the maintenance window for a restart of the workstation opens, in the site's zone; `None`:
            it is open, and a restart may be begun where `share` allows it.
    """

    sheets: tuple[Sheet, ...]
    profile: Profile
    connection: DesiredConnection
    read_only: bool
    dry_run: bool
    expect_host: ExpectedHost
    state_folder: str = r"%ProgramData%\iea-fleet"
    share: DesiredShare = field(default_factory=DesiredShare)
    licence: DesiredLicence = field(default_factory=DesiredLicence)
    session: DesiredSession = field(default_factory=DesiredSession)
    assistance: DesiredAssistance = field(default_factory=DesiredAssistance)
    restart_opens: dt.datetime | None = None


def build_request(task: Task, *, transaction: str, nonce: str) -> Request:
    """The one request for a host.

    Args:
        task: what is asked.
        transaction: 32 hexadecimal digits that name the transaction; the same again asks for the recorded answer.
        nonce: 32 fresh hexadecimal digits that mark the answer.

    Raises:
        ValueError: a sheet that this release does not know, or none.
    """
    unknown = sorted(set(task.sheets) - set(SUPPORTED))
    if unknown or not task.sheets:
        raise ValueError(f"sheets must be of {', '.join(SUPPORTED)}, not {', '.join(unknown) or 'empty'}")
    parts = merge(_parts(task))
    return Request(
        transaction=transaction,
        nonce=nonce,
        dry_run=task.dry_run or task.read_only,
        state_folder=task.state_folder,
        expect_host=task.expect_host,
        **{part.name: getattr(parts, part.name) for part in fields(parts)},
    )


def _parts(task: Task) -> Iterator[Parts]:
    """What each sheet adds, in the order in which a transaction does it."""
    profile, sheets, read_only = task.profile, task.sheets, task.read_only
    if {Sheet.SHARE, Sheet.LICENCE, Sheet.SESSION} & set(sheets):
        yield database_access(profile, task.share)
    if Sheet.CONNECTION in sheets:
        ends = task.assistance.mode == "off" and can_turn(profile, task.assistance)
        yield connection_parts(profile, task.connection, read_only=read_only, assistance_ends=ends)
    if Sheet.ASSISTANCE in sheets or _turns_assistance(task):
        yield assistance_parts(profile, task.assistance, read_only=read_only)
    if Sheet.CONNECTION in sheets:
        yield relaunch_parts(profile, task.connection, read_only=read_only)
    if Sheet.SHARE in sheets:
        yield share_parts(profile, _share_of_now(task), read_only=read_only)
    if Sheet.SESSION in sheets:
        name = task.expect_host.computer_name
        yield session_parts(profile, task.session, computer_name=name, read_only=read_only)
    if Sheet.LICENCE in sheets:
        yield licence_parts(profile, task.licence, read_only=read_only)


def _share_of_now(task: Task) -> DesiredShare:
    """What may be done about the share at this moment."""
    if task.restart_opens is None:
        return task.share
    mend = tuple(remedy for remedy in task.share.mend if remedy is not ShareRemedy.RESTART)
    return task.share.model_copy(update={"mend": mend})


def _turns_assistance(task: Task) -> bool:
    """Whether a push turns assistance mode off or on on its way."""
    return Sheet.CONNECTION in task.sheets and task.assistance.mode != "as_is"


def judge(answer: Answer, task: Task) -> tuple[Verdict, tuple[Finding, ...]]:
    """What an answer means: the verdict and every finding, the weightiest first.

    Args:
        answer: what the workstation said to `build_request(task)`.
        task: what was asked of it.
    """
    request = build_request(task, transaction=answer.transaction, nonce=_NO_NONCE)
    findings = [*judge_transaction(answer, request, task.sheets[0]), *_judged(answer, task)]
    verdict = verdict_of(findings, KINDS)
    error = answer.error
    if error is not None and answer.status is not Status.DONE and verdict in {Verdict.OK, Verdict.CHANGED}:
        # The workstation ended the transaction, and nothing else that it says tells why: never to be read as well.
        code = "transaction.requirement" if answer.status is Status.REFUSED else "transaction.unexplained"
        evidence = {"probe": error.id, "step": error.step.value, "message": error.message}
        findings.append(make_finding(KINDS, code, task.sheets[0], **evidence))
        verdict = verdict_of(findings, KINDS)
    return verdict, tuple(sorted(findings, key=_weight))


def _judged(answer: Answer, task: Task) -> Iterator[Finding]:
    """The findings of each sheet."""
    profile, sheets, read_only = task.profile, task.sheets, task.read_only
    share: list[Finding] = []
    if Sheet.SHARE in sheets:
        share = judge_share(
            answer,
            profile,
            task.share,
            read_only=read_only,
            dry_run=answer.dry_run,
            restart_opens=task.restart_opens,
        )
    yield from share
    share_fails = verdict_of(share, KINDS) not in {Verdict.OK, Verdict.CHANGED}
    if Sheet.SESSION in sheets:
        yield from judge_session(
            answer,
            profile,
            task.session,
            computer_name=task.expect_host.computer_name,
            read_only=read_only,
            share_fails=share_fails,
        )
    if Sheet.LICENCE in sheets:
        yield from judge_licence(answer, profile, task.licence, read_only=read_only, share_fails=share_fails)
    if Sheet.CONNECTION in sheets:
        told = Sheet.ASSISTANCE in sheets or _turns_assistance(task)
        found = judge_connection(answer, profile, task.connection, read_only=read_only, assistance_told=told)
        yield from found
        explained = verdict_of(found, KINDS) is not Verdict.OK
        yield from judge_relaunch(
            answer,
            profile,
            task.connection,
            read_only=read_only,
            explained=explained,
            test_failed=any(finding.code.startswith("connection.test_failed.") for finding in found),
        )
    if Sheet.ASSISTANCE in sheets or _turns_assistance(task):
        yield from judge_assistance(answer, profile, task.assistance, read_only=read_only)


def _weight(finding: Finding) -> tuple[int, int]:
    """Sorts the gravest finding first, of equally grave ones that with the strongest vote."""
    return -finding.severity.weight, -strength(KINDS[finding.code].votes)
