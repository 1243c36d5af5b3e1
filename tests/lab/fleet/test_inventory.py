"""The lab's inventory is one that Ansible reads; the account stands apart and for its owner only."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from iea_fleet.lab.fleet.inventory import Access, remove_inventory, vault_path, write_inventory
from iea_fleet.lab.fleet.plan import plan_fleet
from iea_fleet.model.errors import InputError, LocalFailure

FLEET = plan_fleet(4, sites=2, seed=1, situation="right", port=5985, own_addresses=True)
ACCESS = Access("iea-admin", "pässw'ord: #1", "ntlm", None)


def ansible_reads(inventory: Path) -> dict[str, dict[str, object]]:
    program = Path(sys.executable).with_name("ansible-inventory")
    if not program.exists():
        pytest.skip("ansible-inventory is not installed")
    done = subprocess.run(
        [program, "-i", inventory, "--list"], capture_output=True, text=True, check=True, cwd=inventory.parent
    )
    read: dict[str, dict[str, object]] = json.loads(done.stdout)
    return read


def test_ansible_reads_hosts_sites_ports_and_account(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    write_inventory(inventory, FLEET, ACCESS)
    read = ansible_reads(inventory)
    variables = read["_meta"]["hostvars"]
    assert isinstance(variables, dict)
    assert sorted(variables) == sorted(host.name for host in FLEET)
    for host in FLEET:
        assert host.name in read[host.site.group]["hosts"]  # type: ignore[operator]
        its = variables[host.name]
        assert its["ansible_host"] == host.address
        assert its["ansible_port"] == 5985
        assert its["ansible_connection"] == "winrm"
        assert its["ansible_winrm_transport"] == "ntlm"
        assert its["ansible_winrm_scheme"] == "http"
        assert its["iea_computer_name"] == host.name
        assert its["vault_iea_lab_password"] == ACCESS.password


def test_the_password_stands_in_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    write_inventory(inventory, FLEET, ACCESS)
    assert "ssw'ord" in vault_path(inventory).read_text(encoding="utf-8").replace("''", "'")
    assert "ssw'ord" not in inventory.read_text(encoding="utf-8").replace("''", "'")
    assert "ssw'ord" not in repr(ACCESS)
    assert stat.S_IMODE(vault_path(inventory).stat().st_mode) == 0o600


def test_over_https_the_inventory_names_the_lab_authority(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    write_inventory(inventory, FLEET, Access("u", "p", "basic", tmp_path / "ca.pem"))
    variables = ansible_reads(inventory)["_meta"]["hostvars"]
    assert isinstance(variables, dict)
    assert variables[FLEET[0].name]["ansible_winrm_ca_trust_path"] == str(tmp_path / "ca.pem")
    assert variables[FLEET[0].name]["ansible_winrm_scheme"] == "https"


def test_a_persons_own_file_is_never_overwritten_and_never_removed(tmp_path: Path) -> None:
    for name in ("hosts.yml", "group_vars/all/vault.yml"):
        folder = tmp_path / name.replace("/", "-")
        own = folder / name
        own.parent.mkdir(parents=True)
        own.write_text("mine: true\n", encoding="utf-8")
        with pytest.raises(InputError, match="not from the lab"):
            write_inventory(folder / "hosts.yml", FLEET, ACCESS)
        remove_inventory(folder / "hosts.yml")
        assert own.read_text(encoding="utf-8") == "mine: true\n"


def test_it_is_written_again_and_removed_without_a_trace(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    write_inventory(inventory, FLEET, ACCESS)
    write_inventory(inventory, FLEET[:1], ACCESS)
    remove_inventory(inventory)
    remove_inventory(inventory)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LocalFailure, match="the inventory can't be written"):
        write_inventory(tmp_path / "file" / "hosts.yml", FLEET, ACCESS)
    shutil.rmtree(tmp_path)
