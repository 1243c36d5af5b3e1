"""The sheet "Mise à jour du mode de connexion au serveur": what to ask a workstation, and what its answer means."""

from __future__ import annotations

from dataclasses import dataclass

from iea_fleet.model.desired import DesiredConnection, Mode
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import After, Ensure, LogProbe, Probe, ProcessProbe, Require, SettingProbe, UrlProbe

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


@dataclass(frozen=True, slots=True)
class Parts:
    """What one sheet adds to a request."""

    probe: tuple[Probe, ...]
    require: tuple[Require, ...]
    ensure: tuple[Ensure, ...]
    after: tuple[After, ...]


def wanted_values(profile: Profile, desired: DesiredConnection) -> dict[str, str]:
    """The desired text of each setting, spelt as the application spells it, by the setting's name."""
    mode = profile.connection.mode
    return {
        MODE: mode.secure if desired.mode is Mode.SECURE else mode.plain,
        AUTHENTICATION_URL: desired.authentication_url,
        UPDATE_URL: desired.update_url,
    }


def connection_parts(profile: Profile, desired: DesiredConnection, *, read_only: bool) -> Parts:
    """What the sheet asks of a workstation.

    Args:
        profile: where the application keeps what the sheet needs.
        desired: what the settings should be; both *desired* servers are tested, as by « Tester l'accès aux serveurs ».
        read_only: nothing is required, so that the answer tells the whole difference whatever the tests say; the
            request must be a dry run then.
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
        UrlProbe(
            kind="url", id=name, url=url, timeout_ms=desired.test_timeout_ms, accept_status=desired.accept_status
        )
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

    requirements: list[Require] = []
    if places.assistance is not None:
        requirements.append(Require(probe=ASSISTANCE, fact="value", none_of=(places.assistance.on,)))
    requirements += [Require(probe=name, fact="ok", one_of=("true",)) for name in tests]
    restart = profile.application.restart
    return Parts(
        probe=tuple(probes),
        require=() if read_only else tuple(requirements),
        ensure=tuple(Ensure(id=name, target=target, value=wanted[name]) for name, target in targets.items()),
        after=() if read_only or restart is None else (restart,),
    )
