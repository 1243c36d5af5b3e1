"""From a task's arguments and its connection to an outcome: everything that the action does beside talking Ansible."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iea_fleet.diagnosis.kind import make_finding
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.diagnosis.transport import KINDS, Failure, TransportFacts, is_logon_refused, judge_transport
from iea_fleet.ledger.gate import note_logon, reason_to_skip
from iea_fleet.model.errors import InputError
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.plugins._arguments import Arguments, parse_arguments
from iea_fleet.plugins._clients import Connection
from iea_fleet.plugins._round import Round
from iea_fleet.plugins._route import SUPPORTED, password_is_empty, route
from iea_fleet.plugins._watch import Watch
from iea_fleet.profiles import find_profile


def exchange(connection: Connection, arguments: Mapping[str, Any], *, check_mode: bool) -> Outcome:
    """Carry out one task.

    Args:
        connection: Ansible's connection to the host; nothing is sent before everything here was checked.
        arguments: the task's, as Ansible templated them.
        check_mode: predict and write nothing.

    Returns: always an outcome; nothing that a host or a user gave raises.
    """
    try:
        asked = parse_arguments(arguments)
        task = _task(asked, check_mode=check_mode)
    except InputError as error:
        return _not_asked("transport.input", str(error))
    if connection.transport not in SUPPORTED:
        return _not_asked(
            "transport.client", f"the connection {connection.transport} can't carry the script; use winrm or psrp"
        )
    watch = Watch(asked.deadline_s, pin=asked.pin)
    try:
        base = route(connection, asked.deadline_s)
    except Exception as error:
        return _not_asked("transport.client", str(error))
    if asked.pin and base.scheme == "http":
        return _not_asked(
            "transport.input",
            "certificate_sha256 is given, and the connection is plain HTTP; use https or leave it out",
        )
    # A pinned certificate is checked, whatever the connection is told.
    base = replace(base, certificate_ignored=base.certificate_ignored and not asked.pin)
    reason = reason_to_skip(base.account)
    if reason is not None:
        return _stopped(reason)
    problem = _problem(connection, base)
    if problem is not None:
        verdict, findings = judge_transport(problem)
        return Outcome(verdict=verdict, findings=findings)
    outcome = Round(connection, task, base, watch).run()
    if is_logon_refused(outcome.findings):
        note_logon(base.account, refused=True)
    elif outcome.answer is not None:  # only a host that accepted the logon has one
        note_logon(base.account, refused=False)
    return outcome


def _task(asked: Arguments, *, check_mode: bool) -> Task:
    return Task(
        sheets=asked.sheets,
        profile=find_profile(asked.profile),
        connection=asked.connection,
        read_only=asked.read_only,
        dry_run=check_mode,
        expect_host=asked.expect_host,
        state_folder=asked.state_folder,
        share=asked.share,
        licence=asked.licence,
        session=asked.session,
        assistance=asked.assistance,
        restart_opens=asked.windows.closed_until(dt.datetime.now(dt.UTC)),
    )


def _problem(connection: Connection, base: TransportFacts) -> TransportFacts | None:
    """What forbids to connect at all, as facts; pywinrm checks its own two timeouts when the client is made."""
    if password_is_empty(connection, base.methods):
        return replace(base, failure=Failure.CREDENTIALS_MISSING)
    if connection.transport != "psrp":
        return None
    operation_s, read_s = connection.get_option("operation_timeout"), connection.get_option("read_timeout")
    if int(read_s) > int(operation_s):
        return None
    message = f"read_timeout {read_s} s, operation_timeout {operation_s} s"
    return replace(base, failure=Failure.TIMEOUTS, message=message)


def _not_asked(code: str, message: str) -> Outcome:
    finding = make_finding(KINDS, code, Sheet.TRANSPORT, message=message)
    return Outcome(verdict=Verdict.SKIPPED, findings=(finding,), detail=message[:2000])


def _stopped(reason: str) -> Outcome:
    # The roll-out's own code for a host that it did not let begin.
    finding = Finding(
        code="run.stopped", sheet=Sheet.TRANSPORT, severity=Severity.WARNING, evidence={"reason": reason[:500]}
    )
    return Outcome(verdict=Verdict.SKIPPED, findings=(finding,), detail=reason[:2000])
