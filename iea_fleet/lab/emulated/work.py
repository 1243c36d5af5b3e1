"""The steps that do something on an emulated machine (docs/wire.md, "Steps that do something")."""

from __future__ import annotations

from iea_fleet.lab.emulated import settings, share
from iea_fleet.lab.emulated.disk import ACCESS_DENIED
from iea_fleet.lab.emulated.machine import Machine
from iea_fleet.lab.share.system_messages import system_message
from iea_fleet.model.answer import WorkOutcome
from iea_fleet.model.request import (
    ReconnectShare,
    RestartComputer,
    RestartProcess,
    RestartService,
    RestoreDrive,
    RunCommand,
    Until,
    Work,
)

CANCELLED, FILE_NOT_FOUND = 1223, 2
NO_SERVICES = "Cannot open Service Control Manager on computer '.'. This operation might require other privileges."
PRINTED_LENGTH = 500
LEAST_DELAY_S = 5.0
"""How long a restart waits at least, in seconds: the answer has to be out before."""


def carry_out(machine: Machine, step: Work) -> WorkOutcome:
    """Do one step, whose conditions hold."""
    match step:
        case RestartService():
            denied = "" if machine.identity.elevated else NO_SERVICES
            return _told(step.id, denied or machine.restart_service(step.name))
        case RestartProcess():
            message = machine.restart_process(step.name, machine.expanded(step.path))
            return _told(step.id, message, FILE_NOT_FOUND if message else 0)
        case RunCommand():
            return _run(machine, step)
        case ReconnectShare():
            path = machine.expanded(step.path, as_named=True)
            return share.reconnect_share(machine, machine.share, step, path, logon=machine.session.logon)
        case RestoreDrive():
            path = machine.expanded(step.path, as_named=True)
            return share.restore_drive(machine, machine.share, step, path)
        case RestartComputer():
            return _restart(machine, step)


def _told(step: str, message: str, code: int = 0) -> WorkOutcome:
    return WorkOutcome(id=step, ok=not message, win32_code=code, message=message, elapsed_ms=0)


def _run(machine: Machine, step: RunCommand) -> WorkOutcome:
    given = "" if step.standard_input is None else step.standard_input.get_secret_value() + "\n"
    ended = machine.run_program(machine.expanded(step.path), step.arguments, given)
    if ended is None:
        message = system_message(FILE_NOT_FOUND, machine.identity.culture)
        return WorkOutcome(id=step.id, ok=False, win32_code=FILE_NOT_FOUND, message=message, elapsed_ms=0)
    if ended.took_s * 1000 > step.timeout_ms:
        message = "The program did not end in time."
        return WorkOutcome(id=step.id, ok=False, message=message, elapsed_ms=step.timeout_ms)
    elapsed_ms = int(ended.took_s * 1000)
    well, message = ended.exit_code in step.success, ""
    if not well:
        # A program may say again what it was told.
        secret = given.rstrip("\n")
        printed = ended.printed.replace(secret, "***") if secret else ended.printed
        message = printed.strip()[-PRINTED_LENGTH:] or f"It ended with {ended.exit_code}."
    elif step.until is not None and not _holds(machine, step.until):
        well, message = False, "What was waited for did not come about in time."
    return WorkOutcome(id=step.id, ok=well, exit_code=ended.exit_code, message=message, elapsed_ms=elapsed_ms)


def _holds(machine: Machine, until: Until) -> bool:
    """Whether what a program brings about is so; on an emulated machine it is at once, or never."""
    places = settings.read(machine, until.target)
    return bool(places) and all(place.value is not None and place.value in until.one_of for place in places)


def _restart(machine: Machine, step: RestartComputer) -> WorkOutcome:
    somebody = bool(machine.people())
    if step.ask and somebody and machine.declines_restart:
        message = system_message(CANCELLED, machine.identity.culture)
        return WorkOutcome(id=step.id, ok=False, win32_code=CANCELLED, message=message, elapsed_ms=0)
    if not machine.identity.elevated:
        message = system_message(ACCESS_DENIED, machine.identity.culture)
        return WorkOutcome(id=step.id, ok=False, win32_code=ACCESS_DENIED, message=message, elapsed_ms=0)
    # Who was asked has had the time to save; who is only told gets it now.
    delay_s = step.delay_s if somebody and not step.ask else 0
    machine.restart_due_s = max(LEAST_DELAY_S, float(delay_s))
    return WorkOutcome(id=step.id, ok=True, elapsed_ms=0)
