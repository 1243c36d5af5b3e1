"""Every situation that the lab can play, asked by a check, a push and a report, ends in the right findings."""

from __future__ import annotations

import dataclasses

import pytest

from iea_fleet.lab.application import SITUATIONS
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.request import ExpectedHost
from tests.diagnosis.bench import CHECK, PUSH, REPORT, Bench

CORRECTED = ["corrected.address", "corrected.address", "corrected.mode"]
DIFFERS = ["differs.address", "differs.address", "differs.mode"]
TESTS_FAIL = {
    "server_dns": "dns",
    "server_tcp_refused": "tcp_refused",
    "server_tcp_silent": "tcp_timed_out",
    "server_proxy_auth": "proxy_authentication",
    "server_proxy_refused": "proxy_status",
    "server_tls_expired": "tls_expired",
    "server_tls_not_yet_valid": "tls_not_yet_valid",
    "server_tls_wrong_name": "tls_name_mismatch",
    "server_tls_unknown_ca": "tls_unknown_authority",
    "server_tls_handshake": "tls_handshake",
    "server_http_503": "http_status",
    "server_silent": "http_timed_out",
    "authentication_server_only": "http_status",
    "update_server_only": "http_status",
}
PUSHED: dict[str, tuple[Verdict, list[str]]] = {
    "right": (Verdict.OK, ["already_right"]),
    "plain_mode": (Verdict.CHANGED, ["corrected.mode"]),
    "wrong_urls": (Verdict.CHANGED, ["corrected.address", "corrected.address"]),
    "old_http_urls": (Verdict.CHANGED, CORRECTED),
    "assistance_on": (Verdict.SKIPPED, ["assistance_in_the_way", *DIFFERS]),
    "version_unknown": (Verdict.OK, ["already_right", "version_unknown"]),
    "settings_missing": (Verdict.FAILED, ["file_missing"]),
    "settings_malformed": (Verdict.FAILED, ["settings_malformed"]),
    "settings_locked": (Verdict.FAILED, ["settings_locked"]),
    "authorisation_refused": (Verdict.DRIFT, ["already_right", "authorisation_refused"]),
    "licence_not_recognised": (Verdict.DRIFT, ["already_right", "licence_not_recognised"]),
    "service_stopped": (Verdict.DRIFT, ["already_right", "process_not_running", "service_not_running"]),
    "service_absent": (Verdict.DRIFT, ["already_right", "process_not_running", "service_absent"]),
    "other_computer": (Verdict.REFUSED, ["transaction.identity"]),
    # Nothing was to be written or restarted; see below.
    "plain_account": (Verdict.OK, ["already_right"]),
    "filtered_account": (Verdict.OK, ["already_right"]),
    # The name is right; only a machine id in the inventory tells a clone, see below.
    "cloned_image": (Verdict.OK, ["already_right"]),
    "red_heart_relaunch_helps": (Verdict.DRIFT, ["already_right", "relaunch.red_heart"]),
    "red_heart_stays": (Verdict.DRIFT, ["already_right", "relaunch.red_heart"]),
    "session_stale": (Verdict.OK, ["already_right", "process_not_running"]),
    "three_faults": (Verdict.CHANGED, ["corrected.address", "corrected.address", "process_not_running"]),
    **{name: (Verdict.DRIFT, [f"test_failed.{reason}"]) for name, reason in TESTS_FAIL.items()},
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_push_ends_in_the_right_verdict(situation: str) -> None:
    # What the other sheets are about does not concern a push.
    assert Bench([situation]).ask(PUSH) == PUSHED.get(situation, (Verdict.OK, ["already_right"]))


@pytest.mark.parametrize("situation", ["plain_mode", "wrong_urls", "old_http_urls"])
def test_a_check_predicts_the_push_and_a_report_calls_it_drift(situation: str) -> None:
    bench = Bench([situation])
    pushed_codes = PUSHED[situation][1]
    assert bench.ask(CHECK) == (Verdict.CHANGED, [code.replace("corrected", "would_correct") for code in pushed_codes])
    assert bench.ask(REPORT) == (Verdict.DRIFT, [code.replace("corrected", "differs") for code in pushed_codes])
    assert bench.ask(PUSH) == PUSHED[situation]
    assert bench.ask(PUSH) == (Verdict.OK, ["already_right"])


@pytest.mark.parametrize("situation", ["plain_account", "filtered_account"])
def test_for_want_of_administrators_rights_nothing_is_written_and_a_report_reads_all_the_same(situation: str) -> None:
    bench = Bench(["old_http_urls", situation])
    assert bench.ask(REPORT) == (Verdict.DRIFT, DIFFERS)
    assert bench.ask(PUSH) == (Verdict.FAILED, [*DIFFERS, "transaction.rights_missing"])


@pytest.mark.parametrize(("situation", "reason"), TESTS_FAIL.items())
def test_a_failed_test_leaves_wrong_settings_and_tells_both(situation: str, reason: str) -> None:
    bench = Bench(["old_http_urls", situation])
    expected = (Verdict.DRIFT, sorted([*DIFFERS, f"test_failed.{reason}"]))
    assert bench.ask(PUSH) == expected
    assert bench.ask(CHECK) == expected
    assert bench.ask(REPORT) == expected


def test_a_push_with_a_stopped_service_starts_it_and_a_check_foresees_it() -> None:
    bench = Bench(["old_http_urls", "service_stopped"])
    assert bench.ask(CHECK)[0] is Verdict.CHANGED
    verdict, codes = bench.ask(PUSH)
    assert (verdict, codes[:3]) == (Verdict.CHANGED, CORRECTED)


def test_a_report_finds_assistance_mode_and_the_settings_beside_it() -> None:
    assert Bench(["assistance_on"]).ask(REPORT) == (Verdict.DRIFT, ["assistance_on", *DIFFERS])


def test_a_push_corrects_and_still_tells_the_refused_start() -> None:
    verdict, codes = Bench(["old_http_urls", "licence_not_recognised"]).ask(PUSH)
    assert (verdict, codes) == (Verdict.DRIFT, sorted([*CORRECTED, "licence_not_recognised"]))


def test_an_application_that_is_not_installed_has_no_service_to_complain_of() -> None:
    assert Bench(["settings_missing", "service_absent"]).ask(PUSH) == (Verdict.FAILED, ["file_missing"])


def test_a_busy_workstation_was_not_written_to() -> None:
    bench = Bench(["old_http_urls"])
    bench.machine.busy = True
    assert bench.ask(PUSH) == (Verdict.FAILED, ["transaction.busy"])


def test_another_computer_is_never_written_to() -> None:
    bench = Bench(["old_http_urls"])
    before = bench.machine.disk.snapshot()
    elsewhere = dataclasses.replace(PUSH, expect_host=ExpectedHost(computer_name="PC-02"))
    assert bench.ask(elsewhere) == (Verdict.REFUSED, ["transaction.identity"])
    assert bench.machine.disk.snapshot() == before


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        ("cloned_image", (Verdict.REFUSED, ["transaction.identity"])),
        ("old_http_urls", (Verdict.CHANGED, CORRECTED)),
    ],
)
def test_a_machine_id_in_the_inventory_tells_a_clone(situation: str, expected: tuple[Verdict, list[str]]) -> None:
    bench = Bench([situation])
    assert bench.ask(dataclasses.replace(PUSH, expect_host=ExpectedHost(machine_id=bench.machine_id))) == expected


def test_a_service_that_can_not_be_started_again_is_told() -> None:
    bench = Bench(["old_http_urls"])
    bench.machine.services = {}
    verdict, codes = bench.ask(PUSH)
    assert verdict is Verdict.DRIFT
    assert "transaction.after_failed" in codes
    assert set(CORRECTED) <= set(codes)
