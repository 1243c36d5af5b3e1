"""The file servers of all sites as one samba on loopback: a share for each site, and shares that are broken on purpose.

smbd runs as an ordinary account, also where the lab is root's: then as `nobody`, in a folder of its own. It knows the
lab's accounts from a file of its own; each stands for a Unix account that any system has, since samba wants one, and
none of them gets a right by that. It listens on one loopback address and ends with the lab: its standard input is a
pipe from here, and smbd in the foreground ends when that is closed, however this process ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from iea_fleet.lab.share import samba_files
from iea_fleet.lab.share.faults import BY_SERVER, ShareFault
from iea_fleet.lab.share.files import DATABASE, DiskFolder, SharePlace, SiteFolder
from iea_fleet.lab.share.smb import Target, hold, open_on
from iea_fleet.lab.share.visit import (
    FAULT_OF_STANDING,
    Accounts,
    Credential,
    Reached,
    Standing,
    Visit,
    by_rules,
    refused_logon,
)
from iea_fleet.model.answer import ShareLayer
from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

ADDRESS = "127.0.0.1"
_START_S, _STOP_S, _POLL_S = 10.0, 3.0, 0.02
_ATTEMPTS = 3
_PREFIX, _ALIVE = "iea-lab-share-", "alive"
_ORDER = list(ShareLayer)
_LOGON_FAULTS = {ShareFault.ACCOUNT_DISABLED, ShareFault.ACCOUNT_LOCKED, ShareFault.PASSWORD_EXPIRED}


class SambaUnavailable(LocalFailure):
    """No samba can be had here."""

    def __init__(self, what: Phrase) -> None:
        super().__init__("samba", what, "Install it (Debian: apt-get install samba), or take --share folder.")


def find_smbd() -> Path:
    """The program. Raises: SambaUnavailable."""
    # Debian's is where only root's PATH looks.
    found = shutil.which("smbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SambaUnavailable(Phrase("it is not installed here"))
    return Path(found)


class SambaServers:
    """All sites' file servers behind one smbd.

    Args:
        places: one for each site.
        accounts: see `Accounts`.

    Raises: SambaUnavailable when it can't be started; then nothing is left.

    `port` is where it listens, `root` the folder that holds all its files.
    """

    def __init__(self, places: Sequence[SharePlace], accounts: Accounts) -> None:
        self.accounts = accounts
        self._shares = {place: f"site-{number}" for number, place in enumerate(places, 1)}
        self._folders: dict[SharePlace, DiskFolder] = {}
        self._process: subprocess.Popen[bytes] | None = None
        # Bound and not listening: who connects is refused, and nobody else gets the port.
        self._refusing = socket.socket()
        _sweep()
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Held as long as this process lives, however it ends.
        self._alive = (self.root / _ALIVE).open("wb")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self.port = 0
        try:
            self._start(find_smbd())
        except SambaUnavailable:
            self.stop()
            raise
        except OSError as error:
            self.stop()
            raise SambaUnavailable(Phrase("it can't be started ({said})", said=system_said(error))) from error

    def folder(self, place: SharePlace) -> SiteFolder:
        """See `FileServers`."""
        return self._folders[place]

    def visit(self, visit: Visit) -> Reached:
        """See `FileServers`. What happens on the workstation or on the way is played by the table of symptoms."""
        ruled = by_rules(visit.faults - BY_SERVER, visit)
        if ShareFault.SERVER_REFUSES not in visit.faults and _place_of(ruled) <= _ORDER.index(ShareLayer.SHARE):
            return ruled
        return min(ruled, self._served(visit), key=_place_of)

    def stop(self) -> None:
        """See `FileServers`."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        self._refusing.close()
        self._folders.clear()
        _remove(self.root)
        self._alive.close()

    def _served(self, visit: Visit) -> Reached:
        port = self._refusing.getsockname()[1] if ShareFault.SERVER_REFUSES in visit.faults else self.port
        target = Target(
            ADDRESS,
            port,
            self._share(visit),
            visit.below,
            visit.file,
            visit.scratch,
            ShareFault.SESSION_STALE in visit.faults,
        )
        with contextlib.ExitStack() as held:
            if target.share == samba_files.BUSY and port == self.port:
                held.enter_context(self._held(visit))
            return open_on(target, self._credential(visit), visit.timeout_ms)

    def _held(self, visit: Visit) -> contextlib.AbstractContextManager[None]:
        database = Target(ADDRESS, self.port, samba_files.BUSY, visit.place.folder, DATABASE)
        return hold(database, self.accounts[Standing.FINE], visit.timeout_ms)

    def _share(self, visit: Visit) -> str:
        broken = [share for fault, share in samba_files.SHARE_OF_FAULT.items() if fault in visit.faults]
        return broken[0] if broken else self._shares[visit.place]

    def _credential(self, visit: Visit) -> Credential:
        """Who logs on: as asked, or as the fault of the account has it."""
        credential = visit.logon or self.accounts[Standing.FINE]
        if refused_logon(self.accounts, credential) is not None:
            return credential
        if ShareFault.WRONG_PASSWORD in visit.faults:
            return Credential(credential.name, f"{credential.password}-")
        broken = [standing for standing, fault in FAULT_OF_STANDING.items() if fault in visit.faults & _LOGON_FAULTS]
        return self.accounts[broken[0]] if broken else credential

    def _start(self, program: Path) -> None:
        account = _account()
        unix_names = _unix_names(len(self.accounts))
        self._refusing.bind((ADDRESS, 0))
        paths = samba_files.lay(self.root, self._shares, self.accounts, unix_names)
        self._folders = {place: DiskFolder(path, samba_files.FILE_MODE) for place, path in paths.items()}
        for _ in range(_ATTEMPTS):
            self.port = _free_port()
            (self.root / "smb.conf").write_text(
                samba_files.configuration(self.root, self._shares, unix_names, ADDRESS, self.port), encoding="utf-8"
            )
            _give(self.root, account)
            self._process = self._run(program, account)
            if self._accepts():
                return
            _end(self._process)
        raise SambaUnavailable(Phrase("smbd does not start here: {said}", said=self._last_line()))

    def _run(self, program: Path, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
        command = [str(program), "-F", "--no-process-group", "-s", str(self.root / "smb.conf"), "-l", str(self.root)]
        with (self.root / "output").open("wb") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self.root,
                start_new_session=True,
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else [],
            )

    def _accepts(self) -> bool:
        """Wait until the server takes connections; False: it ended, or did not within its time."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((ADDRESS, self.port), timeout=1):
                return True
            time.sleep(_POLL_S)
        return False

    def _last_line(self) -> str | Phrase:
        lines: list[str] = []
        for name in ("output", "log.smbd"):
            with contextlib.suppress(OSError):
                lines += (self.root / name).read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip() and not line.startswith("[")]
        return said[-1][:200] if said else Phrase("it says nothing")


def _place_of(reached: Reached) -> int:
    """The order of layers; `NONE`, which is no failure, comes last."""
    return len(_ORDER) if reached.layer is ShareLayer.NONE else _ORDER.index(reached.layer)


def _account() -> pwd.struct_passwd | None:
    """Who runs the server; None: who runs the lab. Raises: SambaUnavailable."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        raise SambaUnavailable(Phrase("it is not run as root, and this system has no account `nobody`")) from None


