"""Words that several forms of report share: of a verdict, a setting's value, a finding with its sheet's case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iea_fleet.diagnosis.connection import MODE
from iea_fleet.diagnosis.fleet import KINDS as FLEET_KINDS
from iea_fleet.diagnosis.fleet import FleetFinding
from iea_fleet.diagnosis.sheets import KINDS
from iea_fleet.diagnosis.transaction import is_of_transaction
from iea_fleet.diagnosis.transport_kinds import KINDS as TRANSPORT_KINDS
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.text import SHOWN_CHARACTERS, neutralise
from iea_fleet.report.view import Group, HostRow, RunView, SettingRow, mode_words
from iea_fleet.report.wording import Language, Words, words
from iea_fleet.report.wording.fill import vocabulary_word
from iea_fleet.report.wording.interface import interface

_IN_THE_WAY = frozenset({Sheet.CONNECTION, Sheet.ASSISTANCE, Sheet.TRANSPORT})
"""Sheets whose grave findings keep settings from being corrected."""
_DETAILS = frozenset({"transport.credentials_delegated"})
"""Warnings about what the inventory asks for: the same at each run, and no news of a host."""
_KINDS = {**TRANSPORT_KINDS, **KINDS, **FLEET_KINDS}
_REASONS = {"share.not_judged": ("share.not_judged_as_this_account", "share.nobody_logged_on", "share.task_failed")}
"""Findings that say no reason themselves, and those that say it."""
_SHEETS_MODE = {"Sécurisé": "secure"}
"""As the sheet "Mode de connexion au serveur" spells it, where no finding tells."""
_SETTING_CODES = ("connection.corrected.", "connection.would_correct.", "connection.differs.")


@dataclass(frozen=True, slots=True)
class SettingLabels:
    """One setting in words; `setting`, `changed` and `right` are for code, colour and marks."""

    setting: str
    name: str
    wanted: str
    found: str
    now: str
    changed: bool
    right: bool


@dataclass(frozen=True, slots=True)
class FindingLabels:
    """One finding in words; `evidence` is neutralised, name by name."""

    code: str
    severity: Severity
    case: str
    words: Words
    evidence: Mapping[str, str]


def verdict_label(host: HostRow, view: RunView, lang: Language) -> str:
    """The verdict in one or two words; in check mode a change is one to come."""
    if host.verdict is None:
        return interface("verdict_pending", lang)
    if host.verdict is Verdict.CHANGED and view.check_mode:
        return interface("verdict_would_change", lang)
    return interface(f"verdict_{host.verdict.value}", lang)


def group_label(group: Group, view: RunView, lang: Language) -> str:
    """The heading of a group of hosts; in check mode a change is one to come."""
    would = group is Group.CHANGED and view.check_mode
    return interface("group_would_change" if would else f"group_{group.value}", lang)


def fleet_size(view: RunView, lang: Language) -> str:
    """How many workstations in how many associations a run asked."""
    return workstations_in(len(view.hosts), len({host.site for host in view.hosts}), lang)


def workstations_in(hosts: int, sites: int, lang: Language) -> str:
    """So many workstations in so many associations."""
    return interface(
        "summary",
        lang,
        hosts=interface("one_workstation" if hosts == 1 else "workstations", lang, count=hosts),
        sites=interface("one_association" if sites == 1 else "associations", lang, count=sites),
    )


def site_label(site: str, lang: Language) -> str:
    """A site's name as people read it: its group's name without `site_`, `_` as space, a capital first."""
    name = neutralise(site.removeprefix("site_").replace("_", " "), SHOWN_CHARACTERS)
    return capitalised(name) or interface("no_site", lang)


def concerned(one: FleetFinding, lang: Language) -> str:
    """Who is concerned by what is told once."""
    return ", ".join(one.hosts) or interface("concerned_nobody", lang)


def news(view: RunView, lang: Language) -> Mapping[tuple[str, str], Sequence[str]]:
    """What is new and what is gone since the report before: `new` or `gone`, and title, to names of hosts."""
    told: dict[tuple[str, str], list[str]] = {}
    for which in ("new", "gone"):
        for _, hosts in view.by_site():
            for host in hosts:
                findings = host.new if which == "new" else host.gone
                for title in dict.fromkeys(words(finding, lang).title for finding in findings):
                    told.setdefault((which, title), []).append(host.name)
    return told


def capitalised(text: str) -> str:
    """The text with its first letter as a capital, the others as they are."""
    return text[:1].upper() + text[1:]


def setting_labels(host: HostRow, lang: Language) -> tuple[SettingLabels, ...]:
    """The settings of a host in words."""
    modes = {**_SHEETS_MODE, **host.modes, **mode_words(host.findings)}
    return tuple(_setting(row, modes, lang) for row in host.settings)


def finding_labels(
    findings: Sequence[Finding], lang: Language, shared: Sequence[Finding] = ()
) -> tuple[FindingLabels, ...]:
    """Findings in words, in their order; a next step that several share stands with the last of them only.

    Args:
        findings: of one host, or of the fleet.
        lang: of all words.
        shared: those that are told once elsewhere: of these only the title is said here.
    """
    texts = [_referring(words(finding, lang), lang, told=finding in shared) for finding in findings]
    last = {text.next_step: index for index, text in enumerate(texts)}
    return tuple(
        FindingLabels(
            code=finding.code,
            severity=finding.severity,
            case=_sheet_label(finding, lang),
            words=text if last[text.next_step] == index else replace(text, next_step=""),
            evidence={neutralise(name): neutralise(value) for name, value in finding.evidence.items()},
        )
        for index, (finding, text) in enumerate(zip(findings, texts, strict=True))
    )


def _referring(text: Words, lang: Language, *, told: bool) -> Words:
    return replace(text, explanation=interface("told_once", lang), next_step="") if told else text


def _sheet_label(finding: Finding, lang: Language) -> str:
    """Which sheet, and which case of it; nothing for the connection's findings without a case and the transport's."""
    if finding.case is not None:
        return interface("case", lang, number=finding.case)
    name = None if is_of_transaction(finding) else _SHEET_NAMES.get(finding.sheet)
    return "" if name is None else interface("sheet", lang, name=name)


_SHEET_NAMES = {
    Sheet.SHARE: "Base de données inaccessible",
    Sheet.SESSION: "Déblocage accès au site",
    Sheet.LICENCE: "Résoudre un problème de licence",
}
"""The vendor's own titles, in the vendor's language."""


def headline(host: HostRow, lang: Language) -> str:
    """What is to be said of a host in one line: what its verdict comes from, settings summed up.

    What is wrong comes before what was done, and that before what is right. What nobody has to act on is a detail, and
    so are wrong settings beside the reason why they could not be corrected.
    """
    alarming = [finding for finding in host.findings if finding.severity.is_grave]
    grave = [finding for finding in alarming if not votes(finding, Verdict.OK)]
    notes = [finding for finding in alarming if finding not in grave and finding.code not in _DETAILS]
    done = [finding for finding in host.findings if votes(finding, Verdict.CHANGED, Verdict.SKIPPED)]
    right = [finding for finding in host.findings if finding.severity is Severity.OK]
    titles: list[str] = []
    if not grave and not done and len(right) > 1:
        titles, right = [interface("all_right", lang)], []
    told = grave or [*(done or right), *notes] or (() if titles else host.findings)
    settings: dict[str, list[Finding]] = {}
    for finding in told:
        if is_about_a_setting(finding):
            settings.setdefault(finding.code.split(".")[1], []).append(finding)
        elif finding in host.shared and finding.sheet is not Sheet.LICENCE:  # Its title says on how many.
            titles.append(interface("told_for_several", lang, title=words(finding, lang).title))
        else:
            titles.append(words(finding, lang).title)
    if any(finding.sheet in _IN_THE_WAY for finding in grave if not is_about_a_setting(finding)):
        settings.clear()
    titles += [settings_title(group, lang) for group in settings.values()]
    if not titles:
        return neutralise(host.detail, SHOWN_CHARACTERS)
    return " · ".join(dict.fromkeys(titles))


def needs_somebody(finding: Finding) -> bool:
    """Whether somebody has to act on a finding; others tell what else is so."""
    return finding.severity.is_grave and finding.code not in _DETAILS


def to_do(host: HostRow) -> tuple[Finding, ...]:
    """The findings of a host that somebody has to act on, with the reason that one of them leaves to another."""
    reasons = {reason for finding in host.findings for reason in _REASONS.get(finding.code, ())}
    return tuple(finding for finding in host.findings if needs_somebody(finding) or finding.code in reasons)


def votes(finding: Finding, *verdicts: Verdict) -> bool:
    """Whether a finding makes a host's verdict one of these, when nothing weightier is found."""
    kind = _KINDS.get(finding.code)
    return kind is not None and kind.votes in verdicts


def settings_title(findings: Sequence[Finding], lang: Language) -> str:
    """One title for findings about settings that all have the same to tell, such as `3 settings corrected`."""
    if len(findings) == 1:
        return words(findings[0], lang).title
    return interface(f"settings_{findings[0].code.split('.')[1]}", lang, count=len(findings))


def is_about_a_setting(finding: Finding) -> bool:
    """Whether the settings' wanted and found values tell the same as this finding."""
    return finding.code.startswith(_SETTING_CODES)


def _setting(row: SettingRow, modes: Mapping[str, str], lang: Language) -> SettingLabels:
    def shown(value: str | None, missing: str) -> str:
        if value is None:
            return interface(missing, lang)
        if not value:
            return interface("absent", lang)
        if row.setting == MODE and value in modes:
            value = vocabulary_word("mode_after", modes[value], lang)
        return neutralise(value, SHOWN_CHARACTERS)

    return SettingLabels(
        setting=row.setting,
        name=capitalised(vocabulary_word("setting", row.setting, lang)),
        wanted=shown(row.wanted, "unknown"),
        found=shown(row.found, "unreadable"),
        now=shown(row.now, "unreadable"),
        changed=row.found != row.now,
        right=row.right,
    )
