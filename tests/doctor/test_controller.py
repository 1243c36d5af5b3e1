"""What the doctor says of this machine and its inventory: packages, state folder, ledger, vault, proxies, mail."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from iea_fleet.doctor.controller import check_controller, lacking
from tests.warm import warm_program

Checks = dict[str, dict[str, Any]]
Doctor = Callable[..., tuple[int, Checks]]
VARIABLES = {"ansible_connection": "winrm", "ansible_user": "adm", "ansible_password": "{{ pw }}", "iea_profile": "lab"}


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    """Runs it in a folder of its own; exit code and the checks by their code."""

    def run(*arguments: str, **environment: str) -> tuple[int, Checks]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "IEA_FLEET_", "LC_")) and not name.lower().endswith("_proxy")
        }
        done = subprocess.run(
            [*warm_program(), "doctor", "--json", "--lang", "en", *arguments],
            cwd=tmp_path,
            env=kept | {"IEA_FLEET_STATE": str(tmp_path / "state"), "LANG": "C.UTF-8"} | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        assert done.stdout, done.stderr
        assert done.stderr.splitlines()[0] == "Checking this machine…"
        (subject,) = json.loads(done.stdout)["subjects"]
        assert subject["host"] is None
        return done.returncode, {check["code"]: check for check in subject["checks"]}

    return run


def inventory(folder: Path, *, secret: str = "pw: canary-secret\n", **variables: Any) -> Path:
    """An inventory of two workstations, with its secrets in a file of their own."""
    path = folder / "inventory"
    (path / "group_vars" / "all").mkdir(parents=True)
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(("pc-1", "pc-2"), 1)}
    (path / "hosts.yml").write_text(yaml.safe_dump({"site_a": {"hosts": hosts, "vars": VARIABLES | variables}}))
    if secret:
        (path / "group_vars" / "all" / "vault.yml").write_text(secret)
    return path


def encrypt(path: Path, folder: Path) -> Path:
    """Encrypt a file with ansible-vault; gives the password's file."""
    password = folder / "password"
    password.write_text("opens\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", "--vault-password-file", str(password), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return password


def test_a_complete_machine_without_an_inventory_has_one_warning(doctor: Doctor) -> None:
    code, told = doctor()
    assert code == 1
    assert [check["code"] for check in told.values() if check["state"] != "ok"] == ["doctor.inventory_missing"]
    assert told["doctor.python"]["evidence"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert f"ansible-core {version('ansible-core')}" in told["doctor.packages"]["explanation"]
    assert {"doctor.locale", "doctor.state_folder", "doctor.ledger_new", "doctor.content", "doctor.no_proxy"} <= set(
        told
    )


def test_an_inventory_with_an_open_vault_is_fine(doctor: Doctor, tmp_path: Path) -> None:
    path = inventory(tmp_path)
    password = encrypt(path / "group_vars" / "all" / "vault.yml", tmp_path)
    code, told = doctor("--vault-password-file", str(password))
    assert (code, told["doctor.vault"]["state"], told["doctor.inventory"]["evidence"]["hosts"]) == (0, "ok", "2")
    assert told["doctor.smtp_none"]["evidence"]["to"] == "impact-emploi-association@urssaf.fr"


def test_a_vault_that_is_not_opened_is_an_error_of_the_inventory(doctor: Doctor, tmp_path: Path) -> None:
    path = inventory(tmp_path)
    encrypt(path / "group_vars" / "all" / "vault.yml", tmp_path)
    code, told = doctor()
    assert code == 3
    assert "no vault password was given" in told["doctor.inventory_unusable"]["explanation"]
    (tmp_path / "wrong").write_text("wrong\n")
    code, told = doctor("--vault-password-file", "wrong")
    assert code == 3
    assert "does not open" in told["doctor.inventory_unusable"]["explanation"]


def test_a_password_in_clear_is_a_warning_that_does_not_repeat_it(doctor: Doctor, tmp_path: Path) -> None:
    inventory(tmp_path, secret="vault_password: canary-secret\n", ansible_password="{{ vault_password }}")
    code, told = doctor()
    assert (code, told["doctor.password_in_clear"]["state"]) == (1, "warning")
    assert "canary" not in json.dumps(told)


def test_proxies_that_catch_workstations_are_a_warning_without_their_password(doctor: Doctor, tmp_path: Path) -> None:
    inventory(tmp_path)
    code, told = doctor(HTTPS_PROXY="http://me:canary-secret@proxy.example.org:3128")
    assert code == 1
    told_proxy = told["doctor.proxy"]["evidence"]
    assert (told_proxy["proxy"], told_proxy["hosts"]) == ("proxy.example.org:3128", "pc-1, pc-2")
    assert "canary" not in json.dumps(told)
    assert "doctor.no_proxy" in doctor(HTTPS_PROXY="http://proxy:3128", NO_PROXY="192.0.2.0/24")[1]


def test_a_proxy_of_another_scheme_catches_nothing(doctor: Doctor, tmp_path: Path) -> None:
    inventory(tmp_path, ansible_winrm_scheme="http")
    assert "doctor.no_proxy" in doctor(HTTPS_PROXY="http://proxy:3128")[1]
    assert "doctor.proxy" in doctor(HTTP_PROXY="http://proxy:3128")[1]


@pytest.mark.parametrize(
    ("variables", "environment", "code", "state"),
    [
        ({"iea_support_smtp_host": "mail.example.org"}, {}, "doctor.smtp_incomplete", "warning"),
        (
            {"iea_support_smtp_host": "m.example.org", "iea_support_from": "a@b.fr", "iea_support_smtp_user": "u"},
            {},
            "doctor.smtp_incomplete",
            "warning",
        ),
        (
            {"iea_support_smtp_host": "m.example.org", "iea_support_from": "a@b.fr", "iea_support_smtp_user": "u"},
            {"IEA_FLEET_SMTP_PASSWORD": "canary-secret"},
            "doctor.smtp",
            "ok",
        ),
        ({"iea_support_smtp_prot": 25}, {}, "doctor.inventory_unusable", "error"),
    ],
)
def test_what_support_requests_need(
    doctor: Doctor, tmp_path: Path, variables: dict[str, Any], environment: dict[str, str], code: str, state: str
) -> None:
    inventory(tmp_path, **variables)
    _, told = doctor(**environment)
    assert told[code]["state"] == state
    assert "canary" not in json.dumps(told)


def test_an_unknown_locale_is_a_warning_and_so_is_one_without_accents(doctor: Doctor) -> None:
    told = doctor(LANG="xx_XX.UTF-8")[1]["doctor.locale_unknown"]
    assert (told["state"], told["evidence"]["locale"]) == ("warning", "xx_XX.UTF-8")


def test_a_state_folder_that_others_can_write_is_an_error_of_this_machine(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    code, told = doctor()
    assert code == 6
    assert "other users can write" in told["doctor.machine"]["explanation"]


def test_a_state_folder_that_others_can_read_is_a_warning(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o755)
    code, told = doctor()
    assert (code, told["doctor.state_folder_readable"]["evidence"]["mode"]) == (1, "0755")


def test_a_damaged_ledger_is_an_error_and_a_sound_one_is_counted(doctor: Doctor, tmp_path: Path) -> None:
    from iea_fleet.ledger.store import Ledger

    path = tmp_path / "state" / "ledger.sqlite"
    path.parent.mkdir(mode=0o700)
    Ledger(f"sqlite:///{path}").close()
    assert doctor()[1]["doctor.ledger"]["evidence"]["runs"] == "0"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    content = bytearray(path.read_bytes())
    size = len(content) // pages
    content[size : 4 * size] = b"\xff" * (3 * size)
    path.write_bytes(content)
    code, told = doctor()
    assert (code, told["doctor.ledger_damaged"]["state"]) == (6, "error")


def test_a_file_that_is_no_ledger_is_an_error(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("no database at all, whatever its name says" * 50)
    code, told = doctor("--ledger", f"sqlite:///{tmp_path / 'notes'}")
    assert (code, told["doctor.ledger_damaged"]["state"]) == (6, "error")


def test_playbooks_from_another_folder_are_a_warning_and_missing_ones_an_error(doctor: Doctor, tmp_path: Path) -> None:
    other = tmp_path / "content"
    repository = Path(__file__).parents[2]
    for name in ("playbooks", "roles"):
        shutil.copytree(repository / name, other / name)
    assert doctor(IEA_FLEET_CONTENT=str(other))[1]["doctor.content_elsewhere"]["state"] == "warning"
    (other / "playbooks" / "report.yml").unlink()
    code, told = doctor(IEA_FLEET_CONTENT=str(other))
    assert (code, told["doctor.machine"]["state"]) == (6, "error")


def test_what_a_package_lacks_is_told_by_its_own_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "needy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: needy\nVersion: 1.0\nProvides-Extra: kerberos\n"
        "Requires-Dist: pydantic>=99\nRequires-Dist: pytest\nRequires-Dist: nowhere; python_version < '3'\n"
        "Requires-Dist: missing-thing>=2; extra == 'kerberos'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [str(one) for one in lacking("needy")] == ["pydantic>=99"]
    assert [one.name for one in lacking("needy", "kerberos")] == ["missing-thing"]


def test_the_checks_of_this_machine_need_no_process(tmp_path: Path) -> None:
    codes = [finding.code for finding in check_controller(tmp_path / "state", "")]
    assert codes[0] == "doctor.python"
    assert codes[-1] in {"doctor.content", "doctor.content_elsewhere"}
