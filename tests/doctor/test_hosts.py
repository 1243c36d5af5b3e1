"""`iea-fleet doctor` against workstations of the lab, each with a fault of its own: one run, every outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.doctor.conftest import opened

if TYPE_CHECKING:
    from tests.doctor.conftest import Lab
else:
    Lab = object

CASES: dict[str, tuple[str, str]] = {
    # fault, with its parameters: code and state of the check that tells it
    "refused": ("transport.port_refused", "error"),
    "silent": ("transport.silent", "error"),
    "never_answers": ("transport.read_timed_out", "error"),
    "reset stage=request_head": ("transport.connection_reset", "error"),
    "certificate kind=expired": ("transport.certificate_expired", "error"),
    "certificate kind=future": ("transport.certificate_not_yet_valid", "error"),
    "certificate kind=wrong_name": ("transport.certificate_name", "error"),
    "certificate kind=unknown_ca": ("transport.certificate_untrusted", "error"),
    "certificate kind=self_signed": ("transport.certificate_untrusted", "error"),
    "certificate kind=tls1_0": ("transport.tls_failed", "error"),
    "other_service kind=not_found": ("transport.not_winrm", "error"),
    "auth_offered basic=True negotiate=False": ("transport.logon_method_not_offered", "error"),
    "clock_off seconds=600": ("transport.clock_differs", "error"),
    "credentials_rejected": ("transport.logon_refused_local_account", "error"),
    "access_denied": ("transport.access_denied", "error"),
    "constrained_language": ("transport.language_mode", "error"),
    "old_powershell version=2.0": ("transport.powershell_old", "error"),
    "powershell_missing": ("transport.powershell_missing", "error"),
    "antivirus": ("transport.antivirus_blocked", "error"),
    "other_computer": ("transaction.identity", "error"),
    "gzip_bomb megabytes=64": ("transport.answer_compressed", "error"),
    "huge_headers": ("transport.malformed", "error"),
}
BEFORE_THE_LOGON = list(CASES)[:12]
WITHOUT_RIGHTS = ("plain_account", "filtered_account")
WITH_LOGON = ("clock_off seconds=600", "other_computer")
GOOD = [
    "doctor.route",
    "doctor.name_found",
    "doctor.port_open",
    "doctor.certificate_good",
    "doctor.winrm",
    "doctor.logon_offered",
    "doctor.clock_right",
    "doctor.logon_accepted",
    "doctor.powershell",
    "doctor.computer_expected",
    "doctor.rights_administrator",
    "doctor.round",
]

Checks = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Checks]]:
    """One run over all of them: by fault, the checks of its workstation by their code; `right` has no fault."""
    hosts = ["right", *CASES, *WITHOUT_RIGHTS]
    for lab in opened(tmp_path_factory.mktemp("faults"), "--https", "--hosts", str(len(hosts))):
        names = lab.hosts_up()
        for name, fault in zip(names, hosts, strict=True):
            if fault != "right":
                lab.break_host(name, *fault.split())
        code, document = lab.doctor("--limit", "all", "--forks", "30")
        assert code == 4
        subjects = {subject["host"]: subject["checks"] for subject in document["subjects"]}
        assert list(subjects) == names
        yield {
            fault: {check["code"]: check for check in subjects[name]} for name, fault in zip(names, hosts, strict=True)
        }


def test_a_workstation_without_a_fault_passes_every_check(seen: dict[str, Checks]) -> None:
    assert list(seen["right"]) == GOOD
    assert {check["state"] for check in seen["right"].values()} == {"ok"}


@pytest.mark.parametrize("fault", CASES)
def test_a_fault_is_named_by_the_finding_that_a_push_would_have_told(seen: dict[str, Checks], fault: str) -> None:
    code, state = CASES[fault]
    assert code in seen[fault], list(seen[fault])
    check = seen[fault][code]
    assert check["state"] == state
    assert check["title"]
    assert check["explanation"]
    assert check["next_step"]
    assert [other for other in seen[fault].values() if other["state"] == "error"] == [check]


@pytest.mark.parametrize("fault", BEFORE_THE_LOGON)
def test_no_password_is_sent_where_the_way_is_barred(seen: dict[str, Checks], fault: str) -> None:
    assert not {"doctor.logon_accepted", "doctor.round", "transport.logon_refused"} & seen[fault].keys()


@pytest.mark.parametrize("fault", ["constrained_language", "old_powershell version=2.0", "antivirus", *WITH_LOGON])
def test_the_logon_is_told_as_accepted_where_it_was(seen: dict[str, Checks], fault: str) -> None:
    assert seen[fault]["doctor.logon_accepted"]["state"] == "ok"


@pytest.mark.parametrize("account", WITHOUT_RIGHTS)
def test_an_account_that_is_not_an_administrator_is_a_warning(seen: dict[str, Checks], account: str) -> None:
    told = seen[account]["doctor.rights_plain"]
    assert told["state"] == "warning"
    assert ("LocalAccountTokenFilterPolicy" in told["next_step"]) is (account == "filtered_account")
    assert {check["state"] for code, check in seen[account].items() if code != "doctor.rights_plain"} == {"ok"}


def test_the_certificate_is_told_with_the_fingerprint_to_pin(seen: dict[str, Checks]) -> None:
    told = seen["right"]["doctor.certificate_good"]
    assert f"iea_certificate_sha256: {told['evidence']['certificate_sha256']}" in told["explanation"]


def test_both_clocks_are_told(seen: dict[str, Checks]) -> None:
    assert seen["clock_off seconds=600"]["transport.clock_differs"]["evidence"]["host_clock"].endswith("GMT")


def test_what_is_offered_is_compared_with_what_the_inventory_says(seen: dict[str, Checks]) -> None:
    told = seen["auth_offered basic=True negotiate=False"]["transport.logon_method_not_offered"]
    assert "offers Basic" in told["explanation"]
    assert "the inventory says ntlm" in told["explanation"]
