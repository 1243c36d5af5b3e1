"""`iea-fleet doctor` as people start it: one workstation, its variables, languages, exit codes, hostile hosts."""

from __future__ import annotations

import json
import re
import signal
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.doctor.conftest import Lab
else:
    Lab = object

Vary = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def vary(lab: Lab) -> Vary:
    """Looks at the first workstation over HTTPS with other variables than the lab's."""

    def look(environment: dict[str, str] | None = None, **variables: object) -> tuple[int, dict[str, str]]:
        name = lab.hosts_up()[0]
        path = lab.folder / "inventory" / "host_vars" / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(variables))
        try:
            return lab.codes(name, **environment or {})
        finally:
            path.unlink()
            path.parent.rmdir()

    return look


def fingerprint(lab: Lab, host: str) -> str:
    """SHA-256 of the certificate that a workstation shows, read by the test itself."""
    import hashlib
    import socket

    from iea_fleet.lab.control import open_control

    entry = next(one for one in open_control(lab.folder / "state").status() if one.name == host)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((entry.address, entry.port)) as plain, context.wrap_socket(plain) as secure:
        return hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()


def test_a_good_workstation_gives_0_and_its_first_line_at_once(lab: Lab) -> None:
    name = lab.hosts_up()[0]
    done = lab.run("doctor", name, "-i", "inventory", "--lang", "en")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "Reading the inventory…"
    assert done.stdout.splitlines()[0] == name
    assert "Warnings: 0 · Errors: 0" in done.stdout


def test_in_french_every_line_is_french(lab: Lab) -> None:
    name = lab.hosts_up()[1]
    lab.break_host(name, "constrained_language")
    done = lab.run("doctor", name, "-i", "inventory", "--lang", "fr")
    assert done.returncode == 4
    assert "erreur" in done.stdout
    assert "Contrôles\u00a0: " in done.stdout
    assert not re.search(r"\b(the|is|of|with)\b", done.stdout.replace("iea-fleet", ""))


def test_the_certificate_of_the_inventory_is_accepted_and_another_is_not(lab: Lab, vary: Vary) -> None:
    pin = fingerprint(lab, lab.hosts_up()[0])
    code, told = vary(iea_certificate_sha256=pin)
    assert (code, told["doctor.certificate_pinned"]) == (0, "ok")
    code, told = vary(iea_certificate_sha256="0" * 64)
    assert (code, told["transport.certificate_pin"]) == (4, "error")
    assert "doctor.logon_accepted" not in told


def test_a_pinned_certificate_that_has_expired_is_a_warning(lab: Lab, vary: Vary) -> None:
    host = lab.hosts_up()[0]
    lab.break_host(host, "certificate", "kind=expired")
    code, told = vary(iea_certificate_sha256=fingerprint(lab, host))
    assert (code, told["doctor.certificate_pinned"], told["transport.certificate_expired"]) == (1, "ok", "warning")
    assert told["doctor.logon_accepted"] == "ok"


def test_certificates_that_are_not_checked_are_a_warning(vary: Vary) -> None:
    code, told = vary(ansible_winrm_server_cert_validation="ignore")
    assert (code, told["transport.certificate_not_checked"]) == (1, "warning")


def test_timeouts_the_wrong_way_round_are_an_error_and_nothing_is_sent(vary: Vary) -> None:
    code, told = vary(ansible_winrm_operation_timeout_sec=60, ansible_winrm_read_timeout_sec=30)
    assert (code, told["transport.timeouts_inverted"]) == (4, "error")
    assert "doctor.logon_accepted" not in told


def test_a_name_without_an_address_is_an_error(vary: Vary) -> None:
    code, told = vary(ansible_host="poste.invalid")
    assert (code, told["transport.name_unknown"]) == (4, "error")


def test_another_computer_name_is_an_error_and_none_is_a_warning_only_where_it_differs(lab: Lab, vary: Vary) -> None:
    assert vary(iea_computer_name="AUTRE")[1]["transaction.identity"] == "error"
    assert vary(iea_computer_name="")[1]["doctor.computer_expected"] == "ok"
    other = lab.folder / "other.yml"
    variables = yaml.safe_load((lab.folder / "inventory" / "hosts.yml").read_text())
    first = next(iter(next(iter(variables["all"]["children"].values()))["hosts"].values()))
    account = yaml.safe_load((lab.folder / "inventory" / "group_vars" / "all" / "vault.yml").read_text())
    host = {**variables["all"]["vars"], **first, **account, "iea_computer_name": ""}
    other.write_text(yaml.safe_dump({"all": {"hosts": {"comptabilite": host}}}))
    done = lab.run("doctor", "comptabilite", "-i", str(other), "--lang", "en")
    assert done.returncode == 1
    assert f"iea_computer_name: {lab.hosts_up()[0]}" in done.stdout


