"""Inventories read by the real ansible-inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from iea_fleet.model.errors import InputError
from iea_fleet.rollout.inventory import Host, read_inventory
from iea_fleet.rollout.settings import ROLE_VARIABLES
from iea_fleet.rollout.vault import Vault

FLEET = """
all:
  vars: {ansible_user: adm}
  children:
    site_lyon:
      hosts:
        ws2: {ansible_host: 10.0.0.2}
        ws1: {ansible_user: other}
      children: {site_lyon_annexe: {hosts: {ws4: }}}
    ring_pilot: {hosts: {ws1: }}
    laptops: {hosts: {ws3: }}
"""


def read(path: Path, pattern: str | None = None, vault: Vault | None = None) -> tuple[Host, ...]:
    return read_inventory([str(path)], pattern, vault or Vault(), {})


def test_hosts_come_with_site_address_and_account_each_once(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(FLEET)
    hosts = {host.name: host for host in read(tmp_path / "hosts.yml")}
    assert hosts["ws2"] == Host("ws2", "lyon", "10.0.0.2", "adm")
    assert hosts["ws1"] == Host("ws1", "lyon", "ws1", "other")
    assert hosts["ws3"].site == ""
    assert sorted(hosts) == ["ws1", "ws2", "ws3", "ws4"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("site_lyon:&ring_pilot", ["ws1"]),
        ("ws*:!ws1", ["ws2", "ws3", "ws4"]),
        ("~ws[34]", ["ws3", "ws4"]),
        ("laptops", ["ws3"]),
    ],
)
def test_patterns_are_ansibles(tmp_path: Path, pattern: str, names: list[str]) -> None:
    (tmp_path / "hosts.yml").write_text(FLEET)
    assert sorted(host.name for host in read(tmp_path / "hosts.yml", pattern)) == names


def test_several_sources_and_lists_of_names_are_inventories(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(FLEET)
    hosts = read_inventory([str(tmp_path / "hosts.yml"), "ws8,ws9"], None, Vault(), {})
    assert {"ws1", "ws8", "ws9"} <= {host.name for host in hosts}


def test_a_vault_password_that_was_typed_opens_it_and_is_in_no_repr(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "password").write_text("canary")
    (tmp_path / "hosts.yml").write_text("a: {hosts: {w: }}")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("ansible_user: secret-user")
    vault_file = str(tmp_path / "group_vars" / "all.yml")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", "password", vault_file]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    vault = Vault(password="canary")
    assert "canary" not in repr(vault)
    assert read(tmp_path / "hosts.yml", vault=vault)[0].account == "secret-user"
    with pytest.raises(InputError, match="the vault password that was given does not open"):
        read(tmp_path / "hosts.yml", vault=Vault(password="wrong"))


@pytest.mark.parametrize("transport", ["kerberos", "certificate"])
def test_logons_without_a_password_need_none(tmp_path: Path, transport: str) -> None:
    (tmp_path / "hosts.yml").write_text(
        "a:\n  vars: {ansible_connection: winrm, ansible_user: u, iea_profile: lab,"
        f" ansible_winrm_transport: {transport}}}\n"
        "  hosts: {w: }\n"
    )
    assert [host.name for host in read(tmp_path / "hosts.yml")] == ["w"]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ("", "iea_profile is missing for ws1 and 1 more. Write iea_profile into"),
        (", iea_profile: nowhere", "there is no profile named 'nowhere'"),
        (", iea_profile: ./broken.yml", "broken.yml, line 1: unknown key 'shcema'. Did you mean schema?"),
        (
            ", iea_profile: lab, iea_conection_mode: plain",
            "iea_conection_mode. Did you mean iea_connection_mode",
        ),
    ],
)
def test_what_would_fail_on_every_host_is_told_before_one_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.yml").write_text("shcema: 1\n")
    (tmp_path / "hosts.yml").write_text(
        f"a:\n  vars: {{ansible_connection: winrm, ansible_user: u, ansible_password: p{variables}}}\n"
        "  hosts: {ws1: , ws2: }\n"
    )
    with pytest.raises(InputError) as refused:
        read(tmp_path / "hosts.yml")
    assert told in str(refused.value)
    assert refused.value.exit_code == 3


def test_templates_and_variables_of_the_users_own_are_left_to_ansible(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(
        "a:\n  vars: {ansible_connection: winrm, ansible_user: u, ansible_password: p, iea_profile: '{{ which }}',"
        " which: lab, iea_team: north, ia_profil: x}\n  hosts: {w: }\n"
    )
    assert [host.name for host in read(tmp_path / "hosts.yml")] == ["w"]


def test_the_roles_variables_are_the_ones_that_an_inventory_may_set() -> None:
    root = Path(__file__).parents[2]
    defaults = [name for path in root.glob("roles/*/defaults/main.yml") for name in yaml.safe_load(path.read_text())]
    assert set(ROLE_VARIABLES) == {*defaults, "iea_profile", "iea_site_title"}


def test_a_site_keeps_its_accents_in_any_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    (tmp_path / "hosts.yml").write_text("site_a:\n  vars: {iea_site_title: Crèche}\n  hosts: {w: }\n")
    assert read(tmp_path / "hosts.yml")[0].site == "Crèche"


@pytest.mark.parametrize("pattern", ["~ws1|\udcff", "ws1\n", "ws1,\x1b"])
def test_a_pattern_that_is_no_text_is_refused(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "hosts.yml").write_text(FLEET)
    with pytest.raises(InputError, match="it holds characters that no name has"):
        read(tmp_path / "hosts.yml", pattern)


@pytest.mark.parametrize("pattern", ["", " ", ",", ":", "!", "~", "ws1:!", "~[", "ws[1:5", "ws1]"])
def test_a_pattern_that_ansible_would_take_for_every_host_is_refused(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "hosts.yml").write_text(FLEET)
    with pytest.raises(InputError, match="or leave --limit out for all"):
        read(tmp_path / "hosts.yml", pattern)


@pytest.mark.parametrize("pattern", ["ws[1:4]", "ws1,", "~ws[14]", "all:!laptops", "site_lyon,&all"])
def test_brackets_and_separators_of_ansible_stay(tmp_path: Path, pattern: str) -> None:
    hosts = "\n".join(f"        ws{number}:" for number in range(5))
    (tmp_path / "hosts.yml").write_text(f"{FLEET}    ws:\n      hosts:\n{hosts}\n")
    assert read(tmp_path / "hosts.yml", pattern)


def test_what_was_typed_at_length_is_told_at_no_length(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("a:\n  hosts: {w: }\n")
    for source, pattern in (("x" * 5000, None), (str(tmp_path / "hosts.yml"), "y" * 5000)):
        with pytest.raises(InputError) as refused:
            read_inventory([source], pattern, Vault(), {})
        assert len(str(refused.value)) < 600
