"""The end of a run on the screen and on disk: the table, the report files, the exit code."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.cli.words import Language, in_language, say
from iea_fleet.diagnosis.fleet import judge_fleet
from iea_fleet.ledger.records import HostRecord, RunKind, RunRecord
from iea_fleet.ledger.state import StateFolder, named_for_user, write_private
from iea_fleet.ledger.store import Ledger
from iea_fleet.model.errors import INTERRUPTED, LocalFailure
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.phrase import system_said
from iea_fleet.model.text import neutralise
from iea_fleet.report.data import render_csv, render_json
from iea_fleet.report.drift import compared
from iea_fleet.report.labels import setting_labels
from iea_fleet.report.page import render_html
from iea_fleet.report.table import render_table
from iea_fleet.report.view import Group, RunView, host_row, in_fleet
from iea_fleet.report.wording.interface import interface

_AS_WANTED = frozenset({Verdict.OK, Verdict.CHANGED})


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a run is shown.

    Args:
        as_json: one JSON document instead of the table.
        diff: each setting before and after, under the table.
        output: folder for the report files; `None`: one of the run in the state folder.
        lang: language.
    """

    as_json: bool
    diff: bool
    output: Path | None
    lang: Language


def exit_code(verdicts: Iterable[Verdict | None], interrupted: bool) -> int:
    """The exit code that a run's outcomes give (docs/command-line.md).

    Args:
        verdicts: of every host that was asked for, and of what only the fleet shows; `None`: pending.
        interrupted: by a person, a signal or a closed terminal.
    """
    if interrupted:
        return INTERRUPTED
    seen = set(verdicts)
    if seen <= _AS_WANTED:
        return 0
    return 1 if seen <= _AS_WANTED | {Verdict.DRIFT} else 4


def require_folder(output: Path | None) -> None:
    """Make the folder for the report files before anything is done. Raises: LocalFailure."""
    if output is None:
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalFailure(
            str(output),
            "the report folder can't be made ({said})",
            "Name another one with --output",
            said=system_said(error),
        ) from error


def view_of(record: RunRecord, hosts: Sequence[HostRecord]) -> RunView:
    """A run of the ledger as the reports show it, with times of this machine's zone."""
    rows = tuple(
        host_row(
            host.asked.host,
            host.asked.site,
            host.outcome,
            None if host.answered_ms is None else dt.datetime.fromtimestamp(host.answered_ms / 1000).astimezone(),
        )
        for host in hosts
    )
    # A workstation that is not in a limited run may be in the inventory all the same.
    answered = {host.asked.host: (host.asked.site, host.outcome) for host in hosts if host.outcome is not None}
    fleet = judge_fleet(answered, whole=not record.pattern and len(answered) == len(hosts))
    return RunView(
        run=record.id,
        kind=record.kind.value,
        check_mode=record.dry_run,
        operator=record.holder,
        started=record.started.astimezone(),
        finished=None if record.ended is None else record.ended.astimezone(),
        hosts=in_fleet(rows, fleet),
        fleet=fleet,
    )


def report_before(ledger: Ledger, record: RunRecord) -> RunView | None:
    """The report that a report is compared with; `None` for other runs, and where there is none."""
    before = ledger.report_before(record) if record.kind is RunKind.REPORT else None
    return None if before is None else view_of(before, ledger.hosts(before.id))


def present(
    record: RunRecord,
    hosts: Sequence[HostRecord],
    how: Presentation,
    state: StateFolder,
    before: RunView | None = None,
) -> RunView:
    """Show a run and write its report files, and tell where they are.

    Args:
        record: the run.
        hosts: all of them.
        how: to show it.
        state: where the report files go unless `how` says where.
        before: the report to compare with.
    Returns: what was shown.

    Raises: LocalFailure when the files can't be written; the run has been shown then.
    """
    view = view_of(record, hosts)
    if before is not None:
        view = compared(view, before)
    if how.as_json:
        print_document(render_json(view, how.lang))
    else:
        _show(view, record, how)
    folder = how.output or state.report_folder(record.id)
    files = {
        "report.json": render_json(view, how.lang),
        "report.csv": render_csv(view, how.lang),
        "report.html": render_html(view, how.lang),
    }
    with named_for_user(folder):
        for name, text in files.items():
            write_private(folder / name, text.encode())
    names = ", ".join(files)
    console(sys.stderr).print(say("files", how.lang, folder=folder, names=names), soft_wrap=True)
    return view


def _show(view: RunView, record: RunRecord, how: Presentation) -> None:
    screen = console(sys.stdout)
    screen.print(render_table(view, how.lang))
    if how.diff:
        for line in _diff_lines(view, how.lang):
            screen.print(line)
    if record.reason:
        reason = neutralise(in_language(record.reason, how.lang))
        screen.print(Text(say("stopped", how.lang, reason=reason), style="bold yellow"))


def _diff_lines(view: RunView, lang: Language) -> Iterable[Text]:
    """Each setting that was changed, or would be: before and after."""
    for _, hosts in view.by_site():
        for host in hosts:
            if host.group is not Group.CHANGED:
                continue
            yield Text(neutralise(host.name), style="bold")
            for setting in setting_labels(host, lang):
                after = setting.wanted if view.check_mode else setting.now
                if after != setting.found:
                    yield Text("  - " + interface("counted", lang, what=setting.name, count=setting.found), style="red")
                    yield Text("  + " + interface("counted", lang, what=setting.name, count=after), style="green")
