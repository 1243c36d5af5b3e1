"""What is printed is readable whatever the output's encoding holds."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from iea_fleet.cli.output import console


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
