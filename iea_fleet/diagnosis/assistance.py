"""Assistance mode, the red scarab (sheet "Mode de connexion au serveur"): who is in it, and turning it on and off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.connection import ASSISTANCE
from iea_fleet.diagnosis.kind import Kind, joined, make_finding
from iea_fleet.diagnosis.parts import Parts
from iea_fleet.diagnosis.told import Told, facts_of, since_evidence
from iea_fleet.model.answer import Answer, PlaceState, SettingFacts, Status
from iea_fleet.model.desired import DesiredAssistance
from iea_fleet.model.finding import Finding, Severity, Sheet
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


def judge_assistance(answer: Answer, profile: Profile, desired: DesiredAssistance, *, read_only: bool) -> list[Finding]:
    """Every finding about assistance mode on one host.

    Args:
        answer: to a request that held `assistance_parts`; may be of any status, and anything may be missing in it.
        profile: where the mode is and how it is spelt.
        desired: what it should be.
        read_only: a report looked.
    """
    setting = profile.connection.assistance
    found: list[Finding] = []

    def tell(code: str, **evidence: str | int | None) -> None:
        found.append(make_finding(KINDS, f"assistance.{code}", Sheet.ASSISTANCE, **evidence))

    if setting is None:
        tell("not_in_profile")
        return found
    told = Told.by(answer)
    before = facts_of(told.before, ASSISTANCE, SettingFacts)
    now = facts_of(told.latest, ASSISTANCE, SettingFacts)
    if now is None:
        return found
    who = _who(told, profile, answer)
    place = joined(one.place for one in now.places) or None
    turning = not read_only and can_turn(profile, desired)
    turned = turning and _turned(answer, told, setting, desired)
    if turned and answer.dry_run:
        tell(f"would_turn_{desired.mode}", place=place, **who)
        return found
    if turning:
        found += _failed_command(told, setting, desired)
    was, on = _is(before, setting.on), _is(now, setting.on)
    if turned and desired.mode == "off" and was and not on:
        tell("turned_off", place=place, **_who(Told.by(answer.model_copy(update={"verify": ()})), profile, answer))
    elif turned and desired.mode == "on" and on and not was:
        tell("turned_on", place=place, **who)
    elif turned and on != (desired.mode == "on"):
        tell("not_kept", place=place, found=_found(now), **who)
    elif on:
        tell("on_as_wanted" if desired.mode == "on" else "on", place=place, **who)
        if desired.mode == "off" and not read_only and not can_turn(profile, desired):
            tell("password_needed")
    elif _out_of_reach(now):
        tell("out_of_reach", place=place, found=_found(now))
    elif any(one.value not in {setting.off, None, ""} for one in now.places):
        tell("unclear", place=place, found=_found(now))
    elif answer.status is Status.DONE:
        tell("off", place=place)
    return found


def _turned(answer: Answer, told: Told, setting: AssistanceSetting, desired: DesiredAssistance) -> bool:
    """Whether the mode was turned, or would be: by the command, or by writing the setting."""
    command = command_for(setting, desired)
    if command is not None:
        outcome = told.work.get(command.id)
        return outcome is not None and outcome.ok
    return any(one.changed for outcome in answer.ensure if outcome.id == ASSISTANCE for one in outcome.places)


def _failed_command(told: Told, setting: AssistanceSetting, desired: DesiredAssistance) -> list[Finding]:
    command = command_for(setting, desired)
    outcome = None if command is None else told.work.get(command.id)
    if command is None or outcome is None or outcome.ok:
        return []
    # The program ended and says no: to « Désactiver » that is the password. One that never ended says nothing of it.
    refused = desired.mode == "off" and outcome.exit_code is not None and outcome.exit_code not in command.success
    message = outcome.message
    if desired.password is not None:
        message = message.replace(desired.password.get_secret_value(), "***")
    evidence = {
        "mode": desired.mode,
        "exit_code": outcome.exit_code,
        "win32_code": outcome.win32_code or None,
        "message": message or None,
    }
    code = "assistance.password_refused" if refused else "assistance.command_failed"
    return [make_finding(KINDS, code, Sheet.ASSISTANCE, **evidence)]


def _who(told: Told, profile: Profile, answer: Answer) -> dict[str, str | int | None]:
    """Who turned it on, and since when it is."""
    texts = {}
    for name in (SINCE, BY):
        facts = facts_of(told.latest, name, SettingFacts)
        texts[name] = None if facts is None else next((one.value for one in facts.places if one.value), None)
    return {"by": texts[BY], **since_evidence(texts[SINCE], profile.moment_format, answer)}


def _is(facts: SettingFacts | None, value: str) -> bool:
    return facts is not None and any(one.value == value for one in facts.places)


def _out_of_reach(facts: SettingFacts) -> bool:
    bad = {PlaceState.UNREADABLE, PlaceState.MALFORMED, PlaceState.UNSUPPORTED, PlaceState.FILE_MISSING}
    return not facts.places or any(one.state in bad for one in facts.places)


def _found(facts: SettingFacts) -> str | None:
    return joined(one.value or one.state.value for one in facts.places) or None
