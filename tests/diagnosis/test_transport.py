"""Every fault of the transport by the messages that users report (the fault catalogue), and what follows from each."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.diagnosis.transport import (
    KINDS,
    Failure,
    Retry,
    Stage,
    TransportFacts,
    diagnose,
    judge_transport,
)
from iea_fleet.model.finding import Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.report.wording import words
from iea_fleet.report.wording.transport import TEXTS

V, F, S = Verdict, Failure, Stage
BASE = TransportFacts(
    failure=F.NONE, host="pc-1.example", port=5985, scheme="http", methods=("ntlm",), account="EXAMPLE\\admin"
)
REJECTED = "ntlm: the specified credentials were rejected by the server"

# Row of the catalogue, facts, code, verdict, when to try again.
ROWS: list[tuple[int | None, dict[str, Any], str, Verdict, str]] = [
    (1, {"failure": F.LOGON, "message": REJECTED, "offered": ("Negotiate",)}, "logon_refused", V.REFUSED, "never"),
    (2, {"failure": F.LOGON, "message": REJECTED, "account": "admin"},
     "logon_refused_local_account", V.REFUSED, "never"),
    (2, {"failure": F.LOGON, "message": REJECTED, "account": "Administrateur"}, "logon_refused", V.REFUSED, "never"),
    (3, {"failure": F.LOGON, "methods": ("basic",), "offered": ("Negotiate",), "http_status": 401},
     "logon_method_not_offered", V.REFUSED, "never"),
    (4, {"failure": F.HTTP, "http_status": 500, "empty_body": True,
         "message": "Bad HTTP response returned from server. Code 500"}, "encryption_required", V.REFUSED, "never"),
    (5, {"failure": F.FAULT, "stage": S.CREATE, "fault_code": 2150859173}, "shell_quota", V.UNREACHABLE, "wave"),
    (6, {"failure": F.FAULT, "stage": S.COMMAND, "fault_code": 0x803381A6},
     "operation_quota", V.UNREACHABLE, "connection"),
    (7, {"failure": F.FAULT, "stage": S.COMMAND, "fault_code": 2150859174,
         "message": "The maximum number of concurrent commands per shell has been exceeded."},
     "command_quota", V.UNREACHABLE, "connection"),
    (9, {"failure": F.FAULT, "stage": S.CREATE, "fault_code": 2150858793},
     "create_timed_out", V.UNREACHABLE, "connection"),
    (9, {"failure": F.FAULT, "stage": S.SEND, "fault_code": 2150858793, "input_sent": True},
     "send_timed_out", V.UNKNOWN, "journal"),
    (10, {"failure": F.FAULT, "stage": S.SEND, "fault_code": 170, "input_sent": True},
     "command_busy", V.UNKNOWN, "journal"),
    (11, {"failure": F.FAULT, "stage": S.SEND, "fault_code": 1460, "input_sent": True},
     "input_not_read", V.UNKNOWN, "journal"),
    (12, {"failure": F.FAULT, "stage": S.RECEIVE, "fault_code": 995, "input_sent": True,
          "message": "The I/O operation has been aborted because of either a thread exit or an application request."},
     "service_stopped", V.UNKNOWN, "journal"),
    (13, {"failure": F.FAULT, "stage": S.COMMAND, "fault_code": 2150858843},
     "shell_lost", V.UNREACHABLE, "connection"),
    (13, {"failure": F.FAULT, "stage": S.RECEIVE, "fault_code": 2150858843, "input_sent": True},
     "shell_lost", V.UNKNOWN, "journal"),
    (14, {"failure": F.FAULT, "stage": S.CREATE, "fault_code": 1018},
     "profile_unloading", V.UNREACHABLE, "connection"),
    (15, {"failure": F.FAULT, "stage": S.CREATE, "fault_code": 5}, "access_denied", V.REFUSED, "never"),
    (15, {"failure": F.FAULT, "stage": S.COMMAND, "fault_code": 2147942405}, "access_denied", V.REFUSED, "never"),
    (15, {"failure": F.FAULT, "stage": S.RECEIVE, "fault_code": 2147942405, "input_sent": True},
     "command_killed", V.UNKNOWN, "never"),
    (16, {"failure": F.PORT_REFUSED, "message": "[Errno 111] Connection refused"},
     "port_refused", V.UNREACHABLE, "connection"),
    (16, {"failure": F.NO_ROUTE, "message": "[Errno 113] No route to host"}, "no_route", V.UNREACHABLE, "connection"),
    (16, {"failure": F.SILENT, "message": "timed out"}, "silent", V.UNREACHABLE, "connection"),
    (16, {"failure": F.NAME}, "name_unknown", V.UNREACHABLE, "connection"),
    (17, {"failure": F.RESET, "message": "[Errno 104] Connection reset by peer", "stage": S.CREATE},
     "connection_reset", V.UNREACHABLE, "connection"),
    (17, {"failure": F.RESET, "stage": S.RECEIVE, "input_sent": True}, "connection_reset", V.UNKNOWN, "journal"),
    (18, {"failure": F.READ_TIMEOUT, "message": "Read timed out. (read timeout=30)", "stage": S.RECEIVE,
          "input_sent": True}, "read_timed_out", V.UNKNOWN, "journal"),
    (18, {"failure": F.TIMEOUTS}, "timeouts_inverted", V.SKIPPED, "never"),
    (19, {"failure": F.DEADLINE, "stage": S.RECEIVE, "input_sent": True}, "deadline", V.UNKNOWN, "wave"),
    (8, {"failure": F.FAULT, "stage": S.RECEIVE, "fault_code": 2150858793, "input_sent": True},
     "deadline", V.UNKNOWN, "wave"),
    (20, {"failure": F.PORT_REFUSED, "answered_before": True}, "went_away", V.UNREACHABLE, "wave"),
    (20, {"failure": F.SILENT, "answered_before": True, "input_sent": True}, "went_away", V.UNKNOWN, "journal"),
    (21, {"failure": F.KERBEROS, "message": "KRB_AP_ERR_SKEW: Clock skew too great"}, "clock_skew", V.REFUSED, "never"),
    (21, {"failure": F.LOGON, "methods": ("kerberos",), "kerberos_error": 37}, "clock_skew", V.REFUSED, "never"),
    (21, {"failure": F.LOGON, "methods": ("kerberos",), "kerberos_error": 33}, "clock_skew", V.REFUSED, "never"),
    (21, {"failure": F.LOGON, "methods": ("kerberos",), "clock_difference_s": -301}, "clock_skew", V.REFUSED, "never"),
    (21, {"failure": F.LOGON, "methods": ("kerberos",), "clock_difference_s": 300}, "logon_refused", V.REFUSED,
     "never"),
    (21, {"failure": F.LOGON, "methods": ("ntlm",), "clock_difference_s": 3000}, "logon_refused", V.REFUSED, "never"),
    (22, {"failure": F.LOGON, "methods": ("kerberos",), "kerberos_error": 41}, "kerberos_name_unknown", V.REFUSED,
     "never"),
    (23, {"failure": F.KERBEROS, "message": "kinit: Client's entry in database has expired while getting initial"},
     "kerberos_account", V.REFUSED, "never"),
    (None, {"failure": F.LOGON, "methods": ("credssp",), "offered": ("CredSSP",),
            "message": "Server did not response with a CredSSP token after step Public key exchange - actual ''"},
     "credssp_failed", V.REFUSED, "never"),
    (None, {"failure": F.LOGON, "methods": ("credssp",), "offered": ("CredSSP",),
            "message": "Received error status from the server: (3221225581) STATUS_LOGON_FAILURE 0xc000006d"},
     "logon_refused", V.REFUSED, "never"),
    (None, {"failure": F.LOGON, "methods": ("certificate",), "account": "", "offered": ("Negotiate",)},
     "client_certificate_refused", V.REFUSED, "never"),
    (None, {"failure": F.LOGON, "methods": ("ssl",), "account": "", "offered": ("Negotiate",)},
     "client_certificate_refused", V.REFUSED, "never"),
    (None, {"failure": F.TLS, "methods": ("certificate",), "message": "tlsv1 alert unknown ca"},
     "client_certificate_refused", V.REFUSED, "never"),
    (22, {"failure": F.KERBEROS, "message": "Server not found in Kerberos database"},
     "kerberos_name_unknown", V.REFUSED, "never"),
    (22, {"failure": F.KERBEROS, "message": "Unspecified GSS failure. Minor code may provide more information"},
     "kerberos_failed", V.REFUSED, "never"),
    (23, {"failure": F.KERBEROS, "message": "kinit: Clients credentials have been revoked"},
     "kerberos_account", V.REFUSED, "never"),
    (23, {"failure": F.KERBEROS, "message": "kinit: Preauthentication failed"},
     "kerberos_account", V.REFUSED, "never"),
    (24, {"failure": F.CERTIFICATE, "certificate_problem": "certificate has expired"},
     "certificate_expired", V.REFUSED, "never"),
    (24, {"failure": F.CERTIFICATE, "certificate_problem": "certificate is not yet valid"},
     "certificate_not_yet_valid", V.REFUSED, "never"),
    (24, {"failure": F.CERTIFICATE, "certificate_problem": "self-signed certificate"},
     "certificate_untrusted", V.REFUSED, "never"),
    (24, {"failure": F.CERTIFICATE, "certificate_problem": "IP address mismatch, certificate is not valid for 'x'."},
     "certificate_name", V.REFUSED, "never"),
    (24, {"failure": F.PIN}, "certificate_pin", V.REFUSED, "never"),
    (24, {"failure": F.TLS, "message": "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol"},
     "tls_failed", V.REFUSED, "never"),
    (24, {"failure": F.TLS, "message": "[SSL: WRONG_VERSION_NUMBER] wrong version number"},
     "tls_spoken_to_http", V.REFUSED, "never"),
    (25, {"failure": F.NO_ANSWER, "exit_code": 1, "input_sent": True,
          "stderr": "Cannot invoke method. Method invocation is supported only on core types in this langu\nage mode."},
     "language_mode", V.REFUSED, "never"),
    (25, {"failure": F.NO_ANSWER, "exit_code": 78, "input_sent": True, "refusal_language": "ConstrainedLanguage",
          "refusal_version": "5.1.19041.1"}, "language_mode", V.REFUSED, "never"),
    (26, {"failure": F.NO_ANSWER, "exit_code": 1, "input_sent": True,
          "stderr": "This script contains malicious content and has been blocked by your antivirus software."},
     "antivirus_blocked", V.REFUSED, "never"),
    (26, {"failure": F.NO_ANSWER, "exit_code": 1, "input_sent": True,
          "stderr": "Ce script contient du contenu malveillant\r\n    + FullyQualifiedErrorId : "
                    "ScriptContainedMaliciousCon\r\ntent"}, "antivirus_blocked", V.REFUSED, "never"),
    (30, {"failure": F.NO_ANSWER, "exit_code": 1, "input_sent": True,
          "stderr": "Exception of type 'System.OutOfMemoryException' was thrown."}, "memory", V.FAILED, "wave"),
    (30, {"failure": F.FAULT, "stage": S.COMMAND, "message": "The paging file is too small for this operation."},
     "memory", V.FAILED, "wave"),
    (34, {"failure": F.NO_ANSWER, "exit_code": 78, "input_sent": True, "refusal_language": "FullLanguage",
          "refusal_version": "3.0"}, "powershell_old", V.REFUSED, "never"),
    (34, {"failure": F.NO_ANSWER, "exit_code": 9009, "input_sent": True}, "powershell_missing", V.REFUSED, "never"),
    (37, {"failure": F.HTTP, "http_status": 404, "server": "nginx"}, "not_winrm", V.UNREACHABLE, "never"),
    (37, {"failure": F.HTTP, "http_status": 502}, "not_winrm", V.UNREACHABLE, "never"),
    (37, {"failure": F.HTTP, "http_status": 503}, "service_starting", V.UNREACHABLE, "wave"),
    (37, {"failure": F.HTTP, "http_status": 407}, "proxy", V.UNREACHABLE, "never"),
    (37, {"failure": F.MALFORMED, "http_status": 200, "content_type": "text/html"},
     "not_winrm", V.UNREACHABLE, "never"),
    (None, {"failure": F.PROXY}, "proxy", V.UNREACHABLE, "never"),
    (None, {"failure": F.MALFORMED, "stage": S.RECEIVE, "input_sent": True,
            "content_type": "application/soap+xml;charset=UTF-8"}, "malformed", V.UNKNOWN, "never"),
    (None, {"failure": F.FAULT, "stage": S.CREATE, "fault_code": 4242}, "fault", V.UNREACHABLE, "never"),
    (None, {"failure": F.COMPRESSED, "stage": S.RECEIVE, "input_sent": True},
     "answer_compressed", V.UNKNOWN, "never"),
    (None, {"failure": F.TOO_LARGE, "stage": S.RECEIVE, "input_sent": True}, "answer_too_large", V.UNKNOWN, "never"),
    (None, {"failure": F.NO_ANSWER, "exit_code": 0, "reason": "no_marker", "input_sent": True},
     "no_answer", V.UNKNOWN, "journal"),
    (None, {"failure": F.NO_ANSWER, "exit_code": 0, "reason": "wrong_hash", "input_sent": True},
     "answer_refused", V.UNKNOWN, "journal"),
    (None, {"failure": F.BASIC_IN_CLEAR}, "basic_in_clear", V.SKIPPED, "never"),
    (None, {"failure": F.CREDENTIALS_MISSING}, "credentials_missing", V.SKIPPED, "never"),
    (None, {"failure": F.CLIENT}, "client", V.SKIPPED, "never"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "facts", "code", "verdict", "retry"), ROWS)
def test_each_row_has_its_code_verdict_and_retry(
    row: int | None, facts: dict[str, Any], code: str, verdict: Verdict, retry: str
) -> None:
    known = dataclasses.replace(BASE, **facts)
    found = diagnose(known)
    judged, findings = judge_transport(known)
    assert (found.code, found.verdict, found.retry.value) == (f"transport.{code}", verdict, retry), f"row {row}"
    assert judged is verdict
    assert [(finding.code, finding.sheet, finding.severity) for finding in findings] == [
        (f"transport.{code}", Sheet.TRANSPORT, Severity.ERROR)
    ]


def test_every_code_but_the_notes_and_the_input_error_is_reached_by_a_row() -> None:
    notes = {code for code, kind in KINDS.items() if kind.votes is Verdict.OK}
    reached = {f"transport.{code}" for _, _, code, _, _ in ROWS}
    assert set(KINDS) - notes - reached == {"transport.input"}


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"stderr_bytes": 900}, []),
        ({"stderr_bytes": 5_000_000}, ["stderr_noise"]),
        ({"stdout_extra_bytes": 40}, ["stdout_noise"]),
        ({"stdout_extra_bytes": 40, "undecodable": True}, ["stdout_undecodable"]),
        ({"clock_difference_s": 299}, []),
        ({"clock_difference_s": -600}, ["clock_differs"]),
        ({"scheme": "https", "certificate_days": 29}, ["certificate_expires"]),
        ({"scheme": "https", "certificate_days": 31}, []),
        ({"scheme": "https", "certificate_ignored": True}, ["certificate_not_checked"]),
        ({"shell_left": True}, ["shell_left"]),
    ],
)
def test_an_answer_with_an_oddity_is_ok_and_the_oddity_is_told(facts: dict[str, Any], codes: list[str]) -> None:
    verdict, findings = judge_transport(dataclasses.replace(BASE, **facts))
    assert verdict is Verdict.OK
    assert [finding.code for finding in findings] == [f"transport.{code}" for code in codes]
    assert all(finding.severity is not Severity.ERROR for finding in findings)


def test_a_port_that_is_shut_and_one_that_is_silent_are_told_apart() -> None:
    shut, silent = (
        words(judge_transport(dataclasses.replace(BASE, failure=failure))[1][0], "en")
        for failure in (F.PORT_REFUSED, F.SILENT)
    )
    assert "is on and refuses" in shut.explanation
    assert "off or asleep" in silent.explanation


def test_what_never_reached_the_script_is_never_unknown() -> None:
    for _, facts, _, _, _ in ROWS:
        assert diagnose(dataclasses.replace(BASE, **{**facts, "input_sent": False})).verdict is not Verdict.UNKNOWN


def test_a_retry_is_bounded_and_a_refused_logon_is_never_tried_again() -> None:
    for _, facts, _, _, _ in ROWS:
        found = diagnose(dataclasses.replace(BASE, **facts))
        assert found.limit <= 6
        if found.verdict is Verdict.REFUSED:
            assert found.retry is Retry.NEVER


def test_each_code_has_words_whose_gaps_are_evidence_that_is_there() -> None:
    assert set(TEXTS) == set(KINDS)
    whole = TransportFacts(
        failure=F.LOGON, **{field.name: _some(field.type) for field in dataclasses.fields(TransportFacts)[1:]}
    )  # fmt: skip
    _, (finding, *_) = judge_transport(whole)
    for code, text in TEXTS.items():
        names = set(re.findall(r"\{(\w+)\}", text.explanation + text.next_step + text.title))
        assert names <= set(finding.evidence), code


def test_nothing_suggests_to_allow_unencrypted_messages_or_to_stop_checking_certificates() -> None:
    for text in TEXTS.values():
        assert "AllowUnencrypted to true" not in text.next_step
        assert not re.search(r"validation:? (to )?ignore", text.next_step)


def _some(kind: Any) -> Any:
    values: dict[str, object] = {
        "Stage": Stage.SEND, "str": "x", "int": 1, "bool": True, "int | None": 1, "tuple[str, ...]": ("basic",)
    }  # fmt: skip
    return values[kind]


@given(
    st.builds(
        TransportFacts,
        failure=st.sampled_from(Failure),
        stage=st.sampled_from(Stage),
        message=st.text(max_size=60),
        stderr=st.text(max_size=60),
        refusal_version=st.text(alphabet="0123456789.", max_size=12),
        account=st.text(max_size=20),
        offered=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    )
)
def test_any_facts_are_judged(facts: TransportFacts) -> None:
    verdict, findings = judge_transport(facts)
    assert (verdict is Verdict.OK) == (facts.failure is Failure.NONE)
    assert all(finding.code in KINDS for finding in findings)
    assert all(words(finding, "en").title for finding in findings)
