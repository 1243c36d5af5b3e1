"""`iea-fleet runs`: what was run, and any former run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iea_fleet.cli import options

if TYPE_CHECKING:
    from iea_fleet.ledger.state import StateFolder
    from iea_fleet.ledger.store import Ledger

app = typer.Typer(no_args_is_help=True, help="Look at former runs.")


@app.command(name="list")
def list_runs(
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=1000, help="How many, newest first.")] = 20,
    json: options.Json = False,
    lang: options.Language = None,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
) -> None:
    """List the newest runs with their hosts by verdict."""
    from iea_fleet.cli.run_list import show_runs
    from iea_fleet.cli.start import language_for

    opened, _ = _open(state, ledger)
    show_runs(opened.latest(number), language_for(lang), as_json=json)


@app.command(name="show")
def show_run(
    run: Annotated[str, typer.Argument(help="Id of the run, or its beginning; see iea-fleet runs list.")],
    json: options.Json = False,
    diff: Annotated[bool, typer.Option("--diff", "-D", help="Show each setting before and after.")] = False,
    lang: options.Language = None,
    output: options.Output = None,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
) -> None:
    """Show a former run again, and write its report files again."""
    from iea_fleet.cli.present import Presentation, present, report_before, require_folder
    from iea_fleet.cli.start import language_for

    require_folder(output)
    opened, folder = _open(state, ledger)
    record = opened.run(run)
    how = Presentation(json, diff, output, language_for(lang))
    present(record, opened.hosts(record.id), how, folder, report_before(opened, record))


def _open(state: options.State, ledger: str) -> tuple[Ledger, StateFolder]:
    from iea_fleet.ledger.state import open_state_folder
    from iea_fleet.ledger.store import Ledger

    folder = open_state_folder(state)
    opened = Ledger(ledger or folder.ledger_url)
    opened.release_dead()
    return opened, folder
