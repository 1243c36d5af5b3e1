"""The gate of a run under way: while it is open hosts are asked; once it is shut, those not begun yet are skipped.

Each action looks before it opens a connection. The run shuts the gate for everybody, so that hosts under way are
finished, which killing Ansible would not allow. For one account the actions shut it themselves: each notes whether its
host accepted the logon, since what the run hears of them comes later than the next hosts begin.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from iea_fleet.ledger.state import write_private

ENVIRONMENT_NAME = "IEA_FLEET_GATE"
"""Names the gate's folder to the actions of a run."""

REFUSAL_LIMIT = 3
"""Equal refusals in a row with one account before it is left alone."""

_REFUSED, _ACCEPTED = b"r", b"a"


class Gate:
    """The side of the run.

    Args:
        folder: a private folder of the run, empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shut(self, reason: str) -> None:
        """Let no further host begin."""
        write_private(self.folder / "all", reason.encode())


def refused_reason(account: str) -> str:
    """Why hosts of an account are skipped, for people."""
    return f"account {account} was refused on {REFUSAL_LIMIT} hosts in a row; stopped before it is locked"


def note_logon(account: str, *, refused: bool) -> None:
    """Note, for an action, whether a host accepted this account; without a gate nothing is noted."""
    folder = os.environ.get(ENVIRONMENT_NAME)
    if not folder:
        return
    with suppress(OSError):  # a full disk, or a run that has ended; the run counts as well
        descriptor = os.open(
            Path(folder) / _file_name(account), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            os.write(descriptor, _REFUSED if refused else _ACCEPTED)
        finally:
            os.close(descriptor)


def reason_to_skip(account: str) -> str | None:
    """Why a host must not be asked any more, for an action; `None`: go on (also when nobody runs a gate).

    Args:
        account: the name that the host would be asked as, as the inventory gives it.
    """
    folder = os.environ.get(ENVIRONMENT_NAME)
    if not folder:
        return None
    if not Path(folder).is_dir():
        return "the run that asked has ended"  # and its Ansible has not noticed yet
    with suppress(OSError):
        return (Path(folder) / "all").read_text(encoding="utf-8")
    with suppress(OSError):
        if (Path(folder) / _file_name(account)).read_bytes().endswith(_REFUSED * REFUSAL_LIMIT):
            return refused_reason(account)
    return None


def _file_name(account: str) -> str:
    # Names of accounts hold whatever people like; a hash holds nothing that a path could mean.
    return hashlib.sha256(account.casefold().encode()).hexdigest()[:32]
