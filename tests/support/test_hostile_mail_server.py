"""Mail servers that break off, say nothing, never end, or lie: one sentence, in time, and no password in clear."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Callable

import pytest

from iea_fleet.ledger.state import StateFolder
from iea_fleet.model.errors import FleetError, InputError, LocalFailure
from iea_fleet.support.outbox import Entry, Outbox
from iea_fleet.support.send import send_entry
from iea_fleet.support.settings import SupportSettings
from tests.support.mail_server import PASSWORD, Certificates, scripted_server

CERTIFICATES = Certificates()
TRUST, TLS = CERTIFICATES.client(), CERTIFICATES.server("localhost")
MAIL = b"To: a@b.fr\r\nSubject: x\r\n\r\nBonjour\r\n"
NAME = "20261124T194107Z-poste-12-9b33d5fc"
GREETING, EHLO = b"220 mail\r\n", b"250-mail\r\n250 STARTTLS\r\n"
LOGON = b"250-mail\r\n250 AUTH PLAIN\r\n"
SECRETS = (PASSWORD.encode(), base64.b64encode(b"\0aide\0" + PASSWORD.encode()))


class Talk:
    """The server's side of one conversation; keeps what the client said in clear."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.clear = connection, b""

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def hear(self) -> bytes:
        """One line of the client, or nothing when it has gone."""
        line = b""
        while not line.endswith(b"\n"):
            byte = self.connection.recv(1)
            if not byte:
                break
            line += byte
        if not isinstance(self.connection, ssl.SSLSocket):
            self.clear += line
        return line

    def answer(self, *replies: bytes) -> None:
        """A reply for each line of the client."""
        for reply in replies:
            self.hear()
            self.say(reply)

    def begin_tls(self) -> None:
        self.connection = TLS.wrap_socket(self.connection, server_side=True)

    def until_logged_on(self) -> None:
        self.say(GREETING)
        self.answer(EHLO, b"220 go\r\n")
        self.begin_tls()
        self.answer(LOGON, b"235 ok\r\n")


def refused(state: StateFolder, script: Callable[[Talk], None], limit_s: float = 10) -> tuple[FleetError, Talk]:
    """What the user reads after `script`, whose draft is still there, and the talk."""
    outbox = Outbox(state)
    talks: list[Talk] = []

    def serve(connection: socket.socket) -> None:
        talks.append(Talk(connection))
        try:
            script(talks[-1])
        finally:
            talks[-1].connection.close()

    entry: Entry = outbox.put(NAME, MAIL)
    begun = time.monotonic()
    with scripted_server(serve) as port:
        settings = SupportSettings(sender="x@y.fr", smtp_host="localhost", smtp_port=port, smtp_user="aide")
        with pytest.raises((InputError, LocalFailure)) as raised:
            send_entry(outbox, entry, settings, tls=TRUST, time_limit_s=limit_s)
        assert time.monotonic() - begun < limit_s + 3
    assert [one.id for one in outbox.waiting()] == [NAME]
    told = str(raised.value)
    assert told.isprintable()
    assert len(told) < 600
    for secret in SECRETS:
        assert secret.decode() not in told
        assert secret not in talks[0].clear
    return raised.value, talks[0]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IEA_FLEET_SMTP_PASSWORD", PASSWORD)


