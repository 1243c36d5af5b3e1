"""Where a secret of any sheet could be left by fix, push and report: files, arguments, environments, output."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import PROGRAM, LabFleet
from tests.threats.canaries import Canaries

REPOSITORY = Path(__file__).parents[2]
VAULT, SHARE, SMTP = "canary-vault-K2mZ81", "canary-share-Pq7x-é", "canary-smtp-9fLw"
PLAY = """---
- hosts: all
  gather_facts: false
  roles:
    - role: iea_assistance
    - role: iea_share
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFleet]:
    lab = LabFleet(tmp_path_factory.mktemp("secrets"), hosts=2)
    opened = lab(
        "lab", "up", "--detach", "--hosts", "2", "--sites", "2", "--port", "0", "--inventory", "fleet/hosts.yml",
        "--situation", "assistance_on",
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    yield lab
    lab("lab", "down")


def _secrets(fleet: LabFleet) -> dict[str, str]:
    """Every secret by name; the lab's account is put into a vault, and so are the credentials of the share."""
    vault = fleet.folder / "fleet/group_vars/all/vault.yml"
    plain = vault.read_bytes()
    if not plain.startswith(b"$ANSIBLE_VAULT"):
        values = yaml.safe_load(plain)
        (fleet.folder / "logon").write_text(values["vault_iea_lab_password"])
        values |= {"iea_share_username": "ASSO\\svc", "iea_share_password": SHARE}
        values |= {"iea_share_path": r"\\SERVEUR-01\Impact\Base"}
        vault.write_text(yaml.safe_dump(values))
        (fleet.folder / "vault-password").write_text(VAULT)
        encrypt = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", "vault-password"]
        subprocess.run([*encrypt, str(vault)], cwd=fleet.folder, check=True, capture_output=True)
    day = fleet("lab", "status").stdout.partition("Password of the day: ")[2].split()[0]
    logon = (fleet.folder / "logon").read_text()
    return {"vault": VAULT, "share": SHARE, "smtp": SMTP, "logon": logon, "day": day}


def _on_a_terminal(command: list[str], folder: Path, environment: dict[str, str], answer: str) -> tuple[int, bytes]:
    """Run a program on a terminal, where a person types the password of the day."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(command[0], command, environment)
    shown, typed, until = b"", False, time.monotonic() + 120
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
        if not typed and b"leave assistance mode as it is" in shown:
            os.write(terminal, answer.encode() + b"\n")
            typed = True
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_secret_is_left_by_fix_push_and_report(fleet: LabFleet) -> None:
    secrets = _secrets(fleet)
    kept = tuple(fleet.folder / name for name in ("provider", "temporary", "home"))
    for folder in kept:
        folder.mkdir(mode=0o700, exist_ok=True)
    environment = fleet.environment | {
        "IEA_FLEET_STATE": str(kept[0]), "TMPDIR": str(kept[1]), "HOME": str(kept[2]),
        "ANSIBLE_LOG_PATH": str(kept[2] / "ansible.log"), "ANSIBLE_VERBOSITY": "6", "ANSIBLE_DEBUG": "1",
        "IEA_FLEET_SMTP_USER": "provider", "IEA_FLEET_SMTP_PASSWORD": SMTP,
    }  # fmt: skip
    with (fleet.folder / "fleet/group_vars/all/support.yml").open("w") as file:
        file.write("iea_support_from: a@provider.example\niea_support_smtp_host: 127.0.0.1\niea_support_smtp_port: 9\n")
    names = [host.split(":")[0].strip() for host in (fleet.folder / "fleet/hosts.yml").read_text().splitlines()]
    host = next(name for name in names if name.endswith("-01"))
    common = ["-i", "fleet", "--vault-password-file", "vault-password", "--lang", "en"]
    shown = b""
    with Canaries(secrets, kept) as canaries:
        for command in (["fix", host, "--yes", "--send", *common], ["push", "--assistance-password-prompt", *common]):
            code, said = _on_a_terminal([*PROGRAM, *command], fleet.folder, environment, secrets["day"])
            assert code in {0, 1, 4, 6}, said.decode()
            shown += said
        done = subprocess.run(
            [*PROGRAM, "report", *common], cwd=fleet.folder, env=environment, capture_output=True, timeout=120
        )
        shown += done.stdout + done.stderr
    assert b"assistance mode" in shown.lower()
    assert canaries.shown(shown) == set()
    assert canaries.samples > 20
    assert canaries.found == set()
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.sqlite" for path in files)
    assert [(path, canaries.shown(path.read_bytes())) for path in files if canaries.shown(path.read_bytes())] == []


def test_no_secret_is_shown_by_ansible_at_its_most_talkative(fleet: LabFleet) -> None:
    secrets = _secrets(fleet)
    canaries = Canaries(secrets, ())
    (fleet.folder / "own.yml").write_text(PLAY)
    environment = fleet.environment | {
        "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"),
        "IEA_FLEET_ASSISTANCE_PASSWORD": secrets["day"],
        "ANSIBLE_LOG_PATH": str(fleet.folder / "ansible.log"),
    }
    wanted = ["-e", "iea_assistance_mode=off", "-e", "iea_fix_sheets=['assistance','share']"]
    for playbook in (REPOSITORY / "playbooks/fix.yml", fleet.folder / "own.yml"):
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-vvv", "--diff", "-i", "fleet", *wanted,
             "--vault-password-file", "vault-password", playbook],
            cwd=fleet.folder, env=environment, capture_output=True, timeout=120,
        )  # fmt: skip
        told = done.stdout + done.stderr
        assert b"iea_fleet" in told
        assert canaries.shown(told) == set(), (playbook, told[-3000:])
    assert canaries.shown((fleet.folder / "ansible.log").read_bytes()) == set()
