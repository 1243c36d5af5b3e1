"""English words for what a plan would do, and what it hands over. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "plan.start_service": Words(
        title="Start the Workstation service",
        explanation="{service} is started, then the share is looked at again.",
        next_step="",
    ),
    "plan.restore_drive": Words(
        title="Connect the network drive again[ ({drive})]",
        explanation=(
            "As the person logged on, the drive is connected[ to {drive_path}], then the share is looked at again."
        ),
        next_step="",
    ),
    "plan.reconnect": Words(
        title="Make the session with the file server anew",
        explanation=(
            "Sessions with {server} are dropped and made again[, as {as_whom}]. Files that are open there are closed."
        ),
        next_step="",
    ),
    "plan.restart": Words(
        title="Restart the workstation",
        explanation=(
            "The person at the screen is told before and can say no; then the share is looked at again.[ The "
            "maintenance window opens on {opens_day} {opens} ({zone}).]"
        ),
        next_step="Allow it by name (fix --allow-restart).",
    ),
    "plan.release_session": Words(
        title="Release the session left behind",
        explanation="{users} on {workstation}[, since {since}][ ({age_min})]. Sessions: {count}.",
        next_step="",
    ),
    "plan.reset_licence": Words(
        title="Reset the licence’s binding to {workstations}",
        explanation=("Licence {licence}: {reset_reason}. Nothing else is touched, and it can be taken back."),
        next_step="",
    ),
    "plan.save_connection": Words(
        title="Correct the connection settings ({count})",
        explanation="Both servers are tested from the workstation first; then mode and addresses are written.",
        next_step="",
    ),
    "plan.assistance_off": Words(
        title="Turn assistance mode off",
        explanation=(
            "The red scarab becomes the blue ball again.[ On since {since}.][ For {age_min}.][ Turned on by {by}.]"
        ),
        next_step=("It takes the password of the day: a mail to impact-emploi-association@urssaf.fr asks for it."),
    ),
    "plan.relaunch": Words(
        title="Relaunch the authentication",
        explanation=(
            "« Relancer l’authentification auprès du serveur », then the icon is looked at until it is decided."
        ),
        next_step="",
    ),
    "plan.reinstall": Words(
        title="A workstation needs its reinstallation code",
        explanation=(
            "Licence {licence} is on {workstations}, and resetting alone may not last: both were "
            "installed with it, or nothing tells them apart."
        ),
        next_step=(
            "Ask impact-emploi-association@urssaf.fr for the reinstallation code of one of them, and "
            "install it again with it."
        ),
    ),
}
"""By code."""
