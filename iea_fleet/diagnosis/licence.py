"""The sheet "Résoudre un problème de licence": which workstation each licence is bound to, and which to reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.model.desired import DesiredLicence
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import LogProbe, Probe, RecordsProbe, Release, SettingProbe

BINDINGS: Final = "licence_bindings"
OWN: Final = "own_licence"
LOG: Final = "licence_refusals"
TWICE: Final = "licence_twice"
RESET: Final = "licence_reset"
UNDO: Final = "licence_undo"
LICENCE: Final = "licence"
WORKSTATION: Final = "workstation"

_TOLD = Kind(Severity.INFO, Verdict.OK)
_DONE = Kind(Severity.INFO, Verdict.CHANGED)
_FAULT = Kind(Severity.ERROR, Verdict.DRIFT)

KINDS: Final[Mapping[str, Kind]] = {
    "licence.right": Kind(Severity.OK, Verdict.OK),
    "licence.not_in_profile": _TOLD,
    "licence.twice": _FAULT,
    "licence.twice_elsewhere": _TOLD,
    "licence.bound_elsewhere": _FAULT,
    "licence.not_bound": _TOLD,
    "licence.refusal_logged": _TOLD,
    "licence.reset": _DONE,
    "licence.would_reset": _DONE,
    "licence.nothing_to_reset": _TOLD,
    "licence.undone": _DONE,
    "licence.would_undo": _DONE,
    "licence.nothing_to_undo": _TOLD,
    "licence.not_kept": _FAULT,
    "licence.list_out_of_reach": Kind(Severity.WARNING, Verdict.SKIPPED),
    "licence.waits_for_share": _TOLD,
    "licence.list_malformed": Kind(Severity.ERROR, Verdict.FAILED),
    "licence.list_cut": Kind(Severity.WARNING, Verdict.OK),
}
"""Every finding of the sheet, which has no cases."""


def licence_parts(profile: Profile, desired: DesiredLicence, *, read_only: bool) -> Parts:
    """What the sheet asks of a workstation; nothing where the profile does not name the list of bindings.

    Args:
        profile: where the bindings are, and what « Réinitialiser poste » leaves in them.
        desired: exactly the rows to reset, and the resets to take back; no other row is named in the request.
        read_only: nothing is reset.
    """
    licences = profile.licences
    if licences is None:
        return Parts()
    probes: list[Probe] = [RecordsProbe(kind="records", id=BINDINGS, target=licences.bindings)]
    if licences.own is not None:
        probes.append(SettingProbe(kind="setting", id=OWN, target=licences.own.at))
    log = profile.refusals
    if log is not None and log.licence_twice is not None:
        patterns = {TWICE: log.licence_twice}
        probes.append(LogProbe(kind="log", id=LOG, path=log.path, encoding=log.encoding, patterns=patterns))
    releases = []
    if desired.reset:
        rows = tuple({LICENCE: row.licence, WORKSTATION: row.workstation} for row in desired.reset)
        releases.append(Release(id=RESET, target=licences.bindings, match=rows, values=licences.reset))
    # Two rows of one licence look the same once both are reset, so either may get back what the other had.
    for number, change in enumerate(desired.undo):
        # Only what the reset took is put back: a field that it left alone may have changed since.
        lost = {name: text for name, text in change.before.items() if change.after and change.after.get(name) != text}
        if change.after and lost:
            name, target = f"{UNDO}_{number}", licences.bindings
            releases.append(Release(id=name, target=target, match=(change.after,), values=lost, one=True))
    return Parts(probe=tuple(probes), release=() if read_only else tuple(releases))