def _unix_names(count: int) -> list[str]:
    """Accounts of this system that samba's can stand for. Raises: SambaUnavailable."""
    known = sorted((entry for entry in pwd.getpwall() if entry.pw_uid != 0), key=lambda entry: entry.pw_uid)
    names = list(dict.fromkeys(entry.pw_name for entry in known))[:count]
    if len(names) < count:
        what = "it needs {count} accounts of this system beside root, there are {there}"
        raise SambaUnavailable(Phrase(what, count=count, there=len(names)))
    return names


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _give(root: Path, account: pwd.struct_passwd | None) -> None:
    """Make everything the server's own."""
    if account is not None:
        for path in (root, *root.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its children, the group that it leads."""
    if process.stdin is not None:
        process.stdin.close()
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    # Children that are still at it, and a parent that did not listen.
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, kind)


def _sweep() -> None:
    """Remove the folders that labs left behind which were killed."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(root / _ALIVE, os.O_WRONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(root)
            finally:
                os.close(descriptor)


def _remove(root: Path) -> None:
    """Remove the folder; a child in its last moment may still lay a file there."""
    deadline = time.monotonic() + _STOP_S
    shutil.rmtree(root, ignore_errors=True)
    while root.exists() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        shutil.rmtree(root, ignore_errors=True)
