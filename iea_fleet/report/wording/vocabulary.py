"""Words of closed sets that evidence names by a token, and sentences that several findings share. English msgids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.report.wording.share import TEXTS as SHARE_TEXTS

_MODES: Final = {"secure": "« Sécurisé »", "plain": "not secured"}
_SETTINGS: Final = {
    "connection_mode": "connection mode",
    "authentication_url": "address of the authentication server",
    "update_url": "address of the update server",
}

VOCABULARY: Final[Mapping[str, Mapping[str, str]]] = {
    "server": {
        "authentication": "authentication server",
        "update": "update server",
        "both": "both servers",
    },
    "setting": _SETTINGS,
    "settings": _SETTINGS,
    "mode_before": _MODES,
    "mode_after": _MODES,
    "opens_day": {
        "mon": "Monday",
        "tue": "Tuesday",
        "wed": "Wednesday",
        "thu": "Thursday",
        "fri": "Friday",
        "sat": "Saturday",
        "sun": "Sunday",
    },
    "state": {"stopped": "stopped", "paused": "paused", "pending": "starting or stopping"},
    "step": {
        "probe": "reading",
        "identity": "comparing the workstation’s identity",
        "require": "checking what must hold first",
        "plan": "computing what to write",
        "space": "checking the free space",
        "journal": "writing the journal",
        "backup": "making the backup",
        "write": "writing",
        "read_back": "reading back what was written",
        "recover": "recovering an earlier transaction",
    },
    "reason": {
        "dns": "name not found",
        "dns_timed_out": "name lookup timed out",
        "tcp_refused": "connection refused",
        "tcp_timed_out": "no answer to the connection",
        "tcp_unreachable": "network or host unreachable",
        "tcp_reset": "connection reset",
        "tcp": "no connection",
        "proxy_authentication": "the proxy wants a logon (407)",
        "proxy_status": "refused by the proxy",
        "proxy_unreachable": "proxy not reached",
        "proxy_timed_out": "proxy does not answer",
        "tls_name_mismatch": "certificate for another name",
        "tls_expired": "certificate expired",
        "tls_not_yet_valid": "certificate not valid yet",
        "tls_unknown_authority": "unknown certificate authority",
        "tls_revoked": "certificate revoked",
        "tls_handshake": "no secure connection (TLS)",
        "tls_timed_out": "secure connection timed out",
        "http_status": "unexpected HTTP status",
        "http_timed_out": "server does not answer",
        "http_no_answer": "no HTTP answer",
        "untold": "unknown reason",
        "no_marker": "no marker",
        "cut_off": "cut off",
        "wrong_hash": "wrong hash",
        "not_json": "no JSON",
        "not_valid": "not of the agreed form",
        "too_large": "too large",
        "wrong_transaction": "answer to another request",
    },
    "stage": {
        "connect": "connecting",
        "create": "opening the shell",
        "command": "starting the command",
        "send": "sending the script",
        "receive": "waiting for the answer",
        "answer": "reading the answer",
        "close": "closing",
    },
    "as_whom": {
        "logon": "the account of this run",
        "machine": "the workstation’s own account",
        "user": "the person logged on",
    },
    "layer": {
        "identity": "whose account",
        "name": "name of the server",
        "tcp": "connection to the server",
        "share": "session and share",
        "path": "folder",
        "file": "database file",
        "read": "reading",
        "write": "writing",
    },
    "remedy": {
        "start_workstation_service": "start the Workstation service",
        "restore_drive": "connect the network drive again",
        "reconnect_logon": "make the session with the server anew",
        "reconnect_user": "make the person’s session with the server anew",
        "restart_computer": "restart the workstation",
    },
    "reset_reason": {
        "other_licence": "that workstation has another licence by now",
        "not_in_fleet": "that workstation is not in the inventory",
        "no_answer": "that workstation does not answer",
        "older": "the older binding",
        "elsewhere": "this workstation was installed with it",
        "each_row": "nothing tells them apart, so each row, as the sheet says",
    },
    "found": {
        "file_missing": "file missing",
        "unreadable": "not readable",
        "malformed": "damaged",
        "unsupported": "no such store on this system",
    },
    "mode": {
        "on": "on",
        "off": "off",
    },
    "fault": {code.removeprefix("share."): text.title for code, text in SHARE_TEXTS.items()},
}
"""By the name of the placeholder: token to msgid. A token that is not here is shown as it is."""

SHARED: Final[Mapping[str, str]] = {
    "nothing_written": "Nothing was written on the workstation.",
    "case_2": (
        "\nThen, on the workstation, right-click the blue ball with the red heart and choose "
        "« Relancer l’authentification auprès du serveur ».\nIf the red heart stays, {support}"
    ),
    "support": (
        "write to impact-emploi-association@urssaf.fr with the subject « {support_subject} ».\nUntil the vendor has "
        "answered, « Demande de support technique », then « Activer le mode assistance » keeps the program usable."
    ),
    "moment": "{year}-{month}-{day} {hour}:{minute} UTC",
    "local_moment": "{year}-{month}-{day} {hour}:{minute}",
    "age_days": "{days} d {hours} h",
    "age_hours": "{hours} h {minutes} min",
    "age_minutes": "{minutes} min",
    "not_told": "not told",
    "nothing": "(empty)",
}
"""Sentences and words that texts name like evidence; they may hold placeholders themselves."""
