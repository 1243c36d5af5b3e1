"""`lab up --logon`: the inventory that it writes logs on that way, with Ansible's own connection."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import winrm

from iea_fleet.lab import kdc
from iea_fleet.lab.http import kerberos
from tests.lab.fleet.conftest import PROGRAM, CommandLine

PLAYBOOKS = Path(__file__).parents[3] / "playbooks"


def push(iea: CommandLine, **environment: str) -> dict[str, str]:
    """Push to the lab by its inventory; each host's verdict."""
    done = subprocess.run(
        [PROGRAM, "push", "-i", iea.inventory, "--json"],
        env={**os.environ, **iea.environment, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout, done.stderr
    return {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}


def test_a_lab_with_kerberos_has_a_realm_that_is_gone_with_it(iea: CommandLine) -> None:
    if not (kdc.kdc_is_there() and kerberos.kerberos_is_there()):
        pytest.skip("no Kerberos here: it needs krb5-kdc and the extra kerberos")
    pytest.importorskip("kerberos")
    done = iea("lab", "up", "--detach", "--port", "0", "--hosts", "2", "--situation", "right", "--logon", "kerberos")
    config = iea.state / "lab" / "kerberos" / "krb5.conf"
    assert done.code == 0, done.stderr
    assert f"export KRB5_CONFIG={config}" in done.stdout
    assert set(push(iea, KRB5_CONFIG=str(config)).values()) == {"ok"}
    assert {host["refused_logons"] for host in iea.status().values()} == {0}
    iea("lab", "down")
    assert not config.parent.exists()


def test_a_lab_with_credssp(iea: CommandLine) -> None:
    if not winrm.transport.HAVE_CREDSSP:
        pytest.skip("pywinrm has no CredSSP here: it needs the package requests-credssp")
    iea.up("--hosts", "1", "--situation", "right", "--logon", "credssp")
    assert "ansible_winrm_transport: credssp" in iea.inventory.read_text()
    assert set(push(iea).values()) == {"ok"}


@pytest.mark.parametrize(("logon", "code"), [("ntlm", 2), ("credssp", 0)])
def test_a_logon_that_hands_its_credentials_on_reaches_the_share(iea: CommandLine, logon: str, code: int) -> None:
    if not winrm.transport.HAVE_CREDSSP:
        pytest.skip("pywinrm has no CredSSP here: it needs the package requests-credssp")
    iea.up("--hosts", "1", "--situation", "right", "--share", "folder", "--logon", logon)
    iea("lab", "break", "all", "share_double_hop")
    done = subprocess.run(
        [PROGRAM.with_name("ansible-playbook"), "-i", iea.inventory, PLAYBOOKS / "share.yml"],
        env={**os.environ, "ANSIBLE_CONFIG": str(PLAYBOOKS.parent / "ansible.cfg")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stdout
    assert ("share.not_judged" in done.stdout) == bool(code)


def test_a_lab_with_certificates(iea: CommandLine) -> None:
    iea.up("--hosts", "1", "--situation", "right", "--logon", "certificate", "--https")
    assert "ansible_password" not in iea.inventory.read_text()
    certificate = iea.state / "lab" / "client.pem"
    assert certificate.stat().st_mode & 0o077 == 0
    assert set(push(iea).values()) == {"ok"}
    iea("lab", "down")
    assert not certificate.exists()


def test_the_inventory_uses_ntlm_unless_it_is_told_otherwise(iea: CommandLine) -> None:
    iea.up("--hosts", "1", "--auth", "basic", "--auth", "ntlm", "--logon", "basic")
    assert "ansible_winrm_transport: basic" in iea.inventory.read_text()


def test_kerberos_without_its_package_is_one_sentence(iea: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iea_fleet.lab.logons.kerberos_is_there", lambda: False)
    done = iea("lab", "up", "--port", "0", "--hosts", "1", "--logon", "kerberos")
    assert (done.code, done.stderr.count("\n")) == (6, 1)
    assert "pip install 'iea-fleet[kerberos]'" in done.stderr


def test_kerberos_without_a_kdc_is_one_sentence(
    iea: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("iea_fleet.lab.logons.kerberos_is_there", lambda: True)
    monkeypatch.setattr(kdc, "_PATH", str(tmp_path))
    done = iea("lab", "up", "--port", "0", "--hosts", "1", "--logon", "kerberos")
    assert "Install krb5-kdc and krb5-admin-server, or choose another logon." in done.stderr
