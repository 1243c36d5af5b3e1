"""The lab of a state folder, seen from outside its process: open it, ask it, close it, clear up after a dead one."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from pydantic import ValidationError

from iea_fleet.lab.fleet.inventory import remove_inventory
from iea_fleet.lab.logons import clear_up
from iea_fleet.lab.messages import (
    BreakOrder,
    DownOrder,
    HostStatus,
    LabRecord,
    LabSettings,
    MendOrder,
    Refusal,
    Reply,
    StatusOrder,
)
from iea_fleet.lab.process import RECORD, open_log, read_record
from iea_fleet.ledger.lock import is_held
from iea_fleet.ledger.state import open_state_folder, private_folder
from iea_fleet.model.errors import FleetError, HostsBusy, InputError, LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

_ANSWER_TIMEOUT_S = 30.0
_START_TIMEOUT_S = 120.0
_REPLY_BOUND_BYTES = 64 << 20
_ERRORS: tuple[type[FleetError], ...] = (InputError, HostsBusy, LocalFailure, FleetError)


def open_control(state: Path | None) -> LabControl:
    """The lab of a state folder, made when it is missing; `state` None: the usual one. Raises: LocalFailure."""
    return LabControl(private_folder(open_state_folder(state).path / "lab"))


class LabControl:
    """The lab of one folder, seen from outside its process.

    Args:
        folder: the lab's own folder, existing and private.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def running(self) -> LabRecord | None:
        """The lab that is up; None: none is. Its process holds the lock, whatever files lie about."""
        if not is_held(self.folder / "lock"):
            return None
        return read_record(self.folder)

    def died(self) -> bool:
        """Whether a lab left its record behind: its process ended without closing it."""
        return (self.folder / RECORD).exists() and not is_held(self.folder / "lock")

    def open_detached(self, settings: LabSettings) -> None:
        """Open a lab in a process of its own that outlives this one.

        Raises: what `run_lab` raises, in this process; LocalFailure when it does not answer in time.
        """
        told, tells = os.pipe()
        with os.fdopen(told, "rb") as answer:
            with os.fdopen(tells, "wb") as pipe, open_log(self.folder) as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "iea_fleet.lab.process", str(self.folder), settings.model_dump_json()],
                    stdin=subprocess.DEVNULL,
                    stdout=pipe,
                    stderr=log,
                    start_new_session=True,
                )
            if not select.select([answer], [], [], _START_TIMEOUT_S)[0]:
                process.kill()
                process.wait()
                raise self._broken(Phrase("the lab's process did not open in time"))
            reply = self._reply(answer.readline(_REPLY_BOUND_BYTES))
        # It goes on without us: nobody waits for its end.
        process.returncode = 0
        _raise_refusal(reply)

    def status(self) -> tuple[HostStatus, ...]:
        """How every workstation stands. Raises: InputError when no lab is up; LocalFailure when it does not answer."""
        return self._ask(StatusOrder()).hosts

    def break_host(self, host: str, fault: str, parameters: dict[str, str]) -> tuple[HostStatus, ...]:
        """Let a situation begin or set a fault. Raises: as `status`, and InputError for what is not known."""
        try:
            order = BreakOrder(host=host, fault=fault, parameters=dict(parameters))
        except ValidationError as error:
            raise _not_a_name(error) from error
        return self._ask(order).hosts

    def mend_host(self, host: str) -> tuple[HostStatus, ...]:
        """End the faults of one host or of `all`. Raises: as `break_host`."""
        try:
            order = MendOrder(host=host)
        except ValidationError as error:
            raise _not_a_name(error) from error
        return self._ask(order).hosts

    def close(self) -> bool:
        """Close the lab, or clear up after one whose process died; True: there was something to do.

        Raises: LocalFailure when the lab's process can't be ended.
        """
        record = self.running()
        if record is None and is_held(self.folder / "lock"):
            self._wait_for_record()
            record = self.running()
        if record is not None:
            try:
                self._ask(DownOrder())
            except FleetError:
                # It does not take orders: the lock says that this process is the lab's.
                os.kill(record.pid, signal.SIGTERM)
            if not self._wait_until_free(20.0):
                os.kill(record.pid, signal.SIGKILL)
                if not self._wait_until_free(5.0):
                    raise self._broken(Phrase("the lab's process can't be ended"))
        return self.clear_up_after_dead() or record is not None

    def clear_up_after_dead(self) -> bool:
        """Remove what a lab left that died: its record, inventory and disks. True: there was something."""
        if is_held(self.folder / "lock"):
            return False
        record = read_record(self.folder)
        found = (self.folder / RECORD).exists()
        if record is not None:
            remove_inventory(Path(record.settings.inventory))
            if Path(record.socket).is_socket():  # a record is a file like any other: it may name what is none of ours
                Path(record.socket).unlink(missing_ok=True)
        (self.folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.folder / "workstations", ignore_errors=True)
        clear_up(self.folder)
        return found

    def _ask(self, order: StatusOrder | BreakOrder | MendOrder | DownOrder) -> Reply:
        record = self.running()
        if record is None:
            what = "the lab's process has died" if self.died() else "no lab is running"
            mend = "Clear up with iea-fleet lab down." if self.died() else "Open one with iea-fleet lab up."
            raise InputError("lab", what, mend)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_ANSWER_TIMEOUT_S)
                connection.connect(record.socket)
                connection.sendall(order.model_dump_json().encode() + b"\n")
                with connection.makefile("rb") as answer:
                    line = answer.readline(_REPLY_BOUND_BYTES)
        except OSError as error:
            raise self._broken(Phrase("the lab's process does not answer ({said})", said=system_said(error))) from error
        reply = self._reply(line)
        _raise_refusal(reply)
        return reply

    def _reply(self, line: bytes) -> Reply:
        try:
            return Reply.model_validate_json(line)
        except ValidationError as error:
            raise self._broken(Phrase("the lab's process ended unexpectedly")) from error

    def _broken(self, what: Phrase) -> LocalFailure:
        log = self.folder / "lab.log"
        return LocalFailure("lab", what, Phrase("See {path}; clear up with iea-fleet lab down.", path=log))

    def _wait_until_free(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while is_held(self.folder / "lock"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _wait_for_record(self) -> None:
        """A lab that is just being opened holds the lock and has no record yet."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self.running() is None and is_held(self.folder / "lock") and time.monotonic() < deadline:
            time.sleep(0.05)


def _raise_refusal(reply: Reply) -> None:
    refusal: Refusal | None = reply.refusal
    if refusal is not None:
        kind = next((kind for kind in _ERRORS if kind.exit_code == refusal.exit_code), FleetError)
        raise kind(*(part.phrase for part in (refusal.where, refusal.what, refusal.mend)))


def _not_a_name(error: ValidationError) -> InputError:
    given = str(error.errors(include_url=False)[0]["input"])[:60]
    return InputError(
        "lab", "'{value}' is no name or value that the lab takes", "See iea-fleet lab break --list.", value=given
    )
