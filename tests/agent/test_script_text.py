from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from iea_fleet.agent import LOADER, payload, script_sha256, script_text
from iea_fleet.agent.script import source_text, strip
from tests.agent.workstation import Workstation, encoded

DOCS = Path(__file__).resolve().parents[2] / "docs"

TOKENS = Path(__file__).with_name("tokens.ps1")


def test_stripping_takes_only_comments_and_space(powershell: str, tmp_path: Path) -> None:
    """PowerShell's own parser says so: the same tokens in the same tree."""
    (tmp_path / "source.ps1").write_text(source_text(), "ascii")
    (tmp_path / "stripped.ps1").write_text(script_text(), "ascii")
    paths = [str(TOKENS), *(str(tmp_path / name) for name in ("source.ps1", "stripped.ps1"))]
    command = [powershell, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", *paths]
    told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    source, stripped, _ = (part.split("\n") for part in told.replace("\r", "").split("<<end>>\n"))
    assert len(source) > 5000
    assert not [line for line in source if line.startswith("error")]
    assert source == stripped


def test_strings_keep_their_spaces_and_signs() -> None:
    source = "# a comment\n  <#\n  help = {}\n  #>\n  $a = 'x = ''y'' , z' + \"u = `\" ; $b\"\n"
    assert strip(source) == "$a='x = ''y'' , z'+\"u = `\" ; $b\"\n"


def test_the_script_is_ascii_and_a_push_of_it_stays_below_its_budget() -> None:
    script_text().encode("ascii")
    assert len(script_text()) <= 46_000
    assert len(encoded(LOADER)) < 4_000, "a command line of Windows holds 8191 characters"


def test_the_documented_hash_is_the_scripts() -> None:
    assert script_sha256() in (DOCS / "script.md").read_text("utf-8"), "docs/script.md tells another SHA-256"


def test_every_function_has_its_help() -> None:
    pairs = pairwise(source_text().splitlines())
    assert not [line for line, following in pairs if line.startswith("function ") and following.strip() != "<#"]


def test_the_payload_is_the_request_line_then_the_script(tmp_path: Path) -> None:
    request = Workstation("", tmp_path).request()
    line, _, script = payload(request).decode("ascii").partition("\n")
    assert json.loads(line)["transaction"] == request.transaction
    assert script == script_text()


@pytest.mark.parametrize("part", sorted((Path(__file__).resolve().parents[2] / "iea_fleet/agent/script").glob("*.ps1")))
def test_every_part_of_the_script_is_sent(part: Path) -> None:
    assert part.read_text("ascii") in source_text()
