"""What a client knows about a round without an answer: the facts that a fault of the transport is named by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far the conversation had come, named by the message that was on its way ([MS-WSMV] 3.1.4.1)."""

    CONNECT = "connect"
    """No message yet: name, TCP, TLS, logon."""
    CREATE = "create"
    COMMAND = "command"
    SEND = "send"
    RECEIVE = "receive"
    ANSWER = "answer"
    """The command ended and its output was read."""
    CLOSE = "close"


class Failure(StrEnum):
    """What kind of thing went wrong, as the client saw it."""

    NONE = "none"
    """An answer was accepted; only what was odd about it is of interest."""
    NAME = "name"
    """The host's name has no address."""
    PORT_REFUSED = "port_refused"
    NO_ROUTE = "no_route"
    SILENT = "silent"
    """No TCP connection came about in time."""
    RESET = "reset"
    READ_TIMEOUT = "read_timeout"
    CERTIFICATE = "certificate"
    PIN = "pin"
    """The certificate is not the one that the inventory names."""
    TLS = "tls"
    """The handshake failed for another reason than the certificate."""
    PROXY = "proxy"
    """The proxy of the controller's environment stands in the way."""
    LOGON = "logon"
    """HTTP 401 to a complete logon."""
    KERBEROS = "kerberos"
    HTTP = "http"
    """An HTTP status that no WS-Management answer has; `http_status` says which."""
    FAULT = "fault"
    """A WS-Management fault; `fault_code` says which."""
    MALFORMED = "malformed"
    """HTTP 200 with something that is no WS-Management message."""
    COMPRESSED = "compressed"
    TOO_LARGE = "too_large"
    DEADLINE = "deadline"
    NO_ANSWER = "no_answer"
    """The command ended; its output holds no answer that can be believed."""
    BASIC_IN_CLEAR = "basic_in_clear"
    CREDENTIALS_MISSING = "credentials_missing"
    TIMEOUTS = "timeouts"
    """The read timeout is not above the operation timeout."""
    CLIENT = "client"
    """Something on this machine: a library that is missing, an option that can't be used."""


@dataclass(frozen=True, slots=True)
class TransportFacts:
    """What the client knows about one round without an answer.

    Args:
        failure: what went wrong.
        stage: when.
        connection: Ansible's connection, `winrm` or `psrp`.
        host, port, scheme: where to; `scheme` is `http` or `https`.
        methods: logon methods that the inventory asks for, in pywinrm's or pypsrp's words.
        account: the user name as the inventory has it.
        input_sent: the script was put on the wire: from here on something may have been done.
        answered_before: an earlier attempt of this round had got further than a connection.
        http_status: of the last response, `None`: there was none.
        offered: logon methods that a 401 named.
        server, date, content_type: headers of the last response, "" when absent.
        now: this machine's clock as an HTTP date, to compare with `date`; "" when not asked.
        clock_difference_s: the host's clock minus ours, in seconds; `None`: not known.
        empty_body: the last response had no body.
        fault_code: of the WSManFault, else of the MSFT_WmiError; `None`: neither.
        message: what the client or the host said, word for word.
        exit_code: of the command, `None`: it did not end.
        stdout, stderr: beginnings of what the command printed.
        stdout_extra_bytes, stderr_bytes: how much it printed beside an accepted answer.
        undecodable: standard output holds bytes that are no UTF-8.
        refusal_language, refusal_version: what the loader told, "" when nothing.
        reason: why an output was no answer.
        certificate_problem: OpenSSL's sentence.
        certificate_subject, certificate_issuer, certificate_from, certificate_until, certificate_sha256: of the
            certificate that was shown, "" when not known; the dates as YYYY-MM-DD.
        certificate_days: days until it ends, negative when it has; `None`: not known.
        certificate_ignored: the inventory says not to check it.
        kerberos_error: error code of the KRB-ERROR that a 401 carried (RFC 4120 7.5.9), `None`: there was none.
        delegates: the inventory hands the account's credentials on to the host (CredSSP, a forwarded ticket).
        proxy: `host:port` of the proxy in use, "": none.
        deadline_s: the time that the round had.
        shell_left: a shell was left on the host until its idle timeout.
    """

    failure: Failure
    stage: Stage = Stage.CONNECT
    connection: str = "winrm"
    host: str = ""
    port: int = 0
    scheme: str = "http"
    methods: tuple[str, ...] = ()
    account: str = ""
    input_sent: bool = False
    answered_before: bool = False
    http_status: int | None = None
    offered: tuple[str, ...] = ()
    server: str = ""
    date: str = ""
    content_type: str = ""
    now: str = ""
    clock_difference_s: int | None = None
    empty_body: bool = False
    fault_code: int | None = None
    message: str = ""
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_extra_bytes: int = 0
    stderr_bytes: int = 0
    undecodable: bool = False
    refusal_language: str = ""
    refusal_version: str = ""
    reason: str = ""
    certificate_problem: str = ""
    certificate_subject: str = ""
    certificate_issuer: str = ""
    certificate_from: str = ""
    certificate_until: str = ""
    certificate_sha256: str = ""
    certificate_days: int | None = None
    certificate_ignored: bool = False
    kerberos_error: int | None = None
    delegates: bool = False
    proxy: str = ""
    deadline_s: int = 0
    shell_left: bool = False
