"""Failures that a user can meet. Each carries what happened, where, and how to mend it.

    FleetError                  70  something of ours is broken
    ├── InputError               3  inventory, profile, pattern, credentials or an option can't be used
    ├── HostsBusy                5  another push holds these hosts
    └── LocalFailure             6  this machine: state folder, disk, port, a ledger from a newer release

The other exit codes come from outcomes, not from errors: 0 every host is as wanted, 1 some are not, 2 the command line
was wrong, 4 some hosts could not be judged, 130 interrupted.
"""

from __future__ import annotations

from typing import ClassVar


class FleetError(Exception):
    """Root of every failure that a user can meet.

    Args:
        where: the host, file or option concerned.
        what: what happened, one sentence without its full stop.
        mend: what to do about it, one sentence.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}. {mend}")
        self.where, self.what, self.mend = where, what, mend


class InputError(FleetError):
    """What the user gave can't be used."""

    exit_code = 3


class HostsBusy(FleetError):
    """Another run holds a host that was asked for."""

    exit_code = 5


class LocalFailure(FleetError):
    """This machine stands in the way."""

    exit_code = 6
