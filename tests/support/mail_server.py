"""Mail servers on loopback: a real one (aiosmtpd) whose answers can be set, and one that says what a script says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "clé d’été\\2026"


@dataclass
class Certificates:
    """An authority of our own, a certificate of its for `localhost`, and who trusts it."""

    authority: trustme.CA = field(default_factory=trustme.CA)

    def server(self, *names: str) -> ssl.SSLContext:
        """A server's context with a certificate for these names."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(*names).configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        """A client's context that trusts this authority only."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@dataclass
class Mailbox:
    """The handler of a server: keeps what it takes, and gives `replies` (by command) instead of its own."""

    replies: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    logons: list[tuple[bytes, bytes]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        reply = self.replies.get(f"RCPT {address}", self.replies.get("RCPT", "250 OK"))
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        self.over_tls.append(session.ssl is not None)
        return self.replies.get("DATA", "250 OK")

    def log_on(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Aiosmtpd's authenticator."""
        self.logons.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"aide", PASSWORD.encode()), handled=False)


@contextmanager
def mail_server(mailbox: Mailbox, tls: ssl.SSLContext | None, **options: Any) -> Iterator[int]:
    """A real server with STARTTLS (unless `tls` is None) on a free port of 127.0.0.1; gives the port."""
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=_free_port(),
        server_hostname="localhost",
        tls_context=tls,
        require_starttls=tls is not None,
        **options,
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def scripted_server(script: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server whose every connection is handed to `script` and then closed; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection, suppress(OSError, ssl.SSLError):
                    connection.settimeout(10)
                    script(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 1).close()
        thread.join(15)
        listener.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
