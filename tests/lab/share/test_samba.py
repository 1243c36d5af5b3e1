"""The samba of a lab as a process: what it listens on, who may read its files, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iea_fleet.lab.share import samba as samba_module
from iea_fleet.lab.share.faults import ShareFault
from iea_fleet.lab.share.files import DATABASE, SESSIONS, DiskFolder, MemoryFolder
from iea_fleet.lab.share.samba import SambaServers
from iea_fleet.lab.share.servers import MOST_HOSTS_FOR_SAMBA, ShareKind, make_accounts, open_servers
from iea_fleet.lab.share.visit import FolderServers, Reached, Standing, Visit
from iea_fleet.model.answer import ShareLayer
from tests.lab.share.places import JUDO

OPENED = Reached(ShareLayer.NONE, 0)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def processes_of(root: Path) -> list[Path]:
    return [entry for entry in Path("/proc").glob("[0-9]*") if str(root).encode() in _bytes_of(entry / "cmdline")]


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_it_listens_on_its_loopback_address_and_on_no_other(samba: SambaServers) -> None:
    lines = Path("/proc/net/tcp").read_text().splitlines() + Path("/proc/net/tcp6").read_text().splitlines()
    listening = [line.split()[1] for line in lines[1:] if line.split()[3] == "0A"]
    ours = [address for address in listening if address.endswith(f":{samba.port:04X}")]
    assert ours == [f"0100007F:{samba.port:04X}"]


def test_it_runs_as_an_ordinary_account(samba: SambaServers) -> None:
    owners = {entry.stat().st_uid for entry in processes_of(samba.root)}
    assert owners
    assert 0 not in owners


def test_no_other_account_can_read_its_files(samba: SambaServers) -> None:
    assert stat.S_IMODE(samba.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((samba.root / "private" / "smbpasswd").stat().st_mode) == 0o600


def test_no_password_is_in_its_files_or_arguments(samba: SambaServers) -> None:
    files = b"".join(_bytes_of(path) for path in samba.root.rglob("*") if path.is_file())
    said = b"".join(_bytes_of(entry / "cmdline") + _bytes_of(entry / "environ") for entry in processes_of(samba.root))
    for account in samba.accounts.values():
        assert account.password.encode() not in files + said
        assert account.password not in repr(account)


def test_what_is_laid_in_the_folder_is_on_the_share_at_once(samba: SambaServers) -> None:
    folder = samba.folder(JUDO)
    visit = Visit(JUDO, "Base", SESSIONS)
    folder.write(SESSIONS, b"user;poste;depuis\r\n")
    assert samba.visit(visit) == OPENED
    folder.remove(SESSIONS)
    assert samba.visit(visit) == Reached(ShareLayer.FILE, 2)


def test_many_workstations_are_served_at_once(samba: SambaServers) -> None:
    visits = [Visit(JUDO, "Base", DATABASE, scratch=f"iea-fleet-{number}.tmp") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(samba.visit, visits)) == {OPENED}


def test_it_ends_and_leaves_nothing_when_it_is_stopped(samba: SambaServers) -> None:
    other = SambaServers((JUDO,), make_accounts())
    root, port = other.root, other.port
    assert not refuses(port)
    other.stop()
    assert refuses(port)
    assert not root.exists()
    assert processes_of(root) == []
    other.stop()


@pytest.mark.parametrize("faults", [(), (ShareFault.DATABASE_IN_USE,)])
def test_a_visit_after_the_server_has_died_is_refused(samba: SambaServers, faults: tuple[ShareFault, ...]) -> None:
    other = SambaServers((JUDO,), make_accounts())
    try:
        for entry in processes_of(other.root):
            os.kill(int(entry.name), signal.SIGKILL)
        assert within(5, lambda: refuses(other.port))
        visit = Visit(JUDO, "Base", DATABASE, faults=frozenset(faults))
        assert other.visit(visit) == Reached(ShareLayer.TCP, 10061)
    finally:
        other.stop()


def test_it_ends_with_a_lab_that_was_killed_and_the_next_one_clears_up(samba: SambaServers) -> None:
    script = (
        "import sys, time\n"
        "from iea_fleet.lab.share.files import SharePlace\n"
        "from iea_fleet.lab.share.samba import SambaServers\n"
        "from iea_fleet.lab.share.servers import make_accounts\n"
        "servers = SambaServers((SharePlace('SRV'),), make_accounts())\n"
        "print(servers.port, servers.root, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        port, root = lab.stdout.readline().split()
        lab.kill()
        lab.wait()
    try:
        assert within(10, lambda: refuses(int(port)))
        assert within(10, lambda: processes_of(Path(root)) == [])
        assert Path(root).exists()
    finally:
        SambaServers((JUDO,), make_accounts()).stop()
    assert not Path(root).exists()
    assert samba.root.exists()


def test_a_lab_without_samba_gets_folders_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samba_module, "find_smbd", lambda: Path("/bin/false"))
    servers, refused = open_servers(ShareKind.AUTO, (JUDO,), hosts=3)
    assert isinstance(servers, FolderServers)
    assert refused is not None
    assert refused.what == "smbd does not start here: it says nothing"


def test_a_large_lab_gets_folders_in_memory_without_a_word() -> None:
    servers, refused = open_servers(ShareKind.AUTO, (JUDO,), hosts=MOST_HOSTS_FOR_SAMBA + 1)
    assert isinstance(servers.folder(JUDO), MemoryFolder)
    assert refused is None


def test_folders_can_lie_on_disk(tmp_path: Path) -> None:
    servers, _ = open_servers(ShareKind.FOLDER, (JUDO,), hosts=1, root=tmp_path)
    servers.folder(JUDO).write(DATABASE, b"x")
    assert (tmp_path / "SRV-JUDO" / "Impact" / "Base" / DATABASE).read_bytes() == b"x"
    assert isinstance(servers.folder(JUDO), DiskFolder)
    assert len({account.password for account in servers.accounts.values()}) == len(Standing)
