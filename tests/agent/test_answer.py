from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iea_fleet.agent import AnswerRefused, RefusalReason, parse_answer
from iea_fleet.model.answer import Answer
from iea_fleet.model.request import Request

NONCE, TRANSACTION = "b" * 32, "a" * 32
REQUEST = Request(transaction=TRANSACTION, nonce=NONCE, dry_run=False)


def plain(**changes: object) -> dict[str, object]:
    host = dict.fromkeys(("machine_id", "user", "os_version", "powershell", "edition", "culture"), "")
    return {
        "schema": 1,
        "transaction": TRANSACTION,
        "status": "done",
        "dry_run": False,
        "replayed": False,
        "host": {
            "computer_name": "POSTE-01",
            "time": "2026-01-02T03:04:05Z",
            "boot_time": None,
            "utc_offset_min": 60,
            **host,
        },
        "recovered": None,
        **{part: [] for part in ("probes", "require", "act", "ensure", "release", "after", "verify")},
        "error": None,
        "elapsed_ms": 1,
    } | changes


def enveloped(text: str | bytes, *, nonce: str = NONCE, length: int | None = None, digest: str | None = None) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    size, hashed = len(raw) if length is None else length, digest or hashlib.sha256(raw).hexdigest()
    return f"<<iea-fleet:{nonce}:{size}:{hashed}>>".encode() + raw + f"<<iea-fleet:{nonce}:end>>".encode()


GOOD = enveloped(json.dumps(plain()))


def reason_of(stdout: bytes) -> RefusalReason:
    with pytest.raises(AnswerRefused) as refused:
        parse_answer(stdout, REQUEST)
    assert len(refused.value.excerpt) <= 400
    assert refused.value.excerpt.isprintable()
    return refused.value.reason


@given(st.binary(max_size=2048))
def test_any_bytes_are_an_answer_or_a_refusal(noise: bytes) -> None:
    reason_of(noise)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_what_stands_around_an_answer_does_not_matter(before: bytes, after: bytes) -> None:
    assert parse_answer(before + GOOD + after, REQUEST).host.computer_name == "POSTE-01"


@given(st.binary(max_size=400))
def test_any_bytes_between_true_markers_are_an_answer_or_a_refusal(inside: bytes) -> None:
    assert reason_of(enveloped(inside)) in RefusalReason


names = st.sampled_from(sorted(plain())) | st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*sorted(plain()), "ansible_facts"]), json_values, max_size=4))
def test_any_change_of_an_answer_gives_an_answer_or_a_refusal(changes: dict[str, object]) -> None:
    try:
        answer = parse_answer(enveloped(json.dumps(plain(**changes))), REQUEST)
    except AnswerRefused as refused:
        assert refused.reason in RefusalReason  # noqa: PT017 - either outcome is right
    else:
        assert answer.transaction == TRANSACTION


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=260))
def test_every_text_comes_back_as_it_was(name: str) -> None:
    host = plain()["host"]
    assert isinstance(host, dict)
    text = json.dumps(plain(host=host | {"computer_name": name}))
    answer = parse_answer(enveloped(text), REQUEST)
    assert answer.host.computer_name == name
    assert Answer.model_validate_json(answer.model_dump_json(by_alias=True)) == answer


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-8-sig", "cp850"])
def test_noise_in_another_encoding_does_not_matter(codec: str) -> None:
    noise = "Connexion réussie\r\n".encode(codec)
    assert parse_answer(noise + b"|" + GOOD + noise, REQUEST).status == "done"


def test_a_forged_marker_before_the_answer_is_passed_over() -> None:
    forged = enveloped("{}", digest="0" * 64) + enveloped("{}", nonce="c" * 32) + f"<<iea-fleet:{NONCE}:9:x>>".encode()
    assert parse_answer(forged + GOOD, REQUEST).status == "done"


@pytest.mark.parametrize(
    ("stdout", "reason"),
    [
        (b"", RefusalReason.NO_MARKER),
        ("Bienvenue \x1b]8;;x\x07 \u202e".encode(), RefusalReason.NO_MARKER),
        (enveloped(json.dumps(plain()), nonce="c" * 32), RefusalReason.NO_MARKER),
        (GOOD[:60], RefusalReason.CUT_OFF),
        (GOOD[:200], RefusalReason.CUT_OFF),
        (GOOD[:-1], RefusalReason.CUT_OFF),
        (enveloped(json.dumps(plain()), digest="0" * 64), RefusalReason.WRONG_HASH),
        (GOOD.replace(b"POSTE-01", b"POSTE-02"), RefusalReason.WRONG_HASH),
        (enveloped("x"), RefusalReason.NOT_JSON),
        (enveloped('{"schema":NaN}'), RefusalReason.NOT_JSON),
        (enveloped('{"schema":1,"schema":1}'), RefusalReason.NOT_JSON),
        (enveloped("[" * 100_000), RefusalReason.NOT_JSON),
        (enveloped("1" * 10_000), RefusalReason.NOT_JSON),
        (enveloped(json.dumps(plain(elapsed_ms=10**400))), RefusalReason.NOT_VALID),
        (enveloped(json.dumps(plain(ansible_facts={}))), RefusalReason.NOT_VALID),
        (enveloped(json.dumps(plain(elapsed_ms="1"))), RefusalReason.NOT_VALID),
        (enveloped("[]"), RefusalReason.NOT_VALID),
        (enveloped("x", length=1_048_577), RefusalReason.TOO_LARGE),
        (enveloped(json.dumps(plain(transaction="d" * 32))), RefusalReason.WRONG_TRANSACTION),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(stdout: bytes, reason: RefusalReason) -> None:
    assert reason_of(stdout) is reason


def test_ten_thousand_forged_markers_cost_no_time() -> None:
    start = f"<<iea-fleet:{NONCE}:".encode()
    piece = start + b"9" * 6 + b":" + b"0" * 64 + b">>"
    assert reason_of(piece * 10_000) in {RefusalReason.CUT_OFF, RefusalReason.WRONG_HASH}
