"""The script is Windows PowerShell 5.1 on .NET Framework 4.5.2, as far as that can be read from its text."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.agent import LOADER, Edition
from iea_fleet.agent.script import source_text

LISTING = Path(__file__).with_name("listing.ps1")

COMMON = {"ErrorAction", "ErrorVariable", "WarningAction", "InformationAction", "OutVariable", "Verbose", "Debug"}
ENGINE_TYPES = ("System.Management.Automation.",)  # PowerShell's own, not .NET Framework's
ENGINE_MEMBERS = {"Exception", "FullyQualifiedErrorId", "SessionState", "LanguageMode"}
KEYS_MADE_LATER = {"Changed", "ArgumentList", "NameStarts", "nonce", "Lines", "Place"}
COM_MEMBERS = {"EnumNetworkDrives", "MapNetworkDrive", "RemoveNetworkDrive", "Popup"}
"""Of WScript.Network and WScript.Shell."""
ONLY_IN_WHOLE = {"Invoke-WholeProbe", "Invoke-WholeStep", "New-Release", "Open-Surrounding"}
"""What the short edition calls for parts that no request has which it is sent with."""


@pytest.fixture(scope="module", params=Edition)
def used(powershell: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What an edition of the script, and the loader, use."""
    folder = tmp_path_factory.mktemp("listing")
    (folder / "script.ps1").write_text(source_text(request.param) + LOADER, "ascii")
    command = [powershell, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"]
    paths = [str(LISTING), str(folder / "script.ps1")]
    facts: dict[str, Any] = json.loads(subprocess.run([*command, *paths], capture_output=True, check=True).stdout)
    return facts


def names_of(entries: list[str]) -> set[str]:
    return {entry.partition("(")[0] for entry in entries}


def lineage(api: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """A type and what it inherits from."""
    if name in api:
        yield api[name]
        for base in api[name].get("base", []):
            yield from lineage(api, base.partition("<")[0])


def test_it_parses_and_uses_no_later_syntax(used: dict[str, Any]) -> None:
    assert used["errors"] == []
    assert used["syntax"] == []


def test_every_command_with_its_parameters_is_one_of_5_1(used: dict[str, Any], windows_facts: Path) -> None:
    known = json.loads((windows_facts / "powershell-5.1-commands.json").read_text("utf-8"))
    functions, wrong = set(used["functions"]) | ONLY_IN_WHOLE, []
    for command in used["commands"]:
        name, parameters = command["name"], set(command["parameters"])
        if name in functions or (not name and command["operator"] == "Ampersand"):
            continue
        if name not in known:
            wrong.append(f"{name}, line {command['line']}")
        else:
            wrong += [f"{name} -{each}" for each in parameters - set(known[name]["parameters"]) - COMMON]
    assert not wrong
    assert len(used["commands"]) > 150


def test_every_type_is_one_of_net_4_5_2(used: dict[str, Any], api: dict[str, Any]) -> None:
    assert not {name for name in used["types"] if name not in api and not name.startswith(ENGINE_TYPES)}


def test_every_static_member_is_one_of_net_4_5_2(used: dict[str, Any], api: dict[str, Any]) -> None:
    wrong = []
    for use in used["statics"]:
        if use["type"].startswith(ENGINE_TYPES) or use["member"] == "new":
            continue
        if not any(use["member"] in names_of(each.get("static", [])) for each in lineage(api, use["type"])):
            wrong.append(f"[{use['type']}]::{use['member']}, line {use['line']}")
    assert not wrong


def test_every_member_of_an_instance_exists_somewhere(used: dict[str, Any], api: dict[str, Any]) -> None:
    known = {name for each in api.values() for name in names_of(each.get("instance", []))} | ENGINE_MEMBERS
    # What the script's own dictionaries hold, those of the request, and what the commands' objects have.
    known |= {key.strip("'") for key in used["keys"]} | KEYS_MADE_LATER | REQUEST_KEYS | COMMAND_MEMBERS | COM_MEMBERS
    assert not {f"{use['member']}, line {use['line']}" for use in used["members"] if use["member"] not in known}


def test_every_call_on_an_instance_is_one_of_net(used: dict[str, Any], api: dict[str, Any]) -> None:
    known = {name for each in api.values() for name in names_of(each.get("instance", []))} | COM_MEMBERS
    wrong = [use for use in used["members"] if use["call"] and use["member"] not in known]
    assert not wrong


REQUEST_KEYS = {
    *("accept_status", "after", "arguments", "dry_run", "element", "encoding", "ensure", "expect_host", "fact", "hive"),
    *("key", "kind", "name", "none_of", "one_of", "path", "pattern", "patterns", "pointer", "probe", "require"),
    *("section", "state_folder", "store", "tail_bytes", "target", "timeout_ms", "transaction", "type", "url", "value"),
    *("view", "when", "act", "as_whom", "ask", "connect", "delay_s", "every_ms", "fields", "file", "match", "message"),
    *("names", "only_if", "release", "standard_input", "success", "text", "title", "until", "username", "password"),
    *("values", "within_ms", "write", "at", "one"),
}
COMMAND_MEMBERS = {"ReturnValue", "LastTaskResult", "Sddl", "PSVersion", "PSEdition", "Definition"}
