"""What `iea-fleet lab` tells: in English, as the lab is for those who run and test the program."""

from __future__ import annotations

import getpass
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from iea_fleet.cli.output import console, print_document
from iea_fleet.lab.catalogue import CATALOGUE, Entry
from iea_fleet.lab.messages import EngineName, HostStatus, LabSettings


def tell_up(settings: LabSettings, hosts: Sequence[HostStatus], *, detached: bool, realm: Path | None) -> None:
    """Say what is up, where the inventory is, and what to type next; `realm`: the krb5.conf of the lab's, if any."""
    inventory = shlex.quote(settings.inventory)
    first, last = hosts[0], hosts[-1]
    ports = sorted({host.port for host in hosts})
    addresses = sorted({host.address for host in hosts}, key=lambda address: tuple(map(int, address.split("."))))
    where = addresses[0] if len(addresses) == 1 else f"{addresses[0]} to {addresses[-1]}"
    port = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
    scheme = "https" if settings.https else "http"
    are, logons = "are" if len(hosts) > 1 else "is", " and ".join(settings.auth)
    lines = [
        f"{_number(len(hosts), 'workstation')} in {_number(settings.sites, 'association')} {are} up.",
        f"Engine {settings.engine}, {scheme} with {logons}, {where}, {port}.",
        f"Inventory: {settings.inventory} (the account is beside it in group_vars/all/vault.yml)",
        f"Password of the day, for turning assistance mode off: {first.password_of_the_day}",
    ]
    if settings.engine is EngineName.PWSH:
        lines.append(f"Its PowerShell commands run on this machine as {getpass.getuser()}.")
    if realm is not None:
        lines.append(f"Kerberos: first tell kinit and Ansible the realm: export KRB5_CONFIG={shlex.quote(str(realm))}")
    lines += [
        "",
        "Next:",
        *_aligned(
            (f"iea-fleet push -i {inventory} --check", "what a push would do"),
            (f"iea-fleet push -i {inventory}", "do it"),
            ("iea-fleet lab status", "what stands on each workstation"),
            (f"iea-fleet lab break {last.name} server_dns", "let something be wrong (--list: all there is)"),
        ),
        f"  iea-fleet lab mend {first.name if len(hosts) == 1 else 'all'}",
        "  iea-fleet lab down" if detached else "Ctrl-C, or iea-fleet lab down from elsewhere, closes the lab.",
    ]
    print_document("\n".join(lines))


def _aligned(*commands: tuple[str, str]) -> list[str]:
    width = max(len(command) for command, _ in commands)
    return [f"  {command:{width}}   {meaning}" for command, meaning in commands]


def tell_closed() -> None:
    """Say that the lab is closed."""
    print_document("The lab is closed; its inventory, account and workstations are removed.")


def tell_none() -> None:
    """Say that there was nothing to close."""
    print_document("No lab is running.")


def show_catalogue(*, as_json: bool) -> None:
    """Print every name that `lab break` takes."""
    entries = CATALOGUE.values()
    if as_json:
        print_document(json.dumps([_entry_document(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("Name", "Concerns", "What is so then", "Parameters", "Engines"):
        table.add_column(title, overflow="fold", no_wrap=title == "Name")
    for entry in entries:
        table.add_row(
            entry.name,
            entry.kind,
            f"{entry.sentence} ({entry.note})" if entry.note else entry.sentence,
            " ".join(f"{name}={value}" for name, value in entry.parameters.items()),
            "all" if len(entry.engines) == len(EngineName) else ", ".join(entry.engines),
        )
    console(sys.stdout).print(table)
    print_document(
        "\nEvery fault of transport or output takes times=N (it strikes so often) and after=N (so many requests pass "
        "first);\nthose that know the request also on=create, command, send, receive, signal or delete."
    )


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


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
