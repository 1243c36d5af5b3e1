"""What `iea-fleet lab` tells; the names of situations and faults are the same in every language."""

from __future__ import annotations

import getpass
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from iea_fleet.cli.output import console, print_document
from iea_fleet.lab.catalogue import CATALOGUE, Entry
from iea_fleet.lab.messages import EngineName, HostStatus, LabSettings
from iea_fleet.model.phrase import Phrase
from iea_fleet.report.labels import workstations_in
from iea_fleet.report.table import Paragraph
from iea_fleet.report.wording.fill import Language, translator


def tell_up(
    settings: LabSettings, hosts: Sequence[HostStatus], lang: Language, *, detached: bool, realm: Path | None
) -> None:
    """Say what is up, where the inventory is, and what to type next; `realm`: the krb5.conf of the lab's, if any."""
    translate = translator(lang)
    inventory = shlex.quote(settings.inventory)
    first, last = hosts[0], hosts[-1]
    ports = sorted({host.port for host in hosts})
    addresses = sorted({host.address for host in hosts}, key=lambda address: tuple(map(int, address.split("."))))
    scheme = "https" if settings.https else "http"
    told = [
        Phrase("The lab is up: {fleet}.", fleet=workstations_in(len(hosts), settings.sites, lang)),
        Phrase(
            "Engine {engine}, {scheme} with {logons}, {addresses}, {ports}.",
            engine=settings.engine,
            scheme=scheme,
            logons=", ".join(settings.auth),
            addresses=_span(addresses),
            ports=_ports(ports),
        ),
        Phrase("Inventory: {path} (the account is beside it in group_vars/all/vault.yml)", path=settings.inventory),
        Phrase("Password of the day, for turning assistance mode off: {password}", password=first.password_of_the_day),
    ]
    if settings.engine is EngineName.PWSH:
        told.append(Phrase("Its PowerShell commands run on this machine as {user}.", user=getpass.getuser()))
    if realm is not None:
        kerberos = "Kerberos: first tell kinit and Ansible the realm: export KRB5_CONFIG={path}"
        told.append(Phrase(kerberos, path=shlex.quote(str(realm))))
    closing = Phrase("Ctrl-C, or iea-fleet lab down from elsewhere, closes the lab.").told(translate)
    lines = [
        *(phrase.told(translate) for phrase in told),
        "",
        Phrase("Next:").told(translate),
        *_aligned(
            (f"iea-fleet push -i {inventory} --check", Phrase("what a push would do").told(translate)),
            (f"iea-fleet push -i {inventory}", Phrase("do it").told(translate)),
            ("iea-fleet lab status", Phrase("what stands on each workstation").told(translate)),
            (
                f"iea-fleet lab break {last.name} server_dns",
                Phrase("let something be wrong (--list: all there is)").told(translate),
            ),
        ),
        f"  iea-fleet lab mend {first.name if len(hosts) == 1 else 'all'}",
        "  iea-fleet lab down" if detached else closing,
    ]
    print_document("\n".join(lines))


def _span(addresses: Sequence[str]) -> str | Phrase:
    if len(addresses) == 1:
        return addresses[0]
    return Phrase("{first} to {last}", first=addresses[0], last=addresses[-1])


def _ports(ports: Sequence[int]) -> Phrase:
    if len(ports) == 1:
        return Phrase("port {port}", port=ports[0])
    return Phrase("ports {first} to {last}", first=ports[0], last=ports[-1])


def _aligned(*commands: tuple[str, str]) -> list[str]:
    width = max(len(command) for command, _ in commands)
    return [f"  {command:{width}}   {meaning}" for command, meaning in commands]


def tell_closed(lang: Language) -> None:
    """Say that the lab is closed."""
    closed = Phrase("The lab is closed; its inventory, account and workstations are removed.")
    print_document(closed.told(translator(lang)))


def tell_none(lang: Language) -> None:
    """Say that there was nothing to close."""
    print_document(Phrase("No lab is running.").told(translator(lang)))


def show_catalogue(lang: Language, *, as_json: bool) -> None:
    """Print every name that `lab break` takes."""
    translate = translator(lang)
    entries = CATALOGUE.values()
    if as_json:
        print_document(json.dumps([_entry_document(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(Phrase("Name").told(translate), no_wrap=True)
    for title in (Phrase("Concerns"), Phrase("What is so then"), Phrase("Parameters"), Phrase("Engines")):
        table.add_column(title.told(translate), overflow="fold")
    every = Phrase("all").told(translate)
    for entry in entries:
        sentence = translate(entry.sentence)
        table.add_row(
            entry.name,
            translate(entry.kind),
            Paragraph(Text(f"{sentence} ({translate(entry.note)})" if entry.note else sentence)),
            " ".join(f"{name}={value}" for name, value in entry.parameters.items()),
            every if len(entry.engines) == len(EngineName) else ", ".join(entry.engines),
        )
    console(sys.stdout).print(table)
    first = Phrase(
        "Every fault of transport or output takes times=N (strikes so often) and after=N (so many requests pass first);"
    )
    then = Phrase("those that know the request also on=create, command, send, receive, signal or delete.")
    print_document(f"\n{first.told(translate)}\n{then.told(translate)}")


def _entry_document(entry: Entry) -> dict[str, object]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "row": entry.row,
        "sentence": entry.sentence,
        "note": entry.note,
        "parameters": dict(entry.parameters),
        "engines": [str(engine) for engine in entry.engines],
    }
