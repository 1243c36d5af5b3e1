"""A whole round on an emulated workstation: the share is probed, mended and probed again in one transaction."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iea_fleet.lab.emulated.disk import Disk
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.transaction import answer
from iea_fleet.lab.share.access import ShareAccess
from iea_fleet.lab.share.faults import ShareFault
from iea_fleet.lab.share.files import DATABASE
from iea_fleet.lab.share.visit import FileServers, Standing
from iea_fleet.model.answer import Answer, ShareFacts, ShareLayer, Status, Step
from iea_fleet.model.request import Request
from tests.lab.share.places import JUDO

NAMES = [{"name": "IEA_DATABASE", "text": "P:\\Base"}]


@pytest.fixture
def machine(servers: FileServers) -> Machine:
    made = Machine(Identity("POSTE-01", "0" * 36), Disk(), services={"LanmanWorkstation": "running"})
    made.share = ShareAccess(JUDO, servers, "POSTE-01$", "POSTE-01\\Zoé")
    return made


def ask(machine: Machine, **parts: Any) -> Answer:
    common = {"transaction": "a" * 32, "nonce": "b" * 32, "dry_run": False, "names": NAMES}
    return answer(machine, Request.model_validate_json(json.dumps(common | parts)))


def probe(as_whom: str) -> dict[str, Any]:
    return {"kind": "share", "id": "s", "path": "%iea_database%", "file": DATABASE, "as_whom": as_whom, "write": True}


def facts(probes: tuple[Any, ...]) -> ShareFacts:
    (told,) = probes
    assert isinstance(told, ShareFacts)
    return told


def with_fault(machine: Machine, *faults: ShareFault) -> Machine:
    assert machine.share is not None
    machine.share.faults |= set(faults)
    return machine


@pytest.mark.parametrize(
    ("fault", "as_whom", "work", "before"),
    [
        (ShareFault.MAPPING_LOST, "user", {"kind": "restore_drive", "path": "%IEA_DATABASE%"}, (ShareLayer.PATH, 3)),
        (
            ShareFault.SESSION_STALE,
            "logon",
            {"kind": "reconnect_share", "path": "%IEA_DATABASE%"},
            (ShareLayer.SHARE, 64),
        ),
        (
            ShareFault.OTHER_CREDENTIALS,
            "user",
            {"kind": "reconnect_share", "path": "%IEA_DATABASE%", "as_whom": "user"},
            (ShareLayer.PATH, 1219),
        ),
    ],
)
def test_what_a_step_can_mend_is_mended_in_one_round(
    machine: Machine, fault: ShareFault, as_whom: str, work: dict[str, Any], before: tuple[ShareLayer, int]
) -> None:
    with_fault(machine, fault)
    only_if = {"probe": "s", "fact": "ok", "one_of": ["false"]}
    told = ask(machine, probe=[probe(as_whom)], act=[{"id": "mend", "only_if": only_if, **work}])
    assert (facts(told.probes).layer, facts(told.probes).win32_code) == before
    assert (told.status, [work.ok for work in told.act]) == (Status.DONE, [True])
    assert facts(told.verify).ok
    assert (
        ask(machine, transaction="c" * 32, probe=[probe(as_whom)], act=[{"id": "m", "only_if": only_if, **work}]).act
        == ()
    )


def test_a_stopped_service_is_started_and_the_share_is_reached(machine: Machine) -> None:
    assert machine.services is not None
    machine.services["LanmanWorkstation"] = "stopped"
    start = {"kind": "restart_service", "id": "start", "name": "LanmanWorkstation", "when": "always"}
    told = ask(machine, probe=[probe("logon")], act=[start])
    assert (facts(told.probes).win32_code, facts(told.verify).ok) == (1231, True)


def test_a_step_that_does_not_help_ends_the_round(machine: Machine) -> None:
    with_fault(machine, ShareFault.SESSION_STALE, ShareFault.SHARE_MISSING)
    told = ask(machine, act=[{"id": "again", "kind": "reconnect_share", "path": "%IEA_DATABASE%"}])
    assert told.status is Status.FAILED
    assert told.error is not None
    assert (told.error.step, told.error.win32_code) == (Step.ACT, 67)


def test_a_dry_run_probes_and_mends_nothing(machine: Machine) -> None:
    with_fault(machine, ShareFault.SESSION_STALE)
    told = ask(
        machine, dry_run=True, probe=[probe("logon")], act=[{"id": "m", "kind": "reconnect_share", "path": JUDO.unc}]
    )
    assert [work.ok for work in told.act] == [True]
    assert machine.share is not None
    assert machine.share.faults == {ShareFault.SESSION_STALE}


def test_the_password_of_a_share_logon_is_in_no_answer(machine: Machine) -> None:
    with_fault(machine, ShareFault.DOUBLE_HOP)
    assert machine.share is not None
    account = machine.share.servers.accounts[Standing.FINE]
    logon = {"path": JUDO.unc, "username": account.name, "password": account.password}
    told = ask(machine, connect=logon, probe=[probe("logon")])
    assert (facts(told.probes).ok, facts(told.probes).account) == (True, account.name)
    assert account.password not in told.model_dump_json()
    assert ask(machine, transaction="c" * 32, probe=[probe("logon")]).probes[0].win32_code == 5  # type: ignore[union-attr]
