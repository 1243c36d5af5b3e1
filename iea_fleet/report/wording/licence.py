"""English words for the findings of the licence sheet. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "licence.right": Words(
        title="Licences as they should be",
        explanation="Bound licences: {count}. None is on two workstations.",
        next_step="",
    ),
    "licence.not_in_profile": Words(
        title="Licences not in the profile",
        explanation="The profile does not say where the licence bindings are, so they were not looked at.",
        next_step="Add `licences` to the profile.",
    ),
    "licence.twice": Words(
        title="The same licence on {count} workstations",
        explanation=(
            "Licence {licence} is bound to: {workstations}. The application then refuses to start: « Une "
            "licence est identique sur 2 postes différents »."
        ),
        next_step=(
            "Let the bindings concerned be reset (fix), or « Administrer », « Gestionnaire de licences "
            "», select each row, « Réinitialiser poste ».\n"
            "Then start Impact emploi again."
        ),
    ),
    "licence.twice_elsewhere": Words(
        title="A licence on several other workstations",
        explanation="Licence {licence} is bound to: {workstations}. This workstation is none of them.",
        next_step="",
    ),
    "licence.bound_elsewhere": Words(
        title="This workstation’s licence is bound to another",
        explanation=("{computer} was installed with licence {licence}, which the list gives to: {workstations}."),
        next_step=(
            "If the other workstation no longer exists or was replaced by this one, reset its row (fix, "
            "or « Réinitialiser poste »).\n"
            "If both are in use, one has to be installed again with its own reinstallation code."
        ),
    ),
    "licence.not_bound": Words(
        title="This workstation’s licence is not bound",
        explanation=(
            "Licence {licence} of {computer} is bound to no workstation; the next start of the application binds it."
        ),
        next_step="",
    ),
    "licence.refusal_logged": Words(
        title="The log holds a refused licence",
        explanation=(
            "The application’s log says: {line}[ (lines like it: {count})]. It has no date to rely on: "
            "if the program has started since, this line is history."
        ),
        next_step="",
    ),
    "licence.reset": Words(
        title="Licence bindings reset: {count}",
        explanation=(
            "Licence {licence}: no longer bound to {workstations}. The next start of the application binds it anew."
        ),
        next_step="Start Impact emploi again on the workstation that is to have the licence.",
    ),
    "licence.would_reset": Words(
        title="Licence bindings would be reset: {count}",
        explanation="Licence {licence}: would no longer be bound to {workstations}.",
        next_step="Run the same without check mode.",
    ),
    "licence.nothing_to_reset": Words(
        title="Nothing to reset",
        explanation="Licence {licence} is not bound to {workstations} (any more).",
        next_step="",
    ),
    "licence.undone": Words(
        title="Resets taken back: {count}",
        explanation="Licence {licence} is bound to {workstations} again, as it was before the reset.",
        next_step="",
    ),
    "licence.would_undo": Words(
        title="Resets would be taken back: {count}",
        explanation="Licence {licence} would be bound to {workstations} again.",
        next_step="Run the same without check mode.",
    ),
    "licence.nothing_to_undo": Words(
        title="Reset not taken back",
        explanation=(
            "The row that a reset left of licence {licence} ({workstations}) is not there any more: the "
            "application has bound it anew, or somebody changed it."
        ),
        next_step="",
    ),
    "licence.not_kept": Words(
        title="Licence bound again right after the reset",
        explanation="Licence {licence} was reset and is bound to {workstations} again.",
        next_step="Close the application on these workstations, then reset again.",
    ),
    "licence.list_out_of_reach": Words(
        title="Licence list not read",
        explanation="{place} could not be opened[ (error {win32_code})].[ Windows says: « {message} »]",
        next_step=(
            "Give credentials for the share (iea_share_username and iea_share_password), or look at the share first."
        ),
    ),
    "licence.waits_for_share": Words(
        title="Licence list: waits for the share",
        explanation="{place} is in the database’s folder, which is not reached.",
        next_step="First see to the share.",
    ),
    "licence.list_malformed": Words(
        title="Licence list damaged",
        explanation="{place} is not of the kind that the profile says.[ The workstation says: {message}]",
        next_step=("Open the file. If the application itself reads it, the profile describes another version."),
    ),
    "licence.list_cut": Words(
        title="Licence list too long to be read whole",
        explanation="{place} has {count} rows; the first {shown} were read.",
        next_step="Remove rows that nobody needs in the maintenance centre.",
    ),
}
"""By code."""
