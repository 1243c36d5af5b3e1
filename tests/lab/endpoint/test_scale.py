"""A thousand workstations in one process: they start fast, cost little, and each answers for itself."""

from __future__ import annotations

import http.client
import socket
import sys
import time
from typing import Any

import pytest

from iea_fleet.lab.http.endpoint import Endpoint
from iea_fleet.lab.workstation import Account, AuthSettings, Description, Workstation
from tests.lab.endpoint.conftest import PASSWORD, USER, Client, TestEngine

CLEAR = AuthSettings(allow_unencrypted=True)


def test_two_workstations_may_claim_one_name(lab: Any) -> None:
    twins = [
        Workstation(Description("CLONE", "127.0.0.1", 0, accounts=(Account(USER, PASSWORD),), auth=CLEAR)) for _ in "12"
    ]
    endpoint = Endpoint(twins, TestEngine())
    lab.call(endpoint.start())
    lab.endpoints.append(endpoint)
    for twin in twins:
        client = Client(http.client.HTTPConnection("127.0.0.1", twin.description.http_port, timeout=5))
        client.create()
        assert len(twin.shells) == 1
        client.connection.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has all of 127.0.0.0/8")
def test_a_thousand_workstations_start_in_seconds_each_with_its_own_address(lab: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    account = (Account(USER, PASSWORD),)
    stations = [
        Workstation(Description(f"P{n:04}", f"127.77.{n // 250}.{n % 250 + 1}", port, None, account, auth=CLEAR))
        for n in range(1000)
    ]
    endpoint = Endpoint(stations, TestEngine())
    began = time.monotonic()
    lab.call(endpoint.start())
    lab.endpoints.append(endpoint)
    assert time.monotonic() - began < 5
    for station in (stations[0], stations[499], stations[999]):
        client = Client(http.client.HTTPConnection(station.description.address, port, timeout=5))
        client.create()
        assert len(station.shells) == 1
        client.connection.close()
    assert sum(len(station.shells) for station in stations) == 3
