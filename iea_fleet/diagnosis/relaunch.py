"""« Relancer l'authentification auprès du serveur »: the ball with the red heart (connection sheet, case 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.kind import Kind, make_finding
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.diagnosis.told import Told, facts_of
from iea_fleet.diagnosis.version import application_version
from iea_fleet.model.answer import Answer, ProbeFacts, SettingFacts
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import Probe, SettingProbe

STATE: Final = "connection_state"

KINDS: Final[Mapping[str, Kind]] = {
    "relaunch.red_heart": Kind(Severity.WARNING, Verdict.DRIFT, case=2),
    "relaunch.connected": Kind(Severity.INFO, Verdict.CHANGED),
    "relaunch.stayed_connected": Kind(Severity.INFO, Verdict.OK),
    "relaunch.would_relaunch": Kind(Severity.INFO, Verdict.OK),
    "relaunch.done": Kind(Severity.INFO, Verdict.CHANGED),
    "relaunch.by_hand": Kind(Severity.WARNING, Verdict.DRIFT),
    "relaunch.failed": Kind(Severity.ERROR, Verdict.DRIFT),
    "relaunch.red_heart_stays": Kind(Severity.WARNING, Verdict.DRIFT, case=2),
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


def judge_relaunch(
    answer: Answer,
    profile: Profile,
    desired: DesiredConnection,
    *,
    read_only: bool,
    explained: bool,
    test_failed: bool,
) -> list[Finding]:
    """Every finding about the red heart and the relaunch on one host.

    Args:
        answer: to a request that held `relaunch_parts`; may be of any status, and anything may be missing in it.
        profile: how the state is spelt, and the command.
        desired: whether to relaunch.
        read_only: a report looked.
        explained: the connection sheet tells why the heart is there (settings, a failed test, a refused start).
        test_failed: a server test failed in this answer, so what the server would say to a relaunch is not known.
    """
    command = profile.connection.relaunch
    told = Told.by(answer)
    before, now = heart(told.before, profile), heart(told.latest, profile)
    version = application_version(answer)
    support = {"version": version, "support_subject": f"Serveur de connexion {version or '3.00.XX'}"}
    wanted = desired.relaunch and not read_only
    outcome = None if command is None or not wanted else told.work.get(command.id)
    found: list[Finding] = []

    def tell(code: str, **evidence: str | int | None) -> None:
        found.append(make_finding(KINDS, f"relaunch.{code}", Sheet.CONNECTION, **evidence))

    if wanted and command is None:
        tell("by_hand", **support)
    if outcome is None or answer.dry_run:
        # Right after a change the program may not have looked again yet.
        if now == "refused" and not explained and not answer.changed:
            tell("red_heart", **support)
        if wanted and command is not None and answer.dry_run:
            tell("would_relaunch")
        return found
    evidence = {
        "exit_code": outcome.exit_code,
        "win32_code": outcome.win32_code or None,
        "message": outcome.message or None,
        "elapsed_ms": outcome.elapsed_ms,
        **support,
    }
    if now == "connected":
        tell("stayed_connected" if before == "connected" else "connected", **evidence)
    elif now == "refused":
        tell("red_heart_stays" if test_failed else "refused.support", **evidence)
    else:
        tell("done" if outcome.ok else "failed", **evidence)
    return found


def heart(told: Mapping[str, ProbeFacts], profile: Profile) -> str | None:
    """`connected`, `refused`, or `None` where the icon's state is not told, or is neither."""
    state = profile.connection.state
    facts = facts_of(told, STATE, SettingFacts)
    if state is None or facts is None:
        return None
    values = {place.value for place in facts.places}
    if state.refused in values:
        return "refused"
    return "connected" if values == {state.connected} else None
