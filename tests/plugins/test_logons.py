"""Kerberos, CredSSP and certificates over Ansible's own connections: what a real KDC and a real refusal say, named."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import winrm

from iea_fleet.lab.engine.processes import CommandLine, Process
from iea_fleet.lab.kdc import Principal, Realm
from iea_fleet.lab.workstation import Account, AuthSettings, CertificateMapping, Workstation
from iea_fleet.model.outcome import Outcome, Verdict
from tests.conftest import KERBEROS_PASSWORD as PASSWORD
from tests.conftest import KERBEROS_USER as USER
from tests.plugins.conftest import Bench, open_bench

# pywinrm and pypsrp forget the socket of a logon that failed; the last of them are collected with each test.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
V = Verdict
ALL = AuthSettings(kerberos=True, credssp=True, certificate=True)
NAME = "pc-test-01.asso.example"
ACCOUNTS = (Account(USER, PASSWORD, domain="asso.example"), Account("iea-local", "secret of it"))
CONNECTIONS = pytest.mark.parametrize("connection", ["winrm", "psrp"])
credssp = pytest.mark.skipif(
    not winrm.transport.HAVE_CREDSSP, reason="pywinrm has no CredSSP here: it needs the package requests-credssp"
)


def member(realm: Realm | None = None, **changes: Any) -> dict[str, Any]:
    """A workstation of the domain."""
    return {
        "auth": ALL,
        "domain": "asso.example",
        "accounts": ACCOUNTS,
        "keytab": None if realm is None else realm.keytab,
        **changes,
    }


def variables(bench: Bench, connection: str, method: str, **changes: object) -> dict[str, Any]:
    """What an inventory says for one method of either connection."""
    description = bench.workstation.description
    if connection == "winrm":
        own: dict[str, Any] = {"ansible_winrm_transport": method}
        if method == "kerberos":
            own |= {"ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"], "ansible_winrm_kerberos_hostname_override": NAME}
    else:
        own = {
            "connection": "psrp",
            "ansible_psrp_auth": method,
            "ansible_psrp_port": description.http_port or description.https_port,
            "ansible_psrp_protocol": "http" if description.http_port else "https",
            "ansible_psrp_negotiate_hostname_override": NAME if method == "kerberos" else None,
        }
    user = f"{USER}@ASSO.EXAMPLE" if method == "kerberos" else f"ASSO\\{USER}"
    return {**own, "ansible_user": user, "ansible_password": PASSWORD, **changes}


def codes(outcome: Outcome) -> list[str]:
    """The codes of the transport's findings, without their prefix."""
    return [one.code.removeprefix("transport.") for one in outcome.findings if one.code.startswith("transport.")]


@pytest.fixture(autouse=True)
def _forgotten_sockets() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def opened(kerberos: Realm, tmp_path: Path) -> Iterator[Bench]:
    """A workstation that takes tickets, with the realm as this process sees it."""
    with open_bench(tmp_path, **member(kerberos)) as bench:
        yield bench


@CONNECTIONS
def test_a_push_goes_over_a_ticket(opened: Bench, connection: str) -> None:
    outcome = opened.exchange(**variables(opened, connection, "kerberos"))
    assert (outcome.verdict, codes(outcome)) == (V.CHANGED, [])


