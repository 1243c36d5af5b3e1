"""The table of former runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.ledger.records import RunOverview
from iea_fleet.model.text import neutralise


def show_runs(found: Sequence[RunOverview], as_json: bool) -> None:
    """Print runs, one a line, or as one JSON list."""
    if as_json:
        print_document(json.dumps([overview.model_dump(mode="json") for overview in found], indent=2))
        return
    if not found:
        print_document("No run yet.")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("run", "kind", "state", "started", "by", "limit", "hosts"):
        table.add_column(title, no_wrap=title != "hosts")
    for overview in found:
        run = overview.run
        kind = f"{run.kind.value} --check" if run.dry_run else run.kind.value
        started = f"{run.started.astimezone():%Y-%m-%d %H:%M:%S}"
        counts = ", ".join(f"{count} {verdict or 'pending'}" for verdict, count in sorted(overview.counts.items()))
        cells = (run.id, kind, run.state.value, started, run.holder, run.pattern, counts)
        table.add_row(*(Text(neutralise(cell)) for cell in cells))
    console(sys.stdout).print(table)
