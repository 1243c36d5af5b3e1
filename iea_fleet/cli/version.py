"""`iea-fleet version`."""

from __future__ import annotations

from iea_fleet.cli.output import print_document


def version() -> None:
    """Print the version of iea-fleet and of the programs that it drives."""
    from importlib.metadata import version as version_of

    packages = ("iea-fleet", "ansible-core", "ansible-runner", "pywinrm", "pypsrp")
    print_document("\n".join(f"{package} {version_of(package)}" for package in packages))
