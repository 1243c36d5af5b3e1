"""English words for the findings about open sessions. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "session.none": Words(
        title="No open session",
        explanation="Nobody has a session of the application open.",
        next_step="",
    ),
    "session.not_in_profile": Words(
        title="Sessions not in the profile",
        explanation="The profile does not say where the open sessions are, so they were not looked at.",
        next_step="Add `sessions` to the profile.",
    ),
    "session.stale": Words(
        title="Session left behind",
        explanation=(
            "{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}. The program "
            "does not run there, so nobody is using it, and it blocks the next logon."
        ),
        next_step=(
            "Let it be released (fix), or in the maintenance centre « Comptes utilisateurs », select the "
            "row, « Déconnecter ».\n"
            "Then start Impact emploi again."
        ),
    ),
    "session.live": Words(
        title="Session in use",
        explanation=(
            "{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}. The program "
            "runs on this workstation."
        ),
        next_step="",
    ),
    "session.elsewhere": Words(
        title="Sessions of other workstations",
        explanation=(
            "{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}. Whether they "
            "are in use can’t be told from here."
        ),
        next_step="",
    ),
    "session.released": Words(
        title="Session released",
        explanation="{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}.",
        next_step="Start Impact emploi again.",
    ),
    "session.would_release": Words(
        title="Session would be released",
        explanation="{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}.",
        next_step="Run the same without check mode.",
    ),
    "session.nothing_to_release": Words(
        title="No session to release",
        explanation="{workstation} has no open session[ of {users}].",
        next_step="",
    ),
    "session.live_kept": Words(
        title="Session not released: in use",
        explanation=(
            "The program runs on {workstation}, so a session there[ of {users}] is in use. Releasing it "
            "could lose work."
        ),
        next_step=("Ask the person to close the application, then run again; --force releases it all the same."),
    ),
    "session.elsewhere_kept": Words(
        title="Session not released: of another workstation",
        explanation=(
            "Whether the program runs on {workstation} can’t be told from here, so a session there was not released."
        ),
        next_step="Run it for {workstation} itself; --force releases it from here all the same.",
    ),
    "session.workstation_unknown": Words(
        title="Whose session to release is not known",
        explanation=(
            "Neither a workstation nor the name of the one that is asked was given, so no session was released."
        ),
        next_step=("Give the workstation (iea_session_workstation), or the host’s computer name (iea_computer_name)."),
    ),
    "session.not_kept": Words(
        title="Session is back right after the release",
        explanation=(
            "{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}. It was released "
            "and is there again."
        ),
        next_step="See who starts the application there.",
    ),
    "session.list_out_of_reach": Words(
        title="List of sessions not read",
        explanation="{place} could not be opened[ (error {win32_code})].[ Windows says: « {message} »]",
        next_step=(
            "Give credentials for the share (iea_share_username and iea_share_password), or look at the share first."
        ),
    ),
    "session.waits_for_share": Words(
        title="List of sessions: waits for the share",
        explanation="{place} is in the database’s folder, which is not reached.",
        next_step="First see to the share.",
    ),
    "session.list_malformed": Words(
        title="List of sessions damaged",
        explanation="{place} is not of the kind that the profile says.[ The workstation says: {message}]",
        next_step=("Open the file. If the application itself reads it, the profile describes another version."),
    ),
    "session.list_cut": Words(
        title="List of sessions too long to be read whole",
        explanation="{place} has {count} rows; the first {shown} were read.",
        next_step="Remove rows that nobody needs in the maintenance centre.",
    ),
}
"""By code."""
