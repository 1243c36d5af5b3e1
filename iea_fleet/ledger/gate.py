"""The gate of a run under way: while it is open hosts are asked; once it is shut, those not begun yet are skipped.

The run shuts it from its own process, and each action looks before it opens a connection. So hosts under way are
finished, which killing Ansible would not allow.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from iea_fleet.ledger.state import write_private

ENVIRONMENT_NAME = "IEA_FLEET_GATE"
"""Names the gate's folder to the actions of a run."""


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

    def shut_account(self, account: str, reason: str) -> None:
        """Let no further host begin that is asked as this account."""
        write_private(self.folder / _file_name(account), reason.encode())


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
    for name in ("all", _file_name(account)):
        try:
            return (Path(folder) / name).read_text(encoding="utf-8")
        except OSError:
            continue
    return None


def _file_name(account: str) -> str:
    # Names of accounts hold whatever people like; a hash holds nothing that a path could mean.
    return hashlib.sha256(account.casefold().encode()).hexdigest()[:32]
