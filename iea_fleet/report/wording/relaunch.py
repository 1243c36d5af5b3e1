"""English words for the findings about the red heart. See `wording/__init__.py` for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.entry import Words

TEXTS: Final[Mapping[str, Words]] = {
    "relaunch.red_heart": Words(
        title="Blue ball with the red heart",
        explanation=(
            "The application is not connected to the production server, and neither its settings nor the "
            "servers tell why."
        ),
        next_step=(
            "Let the authentication be relaunched (fix), or right-click the icon, « Relancer "
            "l’authentification auprès du serveur ».\n"
            "If the red heart stays, {support}"
        ),
    ),
    "relaunch.connected": Words(
        title="Connected after the relaunch (blue ball)",
        explanation="The authentication was relaunched and the red heart is gone.",
        next_step="",
    ),
    "relaunch.stayed_connected": Words(
        title="Relaunched, connected as before",
        explanation="The authentication was relaunched; the ball was blue before and is.",
        next_step="",
    ),
    "relaunch.would_relaunch": Words(
        title="Authentication would be relaunched",
        explanation="Without check mode the authentication would be relaunched.",
        next_step="Run the same without check mode.",
    ),
    "relaunch.done": Words(
        title="Authentication relaunched",
        explanation=("The profile does not say how the icon’s state is read, so look at it: a blue ball is well."),
        next_step="",
    ),
    "relaunch.by_hand": Words(
        title="Relaunch by hand",
        explanation="The profile knows no command that relaunches the authentication.",
        next_step=(
            "On the workstation, right-click the icon, « Relancer l’authentification auprès du serveur "
            "».\n"
            "If the red heart stays, {support}"
        ),
    ),
    "relaunch.failed": Words(
        title="Relaunch did not go well",
        explanation=(
            "The command did not end well[ (exit code {exit_code})][ (error {win32_code})].[ It says: {message}]"
        ),
        next_step=(
            "On the workstation, right-click the icon, « Relancer l’authentification auprès du serveur "
            "».\n"
            "If the red heart stays, {support}"
        ),
    ),
    "relaunch.red_heart_stays": Words(
        title="Red heart still there after the relaunch",
        explanation=(
            "The authentication was relaunched; the icon still shows the red heart, and the server test from this "
            "workstation still fails.[ It says: {message}]"
        ),
        next_step="",
    ),
    "relaunch.refused.support": Words(
        title="Red heart still there after the relaunch: for the vendor",
        explanation="The authentication was relaunched; the icon still shows the red heart.[ It says: {message}]",
        next_step="As the sheet says for this, {support}",
    ),
}
"""By code."""
