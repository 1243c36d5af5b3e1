"""`iea-fleet lab`: workstations on loopback, to try, to show, to train and to test with."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from iea_fleet.cli import options

if TYPE_CHECKING:
    from iea_fleet.lab.control import LabControl
    from iea_fleet.lab.messages import LabSettings

app = typer.Typer(no_args_is_help=True, help="Open, look at, break, mend and close workstations on loopback.")

_HOSTS_PER_SITE = 4


class Engine(StrEnum):
    """What plays the workstations."""

    EMULATED = "emulated"
    PWSH = "pwsh"


class Share(StrEnum):
    """What serves the sites' database folders."""

    AUTO = "auto"
    SAMBA = "samba"
    FOLDER = "folder"


@app.command()
def up(
    hosts: Annotated[int, typer.Option("--hosts", "-n", min=1, max=10_000, help="How many workstations.")] = 24,
    engine: Annotated[
        Engine,
        typer.Option(
            "--engine",
            "-e",
            help="emulated: in memory; pwsh: the real script in a real PowerShell 7, which runs as you.",
        ),
    ] = Engine.EMULATED,
    auth: Annotated[
        Optional[list[str]],  # noqa: UP045 (typer reads it at run time)
        typer.Option(
            "--auth",
            help="Ways to log on, with commas or repeated: basic, ntlm (alone by default), kerberos (needs krb5-kdc), "
            "credssp, certificate.",
        ),
    ] = None,
    logon: Annotated[
        str, typer.Option("--logon", help="The one of them that the inventory uses; it is offered in any case.")
    ] = "",
    https: Annotated[bool, typer.Option("--https", help="Listen with HTTPS, with the lab's own authority.")] = False,
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any free port each.")] = 5985,
    inventory: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads it at run time)
        typer.Option("--inventory", "-i", help="Where to write the inventory; by default in the state folder."),
    ] = None,
    sites: Annotated[int, typer.Option("--sites", min=0, help="How many associations; 0: one for four hosts.")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32, help="What names and mix follow from.")] = 1,
    situation: Annotated[
        str, typer.Option("--situation", help="mix, or one name of `lab break --list` for all workstations.")
    ] = "mix",
    share: Annotated[
        Share,
        typer.Option(
            "--share",
            help="Database folders behind a real samba, or as folders; auto: samba for a small lab that has it.",
        ),
    ] = Share.AUTO,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave the lab up and return.")] = False,
    lang: options.Language = None,
    state: options.State = None,
) -> None:
    """Open a lab and write an inventory for it."""
    import asyncio
    from functools import partial

    from iea_fleet.cli.lab_text import tell_closed, tell_up
    from iea_fleet.cli.start import language_for
    from iea_fleet.lab.logons import kerberos_config
    from iea_fleet.lab.process import run_lab

    control = _control(state)
    settings = _settings(
        hosts=hosts,
        sites=sites or max(1, hosts // _HOSTS_PER_SITE),
        engine=engine,
        auth=",".join(auth or ["ntlm"]),
        logon=logon.strip().lower(),
        https=https,
        port=port,
        seed=seed,
        situation=situation,
        share=share,
        inventory=inventory or control.folder / "inventory" / "hosts.yml",
    )
    control.clear_up_after_dead()
    realm, language = kerberos_config(settings, control.folder), language_for(lang)
    tell = partial(tell_up, settings, lang=language, detached=detach, realm=realm)
    if detach:
        control.open_detached(settings)
        tell(control.status())
        return
    asyncio.run(run_lab(settings, control.folder, lambda lab: tell(lab.status())))
    tell_closed(language)


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it live until Ctrl-C.")] = False,
    lang: options.Language = None,
    json: options.Json = False,
    state: options.State = None,
) -> None:
    """Show how each workstation of the lab stands, and what a person there sees."""
    from iea_fleet.cli.lab_status import show_status, watch_status
    from iea_fleet.cli.start import language_for

    if watch and json:
        raise typer.BadParameter("--watch is for people, --json for programs: take one of them")
    control = _control(state)
    if watch:
        watch_status(control.status, language_for(lang))
        return
    show_status(control.status(), as_json=json, lang=language_for(lang))


@app.command(name="break")
def break_host(
    host: Annotated[str, typer.Argument(help="A workstation of the lab, or all.")] = "",
    fault: Annotated[str, typer.Argument(help="A name of --list.")] = "",
    parameters: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Parameters of the fault.", metavar="[NAME=VALUE]..."),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Show every situation and fault.")] = False,
    lang: options.Language = None,
    json: options.Json = False,
    state: options.State = None,
) -> None:
    """Let something be wrong on a workstation, from now on."""
    from iea_fleet.cli.lab_status import show_status
    from iea_fleet.cli.lab_text import show_catalogue
    from iea_fleet.cli.start import language_for

    if show_list:
        show_catalogue(language_for(lang), as_json=json)
        return
    if not host or not fault:
        raise typer.BadParameter("name a host and a fault, or ask for --list")
    given = {}
    for word in parameters or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{word!r} is no NAME=VALUE")
        given[name] = value
    show_status(_control(state).break_host(host, fault, given), as_json=json, lang=language_for(lang))


@app.command()
def mend(
    host: Annotated[str, typer.Argument(help="A workstation of the lab, or all.")],
    lang: options.Language = None,
    json: options.Json = False,
    state: options.State = None,
) -> None:
    """End what `break` began; settings that are merely wrong stay, for a push to correct."""
    from iea_fleet.cli.lab_status import show_status
    from iea_fleet.cli.start import language_for

    show_status(_control(state).mend_host(host), as_json=json, lang=language_for(lang))


@app.command()
def down(lang: options.Language = None, state: options.State = None) -> None:
    """Close the lab and remove what it wrote; does nothing when no lab is up."""
    from iea_fleet.cli.lab_text import tell_closed, tell_none
    from iea_fleet.cli.start import language_for

    if _control(state).close():
        tell_closed(language_for(lang))
    else:
        tell_none(language_for(lang))


def _control(state: Path | None) -> LabControl:
    from iea_fleet.lab.control import open_control

    return open_control(state)


def _settings(*, auth: str, logon: str, inventory: Path, **others: object) -> LabSettings:
    from pydantic import ValidationError

    from iea_fleet.lab.catalogue import check_name
    from iea_fleet.lab.messages import LabSettings

    check_name(str(others["situation"]), str(others["engine"]))
    words = [word.strip() for word in auth.lower().split(",") if word.strip()]
    if logon and logon not in words:
        words.append(logon)
    try:
        # As JSON, because the strict models take names for enums from there only.
        import json

        document = {
            **others,
            "auth": words,
            "logon": logon or None,
            "inventory": str(inventory.expanduser().absolute()),
        }
        return LabSettings.model_validate_json(json.dumps(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = f"--{first['loc'][0]}: " if first["loc"] else ""
        raise typer.BadParameter(f"{option}{first['msg'].removeprefix('Value error, ')}") from error
