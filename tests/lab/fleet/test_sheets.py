"""What every sheet meets on a workstation of the lab, on both engines: licences, sessions, assistance, share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from iea_fleet.lab.application import LICENCE_TWICE, SERVICE
from iea_fleet.lab.share.access import seen_by_program
from iea_fleet.lab.share.faults import SYMPTOMS, WORKSTATION_SERVICE, ShareFault
from iea_fleet.lab.share.visit import Reached
from iea_fleet.model.answer import (
    Answer,
    LogFacts,
    PeopleFacts,
    ProcessFacts,
    RecordsFacts,
    ServiceFacts,
    SettingFacts,
    ShareFacts,
    ShareLayer,
    Status,
    Step,
)
from iea_fleet.model.request import AsWhom
from tests.lab.fleet.conftest import CommandLine
from tests.lab.fleet.rounds import NEEDS_PWSH, PROFILE, OpenLab, request


@pytest.fixture(scope="module", params=["emulated", pytest.param("pwsh", marks=NEEDS_PWSH)])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLab]:
    iea = CommandLine(tmp_path_factory.mktemp(request.param) / "state")
    iea.up(
        "--hosts", "4", "--sites", "2", "--engine", request.param, "--situation", "right", "--share", "folder"
    )  # fmt: skip
    yield OpenLab(iea, request.param, tuple(iea.status()))
    assert iea("lab", "down").code == 0


@pytest.fixture
def lab(opened: OpenLab) -> Iterator[OpenLab]:
    yield opened
    assert opened.iea("lab", "mend", "all").code == 0
    assert opened.iea("lab", "break", "all", "right").code == 0


def _data(model: Any) -> Any:
    return model.model_dump(mode="json")


assert PROFILE.licences is not None
assert PROFILE.licences.own is not None
assert PROFILE.sessions is not None
assert PROFILE.connection.assistance is not None
assert PROFILE.connection.state is not None
assert PROFILE.refusals is not None
OWN = {"kind": "setting", "id": "own", "target": _data(PROFILE.licences.own.at)}
BINDINGS = {"kind": "records", "id": "bindings", "target": _data(PROFILE.licences.bindings)}
SESSIONS = {"kind": "records", "id": "sessions", "target": _data(PROFILE.sessions.open)}
RUNS = {"kind": "process", "id": "runs", "name": PROFILE.application.process}
STATE = {"kind": "setting", "id": "state", "target": _data(PROFILE.connection.state.at)}
ACTIVE = {"kind": "setting", "id": "active", "target": _data(PROFILE.connection.assistance.at)}
LOG = {"kind": "log", "id": "log", "path": PROFILE.refusals.path, "encoding": "cp1252"}


def _log(**patterns: str) -> dict[str, Any]:
    return LOG | {"patterns": patterns}


def _value(answer: Answer, name: str, *, verify: bool = False) -> str | None:
    (facts,) = (one for one in (answer.verify if verify else answer.probes) if one.id == name)
    assert isinstance(facts, SettingFacts)
    return facts.places[0].value


def _records(answer: Answer, name: str, *, verify: bool = False) -> tuple[dict[str, str], ...]:
    (facts,) = (one for one in (answer.verify if verify else answer.probes) if one.id == name)
    assert isinstance(facts, RecordsFacts)
    return facts.records


def test_each_workstation_of_a_site_has_its_licence_in_the_site_s_database(lab: OpenLab) -> None:
    seen = {}
    for host in lab.hosts:
        answer = lab.answer(host, request(probe=[OWN, BINDINGS]))
        licence = _value(answer, "own")
        rows = _records(answer, "bindings")
        assert [row["workstation"] for row in rows if row["licence"] == licence] == [host]
        seen[host] = sorted(row["workstation"] for row in rows)
    # Two sites; the second names its folder by the drive of its people.
    assert len({tuple(names) for names in seen.values()}) == 2
    assert all(host in names for host, names in seen.items())


@pytest.mark.parametrize(("situation", "domain"), [("plain_account", "ASSOCIATION"), ("filtered_account", None)])
def test_an_account_without_administrators_rights_says_so_and_is_denied_what_takes_them(
    lab: OpenLab, situation: str, domain: str | None
) -> None:
    host = lab.hosts[0]
    assert lab.answer(host, request()).host.elevated is True
    lab.begin(host, situation)
    mode = PROFILE.connection.mode
    service = {"kind": "service", "id": "service", "name": SERVICE}
    share = {"kind": "share", "id": "share", "path": "%IEA_DATABASE%", "timeout_ms": 1000}
    looks = [share | {"id": whom, "as_whom": whom} for whom in ("user", "machine")]
    probes = [service, {"kind": "people", "id": "people"}, *looks]
    ensure = [{"id": "mode", "target": _data(mode.at), "value": mode.plain}]
    answer = lab.answer(host, request(probe=probes, ensure=ensure))
    assert (answer.host.elevated, answer.host.user) == (False, rf"{domain or host}\iea-admin")
    assert [facts.state for facts in answer.probes[:2] if isinstance(facts, ServiceFacts | PeopleFacts)] == (
        ["unsupported"] * 2
    )
    assert {facts.layer for facts in answer.probes if isinstance(facts, ShareFacts)} == {ShareLayer.IDENTITY}
    assert answer.error is not None
    assert (answer.error.step, answer.error.win32_code, answer.error.undone) == (Step.BACKUP, 5, True)
    restart = {"kind": "restart_service", "id": "service", "name": SERVICE, "when": "always"}
    computer = {"kind": "restart_computer", "id": "computer", "when": "always", "message": "m", "title": "t"}
    answer = lab.answer(host, request(after=[restart, computer]))
    assert [(step.ok, step.win32_code) for step in answer.after] == [(False, 0), (False, 5)]
    assert "Service Control Manager" in answer.after[0].message


def test_a_licence_that_is_bound_twice_is_reset_and_taken_up_at_the_next_start(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.begin(host, "licence_twice")
    assert lab.desk(host)["message"] == LICENCE_TWICE
    probes = [OWN, BINDINGS, _log(twice=str(PROFILE.refusals and PROFILE.refusals.licence_twice))]
    answer = lab.answer(host, request(probe=probes))
    licence = _value(answer, "own")
    twice = [row for row in _records(answer, "bindings") if row["licence"] == licence]
    assert [row["workstation"] for row in twice] == [host, "PC-ACCUEIL"]
    assert isinstance(answer.probes[2], LogFacts)
    assert [match.pattern for match in answer.probes[2].matches] == ["twice"]
    assert PROFILE.licences is not None
    release = {
        "id": "reset",
        "target": BINDINGS["target"],
        "match": [{"licence": licence}],
        "values": PROFILE.licences.reset,
    }
    restart = {"kind": "restart_service", "id": "start", "name": "IEAConnexion"}
    done = lab.answer(host, request(probe=probes, release=[release], after=[restart]))
    assert done.status is Status.DONE, done.error
    assert len(done.release[0].records) == 2
    after = [row["workstation"] for row in _records(done, "bindings", verify=True) if row["licence"] == licence]
    assert after == [host, ""]
    assert isinstance(done.verify[2], LogFacts)
    assert done.verify[2].matches == ()
    assert lab.desk(host)["message"] == ""


def test_a_licence_of_another_site_shows_only_beside_that_site(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.begin(host, "licence_twice_fleet")
    told = {each: _value(lab.answer(each, request(probe=[OWN])), "own") for each in lab.hosts}
    assert [each for each in lab.hosts if told[each] == told[host]] == [host, lab.hosts[2]]
    rows = _records(lab.answer(host, request(probe=[BINDINGS])), "bindings")
    assert [row["workstation"] for row in rows if row["licence"] == told[host]] == [host]
    assert lab.desk(host)["message"] == ""


@pytest.mark.parametrize(("situation", "runs"), [("session_stale", False), ("session_live", True)])
def test_an_open_session_is_released_by_user_and_workstation(lab: OpenLab, situation: str, runs: bool) -> None:
    host, neighbour = lab.hosts[2], lab.hosts[3]  # a site whose folder is named by a drive
    lab.begin(host, situation)
    lab.begin(neighbour, "session_live")
    answer = lab.answer(host, request(probe=[SESSIONS, RUNS]))
    (own,) = (row for row in _records(answer, "sessions") if row["workstation"] == host)
    process = answer.probes[1]
    assert isinstance(process, ProcessFacts)
    assert process.running is runs
    assert lab.desk(host)["sessions"] == [{"user": own["user"], "since": own["since"]}]
    release = {"id": "out", "target": SESSIONS["target"], "match": [{"user": own["user"], "workstation": host}]}
    done = lab.answer(host, request(probe=[SESSIONS], release=[release]))
    assert [row["workstation"] for row in _records(done, "sessions", verify=True)] == [neighbour]
    assert lab.desk(host)["sessions"] == []
    assert len(lab.desk(neighbour)["sessions"]) == 1


def _turn(which: str, **more: Any) -> dict[str, Any]:
    assistance = PROFILE.connection.assistance
    assert assistance is not None
    command = assistance.turn_on if which == "on" else assistance.turn_off
    assert command is not None
    return {**_data(command), "id": which, **more}


def test_assistance_mode_goes_off_with_the_password_of_the_day_alone(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.answer(host, request(after=[_turn("on")]))
    assert lab.desk(host)["tray"] == "red_scarab"
    wrong = lab.answer(host, request(probe=[ACTIVE], act=[_turn("off", standard_input="mauvais")]))
    assert wrong.status is Status.FAILED
    assert (wrong.act[0].exit_code, wrong.act[0].message) == (5, "Le mot de passe du jour est incorrect.")
    assert lab.iea.status()[host]["seen"]["wrong_passwords"] == 1  # type: ignore[index]
    assert lab.desk(host)["tray"] == "red_scarab"
    password = str(lab.iea.status()[host]["password_of_the_day"])
    right = lab.answer(host, request(probe=[ACTIVE, STATE], act=[_turn("off", standard_input=password)]))
    assert right.status is Status.DONE, right.error
    assert password not in right.model_dump_json()
    # The red scarab gives way to the ball with the red heart: connecting is a step of its own.
    assert (_value(right, "active", verify=True), _value(right, "state", verify=True)) == ("non", "refusé")
    assert lab.desk(host)["tray"] == "red_heart"


@pytest.mark.parametrize(
    ("situation", "state", "tray"),
    [("red_heart_relaunch_helps", "connecté", "blue_ball"), ("red_heart_stays", "refusé", "red_heart")],
)
def test_relaunching_the_authentication_helps_or_does_not(lab: OpenLab, situation: str, state: str, tray: str) -> None:
    host = lab.hosts[0]
    lab.begin(host, situation)
    assert lab.desk(host)["tray"] == "red_heart"
    relaunch = PROFILE.connection.relaunch
    assert relaunch is not None
    done = lab.answer(host, request(probe=[STATE], after=[_data(relaunch)]))
    assert [outcome.ok for outcome in done.after] == [True]
    assert (_value(done, "state"), _value(done, "state", verify=True)) == ("refusé", state)
    assert lab.desk(host)["tray"] == tray


def test_a_relaunch_in_assistance_mode_says_why_not(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.begin(host, "assistance_on")
    relaunch = PROFILE.connection.relaunch
    assert relaunch is not None
    done = lab.answer(host, request(after=[_data(relaunch)]))
    assert [(outcome.ok, outcome.exit_code) for outcome in done.after] == [(False, 4)]
    assert "mode assistance" in done.after[0].message


def test_settings_that_are_put_right_make_the_red_heart_go_with_the_service_s_start(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.begin(host, "wrong_urls")
    assert lab.desk(host)["message_kind"] == "connection"
    url = PROFILE.connection.authentication_url.at
    change = {"id": "url", "target": _data(url), "value": "https://impact-emploi.urssaf.fr"}
    restart = {"kind": "restart_service", "id": "start", "name": "IEAConnexion"}
    done = lab.answer(host, request(probe=[STATE], ensure=[change], after=[restart]))
    assert (_value(done, "state"), _value(done, "state", verify=True)) == ("refusé", "connecté")
    assert (lab.desk(host)["tray"], lab.desk(host)["message_kind"]) == ("blue_ball", "starts")


def test_who_is_logged_on_is_told(lab: OpenLab) -> None:
    host = lab.hosts[0]
    (facts,) = lab.answer(host, request(probe=[{"kind": "people", "id": "people"}])).probes
    assert isinstance(facts, PeopleFacts)
    assert facts.people == (rf"{host}\{lab.desk(host)['person']}",)


def _share(as_whom: AsWhom) -> dict[str, Any]:
    return {
        "kind": "share",
        "id": f"as_{as_whom.value}",
        "path": "%IEA_DATABASE%",
        "file": "impact.db",
        "write": True,
        "as_whom": as_whom.value,
        "timeout_ms": 1000,
    }


SHARES = [_share(as_whom) for as_whom in AsWhom]


def _shares(answer: Answer, *, verify: bool = False) -> dict[AsWhom, tuple[ShareLayer, int]]:
    facts = answer.verify if verify else answer.probes
    return {one.as_whom: (one.layer, one.win32_code) for one in facts if isinstance(one, ShareFacts)}


_FINE = dict.fromkeys(AsWhom, (ShareLayer.NONE, 0))


@pytest.mark.parametrize("by_drive", [False, True], ids=["by path", "by drive"])
def test_every_fault_of_the_share_shows_at_its_layer_to_whom_it_concerns(lab: OpenLab, by_drive: bool) -> None:
    host = lab.hosts[2] if by_drive else lab.hosts[0]
    assert _shares(lab.answer(host, request(probe=SHARES))) == _FINE
    # Who loses a drive has one from then on.
    faults = [fault for fault in ShareFault if by_drive or fault is not ShareFault.MAPPING_LOST]
    if lab.engine == "pwsh" and by_drive:
        # A real PowerShell takes its time: these are the ones that a drive makes different.
        faults = [ShareFault.SERVER_OFF, ShareFault.SESSION_STALE, ShareFault.MAPPING_LOST, ShareFault.DATABASE_IN_USE]
    for fault in faults:
        symptom = SYMPTOMS[fault]
        lab.begin(host, f"share_{fault.value}")
        told = _shares(lab.answer(host, request(probe=SHARES)))
        for as_whom in AsWhom:
            lost = fault is ShareFault.MAPPING_LOST and as_whom is not AsWhom.USER
            shows = symptom.shows(as_whom, with_logon=False) and not lost
            expected = Reached(symptom.layer, symptom.code) if shows else Reached(ShareLayer.NONE, 0)
            if by_drive and as_whom is AsWhom.USER:
                expected = seen_by_program(expected)
            assert told[as_whom] == (expected.layer, expected.code), f"{fault} as {as_whom}"
        assert lab.iea("lab", "mend", host).code == 0
    assert _shares(lab.answer(host, request(probe=SHARES))) == _FINE


def test_a_file_server_that_is_off_is_off_for_its_whole_site_and_for_no_other(lab: OpenLab) -> None:
    lab.begin(lab.hosts[0], "share_server_off")
    off = [host for host in lab.hosts if lab.desk(host)["system_code"] == 53]
    assert off == list(lab.hosts[:2])
    assert "Le chemin réseau n’a pas été trouvé." in lab.desk(off[0])["message"]
    answer = lab.answer(off[1], request(probe=[BINDINGS]))
    (facts,) = answer.probes
    assert isinstance(facts, RecordsFacts)
    assert (facts.state.value, facts.win32_code) == ("unreadable", 53)
    assert lab.iea("lab", "mend", off[1]).code == 0
    assert [lab.desk(host)["system_code"] for host in lab.hosts] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("fault", "work", "index"),
    [
        ("session_stale", {"kind": "reconnect_share", "path": "%IEA_DATABASE%"}, 0),
        ("mapping_lost", {"kind": "restore_drive", "path": "%IEA_DATABASE%"}, 2),
        ("workstation_service_stopped", {"kind": "restart_service", "name": WORKSTATION_SERVICE, "when": "always"}, 0),
    ],
)
def test_a_fault_of_the_share_ends_with_its_remedy(lab: OpenLab, fault: str, work: dict[str, Any], index: int) -> None:
    host = lab.hosts[index]
    lab.begin(host, f"share_{fault}")
    done = lab.answer(host, request(probe=SHARES, after=[{"id": "mend", **work}]))
    assert _shares(done) != _FINE
    assert [outcome.ok for outcome in done.after] == [True], done.after
    assert _shares(done, verify=True) == _FINE
    assert lab.desk(host)["share"] == []


def test_a_restart_is_declined_by_who_sits_there_and_nothing_else_is_done(lab: OpenLab) -> None:
    host = lab.hosts[0]
    lab.begin(host, "restart_declined")
    restart = {"kind": "restart_computer", "id": "restart", "title": "T", "message": "M", "delay_s": 0}
    done = lab.answer(host, request(probe=[STATE], after=[restart]))
    assert [(outcome.ok, outcome.win32_code) for outcome in done.after] == [(False, 1223)]
    assert lab.answer(host, request()).status is Status.DONE
