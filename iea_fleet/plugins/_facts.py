"""From what a client raised to `TransportFacts`: the one place that knows the exceptions of four libraries."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import xml.etree.ElementTree as ET
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import requests.exceptions
from pypsrp import exceptions as psrp
from urllib3 import exceptions as urllib3
from winrm import exceptions as winrm

from iea_fleet.diagnosis.transport import Failure, TransportFacts
from iea_fleet.plugins._clients import Attempt
from iea_fleet.plugins._watch import (
    BasicInClear,
    DeadlinePassed,
    EncodedResponse,
    LogonWithoutEnd,
    Redirected,
    TooMuchReceived,
    Watch,
)

_MESSAGE_CHARACTERS = 500
_LINKS = 24
_NO_ROUTE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL})

_CUT = (RemoteDisconnected, IncompleteRead)
"""HTTP's errors that are a lost connection; all others are something that is no HTTP."""

_BY_CLASS: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((DeadlinePassed,), Failure.DEADLINE),
    ((TooMuchReceived,), Failure.TOO_LARGE),
    ((EncodedResponse,), Failure.COMPRESSED),
    ((Redirected,), Failure.HTTP),
    ((BasicInClear,), Failure.BASIC_IN_CLEAR),
    ((LogonWithoutEnd,), Failure.LOGON),
    ((winrm.WSManFaultError, psrp.WSManFaultError, winrm.WinRMOperationTimeoutError), Failure.FAULT),
    ((winrm.WinRMTransportError, psrp.WinRMTransportError), Failure.HTTP),
    ((ssl.SSLCertVerificationError,), Failure.CERTIFICATE),
    ((ssl.SSLError, urllib3.SSLError), Failure.TLS),
    ((urllib3.ProxyError,), Failure.PROXY),
    ((socket.gaierror,), Failure.NAME),
    ((ConnectionRefusedError,), Failure.PORT_REFUSED),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), Failure.RESET),
)
"""The first of these classes that is found in a chain of exceptions decides; then the number of an OSError."""

_BY_WAIT: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((urllib3.ConnectTimeoutError,), Failure.SILENT),
    ((urllib3.ReadTimeoutError, requests.exceptions.ReadTimeout), Failure.READ_TIMEOUT),
    ((ConnectionError, urllib3.ProtocolError), Failure.RESET),
)
"""Then these: what urllib3 says of a wait, which it also says of errors that have a number."""

_BY_WORDS: tuple[tuple[str, Failure], ...] = (
    (r"requires a (username|password)|no username|must be specified", Failure.CREDENTIALS_MISSING),
    (r"read_timeout_sec must exceed", Failure.TIMEOUTS),
    (r"credssp.*not installed|package requests-credssp", Failure.CLIENT),
    (r"credssp token|response credssp|ntstatus|status_", Failure.LOGON),
    # The last are pyspnego's: the numbers of MIT's error table and nothing else to know Kerberos by.
    (r"kerb|krb|kinit|gss|-17653\d{5}\b", Failure.KERBEROS),
    (r"credentials were rejected|failed to authenticate", Failure.LOGON),
    (r"timed out", Failure.SILENT),
)
"""For what Ansible raised itself, as text."""


def failure_facts(base: TransportFacts, error: BaseException, attempt: Attempt, watch: Watch) -> TransportFacts:
    """The facts of an attempt that ended with an exception.

    Args:
        base: what is known beforehand: where to, as whom, how long.
        error: what the connection raised.
        attempt: how far it came, with the exception that the client raised first.
        watch: what was counted, and the head of the last response.
    """
    cause = attempt.failure or error
    failure = _failure(cause, watch)
    fault_code, wmi_code = _codes(cause)
    last = watch.last
    facts = replace(
        base,
        failure=failure,
        stage=attempt.stage,
        input_sent=base.input_sent or attempt.input_sent,
        offered=watch.offered,
        kerberos_error=watch.kerberos_error,
        fault_code=wmi_code or fault_code,
        message=_message(cause, failure),
        empty_body=isinstance(cause, winrm.WinRMTransportError | psrp.WinRMTransportError) and not cause.args[2],
        proxy=watch.proxy,
    )
    if last is not None:
        facts = replace(
            facts,
            http_status=last.status,
            server=_short(last.server),
            date=_short(last.date),
            content_type=_short(last.content_type),
            now=http_date(),
            clock_difference_s=clock_difference_s(last.date),
        )
    verification = next((link for link in _chain(cause) if isinstance(link, ssl.SSLCertVerificationError)), None)
    if verification is not None:
        facts = replace(facts, certificate_problem=_short(verification.verify_message or str(verification)))
    return facts


