"""`iea-fleet outbox`: mails to the vendor that wait, and those that were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iea_fleet.cli import options

if TYPE_CHECKING:
    from iea_fleet.support.outbox import Entry, Outbox

app = typer.Typer(no_args_is_help=True, help="Look at drafted mails to the vendor, and send them.")

_Mail = Annotated[
    str, typer.Argument(help="Id of the mail, or its beginning; without it, the one that waits.", metavar="[ID]")
]


@app.command(name="list")
def list_mails(
    every: Annotated[bool, typer.Option("--all", "-a", help="Also those that were sent.")] = False,
    json: options.Json = False,
    lang: options.Language = None,
    state: options.State = None,
) -> None:
    """List the mails that wait, the oldest first."""
    from iea_fleet.cli.outbox_text import show_list
    from iea_fleet.cli.start import language_for

    outbox = _open(state)
    show_list((*(outbox.sent() if every else ()), *outbox.waiting()), language_for(lang), as_json=json)


@app.command(name="show")
def show_mail(mail: _Mail = "", lang: options.Language = None, state: options.State = None) -> None:
    """Show a mail as its reader will see it, with the names of its attachments."""
    from iea_fleet.cli.outbox_text import show_mail as show
    from iea_fleet.cli.start import language_for

    outbox = _open(state)
    entry = _the(outbox, mail)
    show(entry, outbox.read(entry), language_for(lang))


@app.command(name="send")
def send_mail(
    mail: _Mail = "",
    inventory: options.Inventory = [options.INVENTORY_DEFAULT],  # noqa: B006 (typer copies it)
    vault_password_file: options.VaultFile = None,
    ask_vault_pass: options.AskVault = False,
    lang: options.Language = None,
    state: options.State = None,
) -> None:
    """Send a mail through the mail server that the inventory names (iea_support_smtp_host), over TLS."""
    from iea_fleet.cli.output import print_document
    from iea_fleet.cli.start import start
    from iea_fleet.report.wording.interface import interface
    from iea_fleet.support.send import send_entry

    outbox = _open(state)
    entry = _the(outbox, mail)
    _, language = start(lang)
    from iea_fleet.cli.session import ask_vault_password
    from iea_fleet.rollout.content import find_content
    from iea_fleet.rollout.inventory import read_inventory
    from iea_fleet.rollout.vault import Vault
    from iea_fleet.support.settings import support_settings

    vault = Vault(vault_password_file, ask_vault_password(language) if ask_vault_pass else None)
    hosts = read_inventory(tuple(inventory), None, vault, find_content().environment())
    # The site's own mail server where the workstation is known, else the one that the first host has.
    host = next((host for host in hosts if host.name == entry.host), hosts[0])
    sent = send_entry(outbox, entry, support_settings(host.variables, host.name))
    print_document(interface("outbox_was_sent", language, to=sent.to, id=sent.id))


@app.command(name="done")
def put_away(mail: _Mail = "", lang: options.Language = None, state: options.State = None) -> None:
    """Put a mail with the sent ones, after it was sent by hand with a mail program."""
    from iea_fleet.cli.output import print_document
    from iea_fleet.cli.start import language_for
    from iea_fleet.model.errors import InputError
    from iea_fleet.report.wording.interface import interface

    outbox = _open(state)
    entry = _the(outbox, mail)
    if entry.sent:
        raise InputError(entry.id, "this mail is with the sent ones", "See iea-fleet outbox list --all")
    with outbox.claim(entry) as message:
        outbox.mark_sent(entry, message)
    print_document(interface("outbox_was_put_away", language_for(lang), id=entry.id))


def _open(state: options.State) -> Outbox:
    from iea_fleet.ledger.state import open_state_folder
    from iea_fleet.support.outbox import Outbox

    return Outbox(open_state_folder(state))


def _the(outbox: Outbox, mail: str) -> Entry:
    """The mail that is named, or the only one that waits. Raises: InputError."""
    from iea_fleet.model.errors import InputError
    from iea_fleet.model.phrase import Phrase

    if mail:
        return outbox.find(mail)
    waiting = outbox.waiting()
    if len(waiting) != 1:
        some = Phrase("{count} mails wait there", count=len(waiting))
        what = some if waiting else Phrase("no mail waits there")
        raise InputError(Phrase("outbox"), what, "Name one by its id, see iea-fleet outbox list --all")
    return waiting[0]
