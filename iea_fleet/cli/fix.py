"""`iea-fleet fix`: one workstation, with its user on the phone: what is wrong, what will be done, done, checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Optional

import typer

from iea_fleet.cli import options


class FixCase(StrEnum):
    """The cases that can be named (`rollout/repair.py`; spelt out here so that the command line loads at once)."""

    SHARE = "share"
    SESSION = "session"
    LICENCE = "licence"
    CONNECTION = "connection"
    ASSISTANCE = "assistance"
    RELAUNCH = "relaunch"


def fix(
    host: Annotated[str, typer.Argument(help="The workstation, as the inventory names it.")],
    case: Annotated[
        Optional[FixCase],  # noqa: UP045 (typer reads it at run time)
        typer.Option("--case", help="Look at this sheet only; relaunch: the red heart."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do what is planned without asking.")] = False,
    check: Annotated[bool, typer.Option("--check", "-C", help="Look and plan only; change nothing.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell what would be looked at and what may be changed; ask nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also release live sessions: what was not saved there is lost.")
    ] = False,
    allow_restart: Annotated[
        bool,
        typer.Option(
            "--allow-restart", help="The workstation may be restarted in a maintenance window; its user can say no."
        ),
    ] = False,
    any_time: Annotated[
        bool, typer.Option("--any-time", help="With --allow-restart: outside the maintenance windows too.")
    ] = False,
    assistance_password_prompt: options.AssistancePrompt = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send the support request by mail, instead of leaving it in the outbox.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Draft the mail though the same one waits or was sent lately.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back the last reset of licences that fix made from this workstation.")
    ] = False,
    inventory: options.Inventory = [options.INVENTORY_DEFAULT],  # noqa: B006 (typer copies it)
    json: options.Json = False,
    lang: options.Language = None,
    vault_password_file: options.VaultFile = None,
    ask_vault_pass: options.AskVault = False,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
) -> None:
    """Find out what is wrong on one workstation, say what will be done, do it once agreed, and check it."""
    if any_time and not allow_restart:
        raise typer.BadParameter("--any-time goes with --allow-restart")
    from iea_fleet.cli.start import start

    screen, language = start(lang)
    # From here on it takes a while: the first line is on the screen already.
    from iea_fleet.cli.fix_session import Request, carry_out

    request = Request(
        host=host,
        case=None if case is None else case.value,
        yes=yes,
        check=check,
        explain=explain,
        force=force,
        allow_restart=allow_restart,
        any_time=any_time,
        ask_assistance_password=assistance_password_prompt,
        send=send,
        again=again,
        undo=undo,
        inventory=tuple(inventory),
        as_json=json,
        vault_file=vault_password_file,
        ask_vault=ask_vault_pass,
        state=state,
        ledger=ledger,
    )
    raise typer.Exit(carry_out(request, language, screen))
