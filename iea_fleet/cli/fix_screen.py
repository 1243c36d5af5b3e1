"""What `fix` shows: what is wrong, what will be done, what was done, what is left and where it was handed over."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from iea_fleet.cli.fix_explain import explained
from iea_fleet.cli.output import console, print_document
from iea_fleet.cli.words import Language
from iea_fleet.diagnosis.plan import Need, Plan, Remedy
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.text import neutralise
from iea_fleet.report.labels import finding_labels
from iea_fleet.report.wording import words
from iea_fleet.report.wording.fix import SHEETS, fix_text
from iea_fleet.rollout.fix import Allowed, End, Repair
from iea_fleet.support.outbox import Entry

_MARKS: Final = {
    Severity.ERROR: ("✗", "bold red"),
    Severity.WARNING: ("!", "yellow"),
    Severity.INFO: ("·", ""),
    Severity.OK: ("✓", "green"),
}
_GRAVE: Final = frozenset({Severity.ERROR, Severity.WARNING})
_NEEDS: Final = {Need.PASSWORD: "needs_password", Need.RESTART: "needs_restart"}


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What was written for others: mails of the outbox, and the evidence. `None`: not needed."""

    draft: Entry | None = None
    bundle: Path | None = None
    password_request: Entry | None = None


@dataclass
class Screen:
    """The terminal of one `fix`.

    Args:
        host: as the inventory spells it.
        lang: of everything that is shown.
        progress: the console for progress (standard error).
        as_json: one document in the end, and nothing else on standard output.
    """

    host: str
    lang: Language
    progress: Console
    as_json: bool
    _out: Console = field(init=False)

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

    @property
    def no_terminal(self) -> tuple[str, str]:
        """What and how to mend, when nobody can be asked."""
        return self._text("no_terminal"), self._text("no_terminal_mend")

    @property
    def nothing_to_undo(self) -> tuple[str, str]:
        """What and how to mend, when there is no reset to take back."""
        return self._text("nothing_to_undo"), self._text("undo_mend")

    def looks(self) -> None:
        """A look begins."""
        self.progress.print(self._text("looking", host=self.host))

    def works(self, *, may_restart: bool) -> None:
        """A remedy begins."""
        self.progress.print(self._text("waiting_for_restart" if may_restart else "mending", host=self.host))

    def found(self, outcome: Outcome) -> None:
        """What a look found."""
        grave = [finding for finding in outcome.findings if finding.severity in _GRAVE]
        if not grave:
            self._heading("nothing_wrong", host=self.host)
            return
        self._heading("found", host=self.host)
        self._findings(grave, next_step=False)

    def planned(self, plan: Plan) -> None:
        """What would be done, and what can't be done without something that lacks."""
        if plan.due:
            self._heading("planned")
            for number, remedy in enumerate(plan.due, 1):
                self._remedy(f"{number}.", remedy)
        for remedy in plan.remedies:
            if remedy not in plan.due:
                lacking = ", ".join(self._text(_NEEDS[need]) for need in sorted(remedy.needs - plan.given))
                self._remedy("–", remedy, self._text("not_now", needs=lacking))

    def undoes(self, changes: Sequence[RecordChange]) -> None:
        """Which resets would be taken back."""
        self._heading("planned")
        for change in changes:
            row = "; ".join(f"{name}: {neutralise(value, 200)}" for name, value in change.before.items())
            self._line(self._text("gives_back", row=row))

    def done(self, outcome: Outcome) -> None:
        """What a remedy did."""
        told = [finding for finding in outcome.findings if finding.severity is Severity.INFO]
        if told:
            self._heading("done")
            self._findings(told, next_step=False)

    def ended(self, run: str, repair: Repair, handed_over: HandedOver, code: int) -> None:
        """How it ended, with what was handed over."""
        if self.as_json:
            print_document(json.dumps(_document(run, self.host, repair, handed_over, code), indent=2))
            return
        match repair.end:
            case End.REPAIRED:
                self._heading("repaired", host=self.host)
            case End.DECLINED:
                self._heading("declined")
            case End.PLANNED:
                self._heading("only_planned")
            case End.LEFT:
                self._heading("left", host=self.host)
                self._findings(_left(repair.plan), next_step=True)
            case End.NOT_JUDGED:
                self._heading("not_judged", host=self.host)
                self._findings(repair.plan.hand_over, next_step=True)
            case End.RIGHT | End.UNDONE:
                pass
        self._handed_over(handed_over)

    def explain(self, task: Task, allowed: Allowed) -> None:
        """What would be looked at and may be done, sheet by sheet."""
        for key, lines in explained(task, allowed, self.lang):
            self._heading(key, host=self.host)
            for line in lines:
                self._line(line)

    def _handed_over(self, handed_over: HandedOver) -> None:
        mails = (("draft", handed_over.draft), ("password_request", handed_over.password_request))
        if handed_over == HandedOver():
            return
        self._heading("handed_over")
        for key, mail in mails:
            if mail is not None:
                self._line(self._text(f"{key}_sent" if mail.sent else key, to=mail.to, path=str(mail.path)))
        if handed_over.bundle is not None:
            self._line(self._text("bundle", path=str(handed_over.bundle)))

    def _findings(self, findings: Sequence[Finding], *, next_step: bool) -> None:
        sheet: Sheet | None = None
        ordered = sorted(findings, key=lambda finding: list(Sheet).index(finding.sheet))
        for finding, label in zip(ordered, finding_labels(ordered, self.lang), strict=True):
            if finding.sheet is not sheet and finding.sheet.value in SHEETS:
                self._line(self._text("sheet", sheet=SHEETS[finding.sheet.value]))
            sheet = finding.sheet
            mark, style = _MARKS[finding.severity]
            self._line(f"  {mark} {label.words.title}", style)
            self._line(f"    {label.words.explanation}")
            if next_step and label.words.next_step:
                self._line(f"    → {label.words.next_step}")

    def _remedy(self, mark: str, remedy: Remedy, note: str = "") -> None:
        said = words(remedy.said, self.lang)
        self._line(f"  {mark} {said.title}{f' ({note})' if note else ''}", "bold")
        if said.explanation:
            self._line(f"     {said.explanation}")

    def _heading(self, key: str, **values: str | int) -> None:
        self._out.print()
        self._out.print(Text(self._text(key, **values), style="bold"))

    def _line(self, text: str, style: str = "") -> None:
        self._out.print(Text(text, style=style), soft_wrap=not self._out.is_terminal)

    def _text(self, key: str, **values: str | int) -> str:
        return fix_text(key, self.lang, **values)


def _left(plan: Plan) -> list[Finding]:
    """What is left: what nobody can mend from here, and what remedies that were not due are for."""
    causes = (cause for remedy in plan.remedies for cause in remedy.causes)
    found: list[Finding] = []
    for finding in (*plan.hand_over, *causes):
        if finding not in found:
            found.append(finding)
    return found


def _document(run: str, host: str, repair: Repair, handed_over: HandedOver, code: int) -> dict[str, object]:
    """The whole course as plain values."""
    paths = {
        "support_request": handed_over.draft and str(handed_over.draft.path),
        "password_request": handed_over.password_request and str(handed_over.password_request.path),
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
