"""`iea-fleet push`: make every workstation's connection settings the desired ones."""

from __future__ import annotations

from typing import Annotated

import typer

from iea_fleet.cli import options


def push(
    inventory: options.Inventory = [options.INVENTORY_DEFAULT],  # noqa: B006 (typer copies it)
    limit: options.Limit = None,
    check: Annotated[bool, typer.Option("--check", "-C", help="Change nothing; tell what would be changed.")] = False,
    diff: Annotated[bool, typer.Option("--diff", "-D", help="Show each setting before and after.")] = False,
    assistance_password_prompt: options.AssistancePrompt = False,
    json: options.Json = False,
    lang: options.Language = None,
    forks: options.Forks = 20,
    vault_password_file: options.VaultFile = None,
    ask_vault_pass: options.AskVault = False,
    output: options.Output = None,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
) -> None:
    """Set the secure connection mode on every workstation of the inventory, test it there, and report."""
    from iea_fleet.cli.start import start

    screen, language = start(lang)
    # From here on it takes a while: the first line is on the screen already.
    from iea_fleet.cli.session import Request, carry_out
    from iea_fleet.ledger.records import RunKind

    request = Request(
        kind=RunKind.PUSH,
        inventory=tuple(inventory),
        limit=limit,
        check=check,
        diff=diff,
        as_json=json,
        forks=forks,
        vault_file=vault_password_file,
        ask_vault=ask_vault_pass,
        output=output,
        state=state,
        ledger=ledger,
        ask_assistance_password=assistance_password_prompt,
    )
    raise typer.Exit(carry_out(request, language, screen))
