"""The action over Ansible's psrp connection, in a runspace of workstations of either engine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.emulated.staging import EmulatedStaging
from iea_fleet.lab.engine.staging import Staging
from iea_fleet.lab.live import USER, Lab
from iea_fleet.lab.messages import EngineName, LabSettings
from iea_fleet.lab.pwsh.process import find_pwsh
from iea_fleet.lab.pwsh.staging import PwshStaging
from iea_fleet.lab.workstation import Stats
from iea_fleet.model.errors import InputError
from iea_fleet.model.outcome import Outcome, Verdict
from tests.plugins.conftest import Bench

REPOSITORY = Path(__file__).parents[2]
V = Verdict
PSRP = {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_protocol": "http"}


@dataclass
class Site:
    """A lab of one workstation whose settings are those from before the vendor's change."""

    folder: Path
    lab: Lab

    @property
    def stats(self) -> Stats:
        """The counters of its endpoint."""
        return self.lab.workstations[0].stats

    @property
    def right(self) -> bool:
        """Whether the settings are as the sheet wants them, read by the lab itself."""
        return self.lab.status()[0].right

    def push(self, *options: str) -> tuple[bool, Outcome]:
        """Push over psrp: whether Ansible says changed, and the outcome."""
        record = self.folder / "results.json"
        record.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "IEA_FLEET_TEST_RECORD": str(record),
            "PYTHONPATH": str(REPOSITORY),
        }
        ended = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", self.folder / "inventory.yml", *options,
             "-e", json.dumps(PSRP), REPOSITORY / "playbooks" / "push.yml"],
            env=environment, capture_output=True, timeout=120, check=False, cwd=self.folder,
        )  # fmt: skip
        assert record.exists(), ended.stdout + ended.stderr
        said: dict[str, Any] = json.loads(record.read_text(encoding="utf-8").splitlines()[-1])
        result = said.get("result", said)
        return result["changed"], Outcome.model_validate_json(json.dumps(result["iea_fleet"]))


