"""Each fault that the lab plays, met over Ansible's real winrm connection: its verdict, its finding, what was done."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.emulated.round import run_round
from iea_fleet.lab.engine.processes import Answer
from iea_fleet.lab.workstation import AuthSettings
from iea_fleet.model.outcome import Outcome, Verdict
from tests.plugins.conftest import Bench, open_bench

V = Verdict
IGNORE: dict[str, Any] = {"ansible_winrm_server_cert_validation": "ignore"}
BASIC: dict[str, Any] = {"ansible_winrm_transport": "basic"}


def codes(outcome: Outcome) -> list[str]:
    """The codes of the transport's findings, without their prefix."""
    return [
        finding.code.removeprefix("transport.") for finding in outcome.findings if finding.code.startswith("transport.")
    ]


ENDS = [
    ("logon_filtered", {}, {}, V.REFUSED, ["logon_refused_local_account"], 1),
    ("credentials_rejected", {}, BASIC, V.REFUSED, ["logon_refused_local_account"], 1),
    ("auth_offered", {}, BASIC, V.REFUSED, ["logon_method_not_offered"], 1),
    ("encryption_required", {}, BASIC, V.REFUSED, ["encryption_required"], 1),
    ("shells_quota", {}, {}, V.UNREACHABLE, ["shell_quota"], 1),
    ("operations_quota", {}, {}, V.UNREACHABLE, ["operation_quota"], 3),
    ("commands_quota", {}, {}, V.UNREACHABLE, ["command_quota"], 3),
    ("late", {"delay_s": 0.05}, {}, V.UNREACHABLE, ["create_timed_out"], 3),
    ("late", {"delay_s": 0.05, "on": "send"}, {}, V.CHANGED, [], 1),
    ("busy", {}, {}, V.CHANGED, [], 1),
    ("input_timeout", {}, {}, V.CHANGED, [], 2),
    ("shells_forgotten", {}, {}, V.CHANGED, [], 2),
    ("profile_unloading", {}, {}, V.CHANGED, [], 2),
    ("access_denied", {}, {}, V.REFUSED, ["access_denied"], 1),
    ("access_denied", {"on": "command"}, {}, V.REFUSED, ["access_denied"], 1),
    ("access_denied", {"on": "receive"}, {}, V.UNKNOWN, ["command_killed"], 1),
    ("refused", {}, {}, V.UNREACHABLE, ["port_refused"], 2),
    ("reset", {"stage": "accept"}, {}, V.UNREACHABLE, ["connection_reset"], 3),
    ("reset", {"stage": "response_head"}, {}, V.UNREACHABLE, ["connection_reset"], 3),
    ("reset", {"stage": "before_act", "on": "command"}, {}, V.UNREACHABLE, ["connection_reset"], 3),
    ("reset", {"stage": "after_act", "on": "send", "times": 1}, {}, V.CHANGED, [], 2),
    ("reset", {"stage": "response_body", "on": "receive", "times": 1}, {}, V.CHANGED, [], 2),
    ("reset", {"stage": "before_act", "on": "receive"}, {}, V.UNKNOWN, ["connection_reset"], 7),
    ("reset", {"stage": "before_act", "on": "delete"}, {}, V.CHANGED, ["shell_left"], 1),
    ("clock_off", {}, {}, V.CHANGED, ["clock_differs"], 1),
    ("other_service", {"kind": "not_found"}, {}, V.UNREACHABLE, ["not_winrm"], 1),
    ("other_service", {"kind": "html"}, {}, V.UNREACHABLE, ["not_winrm"], 1),
    ("other_service", {"kind": "bad_gateway"}, {}, V.UNREACHABLE, ["not_winrm"], 1),
    ("other_service", {"kind": "unavailable"}, {}, V.UNREACHABLE, ["service_starting"], 1),
    ("constrained_language", {}, {}, V.REFUSED, ["language_mode"], 1),
    ("antivirus", {}, {}, V.REFUSED, ["antivirus_blocked"], 1),
    ("clixml_noise", {}, {}, V.CHANGED, [], 1),
    ("banner", {}, {}, V.CHANGED, ["stdout_undecodable"], 1),
    ("out_of_memory", {}, {}, V.FAILED, ["memory"], 1),
    ("old_powershell", {}, {}, V.REFUSED, ["powershell_old"], 1),
    ("powershell_missing", {}, {}, V.REFUSED, ["powershell_missing"], 1),
    ("power_cut", {}, {}, V.CHANGED, [], 2),
    ("truncated_output", {}, {}, V.UNKNOWN, ["answer_refused"], 2),
    ("no_output", {}, {}, V.UNKNOWN, ["no_answer"], 2),
    ("other_transaction", {}, {}, V.UNKNOWN, ["answer_refused"], 2),
    ("gzip_bomb", {}, {}, V.UNKNOWN, ["answer_compressed"], 1),
    ("xml_bomb", {}, {}, V.UNKNOWN, ["malformed"], 1),
    ("huge_headers", {}, {}, V.UNREACHABLE, ["malformed"], 1),
    ("endless_output", {}, {}, V.UNKNOWN, ["answer_too_large"], 1),
]  # fmt: skip


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("fault", "parameters", "variables", "verdict", "findings", "attempts"),
    ENDS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_fault_ends_as_the_catalogue_says(
    bench: Bench,
    fault: str,
    parameters: dict[str, str | float],
    variables: dict[str, Any],
    verdict: Verdict,
    findings: list[str],
    attempts: int,
) -> None:
    bench.set(fault, **parameters)
    outcome = bench.exchange(**variables)
    assert (outcome.verdict, codes(outcome), outcome.attempts) == (verdict, findings, attempts), outcome.detail


