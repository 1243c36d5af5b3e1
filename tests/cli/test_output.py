"""What is printed is readable whatever the output's encoding holds."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from rich.text import Text

from iea_fleet.cli.output import console
from tests.cli.conftest import PROGRAM, Program


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "→ « L’été : 3 postes… » ✓ 机"),
        ("latin-1", "-> « L'été : 3 postes... » + \\u673a"),
        ("ascii", '-> " L\'ete : 3 postes... " + \\u673a'),
    ],
)
def test_french_is_readable_where_the_encoding_lacks_its_signs(encoding: str, shown: str) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    console(stream).print(Text("→ «\u00a0L’été\u00a0: 3 postes…\u00a0» ✓ 机"))
    stream.flush()
    assert written.getvalue().decode(encoding).rstrip("\n").replace("\u00a0", " ") == shown


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_help_is_readable_where_the_encoding_lacks_its_signs(program: Program, encoding: str) -> None:
    environment = program.environment | {"LANG": "fr", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*PROGRAM, "push", "--help"], env=environment, capture_output=True, text=True, encoding=encoding, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "d'inventaire" in done.stdout


def test_help_on_a_full_disk_is_one_sentence(program: Program) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "--help"], env=program.environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 6
    assert "No space left on device" in done.stderr