@CONNECTIONS
def test_a_forwarded_ticket_is_told(opened: Bench, connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[CommandLine] = []
    truly = opened.engine.start

    def start(workstation: Workstation, command: CommandLine) -> Process:
        started.append(command)
        return truly(workstation, command)

    monkeypatch.setattr(opened.engine, "start", start)
    name = "ansible_winrm_kerberos_delegation" if connection == "winrm" else "ansible_psrp_negotiate_delegate"
    outcome = opened.exchange(**variables(opened, connection, "kerberos", **{name: True}))
    assert (outcome.verdict, codes(outcome)) == (V.CHANGED, ["credentials_delegated"])
    assert [(command.user, command.delegated) for command in started] == [(f"ASSO\\{USER}", True)]


@CONNECTIONS
def test_an_address_has_no_key_in_the_realm(opened: Bench, connection: str) -> None:
    own = variables(opened, connection, "kerberos")
    own.pop("ansible_winrm_kerberos_hostname_override", None)
    if connection == "psrp":
        own["ansible_psrp_negotiate_hostname_override"] = None
    outcome = opened.exchange(**own)
    assert (outcome.verdict, codes(outcome)) == (V.REFUSED, ["kerberos_name_unknown"])
    assert "/127.0.0.1@ASSO.EXAMPLE not found" in str(outcome.findings[0].evidence["message"])


@CONNECTIONS
@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        (USER, "not this one", "kerberos_account"),
        ("locked", "Locked-11", "kerberos_account"),
        ("ended", "Ended-111", "kerberos_account"),
        ("gone", "Gone-1111", "kerberos_account"),
        ("nobody", "Nobody-11", "kerberos_account"),
        ("stranger", "Stranger-1", "logon_refused"),
    ],
)
def test_an_account_that_the_realm_or_the_workstation_refuses(
    opened: Bench, connection: str, user: str, password: str, code: str
) -> None:
    own = variables(
        opened, connection, "kerberos", ansible_user=f"{user}@ASSO.EXAMPLE", ansible_password=password
    )  # fmt: skip
    outcome = opened.exchange(**own)
    assert (outcome.verdict, codes(outcome), outcome.attempts) == (V.REFUSED, [code], 1), outcome.detail
    assert password not in outcome.model_dump_json()


@CONNECTIONS
@pytest.mark.parametrize("shift", ["-10m", "+10m"])
def test_a_kdc_whose_clock_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kerberos: Realm, connection: str, shift: str
) -> None:
    del kerberos
    if shutil.which("faketime") is None:
        pytest.skip("no faketime on this machine: it needs the Debian package faketime")
    with Realm(tmp_path / "kdc", "ASSO.EXAMPLE", shift=shift) as realm:
        realm.add_users([Principal(USER, PASSWORD)])
        realm.add_hosts([NAME])
        monkeypatch.setenv("KRB5_CONFIG", str(realm.config))
        with open_bench(tmp_path, **member(realm)) as bench:
            outcome = bench.exchange(**variables(bench, connection, "kerberos"))
    assert (outcome.verdict, codes(outcome)) == (V.REFUSED, ["clock_skew"]), outcome.detail


@CONNECTIONS
def test_a_workstation_whose_clock_is_off_refuses_a_ticket_for_that(opened: Bench, connection: str) -> None:
    opened.set("clock_off", seconds=600)
    opened.set("logon_filtered")
    outcome = opened.exchange(**variables(opened, connection, "kerberos"))
    assert codes(outcome) == ["clock_skew"]
    evidence = outcome.findings[0].evidence
    assert evidence["host_clock"] != evidence["our_clock"]