@pytest.mark.parametrize(
    "banner", [b"\x00\xff\x1b[31m\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"-1 x\r\n"]
)
def test_what_is_no_mail_server_is_told(state: StateFolder, banner: bytes) -> None:
    told, _ = refused(state, lambda talk: talk.say(banner))
    assert told.what.startswith("what answers there is no mail server (")


def test_a_banner_that_says_no_is_told(state: StateFolder) -> None:
    told, _ = refused(state, lambda talk: talk.say(b"554 no service for you\r\n"))
    assert told.what == "it refused (connecting: 554 no service for you)"


def test_a_line_without_end_is_told(state: StateFolder) -> None:
    told, _ = refused(state, lambda talk: talk.say(b"220 " + b"x" * 100_000))
    assert told.mend in {"Is it a mail server?", "Try again later"}


def _drop_at(number: int) -> Callable[[Talk], None]:
    def script(talk: Talk) -> None:
        steps: list[Callable[[], object]] = [
            lambda: talk.say(GREETING),
            lambda: talk.answer(EHLO),
            lambda: talk.answer(b"220 go\r\n"),
            talk.begin_tls,
            lambda: talk.answer(LOGON),
            lambda: talk.answer(b"235 ok\r\n"),
            lambda: talk.answer(b"250 ok\r\n"),
            lambda: talk.answer(b"250 ok\r\n"),
            lambda: talk.answer(b"354 go on\r\n"),
        ]
        for step in steps[:number]:
            step()
        if number > 0:
            talk.connection.recv(4096)

    return script


@pytest.mark.parametrize("number", range(9))
def test_a_connection_lost_at_any_stage_is_told(state: StateFolder, number: int) -> None:
    told, _ = refused(state, _drop_at(number))
    assert told.what.startswith(("the connection was lost (", "no secure connection came about (")), number
    assert told.mend in {"Try again later", "Check port and server: 465 begins with TLS, others with STARTTLS"}


def test_a_connection_lost_after_the_mail_was_handed_over_is_told_apart(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.until_logged_on()
        talk.answer(b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n")
        while talk.hear() not in {b".\r\n", b""}:
            pass

    told, _ = refused(state, script)
    assert told.what == "the connection was lost (waiting for its word after the whole mail was handed over)"
    assert told.mend == "It may have been delivered all the same: look before you send it again"


def test_a_refused_logon_that_repeats_the_password_does_not_show_it(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO, b"220 go\r\n")
        talk.begin_tls()
        talk.answer(LOGON)
        talk.say(b"535 no: " + talk.hear())

    told, _ = refused(state, script)
    assert told.what == "it refused the logon of aide (535)"


@pytest.mark.parametrize("offered", [b"250 mail\r\n", b"250-mail\r\n250 AUTH CRAM-MD5 GSSAPI\r\n"])
def test_a_server_without_a_logon_that_can_be_used_is_told(state: StateFolder, offered: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO, b"220 go\r\n")
        talk.begin_tls()
        talk.answer(offered, b"221 bye\r\n")

    told, _ = refused(state, script)
    assert told.what == "it offers neither PLAIN nor LOGIN to log on with"


@pytest.mark.parametrize("reply", [b"454 no TLS now\r\n", b"501 no\r\n", b"250 ok\r\n"])
def test_a_refused_starttls_sends_nothing_in_clear(state: StateFolder, reply: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO, reply)
        while talk.hear():
            talk.say(b"250-mail\r\n250 AUTH PLAIN LOGIN\r\n")

    told, talk = refused(state, script)
    assert "beginning TLS" in told.what
    assert set(talk.clear.upper().split()) <= {b"EHLO", b"STARTTLS", b"QUIT", *talk.clear.upper().split()[1:2]}


def test_starttls_that_goes_on_in_clear_is_told(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO, b"220 go\r\n")
        talk.say(b"250 AUTH PLAIN\r\n" * 10)

    told, _ = refused(state, script)
    assert told.what.startswith("no secure connection came about (")


def test_replies_put_in_before_tls_are_not_believed(state: StateFolder) -> None:
    """CVE-2011-0411 the other way round: what was sent in clear after STARTTLS's reply is thrown away."""

    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO)
        talk.hear()
        talk.say(b"220 go\r\n250-mail\r\n250 AUTH PLAIN\r\n235 ok\r\n")
        talk.begin_tls()
        talk.answer(b"250 mail\r\n", b"221 bye\r\n")

    told, _ = refused(state, script)
    assert not isinstance(told, InputError)


def test_replies_without_end_are_cut(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.hear()
        for _ in range(100_000):
            talk.say(b"250-more\r\n" * 100)

    told, _ = refused(state, script)
    assert told.what == "what answers there is no mail server (it answers without end)"


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_server_that_says_nothing_is_left_in_time(state: StateFolder, stage: int) -> None:
    def script(talk: Talk) -> None:
        if stage > 0:
            talk.say(GREETING)
        if stage > 1:
            talk.answer(EHLO)
        if stage > 2:
            talk.answer(b"220 go\r\n")
        talk.connection.recv(4096)
        talk.connection.recv(4096)

    told, _ = refused(state, script, limit_s=0.5)
    assert told.what.startswith("it was not done within 0.5 s (")


def test_a_byte_now_and_then_is_left_in_time(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.connection.settimeout(0.05)
        for byte in b"220 " + b"x" * 1000:
            talk.say(bytes([byte]))
            try:
                if not talk.connection.recv(1):
                    return
            except TimeoutError:
                continue

    told, _ = refused(state, script, limit_s=0.5)
    assert told.what.startswith("it was not done within 0.5 s (")


def test_a_size_that_is_no_number_is_passed_over(state: StateFolder) -> None:
    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.answer(EHLO, b"220 go\r\n")
        talk.begin_tls()
        talk.answer(b"250-mail\r\n250-SIZE " + b"9" * 6000 + b"\r\n250 AUTH PLAIN\r\n", b"235 ok\r\n", b"550 no\r\n")

    told, _ = refused(state, script)
    assert told.what == "it refused (naming the sender: 550 no)"


def test_a_server_that_is_slow_to_answer_is_told(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iea_fleet.support._smtp.WAIT_S", 0.3)

    def script(talk: Talk) -> None:
        talk.say(GREETING)
        talk.connection.recv(4096)
        talk.connection.recv(4096)

    told, _ = refused(state, script)
    assert told.what == "it did not answer within 20 s (greeting it)"
