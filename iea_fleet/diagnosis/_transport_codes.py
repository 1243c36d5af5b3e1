"""Which code a failure of the transport has: by its kind, by codes that Windows gives, last by words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from iea_fleet.diagnosis.transport_facts import Failure, Stage, TransportFacts


def transport_code(facts: TransportFacts) -> str:
    """The code of a failure, one of `KINDS`."""
    decide = _DECISIONS.get(facts.failure)
    return "transport." + (decide(facts) if decide is not None else _PLAIN[facts.failure])


def _gone(facts: TransportFacts, code: str) -> str:
    # Row 20: a host that answered a moment ago and does not now is restarting, whatever the socket says.
    return "went_away" if facts.answered_before else code


def _logon(facts: TransportFacts) -> str:
    if _shows_a_certificate(facts):
        # Windows does not name certificates among its methods; whose it is, only its own mapping knows.
        return "client_certificate_refused"
    wanted = {name for method in facts.methods for name in _SCHEMES.get(method, ())}
    if facts.offered and wanted and not wanted & {scheme.lower() for scheme in facts.offered}:
        return "logon_method_not_offered"
    if facts.kerberos_error in _TICKET_ERRORS:
        return _TICKET_ERRORS[facts.kerberos_error]
    if "kerberos" in facts.methods and abs(facts.clock_difference_s or 0) > CLOCK_TOLERANCE_S:
        return "clock_skew"
    if "credssp" in facts.methods and any(word in facts.message.lower() for word in _CREDSSP_WORDS):
        return "credssp_failed"
    local = not re.search(r"[\\@]", facts.account) or facts.account.startswith(".\\")
    if local and facts.account.lower().removeprefix(".\\") not in _BUILT_IN_ADMINISTRATORS:
        return "logon_refused_local_account"
    return "logon_refused"


def _shows_a_certificate(facts: TransportFacts) -> bool:
    # pywinrm's `ssl` is Basic, or a certificate where there is no user.
    return "certificate" in facts.methods or ("ssl" in facts.methods and not facts.account)


CLOCK_TOLERANCE_S = 300
"""How far two clocks may be apart for Kerberos (RFC 4120 section 5.2.3 advises five minutes; Windows' default)."""

_TICKET_ERRORS = {33: "clock_skew", 37: "clock_skew", 35: "kerberos_name_unknown", 41: "kerberos_name_unknown"}
"""What a workstation says of a ticket, RFC 4120 section 7.5.9: not yet valid, skew; not for it, not its key."""

_CREDSSP_WORDS = ("public key", "protocol version", "tls handshake")
"""Of a CredSSP exchange that ended before a password was looked at."""

_SCHEMES = {
    "basic": ("basic",),
    "plaintext": ("basic",),
    "ssl": ("basic",),
    "ntlm": ("ntlm", "negotiate"),
    "negotiate": ("negotiate", "kerberos", "ntlm"),
    "kerberos": ("kerberos", "negotiate"),
    "credssp": ("credssp",),
}
"""Words of a WWW-Authenticate header that serve a logon method of pywinrm or pypsrp."""

_BUILT_IN_ADMINISTRATORS = frozenset({"administrator", "administrateur"})
"""The one local account whose network logons UAC does not filter (FilterAdministratorToken is off by default)."""


def _kerberos(facts: TransportFacts) -> str:
    for words, code in _KERBEROS_WORDS:
        if re.search(words, facts.message, re.IGNORECASE):
            return code
    return "kerberos_failed"


# MIT's and Heimdal's sentences. A password that has ended is asked for anew by kinit, and there is nobody to answer.
_REFUSED_BY_THE_REALM = (
    r"revoked|preauthentication failed|password incorrect|password has expired|cannot read password"
    r"|entry in database has expired|client \S+ not found in kerberos database|c_principal_unknown"
)
_KERBEROS_WORDS = (
    (r"krb_ap_err_skew|clock skew|not yet valid", "clock_skew"),
    (r"server (\S+ )?not found in kerberos database|s_principal_unknown", "kerberos_name_unknown"),
    (_REFUSED_BY_THE_REALM, "kerberos_account"),
    (r"library is not installed|pykerberos is not installed|no such file or directory: '?kinit", "client"),
)


def _certificate(facts: TransportFacts) -> str:
    text = facts.certificate_problem.lower() or facts.message.lower()
    if "not yet valid" in text:
        return "certificate_not_yet_valid"
    if "has expired" in text:
        return "certificate_expired"
    if "mismatch" in text or "doesn't match" in text:
        return "certificate_name"
    return "certificate_untrusted"


def _tls(facts: TransportFacts) -> str:
    text = facts.message.lower()
    if "wrong_version_number" in text or "wrong version number" in text:
        return "tls_spoken_to_http"
    ended = any(word in text for word in ("eof occurred", "alert", "certificate_unknown"))
    return "client_certificate_refused" if ended and _shows_a_certificate(facts) else "tls_failed"


def _http(facts: TransportFacts) -> str:
    if facts.http_status == 503:
        return "service_starting"
    if facts.http_status == 407:
        return "proxy"
    if facts.http_status == 500 and facts.empty_body and facts.scheme == "http":
        return "encryption_required"
    return "not_winrm"


def _malformed(facts: TransportFacts) -> str:
    kind = facts.content_type.lower()
    if kind and not kind.startswith(("application/soap+xml", "multipart/encrypted", "multipart/x-multi-encrypted")):
        return "not_winrm"
    return "malformed"


def _fault(facts: TransportFacts) -> str:
    text = facts.message.lower()
    if "commands per shell" in text:
        return "command_quota"
    code = _FAULTS.get(facts.fault_code or -1)
    if code is None and any(word in _squeezed(text) for word in _MEMORY_WORDS):
        return "memory"
    if code == "operation_timed_out":
        if facts.stage is Stage.RECEIVE:
            return "deadline"
        return "send_timed_out" if facts.stage is Stage.SEND else "create_timed_out"
    if code == "access_denied" and facts.stage not in {Stage.CONNECT, Stage.CREATE}:
        return "command_killed" if facts.stage in {Stage.SEND, Stage.RECEIVE} else "access_denied"
    return code or "fault"


_FAULTS = {
    2150859173: "shell_quota",
    2150859174: "operation_quota",
    2150858793: "operation_timed_out",
    170: "command_busy",
    1460: "input_not_read",
    995: "service_stopped",
    2150858843: "shell_lost",
    1018: "profile_unloading",
    5: "access_denied",
    2147942405: "access_denied",
    8: "memory",
    14: "memory",
    1455: "memory",
}
"""WSManFault and MSFT_WmiError codes; 8, 14 and 1455 are Win32's three ways to have no memory ([MS-ERREF] 2.2)."""


def _no_answer(facts: TransportFacts) -> str:
    if facts.refusal_version and _before_5_1(facts.refusal_version):
        return "powershell_old"
    if facts.refusal_language and facts.refusal_language != "FullLanguage":
        return "language_mode"
    # PowerShell breaks lines at the console's width, so white space is not compared; the names of .NET classes and
    # error ids are there in every language of Windows, the sentences in English only.
    text = _squeezed(facts.stderr + facts.stdout)
    for words, code in _OUTPUT_WORDS:
        if any(word in text for word in words):
            return code
    if facts.exit_code == 9009:
        return "powershell_missing"
    return "answer_refused" if facts.reason not in {"", "no_marker"} else "no_answer"


_MEMORY_WORDS = ("outofmemoryexception", "threadfailedtostart", "pagingfileistoosmall")
_OUTPUT_WORDS = (
    (("scriptcontainedmaliciouscontent", "containsmaliciouscontent"), "antivirus_blocked"),
    (("inthislanguagemode", "inconstrainedlanguage", "constrainedlanguagemode"), "language_mode"),
    (_MEMORY_WORDS, "memory"),
    (("powershell5.1ornewerisneeded",), "powershell_old"),
    (("'powershell'isnotrecognized", "'powershell'n'estpasreconnu"), "powershell_missing"),
)


def _squeezed(text: str) -> str:
    return re.sub(r"\s|_x000[da]_", "", text.lower())


def _before_5_1(version: str) -> bool:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return numbers < [5, 1]


_DECISIONS: Mapping[Failure, Callable[[TransportFacts], str]] = {
    Failure.LOGON: _logon,
    Failure.KERBEROS: _kerberos,
    Failure.CERTIFICATE: _certificate,
    Failure.TLS: _tls,
    Failure.HTTP: _http,
    Failure.FAULT: _fault,
    Failure.MALFORMED: _malformed,
    Failure.NO_ANSWER: _no_answer,
    Failure.PORT_REFUSED: lambda facts: _gone(facts, "port_refused"),
    Failure.SILENT: lambda facts: _gone(facts, "silent"),
    Failure.NO_ROUTE: lambda facts: _gone(facts, "no_route"),
}

_PLAIN = {
    Failure.NAME: "name_unknown",
    Failure.PIN: "certificate_pin",
    Failure.RESET: "connection_reset",
    Failure.READ_TIMEOUT: "read_timed_out",
    Failure.PROXY: "proxy",
    Failure.COMPRESSED: "answer_compressed",
    Failure.TOO_LARGE: "answer_too_large",
    Failure.DEADLINE: "deadline",
    Failure.BASIC_IN_CLEAR: "basic_in_clear",
    Failure.CREDENTIALS_MISSING: "credentials_missing",
    Failure.TIMEOUTS: "timeouts_inverted",
    Failure.CLIENT: "client",
}
"""Failures whose kind alone tells the code."""
