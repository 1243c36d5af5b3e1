"""The script that prepares a workstation, run in a real PowerShell against a workstation in memory."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.doctor.prepare import Preparation, prepared_script

WINDOWS = Path(__file__).with_name("windows.ps1")
SID = "S-1-5-21-1-2-3-1001"
SHELLS = f"O:NSG:BAD:P(D;;GA;;;BG)(A;;GXGR;;;{SID})(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)"
Arguments = dict[str, Any]
Run = dict[str, Any]
Prepare = Callable[..., list[Run]]


@pytest.fixture
def prepare(powershell: str, tmp_path: Path) -> Prepare:
    """Runs the script once for each set of arguments, one after the other, on one workstation."""

    def run(*runs: Arguments, asked: Preparation | None = None, **given: Any) -> list[Run]:
        script = tmp_path / "prepare.ps1"
        script.write_text(prepared_script(asked or Preparation("POSTE-12", ("192.0.2.10", "198.51.100.0/28"))), "ascii")
        document = {"runs": runs, "world": {}, "folders": [], "certificates": [], "listener": False} | given
        command = [powershell, "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", str(WINDOWS)]
        done = subprocess.run(
            [*command, str(script), json.dumps(document)], capture_output=True, text=True, check=False
        )
        _, mark, result = done.stdout.partition("<<result>>")
        assert mark, done.stdout + done.stderr
        told: list[Run] = json.loads(result)
        return told

    return run


def test_a_bare_workstation_is_prepared_and_a_second_run_changes_nothing(prepare: Prepare) -> None:
    first, second = prepare({}, {})
    assert first["error"] == second["error"] == ""
    assert first["changes"] == [
        "service Automatic",
        "service started",
        "certificate for POSTE-12, NonExportable",
        "listener for POSTE-12",
        "winrm/config/Service AllowUnencrypted = false",
        "winrm/config/Service/Auth Basic = false",
        "rule 5986 for 192.0.2.10 198.51.100.0/255.255.255.240",
        "account iea-fleet",
        "iea-fleet in S-1-5-32-580",
        f"winrm/config/Service RootSDDL = {SHELLS}",
        "state folder made",
        f"rights O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{SID})",
    ]
    assert second["changes"] == []


def test_it_prints_the_sha256_of_the_certificate_for_the_inventory(prepare: Prepare) -> None:
    first, second = prepare({}, {})
    days = 3 * 365
    pins = [hashlib.sha256(f"POSTE-12 {days + more}".encode()).hexdigest() for more in (0, 1)]
    (line,) = (line for line in first["output"] if "iea_certificate_sha256" in line)
    assert line.split()[-1] in pins
    assert line in second["output"]
    assert "  ansible_host: POSTE-12" in first["output"]


def test_what_if_changes_nothing(prepare: Prepare) -> None:
    (only,) = prepare({"WhatIf": True})
    assert (only["error"], only["changes"]) == ("", [])


def test_what_if_on_a_prepared_one_with_more_to_do_changes_nothing(prepare: Prepare) -> None:
    _, more = prepare(
        {}, {"WhatIf": True, "ControllerAddress": ["203.0.113.1"], "SettingsFolder": ["C:/app"]}, folders=["C:/app"]
    )
    assert (more["error"], more["changes"]) == ("", [])


def test_other_controllers_take_the_place_of_the_former(prepare: Prepare) -> None:
    _, second, third = prepare({}, *[{"ControllerAddress": ["203.0.113.1"]}] * 2)
    assert second["changes"] == ["rule again for 203.0.113.1"]
    assert third["changes"] == []


def test_a_listener_keeps_a_certificate_that_holds(prepare: Prepare) -> None:
    company = {"name": "poste-12.example.org", "friendly": "", "days": 200}
    (only,) = prepare({}, certificates=[company], listener=True)
    assert not [change for change in only["changes"] if "certificate" in change.lower() or "listener" in change]


def test_a_listener_with_a_certificate_that_ends_gets_a_new_one(prepare: Prepare) -> None:
    (only,) = prepare({}, certificates=[{"name": "POSTE-12", "friendly": "iea-fleet WinRM", "days": 10}], listener=True)
    assert "certificate for POSTE-12, NonExportable" in only["changes"]
    assert any(change.startswith("winrm/config/Listener CertificateThumbprint = ") for change in only["changes"])


def test_a_named_certificate_that_is_not_there_is_refused_before_anything_is_changed(prepare: Prepare) -> None:
    (only,) = prepare({"CertificateThumbprint": "AB" * 20})
    assert "has no certificate ABAB" in only["error"]
    assert only["changes"] == []


def test_without_a_controller_nothing_is_opened(prepare: Prepare) -> None:
    (only,) = prepare({}, asked=Preparation())
    assert "-ControllerAddress" in only["error"]
    assert only["changes"] == []


def test_the_account_may_change_the_settings_folders_that_are_named(prepare: Prepare) -> None:
    first, second = prepare(*[{"SettingsFolder": ["C:/app"]}] * 2, folders=["C:/app"])
    assert first["changes"][-1] == f"rights O:BAG:SYD:AI(D;;FW;;;BG)(A;OICI;0x1301bf;;;{SID})(A;ID;FA;;;BA)"
    assert second["changes"] == []


def test_a_settings_folder_that_is_not_there_is_refused(prepare: Prepare) -> None:
    (only,) = prepare({"SettingsFolder": ["C:/nowhere"]})
    assert "C:/nowhere is not there" in only["error"]
    assert only["changes"] == []


def test_a_state_folder_of_somebody_else_is_refused(prepare: Prepare) -> None:
    (only,) = prepare({}, world={"State": "O:S-1-5-21-9-9-9-1005G:BAD:(A;OICI;FA;;;BA)"})
    assert "belongs to somebody else (S-1-5-21-9-9-9-1005)" in only["error"]


def test_an_administrator_is_warned_of_the_filter_which_stays_unless_it_is_asked_for(prepare: Prepare) -> None:
    plain, asked, again = prepare(
        {"Administrator": True}, *[{"Administrator": True, "AllowRemoteAdministrators": True}] * 2
    )
    assert "iea-fleet in S-1-5-32-544" in plain["changes"]
    assert not [change for change in plain["changes"] if "Filter" in change or "RootSDDL" in change]
    assert any("Windows filters the rights of iea-fleet" in line for line in plain["output"])
    assert asked["changes"] == ["LocalAccountTokenFilterPolicy = 1"]
    assert again["changes"] == []


def test_lifting_the_filter_without_an_administrator_is_refused(prepare: Prepare) -> None:
    (only,) = prepare({"AllowRemoteAdministrators": True})
    assert "of no use without -Administrator" in only["error"]


def test_a_public_network_and_windows_own_rules_are_told_and_left_alone(prepare: Prepare) -> None:
    (only,) = prepare({}, world={"Network": "Public"})
    assert any("counts as public" in line for line in only["output"])
    assert any("WINRM-HTTP-In-TCP" in line for line in only["output"])


def test_what_a_group_policy_holds_is_told_and_left_alone(prepare: Prepare) -> None:
    (only,) = prepare({}, world={"Policy": True})
    assert only["error"] == ""
    assert not [change for change in only["changes"] if "AllowUnencrypted" in change or "Basic" in change]
    held = [line for line in only["output"] if "group policy" in line]
    assert [line.split()[4] for line in held] == ["AllowUnencrypted", "Basic"]
    assert not any("Negotiate is off" in line for line in only["output"])


def test_a_group_that_cannot_be_listed_takes_the_account_once(prepare: Prepare) -> None:
    first, second = prepare({}, {}, world={"Listable": False})
    assert (first["error"], second["error"]) == ("", "")
    assert "iea-fleet in S-1-5-32-580" in first["changes"]
    assert second["changes"] == []