@pytest.mark.usefixtures("hasty")
def test_a_lost_answer_is_asked_for_again_and_the_transaction_is_done_once(bench: Bench) -> None:
    bench.set("reset", stage="response_body", on="receive", times=1)
    outcome = bench.exchange()
    assert outcome.answer is not None
    assert outcome.answer.replayed
    assert bench.workstation.stats.actions["command"] == 2


@pytest.mark.usefixtures("hasty")
def test_a_logon_refused_after_the_script_was_sent_does_not_hide_that_it_may_have_run(bench: Bench) -> None:
    bench.set("reset", stage="before_act", on="receive")

    def says(standard_input: bytes) -> Answer:
        bench.workstation.faults.set("logon_filtered")
        return run_round(bench.machine, standard_input)

    bench.engine.says = says
    outcome = bench.exchange()
    assert outcome.verdict is Verdict.UNKNOWN
    assert codes(outcome) == ["connection_reset", "logon_refused_local_account"]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("lost", "verdict"), [(1, Verdict.UNKNOWN), (0, Verdict.FAILED)])
def test_of_a_workstation_at_work_on_what_was_sent_before_nobody_knows_the_end(
    bench: Bench, lost: int, verdict: Verdict
) -> None:
    if lost:
        bench.set("reset", stage="before_act", on="receive", times=lost)
    bench.machine.busy = True
    assert bench.exchange().verdict is verdict


def test_a_service_that_stops_and_comes_back_is_waited_for(bench: Bench) -> None:
    bench.set("service_stops", down_s=0.5)
    outcome = bench.exchange()
    assert outcome.verdict is Verdict.CHANGED
    assert outcome.answer is not None
    assert outcome.answer.replayed


@pytest.mark.parametrize("fault", ["receive_never_ends", "silent_receive", "trickle"])
def test_a_round_that_would_never_end_is_ended_in_time_and_its_shell_with_it(bench: Bench, fault: str) -> None:
    bench.set(fault)
    outcome = bench.exchange(deadline_s=2)
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNKNOWN, ["deadline"])
    assert outcome.elapsed_ms < 8_000
    assert not bench.workstation.shells


@pytest.mark.parametrize("stage", ["request_head", "response_head", "response_body"])
def test_a_host_that_falls_silent_ends_with_the_deadline(bench: Bench, stage: str) -> None:
    bench.set("stall", stage=stage)
    outcome = bench.exchange(deadline_s=2)
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNREACHABLE, ["deadline"])
    assert outcome.elapsed_ms < 8_000


def test_a_silent_port_is_not_a_shut_one(bench: Bench) -> None:
    bench.set("silent")
    outcome = bench.exchange(deadline_s=2)
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNREACHABLE, ["silent"])


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Bench]:
    """A workstation behind HTTPS whose authority is known in the file `ca.pem`."""
    with open_bench(tmp_path, https=True) as opened:
        (tmp_path / "ca.pem").write_bytes(opened.endpoint.certificates.ca_pem)
        yield opened


def test_https_with_a_known_authority_and_channel_binding_works(secure: Bench) -> None:
    outcome = secure.exchange(ansible_winrm_ca_trust_path=str(secure.folder / "ca.pem"))
    assert (outcome.verdict, codes(outcome)) == (Verdict.CHANGED, [])


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("expired", "certificate_expired"),
        ("future", "certificate_not_yet_valid"),
        ("wrong_name", "certificate_name"),
        ("unknown_ca", "certificate_untrusted"),
        ("self_signed", "certificate_untrusted"),
    ],
)
def test_a_bad_certificate_is_refused_with_its_reason_and_its_fingerprint(secure: Bench, kind: str, code: str) -> None:
    secure.set("certificate", kind=kind)
    outcome = secure.exchange(ansible_winrm_ca_trust_path=str(secure.folder / "ca.pem"))
    assert (outcome.verdict, codes(outcome), outcome.attempts) == (Verdict.REFUSED, [code], 1)
    evidence = outcome.findings[0].evidence
    port = secure.workstation.description.https_port
    shown = ssl.get_server_certificate(("127.0.0.1", port or 0))
    assert evidence["certificate_sha256"] == _sha256(shown)
    assert secure.workstation.stats.requests == 0


