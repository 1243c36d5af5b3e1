"""The roles as data: what they document, default and pass on agrees, and Ansible reads it so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.errors import InputError
from iea_fleet.plugins._arguments import Arguments, parse_arguments

REPOSITORY = Path(__file__).parents[2]
ROLES = ("iea_connection", "iea_report")
REQUIRED = {"iea_profile"}


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    binaries = Path(sys.executable).parent
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_argument_specs_and_defaults_agree(role: str) -> None:
    defaults = _load(REPOSITORY / "roles" / role / "defaults" / "main.yml")
    options = _load(REPOSITORY / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert set(options) == set(defaults) | REQUIRED
    for name, option in options.items():
        assert option["description"]
        if name in REQUIRED:
            assert option["required"]
        else:
            assert option["default"] == defaults[name], name


@pytest.mark.parametrize("role", ROLES)
def test_every_default_tells_its_unit_and_its_source(role: str) -> None:
    text = (REPOSITORY / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8")
    for name in re.findall(r"^(iea_\w+):", text, re.MULTILINE):
        comment = re.findall(rf"((?:^#.*\n)+)(?:^iea_.*\n)*^{name}:", text, re.MULTILINE)
        assert comment, name
        if name.endswith("_ms"):
            assert "milliseconds" in comment[0]
        if name.endswith("_s"):
            assert re.search(r"\bseconds", comment[0])


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable_of_its_role(role: str) -> None:
    readme = (REPOSITORY / "roles" / role / "README.md").read_text(encoding="utf-8")
    if role == "iea_connection":
        for name in _load(REPOSITORY / "roles" / role / "defaults" / "main.yml"):
            assert f"`{name}`" in readme


def test_both_roles_want_the_same_of_a_workstation() -> None:
    push, report = (_load(REPOSITORY / "roles" / role / "defaults" / "main.yml") for role in ROLES)
    assert {name: value for name, value in report.items() if name != "iea_report_sheets"} == push


def test_the_vendors_values_are_the_defaults_everywhere() -> None:
    defaults = _load(REPOSITORY / "roles" / "iea_connection" / "defaults" / "main.yml")
    wanted = DesiredConnection()
    assert defaults["iea_connection_mode"] == wanted.mode.value
    assert defaults["iea_connection_authentication_url"] == wanted.authentication_url
    assert defaults["iea_connection_update_url"] == wanted.update_url
    assert defaults["iea_connection_test_timeout_ms"] == wanted.test_timeout_ms
    assert defaults["iea_deadline_s"] == Arguments(profile="lab").deadline_s
    assert defaults["iea_state_folder"] == Arguments(profile="lab").state_folder


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [({"deadline_s": 0}, "iea_deadline_s"), ({"connection": {"mode": "secured"}}, "iea_connection_mode")],
)
def test_a_wrong_value_names_the_variable_to_mend(arguments: dict[str, object], variable: str) -> None:
    defaults = _load(REPOSITORY / "roles" / "iea_connection" / "defaults" / "main.yml")
    assert variable in defaults
    with pytest.raises(InputError, match=rf"the role's variable {variable}\)"):
        parse_arguments({"profile": "lab", **arguments})


def test_the_documentation_of_the_action_names_its_arguments_and_their_defaults() -> None:
    source: dict[str, Any] = {}
    exec((REPOSITORY / "iea_fleet/plugins/modules/iea_workstation.py").read_text(encoding="utf-8"), source)
    options = yaml.safe_load(source["DOCUMENTATION"])["options"]
    assert set(options) == set(Arguments.model_fields)
    assert set(options["connection"]["suboptions"]) == set(DesiredConnection.model_fields)
    values = Arguments(profile="lab").model_dump(mode="json")
    for name in ("sheets", "read_only", "deadline_s", "state_folder"):
        assert options[name]["default"] == values[name]
    assert set(yaml.safe_load(source["RETURN"])) == {"iea_fleet", "msg", "diff"}
    assert yaml.safe_load(source["EXAMPLES"])


@pytest.mark.parametrize("playbook", ["push.yml", "report.yml"])
def test_a_playbook_has_its_time_bound_gathers_nothing_and_lets_no_host_stop_the_others(playbook: str) -> None:
    (play,) = _load(REPOSITORY / "playbooks" / playbook)
    assert play["gather_facts"] is False
    assert "timeout" in play
    assert "any_errors_fatal" not in play


def test_ansible_doc_shows_the_action() -> None:
    shown = _run("ansible-doc", "-t", "module", "-M", "iea_fleet/plugins/modules", "iea_workstation")
    assert shown.returncode == 0, shown.stderr
    assert "deadline_s" in shown.stdout


def test_the_example_inventory_is_read_and_checks_certificates() -> None:
    listed = _run("ansible-inventory", "-i", "inventory", "--list", "--yaml")
    assert listed.returncode == 0, listed.stderr
    text = listed.stdout
    assert "site_riviere" in text
    assert "ansible_winrm_server_cert_validation" not in text
    assert "change-me" not in text
