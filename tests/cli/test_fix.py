"""`iea-fleet fix` against the lab: what is wrong is repaired, or handed over; nothing without consent."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import PROGRAM, LabFleet
from tests.warm import warm_program

HOSTS = 30


class Sites(LabFleet):
    """Workstations of as many sites, so that a fault of one file server concerns one of them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, hosts=HOSTS)
        self._free = iter(range(HOSTS))

    @property
    def environment(self) -> dict[str, str]:
        named = {name: os.environ[name] for name in ("IEA_FLEET_PWSH",) if name in os.environ}
        return super().environment | named

    def open(self, *options: str, hosts: int = HOSTS) -> None:
        done = self(
            "lab", "up", "--detach", "--hosts", str(hosts), "--sites", str(hosts), "--port", "0",
            "--situation", "right", "--inventory", "inventory", *options,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def broken(self, situation: str) -> str:
        """A workstation that nobody touched yet, in this situation."""
        host = self.status()[next(self._free)]["name"]
        done = self("lab", "break", host, situation)
        assert done.returncode == 0, done.stderr
        return str(host)

    def status(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("lab", "status", "--json").stdout)
        return found

    def seen(self, host: str) -> dict[str, Any]:
        """What stands on a workstation, as the lab sees it."""
        return next(dict(one) for one in self.status() if one["name"] == host)

    def fix(self, host: str, *options: str, inventory: str = "inventory", **environment: str) -> dict[str, Any]:
        """Fix to the end without a terminal; gives the document, with the exit code checked."""
        done = subprocess.run(
            [*warm_program(), "fix", host, "-i", inventory, "--json", *options], cwd=self.folder,
            env=self.environment | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        assert done.stdout, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["exit_code"] == done.returncode
        return document

    def talk(self, host: str, *options: str, says: str | Sequence[str]) -> tuple[int, str]:
        """Fix on a terminal, where a person types `says` once asked; gives exit code and what was shown.

        Several are typed one after the other, each once it is asked for.
        """
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(sys.executable, [*PROGRAM, "fix", host, "-i", "inventory", *options], self.environment)
        shown, seen, until = b"", 0, time.monotonic() + 90
        answers = [says] if isinstance(says, str) else list(says)
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                shown += part
                if not part:
                    break
            if answers and shown[seen:].rstrip().endswith((b"[y/N]", b"leave assistance mode as it is):")):
                seen = len(shown)
                os.write(terminal, answers.pop(0).encode() + b"\n")
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    lab = Sites(tmp_path_factory.mktemp("fix"))
    lab.open()
    yield lab
    lab("lab", "down")


def codes(findings: list[dict[str, Any]]) -> set[str]:
    return {str(finding["code"]) for finding in findings}


def test_three_faults_are_repaired_with_one_consent_in_two_rounds(sites: Sites) -> None:
    host = sites.broken("three_faults")
    code, shown = sites.talk(host, "--lang", "en", says="y")
    assert code == 0, shown
    assert shown.count("[y/N]") == 1
    assert f"{host} is repaired." in shown
    assert sites.seen(host)["right"]
    again = sites.fix(host)
    assert (again["end"], len(again["rounds"]), again["plan"]) == ("right", 1, [])


def test_three_faults_are_repaired_over_the_psrp_connection(sites: Sites) -> None:
    host = sites.broken("three_faults")
    inventory = yaml.safe_load((sites.folder / "inventory").read_text())
    inventory["all"]["vars"] |= {
        "ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_protocol": "http",
    }  # fmt: skip
    (sites.folder / "over_psrp.yml").write_text(yaml.safe_dump(inventory))
    looked = sites.fix(host, "--check", inventory="over_psrp.yml")
    assert {remedy["code"] for remedy in looked["plan"]} >= {
        "plan.release_session", "plan.reset_licence", "plan.save_connection",
    }  # fmt: skip
    document = sites.fix(host, "--yes", inventory="over_psrp.yml")
    assert (document["end"], document["turns"], len(document["rounds"])) == ("repaired", 1, 2), document["hand_over"]
    assert sites.seen(host)["right"]


def test_a_declined_consent_changes_nothing(sites: Sites) -> None:
    host = sites.broken("wrong_urls")
    before = sites.seen(host)["seen"]
    code, shown = sites.talk(host, "--lang", "en", says="n")
    assert (code, "Nothing was changed." in shown) == (1, True)
    assert sites.seen(host)["seen"] == before


def test_without_a_terminal_nothing_is_done_unless_it_was_agreed_beforehand(sites: Sites) -> None:
    host = sites.broken("plain_mode")
    before = sites.seen(host)["seen"]
    done = sites("fix", host, "-i", "inventory", "--lang", "fr")
    assert done.returncode == 3
    assert "--yes" in done.stderr
    assert "Ce qui sera fait" in done.stdout
    planned = sites.fix(host, "--check")
    assert (planned["end"], planned["turns"], planned["exit_code"]) == ("planned", 0, 1)
    assert sites.seen(host)["seen"] == before
    assert sites.fix(host, "--yes")["end"] == "repaired"
    assert sites.seen(host)["right"]


@pytest.mark.parametrize(
    ("situation", "options"),
    [
        ("session_stale", ()),
        ("licence_twice", ("--case", "licence")),
        ("red_heart_relaunch_helps", ("--case", "relaunch")),
        ("share_session_stale", ("--case", "share")),
        ("share_workstation_service_stopped", ()),
    ],
)
def test_what_can_be_mended_from_afar_is(sites: Sites, situation: str, options: tuple[str, ...]) -> None:
    host = sites.broken(situation)
    document = sites.fix(host, "--yes", *options)
    assert (document["end"], document["turns"], len(document["rounds"])) == ("repaired", 1, 2), document["hand_over"]
    assert sites.fix(host, *options)["end"] == "right"


@pytest.mark.parametrize("situation", ["share_write_denied", "share_disk_full_on_server"])
def test_a_folder_that_can_t_be_written_is_found_as_the_program_does_not_start_then(
    sites: Sites, situation: str
) -> None:
    assert sites.fix(sites.broken(situation), "--case", "share", "--yes")["end"] == "left"


def test_what_can_t_be_mended_is_handed_over_with_mail_and_evidence(sites: Sites) -> None:
    host = sites.broken("red_heart_stays")
    document = sites.fix(host, "--yes")
    assert (document["end"], document["exit_code"], document["turns"]) == ("left", 1, 1)
    assert codes(document["hand_over"]) == {"relaunch.refused.support"}
    mail = BytesParser(policy=policy.default).parsebytes(Path(document["handed_over"]["support_request"]).read_bytes())
    assert str(mail["subject"]).startswith("Serveur de connexion 3.00.")
    assert mail["to"] == "assistance@lab.invalid"
    body = mail.get_body(("plain",))
    assert body is not None
    assert host in body.get_content()
    assert "impact-emploi-association@" not in body.get_content()
    with zipfile.ZipFile(document["handed_over"]["bundle"]) as bundle:
        assert len([name for name in bundle.namelist() if "answer" in name]) == 2


def test_a_second_fix_drafts_no_second_mail_unless_asked(sites: Sites) -> None:
    host = sites.broken("red_heart_stays")
    first = sites.fix(host, "--yes")["handed_over"]
    again = sites.fix(host, "--yes")["handed_over"]
    assert (first["support_request_state"], again["support_request_state"]) == ("drafted", "waiting")
    assert (again["support_request"], again["bundle"] != first["bundle"]) == (first["support_request"], True)
    assert sites("outbox", "done", Path(first["support_request"]).stem).returncode == 0
    told = sites("fix", host, "-i", "inventory", "--yes", "--lang", "en")
    assert "Support request, the same already sent to" in told.stdout
    assert sites.fix(host, "--yes", "--again")["handed_over"]["support_request_state"] == "drafted"


def test_a_fault_of_the_file_server_is_for_the_association_s_own_technician(sites: Sites) -> None:
    host = sites.broken("share_share_missing")
    document = sites.fix(host, "--yes")
    assert (document["end"], document["turns"]) == ("left", 0)
    assert document["handed_over"]["bundle"]
    assert document["handed_over"]["support_request"] is None


def test_assistance_mode_is_turned_off_with_the_password_of_the_day_only(sites: Sites) -> None:
    host = sites.broken("assistance_on")
    without = sites.fix(host, "--yes")
    assert (without["end"], without["turns"]) == ("left", 0)
    assert all(remedy["needs"] == ["password"] and not remedy["due"] for remedy in without["plan"])
    assert without["handed_over"]["password_request"]
    wrong = sites.fix(host, "--yes", IEA_FLEET_ASSISTANCE_PASSWORD="canary-wrong-word")
    assert "assistance.password_refused" in codes(wrong["rounds"][-1]["findings"])
    assert (wrong["end"], wrong["turns"]) == ("left", 1)
    assert "canary-wrong-word" not in json.dumps(wrong)
    told = sites("lab", "status").stdout
    password = told.partition("Password of the day: ")[2].split()[0]
    code, shown = sites.talk(host, "--lang", "en", "--yes", says=password)
    assert code == 0, shown
    assert password not in shown
    assert sites.seen(host)["right"]


def test_a_mistyped_password_of_the_day_is_asked_for_again_in_the_same_fix(sites: Sites) -> None:
    host = sites.broken("assistance_on")
    password = sites("lab", "status").stdout.partition("Password of the day: ")[2].split()[0]
    code, shown = sites.talk(host, "--lang", "en", says=["canary-one", "y", "canary-two", password])
    assert code == 0, shown
    assert shown.count("Password of the day refused") == 2
    assert (shown.count("What will be done"), shown.count("[y/N]")) == (1, 1)
    assert f"{host} is repaired." in shown
    assert "canary" not in shown
    assert sites.seen(host)["right"]


def test_a_password_of_the_day_that_is_refused_three_times_is_handed_over(sites: Sites) -> None:
    host = sites.broken("assistance_on")
    code, shown = sites.talk(host, "--lang", "en", "--yes", says=["canary-one", "canary-two", "canary-three", "never"])
    assert code == 1, shown
    assert shown.count("Working on") == 3
    assert shown.count("leave assistance mode as it is):") == 3
    assert "Request for the password of the day, ready to be sent" in shown


def test_what_needs_no_password_is_done_although_the_password_is_refused(sites: Sites) -> None:
    host = sites.broken("assistance_on")
    assert sites("lab", "break", host, "session_stale").returncode == 0
    code, shown = sites.talk(host, "--lang", "en", "--yes", says=["canary-one", "canary-two", "never"])
    assert code == 1, shown
    assert (shown.count("Working on"), shown.count("Session released")) == (3, 1)
    assert "Request for the password of the day, ready to be sent" in shown
    refused = sites.fix(host, "--yes", IEA_FLEET_ASSISTANCE_PASSWORD="canary-wrong-word")
    assert (refused["end"], refused["turns"]) == ("left", 1)


def test_a_reset_is_taken_back_once(sites: Sites) -> None:
    host = sites.broken("licence_twice")
    assert sites.fix(host, "--yes", "--case", "licence")["end"] == "repaired"
    planned = sites.fix(host, "--undo", "--check")
    assert (planned["end"], planned["rounds"]) == ("planned", [])
    back = sites.fix(host, "--undo", "--yes")
    assert (back["end"], back["exit_code"]) == ("undone", 0)
    assert "licence.twice" in codes(back["rounds"][-1]["findings"])
    assert sites("fix", host, "-i", "inventory", "--undo", "--yes").returncode == 3


def test_a_licence_that_is_bound_twice_is_told_and_chosen_as_in_the_report(tmp_path: Path) -> None:
    fleet = Sites(tmp_path)
    fleet.open(hosts=3)
    try:
        replaced, doubled = fleet.broken("licence_twice"), fleet.broken("licence_twice_fleet")
        assert codes(fleet.fix(doubled, "--check")["rounds"][0]["findings"]) >= {"licence.right"}
        told = json.loads(fleet("report", "-i", "inventory", "--json").stdout)["fleet"]
        chosen = {
            host: (one["evidence"]["reset"].split(", "), one["evidence"]["reset_reason"])
            for one in told
            for host in one["hosts"]
            if one["sheet"] == "licence"
        }
        assert chosen[replaced] == (["PC-ACCUEIL"], "not_in_fleet")
        (planned,) = fleet.fix(replaced, "--check")["plan"]
        assert (planned["evidence"]["workstations"], planned["evidence"]["reset_reason"]) == (
            "PC-ACCUEIL",
            "not_in_fleet",
        )
        reset, reason = chosen[doubled]
        assert doubled in reset
        found = fleet.fix(doubled, "--check")
        (planned,) = found["plan"]
        assert (planned["evidence"]["workstations"], planned["evidence"]["reset_reason"]) == (doubled, reason)
        assert (found["end"], found["exit_code"]) == ("planned", 1)
        assert fleet.fix(replaced, "--yes")["end"] == "repaired"
        left = fleet.fix(doubled, "--yes")
        assert (left["end"], codes(left["hand_over"])) == ("left", {"fleet.licence_reinstall"})
    finally:
        fleet("lab", "down")


def test_a_live_session_is_released_by_force_only(sites: Sites) -> None:
    host = sites.broken("session_live")
    assert sites.fix(host, "--yes", "--case", "session")["turns"] == 0
    forced = sites.fix(host, "--yes", "--case", "session", "--force")
    assert (forced["end"], forced["turns"]) == ("repaired", 1)
    assert "session.released" in codes(forced["rounds"][-1]["findings"])


def test_the_red_heart_alone_leaves_settings_as_they_are(sites: Sites) -> None:
    host = sites.broken("wrong_urls")
    document = sites.fix(host, "--check", "--case", "relaunch")
    assert [remedy["code"] for remedy in document["plan"]] == ["plan.relaunch"]
    assert {"connection.differs.address"} <= codes(document["hand_over"])


def test_explain_asks_the_workstation_nothing(sites: Sites) -> None:
    host = sites.broken("right")
    before = sites.seen(host)["requests"]
    done = sites("fix", host, "-i", "inventory", "--explain", "--lang", "fr")
    assert done.returncode == 0, done.stderr
    assert "connexion.ini" in done.stdout
    assert "sessions.csv" in done.stdout
    assert "CentreMaintenance.exe authentification relancer" in done.stdout
    assert sites.seen(host)["requests"] == before
    assert "canary" not in done.stdout


def test_a_second_technician_is_told_who_is_at_it(sites: Sites) -> None:
    host = sites.broken("old_http_urls")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(sites.folder)
        os.execve(sys.executable, [*PROGRAM, "fix", host, "-i", "inventory", "--lang", "en"], sites.environment)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(terminal, 65536)
    second = sites("fix", host, "-i", "inventory", "--yes")
    assert second.returncode == 5
    assert f"{host}: run " in second.stderr
    assert "is at work there. Wait until it has ended, or ask who is at it\n" in second.stderr
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(terminal)
    # The first one was killed in the middle of its question: the host is free again, and can be repaired.
    assert sites.fix(host, "--yes")["end"] == "repaired"
    listed = json.loads(sites("runs", "list", "--json").stdout)
    states = [run["run"]["state"] for run in listed if run["run"]["kind"] == "fix" and run["run"]["pattern"] == host]
    assert states == ["done", "interrupted"]


@pytest.mark.parametrize("after_s", [0.0, 1.2])
def test_a_fix_that_is_killed_in_the_middle_of_its_work_is_finished_by_the_next(sites: Sites, after_s: float) -> None:
    host = sites.broken("wrong_urls")
    with subprocess.Popen(
        [*PROGRAM, "fix", host, "-i", "inventory", "--yes", "--lang", "en"], cwd=sites.folder, env=sites.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as killed:  # fmt: skip
        assert killed.stderr is not None
        while not killed.stderr.readline().startswith("Working on"):
            assert killed.poll() is None
        with contextlib.suppress(subprocess.TimeoutExpired):
            killed.wait(after_s)
        killed.kill()
    assert sites.fix(host, "--yes")["end"] in {"right", "repaired"}
    assert sites.seen(host)["right"]
    assert not list((sites.folder / "state/runs").iterdir())


def test_ctrl_c_during_the_look_is_told_once(sites: Sites) -> None:
    host = sites.broken("silent")
    with subprocess.Popen(
        [*PROGRAM, "fix", host, "-i", "inventory", "--lang", "en"], cwd=sites.folder, env=sites.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as stopped:  # fmt: skip
        assert stopped.stderr is not None
        while not stopped.stderr.readline().startswith("Looking at"):
            assert stopped.poll() is None
        stopped.send_signal(signal.SIGINT)
        out, error = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert (out.strip(), error) == ("Interrupted: nothing was changed.", "")


def test_a_name_that_means_several_workstations_or_none_is_refused(sites: Sites) -> None:
    several = sites("fix", "all", "-i", "inventory", "--yes")
    assert several.returncode == 3
    assert f"{HOSTS} workstations" in several.stderr
    none = sites("fix", "NOBODY-01", "-i", "inventory", "--yes")
    assert none.returncode == 3
    assert "workstation NOBODY-01: no host or group of inventory has this name" in none.stderr
    empty = sites("fix", ",", "-i", "inventory", "--yes")
    assert (empty.returncode, "--limit" in empty.stderr) == (3, False)
    nothing = sites("fix", sites.status()[0]["name"], "-i", "inventory", "--yes", "--undo", "--state", "empty")
    assert nothing.returncode == 3
    assert "no reset of licences" in nothing.stderr


@pytest.mark.skipif("IEA_FLEET_PWSH" not in os.environ, reason="no PowerShell: IEA_FLEET_PWSH does not name one")
def test_three_faults_are_repaired_by_a_real_powershell(tmp_path: Path) -> None:
    lab = Sites(tmp_path)
    lab.open("--engine", "pwsh", hosts=1)
    try:
        host = lab.broken("three_faults")
        document = lab.fix(host, "--yes")
        assert (document["end"], len(document["rounds"])) == ("repaired", 2), document["hand_over"]
        assert lab.seen(host)["right"]
    finally:
        lab("lab", "down")


def test_a_former_fix_is_shown_again(sites: Sites) -> None:
    listed = json.loads(sites("runs", "list", "--json").stdout)
    run = next(run["run"]["id"] for run in listed if run["run"]["kind"] == "fix")
    shown = sites("runs", "show", run, "--lang", "fr")
    assert shown.returncode == 0, shown.stderr
    assert "Dépannage" in shown.stdout


def test_the_first_line_comes_before_anything_slow_is_loaded(tmp_path: Path) -> None:
    heavy = (
        "import sys; from iea_fleet.cli import app; from iea_fleet.cli.start import start; start(None);"
        "print([m for m in sys.modules if m in ('sqlalchemy', 'ansible_runner', 'ansible', 'jinja2', 'pydantic',"
        "'yaml', 'iea_fleet.rollout', 'iea_fleet.diagnosis', 'aiohttp', 'winrm')])"
    )
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, cwd=tmp_path, timeout=30)
    assert done.stdout.strip() == "[]", done.stderr
