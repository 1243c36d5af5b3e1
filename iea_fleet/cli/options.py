"""The options that several commands share, each with its one wording."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

INVENTORY_DEFAULT = "inventory"


class Lang(StrEnum):
    """Languages of what is shown."""

    FR = "fr"
    EN = "en"


Inventory = Annotated[
    list[str],
    typer.Option(
        "--inventory", "-i", help="Inventory file or folder, as Ansible reads it; may be given several times."
    ),
]
Limit = Annotated[
    Optional[str],  # noqa: UP045 (typer reads it at run time)
    typer.Option("--limit", "-l", help="Only these hosts or groups, as for Ansible: site_lyon, 'ws-1*', 'a:!b'."),
]
Forks = Annotated[int, typer.Option("--forks", "-f", min=1, max=500, help="How many workstations at once.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document on standard output.")]
Language = Annotated[
    Optional[Lang],  # noqa: UP045 (typer reads it at run time)
    typer.Option("--lang", help="Language of all that is shown, and of reports; by default the locale's."),
]
State = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--state", envvar="IEA_FLEET_STATE", help="Folder for the ledger and for reports."),
]
LedgerUrl = Annotated[
    str,
    typer.Option(
        "--ledger",
        envvar="IEA_FLEET_LEDGER",
        help="Another ledger, as postgresql+psycopg://USER@HOST/NAME or sqlite:///FILE.",
    ),
]
Output = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--output", "-o", help="Folder for the report files; by default one of this run in the state folder."),
]
VaultFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--vault-password-file", help="File, or program, that gives the vault password."),
]
AskVault = Annotated[bool, typer.Option("--ask-vault-pass", "-J", help="Ask for the vault password.")]
AssistancePrompt = Annotated[
    bool,
    typer.Option(
        "--assistance-password-prompt",
        help="Ask for the password of the day, which turns assistance mode off; else IEA_FLEET_ASSISTANCE_PASSWORD.",
    ),
]
