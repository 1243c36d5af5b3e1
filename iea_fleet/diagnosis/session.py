"""The sheet "Déblocage accès au site": which sessions of the application are open, and which to release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.connection import PROCESS
from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.model.desired import DesiredSession
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import ProcessProbe, RecordsProbe, Release, Require

SESSIONS: Final = "open_sessions"
RELEASE: Final = "session_release"

_TOLD = Kind(Severity.INFO, Verdict.OK)
_LEFT = Kind(Severity.WARNING, Verdict.DRIFT)

KINDS: Final[Mapping[str, Kind]] = {
    "session.none": Kind(Severity.OK, Verdict.OK),
    "session.not_in_profile": _TOLD,
    "session.stale": _LEFT,
    "session.live": _TOLD,
    "session.elsewhere": _TOLD,
    "session.released": Kind(Severity.INFO, Verdict.CHANGED),
    "session.would_release": Kind(Severity.INFO, Verdict.CHANGED),
    "session.nothing_to_release": _TOLD,
    "session.live_kept": Kind(Severity.WARNING, Verdict.OK),
    "session.elsewhere_kept": _LEFT,
    "session.workstation_unknown": _LEFT,
    "session.not_kept": Kind(Severity.ERROR, Verdict.DRIFT),
    "session.list_out_of_reach": Kind(Severity.WARNING, Verdict.SKIPPED),
    "session.waits_for_share": _TOLD,
    "session.list_malformed": Kind(Severity.ERROR, Verdict.FAILED),
    "session.list_cut": Kind(Severity.WARNING, Verdict.OK),
}
"""Every finding of the sheet, which has no cases."""


def session_parts(profile: Profile, desired: DesiredSession, *, computer_name: str | None, read_only: bool) -> Parts:
    """What the sheet asks of a workstation; nothing where the profile does not name the list of sessions.

    A session of the workstation itself is released only while the program does not run there. Of another workstation
    this can't be known here, so only `force` releases one.

    Args:
        profile: where the sessions are.
        desired: which to release.
        computer_name: the workstation that must answer; `None`: any, so that « its own » sessions have no name.
        read_only: nothing is released.
    """
    if profile.sessions is None:
        return Parts()
    target = profile.sessions.open
    probe = (
        RecordsProbe(kind="records", id=SESSIONS, target=target),
        ProcessProbe(kind="process", id=PROCESS, name=profile.application.process),
    )
    concerned = concerned_workstation(desired, computer_name)
    if read_only or concerned is None or not (desired.force or is_same(concerned, computer_name)):
        return Parts(probe=probe)
    match = {"workstation": concerned} | ({} if desired.user is None else {"user": desired.user})
    closed = None if desired.force else Require(probe=PROCESS, fact="running", one_of=("false",))
    return Parts(probe=probe, release=(Release(id=RELEASE, target=target, match=(match,), only_if=closed),))


def concerned_workstation(desired: DesiredSession, computer_name: str | None) -> str | None:
    """Whose sessions are to be released; `None`: nobody's, or it is not known which workstation is asked."""
    return (desired.workstation or computer_name) if desired.release else None


def is_same(one: str, other: str | None) -> bool:
    """Whether two names are of one workstation; Windows compares them without case."""
    return other is not None and one.casefold() == other.casefold()
