"""English words for what went wrong with a transaction itself. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "transaction.identity": Words(
        title="Another workstation answered",
        explanation=(
            "Expected[ the name {expected_name}][ the machine {expected_machine}]; the workstation that "
            "answered is {found_name}, machine {found_machine}. Nothing was written."
        ),
        next_step=(
            "See whether the address has moved (DHCP, DNS) or the machine is a clone, and correct the inventory."
        ),
    ),
    "transaction.busy": Words(
        title="Workstation busy",
        explanation=(
            "Another transaction is under way on this workstation, perhaps from another console. Nothing was written."
        ),
        next_step="Run again in a few minutes.",
    ),
    "transaction.requirement": Words(
        title="A requirement did not hold",
        explanation="The workstation stopped before writing[ because of {probe}][: {message}].",
        next_step="Run a report on this host.",
    ),
    "transaction.unexplained": Words(
        title="Failed, reason unknown",
        explanation="The workstation says that the transaction failed[ while {step}][: {message}].",
        next_step="Run again; if it fails again, keep this report for whoever maintains the tool.",
    ),
    "transaction.impostor": Words(
        title="Another workstation answered as if it had been asked",
        explanation=(
            "Expected[ the name {expected_name}][ the machine {expected_machine}]; the workstation that answered says "
            "that it is {found_name}, machine {found_machine}, and did not refuse. Nothing that it says is believed."
        ),
        next_step="Look at this workstation on the spot: it does not run the script that it was sent as it is.",
    ),
    "transaction.not_asked": Words(
        title="A change that nobody asked for",
        explanation="The workstation says that it changed records that it was not asked to change[ ({change})].",
        next_step="Look at the database's list, and at this workstation on the spot.",
    ),
    "transaction.disk_full": Words(
        title="Disk full",
        explanation=(
            "There is no room for the change and its backup[: {free_bytes} bytes free]. Everything is as it was before."
        ),
        next_step="Free some space on the workstation (cleanmgr), then run again.",
    ),
    "transaction.locked": Words(
        title="Settings file in use",
        explanation=(
            "Another program held {place} while {step}[ (Windows error {win32_code})], also after five attempts."
        ),
        next_step=(
            "Close the window « Paramètres de connexion » of the application, let a backup or an antivirus scan "
            "end, then run again."
        ),
    ),
    "transaction.access_denied": Words(
        title="Access denied while writing",
        explanation="Windows denied access[ to {place}] while {step}[ (« {message} »)].",
        next_step=(
            "Look at the rights of the file and at the antivirus’s folder protection; give the account of this run "
            "administrator’s rights on the workstation, if it has none."
        ),
    ),
    "transaction.rights_missing": Words(
        title="The account is not an administrator",
        explanation=(
            "Windows denied access[ to {place}] while {step}[ (« {message} »)]. {plain_account} has no administrator’s "
            "rights on the workstation."
        ),
        next_step=(
            "Give the account the right on this file or folder, or make it an administrator: docs/prepare.md tells "
            "what each costs.[\nIf {local_account} is in Administrators already: Windows filters the rights of local "
            "accounts over the network (UAC). LocalAccountTokenFilterPolicy = 1 lifts that for all of them.]"
        ),
    ),
    "transaction.step_failed": Words(
        title="Could not write",
        explanation="{step} failed[ at {place}][ (Windows error {win32_code})][: {message}].",
        next_step="Mend what the message names, then run again.",
    ),
    "transaction.read_back": Words(
        title="Written, but read back differently",
        explanation="What was read back from {place} is not what had been written[: {message}].",
        next_step=(
            "See which program writes there too (the application, an antivirus, a synchronisation), then run again."
        ),
    ),
    "transaction.recovery_failed": Words(
        title="An earlier, cut-off change could not be tidied up",
        explanation="A file has been changed by somebody else since; it is left as it is[: {message}].",
        next_step="Look at {place} on the workstation and decide which content is right.",
    ),
    "transaction.not_undone": Words(
        title="Undoing failed",
        explanation=(
            "Something went wrong while {step}, and what had been written could not be taken back[: {message}]."
        ),
        next_step=(
            "Do not open « Paramètres de connexion ». Run again: the journal on the workstation says what"
            " is left to do."
        ),
    ),
    "transaction.incomplete": Words(
        title="Incomplete answer",
        explanation="The workstation says that all is done, and its answer lacks: {missing}.",
        next_step=(
            "Run again; if it happens again, look for a program on the workstation that alters the output"
            " of PowerShell."
        ),
    ),
    "transaction.recovered_undone": Words(
        title="An earlier change was taken back",
        explanation=(
            "A change had been cut off in the middle (power cut, restart); this run first put everything "
            "back as it was before it."
        ),
        next_step="",
    ),
    "transaction.recovered_finished": Words(
        title="An earlier change was finished",
        explanation="A change had been cut off just before its end (power cut, restart); this run first finished it.",
        next_step="",
    ),
    "transaction.replayed": Words(
        title="Already done, answer recorded",
        explanation=(
            "The answer to this transaction had been lost on the way; the workstation gave it again and "
            "did nothing twice."
        ),
        next_step="",
    ),
    "transaction.after_failed": Words(
        title="Restart failed",
        explanation=(
            "The settings are written, but the step {after_step} failed[: {message}].[ {plain_account} has no "
            "administrator’s rights on the workstation, which a restart takes.]"
        ),
        next_step="Restart the application on the workstation by hand.",
    ),
}
"""By code."""
