"""The lab's folder and socket, with what somebody put there: nothing elsewhere is touched, and the lab still closes."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iea_fleet.cli.app import run
from iea_fleet.lab.application import Installation
from iea_fleet.lab.application.condition import Condition
from iea_fleet.lab.messages import LabRecord, LabSettings
from iea_fleet.lab.process import RECORD
from iea_fleet.lab.pwsh.folder import WorkstationFolder
from iea_fleet.lab.share.files import SharePlace
from iea_fleet.lab.share.servers import make_accounts

PROGRAM = (sys.executable, "-c", "import os; os.umask(0); from iea_fleet.cli import main; main()")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's folder in a new state folder, and a victim beside them."""
    monkeypatch.setenv("IEA_FLEET_STATE", str(tmp_path / "state"))
    lab = tmp_path / "state" / "lab"
    lab.mkdir(parents=True, mode=0o700)
    lab.parent.chmod(0o700)
    (tmp_path / "victim").write_text("mine")
    return lab


def test_a_record_that_names_other_files_and_processes_harms_neither(folder: Path, tmp_path: Path) -> None:
    victim = str(tmp_path / "victim")
    settings = LabSettings(hosts=1, sites=1, inventory=victim)
    record = LabRecord(pid=os.getpid(), socket=victim, settings=settings)
    (folder / RECORD).write_text(record.model_dump_json())
    assert run(["lab", "down"]) == 0
    assert Path(victim).read_text() == "mine"
    assert not (folder / RECORD).exists()


@pytest.mark.parametrize("name", ["lab.log", "lock"])
def test_a_link_in_a_files_place_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).symlink_to(tmp_path / "victim")
    up = ("lab", "up", "--detach", "--hosts", "1", "--port", "0", "--inventory", str(tmp_path / "i" / "hosts.yml"))
    done = subprocess.run([*PROGRAM, *up], capture_output=True, text=True, timeout=60)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
    assert (tmp_path / "victim").read_text() == "mine"


def test_a_folder_that_others_can_write_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.chmod(0o777)
    assert run(["lab", "status"]) == 6
    assert "other users can write this folder" in capsys.readouterr().err


def test_whoever_connects_and_is_silent_does_not_keep_the_lab_up(folder: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "i" / "hosts.yml"
    up = ("lab", "up", "--detach", "--hosts", "1", "--port", "0", "--inventory", str(inventory))
    subprocess.run([*PROGRAM, *up], capture_output=True, check=True, timeout=60)
    record = json.loads((folder / RECORD).read_text())
    assert stat.S_IMODE(Path(record["socket"]).stat().st_mode) & 0o077 == 0
    vault = inventory.parent / "group_vars" / "all" / "vault.yml"
    assert stat.S_IMODE(vault.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(record["socket"])
        began = time.monotonic()
        assert subprocess.run([*PROGRAM, "lab", "down"], capture_output=True, timeout=60).returncode == 0
        assert time.monotonic() - began < 15
    assert not vault.exists()


def test_what_a_workstation_s_programs_read_is_for_the_owner_only(tmp_path: Path) -> None:
    made = WorkstationFolder(
        tmp_path / "lab" / "PC-1", "PC-1", "adm", Path(sys.executable), "http://127.0.0.1:9", tmp_path / "a.pem",
        SharePlace("SERVEUR-01"), tmp_path / "database", make_accounts(),
    )  # fmt: skip
    before = os.umask(0)
    try:
        made.make()
        made.surround(Condition(installation=Installation("PC-1")), "fr-FR")
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.root.stat().st_mode) == 0o700
    secret = [path for path in made.root.iterdir() if path.suffix == ".json"]
    assert "password" in made.share.read_text()
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in secret} == {
        "application.json": 0o600,
        "share.json": 0o600,
    }
