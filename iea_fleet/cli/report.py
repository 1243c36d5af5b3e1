"""`iea-fleet report`: look at every workstation and write nothing there."""

from __future__ import annotations

import typer

from iea_fleet.cli import options


def report(
    inventory: options.Inventory = [options.INVENTORY_DEFAULT],  # noqa: B006 (typer copies it)
    limit: options.Limit = None,
    json: options.Json = False,
    lang: options.Language = None,
    forks: options.Forks = 20,
    vault_password_file: options.VaultFile = None,
    ask_vault_pass: options.AskVault = False,
    output: options.Output = None,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
) -> None:
    """Look at every workstation, sheet by sheet, and tell what is wrong, what is new, what to do. Changes nothing."""
    from iea_fleet.cli.start import start

    screen, language = start(lang)
    # From here on it takes a while: the first line is on the screen already.
    from iea_fleet.cli.session import Request, carry_out
    from iea_fleet.ledger.records import RunKind

    request = Request(
        kind=RunKind.REPORT,
        inventory=tuple(inventory),
        limit=limit,
        check=False,
        diff=False,
        as_json=json,
        forks=forks,
        vault_file=vault_password_file,
        ask_vault=ask_vault_pass,
        output=output,
        state=state,
        ledger=ledger,
    )
    raise typer.Exit(carry_out(request, language, screen))
