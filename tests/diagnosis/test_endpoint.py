"""What an endpoint shows before any logon, judged from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iea_fleet.diagnosis.endpoint import Endpoint, judge_endpoint, may_log_on
from iea_fleet.diagnosis.transport import Failure, TransportFacts

FACTS = TransportFacts(
    Failure.NONE,
    host="poste-12",
    port=5986,
    scheme="https",
    methods=("ntlm",),
    account="iea-fleet",
    offered=("Negotiate",),
    http_status=401,
    date="Tue, 24 Nov 2026 12:00:00 GMT",
    now="Tue, 24 Nov 2026 12:00:00 GMT",
    clock_difference_s=0,
    certificate_subject="CN=poste-12",
    certificate_issuer="CN=poste-12",
    certificate_until="2028-01-01",
    certificate_sha256="ab" * 32,
    certificate_days=400,
)
SEEN = Endpoint(FACTS, 20, 30, addresses=("192.0.2.12",), connect_ms=3, identified=True, product="Microsoft")


def states(seen: Endpoint) -> dict[str, str]:
    return {finding.code: finding.severity.value for finding in judge_endpoint(seen)}


def test_all_is_well() -> None:
    assert set(states(SEEN).values()) == {"ok"}
    assert may_log_on(judge_endpoint(SEEN))


@pytest.mark.parametrize(("days", "state"), [(31, None), (30, None), (29, "warning"), (0, "warning")])
def test_a_certificate_warns_thirty_days_before_its_end(days: int, state: str | None) -> None:
    told = states(replace(SEEN, facts=replace(FACTS, certificate_days=days)))
    assert told.get("transport.certificate_expires") == state
    assert told["doctor.certificate_good"] == "ok"


@pytest.mark.parametrize(
    ("apart", "code", "logon"),
    [
        (300, "doctor.clock_right", True),
        (-300, "doctor.clock_right", True),
        (301, "transport.clock_differs", True),
        (-301, "transport.clock_differs", True),
    ],
)
def test_clocks_more_than_five_minutes_apart_are_an_error_that_bars_no_logon(
    apart: int, code: str, logon: bool
) -> None:
    findings = judge_endpoint(replace(SEEN, facts=replace(FACTS, clock_difference_s=apart)))
    assert findings[-1].code == code
    assert may_log_on(findings) is logon
    assert (findings[-1].severity.value == "error") is (abs(apart) > 300)


@pytest.mark.parametrize(
    ("operation_s", "read_s", "state"), [(20, 30, None), (30, 30, "error"), (60, 30, "error"), (0, 0, None)]
)
def test_the_read_timeout_must_be_above_the_operation_timeout(operation_s: int, read_s: int, state: str | None) -> None:
    told = states(replace(SEEN, operation_timeout_s=operation_s, read_timeout_s=read_s))
    assert told.get("transport.timeouts_inverted") == state


def test_basic_in_clear_bars_the_logon() -> None:
    findings = judge_endpoint(replace(SEEN, basic_in_clear=True))
    assert "transport.basic_in_clear" in {finding.code for finding in findings}
    assert not may_log_on(findings)


@pytest.mark.parametrize(
    ("methods", "offered", "codes"),
    [
        (("ntlm",), ("Negotiate", "Kerberos"), {"doctor.logon_offered"}),
        (("ntlm",), ("Negotiate", "Basic"), {"doctor.logon_offered", "doctor.basic_offered"}),
        (("basic",), ("Negotiate", "Basic"), {"doctor.logon_offered"}),
        (("basic",), ("Negotiate",), {"transport.logon_method_not_offered"}),
        (("credssp",), ("Negotiate",), {"transport.logon_method_not_offered"}),
        (("kerberos",), ("Kerberos",), {"doctor.logon_offered"}),
        (("ntlm",), (), {"doctor.logon_not_told"}),
    ],
)
def test_what_is_offered_is_compared_with_what_is_asked_for(
    methods: tuple[str, ...], offered: tuple[str, ...], codes: set[str]
) -> None:
    told = states(replace(SEEN, facts=replace(FACTS, methods=methods, offered=offered)))
    logons = {code for code in told if "logon" in code or "basic" in code}
    assert logons == codes


def test_the_first_failure_is_the_last_finding() -> None:
    facts = replace(FACTS, failure=Failure.PORT_REFUSED, offered=())
    told = judge_endpoint(Endpoint(facts, addresses=("192.0.2.12",)))
    assert [finding.code for finding in told] == ["doctor.route", "doctor.name_found", "transport.port_refused"]
    assert not may_log_on(told)


def test_options_that_can_not_be_used_are_all_there_is_to_say() -> None:
    (only,) = judge_endpoint(Endpoint(TransportFacts(Failure.CLIENT, message="no such transport")))
    assert (only.code, only.evidence["message"]) == ("transport.client", "no such transport")


def test_something_that_asks_for_a_logon_and_is_not_known_as_winrm_is_told() -> None:
    assert states(replace(SEEN, identified=False))["doctor.winrm_unidentified"] == "ok"
