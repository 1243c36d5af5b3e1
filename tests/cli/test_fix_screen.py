"""What `fix` shows: each thing said once, under its heading, with one line a next step."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from iea_fleet.cli.fix_screen import HandedOver, Screen
from iea_fleet.cli.words import Language
from iea_fleet.diagnosis.remedy import Need, Plan, Remedy
from iea_fleet.model.answer import RecordChange
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.rollout.fix import End, Repair

SCARAB = Finding(code="assistance.on", sheet=Sheet.ASSISTANCE, severity=Severity.WARNING, evidence={"by": "Amina"})
WRONG = Finding(
    code="connection.differs.address", sheet=Sheet.CONNECTION, severity=Severity.WARNING,
    evidence={"setting": "update_url", "before": "a", "after": "b"},
)  # fmt: skip
LIVE = Finding(
    code="session.live", sheet=Sheet.SESSION, severity=Severity.INFO, evidence={"users": "Hugo", "workstation": "W-01"}
)
RELEASED = LIVE.model_copy(update={"code": "session.released"})
CLOSED = Finding(code="connection.process_not_running", sheet=Sheet.CONNECTION, severity=Severity.INFO)


def _remedy(code: str, cause: Finding, *needs: Need) -> Remedy:
    said = Finding(code=code, sheet=cause.sheet, severity=Severity.INFO, evidence={"count": "1"})
    return Remedy(said, (cause,), frozenset(needs))


BLOCKED = Plan((_remedy("plan.assistance_off", SCARAB, Need.PASSWORD),), ())


def _screen(lang: Language = "fr", progress: io.StringIO | None = None) -> Screen:
    return Screen("W-01", lang, Console(file=progress or io.StringIO()), as_json=False)


def _look(*findings: Finding) -> Outcome:
    return Outcome(verdict=Verdict.DRIFT, findings=findings)


def _shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.replace("\u00a0", " ").replace("\u202f", " ")


def test_what_was_explained_is_named_only_where_it_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    screen, look = _screen(), _look(SCARAB)
    screen.found(look)
    screen.planned(BLOCKED)
    screen.ended("r", Repair(End.LEFT, [look], BLOCKED, 0), HandedOver(), 1)
    lines = _shown(capsys).splitlines()
    assert sum("tant que le mode assistance est actif" in line for line in lines) == 1
    assert lines.count("  ! En mode assistance (scarabée rouge)") == 2
    steps = [line for line in lines[lines.index("Ce qui reste sur W-01") :] if line.startswith("    ")]
    assert [line[:6] for line in steps] == ["    → ", "    → "]


def test_what_has_to_wait_has_a_heading_of_its_own_and_says_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    _screen().planned(BLOCKED)
    lines = _shown(capsys).splitlines()
    assert lines[1:3] == ["Ce qui doit attendre", "  – Désactiver le mode assistance (il faut le mot de passe du jour)"]
    assert "Ce qui sera fait" not in lines


def test_a_push_is_no_next_step_of_a_fix(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan((_remedy("plan.save_connection", WRONG, Need.PASSWORD),), ())
    _screen("en").ended("r", Repair(End.LEFT, [_look(WRONG)], plan, 0), HandedOver(), 1)
    shown = _shown(capsys)
    assert "Address of the update server: not as wanted" in shown
    assert "Push" not in shown


def test_after_the_tool_s_own_way_only_the_other_one_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    lost = Finding(code="share.session_lost", sheet=Sheet.SHARE, severity=Severity.ERROR, evidence={"server": "SRV"})
    _screen().ended("r", Repair(End.LEFT, [_look(lost)], Plan((), (lost,)), 1), HandedOver(), 1)
    shown = _shown(capsys)
    assert "    → Redémarrer le PC." in shown.splitlines()
    assert "(fix)" not in shown


def test_what_is_no_matter_of_a_sheet_stands_under_none(capsys: pytest.CaptureFixture[str]) -> None:
    other = Finding(code="transaction.identity", sheet=Sheet.SHARE, severity=Severity.ERROR, evidence={})
    _screen().found(_look(other))
    assert "Fiche" not in _shown(capsys)


def test_a_clock_that_went_on_explains_nothing_anew(capsys: pytest.CaptureFixture[str]) -> None:
    def expired(now: str) -> Finding:
        return Finding(
            code="connection.test_failed.tls_expired", sheet=Sheet.CONNECTION, severity=Severity.ERROR,
            evidence={"server": "both", "not_after": "2026-11-22T00:00:00Z", "workstation_time": now},
        )  # fmt: skip

    screen, left = _screen("en"), expired("2026-11-25T02:55:00Z")
    screen.found(_look(expired("2026-11-25T02:54:00Z")))
    screen.ended("r", Repair(End.LEFT, [_look(left)], Plan((), (left,)), 1), HandedOver(), 1)
    assert _shown(capsys).count("clock says") == 1


def test_only_what_a_remedy_did_is_told_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    _screen().done(_look(RELEASED, CLOSED))
    shown = _shown(capsys)
    assert "Session libérée" in shown
    assert "Le logiciel n’est pas ouvert" not in shown


def test_a_session_in_use_is_told_with_the_way_to_release_it(capsys: pytest.CaptureFixture[str]) -> None:
    _screen().found(_look(LIVE))
    shown = _shown(capsys)
    assert "Rien d’anormal sur W-01." in shown
    assert "  · Session en cours" in shown
    assert "fix --force la libère" in shown


@pytest.mark.parametrize(("turns", "told"), [(0, "Rien n’a été modifié."), (1, "Rien d’autre n’a été modifié.")])
def test_a_no_after_a_first_remedy_does_not_deny_it(capsys: pytest.CaptureFixture[str], turns: int, told: str) -> None:
    _screen().ended("r", Repair(End.DECLINED, [], BLOCKED, turns), HandedOver(), 1)
    assert _shown(capsys).splitlines()[-1] == told


def test_forcing_a_session_in_use_says_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen("W-01", "fr", Console(file=io.StringIO()), as_json=False, force=True)
    screen.found(_look(LIVE))
    screen.planned(Plan((_remedy("plan.release_session", LIVE),), (), force=True))
    shown = _shown(capsys)
    assert "(en cours d’utilisation : ce qui n’y est pas enregistré est perdu)" in shown
    assert "--force" not in shown


def test_taking_back_names_the_licence_and_the_workstation(capsys: pytest.CaptureFixture[str]) -> None:
    before = {"licence": "IEA-1", "workstation": "PC-2", "bound": "12/03/2024"}
    _screen().undoes([RecordChange(before=before, after=None)])
    assert _shown(capsys).splitlines()[-1] == "  Rendre la licence IEA-1 à PC-2"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("licence", "Seule cette fiche a été examinée : « Résoudre un problème de licence »."),
        ("relaunch", "Seul le cœur rouge a été examiné."),
    ],
)
def test_one_sheet_without_a_finding_does_not_speak_for_the_others(
    case: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen("W-01", "fr", Console(file=io.StringIO()), as_json=False, case=case)
    screen.found(_look())
    assert _shown(capsys).splitlines()[1:3] == ["Rien d’anormal sur W-01.", f"  {told}"]
