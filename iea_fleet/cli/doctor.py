"""`iea-fleet doctor`: what this machine, or the way to a workstation, still lacks; and the script that prepares one."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from iea_fleet.cli import options

_PREPARING = "Preparing a workstation"


def doctor(
    host: Annotated[
        str, typer.Argument(help="A workstation of the inventory; without one, this machine is checked.")
    ] = "",
    inventory: options.Inventory = [options.INVENTORY_DEFAULT],  # noqa: B006 (typer copies it)
    limit: options.Limit = None,
    json: options.Json = False,
    lang: options.Language = None,
    forks: options.Forks = 20,
    vault_password_file: options.VaultFile = None,
    ask_vault_pass: options.AskVault = False,
    state: options.State = None,
    ledger: options.LedgerUrl = "",
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Print the script that prepares a workstation.", rich_help_panel=_PREPARING),
    ] = False,
    name: Annotated[
        str,
        typer.Option("--name", help="Its name, for the certificate; by default its own.", rich_help_panel=_PREPARING),
    ] = "",
    controller: Annotated[
        Optional[list[str]],  # noqa: UP045 (typer reads it at run time)
        typer.Option(
            "--controller",
            help="Address or network that may connect; may be given several times.",
            rich_help_panel=_PREPARING,
        ),
    ] = None,
    account: Annotated[
        str, typer.Option("--account", help="The local account to make.", rich_help_panel=_PREPARING)
    ] = "",
    thumbprint: Annotated[
        str,
        typer.Option(
            "--thumbprint", help="An existing certificate, by its SHA-1 thumbprint.", rich_help_panel=_PREPARING
        ),
    ] = "",
) -> None:
    """Check this machine, or the way to a workstation and one round that writes nothing; say what to mend."""
    if prepare:
        if host or limit:
            raise typer.BadParameter("--prepare takes no workstation of the inventory; name it with --name")
        from iea_fleet.cli.output import print_document
        from iea_fleet.doctor.prepare import Preparation, prepared_script

        print_document(prepared_script(Preparation(name, tuple(controller or ()), account, thumbprint)))
        return
    if name or controller or account or thumbprint:
        raise typer.BadParameter("--name, --controller, --account and --thumbprint belong to --prepare")
    if host and limit:
        raise typer.BadParameter("name a workstation or give --limit, not both")
    from iea_fleet.cli.start import start

    screen, language = start(lang, "reading" if host or limit else "checking")
    # From here on it takes a while: the first line is on the screen already.
    from iea_fleet.cli.doctor_text import Request, carry_out

    request = Request(
        inventory=tuple(inventory),
        pattern=host or limit,
        named=bool(host),
        as_json=json,
        forks=forks,
        vault_file=vault_password_file,
        ask_vault=ask_vault_pass,
        state=state,
        ledger=ledger,
    )
    raise typer.Exit(carry_out(request, language, screen))
