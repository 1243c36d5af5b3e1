"""The playbooks as a user runs them: ansible-playbook, its winrm connection, the lab's endpoint."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.application import RIGHT_SETTINGS
from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Verdict
from tests.plugins.conftest import PASSWORD, REPOSITORY, USER, Bench, visible


def test_check_predicts_the_push_changes_a_look_agrees_and_a_second_push_changes_nothing(bench: Bench) -> None:
    before = bench.machine.disk.snapshot()

    predicted = bench.ansible("--check", "--diff", "--limit", "site_test")
    assert (predicted.exit_code, predicted.result["changed"]) == (0, True)
    assert bench.machine.disk.snapshot() == before

    pushed = bench.ansible("--diff")
    assert (pushed.exit_code, pushed.result["changed"], pushed.outcome.verdict) == (0, True, Verdict.CHANGED)
    assert pushed.result["diff"] == predicted.result["diff"]
    assert {change["after"] for change in pushed.result["diff"]} == {
        "Sécurisé\n", "https://impact-emploi.urssaf.fr\n", "https://impact-emploi.urssaf.fr/updates\n"
    }  # fmt: skip

    after = bench.machine.disk.snapshot()
    changed = {path for path in after if after[path] != before.get(path) and "iea-fleet" not in path}
    assert len(changed) == 3
    ini = next(after[path] for path in changed if path.endswith("connexion.ini"))
    assert "Sécurisé".encode("cp1252") in ini

    again = bench.ansible()
    assert (again.exit_code, again.result["changed"], again.outcome.verdict) == (0, False, Verdict.OK)
    assert bench.machine.disk.snapshot() == after


def test_settings_that_would_change_are_shown_although_another_sheet_fails(bench: Bench) -> None:
    alone = bench.ansible("--check", "--diff")
    every = bench.ansible("--check", "--diff", playbook="fix.yml", iea_share_path=r"\\NOBODY\impact")
    assert every.ended == "failed"
    assert every.result["diff"] == alone.result["diff"]
    for change in every.result["diff"]:
        assert f"--- before: {change['before_header']}\n" in every.text
        assert f"\n+{change['after']}" in every.text


def test_a_round_with_a_compliant_workstation_is_cheap(bench: Bench) -> None:
    bench.lay(RIGHT_SETTINGS)
    outcome = bench.ansible().outcome
    after_logon = sum(bench.workstation.stats.actions.values())
    assert outcome.verdict is Verdict.OK
    assert after_logon <= 6
    assert outcome.traffic.requests == bench.workstation.stats.requests
    # The endpoint counts what crossed its socket.
    assert abs(outcome.traffic.bytes_sent - bench.workstation.stats.bytes_in) < 200
    assert outcome.traffic.bytes_sent < 80_000
    assert not bench.workstation.shells


def test_a_report_changes_nothing_and_a_difference_is_no_failure(bench: Bench) -> None:
    before = bench.machine.disk.snapshot()
    run = bench.ansible(playbook="report.yml")
    assert (run.exit_code, run.outcome.verdict, run.result["changed"]) == (0, Verdict.DRIFT, False)
    assert bench.machine.disk.snapshot() == before


def test_a_wrong_password_is_a_refused_logon_tried_once(bench: Bench) -> None:
    run = bench.ansible(ansible_password="not-it")
    assert (run.exit_code, run.outcome.verdict) == (2, Verdict.REFUSED)
    assert run.codes == ["transport.logon_refused_local_account"]
    assert run.ended == "failed"
    assert bench.workstation.stats.refused_logons == 1


def test_a_workstation_that_is_off_is_unreachable_with_its_reason(bench: Bench) -> None:
    bench.set("refused")
    run = bench.ansible()
    assert (run.exit_code, run.outcome.verdict) == (4, Verdict.UNREACHABLE)
    assert run.ended == "unreachable"
    assert run.codes == ["transport.port_refused"]
    assert run.outcome.detail == "[Errno 111] Connection refused"
    assert run.outcome.findings[0].evidence["retry"] == "wave"


def test_another_workstation_than_the_inventory_says_is_never_written_to(bench: Bench) -> None:
    before = bench.machine.disk.snapshot()
    run = bench.ansible(iea_computer_name="PC-OTHER")
    assert (run.exit_code, run.outcome.verdict) == (2, Verdict.REFUSED)
    assert bench.machine.disk.snapshot() == before


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"iea_profile": "lap"}, "there is no profile named 'lap'"),
        ({"iea_connection_authentication_url": "ftp://x"}, "connection.authentication_url"),
        ({"iea_deadline_s": 1}, "deadline_s"),
        ({"iea_state_folder": 'C:\\a"b'}, "state_folder"),
    ],
)
@pytest.mark.parametrize("mode", [(), ("--check",)])
def test_a_setting_that_can_not_be_used_is_named_before_anything_is_sent(
    bench: Bench, variables: dict[str, Any], said: str, mode: tuple[str, ...]
) -> None:
    run = bench.ansible(*mode, **variables)
    assert (run.exit_code, run.outcome.verdict) == (2, Verdict.SKIPPED)
    assert run.codes == ["transport.input"]
    assert said in run.result["msg"]
    assert bench.workstation.stats.connections == 0


def test_any_other_connection_is_refused(bench: Bench) -> None:
    run = bench.ansible(ansible_connection="local")
    assert (run.exit_code, run.codes) == (2, ["transport.client"])
    assert "use winrm or psrp" in run.result["msg"]


def test_a_shut_gate_skips_the_host_with_the_reason(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = bench.folder / "gate"
    gate.mkdir(mode=0o700)
    (gate / "all").write_text("interrupted")
    monkeypatch.setenv("IEA_FLEET_GATE", str(gate))
    run = bench.ansible()
    assert (run.exit_code, run.outcome.verdict, run.codes) == (0, Verdict.SKIPPED, ["run.stopped"])
    assert run.ended == "skipped"
    assert bench.workstation.stats.connections == 0


def test_nothing_in_a_text_of_the_workstation_is_ever_a_template(bench: Bench) -> None:
    canary = bench.folder / "canary"
    template = f"{{{{ lookup('pipe', 'touch {canary}') }}}}"
    bench.machine.identity = type(bench.machine.identity)(
        computer_name=template, machine_id=template, user=template, os_version=template[:100],
        powershell=template, edition=template, culture=template,
    )  # fmt: skip
    for path in list(bench.machine.disk.snapshot()):
        if path.lower().endswith("connexion.ini"):
            bench.machine.disk.lay(path, f"[Connexion]\r\nModeConnexion={template}\r\n".encode())
    for playbook in ("report.yml", "push.yml"):
        run = bench.ansible("-vvvv", "--diff", playbook=playbook, iea_computer_name="")
        assert template in json.dumps(run.result["iea_fleet"], ensure_ascii=False)
        assert run.exit_code == 0
    assert not canary.exists()


def test_control_codes_of_a_workstation_reach_no_terminal(bench: Bench) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\u202eevil"
    for path in list(bench.machine.disk.snapshot()):
        if path.lower().endswith("serveurs.properties"):
            bench.machine.disk.lay(path, f"serveur.authentification.url={hostile}\r\n".encode())
    run = bench.ansible("--diff")
    assert run.outcome.verdict is Verdict.CHANGED
    assert "\x1b]" not in run.text
    assert "\x07" not in run.text
    assert "\u202e" not in run.text
    assert "<U+202E>evil" in visible(run.text)


def test_the_password_is_in_no_output_no_result_and_no_argument_list(bench: Bench) -> None:
    seen: list[bytes] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    seen.append((process / "cmdline").read_bytes())
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        good = bench.ansible("-vvvvvv")
        bad = bench.ansible("-vvvvvv", ansible_password=f"{PASSWORD}-wrong")
    finally:
        over.set()
        watcher.join()
    assert (good.outcome.verdict, bad.outcome.verdict) == (Verdict.CHANGED, Verdict.REFUSED)
    everything = good.text + bad.text + json.dumps(good.result) + json.dumps(bad.result)
    forms = [PASSWORD, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()]
    assert not [form for form in forms if form in everything]
    assert not any(form.encode() in arguments for form in forms for arguments in seen)


def test_a_wrong_vault_password_stops_before_any_host(bench: Bench) -> None:
    vault = bench.folder / "vault.yml"
    vault.write_text("vault_secret: x\n")
    right, wrong = bench.folder / "right", bench.folder / "wrong"
    right.write_text("right")
    wrong.write_text("wrong")
    subprocess.run(
        [Path(sys.executable).with_name("ansible-vault"), "encrypt", "--vault-password-file", right, vault],
        check=True, capture_output=True, env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg")},
    )  # fmt: skip
    with pytest.raises(AssertionError, match="Decryption failed"):
        bench.ansible("-e", f"@{vault}", "--vault-password-file", str(wrong))
    assert bench.workstation.stats.connections == 0


def test_every_finding_of_a_good_push_is_at_most_information(bench: Bench) -> None:
    run = bench.ansible()
    assert {finding.severity for finding in run.outcome.findings} <= {Severity.OK, Severity.INFO}
