"""Where a password or the vault's password could be left: files, arguments, environments, output, the user's log."""

from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.plugins.conftest import PASSWORD, USER, open_bench
from tests.threats.canaries import Canaries

PROGRAM = (sys.executable, "-c", "from iea_fleet.cli import main; main()")
VAULT_PASSWORD = "canary-of-the-vault-K2mZ81"

SECRETS = {"logon": PASSWORD, "vault": VAULT_PASSWORD}


def test_the_search_finds_what_it_looks_for() -> None:
    canaries = Canaries(SECRETS, ())
    assert canaries.shown(zlib.compress(b"...." + VAULT_PASSWORD.encode())) == {"vault"}
    assert canaries.shown(base64.b64encode(b"12" + PASSWORD.encode("utf-16-le") + b"1")) == {"logon"}
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("answer.json", f"{PASSWORD} " * 9)
    assert PASSWORD.encode() not in bundle.getvalue()
    assert canaries.shown(bundle.getvalue()) == {"logon"}
    assert canaries.shown(b"nothing") == set()


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
        with Canaries(SECRETS, (kept[0], kept[1])) as canaries:
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
    assert canaries.shown(done.stdout + done.stderr) == set()
    assert canaries.samples > 20
    assert canaries.found == set()
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert kept[3] / "ansible.log" in files
    assert [path for path in files if canaries.shown(path.read_bytes())] == []
