"""Where a password or the vault's password could be left: files, arguments, environments, output, the user's log."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.conftest import PASSWORD, USER, open_bench

PROGRAM = (sys.executable, "-c", "from iea_fleet.cli import main; main()")
VAULT_PASSWORD = "canary-of-the-vault-K2mZ81"


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it could be found: as it is, in UTF-16, in hexadecimal, in Base64 at each of its three offsets."""
    for raw in (secret.encode(), secret.encode("utf-16-le")):
        yield from (raw, raw.hex().encode(), raw.hex().upper().encode())
        yield from (base64.b64encode(b"x" * skip + raw)[4 if skip else 0 : -4] for skip in range(3))


NEEDLES = tuple(needle for secret in (PASSWORD, VAULT_PASSWORD) for needle in forms(secret))


def shows(data: bytes) -> bool:
    """Whether a secret is in it, in any form, gzip or zlib streams included."""
    parts = [data]
    for magic in (b"\x1f\x8b", b"\x78\x9c"):
        start = data.find(magic)
        while start >= 0:
            with contextlib.suppress(zlib.error):
                parts.append(zlib.decompressobj(47).decompress(data[start:], 1_000_000))
            start = data.find(magic, start + 1)
    return any(needle in part for part in parts for needle in NEEDLES)


def test_the_search_finds_what_it_looks_for() -> None:
    assert shows(zlib.compress(b"...." + VAULT_PASSWORD.encode()))
    assert shows(base64.b64encode(b"12" + PASSWORD.encode("utf-16-le") + b"1"))
    assert not shows(b"nothing")


class Watcher:
    """Looks at every process's arguments and environment, and at files, every 10 ms."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.found: set[str] = set()
        self.samples = 0
        self._folders, self._over = folders, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            self.samples += 1
            paths = [path for kind in ("cmdline", "environ") for path in Path("/proc").glob(f"[0-9]*/{kind}")]
            paths += [path for folder in self._folders for path in folder.rglob("*") if path.is_file()]
            for path in paths:
                try:
                    if shows(path.read_bytes()):
                        self.found.add(str(path))
                except OSError:
                    continue


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_secret_is_left_anywhere_after_a_push_nor_after_a_kill(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("state", "temporary", "home", "log")]
    for folder in kept:
        folder.mkdir(mode=0o700)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {
        "IEA_FLEET_STATE": str(kept[0]),
        "TMPDIR": str(kept[1]),
        "HOME": str(kept[2]),
        "ANSIBLE_LOG_PATH": str(kept[3] / "ansible.log"),
        "ANSIBLE_VERBOSITY": "4",
    }
    with open_bench(tmp_path) as bench:
        port = bench.workstation.description.http_port
        (tmp_path / "hosts.yml").write_text(
            "all:\n  vars: {ansible_connection: winrm, ansible_winrm_scheme: http, ansible_winrm_transport: ntlm,"
            f" ansible_user: {USER}, ansible_port: {port}, iea_profile: lab}}\n"
            "  hosts: {PC-1: {ansible_host: 127.0.0.1}, PC-2: {ansible_host: 127.0.0.1}}\n"
        )
        (tmp_path / "vault-password").write_text(VAULT_PASSWORD)
        variables = tmp_path / "group_vars" / "all.yml"
        variables.parent.mkdir()
        variables.write_text(f"ansible_password: {PASSWORD}\n")
        vault = ("--vault-password-file", "vault-password")
        encrypt = [sys.executable, "-m", "ansible", "vault", "encrypt", *vault, str(variables)]
        subprocess.run(encrypt, cwd=tmp_path, check=True, capture_output=True)
        push = [*PROGRAM, "push", "--diff", "-i", "hosts.yml", *vault, "--output", str(kept[3])]
        with Watcher((kept[0], kept[1])) as watcher:
            began = time.monotonic()
            done = subprocess.run(push, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
            length_s = time.monotonic() - began
            with subprocess.Popen(
                push, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as killed:
                try:
                    killed.wait(length_s * 0.7)
                except subprocess.TimeoutExpired:
                    killed.send_signal(signal.SIGKILL)
    assert done.returncode == 0, done.stderr.decode()
    assert not shows(done.stdout + done.stderr)
    assert watcher.samples > 20
    assert watcher.found == set()
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert kept[3] / "ansible.log" in files
    assert [path for path in files if shows(path.read_bytes())] == []
