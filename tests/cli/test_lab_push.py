"""The whole way against the lab's WinRM endpoint: check, push, push again, look, look back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from tests.cli.conftest import LabFleet
else:
    LabFleet = object

DIFFERENCE = """\
  - Address of the update server: http://impact-emploi.urssaf.fr/updates
  + Address of the update server: https://impact-emploi.urssaf.fr/updates
"""


def test_check_predicts_push_changes_and_the_second_push_changes_nothing(lab: LabFleet) -> None:
    predicted = lab("push", "--check", "--diff", "-i", "inventory")
    assert predicted.returncode == 0, predicted.stderr
    assert predicted.stdout.count(DIFFERENCE) == lab.hosts
    assert f"Would change: {lab.hosts}" in predicted.stdout
    seen = lab("report", "--json", "-i", "inventory")
    assert seen.returncode == 1
    assert {host["verdict"] for host in json.loads(seen.stdout)["hosts"]} == {"drift"}
    pushed = lab("push", "--diff", "-i", "inventory")
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.count(DIFFERENCE) == lab.hosts
    assert set(lab.push().values()) == {"ok"}
    assert lab("report", "-i", "inventory").returncode == 0
    newest_first = json.loads(lab("runs", "list", "--json").stdout)
    assert [run["counts"] for run in newest_first] == [
        {"ok": lab.hosts},
        {"ok": lab.hosts},
        {"changed": lab.hosts},
        {"drift": lab.hosts},
        {"changed": lab.hosts},
    ]
    again = lab("runs", "show", newest_first[2]["run"]["id"], "--diff")
    assert again.stdout == pushed.stdout


def test_a_wrong_password_reaches_three_workstations_and_no_more(lab: LabFleet) -> None:
    assert lab("lab", "break", "all", "credentials_rejected").returncode == 0
    verdicts = lab.push()
    assert sorted(verdicts.values()) == ["refused"] * 3 + ["skipped"] * (lab.hosts - 3)
    status = json.loads(lab("lab", "status", "--json").stdout)
    asked = sorted(host["requests"] > 0 for host in status)
    assert asked == [False] * (lab.hosts - 3) + [True] * 3


def test_no_password_is_left_in_the_state_folder_after_a_push(lab: LabFleet) -> None:
    lab.push()
    (vault,) = lab.folder.rglob("vault.yml")
    password = yaml.safe_load(vault.read_text())["vault_iea_lab_password"]
    assert len(password) > 8
    kept = [path for path in (lab.folder / "state").rglob("*") if path.is_file()]
    ours = [path for path in kept if "lab" not in path.relative_to(lab.folder / "state").parts[0]]
    assert any(path.name.startswith("ledger") for path in ours)
    assert [path for path in ours if password.encode() in path.read_bytes()] == []