def http_date() -> str:
    """This machine's clock as a Date header would tell it."""
    return format_datetime(datetime.now(UTC), usegmt=True)


def clock_difference_s(date: str) -> int | None:
    """How far a host's Date header is from our clock, in seconds; `None`: it is no date."""
    try:
        return round((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _failure(cause: BaseException, watch: Watch) -> Failure:
    found = _kind(cause, watch)
    # The timer cuts a connection, and waits are shortened to what is left: then the deadline is what happened.
    return Failure.DEADLINE if watch.remaining_s == 0 and found not in _BEFORE_A_CONNECTION else found


_BEFORE_A_CONNECTION = frozenset({Failure.SILENT, Failure.PORT_REFUSED, Failure.NO_ROUTE, Failure.NAME})


def _kind(cause: BaseException, watch: Watch) -> Failure:
    if isinstance(cause, winrm.AuthenticationError | psrp.AuthenticationError) and watch.last is not None:
        return Failure.LOGON
    chain = list(_chain(cause))
    if any(isinstance(link, urllib3.SSLError) and "ingerprints did not match" in str(link) for link in chain):
        return Failure.PIN
    if any(isinstance(link, HTTPException) and not isinstance(link, _CUT) for link in chain):
        return Failure.MALFORMED
    found = _by_class(chain, _BY_CLASS)
    if found is None:
        numbers = {link.errno for link in chain if isinstance(link, OSError)}
        found = Failure.NO_ROUTE if numbers & _NO_ROUTE else _by_class(chain, _BY_WAIT)
    if found is not None:
        return found
    text = str(cause).lower()
    for words, failure in _BY_WORDS:
        if re.search(words, text):
            return failure
    if isinstance(cause, PermissionError) or (watch.last is not None and watch.last.status == 401):
        # requests_ntlm found no challenge in the host's answer.
        return Failure.LOGON
    hostile = isinstance(cause, ET.ParseError | LookupError | StopIteration | Base64Error | ValueError | AssertionError)
    return Failure.MALFORMED if hostile or watch.last is not None else Failure.CLIENT


def _by_class(
    chain: list[BaseException], table: tuple[tuple[tuple[type[BaseException], ...], Failure], ...]
) -> Failure | None:
    for classes, failure in table:
        if any(isinstance(link, classes) for link in chain):
            return failure
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it was made from; urllib3 and requests keep them as arguments and `reason`."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < _LINKS:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = (*link.args, getattr(link, "reason", None), link.__cause__, link.__context__)
        waiting += [each for each in inner if isinstance(each, BaseException)]


def _codes(cause: BaseException) -> tuple[int | None, int | None]:
    """The codes of a fault: that of its WSManFault and that of its MSFT_WmiError."""
    if isinstance(cause, winrm.WSManFaultError):
        return _code(cause.wsman_fault_code), _code(cause.wmierror_code)
    if isinstance(cause, psrp.WSManFaultError):
        return _code(cause.code), None
    if isinstance(cause, winrm.WinRMOperationTimeoutError):
        return 2150858793, None
    return None, None


def _code(told: object) -> int | None:
    """A code as the host told it; `None` for what is none of 32 bits, the size of all that Windows sends."""
    digits = str(told) if isinstance(told, int | str) and (isinstance(told, str) or told.bit_length() <= 32) else ""
    return int(digits) if digits.isdecimal() and len(digits) <= 10 and int(digits) < 2**32 else None


def _message(cause: BaseException, failure: Failure) -> str:
    """What the host or the system said; not what Python says about its own objects."""
    if failure is Failure.DEADLINE:
        return ""
    if isinstance(cause, winrm.WSManFaultError):
        return _short(cause.reason)
    if isinstance(cause, winrm.WinRMOperationTimeoutError):
        return "the operation timed out on the workstation"
    system = [link for link in _chain(cause) if isinstance(link, OSError) and link.errno is not None]
    if system:
        return _short(str(system[-1]))
    if failure is Failure.SILENT:
        return "timed out"
    if failure is Failure.MALFORMED and not isinstance(cause, ET.ParseError | requests.exceptions.ConnectionError):
        return ""
    return _short(str(cause))


def _short(text: str) -> str:
    return text.strip()[:_MESSAGE_CHARACTERS]