def test_a_pinned_certificate_is_accepted_whoever_issued_it_and_no_other_is(secure: Bench) -> None:
    secure.set("certificate", kind="self_signed")
    shown = ssl.get_server_certificate(("127.0.0.1", secure.workstation.description.https_port or 0))
    pin = _sha256(shown)
    wrong = secure.exchange(pin="0" * 64, ansible_winrm_server_cert_validation="ignore")
    assert (wrong.verdict, codes(wrong)) == (Verdict.REFUSED, ["certificate_pin"])
    assert wrong.findings[0].evidence["certificate_sha256"] == pin
    assert secure.workstation.stats.requests == 0
    right = secure.exchange(pin=":".join(pin[start : start + 2].upper() for start in range(0, 64, 2)), **IGNORE)
    assert (right.verdict, codes(right)) == (Verdict.CHANGED, [])


def test_a_pin_over_http_is_refused_because_nothing_would_check_it(bench: Bench) -> None:
    outcome = bench.exchange(pin="0" * 64)
    assert (outcome.verdict, codes(outcome)) == (Verdict.SKIPPED, ["input"])
    assert bench.workstation.stats.connections == 0


def test_a_certificate_that_is_not_checked_is_told(secure: Bench) -> None:
    outcome = secure.exchange(ansible_winrm_server_cert_validation="ignore")
    assert (outcome.verdict, codes(outcome)) == (Verdict.CHANGED, ["certificate_not_checked"])


def test_http_on_the_https_port_is_named(bench: Bench) -> None:
    outcome = bench.exchange(ansible_winrm_scheme="https")
    assert (outcome.verdict, codes(outcome)) == (Verdict.REFUSED, ["tls_spoken_to_http"])


def test_an_unknown_name_is_named(bench: Bench) -> None:
    outcome = bench.exchange(ansible_host="pc.invalid", deadline_s=10)
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNREACHABLE, ["name_unknown"])


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_basic_over_http_is_refused_before_anything_leaves_this_machine(bench: Bench, connection: str) -> None:
    variables: dict[str, Any] = (
        BASIC
        if connection == "winrm"
        else {"ansible_psrp_auth": "basic", "ansible_psrp_protocol": "http", "ansible_psrp_message_encryption": "never"}
    )
    outcome = bench.exchange(connection=connection, ansible_host="192.0.2.1", **variables)
    assert (outcome.verdict, codes(outcome)) == (Verdict.SKIPPED, ["basic_in_clear"])
    assert outcome.traffic.requests == 0


def test_basic_over_http_to_this_machine_works(tmp_path: Path) -> None:
    with open_bench(tmp_path, auth=AuthSettings(allow_unencrypted=True)) as opened:
        assert opened.exchange(**BASIC).verdict is Verdict.CHANGED


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"ansible_password": None}, "credentials_missing"),
        ({"ansible_password": ""}, "credentials_missing"),
        ({"ansible_winrm_read_timeout_sec": 20, "ansible_winrm_operation_timeout_sec": 20}, "timeouts_inverted"),
        ({"ansible_winrm_transport": "credssp"}, "client"),
        ({"ansible_winrm_transport": "kerberos", "ansible_password": None}, "client"),
    ],
)
def test_what_can_not_work_is_said_and_the_host_is_not_asked(
    bench: Bench, variables: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where pywinrm's optional packages are not installed.
    monkeypatch.setattr("winrm.transport.HAVE_CREDSSP", False)
    monkeypatch.setattr("winrm.transport.HAVE_KERBEROS", False)
    outcome = bench.exchange(**variables)
    assert (outcome.verdict, codes(outcome)) == (Verdict.SKIPPED, [code])
    assert bench.workstation.stats.connections == 0


def test_the_environment_of_a_proxy_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:canary@127.0.0.1:1")
    with pytest.warns(DeprecationWarning, match="environment defined proxy"):
        outcome = bench.exchange()
    assert (outcome.verdict, codes(outcome)) == (Verdict.UNREACHABLE, ["proxy"])
    assert outcome.findings[0].evidence["proxy"] == "127.0.0.1:1"
    assert "canary" not in outcome.model_dump_json()


def _sha256(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
