"""The engine `pwsh` behind real endpoints: the product's script, output faults, a power cut, stock Ansible modules."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import winrm
from winrm.protocol import Protocol

from iea_fleet.agent import parse_answer, parse_refusal
from iea_fleet.diagnosis.sheets import Task, build_request
from iea_fleet.model.answer import Answer, ServiceFacts, Status, UrlFacts
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Sheet
from iea_fleet.model.request import ExpectedHost, ProcessProbe, Request, ServiceProbe
from iea_fleet.profiles import find_profile
from tests.lab.fleet.conftest import CommandLine
from tests.lab.fleet.rounds import NEEDS_PWSH, OpenLab

pytestmark = list(NEEDS_PWSH)


@dataclass(frozen=True, slots=True)
class PwshLab:
    """A lab of two right workstations; each test breaks the first and mends it."""

    iea: CommandLine
    hosts: tuple[str, str]

    @property
    def _open(self) -> OpenLab:
        return OpenLab(self.iea, "pwsh", self.hosts)

    def protocol(self) -> Protocol:
        return self._open.protocol(self.hosts[0])

    def round(self, request: Request) -> tuple[bytes, bytes, int]:
        """What one round prints and ends with."""
        return self._open.round(self.hosts[0], request)

    def answer(self, request: Request) -> Answer:
        return self._open.answer(self.hosts[0], request)

    def folder(self) -> Path:
        return self.iea.state / "lab" / "workstations" / self.hosts[0]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PwshLab]:
    iea = CommandLine(tmp_path_factory.mktemp("pwsh") / "state")
    iea.up("--hosts", "2", "--engine", "pwsh", "--situation", "right")
    first, second = iea.status()
    yield PwshLab(iea, (first, second))
    assert iea("lab", "down").code == 0
    assert not (iea.state / "lab" / "workstations").exists()


@pytest.fixture
def lab(opened: PwshLab) -> Iterator[PwshLab]:
    yield opened
    opened.iea("lab", "mend", "all")
    opened.iea("lab", "break", "all", "right")


def push(*, dry_run: bool = False) -> Request:
    """The connection sheet's request for the lab's profile, with the test of both servers bounded to 1.5 s."""
    task = Task(
        sheets=(Sheet.CONNECTION,),
        profile=find_profile("lab"),
        connection=DesiredConnection(test_timeout_ms=1500),
        read_only=False,
        dry_run=dry_run,
        expect_host=ExpectedHost(),
    )
    return build_request(task, transaction=secrets.token_hex(16), nonce=secrets.token_hex(16))


def urls(answer: Answer) -> list[tuple[str, int | None, str | None]]:
    """Layer, status and TLS refusal of each URL probe."""
    return [
        (facts.layer.value, facts.http_status, facts.tls_refusal.value if facts.tls_refusal else None)
        for facts in answer.probes
        if isinstance(facts, UrlFacts)
    ]


def test_a_push_corrects_old_settings_once_and_reaches_both_servers(lab: PwshLab) -> None:
    (host, other) = lab.hosts
    lab.iea("lab", "break", host, "old_http_urls")
    assert lab.iea.status()[host]["right"] is False
    dry = lab.answer(push(dry_run=True))
    assert (dry.status, dry.changed) == (Status.DONE, True)
    assert lab.iea.status()[host]["right"] is False
    first = lab.answer(push())
    assert (first.status, first.changed, first.host.computer_name) == (Status.DONE, True, host)
    assert urls(first) == [("none", 200, None), ("none", 200, None)]
    assert [(step.id, step.ok) for step in first.after] == [("restart_connection", True)]
    assert lab.iea.status()[host]["right"] is True
    assert lab.answer(push()).changed is False
    assert lab.iea.status()[other]["right"] is True


@pytest.mark.parametrize(
    ("situation", "seen"),
    [
        ("server_tls_expired", ("tls", None, "expired")),
        ("server_tls_wrong_name", ("tls", None, "name_mismatch")),
        ("server_tls_unknown_ca", ("tls", None, "unknown_authority")),
        ("server_proxy_auth", ("proxy", 407, None)),
        ("server_http_503", ("http", 503, None)),
        ("server_silent", ("http", None, None)),
    ],
)
def test_a_server_situation_is_what_the_script_finds(
    lab: PwshLab, situation: str, seen: tuple[str, int | None, str | None]
) -> None:
    lab.iea("lab", "break", lab.hosts[0], situation)
    assert urls(lab.answer(push())) == [seen, seen]


def test_service_and_process_are_the_workstations_own(lab: PwshLab) -> None:
    def look() -> tuple[str, bool]:
        request = Request(
            transaction=secrets.token_hex(16),
            nonce=secrets.token_hex(16),
            dry_run=True,
            probe=(
                ServiceProbe(kind="service", id="service", name="IEAConnexion"),
                ProcessProbe(kind="process", id="process", name="impactemploi"),
            ),
        )
        service, process = lab.answer(request).probes
        assert isinstance(service, ServiceFacts)
        assert process.kind == "process"
        return service.state, process.running

    assert look() == ("running", True)
    lab.iea("lab", "break", lab.hosts[0], "service_stopped")
    assert look() == ("stopped", False)
    lab.iea("lab", "break", lab.hosts[0], "service_absent")
    assert look() == ("absent", False)


def test_held_files_are_a_sharing_violation_and_stay_as_they_are(lab: PwshLab) -> None:
    lab.iea("lab", "break", lab.hosts[0], "settings_locked")
    places = [place for facts in lab.answer(push()).probes if facts.kind == "setting" for place in facts.places]
    assert 32 in {place.win32_code for place in places}
    assert lab.iea.status()[lab.hosts[0]]["seen"]["mode"] == "Standard"  # type: ignore[index]


@pytest.mark.parametrize("step", [5, 12])
def test_a_power_cut_is_followed_by_a_recovery(lab: PwshLab, step: int) -> None:
    host = lab.hosts[0]
    state = lab.folder() / "ProgramData" / "iea-fleet"
    lab.iea("lab", "break", host, "old_http_urls")
    lab.iea("lab", "break", host, "power_cut", f"step={step}")
    out, _, code = lab.round(push())
    assert code != 0
    assert b"iea-fleet:" not in out
    was_writing = (state / "journal.json").exists()
    assert was_writing is (step == 12)
    recovered = lab.answer(push())
    assert (recovered.recovered is not None) is was_writing
    assert recovered.status is Status.DONE
    assert lab.iea.status()[host]["right"] is True
    assert not list(lab.folder().rglob("*.new")) + list(lab.folder().rglob("*.old"))


def test_output_faults_are_played_as_on_the_emulated_engine(lab: PwshLab) -> None:
    host = lab.hosts[0]
    lab.iea("lab", "break", host, "banner", "where=forged")
    lab.iea("lab", "break", host, "clixml_noise")
    request = push()
    out, err, _ = lab.round(request)
    assert err.startswith(b"#< CLIXML")
    assert out.count(b"<<iea-fleet:") > 2
    assert parse_answer(out, request).status is Status.DONE
    lab.iea("lab", "mend", host)
    lab.iea("lab", "break", host, "constrained_language")
    out, _, code = lab.round(push())
    refusal = parse_refusal(out)
    assert code == 78
    assert refusal is not None
    assert refusal.language == "ConstrainedLanguage"


def test_a_plain_pywinrm_script_runs_powershell_and_ordinary_commands(lab: PwshLab) -> None:
    host = lab.hosts[0]
    account = lab.iea.account(host)
    session = winrm.Session(account.url, auth=(account.user, account.password), transport="ntlm", ca_trust_path=None)
    answer = session.run_ps('$env:COMPUTERNAME; [Console]::Error.WriteLine("trouble"); exit 3')
    assert (answer.status_code, answer.std_out.split()[0].decode()) == (3, host)
    assert b"trouble" in answer.std_err
    assert session.run_cmd("hostname").std_out.decode().strip() == host
    assert session.run_cmd("nonsense").status_code == 1


def test_a_process_that_outlives_its_shell_is_ended(lab: PwshLab) -> None:
    connection = lab.protocol()
    process, shell = _sleeping_process(connection)
    assert _lives(process)
    connection.close_shell(shell)
    for _ in range(100):
        if not _lives(process):
            break
        lab.iea.status()
    assert not _lives(process)


def test_down_ends_what_still_runs(iea: CommandLine) -> None:
    iea.up("--hosts", "1", "--engine", "pwsh", "--situation", "right")
    (host,) = iea.status()
    lab = PwshLab(iea, (host, host))
    process = _sleeping_process(lab.protocol())[0]
    assert _lives(process)
    assert iea("lab", "down").code == 0
    assert not _lives(process)
    assert not lab.folder().exists()


def _sleeping_process(connection: Protocol) -> tuple[int, str]:
    """Start a PowerShell that does not end by itself; gives its process id and its shell's id."""
    shell = connection.open_shell()
    script = "[Console]::Out.WriteLine($PID); Start-Sleep -Seconds 600"
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    command = connection.run_command(shell, "powershell", ["-NoProfile", "-EncodedCommand", encoded])
    told = b""
    while b"\n" not in told:
        told += connection.get_command_output_raw(shell, command)[0]
    return int(told), shell


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


