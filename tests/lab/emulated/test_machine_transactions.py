"""What only the emulated machine can play: a registry, services, full disks, locks at one step, processes that die."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from iea_fleet.lab.emulated.disk import Cut, Disk, Lock, Purpose
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.registry import Registry, RegistryPlace, RegistryValue
from iea_fleet.lab.emulated.round import run_round
from iea_fleet.lab.emulated.transaction import answer
from iea_fleet.model.answer import Answer, PlaceState, ServiceFacts, SettingFacts, Status, Step
from iea_fleet.model.request import Request

PERSON, OTHER = "S-1-5-21-1-2-3-1001", "S-1-12-1-7-8"
SIDS = ("S-1-5-18", PERSON, f"{PERSON}_Classes", OTHER, ".DEFAULT")
INI = {"store": "ini", "path": r"C:\app\a.ini", "section": "S", "key": "k"}
MODE: Mapping[str, Any] = {"store": "registry", "hive": "HKLM", "key": r"SOFTWARE\IEA", "value": "Mode"}


def make_machine() -> Machine:
    disk = Disk()
    disk.lay(r"C:\app\a.ini", b"[S]\r\nk=1\r\n")
    return Machine(
        Identity("POSTE-01", "id-1"),
        disk=disk,
        registry=Registry(sids=SIDS),
        services={"IEA": "running"},
        processes={"ImpactEmploi": 2},
    )


def make_request(**parts: Any) -> Request:
    common = {"transaction": "a" * 32, "nonce": "b" * 32, "dry_run": False}
    return Request.model_validate_json(json.dumps(common | parts))


def ensure(machine: Machine, target: Mapping[str, Any], value: str, **more: Any) -> Answer:
    return answer(machine, make_request(ensure=[{"id": "x", "target": target, "value": value}], **more))


def test_a_registry_value_is_created_with_its_kind_and_kept_with_it() -> None:
    machine = make_machine()
    created = ensure(machine, {**MODE, "type": "dword"}, "7")
    assert (created.status, created.ensure[0].places[0].state) == (Status.DONE, PlaceState.ABSENT)
    place = RegistryPlace(r"hklm\software\iea", "MODE")
    assert machine.registry.read(place) == RegistryValue("dword", "7")
    ensure(machine, {**MODE, "type": "string"}, "8", transaction="c" * 32)
    assert machine.registry.read(place) == RegistryValue("dword", "8")


@pytest.mark.parametrize("value", ["x", "-1", "4294967296", "", "1.5"])
def test_a_dword_holds_nothing_but_its_numbers(value: str) -> None:
    machine = make_machine()
    refused = ensure(machine, {**MODE, "type": "dword"}, value)
    assert refused.error is not None
    assert (refused.error.step, refused.error.id) == (Step.PLAN, "x")
    assert machine.registry.snapshot() == {}


def test_the_two_views_of_software_are_two_places() -> None:
    machine = make_machine()
    ensure(machine, {**MODE, "view": 32}, "a")
    ensure(machine, {**MODE, "view": 64}, "b", transaction="c" * 32)
    probes = [{"kind": "setting", "id": f"v{view}", "target": {**MODE, "view": view}} for view in (32, 64)]
    facts = answer(machine, make_request(probe=probes, transaction="d" * 32)).probes
    places = [each.places[0] for each in facts if isinstance(each, SettingFacts)]
    assert [(place.place, place.value) for place in places] == [
        (r"HKLM\SOFTWARE\IEA:Mode(32)", "a"),
        (r"HKLM\SOFTWARE\IEA:Mode", "b"),
    ]


def test_every_loaded_hive_of_a_person_is_a_place_and_no_other() -> None:
    machine = make_machine()
    told = ensure(machine, {**MODE, "hive": "HKU"}, "secure")
    assert [change.place for change in told.ensure[0].places] == [
        rf"HKU\{PERSON}\SOFTWARE\IEA:Mode",
        rf"HKU\{OTHER}\SOFTWARE\IEA:Mode",
    ]
    machine.registry.sids = ("S-1-5-18",)
    nobody = ensure(machine, {**MODE, "hive": "HKU"}, "secure", transaction="c" * 32)
    assert (nobody.status, nobody.ensure[0].places) == (Status.DONE, ())


def test_a_value_of_another_kind_is_malformed_and_stays() -> None:
    machine = make_machine()
    machine.registry.write(RegistryPlace(r"HKLM\SOFTWARE\IEA", "Mode"), RegistryValue("binary", "00ff"))
    before = machine.registry.snapshot()
    assert ensure(machine, MODE, "x").status is Status.FAILED
    assert machine.registry.snapshot() == before


@pytest.mark.parametrize("how", ["before", "torn", "killed"])
def test_registry_and_file_are_both_old_or_both_new_after_the_next_transaction(how: Any) -> None:
    changes = [{"id": "f", "target": INI, "value": "9"}, {"id": "r", "target": MODE, "value": "9"}]
    passed = False
    for step in range(1, 30):
        machine = make_machine()
        machine.disk.cut = Cut(step, how)
        output = run_round(machine, make_request(ensure=changes).to_line().encode())
        assert machine.disk.peek(r"c:\APP\A.INI") in (b"[S]\r\nk=1\r\n", b"[S]\r\nk=9\r\n")
        passed = output.exit_code == 0
        if passed:
            break
        machine.disk.lay(r"C:\app\a.ini", machine.disk.peek(r"C:\app\a.ini"))
        probes = [{"kind": "setting", "id": "f", "target": INI}, {"kind": "setting", "id": "r", "target": MODE}]
        values = [
            each.places[0].value
            for each in answer(machine, make_request(probe=probes, transaction="c" * 32)).probes
            if isinstance(each, SettingFacts)
        ]
        assert values in (["1", None], ["9", "9"]), f"step {step}"
        assert {path for path in machine.disk.snapshot() if path.endswith((".old", ".new", "journal.json"))} <= {
            rf"c:\app\a.ini.{'a' * 32}.new"
        }
    assert passed


@pytest.mark.parametrize(
    ("at", "step"), [("backup", Step.BACKUP), ("write", Step.WRITE), ("read_back", Step.READ_BACK)]
)
@pytest.mark.parametrize("code", [32, 33, 5])
def test_a_file_that_is_held_at_one_step_fails_there_and_nothing_stays(at: Purpose, step: Step, code: int) -> None:
    machine = make_machine()
    before = machine.disk.snapshot()
    machine.disk.locks[r"c:\app\a.ini"] = Lock(at, code)
    failed = ensure(machine, INI, "9")
    assert failed.error is not None
    assert (failed.error.step, failed.error.id, failed.error.win32_code) == (step, "x", code)
    assert failed.error.undone
    assert machine.disk.snapshot() == before


def test_a_file_that_is_let_go_after_some_tries_is_written() -> None:
    machine = make_machine()
    machine.disk.locks[r"c:\app\a.ini"] = Lock("write", attempts=5)
    assert ensure(machine, INI, "9").status is Status.DONE


@pytest.mark.parametrize(
    ("at", "step"), [("space", Step.SPACE), ("journal", Step.JOURNAL), ("backup", Step.BACKUP), ("write", Step.WRITE)]
)
def test_a_full_disk_fails_where_it_is_noticed_and_nothing_stays(at: Any, step: Step) -> None:
    machine = make_machine()
    before = machine.disk.snapshot()
    machine.disk.full_at = at
    failed = ensure(machine, INI, "9")
    assert failed.error is not None
    assert (failed.error.step, failed.error.win32_code, failed.error.undone) == (step, 112, True)
    assert (failed.error.free_bytes is not None) == (at == "space")
    assert machine.disk.snapshot() == before


def test_a_file_changed_since_a_cut_is_left_and_told() -> None:
    machine = make_machine()
    for step in range(1, 30):
        machine = make_machine()
        machine.disk.cut = Cut(step)
        run_round(machine, make_request(ensure=[{"id": "x", "target": INI, "value": "9"}]).to_line().encode())
        if machine.disk.exists(rf"C:\app\a.ini.{'a' * 32}.old"):
            break
    machine.disk.lay(r"C:\app\a.ini", b"[S]\r\nk=mine\r\n")
    refused = ensure(machine, INI, "9", transaction="c" * 32)
    assert refused.error is not None
    assert (refused.error.step, refused.status) == (Step.RECOVER, Status.FAILED)
    assert machine.disk.peek(r"C:\app\a.ini") == b"[S]\r\nk=mine\r\n"
    assert ensure(machine, INI, "9", transaction="d" * 32).status is Status.DONE


def test_services_and_processes_are_restarted_only_when_due() -> None:
    machine = make_machine()
    machine.disk.lay(r"C:\app\iea.exe", b"MZ")
    assert machine.services is not None
    machine.services["IEA"] = "stopped"
    steps = [
        {"kind": "restart_service", "id": "s", "name": "iea"},
        {"kind": "restart_process", "id": "p", "name": "impactemploi", "path": r"C:\app\iea.exe"},
        {"kind": "restart_service", "id": "gone", "name": "other", "when": "always"},
    ]
    unchanged = ensure(machine, INI, "1", after=steps)
    assert [(outcome.id, outcome.ok) for outcome in unchanged.after] == [("gone", False)]
    assert (machine.services["IEA"], machine.processes["ImpactEmploi"]) == ("stopped", 2)
    changed = ensure(
        machine, INI, "9", after=steps, transaction="c" * 32, probe=[{"kind": "service", "id": "q", "name": "IEA"}]
    )
    assert [(outcome.id, outcome.ok) for outcome in changed.after] == [("s", True), ("p", True), ("gone", False)]
    assert machine.processes["ImpactEmploi"] == 1
    before, after = changed.probes[0], changed.verify[0]
    assert isinstance(before, ServiceFacts)
    assert isinstance(after, ServiceFacts)
    assert (before.state, after.state) == ("stopped", "running")


def test_machines_share_what_they_have_not_changed() -> None:
    shared = {r"c:\app\a.ini": b"[S]\r\nk=1\r\n"}
    one, two = (Machine(Identity(name, name), disk=Disk(shared)) for name in ("A", "B"))
    ensure(one, INI, "9")
    assert (one.disk.peek(r"C:\app\a.ini"), two.disk.peek(r"C:\app\a.ini")) == (b"[S]\r\nk=9\r\n", b"[S]\r\nk=1\r\n")
    assert shared == {r"c:\app\a.ini": b"[S]\r\nk=1\r\n"}


def test_every_purpose_is_a_word_that_a_fault_can_name() -> None:
    assert {"read", "backup", "write", "read_back", "journal"} <= set(get_args(Purpose))
