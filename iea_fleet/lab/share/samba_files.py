"""What a samba for the lab finds on disk: its configuration, its accounts, the folders of sites and of faults."""

from __future__ import annotations

import pwd
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from spnego._ntlm_raw.crypto import ntowfv1

from iea_fleet.lab.share.faults import ShareFault
from iea_fleet.lab.share.files import DATABASE, SharePlace
from iea_fleet.lab.share.visit import Accounts, Standing

FILE_MODE, FOLDER_MODE = 0o666, 0o777
"""Samba looks at these for its own accounts; the folder above them lets no other account of this system through."""

_MISSING, _DENIED, _NO_FOLDER, _NO_FILE, BUSY, _UNREADABLE, _READ_ONLY = (
    "lab-missing",
    "lab-denied",
    "lab-no-folder",
    "lab-no-file",
    "lab-busy",
    "lab-unreadable",
    "lab-read-only",
)
SHARE_OF_FAULT: Mapping[ShareFault, str] = {
    ShareFault.SHARE_MISSING: _MISSING,
    ShareFault.ACCESS_DENIED: _DENIED,
    ShareFault.PATH_MISSING: _NO_FOLDER,
    ShareFault.DATABASE_MISSING: _NO_FILE,
    ShareFault.DATABASE_IN_USE: BUSY,
    ShareFault.READ_DENIED: _UNREADABLE,
    ShareFault.WRITE_DENIED: _READ_ONLY,
}
"""The share that a workstation with this fault opens in place of its site's, whose neighbours have no fault."""

_FLAGS = {Standing.DISABLED: "DU", Standing.LOCKED: "UL"}
_FOLDERS = ("private", "state", "lock", "cache", "pid", "ncalrpc", "sites", "faults")


def lay(
    root: Path, shares: Mapping[SharePlace, str], accounts: Accounts, unix_names: Sequence[str]
) -> dict[SharePlace, Path]:
    """Make all folders and the files of accounts below `root`.

    Args:
        root: an empty folder.
        shares: the name of each site's share.
        accounts: those of the server.
        unix_names: the account of this system that each of `accounts` stands for, in order.

    Returns: the database folder of each place.
    """
    for name in _FOLDERS:
        (root / name).mkdir(mode=0o700)
    passwords = root / "private" / "smbpasswd"
    passwords.touch(mode=0o600)
    passwords.write_text(_password_lines(accounts, unix_names), encoding="utf-8")
    pairs = zip(unix_names, accounts.values(), strict=True)
    (root / "users.map").write_text("".join(f"!{unix} = {account.name}\n" for unix, account in pairs), encoding="utf-8")
    (root / "faults").chmod(FOLDER_MODE)
    for share in (_DENIED, _NO_FILE, BUSY, _UNREADABLE, _READ_ONLY, _NO_FOLDER):
        own = _made(root / "faults" / share)
        for folder in {place.folder for place in shares} if share != _NO_FOLDER else ():
            inside = _made(own / folder)
            if share != _NO_FILE:
                (inside / DATABASE).write_bytes(b"\x00" * 16)
                (inside / DATABASE).chmod(0o200 if share == _UNREADABLE else FILE_MODE)
    return {place: _made(_made(root / "sites" / share) / place.folder) for place, share in shares.items()}


def configuration(
    root: Path, shares: Mapping[SharePlace, str], unix_names: Sequence[str], address: str, port: int
) -> str:
    """The text of smb.conf: SMB 2 and 3 only, one address, no printers, no guests, no names announced."""
    service, stranger = unix_names[0], unix_names[-1]
    parts = [_GLOBAL.format(root=root, address=address, port=port)]
    parts += [_share(name, root / "sites" / name, service) for name in shares.values()]
    for name in (_NO_FOLDER, _NO_FILE, BUSY, _UNREADABLE):
        parts.append(_share(name, root / "faults" / name, service))
    parts.append(_share(_DENIED, root / "faults" / _DENIED, stranger))
    parts.append(_share(_READ_ONLY, root / "faults" / _READ_ONLY, service, writable=False))
    return "".join(parts)


def _made(folder: Path) -> Path:
    folder.mkdir()
    folder.chmod(FOLDER_MODE)
    return folder


def _share(name: str, path: Path, user: str, *, writable: bool = True) -> str:
    return _SHARE.format(name=name, path=path, user=user, writable="yes" if writable else "no")


def _password_lines(accounts: Accounts, unix_names: Sequence[str]) -> str:
    """smbpasswd(5): name, uid, LM hash (none), NT hash, flags, when the password was set; 0: it must be changed."""
    lines = []
    for unix, (standing, account) in zip(unix_names, accounts.items(), strict=True):
        changed = 0 if standing is Standing.EXPIRED else int(time.time())
        flags = _FLAGS.get(standing, "U")
        fields = (unix, pwd.getpwnam(unix).pw_uid, "X" * 32, ntowfv1(account.password).hex().upper(), f"[{flags:<11}]")
        lines.append(":".join((*map(str, fields), f"LCT-{changed:08X}")) + ":\n")
    return "".join(lines)


_GLOBAL = """\
[global]
server role = standalone server
workgroup = LAB
netbios name = LAB
interfaces = {address}/32
bind interfaces only = yes
smb ports = {port}
disable netbios = yes
server min protocol = SMB2_02
multicast dns register = no
map to guest = never
restrict anonymous = 2
host msdfs = no
passdb backend = smbpasswd:{root}/private/smbpasswd
username map = {root}/users.map
private dir = {root}/private
state directory = {root}/state
lock directory = {root}/lock
cache directory = {root}/cache
pid directory = {root}/pid
ncalrpc dir = {root}/ncalrpc
log file = {root}/log.smbd
max log size = 1000
log level = 0
load printers = no
printing = bsd
printcap name = /dev/null
disable spoolss = yes
usershare max shares = 0
store dos attributes = no
map archive = no
map readonly = no
"""
_SHARE = """
[{name}]
path = {path}
valid users = {user}
writable = {writable}
create mask = 0666
"""
