"""What a run knows of the hosts before it asks them."""

from __future__ import annotations

from pathlib import Path

from iea_fleet.rollout.inventory import read_inventory
from iea_fleet.rollout.vault import Vault

INVENTORY = """\
all:
  vars: {ansible_connection: winrm, ansible_user: admin, ansible_password: x}
  children:
    site_riviere:
      vars: {iea_site_title: Association de la Rivière}
      hosts: {accueil: {ansible_host: 192.0.2.1}}
    site_colline:
      hosts: {bureau: }
    others:
      hosts: {alone: }
"""


def test_a_host_has_its_sites_title_else_its_groups_name_else_no_site(tmp_path: Path) -> None:
    file = tmp_path / "hosts.yml"
    file.write_text(INVENTORY, encoding="utf-8")
    hosts = read_inventory([str(file)], "all", Vault(), {"LC_ALL": "C.UTF-8"})
    assert {host.name: (host.site, host.address) for host in hosts} == {
        "accueil": ("Association de la Rivière", "192.0.2.1"),
        "bureau": ("colline", "bureau"),
        "alone": ("", "alone"),
    }