def make_staging(engine: EngineName, folder: Path) -> Staging:
    """The engine; skips where there is no PowerShell."""
    if engine is EngineName.EMULATED:
        return EmulatedStaging()
    environment = dict(os.environ)
    known = Path("~/.cache/iea-pwsh/linux-x64/pwsh").expanduser()
    if "IEA_FLEET_PWSH" not in environment and not shutil.which("pwsh") and known.exists():
        environment["IEA_FLEET_PWSH"] = str(known)
    try:
        return PwshStaging(folder / "workstations", find_pwsh(environment), USER)
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(params=[EngineName.EMULATED, pytest.param(EngineName.PWSH, marks=pytest.mark.pwsh)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A lab of each engine, in a thread."""
    settings = LabSettings(
        hosts=1, sites=1, engine=request.param, port=0, situation="old_http_urls",
        inventory=str(tmp_path / "inventory.yml"),
    )  # fmt: skip
    lab = Lab(settings, make_staging(request.param, tmp_path), tmp_path)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(lab.start(), loop).result(30)
    yield Site(tmp_path, lab)
    asyncio.run_coroutine_threadsafe(lab.stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_check_predicts_a_push_corrects_and_a_second_push_finds_nothing_to_change(site: Site) -> None:
    changed, outcome = site.push("--check")
    assert (changed, outcome.verdict, site.right) == (True, Verdict.CHANGED, False)

    changed, outcome = site.push()
    assert (changed, outcome.verdict, site.right) == (True, Verdict.CHANGED, True)

    changed, outcome = site.push()
    assert (changed, outcome.verdict, site.right) == (False, Verdict.OK, True)


def test_a_push_is_one_runspace_with_one_pipeline(site: Site) -> None:
    site.push()
    # Windows tells the opened runspace in two answers; the script travels as one input object.
    assert site.stats.actions == {"create": 1, "receive": 3, "command": 1, "send": 1, "delete": 1}
    assert site.stats.bytes_in < 100_000
    assert site.lab.status()[0].shells == 0


IN_PROCESS: dict[str, Any] = {"ansible_psrp_auth": "ntlm", "ansible_psrp_protocol": "http"}
# The first two Receives open the runspace; what strikes after them strikes while the script runs.
RUNNING = {"on": "receive", "after": 2}
ENDS = [
    ("logon_filtered", {}, V.REFUSED, ["logon_refused_local_account"], 1),
    ("shells_quota", {}, V.UNREACHABLE, ["shell_quota"], 1),
    ("operations_quota", {}, V.UNREACHABLE, ["operation_quota"], 3),
    ("late", {"delay_s": 0.05}, V.UNREACHABLE, ["create_timed_out"], 3),
    ("late", {"delay_s": 0.05, "on": "send"}, V.CHANGED, [], 1),
    ("busy", {}, V.CHANGED, [], 1),
    ("input_timeout", {}, V.CHANGED, [], 2),
    ("shells_forgotten", {}, V.CHANGED, [], 2),
    ("access_denied", {}, V.REFUSED, ["access_denied"], 1),
    ("access_denied", {"on": "receive"}, V.REFUSED, ["access_denied"], 1),
    ("access_denied", RUNNING, V.UNKNOWN, ["command_killed"], 1),
    ("refused", {}, V.UNREACHABLE, ["port_refused"], 2),
    ("reset", {"stage": "before_act", "on": "receive"}, V.UNREACHABLE, ["connection_reset"], 3),
    ("reset", {"stage": "before_act", "times": 1, **RUNNING}, V.CHANGED, [], 2),
    ("reset", {"stage": "before_act", "on": "delete"}, V.CHANGED, ["shell_left"], 1),
    ("other_service", {"kind": "not_found"}, V.UNREACHABLE, ["not_winrm"], 1),
    ("other_service", {"kind": "html"}, V.UNREACHABLE, ["not_winrm"], 1),
    ("other_service", {"kind": "unavailable"}, V.UNREACHABLE, ["service_starting"], 1),
    ("constrained_language", {}, V.REFUSED, ["language_mode"], 1),
    ("antivirus", {}, V.REFUSED, ["antivirus_blocked"], 1),
    ("clixml_noise", {}, V.CHANGED, [], 1),
    ("banner", {}, V.CHANGED, ["stdout_noise"], 1),
    ("out_of_memory", {}, V.FAILED, ["memory"], 1),
    ("power_cut", {}, V.CHANGED, [], 2),
    ("no_output", {}, V.UNKNOWN, ["no_answer"], 2),
    ("gzip_bomb", RUNNING, V.UNKNOWN, ["answer_compressed"], 1),
    ("xml_bomb", RUNNING, V.UNKNOWN, ["malformed"], 1),
    ("endless_output", RUNNING, V.UNKNOWN, ["malformed"], 1),
]  # fmt: skip


def codes(outcome: Outcome) -> list[str]:
    """The codes of the transport's findings, without their prefix."""
    return [
        finding.code.removeprefix("transport.") for finding in outcome.findings if finding.code.startswith("transport.")
    ]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("fault", "parameters", "verdict", "findings", "attempts"),
    ENDS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_fault_is_told_as_over_winrm(
    bench: Bench, fault: str, parameters: dict[str, Any], verdict: Verdict, findings: list[str], attempts: int
) -> None:
    bench.set(fault, **parameters)
    outcome = bench.exchange(connection="psrp", **IN_PROCESS)
    assert (outcome.verdict, codes(outcome), outcome.attempts) == (verdict, findings, attempts), outcome.detail


@pytest.mark.parametrize("fault", ["receive_never_ends", "silent_receive", "trickle"])
def test_a_round_that_would_never_end_is_ended_in_time_and_its_runspace_with_it(bench: Bench, fault: str) -> None:
    bench.set(fault, after=2)
    outcome = bench.exchange(connection="psrp", deadline_s=5, **IN_PROCESS)
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNKNOWN, ["deadline"])
    assert outcome.elapsed_ms < 9_000
    assert not bench.workstation.shells
