"""What went wrong with a transaction itself, whatever sheet it was for: steps 1 to 13 of docs/wire.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.diagnosis.kind import Kind, joined, make_finding
from iea_fleet.diagnosis.rights import local_account, plain_account
from iea_fleet.diagnosis.win32 import ACCESS_DENIED, LOCKED
from iea_fleet.model.answer import Answer, Failure, PlaceState, RecordChange, SettingFacts, Status, Step
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Verdict
from iea_fleet.model.request import Release, Request

_FAILED = Kind(Severity.ERROR, Verdict.FAILED)

KINDS: Final[Mapping[str, Kind]] = {
    "transaction.identity": Kind(Severity.ERROR, Verdict.REFUSED),
    "transaction.busy": _FAILED,
    "transaction.requirement": Kind(Severity.ERROR, Verdict.DRIFT),
    "transaction.disk_full": _FAILED,
    "transaction.locked": _FAILED,
    "transaction.access_denied": _FAILED,
    "transaction.rights_missing": _FAILED,
    "transaction.step_failed": _FAILED,
    "transaction.read_back": _FAILED,
    "transaction.recovery_failed": _FAILED,
    "transaction.not_undone": _FAILED,
    "transaction.incomplete": _FAILED,
    "transaction.recovered_undone": Kind(Severity.INFO, Verdict.OK),
    "transaction.recovered_finished": Kind(Severity.INFO, Verdict.OK),
    "transaction.replayed": Kind(Severity.INFO, Verdict.OK),
    "transaction.after_failed": Kind(Severity.ERROR, Verdict.DRIFT),
    "transaction.unexplained": _FAILED,
    "transaction.impostor": _FAILED,
    "transaction.not_asked": _FAILED,
}

OTHER_HOST: Final = frozenset({"transaction.identity", "transaction.impostor"})
"""Who answered is not who was asked: nothing that it says is believed, and nothing is done there."""
UNBELIEVED: Final = OTHER_HOST | {"transaction.incomplete", "transaction.not_asked"}
"""The answer can't be that of our script to this request, so its word for what was changed does not count."""

_DISK_FULL = frozenset({39, 112})  # handle disk full, disk full
_TELLS_NOTHING_MORE = frozenset({PlaceState.PRESENT, PlaceState.ABSENT})


def is_of_transaction(finding: Finding) -> bool:
    """Whether a finding tells what became of the transaction: it bears its first sheet's name, and is not about it."""
    return finding.code in KINDS


def judge_transaction(answer: Answer, request: Request, sheet: Sheet) -> list[Finding]:
    """What is to be said of the transaction as such; empty when it simply went as asked.

    Args:
        answer: what the workstation said.
        request: what it was asked, for what is missing in the answer and who was expected.
        sheet: the sheet that the findings are filed under.
    """
    found: list[Finding] = []

    def tell(code: str, **evidence: str | int | None) -> None:
        found.append(make_finding(KINDS, code, sheet, **evidence))

    if not _is_identity_told(answer) and not _is_expected(answer, request):
        tell("transaction.impostor", **_identities(answer, request))
    unasked = _unasked(answer, request)
    if unasked:
        tell("transaction.not_asked", change=unasked)
    if answer.recovered is not None:
        tell(f"transaction.recovered_{answer.recovered.outcome}", transaction=answer.recovered.transaction)
    if answer.replayed:
        tell("transaction.replayed", transaction=answer.transaction)
    if answer.status is Status.BUSY:
        tell("transaction.busy")
    elif answer.status is Status.DONE:
        missing = missing_parts(answer, request)
        if missing:
            tell("transaction.incomplete", missing=", ".join(missing))
        # Of other steps the sheet that asked for them tells more.
        due = {step.id for step in request.after if step.kind in {"restart_service", "restart_process"}}
        for step in answer.after:
            if not step.ok and step.id in due:
                evidence = {"message": step.message or None, "plain_account": plain_account(answer.host)}
                tell("transaction.after_failed", after_step=step.id, **evidence)
    else:
        found += _judge_error(answer, request, sheet)
    return found


def missing_parts(answer: Answer, request: Request) -> tuple[str, ...]:
    """Names of what was asked for and is not in an answer that says `done`; such an answer proves nothing.

    Kinds are compared too: a probe answered by facts of another kind counts as missing.
    """
    missing = _unanswered(request, {(facts.kind, facts.id) for facts in answer.probes}, "probe")
    ensured = {outcome.id for outcome in answer.ensure}
    missing += [f"ensure {change.id}" for change in request.ensure if change.id not in ensured]
    released = {outcome.id for outcome in answer.release}
    missing += [f"release {change.id}" for change in request.release if change.id not in released]
    if answer.dry_run != request.dry_run:
        missing.append("dry_run")
    if not request.dry_run:
        done = {outcome.id for outcome in answer.after}
        due = [step for step in request.after if step.only_if is None and (step.when == "always" or answer.changed)]
        missing += [f"after {step.id}" for step in due if step.id not in done]
        restarts = {step.id for step in request.after if step.kind == "restart_computer"}
        if answer.changed and not any(step.ok for step in answer.after if step.id in restarts):
            missing += _unanswered(request, {(facts.kind, facts.id) for facts in answer.verify}, "verify")
    return tuple(missing)


