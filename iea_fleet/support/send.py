"""Sends a mail of the outbox by SMTP submission (RFC 6409): over TLS or not at all.

Every failure is one `LocalFailure` (server, connection) or `InputError` (settings, account, addresses), and the draft
stays where it is.
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from email.utils import format_datetime, getaddresses
from typing import Final

from pydantic import TypeAdapter, ValidationError

from iea_fleet.model.errors import FleetError, InputError, LocalFailure
from iea_fleet.model.phrase import Phrase, system_said
from iea_fleet.model.text import neutralise
from iea_fleet.support._smtp import IMPLICIT_TLS_PORT, WAIT_S, Deadline, Refused, SmtpClient
from iea_fleet.support.credentials import Credentials, find_credentials
from iea_fleet.support.mail import HOST_HEADER, UNSENT_HEADER
from iea_fleet.support.outbox import Entry, Outbox
from iea_fleet.support.settings import Address, SupportSettings

TIME_LIMIT_S: Final = 180.0
"""Longest time for one mail, from the connection to the server's last word."""

_RECIPIENTS: Final = 10
_ADDRESS: Final[TypeAdapter[str]] = TypeAdapter(Address)


def send_entry(
    outbox: Outbox,
    entry: Entry,
    settings: SupportSettings,
    *,
    tls: ssl.SSLContext | None = None,
    time_limit_s: float = TIME_LIMIT_S,
) -> Entry:
    """Send a draft and move it to the sent ones.

    Args:
        outbox: where the draft is.
        entry: the draft; recipients and texts are those of its file, so a person's changes count.
        settings: the mail server, and the sender where the draft has none.
        tls: what to trust; by default the system's authorities (SSL_CERT_FILE names others).
        time_limit_s: for the whole conversation, whatever the server does.
    Returns: the entry of the sent mail.
    Raises: LocalFailure, InputError; the draft waits on then.
    """
    if entry.sent:
        raise InputError(entry.id, "this mail has been sent", "See iea-fleet outbox list")
    with outbox.claim(entry) as draft:
        letter = _letter(entry.id, draft, settings)
        credentials = find_credentials(settings)
        _Conversation(settings, time_limit_s).deliver(letter, credentials, tls or ssl.create_default_context())
        return outbox.mark_sent(entry, letter.content)


class _Letter:
    """What is sent: the draft's file without our own headers, with sender and date, and its envelope."""

    def __init__(self, sender: str, recipients: tuple[str, ...], content: bytes) -> None:
        self.sender, self.recipients, self.content = sender, recipients, content


def _letter(name: str, draft: bytes, settings: SupportSettings) -> _Letter:
    if settings.sender is None:
        raise InputError(name, "the mail has no sender", "Set iea_support_from in the inventory to your own address")
    mend = "Correct the file with a mail program, or delete it and hand over again"
    try:
        message = BytesParser(policy=policy.SMTP).parsebytes(draft)
        told = [str(value) for header in ("To", "Cc", "Bcc") for value in message.get_all(header, [])]
        recipients = tuple(dict.fromkeys(_ADDRESS.validate_python(address) for _, address in getaddresses(told)))
        for header in (UNSENT_HEADER, HOST_HEADER, "Bcc", "Date"):
            del message[header]
        if "From" not in message:
            message["From"] = settings.sender
        message["Date"] = format_datetime(datetime.now(UTC))
        # Bare CR and LF would let a server see the end of the mail where it is not (SMTP smuggling, CVE-2023-51764).
        content = re.sub(rb"\r\n|\r|\n", b"\r\n", message.as_bytes().rstrip(b"\r\n") + b"\n")
    except ValidationError as error:
        raise InputError(name, "one of its recipients is no plain mail address", mend) from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise InputError(name, "its file is no mail that can be sent", mend) from error
    if not 1 <= len(recipients) <= _RECIPIENTS:
        what = Phrase("it has {count} recipients, and 1 to {most} can be", count=len(recipients), most=_RECIPIENTS)
        raise InputError(name, what, mend)
    return _Letter(settings.sender, recipients, content)


