"""The script that prepares a workstation is Windows PowerShell 5.1 on .NET Framework 4.5.2, as far as text tells."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.doctor.prepare import SCRIPT, Preparation, prepared_script
from tests.agent.test_windows_powershell import COMMON, ENGINE_TYPES, LISTING, lineage, names_of

FULL = Preparation("POSTE-12.example.org", ("192.0.2.10", "2001:db8::/64"), "iea", "AB" * 20)

ENGINE_MEMBERS = {"ShouldProcess", "PSObject", "Properties", "Name", "FullyQualifiedErrorId"}
COMMAND_MEMBERS = {
    # what the commands' objects have: services, WSMan instances, network, firewall, accounts, registry, ACLs
    *("Status", "Start", "Transport", "Address", "Port", "CertificateThumbprint", "AllowUnencrypted", "Basic"),
    *("Negotiate", "RootSDDL", "NetworkCategory", "RemoteAddress", "LocalPort", "Enabled", "SID", "Sddl"),
    "LocalAccountTokenFilterPolicy",
}


@pytest.fixture(scope="module", params=["as shipped", "filled in"])
def used(request: pytest.FixtureRequest, powershell: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script uses."""
    text = SCRIPT.read_text("ascii") if request.param == "as shipped" else prepared_script(FULL)
    path = tmp_path_factory.mktemp("listing") / "prepare.ps1"
    path.write_text(text, "ascii")
    command = [powershell, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", str(LISTING)]
    done = subprocess.run([*command, str(path)], capture_output=True, check=True)
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_it_parses_and_uses_no_later_syntax(used: dict[str, Any]) -> None:
    assert used["errors"] == []
    assert used["syntax"] == []


def test_every_command_with_its_parameters_is_one_of_5_1(used: dict[str, Any], windows_facts: Path) -> None:
    known = json.loads((windows_facts / "powershell-5.1-commands.json").read_text("utf-8"))
    wrong = []
    for command in used["commands"]:
        name = command["name"]
        if name in used["functions"]:
            continue
        if name not in known:
            wrong.append(f"{name}, line {command['line']}")
        else:
            wrong += [
                f"{name} -{each}" for each in set(command["parameters"]) - set(known[name]["parameters"]) - COMMON
            ]
    assert not wrong
    assert len(used["commands"]) > 60


def test_every_splatted_parameter_is_one_of_5_1(windows_facts: Path) -> None:
    known = json.loads((windows_facts / "powershell-5.1-commands.json").read_text("utf-8"))
    for command, names in {
        "New-SelfSignedCertificate": "DnsName CertStoreLocation FriendlyName NotAfter KeyExportPolicy TextExtension",
        "New-NetFirewallRule": "Name Direction Action Protocol LocalPort RemoteAddress",
        "Set-NetFirewallRule": "Name Direction Action Protocol LocalPort RemoteAddress",
        "New-LocalUser": "Name Password Description",
    }.items():
        assert set(names.split()) <= set(known[command]["parameters"])


def test_every_type_and_static_member_is_one_of_net_4_5_2(used: dict[str, Any], api: dict[str, Any]) -> None:
    assert not {name for name in used["types"] if name not in api and not name.startswith(ENGINE_TYPES)}
    wrong = [
        use
        for use in used["statics"]
        if not any(use["member"] in names_of(each.get("static", [])) for each in lineage(api, use["type"]))
    ]
    assert not wrong


def test_every_member_of_an_instance_exists_somewhere(used: dict[str, Any], api: dict[str, Any]) -> None:
    known = {name for each in api.values() for name in names_of(each.get("instance", []))}
    known |= ENGINE_MEMBERS | COMMAND_MEMBERS | {key.strip("'") for key in used["keys"]}
    assert not {f"{use['member']}, line {use['line']}" for use in used["members"] if use["member"] not in known}
