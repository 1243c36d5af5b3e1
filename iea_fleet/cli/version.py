"""`iea-fleet version`."""

from __future__ import annotations

import typer


def version() -> None:
    """Print the version of iea-fleet and of the programs that it drives."""
    from importlib.metadata import version as version_of

    for package in ("iea-fleet", "ansible-core", "ansible-runner", "pywinrm", "pypsrp"):
        typer.echo(f"{package} {version_of(package)}")
