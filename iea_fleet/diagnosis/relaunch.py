"""« Relancer l'authentification auprès du serveur »: the ball with the red heart (connection sheet, case 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import Probe, SettingProbe

STATE: Final = "connection_state"

KINDS: Final[Mapping[str, Kind]] = {
    "relaunch.red_heart": Kind(Severity.WARNING, Verdict.DRIFT, case=2),
    "relaunch.red_heart_yet": Kind(Severity.WARNING, Verdict.OK),
    "relaunch.connected": Kind(Severity.INFO, Verdict.CHANGED),
    "relaunch.stayed_connected": Kind(Severity.INFO, Verdict.OK),
    "relaunch.would_relaunch": Kind(Severity.INFO, Verdict.OK),
    "relaunch.done": Kind(Severity.INFO, Verdict.CHANGED),
    "relaunch.by_hand": Kind(Severity.WARNING, Verdict.DRIFT),
    "relaunch.failed": Kind(Severity.ERROR, Verdict.DRIFT),
    "relaunch.refused.support": Kind(Severity.ERROR, Verdict.DRIFT, case=2),
}
"""Every finding of the relaunch; a code that ends in `support` needs a support request."""


def relaunch_parts(profile: Profile, desired: DesiredConnection, *, read_only: bool) -> Parts:
    """The icon's state before and after, and the relaunch when it is wanted and the profile names its command.

    Args:
        profile: where the state is told, and the command.
        desired: whether to relaunch.
        read_only: nothing is relaunched.
    """
    places = profile.connection
    probe: tuple[Probe, ...] = ()
    if places.state is not None:
        probe = (SettingProbe(kind="setting", id=STATE, target=places.state.at),)
    if read_only or not desired.relaunch or places.relaunch is None:
        return Parts(probe=probe)
    return Parts(probe=probe, after=(places.relaunch.model_copy(update={"when": "always"}),))
