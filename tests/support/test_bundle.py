"""The bundle of evidence: complete, the same each time, with names of ours only, and without passwords."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iea_fleet.ledger.state import StateFolder
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.support.bundle import bundle_bytes
from iea_fleet.support.evidence import Case
from iea_fleet.support.hand_over import Mail, ask_for_password, hand_over
from iea_fleet.support.outbox import Outbox
from iea_fleet.support.settings import SupportSettings
from tests.support.cases import HOSTILE, WHEN, make_answer, make_case

NAMES = [
    "README.txt",
    "answers/1.json",
    "answers/2.json",
    "findings.en.txt",
    "findings.fr.txt",
    "findings.json",
    "log-excerpts.txt",
    "support-request.eml",
    "system-messages.txt",
]


def _files(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_everything_and_an_index_that_agrees(case: Case) -> None:
    files = _files(bundle_bytes(case, b"To: a@b.fr\r\n\r\n", "fr"))
    assert list(files) == NAMES
    index = files["README.txt"].decode("utf-8-sig")
    assert "Éléments sur POSTE-12" in index
    assert "Examen du poste\u00a0: 24/11/2026 à 20" in index
    for name, content in files.items():
        if name != "README.txt":
            assert f"{hashlib.sha256(content).hexdigest()}  {name}\r\n    " in index
    assert files["support-request.eml"] == b"To: a@b.fr\r\n\r\n"


def test_answers_and_findings_are_whole(case: Case) -> None:
    files = _files(bundle_bytes(case, None, "en"))
    for number, outcome in enumerate(case.outcomes, 1):
        document = json.loads(files[f"answers/{number}.json"])
        assert document["host"] == "POSTE-12"
        assert Outcome.model_validate_json(json.dumps(document["round"])) == outcome
    findings = json.loads(files["findings.json"])
    assert [(one["round"], one["code"]) for one in findings] == [
        (number, one.code) for number, outcome in enumerate(case.outcomes, 1) for one in outcome.findings
    ]
    assert "Lancement refusé" in files["findings.fr.txt"].decode("utf-8-sig")
    assert "Round 2: not as wanted" in files["findings.en.txt"].decode("utf-8-sig")
    assert "Evidence about POSTE-12" in files["README.txt"].decode("utf-8-sig")


def test_the_same_case_gives_the_same_bytes(case: Case) -> None:
    assert bundle_bytes(case, b"x", "fr") == bundle_bytes(make_case(), b"x", "fr")


def test_what_is_not_there_has_no_file() -> None:
    unreached = Outcome(verdict=Verdict.UNREACHABLE)
    files = _files(bundle_bytes(Case("PC", "", WHEN, (unreached,)), None, "fr"))
    assert list(files) == ["README.txt", "answers/1.json", "findings.en.txt", "findings.fr.txt", "findings.json"]


def test_hostile_texts_become_no_name_and_steer_nothing() -> None:
    answer = {"host": {"computer_name": HOSTILE[:260]}, "log": {"x": HOSTILE}, "version": HOSTILE}
    raw = bundle_bytes(make_case(host=HOSTILE * 3, site=HOSTILE, answer=answer, line=HOSTILE), b"", "fr")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.namelist() == NAMES
        for member in archive.infolist():
            assert stat.S_IMODE(member.external_attr >> 16) == 0o600
            assert stat.S_ISREG(member.external_attr >> 16)
            assert not PurePosixPath(member.filename).is_absolute()
            assert ".." not in member.filename
    for name, content in _files(raw).items():
        text = content.decode("utf-8-sig")
        assert "\x1b" not in text, name
        assert "\u202e" not in text, name
        assert "\0" not in text, name


def test_a_bundle_is_bounded() -> None:
    places = [{"place": f"{i}.ini", "state": "present", "value": "é" * 4096} for i in range(64)]
    answer = make_answer(probes=[{"kind": "setting", "id": f"s{i}", "places": places} for i in range(64)])
    rounds = (*[Outcome(verdict=Verdict.OK)] * 18, *[Outcome(verdict=Verdict.OK, answer=answer)] * 2)
    files = _files(bundle_bytes(Case("PC", "", WHEN, rounds), None, "fr"))
    assert sorted(name for name in files if name.startswith("answers/")) == [f"answers/{n}.json" for n in range(12, 21)]
    assert sum(map(len, files.values())) < 3_000_000


@settings(max_examples=50)
@given(st.text(max_size=200), st.text(max_size=200), st.datetimes(timezones=st.just(UTC)))
def test_any_case_makes_a_zip(host: str, site: str, when: datetime) -> None:
    case = make_case(host, site)
    files = _files(bundle_bytes(Case(host, site, when, case.outcomes), None, "fr"))
    assert set(files) == set(NAMES) - {"support-request.eml"}


def test_a_hand_over_writes_private_files_and_is_the_same_twice(case: Case, state: StateFolder) -> None:
    first = hand_over(case, state, SupportSettings(), lang="fr")
    assert first == hand_over(case, state, SupportSettings(), lang="fr")
    assert first.draft is not None
    assert first.bundle.parent == state.path / "bundles"
    for path in (first.draft.entry.path, first.bundle):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert _files(first.bundle.read_bytes())["support-request.eml"] == first.draft.entry.path.read_bytes()


def test_the_same_request_is_not_drafted_twice(case: Case, state: StateFolder) -> None:
    first = hand_over(case, state, SupportSettings(), lang="fr")
    later = replace(case, when=case.when + timedelta(hours=3))
    second = hand_over(later, state, SupportSettings(), lang="fr")
    assert first.draft is not None
    assert second.draft == Mail(first.draft.entry, earlier=True)
    assert second.draft.state == "waiting"
    assert second.bundle != first.bundle, "the evidence of the second look is kept"
    assert _files(second.bundle.read_bytes())["support-request.eml"] == first.draft.entry.path.read_bytes()
    asked = hand_over(later, state, SupportSettings(), lang="fr", again=True).draft
    assert asked is not None
    assert (asked.state, asked.entry.id != first.draft.entry.id) == ("drafted", True)


@pytest.mark.parametrize(
    "other",
    [
        lambda case: replace(case, host="POSTE-13"),
        lambda case: replace(case, site="Autre club"),
        lambda case: replace(case, outcomes=case.outcomes[:1]),
    ],
)
def test_another_case_is_drafted_beside_it(other: Callable[[Case], Case], case: Case, state: StateFolder) -> None:
    hand_over(case, state, SupportSettings(), lang="fr")
    done = hand_over(replace(other(case), when=case.when + timedelta(hours=3)), state, SupportSettings(), lang="fr")
    assert done.draft is not None
    assert done.draft.state == "drafted"
    assert len(Outbox(state).waiting()) == 2


@pytest.mark.parametrize(("days", "told"), [(1, "sent_before"), (30, "drafted")])
def test_what_was_sent_lately_is_not_drafted_again(days: int, told: str, case: Case, state: StateFolder) -> None:
    first = hand_over(case, state, SupportSettings(), lang="fr")
    assert first.draft is not None
    sent = Outbox(state).mark_sent(first.draft.entry, b"To: a@b.fr\r\n\r\n")
    os.utime(sent.path, (case.when.timestamp(), case.when.timestamp()))
    again = hand_over(replace(case, when=case.when + timedelta(days=days)), state, SupportSettings(), lang="fr")
    assert again.draft is not None
    assert again.draft.state == told


def test_the_password_of_another_day_is_asked_for_anew(state: StateFolder) -> None:
    hosts = [("POSTE-12", "Amicale")]
    days = (WHEN, WHEN + timedelta(hours=2), WHEN + timedelta(days=1))
    assert [ask_for_password(hosts, when, state, SupportSettings()).state for when in days] == [
        "drafted",
        "waiting",
        "drafted",
    ]


def test_a_case_that_is_not_the_vendor_s_has_no_mail(case: Case, state: StateFolder) -> None:
    done = hand_over(case, state, SupportSettings(), lang="en", to_vendor=False)
    assert done.draft is None
    assert Outbox(state).waiting() == ()
    assert "support-request.eml" not in _files(done.bundle.read_bytes())


@pytest.mark.parametrize("host", ["../../../etc/cron.d/x", "/etc/passwd", "CON", "a\0b", "x" * 300, "..", "\ud800"])
def test_no_host_name_leads_out_of_the_folders(host: str, state: StateFolder) -> None:
    done = hand_over(make_case(host=host), state, SupportSettings(), lang="fr")
    assert done.draft is not None
    found = {path.relative_to(state.path) for path in state.path.rglob("*") if path.is_file()}
    assert found == {done.bundle.relative_to(state.path), done.draft.entry.path.relative_to(state.path)}


def test_no_password_is_in_any_file_of_a_hand_over(state: StateFolder) -> None:
    secret = 'Zq7-Été"\\canari'
    case = make_case(
        host="POSTE-12",
        secrets=(secret,),
        line=f"mot de passe {secret}",
        answer={
            "log": {"x": f"mdp={secret}"},
            "after": [{"id": "assistance_off", "ok": False, "message": secret, "elapsed_ms": 1}],
            "error": {"step": "act", "message": f"essai avec {secret}"},
        },
    )
    done = hand_over(case, state, SupportSettings(), lang="fr")
    ask_for_password([("POSTE-12", "")], WHEN, state, SupportSettings())
    spellings = {secret.encode(), secret.encode("utf-16-le"), b"canari", json.dumps(secret)[1:-1].encode()}
    spellings |= {base64.b64encode(b"x" * n + secret.encode())[4:-4] for n in range(3)}
    everything = [path.read_bytes() for path in state.path.rglob("*") if path.is_file()]
    everything += _files(done.bundle.read_bytes()).values()
    assert len(everything) > 10
    for content in everything:
        assert not [one for one in spellings if one in content]


def test_the_request_for_the_password_waits_in_the_outbox(state: StateFolder) -> None:
    entry = ask_for_password([("POSTE-12", "Amicale"), ("POSTE-3", "")], WHEN, state, SupportSettings()).entry
    assert Outbox(state).waiting() == (entry,)
    assert entry.subject == "Mode assistance - demande du mot de passe du jour (24/11/2026)"
