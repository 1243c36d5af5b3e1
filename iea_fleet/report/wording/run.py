"""English words for what a run itself says about a host: never asked, cut off, or an answer of no use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "run.stopped": Words(
        title="Not asked: the run was stopped",
        explanation="The run ended before this host’s turn: {reason}. Nothing was written.",
        next_step="See to the reason, then run again.",
    ),
    "run.cut_off": Words(
        title="Cut off, result unknown",
        explanation="The run ended before the answer of this host came: {reason}. It may have been written.",
        next_step="Run again: the journal on the workstation says what was done, and nothing is done twice.",
    ),
    "run.task_failed": Words(
        title="Ansible could not do the task",
        explanation="Ansible ended on this host in the task {task}: {message}",
        next_step="Mend what it names, in the inventory or in the playbook, then run again.",
    ),
    "run.outcome_unusable": Words(
        title="Result of no use",
        explanation="What the action gave back is not of the agreed form: {reason}.",
        next_step="See that controller and roles are of the same release, then run again.",
    ),
}
"""By code."""
