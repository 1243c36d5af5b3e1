"""A report over every sheet leaves each workstation and each database's folder as they were, whatever is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from iea_fleet.model.finding import Sheet
from tests.lab.fleet.conftest import CommandLine
from tests.lab.fleet.rounds import NEEDS_PWSH

SITUATIONS = ("three_faults", "assistance_on", "old_http_urls", "red_heart_stays")
_VOLATILE = {"connections", "requests", "refused_logons", "shells", "last_request", "last_request_s"}


def _stands(iea: CommandLine) -> Mapping[str, object]:
    """What the lab sees on each workstation, without its counters."""
    return {
        name: {key: value for key, value in host.items() if key not in _VOLATILE} for name, host in iea.status().items()
    }


def _files(folder: Path) -> dict[str, str]:
    """Every file and folder of the workstations and file servers, each file with its hash and time.

    Without what PowerShell 7 keeps for itself in the profile of whoever logs on, as Windows does with a profile.
    """
    return {
        str(path.relative_to(folder)): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
        if not {".local", ".cache", ".config"} & set(path.parts)
    }


@pytest.mark.parametrize("engine", ["emulated", pytest.param("pwsh", marks=NEEDS_PWSH)])
def test_a_report_over_every_sheet_writes_nothing(engine: str, tmp_path: Path) -> None:
    iea = CommandLine(tmp_path / "state")
    iea.up("--hosts", "4", "--sites", "1", "--engine", engine, "--situation", "right", "--share", "folder")
    try:
        for host, situation in zip(iea.status(), SITUATIONS, strict=True):
            assert iea("lab", "break", host, situation).code == 0
        machines = iea.state / "lab" / "workstations"
        before, files = _stands(iea), _files(machines)
        done = iea("report", "-i", iea.inventory, "--json")
        hosts = json.loads(done.stdout)["hosts"]
        sheets = {finding["sheet"] for host in hosts for finding in host["findings"]}
        assert {Sheet.SHARE, Sheet.SESSION, Sheet.LICENCE, Sheet.CONNECTION, Sheet.ASSISTANCE} <= sheets
        assert {host["verdict"] for host in hosts} == {"drift"}
        assert _stands(iea) == before
        after = _files(machines)
        assert {path for path in {*files, *after} if files.get(path) != after.get(path)} == set()
        if engine == "pwsh":
            assert len(files) > 20
    finally:
        assert iea("lab", "down").code == 0
