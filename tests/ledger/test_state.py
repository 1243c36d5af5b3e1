"""The state folder, the locks of runs and the gate."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from iea_fleet.ledger import gate
from iea_fleet.ledger.lock import RunLock, claim, is_held, remove_leftovers
from iea_fleet.ledger.state import find_state_folder, open_state_folder, write_private
from iea_fleet.model.errors import LocalFailure


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_state_folder_and_all_in_it_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        state = open_state_folder(tmp_path / "a" / "b")
        folders = [state.path, state.logs, state.run_folder("r"), state.report_folder("r")]
        write_private(state.path / "f", b"x")
    finally:
        os.umask(before)
    assert [oct(mode(folder)) for folder in folders] == ["0o700"] * 4
    assert mode(state.path / "f") == 0o600


@pytest.mark.parametrize("right", [0o702, 0o720, 0o777])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, right: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(right)
    with pytest.raises(LocalFailure, match=f"mode 0{right:o}") as raised:
        open_state_folder(tmp_path / "open")
    assert raised.value.exit_code == 6
    assert list((tmp_path / "open").iterdir()) == []


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalFailure, match="is a file"):
        open_state_folder(tmp_path / "file")
    with pytest.raises(LocalFailure, match="can't be used"):
        open_state_folder(tmp_path / "file" / "below")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(LocalFailure, match="belongs to another user"):
        open_state_folder(tmp_path / "theirs")


def test_too_little_space_is_told_before_anything_begins(tmp_path: Path) -> None:
    state = open_state_folder(tmp_path / "s")
    with pytest.raises(LocalFailure, match=r"only \d+ kB are free"):
        state.require_space(2**62)


def test_the_folder_is_found_by_option_then_environment_then_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEA_FLEET_STATE", "/from/environment")
    assert find_state_folder(Path("/named")) == Path("/named")
    assert find_state_folder() == Path("/from/environment")
    monkeypatch.delenv("IEA_FLEET_STATE")
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert find_state_folder().name == "iea-fleet"


def test_a_private_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "log").symlink_to(victim)
    write_private(tmp_path / "log", b"new")
    assert victim.read_text() == "mine"
    assert (tmp_path / "log").read_bytes() == b"new"


def test_a_lock_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from iea_fleet.ledger.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert is_held(tmp_path / "lock")
        with pytest.raises(BlockingIOError):
            RunLock(tmp_path)
        process.kill()
    assert not is_held(tmp_path / "lock")


def test_leftovers_of_dead_runs_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    for name in ("dead", "alive"):
        (tmp_path / name / "gate").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with RunLock(tmp_path / "alive"):
        remove_leftovers(tmp_path)
        assert (tmp_path / "alive" / "gate").is_dir()
    assert not (tmp_path / "dead").exists()
    remove_leftovers(tmp_path / "nowhere")


def test_a_gate_stops_everybody_or_one_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.reason_to_skip("anybody") is None
    monkeypatch.setenv(gate.ENVIRONMENT_NAME, str(tmp_path))
    assert gate.reason_to_skip("anybody") is None
    opened = gate.Gate(tmp_path)
    for refused in (True, True, False, True, True):
        gate.note_logon("../../etc/passwd", refused=refused)
    assert gate.reason_to_skip("../../etc/passwd") is None
    gate.note_logon("../../etc/passwd", refused=True)
    assert "was refused on 3 hosts in a row" in str(gate.reason_to_skip("../../ETC/passwd"))
    assert gate.reason_to_skip("another") is None
    opened.shut("the user has had enough")
    assert gate.reason_to_skip("another") == "the user has had enough"
    monkeypatch.setenv(gate.ENVIRONMENT_NAME, str(tmp_path / "gone"))
    assert gate.reason_to_skip("another") == "the run that asked has ended"


def test_a_folder_that_is_taken_for_a_leftover_meanwhile_is_claimed_all_the_same(tmp_path: Path) -> None:
    sweeping = threading.Event()

    def sweep() -> None:
        while not sweeping.is_set():
            remove_leftovers(tmp_path / "runs")

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(300):
            with claim(tmp_path / "runs" / str(number)) as lock:
                assert lock.path.exists()
                (tmp_path / "runs" / str(number) / "gate").mkdir()
    finally:
        sweeping.set()
        sweeper.join()
