"""English words for the findings about assistance mode. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "assistance.off": Words(
        title="Assistance mode off",
        explanation="The installation is connected to the production server (blue ball).",
        next_step="",
    ),
    "assistance.not_in_profile": Words(
        title="Assistance mode not in the profile",
        explanation="The profile does not say where assistance mode is kept, so it was not looked at.",
        next_step="Add `connection.assistance` to the profile.",
    ),
    "assistance.on": Words(
        title="In assistance mode (red scarab)",
        explanation=(
            "The installation is cut off from the production server as long as assistance mode is on.[ "
            "On since {since}.][ For {age_min}.][ Turned on by {by}.]"
        ),
        next_step=(
            "If it is no longer needed, get the password of the day by a mail to "
            "impact-emploi-association@urssaf.fr.\n"
            "Turn it off with it (fix), or on the workstation, right-click the red scarab, « Demande de "
            "support technique », « Désactiver le mode assistance »."
        ),
    ),
    "assistance.on_as_wanted": Words(
        title="In assistance mode, as wanted",
        explanation=(
            "The application can be used; it is cut off from the production server meanwhile.[ On since "
            "{since}.][ For {age_min}.][ Turned on by {by}.]"
        ),
        next_step="",
    ),
    "assistance.turned_off": Words(
        title="Assistance mode turned off",
        explanation="The red scarab is gone.[ It was on since {since}.][ For {age_min}.][ Turned on by {by}.]",
        next_step="",
    ),
    "assistance.turned_on": Words(
        title="Assistance mode turned on",
        explanation=(
            "The application can be used until the vendor has answered; it is cut off from the "
            "production server meanwhile."
        ),
        next_step="Turn it off again as soon as the vendor has answered.",
    ),
    "assistance.would_turn_off": Words(
        title="Assistance mode would be turned off",
        explanation=(
            "The red scarab is there, and the password of the day was given; it is tried without check mode only."
        ),
        next_step="Run the same without check mode.",
    ),
    "assistance.would_turn_on": Words(
        title="Assistance mode would be turned on",
        explanation="The blue ball would become the red scarab.",
        next_step="Run the same without check mode.",
    ),
    "assistance.password_needed": Words(
        title="Password of the day needed",
        explanation="Assistance mode is turned off with the password of the day, and none was given.",
        next_step=(
            "Get the password of the day: a mail to impact-emploi-association@urssaf.fr asks for it.\n"
            "Run again with the password."
        ),
    ),
    "assistance.password_refused": Words(
        title="Password of the day refused",
        explanation=(
            "The application did not take the password[ (exit code {exit_code})].[ It says: {message}] "
            "Assistance mode is still on, and nothing else was written."
        ),
        next_step=(
            "The password changes every day: ask for today’s by a mail to "
            "impact-emploi-association@urssaf.fr.\n"
            "Run again with it."
        ),
    ),
    "assistance.command_failed": Words(
        title="Assistance mode could not be turned {mode}",
        explanation=(
            "The command of the profile did not go well[ (exit code {exit_code})][ (error "
            "{win32_code})].[ It says: {message}]"
        ),
        next_step="Do it on the workstation: right-click the icon, « Demande de support technique ».",
    ),
    "assistance.not_kept": Words(
        title="Assistance mode did not change",
        explanation="The change went well, and the application says {found} all the same[ ({place})].",
        next_step="Look at the icon on the workstation.",
    ),
    "assistance.unclear": Words(
        title="Assistance mode unclear",
        explanation="{place} says {found}, which is neither on nor off in the profile.",
        next_step=("Look at the icon on the workstation: a red scarab means assistance mode. Complete the profile."),
    ),
    "assistance.out_of_reach": Words(
        title="Assistance mode not read",
        explanation="It could not be read whether assistance mode is on[ ({place}: {found})].",
        next_step=("See why in the findings about the settings; a person’s settings need that person to be logged on."),
    ),
}
"""By code."""
