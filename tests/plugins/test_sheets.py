"""The action and the sheets beside the connection: secrets, races with other workstations, restarts, diffs."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet import profiles
from iea_fleet.lab.engine.processes import Answer
from iea_fleet.model.errors import InputError
from iea_fleet.model.outcome import Spelling, Verdict
from iea_fleet.model.window import DAYS
from iea_fleet.plugins._arguments import parse_arguments
from iea_fleet.plugins._result import task_result
from tests.plugins.conftest import Bench
from tests.plugins.test_hostile import framed, honest

CANARY = "canary-of-the-day-8Zq4"
OFF = {"sheets": ["assistance"], "assistance": {"mode": "off", "password": CANARY}}
RESTART: dict[str, Any] = {
    "sheets": ["share"],
    "share": {"mend": ["restart"], "restart_ask": False, "restart_delay_s": 0, "path": r"C:\nowhere"},
}

values = st.recursive(
    st.just(CANARY) | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["mode", "x"]), inner, max_size=2),
    max_leaves=6,
)


def answered(answer: dict[str, Any], standard_input: bytes) -> Answer:
    return Answer(stdout=framed(standard_input, json.dumps(answer).encode()))


@given(st.sampled_from(["share", "licence", "session", "assistance", "connection"]), values)
def test_a_wrong_argument_is_told_without_its_value(sheet: str, value: object) -> None:
    told: list[object] = []
    for wrong in ({sheet: value}, {sheet: {"password": [value]}}, {sheet: {"mode": value, "reset": value}}):
        try:
            parse_arguments({"profile": "lab", **wrong})
        except InputError as error:
            told += [error, repr(error.__cause__), error.__context__]
    assert CANARY not in "".join(map(str, told))


def test_a_given_secret_is_in_no_repr_and_an_empty_one_is_not_given() -> None:
    asked = parse_arguments({"profile": "lab", **OFF, "share": {"username": "", "password": "", "path": ""}})
    assert CANARY not in repr(asked)
    assert CANARY not in asked.model_dump_json()
    assert (asked.share.username, asked.share.password, asked.share.path) == (None, None, None)
    assert asked.assistance.password is not None
    assert asked.assistance.password.get_secret_value() == CANARY


def test_a_program_that_prints_the_password_it_refuses_gives_it_to_nobody(bench: Bench) -> None:
    def says(standard_input: bytes) -> Answer:
        assert CANARY.encode() in standard_input
        answer = honest(bench, standard_input)
        answer["status"] = "failed"
        answer["error"] = {
            "step": "act", "id": "assistance_off", "win32_code": 0, "message": f"refused: {CANARY}", "undone": True,
            "free_bytes": None,
        }  # fmt: skip
        answer["act"] = [
            {
                "id": "assistance_off",
                "ok": False,
                "exit_code": 1,
                "win32_code": 0,
                "message": f"{CANARY}?",
                "elapsed_ms": 1,
            }
        ]
        return answered(answer, standard_input)

    bench.engine.says = says
    outcome = bench.exchange(asked=OFF)
    assert outcome.answer is not None
    assert outcome.answer.act[0].message == "********?"
    assert CANARY not in outcome.model_dump_json()
    assert CANARY not in json.dumps(task_result(outcome, read_only=False, diff=True))


def test_what_breaks_with_the_password_on_its_lips_gives_it_to_nobody(bench: Bench) -> None:
    bench.engine.says = lambda _: Answer(stdout=f"told {CANARY}".encode(), stderr=f"{CANARY}!".encode(), exit_code=1)
    outcome = bench.exchange(asked=OFF, deadline_s=5)
    assert outcome.answer is None
    assert CANARY not in outcome.model_dump_json()


@pytest.mark.usefixtures("hasty")
def test_a_workstation_that_another_overtook_is_asked_again(bench: Bench) -> None:
    transactions: list[str] = []

    def says(standard_input: bytes) -> Answer:
        answer = honest(bench, standard_input)
        transactions.append(answer["transaction"])
        if len(transactions) < 3:
            answer["status"] = "failed"
            answer["error"] = {
                "step": "write", "id": "session_release", "win32_code": 33, "message": "written since", "undone": True,
                "free_bytes": None,
            }  # fmt: skip
        return answered(answer, standard_input)

    bench.engine.says = says
    outcome = bench.exchange(asked={"sheets": ["connection"]})
    assert (outcome.verdict, outcome.attempts) == (Verdict.OK, 3)  # the lab wrote at the first time already
    assert len(set(transactions)) == 3


def restarting(bench: Bench, returns: bool) -> list[dict[str, Any]]:
    """Let the workstation begin a restart, answer once more, be away, and return with a new boot time, or never."""
    requests: list[dict[str, Any]] = []

    def says(standard_input: bytes) -> Answer:
        requests.append(json.loads(standard_input.split(b"\n", 1)[0]))
        answer = honest(bench, standard_input)
        if len(requests) == 1:
            answer["after"] = [
                {
                    "id": "restart_computer",
                    "ok": True,
                    "exit_code": None,
                    "win32_code": 0,
                    "message": "",
                    "elapsed_ms": 1,
                }
            ]
        if len(requests) in {3, 4}:
            return Answer(stdout=b"", exit_code=1)
        if len(requests) > 4 and returns:
            answer["host"]["boot_time"] = "2026-11-25T08:00:00Z"
        return answered(answer, standard_input)

    bench.engine.says = says
    return requests


# Who was asked and said yes needs no more time; the time given to others would be longer than the whole round.
@pytest.mark.parametrize("share", [{}, {"restart_ask": True, "restart_delay_s": 600}], ids=["told", "asked"])
def test_a_restart_is_waited_for_and_the_workstation_is_looked_at_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, share: dict[str, Any]
) -> None:
    monkeypatch.setattr("iea_fleet.plugins._restart.STEADY_S", 0.3)
    monkeypatch.setattr("iea_fleet.plugins._round.POLL_S", 0.05)
    requests = restarting(bench, returns=True)
    outcome = bench.exchange(asked={**RESTART, "share": {**RESTART["share"], **share}}, deadline_s=10)
    codes = {finding.code for finding in outcome.findings}
    assert "share.restarted" in codes
    assert "share.restart_begun" not in codes
    assert len(requests) > 5
    assert all(request["dry_run"] and not request["after"] and not request["act"] for request in requests[1:])
    assert len({request["transaction"] for request in requests}) == len(requests)
    assert requests[-1]["probe"] == requests[0]["probe"]
    assert outcome.answer is not None
    assert outcome.answer.verify
    assert outcome.answer.host.boot_time == "2026-11-25T08:00:00Z"


def unreached(bench: Bench, code: int) -> list[dict[str, Any]]:
    """Let the share be unreached with this code; gives the requests."""
    requests: list[dict[str, Any]] = []

    def says(standard_input: bytes) -> Answer:
        requests.append(json.loads(standard_input.split(b"\n", 1)[0]))
        answer = honest(bench, standard_input)
        for probe in (*answer["probes"], *answer["verify"]):
            if probe["kind"] == "share":
                probe |= {"ok": False, "layer": "tcp", "win32_code": code}
        return answered(answer, standard_input)

    bench.engine.says = says
    return requests


def closed() -> str:
    """A window that is not open during this test, wherever on earth it runs."""
    day = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    return f"{DAYS[day.weekday()]} 10:00-11:00"


def test_a_restart_that_waits_for_its_window_is_a_warning_and_no_failure(bench: Bench) -> None:
    requests = unreached(bench, 53)
    for windows, after in (
        ([closed()], []),
        (["mon-sun 00:00-24:00"], ["restart_computer"]),
        ([], ["restart_computer"]),
    ):
        bench.exchange(asked={**RESTART, "maintenance_windows": windows}, check_mode=True)
        assert [step["id"] for step in requests[-1]["after"]] == after
    outcome = bench.exchange(asked={**RESTART, "maintenance_windows": [closed()], "timezone": "Indian/Reunion"})
    (waits,) = [finding for finding in outcome.findings if finding.code == "share.restart_waits"]
    assert (outcome.verdict, waits.evidence["opens_day"]) == (Verdict.DRIFT, closed()[:3])
    result = task_result(outcome, read_only=False, diff=False)
    assert (result["failed"], result["changed"]) == (False, False)
    (warning,) = result["warnings"]
    assert warning.endswith(f"{closed()[:3]} {waits.evidence['opens'][:10]} 10:00 (Indian/Reunion)")


def test_what_is_wrong_beside_a_restart_that_waits_is_a_failure(bench: Bench) -> None:
    unreached(bench, 53)
    bench.machine.services = {}
    both = {"sheets": ["share", "connection"], "maintenance_windows": [closed()], "share": RESTART["share"]}
    outcome = bench.exchange(asked=both)
    assert "share.restart_waits" in {finding.code for finding in outcome.findings}
    assert task_result(outcome, read_only=False, diff=False)["failed"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"maintenance_windows": "mon 1:00-2:00"}, "no list of windows"),
        ({"maintenance_windows": ["x"]}, "maintenance window 'x': it is not days and two times"),
        ({"timezone": "Mars/Olympus"}, "the time zone 'Mars/Olympus'"),
    ],
)
def test_windows_that_can_not_be_read_keep_the_workstation_from_being_asked(
    bench: Bench, asked: dict[str, Any], said: str
) -> None:
    requests = unreached(bench, 53)
    outcome = bench.exchange(asked={**RESTART, **asked})
    assert (outcome.verdict, requests) == (Verdict.SKIPPED, [])
    assert said in outcome.detail


def test_a_workstation_that_does_not_return_in_time_is_told_as_restarting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iea_fleet.plugins._round.POLL_S", 0.2)
    restarting(bench, returns=False)
    outcome = bench.exchange(asked=RESTART, deadline_s=4)
    assert "share.restart_begun" in {finding.code for finding in outcome.findings}
    assert outcome.verdict is Verdict.DRIFT


def test_released_records_are_in_the_diff_field_by_field(bench: Bench) -> None:
    def says(standard_input: bytes) -> Answer:
        answer = honest(bench, standard_input)
        before = {"user": "Inès\x1b[31m", "workstation": "PC-1", "since": "x"}
        answer["release"] = [
            {
                "id": "session_release",
                "place": r"P:\sessions.csv",
                "due": True,
                "records": [{"before": before, "after": None}],
            }
        ]
        return answered(answer, standard_input)

    bench.engine.says = says
    outcome = bench.exchange(asked={"sheets": ["connection"]})
    diff = task_result(outcome, read_only=False, diff=True)["diff"]
    (record,) = [change for change in diff if change["before_header"].startswith("session_release")]
    assert record["before"].startswith("user: Inès")
    assert "\x1b" not in record["before"]
    assert record["after"] == ""


@pytest.mark.parametrize("path", ["", "P:\\Base", r"%IEA_DATABASE%", r"\\%SERVEUR%\impact", r"\\SERVEUR", "C:\\Base"])
def test_credentials_of_a_share_go_only_to_a_server_that_the_inventory_names(path: str) -> None:
    share = {"username": "ASSO\\svc", "password": "canary-7731", "path": path}
    with pytest.raises(InputError, match="username and password go only to a server that path names") as refused:
        parse_arguments({"profile": "lab", **OFF, "share": share})
    assert "canary" not in str(refused.value)


def test_credentials_of_a_share_are_taken_for_a_server_that_is_named() -> None:
    share = {"username": "ASSO\\svc", "password": "canary-7731", "path": r"\\SERVEUR-01\Impact\Base"}
    assert parse_arguments({"profile": "lab", **OFF, "share": share}).share.path == share["path"]


def test_an_outcome_says_how_its_profile_spells_what_the_lists_hold(bench: Bench, tmp_path: Path) -> None:
    text = (Path(profiles.__file__).parent / "lab.yml").read_text("utf-8")
    own = tmp_path / "own.yml"
    own.write_text(
        text.replace('reset: {workstation: ""', "reset: {workstation: LIBRE").replace("%d/%m/%Y", "%Y-%m-%d")
    )
    outcome = bench.exchange(asked={"profile": str(own), "read_only": True})
    assert outcome.spelling == Spelling(unbound="LIBRE", moment_format="%Y-%m-%d %H:%M:%S")
