"""One inventory, three associations, three places for the password: Ansible Vault, the environment, the keyring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from iea_fleet.lab.workstation import Account
from tests.plugins.conftest import Bench, open_bench
from tests.secret_service import secret_service
from tests.warm import warm_program

VAULT_PASSWORD = "the vault's own"
PASSWORDS = {"vaulted": "canary-of-the-vault-1", "exported": "canary-of-the-env-22", "ringed": "canary-of-the-ring-3"}


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a desktop's session, whose keyring holds the one password."""
    with secret_service(tmp_path) as environment:
        subprocess.run(
            [sys.executable, "-m", "keyring", "set", "iea-fleet", "ringed"],
            env=os.environ | environment, input=PASSWORDS["ringed"], text=True, check=True, capture_output=True,
        )  # fmt: skip
        yield environment


def lay_inventory(bench: Bench, folder: Path) -> Path:
    """An inventory folder as docs and example tell it; each host is the one workstation by another account."""
    inventory = folder / "inventory"
    port = bench.workstation.description.http_port
    hosts = {
        f"site_{user}": {
            "hosts": {f"{user}-01": {"ansible_host": "127.0.0.1", "iea_computer_name": bench.workstation.name}}
        }
        for user in PASSWORDS
    }
    common = {
        "ansible_connection": "winrm",
        "ansible_port": port,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        "iea_profile": "lab",
    }
    sources = {
        "vaulted": "{{ vault_workstation_password }}",
        "exported": "{{ lookup('env', 'EXPORTED_PASSWORD') }}",
        "ringed": "{{ lookup('iea_keyring', ansible_user) }}",
    }
    inventory.mkdir()
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": common, "children": hosts}}))
    for user, source in sources.items():
        variables = inventory / "group_vars" / f"site_{user}"
        variables.mkdir(parents=True)
        (variables / "main.yml").write_text(yaml.safe_dump({"ansible_user": user, "ansible_password": source}))
    vault = inventory / "group_vars" / "site_vaulted" / "vault.yml"
    vault.write_text(yaml.safe_dump({"vault_workstation_password": PASSWORDS["vaulted"]}))
    (folder / "vault-password").write_text(VAULT_PASSWORD)
    subprocess.run(
        [Path(sys.executable).with_name("ansible-vault"), "encrypt", "--vault-password-file", "vault-password", vault],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return inventory


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "LC_", "COLUMNS"))}
    return subprocess.run(
        [*warm_program(), *arguments, "--vault-password-file", str(folder / "vault-password")],
        cwd=folder,
        env=kept
        | {
            "IEA_FLEET_STATE": str(folder / "state"),
            "LANG": "C.UTF-8",
            "EXPORTED_PASSWORD": PASSWORDS["exported"],
        }
        | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def test_each_association_has_its_password_elsewhere(tmp_path: Path, desktop: dict[str, str]) -> None:
    accounts = tuple(Account(user, password) for user, password in PASSWORDS.items())
    with open_bench(tmp_path, accounts=accounts) as bench:
        inventory = lay_inventory(bench, tmp_path)
        ended = run(tmp_path, "push", "-i", str(inventory), "--json", **desktop)
        assert bench.workstation.stats.refused_logons == 0
        assert bench.workstation.stats.logons == len(PASSWORDS)
    assert {host["host"]: host["verdict"] in {"ok", "changed"} for host in json.loads(ended.stdout)["hosts"]} == {
        f"{user}-01": True for user in PASSWORDS
    }, ended.stdout + ended.stderr
    written = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    said = (ended.stdout + ended.stderr).encode()
    assert not any(password.encode() in written + said for password in PASSWORDS.values())


@pytest.mark.parametrize(
    ("site", "said"),
    [("ringed", "keyring set iea-fleet 'ringed'"), ("exported", "no user name or no password")],
)
def test_a_password_that_is_not_there_is_said_and_the_host_is_not_asked(tmp_path: Path, site: str, said: str) -> None:
    with secret_service(tmp_path) as empty, open_bench(tmp_path, accounts=(Account(site, PASSWORDS[site]),)) as bench:
        inventory = lay_inventory(bench, tmp_path)
        ended = run(tmp_path, "push", "-i", str(inventory), "--limit", f"{site}-01", EXPORTED_PASSWORD="", **empty)
        assert bench.workstation.stats.logons == bench.workstation.stats.refused_logons == 0
    assert said in " ".join((ended.stdout + ended.stderr).split())
    assert "Traceback" not in ended.stdout + ended.stderr