@CONNECTIONS
def test_a_realm_that_nobody_knows(opened: Bench, connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", "/nonexistent")
    outcome = opened.exchange(**variables(opened, connection, "kerberos"))
    assert (outcome.verdict, codes(outcome)) == (V.REFUSED, ["kerberos_failed"])
    assert 'Cannot find KDC for realm "ASSO.EXAMPLE"' in str(outcome.findings[0].evidence["message"])


def test_without_kinit_the_machine_here_is_what_is_wrong(opened: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    outcome = opened.exchange(**variables(opened, "winrm", "kerberos"))
    assert (outcome.verdict, codes(outcome)) == (V.SKIPPED, ["client"])


@credssp
@CONNECTIONS
def test_a_push_goes_over_credssp_and_says_that_the_password_was_handed_on(tmp_path: Path, connection: str) -> None:
    with open_bench(tmp_path, **member()) as bench:
        outcome = bench.exchange(**variables(bench, connection, "credssp"))
    assert (outcome.verdict, codes(outcome)) == (V.CHANGED, ["credentials_delegated"])


@credssp
@CONNECTIONS
@pytest.mark.parametrize("fault", ["credentials_rejected", "logon_filtered"])
def test_a_refusal_of_credssp_is_one_of_the_account(tmp_path: Path, connection: str, fault: str) -> None:
    with open_bench(tmp_path, **member()) as bench:
        bench.set(fault)
        outcome = bench.exchange(**variables(bench, connection, "credssp"))
    assert (outcome.verdict, codes(outcome), outcome.attempts) == (V.REFUSED, ["logon_refused"], 1), outcome.detail


@credssp
@CONNECTIONS
def test_somebody_between_is_named_and_gets_no_password(
    tmp_path: Path, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who stands between shows the client a public key that is not the workstation's.
    with open_bench(tmp_path, **member()) as bench:
        monkeypatch.setattr("spnego._credssp.get_certificate_public_key", lambda _: b"\x30" + bytes(269))
        outcome = bench.exchange(**variables(bench, connection, "credssp"))
        assert bench.workstation.stats.logons == 0
    assert codes(outcome) == ["credssp_failed"], outcome.detail


@credssp
@CONNECTIONS
def test_credssp_is_not_used_unless_the_inventory_says_so(tmp_path: Path, connection: str) -> None:
    with open_bench(tmp_path, **member(auth=AuthSettings(basic=False, negotiate=False, credssp=True))) as bench:
        method = "ntlm" if connection == "winrm" else "negotiate"
        outcome = bench.exchange(**variables(bench, connection, method))
        assert bench.workstation.stats.logons == bench.workstation.stats.refused_logons == 0
    assert (outcome.verdict, codes(outcome)) == (V.REFUSED, ["logon_method_not_offered"])


@CONNECTIONS
def test_credssp_that_the_workstation_does_not_offer(tmp_path: Path, connection: str) -> None:
    with open_bench(tmp_path, **member(auth=AuthSettings())) as bench:
        outcome = bench.exchange(**variables(bench, connection, "credssp"))
    expected = ["logon_method_not_offered"] if winrm.transport.HAVE_CREDSSP else ["client"]
    assert codes(outcome) == expected, outcome.detail


def shown(bench: Bench, folder: Path, connection: str, *, days: int = 100) -> dict[str, Any]:
    """What an inventory says for a certificate."""
    authority, certificate = folder / "ca.pem", folder / "client.pem"
    authority.write_bytes(bench.endpoint.certificates.ca_pem)
    certificate.write_bytes(bench.endpoint.certificates.client_certificate("iea-local@localhost", days=days))
    if connection == "winrm":
        files = {
            "ansible_winrm_ca_trust_path": str(authority),
            "ansible_winrm_cert_pem": str(certificate),
            "ansible_winrm_cert_key_pem": str(certificate),
        }
    else:
        files = {
            "ansible_psrp_ca_cert": str(authority),
            "ansible_psrp_certificate_pem": str(certificate),
            "ansible_psrp_certificate_key_pem": str(certificate),
        }
    return variables(bench, connection, "certificate", ansible_user="", ansible_password="", **files)


@CONNECTIONS
@pytest.mark.parametrize(
    ("changes", "days", "verdict", "found"),
    [
        ({}, 100, V.CHANGED, []),
        ({"certificates": ()}, 100, V.REFUSED, ["client_certificate_refused"]),
        ({"auth": AuthSettings()}, 100, V.REFUSED, ["client_certificate_refused"]),
        ({}, -1, V.REFUSED, ["client_certificate_refused"]),
    ],
    ids=["mapped", "not_mapped", "switched_off", "ended"],
)
def test_a_certificate_in_place_of_a_password(
    tmp_path: Path, connection: str, changes: dict[str, Any], days: int, verdict: Verdict, found: list[str]
) -> None:
    described = member(**{"certificates": (CertificateMapping("*@localhost", "iea-local"),), **changes})
    with open_bench(tmp_path, https=True, **described) as bench:
        outcome = bench.exchange(**shown(bench, tmp_path, connection, days=days))
    assert (outcome.verdict, codes(outcome)) == (verdict, found), outcome.detail


def test_a_whole_playbook_goes_over_a_ticket_and_over_credssp(opened: Bench) -> None:
    methods = ["kerberos", *(["credssp"] if winrm.transport.HAVE_CREDSSP else [])]
    ended = [opened.ansible("-vvv", **variables(opened, "winrm", method)) for method in methods]
    assert [run.exit_code for run in ended] == [0 for _ in ended], ended[-1].text
    assert not any(PASSWORD in run.text for run in ended)
