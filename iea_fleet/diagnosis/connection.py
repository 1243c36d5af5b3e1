"""The sheet "Mise à jour du mode de connexion au serveur": what to ask a workstation, and what its answer means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.diagnosis.servers import REASONS
from iea_fleet.model.desired import DesiredConnection, Mode
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import (
    Ensure,
    LogProbe,
    Probe,
    ProcessProbe,
    Require,
    RestartService,
    ServiceProbe,
    SettingProbe,
    UrlProbe,
)

MODE = "connection_mode"
AUTHENTICATION_URL = "authentication_url"
UPDATE_URL = "update_url"
SETTINGS = (MODE, AUTHENTICATION_URL, UPDATE_URL)
"""The three settings of the sheet: names of their probes and of their changes alike."""
VERSION = "version"
ASSISTANCE = "assistance"
AUTHENTICATION_TEST = "authentication_test"
UPDATE_TEST = "update_test"
REFUSALS = "refusals"
AUTHORISATION_REFUSED = "authorisation_refused"
LICENCE_NOT_RECOGNISED = "licence_not_recognised"
PROCESS = "application_process"
SERVICE = "application_service"

_DRIFT = Kind(Severity.WARNING, Verdict.DRIFT)
_UNUSABLE = Kind(Severity.ERROR, Verdict.DRIFT)
_UNREADABLE = Kind(Severity.ERROR, Verdict.FAILED)
_WORTH_KNOWING = Kind(Severity.INFO, Verdict.OK)

KINDS: Final[Mapping[str, Kind]] = {
    "connection.already_right": Kind(Severity.OK, Verdict.OK, case=1),
    "connection.settings_right": _WORTH_KNOWING,
    **{
        f"connection.{what}.{setting}": kind
        for what, kind in {
            "corrected": Kind(Severity.INFO, Verdict.CHANGED, case=1),
            "would_correct": Kind(Severity.INFO, Verdict.CHANGED, case=1),
            "differs": _DRIFT,
            "not_kept": _UNUSABLE,
        }.items()
        for setting in ("mode", "address")
    },
    "connection.nobody_logged_on": Kind(Severity.WARNING, Verdict.SKIPPED),
    "connection.file_missing": _UNREADABLE,
    "connection.settings_locked": _UNREADABLE,
    "connection.settings_denied": _UNREADABLE,
    "connection.settings_unreadable": _UNREADABLE,
    "connection.settings_malformed": _UNREADABLE,
    "connection.settings_unsupported": _UNREADABLE,
    **{f"connection.test_failed.{reason}": Kind(Severity.ERROR, Verdict.DRIFT, case=2) for reason in REASONS},
    "connection.test_failed_after": Kind(Severity.ERROR, Verdict.DRIFT, case=2),
    "connection.certificate_ends": Kind(Severity.WARNING, Verdict.OK),
    "connection.authorisation_refused": Kind(Severity.ERROR, Verdict.DRIFT, case=3),
    "connection.licence_not_recognised": Kind(Severity.ERROR, Verdict.DRIFT, case=3),
    "connection.refusal_logged": _WORTH_KNOWING,
    "connection.log_unreadable": _WORTH_KNOWING,
    "connection.assistance_in_the_way": Kind(Severity.WARNING, Verdict.SKIPPED),
    "connection.assistance_on": _DRIFT,
    "connection.assistance_unclear": Kind(Severity.WARNING, Verdict.OK),
    "connection.version_unknown": _WORTH_KNOWING,
    "connection.version_invalid": _WORTH_KNOWING,
    "connection.process_not_running": _WORTH_KNOWING,
    "connection.not_running_after_restart": _DRIFT,
    "connection.service_not_running": _DRIFT,
    "connection.service_absent": _UNUSABLE,
}
"""Every finding of the sheet. Cases 1 to 3 are the sheet's own; what lies between them has none."""


def wanted_values(profile: Profile, desired: DesiredConnection) -> dict[str, str]:
    """The desired text of each setting, spelt as the application spells it, by the setting's name."""
    mode = profile.connection.mode
    return {
        MODE: mode.secure if desired.mode is Mode.SECURE else mode.plain,
        AUTHENTICATION_URL: desired.authentication_url,
        UPDATE_URL: desired.update_url,
    }


def connection_parts(
    profile: Profile, desired: DesiredConnection, *, read_only: bool, assistance_ends: bool = False
) -> Parts:
    """What the sheet asks of a workstation.

    Args:
        profile: where the application keeps what the sheet needs.
        desired: what the settings should be; both *desired* servers are tested, as by « Tester l'accès aux serveurs ».
        read_only: nothing is required, so that the answer tells the whole difference whatever the tests say; the
            request must be a dry run then.
        assistance_ends: this request turns assistance mode off before anything is written, so that being in it does
            not stand in the way.
    """
    places = profile.connection
    targets = {MODE: places.mode.at, AUTHENTICATION_URL: places.authentication_url.at, UPDATE_URL: places.update_url.at}
    wanted = wanted_values(profile, desired)
    probes: list[Probe] = [SettingProbe(kind="setting", id=name, target=target) for name, target in targets.items()]
    if places.version is not None:
        probes.append(SettingProbe(kind="setting", id=VERSION, target=places.version.at))
    if places.assistance is not None:
        probes.append(SettingProbe(kind="setting", id=ASSISTANCE, target=places.assistance.at))
    tests = {AUTHENTICATION_TEST: desired.authentication_url, UPDATE_TEST: desired.update_url}
    probes += [
        UrlProbe(kind="url", id=name, url=url, timeout_ms=desired.test_timeout_ms, accept_status=desired.accept_status)
        for name, url in tests.items()
    ]
    if profile.refusals is not None:
        patterns = {
            AUTHORISATION_REFUSED: profile.refusals.authorisation_refused,
            LICENCE_NOT_RECOGNISED: profile.refusals.licence_not_recognised,
        }
        log = profile.refusals
        probes.append(LogProbe(kind="log", id=REFUSALS, path=log.path, encoding=log.encoding, patterns=patterns))
    probes.append(ProcessProbe(kind="process", id=PROCESS, name=profile.application.process))
    restart = profile.application.restart
    if isinstance(restart, RestartService):
        probes.append(ServiceProbe(kind="service", id=SERVICE, name=restart.name))

    requirements: list[Require] = []
    if places.assistance is not None and not assistance_ends:
        requirements.append(Require(probe=ASSISTANCE, fact="value", none_of=(places.assistance.on,)))
    requirements += [Require(probe=name, fact="ok", one_of=("true",)) for name in tests]
    if not desired.save:
        return Parts(probe=tuple(probes))
    return Parts(
        probe=tuple(probes),
        require=() if read_only else tuple(requirements),
        ensure=tuple(Ensure(id=name, target=target, value=wanted[name]) for name, target in targets.items()),
        after=() if read_only or restart is None else (restart,),
    )
