from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from iea_fleet.agent import LOADER, Edition, edition_for, payload, script_sha256, script_text
from iea_fleet.agent.script import source_text, strip
from tests.agent.workstation import DURABLE, Part, Workstation, encoded

DOCS = Path(__file__).resolve().parents[2] / "docs"

TOKENS = Path(__file__).with_name("tokens.ps1")


@pytest.mark.parametrize("edition", Edition)
def test_stripping_takes_only_comments_and_space(powershell: str, tmp_path: Path, edition: Edition) -> None:
    """PowerShell's own parser says so: the same tokens in the same tree."""
    (tmp_path / "source.ps1").write_text(source_text(edition), "ascii")
    (tmp_path / "stripped.ps1").write_text(script_text(edition), "ascii")
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


def test_operators_and_conditions_lose_their_idle_spaces() -> None:
    source = "if ($a -eq 'b' -and -not $c.Count) {\n    return [Int32] $d\n} else { Get-It -Not $e -Replace 'f' }\n"
    assert strip(source) == "if($a-eq'b'-and -not$c.Count){return [Int32]$d}else{Get-It -Not $e -Replace 'f'}\n"


def test_the_editions_are_ascii_and_stay_below_their_budgets() -> None:
    sizes = {edition: len(script_text(edition).encode("ascii")) for edition in Edition}
    assert sizes[Edition.SHORT] <= 46_600
    assert sizes[Edition.WHOLE] <= 70_000
    assert len(encoded(LOADER)) < 4_000, "a command line of Windows holds 8191 characters"


@pytest.mark.parametrize("edition", Edition)
def test_the_documented_hashes_are_the_editions(edition: Edition) -> None:
    told = (DOCS / "script.md").read_text("utf-8")
    assert f"    {edition:<7}{script_sha256(edition)}\n" in told, "docs/script.md tells another SHA-256"


def test_every_function_has_its_help_and_is_written_once() -> None:
    lines = source_text(Edition.WHOLE).splitlines()
    names = [line.split()[1] for line in lines if line.startswith("function ")]
    assert len(names) == len(set(names))
    assert not [line for line, after in pairwise(lines) if line.startswith("function ") and after.strip() != "<#"]


def test_the_durable_functions_begin_with_a_line_of_their_own() -> None:
    for edition in Edition:
        for name in DURABLE:
            assert len(re.findall(rf"(?m)^function {name} \{{\nparam \(.*\)\n", script_text(edition))) == 1


PROBES: dict[str, Part] = {
    "share": {"kind": "share", "id": "a", "path": "p"},
    "people": {"kind": "people", "id": "a"},
    "records": {
        "kind": "records",
        "id": "a",
        "target": {"store": "lines", "path": "p", "pattern": "(x)", "fields": ["x"]},
    },
    "url": {"kind": "url", "id": "u", "url": "http://a"},
}
RESTART: Part = {"kind": "restart_service", "id": "a", "name": "s"}


@pytest.mark.parametrize(
    ("parts", "edition"),
    [
        ({}, Edition.SHORT),
        ({"probe": [PROBES["url"]], "after": [RESTART]}, Edition.SHORT),
        ({"probe": [PROBES["url"], PROBES["people"]]}, Edition.WHOLE),
        ({"probe": [PROBES["share"]]}, Edition.WHOLE),
        ({"probe": [PROBES["records"]]}, Edition.WHOLE),
        ({"act": [RESTART]}, Edition.WHOLE),
        ({"names": [{"name": "IEA_X", "text": "p"}]}, Edition.WHOLE),
        ({"connect": {"path": r"\\s\p", "username": "u", "password": "s"}}, Edition.WHOLE),
        ({"release": [{"id": "r", "target": PROBES["records"]["target"], "match": [{"x": "1"}]}]}, Edition.WHOLE),
        ({"after": [{"kind": "restore_drive", "id": "a", "path": "P:"}]}, Edition.WHOLE),
    ],
)
def test_the_payload_is_the_request_line_then_the_edition_that_has_its_parts(
    tmp_path: Path, parts: dict[str, Sequence[Part]], edition: Edition
) -> None:
    request = Workstation("", tmp_path).request(**parts)  # type: ignore[arg-type]
    line, _, script = payload(request).decode("ascii").partition("\n")
    assert json.loads(line)["transaction"] == request.transaction
    assert edition_for(request) is edition
    assert script == script_text(edition)


@pytest.mark.parametrize("part", sorted((Path(__file__).resolve().parents[2] / "iea_fleet/agent/script").glob("*.ps1")))
def test_every_part_of_the_script_is_sent(part: Path) -> None:
    assert part.read_text("ascii") in source_text(Edition.WHOLE)
