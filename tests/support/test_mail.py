"""Mails as bytes: what a mail program reads is what was drafted, and no text of a workstation becomes a header."""

from __future__ import annotations

import json
import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from hypothesis import given, settings
from hypothesis import strategies as st

from iea_fleet.support.draft import Attachment, Draft, draft_support_request
from iea_fleet.support.evidence import Case
from iea_fleet.support.mail import build_message
from iea_fleet.support.settings import VENDOR_ADDRESS, SupportSettings
from tests.support.cases import HOSTILE, WHEN, make_case

NONE = SupportSettings()
SIGNED = SupportSettings(sender="aide@info-assos.fr", signature="Jeanne Martin")
HEADERS = ["To", "Subject", "Date", "X-Unsent", "X-IEA-Fleet-Host", "MIME-Version", "Content-Type"]


def _read(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_without_sender_is_a_draft_for_a_mail_program(case: Case) -> None:
    draft = draft_support_request(case, NONE)
    message = _read(build_message(draft, NONE))
    assert list(message.keys()) == HEADERS
    assert message["To"] == VENDOR_ADDRESS
    assert message["Subject"] == "Serveur de connexion 3.00.42"
    assert message["Date"].datetime == WHEN
    assert message["X-Unsent"] == "1"
    assert message["X-IEA-Fleet-Host"] == "POSTE-12"
    assert _body(message) == draft.body


def test_the_attachments_are_whole_and_named(case: Case) -> None:
    draft = draft_support_request(case, NONE)
    message = _read(build_message(draft, NONE))
    parts = {part.get_filename(): part for part in message.iter_attachments()}
    assert list(parts) == ["constats-et-reponses.json", "messages-du-systeme.txt", "extraits-du-journal.txt"]
    document = parts["constats-et-reponses.json"]
    assert document.get_content_type() == "application/json"
    assert json.loads(document.get_content())["host"] == "POSTE-12"
    text = parts["extraits-du-journal.txt"]
    assert (text.get_content_type(), text.get_content_charset()) == ("text/plain", "utf-8")
    assert "Autorisation refusée" in text.get_content()


def test_a_mail_with_sender_names_itself(case: Case) -> None:
    draft = draft_support_request(case, SIGNED)
    message = _read(build_message(draft, SIGNED))
    assert message["From"] == "aide@info-assos.fr"
    assert message["Message-ID"] == f"<{draft.id}@info-assos.fr>"


def test_the_same_draft_gives_the_same_bytes_seven_bit_clean(case: Case) -> None:
    raw = build_message(draft_support_request(case, NONE), NONE)
    assert raw == build_message(draft_support_request(make_case(), NONE), NONE)
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998, "RFC 5322 2.1.1"


def test_a_hostile_host_gets_no_header_and_no_part_of_its_own() -> None:
    answer = {"host": {"computer_name": HOSTILE[:260]}, "log": {"x": HOSTILE}, "version": HOSTILE}
    case = make_case(host=HOSTILE * 3, site=HOSTILE, answer=answer, line=HOSTILE)
    message = _read(build_message(draft_support_request(case, NONE), NONE))
    assert list(message.keys()) == HEADERS
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "text/plain",
        "application/json",
        "text/plain",
        "text/plain",
    ]
    assert message["X-IEA-Fleet-Host"].startswith("</script>␛[31m")
    assert len(message["X-IEA-Fleet-Host"]) <= 255


def test_long_parts_are_cut() -> None:
    long = Draft("x", "h", WHEN, "s", "é" * 200_000, (Attachment("a.txt", "ü" * 2_000_000, "plain"),))
    message = _read(build_message(long, NONE))
    assert _body(message).endswith("é…\n")
    assert len(_body(message)) == 100_000
    (attachment,) = message.iter_attachments()
    assert len(attachment.get_content().strip()) < 1_000_001


_any = st.text(st.characters(), max_size=300)


@settings(max_examples=300)
@given(subject=_any, host=_any, body=_any, text=_any, name=_any)
def test_any_text_at_all_makes_a_mail_with_the_same_headers(
    subject: str, host: str, body: str, text: str, name: str
) -> None:
    raw = build_message(Draft("id", host, WHEN, subject, body, (Attachment(name, text, "plain"),)), NONE)
    assert raw.isascii()
    head = raw.partition(b"\r\n\r\n")[0]
    assert [line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")] == HEADERS
    message = _read(raw)
    assert len(list(message.iter_attachments())) == 1
    shown = "".join(char for char in _body(message))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
