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

from iea_fleet.diagnosis.transport import KINDS, is_logon_refused
from iea_fleet.ledger.gate import REFUSAL_LIMIT
from iea_fleet.model.base import Strict
from iea_fleet.model.desired import (
    DesiredAssistance,
    DesiredConnection,
    DesiredLicence,
    DesiredSession,
    DesiredShare,
)
from iea_fleet.model.errors import InputError
from iea_fleet.model.finding import Finding, Sheet
from iea_fleet.plugins._arguments import Arguments, parse_arguments
from iea_fleet.rollout.settings import ROLE_VARIABLES

REPOSITORY = Path(__file__).parents[2]
ROLES = (
    "iea_assistance", "iea_connection", "iea_fix", "iea_licence", "iea_report", "iea_session", "iea_share"
)  # fmt: skip
PLAYBOOKS = ("assistance", "fix", "licence", "push", "report", "session", "share")
REQUIRED = {"iea_profile"}
DESIRED: dict[str, type[Strict]] = {
    "connection": DesiredConnection, "share": DesiredShare, "licence": DesiredLicence, "session": DesiredSession,
    "assistance": DesiredAssistance,
}  # fmt: skip
OWN = {("iea_fix", "iea_session_release")}
"""Defaults that one role has otherwise than the others: iea_fix does nothing that was not named."""


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
    for name in _defaults(role):
        assert f"`{name}`" in readme


def _defaults(role: str) -> dict[str, Any]:
    found: dict[str, Any] = _load(REPOSITORY / "roles" / role / "defaults" / "main.yml")
    return found


def test_a_variable_has_the_same_default_in_every_role_that_has_it() -> None:
    seen: dict[str, object] = {}
    for role in ROLES:
        for name, default in _defaults(role).items():
            if (role, name) not in OWN:
                assert seen.setdefault(name, default) == default, (role, name)
    assert {*seen, *REQUIRED, "iea_site_title"} == set(ROLE_VARIABLES)


def test_a_role_passes_every_variable_of_its_own_to_the_action() -> None:
    for role in ROLES:
        parts = sorted((REPOSITORY / "roles" / role).glob("[tv]a*s/*.yml"))
        tasks = "".join(part.read_text(encoding="utf-8") for part in parts)
        for name in _defaults(role):
            assert name in tasks, (role, name)


def test_the_defaults_are_those_of_the_models_and_secrets_come_from_the_environment() -> None:
    defaults = _defaults("iea_fix")
    for sheet, model in DESIRED.items():
        values = model().model_dump(mode="json")
        for name, value in values.items():
            if name == "accept_status":
                continue
            default = defaults[f"iea_{sheet}_{name}"]
            if name == "password":
                assert default == f"{{{{ lookup('env', 'IEA_FLEET_{sheet.upper()}_PASSWORD') }}}}"
            else:
                assert default == ("" if value is None else value), name
    assert defaults["iea_deadline_s"] == Arguments(profile="lab").deadline_s
    assert defaults["iea_state_folder"] == Arguments(profile="lab").state_folder
    assert set(defaults["iea_fix_sheets"]) == set(DESIRED)


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
    for sheet, model in DESIRED.items():
        suboptions = options[sheet]["suboptions"]
        assert set(suboptions) == set(model.model_fields)
        defaults = model().model_dump(mode="json")
        assert {name: option.get("default") for name, option in suboptions.items()} == defaults
    values = Arguments(profile="lab").model_dump(mode="json")
    for name in ("sheets", "read_only", "deadline_s", "state_folder"):
        assert options[name]["default"] == values[name]
    assert set(yaml.safe_load(source["RETURN"])) == {"iea_fleet", "msg", "diff"}
    assert yaml.safe_load(source["EXAMPLES"])


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_has_its_time_bound_gathers_nothing_and_lets_no_host_stop_the_others(playbook: str) -> None:
    (play,) = _load(REPOSITORY / "playbooks" / f"{playbook}.yml")
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


def test_refused_logons_and_how_many_are_too_many_are_the_licence_roles_as_they_are_a_pushes() -> None:
    said = (REPOSITORY / "roles" / "iea_licence" / "vars" / "main.yml").read_text("utf-8")
    refused = {
        code
        for code, kind in KINDS.items()
        if is_logon_refused([Finding(code=code, sheet=Sheet.TRANSPORT, severity=kind.severity)])
    }
    assert set(re.findall(r"'(transport\.[a-z_]+)'", said)) == refused
    assert set(re.findall(r"__iea_licence_refused \| length >= (\d+)", said)) == {str(REFUSAL_LIMIT)}
