"""Logons with a client certificate: mapped, ended, of another authority, switched off."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from pypsrp.shell import Process as PypsrpProcess
from pypsrp.shell import WinRS
from pypsrp.wsman import WSMan
from requests.exceptions import ConnectionError as RequestsConnectionError
from winrm.exceptions import InvalidCredentialsError

from iea_fleet.lab.http.logon import Logon
from iea_fleet.lab.workstation import (
    AuthSettings,
    CertificateMapping,
    Description,
    Workstation,
)
from tests.conftest import KERBEROS_USER as USER
from tests.lab.endpoint.logon_parties import (
    ALL,
    LOCAL,
    describe,
    pywinrm,
    run,
)


@pytest.fixture
def host(lab: Any) -> Any:
    return lab.open(**describe())


def certificate(host: Any, folder: Path, principal: str, **options: Any) -> dict[str, str]:
    path = folder / "client.pem"
    path.write_bytes(host.endpoint.certificates.client_certificate(principal, **options))
    return {"cert_pem": str(path), "cert_key_pem": str(path)}


def test_pywinrm_logs_on_with_a_certificate(host: Any, tmp_path: Path) -> None:
    shown = certificate(host, tmp_path, f"{LOCAL}@asso.example")
    with pywinrm(host, "certificate", tmp_path, https=True, **shown) as protocol:
        assert run(host, protocol, data=b"ab") == (b"ba", [(LOCAL, False)])


def test_pypsrp_logs_on_with_a_certificate(host: Any, tmp_path: Path) -> None:
    shown = certificate(host, tmp_path, f"{LOCAL}@asso.example")
    authority = tmp_path / "ca.pem"
    authority.write_bytes(host.endpoint.certificates.ca_pem)
    validation: Any = str(authority)
    with WSMan(
        "127.0.0.1", port=host.workstation.description.https_port, auth="certificate", no_proxy=True,
        certificate_pem=shown["cert_pem"], certificate_key_pem=shown["cert_key_pem"], cert_validation=validation,
    ) as wsman, WinRS(wsman) as shell:  # fmt: skip
        process = PypsrpProcess(shell, "hostname")
        process.invoke()
        assert process.stdout == b"POSTE-01\r\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": ()},
        {"certificates": (CertificateMapping("*@asso.example", LOCAL, enabled=False),)},
        {"certificates": (CertificateMapping("*@other.example", LOCAL),)},
        {"certificates": (CertificateMapping("*@asso.example", f"ASSO\\{USER}"),)},
        {"certificates": (CertificateMapping("*@asso.example", "nobody"),)},
        {"auth": AuthSettings()},
    ],
    ids=["no_mapping", "switched_off", "other_subject", "domain_account", "no_account", "method_off"],
)
def test_a_certificate_that_is_nobodys_is_refused(lab: Any, tmp_path: Path, changes: dict[str, Any]) -> None:
    host = lab.open(**describe(**changes))
    shown = certificate(host, tmp_path, f"{LOCAL}@asso.example")
    with (
        pywinrm(host, "certificate", tmp_path, https=True, **shown) as protocol,
        pytest.raises(InvalidCredentialsError),
    ):
        protocol.open_shell()


def test_a_certificate_that_has_ended_is_refused(host: Any, tmp_path: Path) -> None:
    shown = certificate(host, tmp_path, f"{LOCAL}@asso.example", days=-1)
    with (
        pywinrm(host, "certificate", tmp_path, https=True, **shown) as protocol,
        pytest.raises(InvalidCredentialsError),
    ):
        protocol.open_shell()


def test_a_certificate_of_another_authority_gets_no_connection(lab: Any, host: Any, tmp_path: Path) -> None:
    shown = certificate(lab.open(**describe()), tmp_path, f"{LOCAL}@asso.example")
    with (
        pywinrm(host, "certificate", tmp_path, https=True, **shown) as protocol,
        pytest.raises(RequestsConnectionError),
    ):
        protocol.open_shell()


def test_naming_the_profile_of_certificates_without_one_is_refused() -> None:
    logon = Logon(Workstation(Description("POSTE-01", **describe())), None)
    answer = logon.step("http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual")
    assert answer.user is None


def test_a_certificate_is_nobodys_where_certificates_are_switched_off(host: Any) -> None:
    pem = host.endpoint.certificates.client_certificate(f"{LOCAL}@asso.example").decode()
    der = ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----BEGIN PRIVATE")])
    profile = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
    users = []
    for auth in (ALL, AuthSettings()):
        workstation = Workstation(Description("POSTE-01", **describe(auth=auth)))
        users.append(Logon(workstation, None, der).step(profile).user)
    assert users == [LOCAL, None]
