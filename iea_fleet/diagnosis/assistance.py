"""Assistance mode, the red scarab (sheet "Mode de connexion au serveur"): who is in it, and turning it on and off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.connection import ASSISTANCE
from iea_fleet.diagnosis.kind import Kind
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.model.desired import DesiredAssistance
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.profile import AssistanceSetting, Profile
from iea_fleet.model.request import Ensure, Probe, Require, RunCommand, SettingProbe, Until

SINCE: Final = "assistance_since"
BY: Final = "assistance_by"

_TOLD = Kind(Severity.INFO, Verdict.OK)
_DONE = Kind(Severity.INFO, Verdict.CHANGED)
_LEFT = Kind(Severity.WARNING, Verdict.DRIFT)
_FAULT = Kind(Severity.ERROR, Verdict.DRIFT)

KINDS: Final[Mapping[str, Kind]] = {
    "assistance.off": Kind(Severity.OK, Verdict.OK),
    "assistance.not_in_profile": _TOLD,
    "assistance.on": _LEFT,
    "assistance.on_as_wanted": _TOLD,
    "assistance.turned_off": _DONE,
    "assistance.turned_on": _DONE,
    "assistance.would_turn_off": _DONE,
    "assistance.would_turn_on": _DONE,
    "assistance.password_needed": _LEFT,
    "assistance.password_refused": _FAULT,
    "assistance.command_failed": _FAULT,
    "assistance.not_kept": _FAULT,
    "assistance.unclear": Kind(Severity.WARNING, Verdict.OK),
    "assistance.out_of_reach": Kind(Severity.WARNING, Verdict.SKIPPED),
}
"""Every finding of assistance mode; the sheet has no case for it."""


def assistance_parts(profile: Profile, desired: DesiredAssistance, *, read_only: bool) -> Parts:
    """What is asked of a workstation about assistance mode; nothing where the profile does not name it.

    A command of the profile is an act, done after what is required holds and before anything is written; without one
    the setting itself is written.

    Args:
        profile: where the mode is, and what turns it on and off.
        desired: what it should be; the password of the day is one line of the command's standard input.
        read_only: nothing is turned.
    """
    setting = profile.connection.assistance
    if setting is None:
        return Parts()
    probes: list[Probe] = [SettingProbe(kind="setting", id=ASSISTANCE, target=setting.at)]
    for name, told in ((SINCE, setting.since), (BY, setting.by)):
        if told is not None:
            probes.append(SettingProbe(kind="setting", id=name, target=told.at))
    if read_only or not can_turn(profile, desired):
        return Parts(probe=tuple(probes))
    wanted = setting.on if desired.mode == "on" else setting.off
    command = command_for(setting, desired)
    if command is None:
        return Parts(probe=tuple(probes), ensure=(Ensure(id=ASSISTANCE, target=setting.at, value=wanted),))
    if desired.mode == "on":
        due, secret = Require(probe=ASSISTANCE, fact="value", none_of=(setting.on,)), None
    else:
        due, secret = Require(probe=ASSISTANCE, fact="value", one_of=(setting.on,)), desired.password
    step = command.model_copy(
        update={
            "when": "always",
            "only_if": due,
            "standard_input": secret,
            "until": command.until or Until(target=setting.at, one_of=(wanted,)),
        }
    )
    return Parts(probe=tuple(probes), act=(step,))


def can_turn(profile: Profile, desired: DesiredAssistance) -> bool:
    """Whether something is to be turned and can be: off by a command needs the password of the day."""
    setting = profile.connection.assistance
    if setting is None or desired.mode == "as_is":
        return False
    return desired.mode == "on" or setting.turn_off is None or desired.password is not None


def command_for(setting: AssistanceSetting, desired: DesiredAssistance) -> RunCommand | None:
    """The profile's command for what is wanted; `None`: the setting itself is written."""
    return setting.turn_on if desired.mode == "on" else setting.turn_off
