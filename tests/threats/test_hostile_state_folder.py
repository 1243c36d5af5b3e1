"""Other users of this machine and the state folder: umask, rights, owners, links."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from iea_fleet.ledger.state import open_state_folder, private_folder, write_private
from iea_fleet.model.errors import LocalFailure


def test_with_umask_000_nothing_that_is_made_can_be_read_or_written_by_others(tmp_path: Path) -> None:
    code = "import os; os.umask(0); from iea_fleet.cli import main; main()"
    state = tmp_path / "a" / "b" / "state"
    subprocess.run([sys.executable, "-c", code, "runs", "list", "--state", str(state)], check=True, capture_output=True)
    made = [state.parent.parent, *state.parent.parent.rglob("*")]
    assert (state / "ledger.sqlite") in made
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize("name", ["runs", "reports", "logs"])
def test_a_folder_inside_that_others_can_write_is_refused(tmp_path: Path, name: str) -> None:
    state = open_state_folder(tmp_path / "state")
    (tmp_path / "state" / name).mkdir()
    (tmp_path / "state" / name).chmod(0o770)
    opens = {
        "runs": lambda: state.run_folder("r"),
        "reports": lambda: state.report_folder("r"),
        "logs": lambda: state.logs,
    }
    with pytest.raises(LocalFailure, match="other users can write this folder"):
        opens[name]()


def test_a_link_to_where_others_can_write_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    state = open_state_folder(tmp_path / "state")
    (state.path / "reports").symlink_to(shared)
    with pytest.raises(LocalFailure, match="other users can write"):
        state.report_folder("r")
    assert list(shared.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_inside_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir(mode=0o700)
    os.chown(tmp_path / "lab", 12345, 12345)
    with pytest.raises(LocalFailure, match="belongs to another user"):
        private_folder(tmp_path / "lab")


def test_what_a_killed_process_of_the_same_number_left_is_no_hindrance(tmp_path: Path) -> None:
    # In a container each run is process 7.
    (tmp_path / f"report.json.{os.getpid()}.new").write_text("left")
    write_private(tmp_path / "report.json", b"new")
    assert (tmp_path / "report.json").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600