def test_a_proxy_of_the_environment_is_told(vary: Vary) -> None:
    proxies = {"HTTPS_PROXY": "http://user:canary-secret@127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    code, told = vary(proxies)
    assert code == 4
    assert (told["doctor.proxy_on_the_way"], told["transport.proxy"]) == ("warning", "error")
    assert vary({**proxies, "no_proxy": "127.0.0.0/8"})[0] == 0


def test_psrp_is_looked_at_as_well(vary: Vary, lab: Lab) -> None:
    authority = yaml.safe_load((lab.folder / "inventory" / "hosts.yml").read_text())["all"]["vars"]
    code, told = vary(
        ansible_connection="psrp",
        ansible_psrp_auth="ntlm",
        ansible_psrp_ca_cert=authority["ansible_winrm_ca_trust_path"],
    )
    assert (code, set(told.values())) == (0, {"ok"})
    assert vary(ansible_connection="psrp", ansible_psrp_read_timeout=20)[1]["transport.timeouts_inverted"] == "error"


def test_basic_that_nobody_needs_is_a_warning_and_a_pin_over_http_is_an_error(http_lab: Lab) -> None:
    name = http_lab.hosts_up()[0]
    variables = http_lab.folder / "inventory" / "host_vars" / f"{name}.yml"
    variables.parent.mkdir()
    variables.write_text("ansible_winrm_transport: ntlm\n")
    code, told = http_lab.codes(name)
    assert (code, told["doctor.basic_offered"], told["doctor.logon_offered"]) == (1, "warning", "ok")
    variables.write_text(f"ansible_winrm_transport: ntlm\niea_certificate_sha256: {'0' * 64}\n")
    code, told = http_lab.codes(name)
    assert (code, told["transport.input"]) == (4, "error")


def test_the_account_is_left_alone_after_three_refusals(lab: Lab) -> None:
    for name in lab.hosts_up():
        lab.break_host(name, "credentials_rejected")
    code, document = lab.doctor("--limit", "all")
    codes = [check["code"] for subject in document["subjects"] for check in subject["checks"]]
    assert code == 4
    assert codes.count("transport.logon_refused_local_account") == 3
    last = document["subjects"][-1]["checks"][-1]
    assert last["code"] == "doctor.not_asked"
    assert "was refused on 3 hosts in a row" in last["explanation"]


def test_what_a_workstation_says_steers_no_terminal(lab: Lab) -> None:
    name = lab.hosts_up()[2]
    lab.break_host(name, "other_service", "kind=html")
    done = lab.run("doctor", name, "-i", "inventory", "--lang", "en")
    assert done.returncode == 4
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout + done.stderr)


def test_nothing_is_left_in_the_state_folder_and_no_password_is_in_it(lab: Lab) -> None:
    secret = yaml.safe_load((lab.folder / "inventory" / "group_vars" / "all" / "vault.yml").read_text())
    lab.doctor(lab.hosts_up()[0])
    runs = lab.folder / "state" / "runs"
    assert not list(runs.iterdir())
    password = secret["vault_iea_lab_password"].encode()
    for path in (lab.folder / "state").rglob("*"):
        if path.is_file() and "lab" not in path.parts:
            assert password not in path.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nobody",), 3, "nobody"),
        (("a", "--limit", "b"), 2, "not both"),
        (("--name", "pc"), 2, "belong to --prepare"),
        (("--prepare", "--controller", "everybody"), 3, "no address"),
        (("pc", "--prepare"), 2, "--name"),
    ],
)
def test_what_can_not_be_meant_is_refused(lab: Lab, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = lab.run("doctor", "-i", "inventory", *arguments)
    assert done.returncode == code
    assert told in re.sub(r"[│\s]+", " ", done.stderr)
    assert "Traceback" not in done.stderr


def test_the_script_is_printed_alone(tmp_path: Path, lab: Lab) -> None:
    done = lab.run("doctor", "--prepare", "--name", "POSTE-12", "--controller", "192.0.2.10")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("#Requires -Version 5.1\n")
    assert "[String] $ComputerName = 'POSTE-12'," in done.stdout


def test_interrupted_it_ends_at_once_and_says_who_was_not_asked(lab: Lab) -> None:
    names = lab.hosts_up()
    for name in names:
        lab.break_host(name, "receive_never_ends")
    command = [*lab.program, "doctor", "--limit", "all", "-i", "inventory", "--json", "--lang", "en"]
    environment = lab.environment | {"COLUMNS": "200"}
    with subprocess.Popen(
        command, cwd=lab.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            if "Checking workstations" in line:
                break
        process.send_signal(signal.SIGINT)
        document = json.loads(process.stdout.read())
        assert process.wait(60) == 130
    assert [subject["host"] for subject in document["subjects"]] == names
    assert "interrupted by the user" in document["subjects"][-1]["checks"][-1]["explanation"].lower()
    assert not list((lab.folder / "state" / "runs").iterdir())