class _Conversation:
    """One mail to one server; `stage` says how far it came."""

    def __init__(self, settings: SupportSettings, limit_s: float) -> None:
        if settings.smtp_host is None:
            raise InputError(Phrase("outbox"), "no mail server is named", "Set iea_support_smtp_host in the inventory")
        self._host, self._port = settings.smtp_host, settings.smtp_port
        self._where = Phrase("mail server {host}, port {port}", host=self._host, port=self._port)
        self._limit_s = limit_s
        self.stage = Phrase("connecting")

    def deliver(self, letter: _Letter, credentials: Credentials | None, tls: ssl.SSLContext) -> None:
        """Hand the letter over. Raises: LocalFailure, InputError."""
        deadline = Deadline(self._limit_s)
        smtp = SmtpClient(self._host, self._port, tls, deadline)
        try:
            with self._named_for_user(deadline):
                smtp.open()
                self._begin(smtp, tls)
                if credentials is not None:
                    self._log_on(smtp, credentials)
                self._transfer(smtp, letter)
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
        finally:
            smtp.close()
            deadline.end()

    def _begin(self, smtp: SmtpClient, tls: ssl.SSLContext) -> None:
        self.stage = Phrase("greeting it")
        _require(smtp.ehlo(), 250)
        if self._port == IMPLICIT_TLS_PORT:
            return
        if not smtp.has_extn("starttls"):
            raise LocalFailure(
                self._where,
                "it offers no STARTTLS, and without it mail and password would be readable on the way",
                "Name a server with STARTTLS, or set iea_support_smtp_port to 465",
            )
        self.stage = Phrase("beginning TLS")
        _require(smtp.starttls(context=tls), 220)
        self.stage = Phrase("greeting it")
        _require(smtp.ehlo(), 250)

    def _log_on(self, smtp: SmtpClient, credentials: Credentials) -> None:
        """By PLAIN or LOGIN, in UTF-8 (RFC 4616), over TLS: Python's own can't say a password beyond ASCII."""
        self.stage = Phrase("logging on")
        user, password = credentials.user.encode(), credentials.password.encode()
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            code, _ = smtp.docmd("AUTH", "PLAIN " + _base64(b"\0" + user + b"\0" + password))
        elif "LOGIN" in offered:
            code, _ = smtp.docmd("AUTH", "LOGIN")
            for part in (user, password):
                if code == 334:
                    code, _ = smtp.docmd(_base64(part))
        else:
            raise LocalFailure(
                self._where,
                "it offers neither PLAIN nor LOGIN to log on with",
                "Name another server, or take iea_support_smtp_user away where it needs no logon",
            )
        if code != 235:
            # The server's words stay untold: they may repeat what was sent.
            if 400 <= code < 500:
                raise LocalFailure(self._where, "it can't judge the logon now ({code})", "Try again later", code=code)
            raise InputError(
                self._where,
                "it refused the logon of {user} ({code})",
                "Check account and password",
                user=credentials.user,
                code=code,
            )

    def _transfer(self, smtp: SmtpClient, letter: _Letter) -> None:
        self.stage = Phrase("naming the sender")
        limit = smtp.esmtp_features.get("size", "")
        size = len(letter.content)
        if limit.isdecimal() and len(limit) < 16 and 0 < int(limit) < size:
            taken = Phrase("{size} kB, and at most {most} kB are taken", size=size // 1000, most=int(limit) // 1000)
            raise _too_large(self._where, taken)
        options = [f"size={size}"] if smtp.has_extn("size") else []
        if not letter.content.isascii() and smtp.has_extn("8bitmime"):
            options.append("body=8bitmime")
        _require(smtp.mail(letter.sender, options), 250)
        for recipient in letter.recipients:
            self.stage = Phrase("naming the recipient {recipient}", recipient=recipient)
            _require(smtp.rcpt(recipient), 250, 251)
        self.stage = Phrase("handing over the mail")
        _require(smtp.docmd("DATA"), 354)
        content = letter.content.replace(b"\r\n.", b"\r\n..")
        for start in range(0, len(content), _CHUNK_BYTES):
            smtp.send(content[start : start + _CHUNK_BYTES])
        self.stage = _HANDED_OVER
        smtp.send(b".\r\n")
        _require(smtp.getreply(), 250)

    @contextmanager
    def _named_for_user(self, deadline: Deadline) -> Iterator[None]:
        """Turn every failure into one of ours; the narrow classes first."""
        try:
            yield
        except FleetError:
            raise
        except (smtplib.SMTPException, OSError, Refused, UnicodeError) as error:
            raise self._failure(error, timed_out=deadline.over) from error

    def _failure(self, error: Exception, *, timed_out: bool) -> FleetError:
        if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
            error = error.__context__  # what smtplib knew and told as text only
        match error:
            case Refused(code=code, said=said) | smtplib.SMTPResponseException(smtp_code=code, smtp_error=bytes(said)):
                return self._refusal(code, neutralise(said.decode("utf-8", "replace"), 200).rstrip("."))
            case _ if timed_out:
                limit = f"{self._limit_s:g}"
                what = Phrase("it was not done within {limit_s} s ({stage})", limit_s=limit, stage=self.stage)
                mend = "Try again later"
            case socket.gaierror() | UnicodeError():
                what = Phrase("no such name is found")
                mend = "Mend iea_support_smtp_host, or the network of this machine"
            case ssl.SSLCertVerificationError():
                what = Phrase("its certificate is not trusted ({said})", said=error.verify_message)
                mend = "Name the server as its certificate does, or trust its authority (SSL_CERT_FILE)"
            case ssl.SSLError():
                reason = error.reason or Phrase("no reason told")
                what = Phrase("no secure connection came about ({said})", said=reason)
                mend = "Check port and server: 465 begins with TLS, others with STARTTLS"
            case ConnectionRefusedError():
                what = Phrase("nothing listens there")
                mend = "Mend iea_support_smtp_host and iea_support_smtp_port"
            case TimeoutError():
                what = Phrase("it did not answer within {limit_s} s ({stage})", limit_s=f"{WAIT_S:g}", stage=self.stage)
                mend = "Try again later"
            case smtplib.SMTPServerDisconnected() | ConnectionError():
                what = Phrase("the connection was lost ({stage})", stage=self.stage)
                mend = "Try again later"
            case OSError(strerror=str()):
                what = Phrase("it was not reached ({said})", said=system_said(error))
                mend = "Mend iea_support_smtp_host, or the network"
            case _:
                what = Phrase("it does not speak SMTP as it should ({stage})", stage=self.stage)
                mend = "Is it a mail server?"
        if self.stage is _HANDED_OVER:
            mend = "It may have been delivered all the same: look before you send it again"
        return LocalFailure(self._where, what, mend)

    def _refusal(self, code: int, said: str) -> FleetError:
        told = f"{code} {said}".strip()
        if not 200 <= code < 600:
            return LocalFailure(
                self._where, "what answers there is no mail server ({said})", "Check host and port", said=said
            )
        if code == 552:
            return _too_large(self._where, told)
        if code in {530, 535}:
            return InputError(
                self._where, "it wants a logon first ({said})", "Set iea_support_smtp_user and its password", said=told
            )
        again = "Try again later" if 400 <= code < 500 else "Mend that, or ask who runs the server"
        return LocalFailure(self._where, "it refused ({stage}: {said})", again, stage=self.stage, said=told)


_HANDED_OVER: Final = Phrase("waiting for its word after the whole mail was handed over")
_CHUNK_BYTES: Final = 65_536


def _require(reply: tuple[int, bytes], *wanted: int) -> None:
    code, said = reply
    if code not in wanted:
        raise Refused(code, said)


def _too_large(where: Phrase, said: str | Phrase) -> LocalFailure:
    return LocalFailure(
        where, "the mail is too large for it ({said})", "Take attachments out of the draft's file", said=said
    )


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
