"""A Kerberos realm of the lab's own: a real KDC (krb5-kdc of Debian) on loopback, with everything in one folder.

No file of the system is read or written: programs find the realm by the variables that `Realm.environment` gives.
Secrets go to the KDC's programs on standard input, never as arguments.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import Phrase

_PROGRAMS: Final = ("krb5kdc", "kadmin.local", "kdb5_util")
# Debian has them where only root's PATH points to.
_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_START_S: Final = 10.0
_RUN_S: Final = 30.0


class KdcRefused(LocalFailure):
    """The realm can't be opened on this machine."""


def kdc_is_there() -> bool:
    """Whether the programs of a KDC are installed."""
    return all(shutil.which(program, path=_PATH) for program in _PROGRAMS)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user of the realm.

    `options` are kadmin's words beside name and password: `-allow_tix` locks, `-pwexpire now` ends the password.
    """

    name: str
    password: str = field(repr=False)
    options: tuple[str, ...] = ()


class Realm:
    """A realm whose KDC runs from `open` to `close`; a context manager does both.

    Args:
        folder: its own, made when missing; holds database, keys and configuration.
        name: the realm, as `LAB.EXAMPLE`.
        shift: how far the KDC's clock is off, as faketime writes it (`-10m`); None: it is right.
    """

    def __init__(self, folder: Path, name: str, *, shift: str | None = None) -> None:
        self.folder, self.name = folder, name
        self._shift = shift
        self._kdc: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        """The krb5.conf for clients: what `KRB5_CONFIG` must name."""
        return self.folder / "krb5.conf"

    @property
    def keytab(self) -> Path:
        """The keys of every service that was added."""
        return self.folder / "lab.keytab"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by which clients find the realm, and keep their tickets in its folder."""
        return {"KRB5_CONFIG": str(self.config), "KRB5CCNAME": f"FILE:{self.folder / 'tickets'}"}

    def __enter__(self) -> Realm:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Make a new database and start the KDC. Raises: KdcRefused."""
        if not kdc_is_there():
            raise KdcRefused(
                self._where,
                "this machine has no Kerberos KDC",
                "Install krb5-kdc and krb5-admin-server, or choose another logon.",
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port = _free_port()
        self.config.write_text(_CONFIG.format(realm=self.name, domain=self.name.lower(), port=port), encoding="utf-8")
        (self.folder / "kdc.conf").write_text(
            _KDC_CONFIG.format(realm=self.name, folder=self.folder, port=port), encoding="utf-8"
        )
        (self.folder / "kadm5.acl").touch()
        master = secrets.token_hex(16)
        self._run("kdb5_util", "-r", self.name, "create", "-s", told=f"{master}\n{master}\n")
        self._start(port)

    def _start(self, port: int) -> None:
        words = ["krb5kdc", "-n", "-r", self.name, "-P", str(self.folder / "kdc.pid")]
        if self._shift is not None:
            words = ["faketime", "-f", self._shift, *words]
        if shutil.which("setpriv", path=_PATH):
            # Whatever ends the lab ends its KDC too.
            words = ["setpriv", "--pdeathsig", "TERM", "--", *words]
        self._kdc = subprocess.Popen(
            words,
            env=self._kdc_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_S
        while not _answers(port):
            if self._kdc.poll() is not None or time.monotonic() > deadline:
                log = self.folder / "kdc.log"
                said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2] if log.is_file() else ""
                self.close()
                raise KdcRefused(self._where, "the KDC did not start: {said}", "See kdc.log there.", said=said[:300])
            time.sleep(0.02)

    def add_users(self, users: Sequence[Principal]) -> None:
        """Add users. Raises: KdcRefused."""
        self._ask(
            *(
                f"add_principal {' '.join(user.options)} -pw {_quoted(user.password)} {_quoted(user.name)}"
                for user in users
            )
        )

    def change_user(self, name: str, *options: str) -> None:
        """Change a user by kadmin's words, as `-allow_tix`. Raises: KdcRefused."""
        self._ask(f"modify_principal {' '.join(options)} {_quoted(name)}")

    def add_hosts(self, hosts: Sequence[str], *, services: Sequence[str] = ("HTTP", "WSMAN", "host")) -> None:
        """Give workstations, by their full names, keys for `services`, in the keytab. Raises: KdcRefused."""
        principals = [f"{service}/{host.lower()}" for host in hosts for service in services]
        # A folder for each host's own would be truer; the acceptor looks at the ticket's name instead.
        self._ask(
            *(f"add_principal -randkey {principal}" for principal in principals),
            *(f"ktadd -norandkey -q -k {self.keytab} {principal}" for principal in principals),
        )
        self.keytab.chmod(0o600)

    def close(self) -> None:
        """Stop the KDC; its folder stays."""
        if self._kdc is not None:
            if self._kdc.poll() is None:
                # The session is its own: faketime and krb5kdc both.
                os.killpg(self._kdc.pid, signal.SIGTERM)
            self._kdc.wait(_START_S)
            self._kdc = None

    @property
    def _where(self) -> Phrase:
        return Phrase("realm {name}", name=self.name)

    def _kdc_environment(self) -> dict[str, str]:
        return {
            "PATH": _PATH,
            "LC_ALL": "C.UTF-8",
            "KRB5_CONFIG": str(self.config),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
        }

    def _ask(self, *queries: str) -> None:
        said = self._run("kadmin.local", "-r", self.name, told="".join(f"{query}\n" for query in queries))
        # It answers a failed query on standard error, and ends with 0 all the same.
        failed = [line for line in said.splitlines() if " while " in line or "usage:" in line]
        if failed:
            raise KdcRefused(self._where, "kadmin.local said: {said}", "Give another name.", said=failed[0][:300])

    def _run(self, program: str, *arguments: str, told: str) -> str:
        try:
            done = subprocess.run(
                [program, *arguments],
                input=told.encode(),
                capture_output=True,
                check=True,
                # Each key is written through to the disk.
                timeout=_RUN_S + 0.1 * told.count("\n"),
                env=self._kdc_environment(),
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            what = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise KdcRefused(
                self._where, "{program} failed: {said}", "See its folder.", program=program, said=what[:300]
            ) from error
        return done.stderr.decode("utf-8", "replace")


def _free_port() -> int:
    """A port that is free for TCP and UDP; the KDC can't be asked to choose one itself."""
    for _ in range(16):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise KdcRefused(Phrase("the lab's realm"), "no port is free", "Close what holds them.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _quoted(word: str) -> str:
    """A word of a kadmin query; a quote in it is doubled."""
    if any(character in word for character in "\n\r\0"):
        raise KdcRefused(Phrase("the lab's realm"), "a name or password has a line break", "Give another.")
    return '"' + word.replace('"', '""') + '"'


# Addresses are names to Kerberos, and no name is looked up: an address has no key, as on Windows.
_CONFIG: Final = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    forwardable = true
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    .{domain} = {realm}
    {domain} = {realm}
"""
_KDC_CONFIG: Final = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/kadm5.acl
        max_life = 10h
        max_renewable_life = 1d
        default_principal_flags = +preauth
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
    default = FILE:{folder}/kdc.log
"""
