"""Ansible's psrp connection against a workstation with a real PowerShell, and its plain scripts on both engines."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from tests.lab.psrp.conftest import NAME, PASSWORD, USER, Host


def variables(host: Host) -> dict[str, Any]:
    """What an inventory says of a host of the lab for psrp."""
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": host.port,
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "ntlm",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
    }


def ansible(host: Host, folder: Path, module: str, arguments: str = "") -> tuple[int, dict[str, Any]]:
    """Run one module as a user would, and give Ansible's exit code and the result."""
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {NAME: variables(host)}}}), encoding="utf-8")
    ended = subprocess.run(
        [Path(sys.executable).with_name("ansible"), "-i", inventory, "all", "-m", module, "-a", arguments],
        env={**os.environ, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.json"}
        | {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_DEPRECATION_WARNINGS": "0"},
        capture_output=True, timeout=120, check=False, cwd=folder,
    )  # fmt: skip
    text = ended.stdout.decode()
    assert "{" in text, ended
    said = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return ended.returncode, said["plays"][0]["tasks"][0]["hosts"][NAME] if "plays" in said else said


@pytest.fixture
def connection(host: Host) -> Iterator[Any]:
    """Ansible's plugin itself, connected."""
    plugin = connection_loader.get("psrp", PlayContext())
    plugin.set_options(var_options=variables(host))
    plugin._connect()
    yield plugin
    plugin.close()
    assert host.workstation.shells == {}


def test_a_raw_command_gives_output_and_exit_code(connection: Any) -> None:
    assert connection.exec_command("'un'\n'deux héé'; exit 3")[:2] == (3, "un\r\ndeux héé".encode())
    assert connection.exec_command("'again'")[:2] == (0, b"again")


def test_a_module_runs(pwsh: Host, tmp_path: Path) -> None:
    code, result = ansible(pwsh, tmp_path, "ansible.windows.win_ping", "data=pong")
    assert (code, result["ping"]) == (0, "pong")


def test_a_module_that_fails_says_why(pwsh: Host, tmp_path: Path) -> None:
    code, result = ansible(pwsh, tmp_path, "ansible.windows.win_ping", "data=crash")
    assert (code, "boom" in json.dumps(result)) == (2, True)


@pytest.mark.parametrize("size", [0, 1, 700_000])
def test_files_travel_both_ways(pwsh: Host, tmp_path: Path, size: int) -> None:
    plugin = connection_loader.get("psrp", PlayContext())
    plugin.set_options(var_options=variables(pwsh))
    content = secrets.token_bytes(size)
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    source.write_bytes(content)
    plugin.put_file(str(source), str(there))
    assert there.read_bytes() == content
    plugin.fetch_file(str(there), str(back))
    assert back.read_bytes() == content
    with pytest.raises(AnsibleError, match="failed to transfer file"):
        plugin.fetch_file(str(tmp_path / "nowhere"), str(back))
    plugin.close()
