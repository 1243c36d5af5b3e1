"""What `fix` shows: what is wrong, what will be done, what was done, what is left and where it was handed over."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from iea_fleet.cli.fix_explain import explained
from iea_fleet.cli.output import console, print_document
from iea_fleet.cli.words import Language
from iea_fleet.diagnosis.licence import LICENCE, WORKSTATION
from iea_fleet.diagnosis.remedy import Need, Plan, Remedy
from iea_fleet.diagnosis.sheets import KINDS, Task
from iea_fleet.diagnosis.transaction import is_of_transaction
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import finding_labels
from iea_fleet.report.quantity import moment
from iea_fleet.report.table import Paragraph
from iea_fleet.report.wording import words
from iea_fleet.report.wording.fix import SHEETS, fix_text
from iea_fleet.rollout.fix import Allowed, End, Repair
from iea_fleet.rollout.repair import ORDER
from iea_fleet.support.hand_over import Mail

_MARKS: Final = {
    Severity.ERROR: ("✗", "bold red"),
    Severity.WARNING: ("!", "yellow"),
    Severity.INFO: ("·", ""),
    Severity.OK: ("✓", "green"),
}
_ALSO_TOLD: Final = frozenset(
    {
        "session.live",
        "session.elsewhere",
        "share.nobody_logged_on",
        "share.not_judged_as_this_account",
        "share.task_failed",
    }
)
"""Nothing wrong by themselves, and yet why a person can't log on, or why more could not be looked at."""
_NOT_NEEDED: Final = frozenset(
    {"licence.nothing_to_reset", "licence.nothing_to_undo", "relaunch.stayed_connected", "session.nothing_to_release"}
)
"""What a remedy found done already."""
_BY_A_PUSH: Final = "connection.differs."
"""Findings whose next step is a push, which a `fix` has just taken the place of."""
_OWN_WAY: Final = re.compile(r"^[^.]*\(fix\), (?:or|ou) ")
_CLOCKS: Final = frozenset({"workstation_time", "our_clock", "age_min", "elapsed_ms"})
_NEEDS: Final = {
    Need.PASSWORD: "needs_password",
    Need.RESTART: "needs_restart",
    Need.WINDOW: "needs_window",
}


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was written for others: mails of the outbox, and the evidence. `None`: not needed."""

    draft: Mail | None = None
    bundle: Path | None = None
    password_request: Mail | None = None


@dataclass
class Screen:
    """The terminal of one `fix`.

    Args:
        host: as the inventory spells it.
        lang: of everything that is shown.
        progress: the console for progress (standard error).
        as_json: one document in the end, and nothing else on standard output.
        force: a session in use is released, so there is no need to tell how.
        case: what alone is looked at.
    """

    host: str
    lang: Language
    progress: Console
    as_json: bool
    force: bool = False
    case: str | None = None
    _out: Console = field(init=False)
    _explained: list[Finding] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._out = console(sys.stderr if self.as_json else sys.stdout)

    @property
    def question(self) -> str:
        """Whether to go on."""
        return self._text("consent")

    @property
    def yes_words(self) -> frozenset[str]:
        """The answers that mean yes."""
        return frozenset(word.strip() for word in self._text("consent_yes").split(","))

    def interrupted(self) -> None:
        """Ctrl-C instead of an answer."""
        self.progress.print()
        self.progress.print(self._text("interrupted_question"))

    def stopping(self) -> None:
        """Ctrl-C during a remedy, which is finished first."""
        self.progress.print(self._text("stopping"))

    def looks(self) -> None:
        """A look begins."""
        self.progress.print(self._text("looking", host=self.host))

    def works(self, *, may_restart: bool) -> None:
        """A remedy begins."""
        self.progress.print(self._text("waiting_for_restart" if may_restart else "mending", host=self.host))

    def found(self, outcome: Outcome) -> None:
        """What a look found."""
        grave = [finding for finding in outcome.findings if finding.severity.is_grave]
        also = [finding for finding in outcome.findings if finding.code in _ALSO_TOLD]
        self._heading("found" if grave else "nothing_wrong", host=self.host)
        if not grave:
            self._only_this_case()
        self._findings([*grave, *also])
        if not self.force and any(finding.code == "session.live" for finding in also):
            self._line(self._text("force_releases"), indent=4)

    def planned(self, plan: Plan) -> None:
        """What would be done, and what can't be done without something that lacks."""
        if plan.due:
            self._heading("planned")
            for number, remedy in enumerate(plan.due, 1):
                in_use = any(cause.code == "session.live" for cause in remedy.causes)
                self._remedy(f"{number}.", remedy, self._text("in_use") if in_use else "")
        blocked = [remedy for remedy in plan.remedies if remedy not in plan.due]
        if blocked:
            self._heading("blocked")
        for remedy in blocked:
            lacking = ", ".join(self._text(_NEEDS[need]) for need in sorted(remedy.needs - plan.given))
            self._remedy("–", remedy, lacking)

    def undoes(self, changes: Sequence[RecordChange]) -> None:
        """Which resets would be taken back."""
        self._heading("planned")
        for change in changes:
            licence, workstation = (neutralise(change.before.get(name, "?"), 200) for name in (LICENCE, WORKSTATION))
            self._line(self._text("gives_back", licence=licence, workstation=workstation), indent=2)

    def done(self, outcome: Outcome) -> None:
        """What a remedy did."""
        told = [finding for finding in outcome.findings if _is_done(finding)]
        if told:
            self._heading("done")
            self._findings(told)
        refused = [finding for finding in outcome.findings if finding.code == "assistance.password_refused"]
        if refused:
            self._heading("not_done")
            self._findings(refused)

    def ended(self, run: str, repair: Repair, handed_over: HandedOver, code: int) -> None:
        """How it ended, with what was handed over."""
        if self.as_json:
            print_document(json.dumps(_document(run, self.host, repair, handed_over, code), indent=2))
            return
        match repair.end:
            case End.REPAIRED:
                self._heading("repaired", host=self.host)
                self._only_this_case()
                self._line(f"→ {self._text('start_again')}", indent=2)
            case End.DECLINED:
                self._heading("declined_further" if repair.turns else "declined")
            case End.PLANNED:
                self._heading("only_planned")
            case End.INTERRUPTED:
                self._heading("interrupted")
            case End.LEFT:
                self._heading("left", host=self.host)
                self._findings(_left(repair.plan), next_steps=True, blocked=_blocked(repair.plan))
            case End.NOT_JUDGED:
                self._heading("not_judged", host=self.host)
                self._findings(repair.plan.hand_over, next_steps=True)
            case End.RIGHT | End.UNDONE:
                pass
        self._handed_over(handed_over)

    def explain(self, task: Task, allowed: Allowed) -> None:
        """What would be looked at and may be done, sheet by sheet."""
        for key, lines in explained(task, allowed, self.lang):
            self._heading(key, host=self.host)
            for line in lines:
                self._line(line, indent=2)

    def _only_this_case(self) -> None:
        if self.case is None:
            return
        sheet = SHEETS.get(self.case)
        told = self._text("only_the_red_heart") if sheet is None else self._text("only_this_sheet", sheet=sheet)
        self._line(told, indent=2)

    def _handed_over(self, handed_over: HandedOver) -> None:
        mails = (("draft", handed_over.draft), ("password_request", handed_over.password_request))
        if handed_over == HandedOver():
            return
        self._heading("handed_over")
        for key, mail in mails:
            if mail is not None:
                entry = mail.entry
                when = moment((entry.kept if entry.sent else entry.drafted).astimezone(), self.lang)
                self._line(self._text(f"{key}_{mail.state}", to=entry.to, when=when, path=str(entry.path)), indent=2)
        if any(mail is not None and not mail.entry.sent for _, mail in mails):
            self._line(f"→ {self._text('send_it')}", indent=4)
        if any(mail is not None and mail.earlier for _, mail in mails):
            self._line(f"→ {self._text('draft_again')}", indent=4)
        if handed_over.bundle is not None:
            self._line(self._text("bundle", path=str(handed_over.bundle)), indent=2)

    def _findings(
        self, findings: Sequence[Finding], *, next_steps: bool = False, blocked: Sequence[Finding] = ()
    ) -> None:
        """Findings sheet by sheet; what was explained on this screen before is named only.

        `blocked`: those that another fix can still mend.
        """
        sheet: Sheet | None = None
        order = [*ORDER, *Sheet]  # what lies in the database's folder comes after the share, as in a plan
        ordered = sorted(findings, key=lambda finding: order.index(finding.sheet))
        for finding, label in zip(ordered, finding_labels(ordered, self.lang), strict=True):
            of_a_sheet = finding.sheet.value in SHEETS and not is_of_transaction(finding)
            if of_a_sheet and finding.sheet is not sheet:
                self._line(self._text("sheet", sheet=SHEETS[finding.sheet.value]))
                sheet = finding.sheet
            mark, style = _MARKS[finding.severity]
            self._line(f"{mark} {label.words.title}", style, indent=2)
            if (explained := _but_clocks(finding)) not in self._explained:
                self._line(label.words.explanation, indent=4)
                self._explained.append(explained)
            if next_steps and not finding.code.startswith(_BY_A_PUSH):
                for step in label.words.steps:
                    self._line(f"→ {step if finding in blocked else _other_way(step)}", indent=4)

    def _remedy(self, mark: str, remedy: Remedy, note: str = "") -> None:
        said = words(remedy.said, self.lang)
        self._line(f"{mark} {said.title}{f' ({note})' if note else ''}", "bold", indent=2)
        if said.explanation:
            self._line(said.explanation, indent=3 + len(mark))

    def _heading(self, key: str, **values: str | int) -> None:
        self._out.print()
        self._line(self._text(key, **values), "bold")

    def _line(self, text: str, style: str = "", *, indent: int = 0) -> None:
        """One line; on a terminal what does not fit in it goes on below its beginning."""
        if self._out.is_terminal:
            self._out.print(Padding(Paragraph(Text(text, style=style)), (0, 0, 0, indent), expand=False))
        else:
            self._out.print(Text(" " * indent + text, style=style), soft_wrap=True)

    def _text(self, key: str, **values: str | int) -> str:
        return fix_text(key, self.lang, **values)