def _unanswered(request: Request, answered: set[tuple[str, str]], part: str) -> list[str]:
    return [f"{part} {probe.id}" for probe in request.probe if (probe.kind, probe.id) not in answered]


def _is_identity_told(answer: Answer) -> bool:
    return answer.error is not None and answer.error.step is Step.IDENTITY


def _is_expected(answer: Answer, request: Request) -> bool:
    """Whether who answered is who was asked: our script compares this too, but a workstation may run another one."""
    expected, host = request.expect_host, answer.host
    pairs = ((expected.computer_name, host.computer_name), (expected.machine_id, host.machine_id))
    return all(wanted is None or wanted.casefold() == found.casefold() for wanted, found in pairs)


def _identities(answer: Answer, request: Request) -> dict[str, str | None]:
    expected, host = request.expect_host, answer.host
    return {
        "expected_name": expected.computer_name,
        "found_name": host.computer_name,
        "expected_machine": expected.machine_id,
        "found_machine": host.machine_id,
    }


def _unasked(answer: Answer, request: Request) -> str | None:
    """The release by which an answer says that it changed records that the request does not name; `None`: none."""
    asked = {release.id: release for release in request.release}
    for outcome in answer.release:
        release = asked.get(outcome.id)
        if release is None or not all(_is_asked(change, release) for change in outcome.records):
            return outcome.id
    return None


def _is_asked(change: RecordChange, release: Release) -> bool:
    before = {name: text.casefold() for name, text in change.before.items()}
    if not any(all(before.get(name) == text.casefold() for name, text in one.items()) for one in release.match):
        return False
    return change.after == (None if release.values is None else {**change.before, **release.values})


def _judge_error(answer: Answer, request: Request, sheet: Sheet) -> list[Finding]:
    error = answer.error
    if error is None:
        return [make_finding(KINDS, "transaction.incomplete", sheet, missing="error")]
    evidence = {
        "step": error.step.value,
        "change": error.id,
        "place": _place(answer, error),
        "win32_code": str(error.win32_code) if error.win32_code else None,
        "message": error.message or None,
        "free_bytes": None if error.free_bytes is None else str(error.free_bytes),
    }
    if error.step is Step.IDENTITY:
        evidence |= _identities(answer, request)
    found = []
    code = _code(answer, error)
    if code == "transaction.rights_missing":
        evidence |= {"plain_account": plain_account(answer.host), "local_account": local_account(answer.host)}
    if code is not None:
        found.append(make_finding(KINDS, code, sheet, **evidence))
    if not error.undone:
        found.append(make_finding(KINDS, "transaction.not_undone", sheet, **evidence))
    return found


def _code(answer: Answer, error: Failure) -> str | None:
    """The code of a failure; `None` where the sheet's own findings tell it better (a requirement, a damaged file)."""
    if error.step is Step.IDENTITY:
        return "transaction.identity"
    if error.step is Step.REQUIRE or (error.step is Step.PLAN and _damaged(answer, error.id)):
        return None
    if error.step is Step.ACT and any(step.id == error.id and not step.ok for step in answer.act):
        return None
    if error.step is Step.RECOVER:
        return "transaction.recovery_failed"
    if error.win32_code in _DISK_FULL or error.step is Step.SPACE:
        return "transaction.disk_full"
    if error.win32_code in LOCKED:
        return "transaction.locked"
    if error.win32_code == ACCESS_DENIED:
        return "transaction.access_denied" if plain_account(answer.host) is None else "transaction.rights_missing"
    return "transaction.read_back" if error.step is Step.READ_BACK else "transaction.step_failed"


def _damaged(answer: Answer, change: str | None) -> bool:
    """Whether the probe of the same name already says why the setting could not be read."""
    return any(place.state not in _TELLS_NOTHING_MORE for facts in _settings(answer, change) for place in facts.places)


def _place(answer: Answer, error: Failure) -> str | None:
    places = [place.place for facts in _settings(answer, error.id) for place in facts.places]
    return joined(places) or None


def _settings(answer: Answer, name: str | None) -> list[SettingFacts]:
    return [facts for facts in answer.probes if isinstance(facts, SettingFacts) and facts.id == name]
