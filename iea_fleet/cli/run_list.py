"""The table of former runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.ledger.records import RunOverview
from iea_fleet.model.phrase import Phrase
from iea_fleet.model.text import neutralise
from iea_fleet.report.quantity import moment
from iea_fleet.report.table import Paragraph
from iea_fleet.report.wording.fill import Language, translator
from iea_fleet.report.wording.interface import interface


def show_runs(found: Sequence[RunOverview], lang: Language, *, as_json: bool) -> None:
    """Print runs, one a line, or as one JSON list."""
    if as_json:
        print_document(json.dumps([overview.model_dump(mode="json") for overview in found], indent=2))
        return
    if not found:
        print_document(Phrase("No run yet.").told(translator(lang)))
        return
    table = Table(box=None, pad_edge=False)
    for key in ("run", "kind", "state", "started", "operator", "limit", "hosts"):
        table.add_column(interface(key, lang), no_wrap=key == "run", overflow="fold")
    for overview in found:
        run = overview.run
        kind = f"{run.kind.value} --check" if run.dry_run else run.kind.value
        started, state = moment(run.started.astimezone(), lang), interface(f"run_{run.state.value}", lang)
        counts = "; ".join(
            interface("counted", lang, what=interface(f"verdict_{verdict or 'pending'}", lang), count=count)
            for verdict, count in sorted(overview.counts.items())
        )
        cells = (kind, state, started, run.holder, run.pattern, counts)
        table.add_row(Text(neutralise(run.id)), *(Paragraph(Text(neutralise(cell))) for cell in cells))
    console(sys.stdout).print(table)
