"""The pure parts of fix: a host's wants, a plan as variables, which reset can be taken back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr

from iea_fleet.diagnosis.licence_choice import Standing
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.ledger.records import AskedHost, HostRecord
from iea_fleet.model.answer import Answer, HostFacts, RecordChange, ReleaseOutcome, Status
from iea_fleet.model.desired import Binding, DesiredAssistance, DesiredLicence, DesiredShare, ShareRemedy
from iea_fleet.model.errors import InputError
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.model.request import AsWhom, ExpectedHost
from iea_fleet.rollout.inventory import Host
from iea_fleet.rollout.repair import (
    ORDER,
    Case,
    concerns_vendor,
    host_task,
    last_reset,
    look_variables,
    plan_variables,
    seen_in_fleet,
    undo_task,
)
from iea_fleet.rollout.settings import ROLE_VARIABLES


def host(**variables: object) -> Host:
    return Host("pc-1", "lyon", "192.0.2.1", "adm", {"iea_profile": "lab", **variables})


def change(licence: str, workstation: str) -> RecordChange:
    return RecordChange(
        before={"licence": licence, "workstation": workstation}, after={"licence": licence, "workstation": ""}
    )


def round_of(*releases: ReleaseOutcome, dry_run: bool = False) -> Outcome:
    told = Answer(
        schema_version=1, transaction="0" * 32, status=Status.DONE, dry_run=dry_run, replayed=False,
        host=HostFacts(
            computer_name="PC-1", machine_id="m", user="u", os_version="10", powershell="5.1", edition="Desktop",
            culture="fr-FR", time="2026-11-24T08:00:00Z", boot_time=None, utc_offset_min=60,
        ),
        recovered=None, probes=(), require=(), act=(), ensure=(), release=releases, after=(), verify=(), error=None,
        elapsed_ms=1,
    )  # fmt: skip
    return Outcome(verdict=Verdict.CHANGED, answer=told)


def reset(*changes: RecordChange) -> ReleaseOutcome:
    return ReleaseOutcome(id="licence_reset", place="P", due=True, records=changes)


def undone(*changes: RecordChange) -> ReleaseOutcome:
    back = tuple(RecordChange(before=one.after or {}, after=one.before) for one in changes)
    return ReleaseOutcome(id="licence_undo_0", place="P", due=True, records=back)


def test_a_host_s_plain_wants_count_and_templates_are_left_to_ansible() -> None:
    task = host_task(
        host(
            iea_connection_update_url="https://updates.example",
            iea_connection_authentication_url="{{ somewhere }}",
            iea_share_path="{% if x %}P:{% endif %}",
            iea_share_username=r"ASSO\svc",
            iea_share_password="never read",
            iea_session_release="no boolean",
            iea_computer_name="PC-1",
            iea_machine_id="{{ id }}",
        ),
        ORDER,
    )
    assert task.connection.update_url == "https://updates.example"
    assert task.connection.authentication_url == "https://impact-emploi.urssaf.fr"
    assert (task.share.path, task.share.username, task.share.password) == (None, r"ASSO\svc", None)
    assert not task.session.release
    assert task.expect_host == ExpectedHost(computer_name="PC-1")
    assert task.share.as_whom == (AsWhom.LOGON, AsWhom.USER)
    assert host_task(host(iea_share_as_whom=["machine"]), ORDER).share.as_whom == (AsWhom.MACHINE,)


def test_a_profile_that_can_t_be_used_is_told_at_once() -> None:
    with pytest.raises(InputError, match="there is no profile named 'nothing'"):
        host_task(host(iea_profile="nothing"), ORDER)


def test_a_plan_travels_without_its_secrets_and_in_variables_that_the_role_has() -> None:
    look: Task = host_task(host(), ORDER)
    remedy = replace(
        look,
        share=DesiredShare(mend=(ShareRemedy.RECONNECT,), password=SecretStr("canary-share")),
        licence=DesiredLicence(reset=(Binding(licence="{{ x }}", workstation="PC-2"),)),
        assistance=DesiredAssistance(mode="off", password=SecretStr("canary-day")),
        expect_host=ExpectedHost(computer_name="PC-1", machine_id="m"),
    )
    variables = plan_variables(remedy)
    assert set(variables) <= set(ROLE_VARIABLES)
    assert set(look_variables(look)) <= set(ROLE_VARIABLES)
    assert "canary" not in json.dumps(variables)
    assert variables["iea_fix_sheets"] == ["share", "session", "licence", "connection", "assistance"]
    assert variables["iea_share_mend"] == ["reconnect"]
    assert variables["iea_licence_reset"] == [{"licence": "{{ x }}", "workstation": "PC-2"}]
    assert (variables["iea_assistance_mode"], variables["iea_session_user"]) == ("off", "")
    assert (variables["iea_computer_name"], variables["iea_machine_id"]) == ("PC-1", "m")


def test_a_case_looks_at_its_own_sheet() -> None:
    assert [case.sheets for case in (Case.RELAUNCH, Case.CONNECTION, Case.SHARE)] == [
        (Sheet.CONNECTION,), (Sheet.CONNECTION,), (Sheet.SHARE,)
    ]  # fmt: skip


def test_the_last_reset_that_was_not_taken_back_is_found() -> None:
    first, second = change("IEA-1", "PC-1"), change("IEA-2", "PC-2")
    assert last_reset([]) == ()
    assert last_reset([Outcome(verdict=Verdict.UNREACHABLE), round_of(), round_of(reset(first))]) == (first,)
    assert last_reset([round_of(reset(second)), round_of(reset(first))]) == (second,)
    assert last_reset([round_of(undone(second)), round_of(reset(second)), round_of(reset(first))]) == (first,)
    assert last_reset([round_of(undone(first)), round_of(reset(first, second))]) == (second,)
    assert last_reset([round_of(reset(first), dry_run=True), round_of(reset())]) == ()


def test_taking_a_reset_back_does_nothing_else() -> None:
    look = replace(host_task(host(iea_session_release=True), ORDER), sheets=(Sheet.LICENCE,))
    variables = plan_variables(undo_task(look, (change("IEA-1", "PC-1"),)))
    assert variables["iea_fix_sheets"] == ["licence"]
    assert variables["iea_licence_undo"] == [
        {"before": {"licence": "IEA-1", "workstation": "PC-1"}, "after": {"licence": "IEA-1", "workstation": ""}}
    ]
    assert (variables["iea_licence_reset"], variables["iea_session_release"], variables["iea_share_mend"]) == (
        [], False, []
    )  # fmt: skip
    assert variables["iea_assistance_mode"] == "as_is"


@pytest.mark.parametrize(
    ("code", "sheet", "concerned"),
    [
        ("relaunch.refused.support", Sheet.CONNECTION, True),
        ("licence.twice", Sheet.LICENCE, True),
        ("licence.list_out_of_reach", Sheet.LICENCE, False),
        ("share.share_not_found", Sheet.SHARE, False),
        ("connection.settings_locked", Sheet.CONNECTION, False),
        ("connection.service_not_running", Sheet.CONNECTION, False),
        ("connection.service_absent", Sheet.CONNECTION, True),
    ],
)
def test_the_vendor_is_asked_only_for_what_is_the_vendor_s(code: str, sheet: Sheet, concerned: bool) -> None:
    assert concerns_vendor([Finding(code=code, sheet=sheet, severity=Severity.WARNING)]) is concerned


def test_who_did_not_answer_the_report_or_is_in_none_of_it_stands_as_the_report_says() -> None:
    about = Finding(code="licence.right", sheet=Sheet.LICENCE, severity=Severity.OK)
    now = round_of().model_copy(update={"findings": (about,)})
    silent = Outcome(verdict=Verdict.UNREACHABLE)

    def reported(**outcomes: Outcome | None) -> list[HostRecord]:
        return [
            HostRecord(asked=AskedHost(host=name.replace("_", "-"), site="lyon"), outcome=outcome, answered_ms=None)
            for name, outcome in outcomes.items()
        ]

    def standing(records: list[HostRecord], workstation: str) -> Standing | None:
        known = seen_in_fleet(host(), now, lambda: records).standing
        return None if known is None else known(workstation, "IEA-1")

    assert standing(reported(pc_1=now, pc_2=silent), "PC-2") is Standing.NO_ANSWER
    assert standing(reported(pc_1=now, pc_2=silent), "PC-ACCUEIL") is Standing.NOT_IN_FLEET
    assert standing(reported(pc_1=now, pc_2=None), "PC-ACCUEIL") is Standing.UNKNOWN
    # Nothing is known of an inventory that this host was not in.
    assert standing(reported(pc_2=silent), "PC-ACCUEIL") is None
