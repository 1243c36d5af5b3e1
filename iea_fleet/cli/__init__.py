"""The command line. Importing it is cheap: each command loads what it needs when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `iea-fleet`: run the command line and exit with the code that docs/command-line.md lists."""
    from iea_fleet.cli.app import run

    sys.exit(run(sys.argv[1:]))
