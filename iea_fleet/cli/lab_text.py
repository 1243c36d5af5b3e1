"""What `iea-fleet lab` tells: in English, as the lab is for those who run and test the program."""

from __future__ import annotations

import getpass
import json
import shlex
import sys
from collections.abc import Sequence

from rich.table import Table

from iea_fleet.cli.output import console, print_document
from iea_fleet.lab.application import ASSISTANCE_OFF, LEFT_BEHIND, RIGHT_SETTINGS
from iea_fleet.lab.catalogue import CATALOGUE, Entry
from iea_fleet.lab.messages import EngineName, HostStatus, LabSettings
from iea_fleet.model.text import neutralise


def tell_up(settings: LabSettings, hosts: Sequence[HostStatus], *, detached: bool) -> None:
    """Say what is up, where the inventory is, and what to type next."""
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
    ]
    if settings.engine is EngineName.PWSH:
        lines.append(f"Its PowerShell commands run on this machine as {getpass.getuser()}.")
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


def show_status(hosts: Sequence[HostStatus], *, as_json: bool) -> None:
    """Print workstations as one table, or as a JSON document."""
    if as_json:
        print_document(json.dumps([host.model_dump(mode="json") for host in hosts], ensure_ascii=False, indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("Host", "Association", "Address", "Settings", "Situation", "Faults", "Requests", "Shells", "Last"):
        table.add_column(title, overflow="fold", justify="right" if title in ("Requests", "Shells") else "left")
    for host in hosts:
        table.add_row(
            host.name,
            host.site,
            f"{host.address}:{host.port}",
            _settings_text(host),
            ", ".join(host.situations) or "-",
            "\n".join(fault.removesuffix("()") for fault in host.faults) or "-",
            str(host.requests),
            str(host.shells),
            f"{host.last_request}, {host.last_request_s} s ago" if host.last_request_s is not None else "-",
        )
    console(sys.stdout).print(table)


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


def _settings_text(host: HostStatus) -> str:
    seen = host.seen
    if host.right:
        return "right"
    values = (seen.mode, seen.authentication_url, seen.update_url)
    if all(value is None for value in values):
        return "not there"
    if None in values:
        return "damaged"
    before = (LEFT_BEHIND.mode, LEFT_BEHIND.authentication_url, LEFT_BEHIND.update_url)
    wanted = (RIGHT_SETTINGS.mode, RIGHT_SETTINGS.authentication_url, RIGHT_SETTINGS.update_url)
    told = [str(value) for value, right in zip(values, wanted, strict=True) if value != right]
    if values == before:
        told = ["from before the change"]
    if seen.assistance != ASSISTANCE_OFF:
        told.append(f"assistance {seen.assistance}")
    return neutralise("; ".join(told))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
