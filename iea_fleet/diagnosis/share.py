"""The sheet "Base de données inaccessible": what to ask a workstation about the database's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.database import FOLDER, database_access
from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.diagnosis.share_codes import FAULTS, codes_of
from iea_fleet.model.desired import DesiredShare, ShareRemedy
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import (
    AsWhom,
    PeopleProbe,
    Probe,
    ReconnectShare,
    Require,
    RestartComputer,
    RestartService,
    RestoreDrive,
    ServiceProbe,
    SettingProbe,
    ShareProbe,
    Work,
)

PROBES: Final[Mapping[AsWhom, str]] = {whom: f"share_{whom.value}" for whom in AsWhom}
"""The probe of the folder, by whose rights are used."""
SETTING: Final = "database_folder"
SERVICE: Final = "workstation_service"
PEOPLE: Final = "people"
START_SERVICE: Final = "start_workstation_service"
RECONNECT: Final[Mapping[AsWhom, str]] = {whom: f"reconnect_{whom.value}" for whom in (AsWhom.LOGON, AsWhom.USER)}
RESTORE_DRIVE: Final = "restore_drive"
RESTART: Final = "restart_computer"

_WORKSTATION_SERVICE: Final = "LanmanWorkstation"
_DOWN: Final = ("stopped", "paused")

_WARNING_TITLE: Final = "Impact emploi association"
_WARNING_TEXT: Final = (
    "Votre informaticien doit redémarrer ce poste pour rétablir l'accès à la base de données. "
    "Enregistrez votre travail, puis répondez Oui ; répondez Non pour garder le poste allumé."
)

_OK = Kind(Severity.OK, Verdict.OK)
_TOLD = Kind(Severity.INFO, Verdict.OK)
_FAULT = Kind(Severity.ERROR, Verdict.DRIFT)

KINDS: Final[Mapping[str, Kind]] = {
    "share.reached": _OK,
    "share.local": _OK,
    "share.not_in_profile": _TOLD,
    "share.folder_not_set": _FAULT,
    "share.folder_not_read": Kind(Severity.WARNING, Verdict.SKIPPED),
    **{f"share.{fault}": _FAULT for fault in FAULTS},
    "share.service_stopped": _FAULT,
    "share.not_judged_as_this_account": _TOLD,
    "share.nobody_logged_on": _TOLD,
    "share.task_failed": _TOLD,
    "share.rights_missing": Kind(Severity.WARNING, Verdict.OK),
    "share.not_judged": Kind(Severity.WARNING, Verdict.SKIPPED),
    "share.mended": Kind(Severity.INFO, Verdict.CHANGED),
    "share.would_mend": _TOLD,
    "share.still_failing": _FAULT,
    "share.remedy_failed": _FAULT,
    "share.restarted": Kind(Severity.INFO, Verdict.CHANGED),
    "share.restart_begun": Kind(Severity.WARNING, Verdict.DRIFT),
    "share.restart_declined": Kind(Severity.WARNING, Verdict.DRIFT),
    "share.restart_failed": _FAULT,
    "share.restart_waits": Kind(Severity.WARNING, Verdict.DRIFT),
}
"""Every finding of the sheet, which has no cases."""


def in_profile(profile: Profile, desired: DesiredShare) -> bool:
    """Whether it is known where the database's folder is named."""
    return desired.path is not None or profile.database is not None


def share_parts(profile: Profile, desired: DesiredShare, *, read_only: bool) -> Parts:
    """What the sheet asks of a workstation; nothing where neither profile nor `desired` names the folder.

    What mends a share is done before anything is written, so that what lies in the folder can be written in the same
    round. A restart comes last, and only for faults that none of the other remedies is for: conditions are compared
    with the first probes, so it could not be told that another remedy had been enough.

    Args:
        profile: where the application keeps the folder's path, and the name of the database file.
        desired: as whom to look, with which credentials, and what may be done.
        read_only: nothing is done.
    """
    if not in_profile(profile, desired):
        return Parts()
    probes: list[Probe] = [
        ServiceProbe(kind="service", id=SERVICE, name=_WORKSTATION_SERVICE),
        PeopleProbe(kind="people", id=PEOPLE),
    ]
    if desired.path is None and profile.database is not None:
        probes.append(SettingProbe(kind="setting", id=SETTING, target=profile.database.folder.at))
    probes += [
        ShareProbe(
            kind="share",
            id=PROBES[whom],
            path=FOLDER,
            file=None if profile.database is None else profile.database.file,
            as_whom=whom,
            write=desired.write,
            timeout_ms=desired.test_timeout_ms,
        )
        for whom in dict.fromkeys(desired.as_whom)
    ]
    access = database_access(profile, desired)
    return Parts(
        names=access.names,
        connect=access.connect,
        probe=tuple(probes),
        act=() if read_only else tuple(_remedies(desired)),
        after=() if read_only or ShareRemedy.RESTART not in desired.mend else (_restart(desired),),
    )


def _remedies(desired: DesiredShare) -> list[Work]:
    work: list[Work] = []
    if ShareRemedy.START_SERVICE in desired.mend:
        down = Require(probe=SERVICE, fact="state", one_of=_DOWN)
        work.append(
            RestartService(
                kind="restart_service", id=START_SERVICE, name=_WORKSTATION_SERVICE, when="always", only_if=down
            )
        )
    if ShareRemedy.RESTORE_DRIVE in desired.mend and AsWhom.USER in desired.as_whom:
        lost = Require(probe=PROBES[AsWhom.USER], fact="win32_code", one_of=codes_of(ShareRemedy.RESTORE_DRIVE))
        work.append(RestoreDrive(kind="restore_drive", id=RESTORE_DRIVE, path=FOLDER, only_if=lost))
    if ShareRemedy.RECONNECT in desired.mend:
        for whom, step in RECONNECT.items():
            if whom in desired.as_whom:
                stale = Require(probe=PROBES[whom], fact="win32_code", one_of=codes_of(ShareRemedy.RECONNECT))
                work.append(ReconnectShare(kind="reconnect_share", id=step, path=FOLDER, as_whom=whom, only_if=stale))
    return work


def restart_codes(desired: DesiredShare) -> tuple[str, ...]:
    """The Win32 codes of who looks first for which the workstation is restarted, where that is allowed."""
    others = [remedy for remedy in desired.mend if remedy is not ShareRemedy.RESTART]
    mended_otherwise = {code for remedy in others for code in codes_of(remedy)}
    return tuple(code for code in codes_of(ShareRemedy.RESTART) if code not in mended_otherwise)


def _restart(desired: DesiredShare) -> Work:
    return RestartComputer(
        kind="restart_computer",
        id=RESTART,
        title=_WARNING_TITLE,
        message=_WARNING_TEXT,
        ask=desired.restart_ask,
        delay_s=desired.restart_delay_s,
        only_if=Require(probe=PROBES[desired.as_whom[0]], fact="win32_code", one_of=restart_codes(desired)),
    )