_PLAYBOOK = r"""
- hosts: all
  gather_facts: false
  ignore_errors: true
  tasks:
    - {name: ping, ansible.windows.win_ping: {}}
    - {name: shell, ansible.windows.win_shell: "$env:COMPUTERNAME; Write-Output é; exit 0"}
    - {name: command, ansible.windows.win_command: hostname}
    - {name: missing, ansible.windows.win_command: nothere}
    - {name: make, ansible.windows.win_file: {path: 'C:\Temp\dossier', state: directory}}
    - {name: again, ansible.windows.win_file: {path: 'C:\Temp\dossier', state: directory}}
"""


def test_stock_ansible_modules_work(lab: PwshLab) -> None:
    program = Path(sys.executable).with_name("ansible-playbook")
    if importlib.util.find_spec("ansible_collections.ansible.windows") is None or not program.exists():
        pytest.skip("the collection ansible.windows is not installed (pip install ansible)")
    host = lab.hosts[0]
    playbook = lab.iea.state / "stock.yml"
    playbook.write_text(_PLAYBOOK, encoding="utf-8")
    done = subprocess.run(
        [program, "-i", lab.iea.inventory, "--limit", host, playbook],
        capture_output=True,
        text=True,
        env=lab.iea.environment
        | {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_HOME": str(lab.iea.state / "ansible")},
        cwd=lab.iea.state,
        timeout=240,
        check=False,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    tasks = json.loads(done.stdout)["plays"][0]["tasks"]
    result = {task["task"]["name"]: task["hosts"][host] for task in tasks}
    assert result["ping"]["ping"] == "pong"
    assert result["shell"]["stdout"].split() == [host, "é"]
    assert (result["command"]["rc"], result["command"]["stdout"].strip()) == (0, host)
    assert (result["missing"]["failed"], result["missing"]["rc"]) == (True, 2)
    assert (result["make"]["changed"], result["again"]["changed"]) == (True, False)
    assert (lab.folder() / "Temp" / "dossier").is_dir()
