"""Both parties of a logon: a workstation with every way switched on, and the clients that log on to it."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import winrm

from iea_fleet.lab.http.logon import Logon
from iea_fleet.lab.kdc import Realm
from iea_fleet.lab.workstation import (
    Account,
    AuthSettings,
    CertificateMapping,
)
from tests.conftest import KERBEROS_PASSWORD as PASSWORD
from tests.conftest import KERBEROS_USER as USER

ALL = AuthSettings(kerberos=True, credssp=True, certificate=True)
NAME = "poste-01.asso.example"
PRINCIPAL = f"{USER}@ASSO.EXAMPLE"
LOCAL = "Zoé"
credssp = pytest.mark.skipif(
    not winrm.transport.HAVE_CREDSSP, reason="pywinrm has no CredSSP here: it needs the package requests-credssp"
)


def describe(realm: Realm | None = None, **changes: Any) -> dict[str, Any]:
    """A workstation of the domain with every logon switched on."""
    return {
        "domain": "asso.example",
        "accounts": (Account(USER, PASSWORD, domain="asso.example"), Account(LOCAL, "secret")),
        "keytab": realm.keytab if realm else None,
        "auth": ALL,
        "https_port": 0,
        "certificates": (CertificateMapping("*@asso.example", LOCAL),),
        **changes,
    }


def kinit(principal: str, password: str) -> None:
    subprocess.run(["kinit", "-f", principal], input=f"{password}\n".encode(), check=True, capture_output=True)


@contextmanager
def pywinrm(host: Any, transport: str, folder: Path, *, https: bool = False, **options: Any) -> Iterator[Any]:
    authority = folder / "ca.pem"
    authority.write_bytes(host.endpoint.certificates.ca_pem)
    known: dict[str, Any] = {
        "kerberos": {"username": PRINCIPAL, "kerberos_hostname_override": NAME},
        "credssp": {"username": f"ASSO\\{USER}", "password": PASSWORD},
        "ntlm": {"username": f"ASSO\\{USER}", "password": PASSWORD},
    }
    protocol = winrm.Protocol(
        endpoint=host.https_url if https else host.url,
        transport=transport,
        **{
            "proxy": None,
            "ca_trust_path": str(authority),
            "operation_timeout_sec": 5,
            "read_timeout_sec": 8,
            **known.get(transport, {}),
            **options,
        },
    )
    yield protocol
    protocol.transport.close_session()


def run(host: Any, protocol: Any, script: str = "", data: bytes = b"") -> tuple[bytes, list[tuple[str, bool]]]:
    """What a command said, and as whom it ran: owner of the shell, and whether he can go on to other machines."""
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "powershell", ["-Command", script or "-"])
    if data:
        protocol.send_command_input(shell, command, data, end=True)
    output, _, _ = protocol.get_command_output(shell, command)
    started = host.engine.started[-1]
    protocol.close_shell(shell)
    return output, [(started.user, started.delegated)]


def exchange(context: Any, logon: Logon) -> Any:
    """Let a client of CredSSP log on; the last answer."""
    token, answer = context.step(), None
    while token:
        answer = logon.step(f"CredSSP {base64.b64encode(token).decode()}")
        told = [one.partition(" ")[2] for one in answer.challenges if one.startswith("CredSSP ")]
        token = context.step(base64.b64decode(told[0])) if told and not context.complete else None
    return answer
