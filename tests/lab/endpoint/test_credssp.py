"""Logons by CredSSP: what is handed on, and to whom never."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import spnego
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pypsrp.shell import Process as PypsrpProcess
from pypsrp.shell import WinRS
from pypsrp.wsman import WSMan

from iea_fleet.lab.http.logon import Logon
from iea_fleet.lab.kdc import Realm
from iea_fleet.lab.workstation import (
    Description,
    Workstation,
)
from tests.conftest import KERBEROS_PASSWORD as PASSWORD
from tests.conftest import KERBEROS_USER as USER
from tests.lab.endpoint.logon_parties import (
    LOCAL,
    NAME,
    PRINCIPAL,
    credssp,
    describe,
    exchange,
    pywinrm,
    run,
)


@pytest.fixture
def host(lab: Any) -> Any:
    return lab.open(**describe())


@credssp
@pytest.mark.parametrize("https", [False, True])
def test_pywinrm_logs_on_with_credssp_and_hands_its_credentials_on(host: Any, tmp_path: Path, https: bool) -> None:
    with pywinrm(host, "credssp", tmp_path, https=https) as protocol:
        # More than a TLS record each way: several encrypted parts in one message.
        output, who = run(host, protocol, data=bytes(range(256)) * 300)
    assert (output, who) == (bytes(reversed(range(256))) * 300, [(f"ASSO\\{USER}", True)])


def test_credssp_by_a_ticket_hands_the_credentials_on_too(kerberos: Realm) -> None:
    inner = spnego.client(PRINCIPAL, PASSWORD, hostname=NAME, service="HTTP", protocol="kerberos")
    context = spnego.client(PRINCIPAL, PASSWORD, protocol="credssp", credssp_negotiate_context=inner)
    logon = Logon(Workstation(Description("POSTE-01", **describe(kerberos))), None)
    answer = exchange(context, logon)
    assert (answer.user, answer.delegated) == (f"ASSO\\{USER}", True)


@credssp
def test_pypsrp_logs_on_with_credssp(host: Any) -> None:
    with WSMan(
        "127.0.0.1", port=host.port, ssl=False, auth="credssp", username=f"ASSO\\{USER}", password=PASSWORD,
        no_proxy=True,
    ) as wsman, WinRS(wsman) as shell:  # fmt: skip
        process = PypsrpProcess(shell, "powershell", ["-Command", "big"])
        process.invoke()
        assert process.stdout == bytes(range(256)) * 4096
    assert host.engine.started[-1].delegated


@credssp
def test_a_wrong_password_in_credssp_counts_towards_the_lock(lab: Any, tmp_path: Path) -> None:
    from requests_credssp.exceptions import AuthenticationException, NTStatusException

    host = lab.open(**describe(lockout_threshold=1))
    for password, told in (("wrong", "STATUS_LOGON_FAILURE"), (PASSWORD, "after step Credential exchange")):
        with (
            pywinrm(host, "credssp", tmp_path, password=password) as protocol,
            pytest.raises((NTStatusException, AuthenticationException), match=told),
        ):
            protocol.open_shell()
    assert host.workstation.stats.logons == 0


@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_no_credentials_are_handed_on_unless_the_client_is_told_to(lab: Any, tmp_path: Path, transport: str) -> None:
    host = lab.open(**describe())
    who = {"basic": {"username": LOCAL, "password": "secret"}}.get(transport, {})
    with pywinrm(host, transport, tmp_path, https=True, **who) as protocol:
        assert [delegated for _, delegated in run(host, protocol, data=b"ab")[1]] == [False]


def test_credssp_is_refused_to_somebody_between_the_two(monkeypatch: pytest.MonkeyPatch) -> None:
    # Who stands between shows the client another public key than the workstation's.
    monkeypatch.setattr("spnego._credssp.get_certificate_public_key", lambda _: b"\x30" + bytes(269))
    logon = Logon(Workstation(Description("POSTE-01", **describe())), None)
    context = spnego.client(f"ASSO\\{USER}", PASSWORD, protocol="credssp")
    answer = exchange(context, logon)
    assert (answer.user, context.complete) == (None, False)


def test_credentials_that_are_not_the_accounts_are_not_handed_on() -> None:
    logon = Logon(Workstation(Description("POSTE-01", **describe())), None)
    context = spnego.client(f"ASSO\\{USER}", PASSWORD, protocol="credssp")
    context._ts_credential.credentials.password = ""  # type: ignore[attr-defined]
    answer = exchange(context, logon)
    assert (answer.user, answer.delegated) == (f"ASSO\\{USER}", False)


@hypothesis_settings(max_examples=60)
@given(step=st.integers(0, 4), position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_changed_exchange_of_credssp_logs_on(step: int, position: int, flip: int) -> None:
    logon = Logon(Workstation(Description("POSTE-01", **describe())), None)
    context = spnego.client(f"ASSO\\{USER}", PASSWORD, protocol="credssp")
    token, count = context.step(), 0
    while token:
        sent = bytearray(token)
        if count == step:
            sent[position % len(sent)] ^= flip
        answer = logon.step(f"CredSSP {base64.b64encode(sent).decode()}")
        if count == step:
            # A random number of the client's may be any; whatever else is changed ends the exchange, then or later.
            assert answer.user is None or step == 0
        told = [one.partition(" ")[2] for one in answer.challenges if one.startswith("CredSSP ")]
        count += 1
        try:
            token = context.step(base64.b64decode(told[0])) if told and not context.complete else None
        except Exception:
            return
