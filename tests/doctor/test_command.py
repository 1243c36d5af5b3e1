"""`iea-fleet doctor` as people start it: one workstation, its variables, languages, exit codes, hostile hosts."""

from __future__ import annotations

import json
import re
import signal
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.doctor.conftest import Lab
else:
    Lab = object

Told = dict[str, dict[str, str]]


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


def written(lab: Lab, name: str, hosts: dict[str, dict[str, object]]) -> str:
    """An inventory beside the lab's: each name is its first workstation, or the one that it is `like`, as it says."""
    given = yaml.safe_load((lab.folder / "inventory" / "hosts.yml").read_text())["all"]
    account = yaml.safe_load((lab.folder / "inventory" / "group_vars" / "all" / "vault.yml").read_text())
    own = {host: values for site in given["children"].values() for host, values in site["hosts"].items()}
    first = own[lab.hosts_up()[0]]
    known = {host: {**first, **own.get(str(values.get("like")), {}), **values} for host, values in hosts.items()}
    (lab.folder / name).write_text(yaml.safe_dump({"all": {"hosts": known, "vars": {**given["vars"], **account}}}))
    return name


def states(document: dict[str, Any]) -> Told:
    """By workstation, the state of each check by its code."""
    return {one["host"]: {check["code"]: check["state"] for check in one["checks"]} for one in document["subjects"]}


@pytest.fixture(scope="module")
def varied(https_lab: Lab) -> tuple[Told, str]:
    """One look at a workstation under many names, each with other variables: what is told of each, and all of it."""
    names = https_lab.hosts_up()
    https_lab.break_host(names[1], "certificate", "kind=expired")
    authority = yaml.safe_load((https_lab.folder / "inventory" / "hosts.yml").read_text())["all"]["vars"]
    psrp = {"ansible_connection": "psrp", "ansible_psrp_ca_cert": authority["ansible_winrm_ca_trust_path"]}
    hosts: dict[str, dict[str, object]] = {
        "pinned": {"iea_certificate_sha256": fingerprint(https_lab, names[0])},
        "pinned-otherwise": {"iea_certificate_sha256": "0" * 64},
        "expired": {"like": names[1], "iea_certificate_sha256": fingerprint(https_lab, names[1])},
        "not-checked": {"ansible_winrm_server_cert_validation": "ignore"},
        "inverted": {"ansible_winrm_operation_timeout_sec": 60, "ansible_winrm_read_timeout_sec": 30},
        "nowhere": {"ansible_host": "poste.invalid"},
        "another": {"iea_computer_name": "AUTRE"},
        names[0]: {"iea_computer_name": ""},
        "comptabilite": {"iea_computer_name": ""},
        "psrp": {**psrp, "ansible_psrp_auth": "ntlm"},
        "psrp-inverted": {**psrp, "ansible_psrp_read_timeout": 20},
    }
    done = https_lab.run("doctor", "--limit", "all", "-i", written(https_lab, "varied.yml", hosts), "--json")
    https_lab.mend()
    assert done.returncode == 4, done.stderr
    return states(json.loads(done.stdout)), done.stdout


def test_the_certificate_of_the_inventory_is_accepted_and_another_is_not(varied: tuple[Told, str]) -> None:
    told, _ = varied
    assert told["pinned"]["doctor.certificate_pinned"] == "ok"
    assert told["pinned-otherwise"]["transport.certificate_pin"] == "error"
    assert "doctor.logon_accepted" not in told["pinned-otherwise"]


def test_a_pinned_certificate_that_has_expired_is_a_warning(varied: tuple[Told, str]) -> None:
    told = varied[0]["expired"]
    assert (told["doctor.certificate_pinned"], told["transport.certificate_expired"]) == ("ok", "warning")
    assert told["doctor.logon_accepted"] == "ok"


def test_certificates_that_are_not_checked_are_a_warning(varied: tuple[Told, str]) -> None:
    assert varied[0]["not-checked"]["transport.certificate_not_checked"] == "warning"


def test_timeouts_the_wrong_way_round_are_an_error_and_nothing_is_sent(varied: tuple[Told, str]) -> None:
    assert varied[0]["inverted"]["transport.timeouts_inverted"] == "error"
    assert "doctor.logon_accepted" not in varied[0]["inverted"]


def test_a_name_without_an_address_is_an_error(varied: tuple[Told, str]) -> None:
    assert varied[0]["nowhere"]["transport.name_unknown"] == "error"


def test_another_computer_name_is_an_error_and_none_is_a_warning_only_where_it_differs(
    lab: Lab, varied: tuple[Told, str]
) -> None:
    told, text = varied
    name = lab.hosts_up()[0]
    assert told["another"]["transaction.identity"] == "error"
    assert set(told[name].values()) == {"ok"}
    assert told[name]["doctor.computer_expected"] == "ok"
    assert told["comptabilite"]["doctor.computer_not_named"] == "warning"
    assert f"iea_computer_name: {name}" in text


def test_psrp_is_looked_at_as_well(varied: tuple[Told, str]) -> None:
    assert set(varied[0]["psrp"].values()) == {"ok"}
    assert varied[0]["psrp-inverted"]["transport.timeouts_inverted"] == "error"


def test_a_proxy_of_the_environment_is_told(lab: Lab) -> None:
    name = lab.hosts_up()[0]
    proxies = {"HTTPS_PROXY": "http://user:canary-secret@127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    code, told = lab.codes(name, **proxies)
    assert code == 4
    assert (told["doctor.proxy_on_the_way"], told["transport.proxy"]) == ("warning", "error")
    assert lab.codes(name, **{**proxies, "no_proxy": "127.0.0.0/8"})[0] == 0


def test_basic_that_nobody_needs_is_a_warning_and_a_pin_over_http_is_an_error(http_lab: Lab) -> None:
    ntlm: dict[str, object] = {"ansible_winrm_transport": "ntlm"}
    hosts = {"offered": ntlm, "pinned": ntlm | {"iea_certificate_sha256": "0" * 64}}
    code, document = http_lab.doctor("--limit", "all", inventory=written(http_lab, "varied.yml", hosts))
    told = states(document)
    assert code == 4
    assert (told["offered"]["doctor.basic_offered"], told["offered"]["doctor.logon_offered"]) == ("warning", "ok")
    assert {state for name, state in told["offered"].items() if name != "doctor.basic_offered"} == {"ok"}
    assert told["pinned"]["transport.input"] == "error"


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


@pytest.mark.usefixtures("varied")
def test_nothing_is_left_in_the_state_folder_and_no_password_is_in_it(lab: Lab) -> None:
    secret = yaml.safe_load((lab.folder / "inventory" / "group_vars" / "all" / "vault.yml").read_text())
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
