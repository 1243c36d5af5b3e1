"""The course of `iea-fleet doctor` and what it shows: one line a check, what to do below it, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from iea_fleet.cli.options import INVENTORY_DEFAULT
from iea_fleet.cli.output import console, print_document
from iea_fleet.cli.session import ask_vault_password, signals
from iea_fleet.cli.words import Language, say
from iea_fleet.doctor.checks import Subject, exit_code, worst
from iea_fleet.doctor.controller import check_controller
from iea_fleet.doctor.hosts import Order, examine_hosts
from iea_fleet.doctor.inventory import Sources, check_inventory
from iea_fleet.ledger.lock import claim, remove_leftovers
from iea_fleet.ledger.state import open_state_folder
from iea_fleet.ledger.store import new_run_id
from iea_fleet.model.errors import INTERRUPTED
from iea_fleet.model.finding import Finding, Severity
from iea_fleet.model.text import neutralise
from iea_fleet.report.table import Paragraph
from iea_fleet.report.wording import words
from iea_fleet.report.wording.fill import translator
from iea_fleet.report.wording.interface import interface
from iea_fleet.rollout.content import find_content
from iea_fleet.rollout.inventory import LIMIT, WORKSTATION, read_inventory
from iea_fleet.rollout.run import Stop
from iea_fleet.rollout.vault import Vault

_STATES = {Severity.OK: "ok", Severity.INFO: "ok", Severity.WARNING: "warning", Severity.ERROR: "error"}
_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one `doctor`, as they were given; `pattern` `None`: this machine, `named`: it is one host."""

    inventory: tuple[str, ...]
    pattern: str | None
    named: bool
    as_json: bool
    forks: int
    vault_file: Path | None
    ask_vault: bool
    state: Path | None
    ledger: str


def carry_out(request: Request, lang: Language, screen: Console) -> int:
    """Check, show, and give the exit code.

    Args:
        request: what was asked for.
        lang: language of everything that is shown.
        screen: where progress is shown.
    Raises: FleetError when workstations can't even be looked for.
    """
    vault = Vault(request.vault_file, ask_vault_password(lang) if request.ask_vault else None)
    stop = Stop()
    subjects = _machine(request, vault, lang) if request.pattern is None else _hosts(request, vault, lang, screen, stop)
    if request.as_json:
        print_document(json.dumps(_document(subjects, lang), ensure_ascii=False, indent=2))
    else:
        out = console(sys.stdout)
        for line in _lines(subjects, lang):
            out.print(line)
    return INTERRUPTED if stop.by_user else exit_code(subjects)


def _machine(request: Request, vault: Vault, lang: Language) -> tuple[Subject, ...]:
    is_default, translate = request.inventory == (INVENTORY_DEFAULT,), translator(lang)
    sources = Sources(request.inventory, is_default, None, vault, translate)
    return (Subject("", (*check_controller(request.state, request.ledger, translate), *check_inventory(sources))),)


def _hosts(request: Request, vault: Vault, lang: Language, screen: Console, stop: Stop) -> tuple[Subject, ...]:
    state, content = open_state_folder(request.state), find_content()
    by = WORKSTATION if request.named else LIMIT
    hosts = read_inventory(request.inventory, request.pattern, vault, content.environment(), named_by=by)
    state.require_space()
    remove_leftovers(state.path / "runs")
    folder = state.run_folder(new_run_id())

    def told(subject: Subject) -> None:
        state_ = interface(f"state_{_STATES[worst(subject.findings)]}", lang)
        screen.print(f"{neutralise(subject.host)}  {state_}", soft_wrap=True)

    try:
        with signals(stop, lang), claim(folder):
            screen.print(say("checking_hosts", lang, hosts=len(hosts)))
            order = Order(request.inventory, hosts, request.forks, vault, folder, content)
            return examine_hosts(order, told, lambda: stop.reason)
    finally:
        remove_leftovers(state.path / "runs")


def _lines(subjects: Sequence[Subject], lang: Language) -> Iterator[RenderableType]:
    width = max(len(interface(f"state_{state}", lang)) for state in _STYLES)
    for subject in subjects:
        yield Text(neutralise(subject.host) or interface("this_machine", lang), style="bold")
        for finding in subject.findings:
            yield from _finding(finding, width, lang)
        yield Text()
    counts = Counter(_STATES[finding.severity] for subject in subjects for finding in subject.findings)
    total, warnings, errors = sum(counts.values()), counts["warning"], counts["error"]
    yield Text(interface("checks_summary", lang, checks=total, warnings=warnings, errors=errors))


def _finding(finding: Finding, width: int, lang: Language) -> Iterator[RenderableType]:
    told, state = words(finding, lang), _STATES[finding.severity]
    mark = Text(f"  {interface(f'state_{state}', lang):{width}}  ", style=_STYLES[state])
    explanation = " ".join(told.explanation.split("\n"))
    yield _Hanging(mark, Text.assemble((told.title, "bold" if state != "ok" else ""), " · ", explanation))
    if state != "ok":
        for step in told.steps:
            yield _Hanging(Text(f"{'':{width + 4}}→ "), Text(step, style="yellow"))


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A paragraph with a mark before its first line; the others stand below the first."""

    mark: Text
    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.update_width(max(options.max_width - len(self.mark), 20))
        for number, line in enumerate(Paragraph(self.text).__rich_console__(console, room)):
            line.rstrip()  # type: ignore[union-attr]
            yield Text.assemble(self.mark if number == 0 else " " * len(self.mark), line)  # type: ignore[arg-type]


def _document(subjects: Sequence[Subject], lang: Language) -> dict[str, object]:
    return {
        "schema": 1,
        "worst": _STATES[worst(finding for subject in subjects for finding in subject.findings)],
        "subjects": [
            {
                "host": subject.host or None,
                "worst": _STATES[worst(subject.findings)],
                "checks": [_check_document(finding, lang) for finding in subject.findings],
            }
            for subject in subjects
        ],
    }


def _check_document(finding: Finding, lang: Language) -> dict[str, object]:
    told = words(finding, lang)
    return {
        "code": finding.code,
        "state": _STATES[finding.severity],
        "title": told.title,
        "explanation": told.explanation,
        "next_step": told.next_step,
        "evidence": {neutralise(name): neutralise(value) for name, value in finding.evidence.items()},
    }
