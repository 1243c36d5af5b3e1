"""Sending against a real mail server on loopback: over TLS or not at all; the draft stays whenever it fails."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from iea_fleet.ledger.state import StateFolder
from iea_fleet.model.errors import FleetError, InputError, LocalFailure
from iea_fleet.support.draft import draft_support_request
from iea_fleet.support.evidence import Case
from iea_fleet.support.mail import build_message
from iea_fleet.support.outbox import Entry, Outbox
from iea_fleet.support.send import send_entry
from iea_fleet.support.settings import VENDOR_ADDRESS, SupportSettings
from tests.support.mail_server import PASSWORD, Certificates, Mailbox, mail_server

CERTIFICATES = Certificates()
TRUST = CERTIFICATES.client()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[int]:
    with mail_server(
        mailbox, CERTIFICATES.server("localhost"), authenticator=mailbox.log_on, auth_required=False
    ) as port:
        yield port


@pytest.fixture
def outbox(state: StateFolder) -> Outbox:
    return Outbox(state)


@pytest.fixture
def draft(outbox: Outbox, case: Case) -> Entry:
    made = draft_support_request(case, SupportSettings())
    return outbox.put(made.id, build_message(made, SupportSettings()))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IEA_FLEET_SMTP_USER", raising=False)
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", PASSWORD)


def settings(port: int, user: str | None = "aide", host: str = "localhost") -> SupportSettings:
    return SupportSettings(sender="aide@info-assos.fr", smtp_host=host, smtp_port=port, smtp_user=user)


def refusal(outbox: Outbox, draft: Entry, wanted: SupportSettings, tls: ssl.SSLContext = TRUST) -> FleetError:
    """The one sentence with which sending fails; the draft is still there, and no password is in the sentence."""
    before = outbox.read(draft)
    with pytest.raises((InputError, LocalFailure)) as raised:
        send_entry(outbox, draft, wanted, tls=tls, time_limit_s=5)
    assert [entry.id for entry in outbox.waiting()] == [draft.id]
    assert outbox.sent() == ()
    assert outbox.read(draft) == before
    assert PASSWORD not in str(raised.value)
    assert str(raised.value).isprintable()
    return raised.value


def test_a_draft_is_sent_over_tls_with_logon_and_moved(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int
) -> None:
    sent = send_entry(outbox, draft, settings(server), tls=TRUST)
    (envelope,) = mailbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("aide@info-assos.fr", [VENDOR_ADDRESS])
    assert mailbox.over_tls == [True]
    assert mailbox.logons == [(b"aide", PASSWORD.encode())]
    assert (outbox.waiting(), outbox.sent()) == ((), (sent,))
    content = envelope.original_content
    assert content is not None
    assert outbox.read(sent) == content, "what was sent is what is kept, byte for byte"
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert message["From"] == "aide@info-assos.fr"
    assert message["Subject"] == "Serveur de connexion 3.00.42"
    assert "X-Unsent" not in message
    assert "X-IEA-Fleet-Host" not in message
    assert len(list(message.iter_attachments())) == 3


def test_a_mail_is_not_sent_twice(outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int) -> None:
    sent = send_entry(outbox, draft, settings(server), tls=TRUST)
    with pytest.raises(LocalFailure, match="it is no draft any more"):
        send_entry(outbox, draft, settings(server), tls=TRUST)
    with pytest.raises(InputError, match="this mail has been sent"):
        send_entry(outbox, sent, settings(server), tls=TRUST)
    assert len(mailbox.taken) == 1


def test_tls_from_the_first_byte_on_port_465(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(mailbox, None, ssl_context=CERTIFICATES.server("localhost"), auth_require_tls=False) as port:
        # Only root may listen on 465 itself.
        monkeypatch.setattr("iea_fleet.support._smtp.IMPLICIT_TLS_PORT", port)
        monkeypatch.setattr("iea_fleet.support.send.IMPLICIT_TLS_PORT", port)
        send_entry(outbox, draft, settings(port, user=None), tls=TRUST)
    assert len(mailbox.taken) == 1


def test_a_relay_without_logon_is_used_over_tls_too(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int
) -> None:
    send_entry(outbox, draft, settings(server, user=None), tls=TRUST)
    assert mailbox.logons == []
    assert mailbox.over_tls == [True]


def test_logon_by_login_where_the_server_has_no_plain(outbox: Outbox, draft: Entry, mailbox: Mailbox) -> None:
    with mail_server(
        mailbox,
        CERTIFICATES.server("localhost"),
        authenticator=mailbox.log_on,
        auth_exclude_mechanism=["PLAIN"],
    ) as port:
        send_entry(outbox, draft, settings(port), tls=TRUST)
    assert mailbox.logons == [(b"aide", PASSWORD.encode())]


def test_changes_of_a_person_are_sent(outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int) -> None:
    changed = outbox.read(draft).replace(b"To: ", b"Cc: chef@info-assos.fr\r\nBcc: moi@info-assos.fr\r\nTo: ", 1)
    draft.path.write_bytes(changed.replace(b"Bonjour,", b"Bonjour Madame,\n.\n", 1))
    sent = send_entry(outbox, draft, settings(server), tls=TRUST)
    (envelope,) = mailbox.taken
    assert sorted(envelope.rcpt_tos) == sorted([VENDOR_ADDRESS, "chef@info-assos.fr", "moi@info-assos.fr"])
    assert b"moi@info-assos.fr" not in outbox.read(sent)
    assert b"Bonjour Madame,\r\n.\r\n" in outbox.read(sent)
    assert envelope.original_content == outbox.read(sent), "a line that is one dot ends no mail"


def test_a_wrong_password_is_told_without_it(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", "w0rng")
    told = refusal(outbox, draft, settings(server))
    assert isinstance(told, InputError)
    assert told.what == "it refused the logon of aide (535)"
    assert "w0rng" not in str(told)
    assert mailbox.taken == []


def test_without_starttls_nothing_is_said_but_good_bye(outbox: Outbox, draft: Entry, mailbox: Mailbox) -> None:
    with mail_server(mailbox, None, authenticator=mailbox.log_on, auth_require_tls=False) as port:
        told = refusal(outbox, draft, settings(port))
    assert told.what == "it offers no STARTTLS, and without it mail and password would be readable on the way"
    assert (mailbox.logons, mailbox.taken) == ([], [])


@pytest.mark.parametrize(
    ("replies", "what", "mend"),
    [
        ({"MAIL": "451 busy"}, "it refused (naming the sender: 451 busy)", "Try again later"),
        ({"MAIL": "550 not you"}, "it refused (naming the sender: 550 not you)", "Mend that, or ask who runs"),
        ({"MAIL": "552 too big"}, "the mail is too large for it (552 too big)", "Take attachments out"),
        ({"MAIL": "530 5.7.0 log on"}, "it wants a logon first (530 5.7.0 log on)", "Set iea_support_smtp_user"),
        (
            {"RCPT": "550 5.1.1 unknown"},
            f"it refused (naming the recipient {VENDOR_ADDRESS}: 550 5.1.1 unknown)",
            "Mend that",
        ),
        ({"RCPT": "450 greylisted"}, f"naming the recipient {VENDOR_ADDRESS}: 450 greylisted", "Try again later"),
        ({"DATA": "554 spam"}, "after the whole mail was handed over: 554 spam", "Mend that"),
        ({"DATA": "452 full"}, "after the whole mail was handed over: 452 full", "Try again later"),
        ({"DATA": "552 too big"}, "the mail is too large for it (552 too big)", "Take attachments out"),
        ({"MAIL": "550 \x1b[31mred \u202e"}, "550 ␛[31mred <U+202E>", "Mend that"),
    ],
)
def test_a_refusal_at_any_stage_is_told(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int, replies: dict[str, str], what: str, mend: str
) -> None:
    mailbox.replies.update(replies)
    told = refusal(outbox, draft, settings(server))
    assert what in told.what
    assert told.mend.startswith(mend)
    assert told.where == f"mail server localhost, port {server}"


def test_one_refused_recipient_of_two_sends_to_nobody(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int
) -> None:
    draft.path.write_bytes(outbox.read(draft).replace(b"To: ", b"Cc: gone@info-assos.fr\r\nTo: ", 1))
    mailbox.replies["RCPT gone@info-assos.fr"] = "550 gone"
    assert "naming the recipient gone@info-assos.fr: 550 gone" in refusal(outbox, draft, settings(server)).what
    assert mailbox.taken == []


def test_a_mail_above_the_server_s_size_is_not_begun(outbox: Outbox, draft: Entry, mailbox: Mailbox) -> None:
    with mail_server(mailbox, CERTIFICATES.server("localhost"), data_size_limit=5000) as port:
        told = refusal(outbox, draft, settings(port, user=None))
    assert told.what == "the mail is too large for it (11 kB, and at most 5 kB are taken)"


@pytest.mark.parametrize("names", [("other.example",), ("127.0.0.2",)])
def test_a_certificate_for_another_name_is_refused(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, names: tuple[str, ...]
) -> None:
    with mail_server(mailbox, CERTIFICATES.server(*names), authenticator=mailbox.log_on) as port:
        told = refusal(outbox, draft, settings(port))
    assert told.what.startswith("its certificate is not trusted (Hostname mismatch")
    assert mailbox.logons == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int
) -> None:
    told = refusal(outbox, draft, settings(server), ssl.create_default_context())
    assert told.what.startswith("its certificate is not trusted (")
    assert mailbox.logons == []


def test_nobody_listening_is_told(outbox: Outbox, draft: Entry) -> None:
    assert refusal(outbox, draft, settings(1)).what == "nothing listens there"


def test_an_unknown_name_is_told(outbox: Outbox, draft: Entry) -> None:
    assert refusal(outbox, draft, settings(587, host="smtp.invalid")).what == "no such name is found"
    assert refusal(outbox, draft, settings(587, host="a..b")).what == "no such name is found"
    assert refusal(outbox, draft, settings(587, host="x" * 100)).what == "no such name is found"


def test_settings_that_lack_something_are_named(outbox: Outbox, draft: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "iea_support_from" in refusal(outbox, draft, SupportSettings(smtp_host="localhost")).mend
    assert "iea_support_smtp_host" in refusal(outbox, draft, SupportSettings(sender="a@b.fr")).mend
    monkeypatch.delenv("IEA_FLEET_SMTP_PASSWORD")
    assert "IEA_FLEET_SMTP_PASSWORD" in refusal(outbox, draft, settings(587)).mend


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it has 0 recipients, and 1 to 10 can be"),
        (b"\x00\xff" * 100, "it has 0 recipients, and 1 to 10 can be"),
        (b"Subject: x\r\n\r\n", "it has 0 recipients, and 1 to 10 can be"),
        (b"To: " + b", ".join(b"a%d@b.fr" % n for n in range(11)) + b"\r\n\r\n", "it has 11 recipients"),
        (b"To: not an address\r\n\r\n", "one of its recipients is no plain mail address"),
        (b"To: =?utf-8?q?=C3=A9=40b=2Efr?=\r\n\r\n", "one of its recipients is no plain mail address"),
    ],
)
def test_a_file_that_is_no_mail_is_refused(
    outbox: Outbox, draft: Entry, server: int, content: bytes, what: str
) -> None:
    draft.path.write_bytes(content)
    assert refusal(outbox, draft, settings(server)).what.startswith(what)


def test_no_bare_line_end_reaches_the_server(outbox: Outbox, draft: Entry, mailbox: Mailbox, server: int) -> None:
    """SMTP smuggling: a server that takes CR alone for a line end would see two mails."""
    draft.path.write_bytes(
        b"To: a@b.fr\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\nx\r.\rMAIL FROM:<evil@b.fr>\n.\n\r\n--a--\r\n"
    )
    sent = outbox.read(send_entry(outbox, draft, settings(server), tls=TRUST))
    assert b"\r\n.\r\nMAIL FROM" in sent
    assert sent.replace(b"\r\n", b"").count(b"\r") == sent.replace(b"\r\n", b"").count(b"\n") == 0
    assert [envelope.original_content for envelope in mailbox.taken] == [sent]


_headers = st.sampled_from(
    [b"", b"To: a@b.fr\r\n", b"To: ", b"Subject: =?", b"Content-Type: multipart/mixed; boundary="]
)


@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_headers, st.binary(max_size=200))
def test_any_file_is_sent_or_refused_in_one_sentence(outbox: Outbox, draft: Entry, before: bytes, rest: bytes) -> None:
    draft.path.write_bytes(before + rest)
    with pytest.raises(InputError) as raised:
        send_entry(outbox, draft, SupportSettings(sender="x@y.fr"))  # the furthest it comes: no mail server is named
    assert str(raised.value).isprintable()
