"""The drafts: subject, French text, evidence; nothing invented, nothing that steers, no password."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.model.finding import Severity
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.support.draft import (
    PLACEHOLDER,
    VERSION_UNKNOWN,
    Draft,
    draft_password_request,
    draft_support_request,
    record_id,
)
from iea_fleet.support.evidence import HIDDEN, JSON_CHARACTERS, Case, conceal
from iea_fleet.support.settings import SupportSettings
from tests.support.cases import HOSTILE, PARIS, WHEN, finding, make_answer, make_case

NONE = SupportSettings()
SAFE_ID = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]{1,32}-[0-9a-f]{8}")
STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _flat(draft: Draft) -> str:
    """The body without line breaks and no-break spaces, for comparisons."""
    return " ".join(draft.body.replace("\u00a0", " ").split())


def _attachment(draft: Draft, name: str) -> str:
    return next(attachment.text for attachment in draft.attachments if attachment.name == name)


def test_the_subject_has_the_version_of_the_host(case: Case) -> None:
    assert draft_support_request(case, NONE).subject == "Serveur de connexion 3.00.42"


@pytest.mark.parametrize(
    "version", ["", "3.00.4", "3.00.421", "4.00.42", "3.00.42\r\nBcc: x@evil.example", "3.00.XX", "３.00.42", "3.00.٤٢"]
)
def test_a_version_that_is_none_is_not_invented(version: str) -> None:
    draft = draft_support_request(make_case(answer={"version": version}), NONE)
    # The first round told a good one; the latest answer with a good one counts.
    assert draft.subject == "Serveur de connexion 3.00.42"
    only = make_case(answer={"version": version})
    draft = draft_support_request(Case(only.host, only.site, only.when, only.outcomes[1:]), NONE)
    assert draft.subject == VERSION_UNKNOWN == "Serveur de connexion (version inconnue)"
    told = _flat(draft)
    assert ("le poste indique" in told) is bool(version)
    assert "association : inconnue" in told


def test_a_host_without_an_answer_is_asked_about_without_version() -> None:
    outcome = Outcome(verdict=Verdict.UNKNOWN, detail="[Errno 104] Connection reset", findings=())
    draft = draft_support_request(Case("PC", "", WHEN, (outcome,)), NONE)
    assert draft.subject == VERSION_UNKNOWN
    assert "Aucun constat." in draft.body
    assert "Rien n’a été modifié sur le poste." in draft.body
    assert _attachment(draft, "messages-du-systeme.txt") == "[Errno 104] Connection reset\n"


def test_the_text_says_where_what_and_what_was_done(case: Case) -> None:
    text = _flat(draft_support_request(case, NONE))
    assert "Sur le poste POSTE-12 (association : Club d’aviron), Impact emploi association ne fonctionne pas" in text
    assert "Examen du poste : 24/11/2026 à 20 h 41 CET" in text
    assert "1. Lancement refusé : autorisation refusée (fiche « Mode de connexion au serveur », cas n° 3)" in text
    assert "Mode de connexion corrigé. « Mode de connexion » : non sécurisé auparavant, « Sécurisé » désormais." in text
    assert (
        "Relance de l’authentification auprès du serveur : échec (code de retour 3, 15,0 s) : Autorisation refusée"
        in text
    )
    assert "2. " not in text, "what was mended or only noted is no complaint"


def test_a_mere_look_is_nothing_that_was_done(case: Case) -> None:
    draft = draft_support_request(Case(case.host, case.site, case.when, case.outcomes[:1]), NONE)
    assert "Rien n’a été modifié sur le poste." in draft.body


def test_what_would_be_changed_is_nothing_that_was_done(case: Case) -> None:
    would = finding("connection.would_correct.mode", Severity.INFO, 1, before="0", after="1")
    outcome = Outcome(verdict=Verdict.CHANGED, findings=(would,), answer=make_answer(dry_run=True))
    draft = draft_support_request(Case(case.host, case.site, case.when, (outcome,)), NONE)
    assert "Rien n’a été modifié sur le poste." in draft.body


def test_the_version_is_the_latest_one() -> None:
    case = make_case(answer={"version": "3.00.43"})
    assert draft_support_request(case, NONE).subject == "Serveur de connexion 3.00.43"


def test_the_evidence_is_attached_whole(case: Case) -> None:
    draft = draft_support_request(case, NONE)
    document = json.loads(_attachment(draft, "constats-et-reponses.json"))
    assert (document["host"], document["site"], document["when"]) == (
        "POSTE-12",
        "Club d’aviron",
        "2026-11-24T20:41:07+01:00",
    )
    rounds = [Outcome.model_validate_json(json.dumps(one)) for one in document["rounds"]]
    assert tuple(rounds) == case.outcomes
    assert _attachment(draft, "messages-du-systeme.txt").splitlines() == [
        "authentication_test: Hôte inconnu. (11001)",
        "relaunch: Autorisation refusée par le serveur",
    ]
    assert _attachment(draft, "extraits-du-journal.txt") == (
        "authorisation_refused, 3×: 24/11/2026 20:40 Serveur d'authentification / Autorisation refusée\n"
    )


def test_the_system_s_own_sentence_about_a_share_is_told() -> None:
    """The sheet "Base de données inaccessible" asks for a screenshot of it."""
    lost = {
        "kind": "share",
        "id": "share_logon",
        "ok": False,
        "layer": "tcp",
        "as_whom": "logon",
        "account": "x",
        "path": "\\\\srv\\base",
        "win32_code": 53,
        "message": "Le chemin réseau n’a pas été trouvé.",
        "elapsed_ms": 5,
    }
    draft = draft_support_request(make_case(answer={"probes": [lost]}), NONE)
    told = _attachment(draft, "messages-du-systeme.txt")
    assert "\\\\srv\\base: Le chemin réseau n’a pas été trouvé. (53)\n" in told


def test_the_signature_is_the_provider_s_or_a_place_to_fill_in(case: Case) -> None:
    assert draft_support_request(case, NONE).body.endswith(f"Cordialement,\n\n{PLACEHOLDER}\n")
    signed = SupportSettings(signature="Jeanne Martin\n01 23 45 67 89\n", sender="aide@info-assos.fr")
    assert draft_support_request(case, signed).body.endswith("Cordialement,\n\nJeanne Martin\n01 23 45 67 89\n")
    sender = SupportSettings(sender="aide@info-assos.fr")
    assert draft_support_request(case, sender).body.endswith("Cordialement,\n\naide@info-assos.fr\n")


def test_hostile_texts_are_shown_and_steer_nothing() -> None:
    answer = {"host": {"computer_name": HOSTILE[:260], "os_version": HOSTILE}, "log": {"x": HOSTILE}}
    draft = draft_support_request(make_case(host=HOSTILE + "\ud800", site=HOSTILE, answer=answer, line=HOSTILE), NONE)
    for text in (draft.subject, draft.body, *(attachment.text for attachment in draft.attachments)):
        assert not STEERING.search(text)
    assert not [line for line in draft.body.splitlines() if line.startswith("Bcc:")]
    assert "{{ 7*7 }}" in draft.body


def test_many_findings_are_counted() -> None:
    many = Outcome(
        verdict=Verdict.DRIFT,
        findings=tuple(finding("connection.process_not_running", process=f"p{i}") for i in range(64)),
        answer=make_answer(),
    )
    draft = draft_support_request(Case("PC", "", WHEN, (many,)), NONE)
    assert "20. " in draft.body
    assert "21. " not in draft.body
    assert "Et 44 autres, dans la pièce jointe." in draft.body


def test_evidence_stays_below_its_bound() -> None:
    places = [{"place": f"{i}.ini", "state": "present", "value": "é" * 4096} for i in range(64)]
    probes = [{"kind": "setting", "id": f"s{i}", "places": places} for i in range(20)]
    draft = draft_support_request(make_case(answer={"probes": probes}), NONE)
    text = _attachment(draft, "constats-et-reponses.json")
    assert len(text) <= JSON_CHARACTERS
    assert json.loads(text)["rounds"][1]["answer"]["probes"][0]["places"][0]["value"].endswith("é…")
    assert draft.body.count("\n") < 100


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("http://user:s3cret@proxy:3128/", f"http://{HIDDEN}@proxy:3128/"),
        ("password=s3cret;Server=x", f"password={HIDDEN};Server=x"),
        ('{"Password": "s3 cret"}', f'{{"Password": {HIDDEN}}}'),
        ("Mot de passe du jour : s3cret", f"Mot de passe du jour : {HIDDEN}"),
        ("Authorization: Basic czNjcmV0", f"Authorization: Basic {HIDDEN}"),
        ("mdp=s3cret", f"mdp={HIDDEN}"),
        ("https://impact-emploi.urssaf.fr/updates", "https://impact-emploi.urssaf.fr/updates"),
        ("le mot de passe a expiré", "le mot de passe a expiré"),
    ],
)
def test_what_looks_like_a_password_is_hidden(text: str, hidden: str) -> None:
    assert conceal(text) == hidden


def test_of_two_passwords_that_begin_alike_nothing_is_left() -> None:
    assert conceal("with abcdef and abc", ("abc", "abcdef")) == f"with {HIDDEN} and {HIDDEN}"


def test_a_password_that_was_used_is_in_no_part_of_the_mail() -> None:
    secret = 'Été"2026\\!'
    case = make_case(
        secrets=(secret, ""),
        line=f"logon with {secret} refused",
        answer={
            "log": {"x": f"pw {secret}"},
            "after": [{"id": "assistance_off", "ok": False, "message": f"wrong: {secret}", "elapsed_ms": 5}],
        },
    )
    draft = draft_support_request(case, NONE)
    everything = [draft.body, *(attachment.text for attachment in draft.attachments)]
    everything.append(json.dumps(json.loads(everything[1]), ensure_ascii=False))
    for text in everything:
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text
    assert HIDDEN in draft.body


def test_the_password_of_the_day_is_asked_for_all_hosts_at_once() -> None:
    draft = draft_password_request([("PC-2", "Amicale"), ("PC-1", ""), ("PC-2", "Amicale")], WHEN, NONE)
    assert draft.subject == "Mode assistance - demande du mot de passe du jour (24/11/2026)"
    text = _flat(draft)
    assert "Les 2 postes suivants sont en mode assistance" in text
    assert "- PC-1 - PC-2 (association : Amicale)" in text
    assert draft.attachments == ()
    one = _flat(draft_password_request([("PC-1", "")], WHEN, NONE))
    assert "Le poste suivant est en mode assistance" in one


def test_a_fleet_in_assistance_mode_is_counted() -> None:
    draft = draft_password_request([(f"PC-{i}", "") for i in range(1000)], WHEN, NONE)
    assert "Les 1000 postes" in draft.body
    assert "- et 700 autres" in draft.body


def test_the_draft_is_french_whatever_the_locale(
    case: Case, case_of: Callable[..., Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = draft_support_request(case, NONE)
    for name in ("LC_ALL", "LANG", "LANGUAGE"):
        monkeypatch.setenv(name, "en_US.UTF-8")
    assert draft_support_request(case_of(), NONE) == before


@given(
    st.text(max_size=400),
    st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, PARIS)),
    st.sampled_from(["support", "bundle"]),
)
def test_any_host_has_an_id_that_is_safe_as_a_file_name(host: str, when: datetime, kind: str) -> None:
    name = record_id(when, host, kind)
    assert SAFE_ID.fullmatch(name)
    assert len(name) <= 58


def test_hosts_that_look_alike_have_different_ids() -> None:
    names = ["PC 1", "PC-1", "pc-1", "PC_1", "../PC-1", "x" * 300, "x" * 301, "", "CON", "\ud800", "机"]
    assert len({record_id(WHEN, name, "support") for name in names}) == len(names)
    assert record_id(WHEN, "../../etc", "support").split("-")[1] == "etc"