def _but_clocks(finding: Finding) -> Finding:
    """A finding without what is another with each look at the same."""
    kept = {name: told for name, told in finding.evidence.items() if name not in _CLOCKS}
    return finding.model_copy(update={"evidence": kept})


def _other_way(step: str) -> str:
    """A next step; where it begins with the tool's own way, which has been gone, only the other one."""
    other = _OWN_WAY.sub("", step)
    return other[:1].upper() + other[1:]


def _is_done(finding: Finding) -> bool:
    """Whether a finding tells what a remedy did, and not merely how things are."""
    kind = KINDS.get(finding.code)
    changed = kind is not None and kind.votes is Verdict.CHANGED
    told = changed or finding.code in _NOT_NEEDED or is_of_transaction(finding)
    return told and finding.severity is Severity.INFO


def _left(plan: Plan) -> list[Finding]:
    """What is left: what nobody can mend from here, and what remedies that were not due are for."""
    found: list[Finding] = []
    for finding in (*plan.hand_over, *_blocked(plan)):
        if finding not in found:
            found.append(finding)
    return found


def _blocked(plan: Plan) -> list[Finding]:
    return [cause for remedy in plan.remedies for cause in remedy.causes]


def _document(run: str, host: str, repair: Repair, handed_over: HandedOver, code: int) -> dict[str, object]:
    """The whole course as plain values."""
    paths = {
        "support_request": handed_over.draft and str(handed_over.draft.entry.path),
        "support_request_state": handed_over.draft and handed_over.draft.state,
        "password_request": handed_over.password_request and str(handed_over.password_request.entry.path),
        "password_request_state": handed_over.password_request and handed_over.password_request.state,
        "bundle": handed_over.bundle and str(handed_over.bundle),
    }
    return {
        "schema": 1,
        "run": run,
        "host": host,
        "end": repair.end.value,
        "exit_code": code,
        "turns": repair.turns,
        "rounds": [outcome.model_dump(mode="json", by_alias=True) for outcome in repair.outcomes],
        "plan": [
            {
                **remedy.said.model_dump(mode="json"),
                "due": remedy in repair.plan.due,
                "needs": sorted(need.value for need in remedy.needs),
                "causes": [cause.code for cause in remedy.causes],
            }
            for remedy in repair.plan.remedies
        ],
        "hand_over": [finding.model_dump(mode="json") for finding in repair.plan.hand_over],
        "handed_over": paths,
    }
