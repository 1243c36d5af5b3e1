"""Transport faults: what can go wrong between a controller and a workstation before any script speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iea_fleet.lab.faults.kinds import CUT_STAGES, FaultKind, Parameter, Stage

_CUT = Parameter(
    "response_body",
    "accept: at once; request_head, request_body: while the request comes; before_act, after_act: the engine has not, "
    "has acted; response_head, response_body: in the middle of the answer; between: after the whole answer",
    CUT_STAGES,
)

_TABLE: Final = (
    FaultKind("credentials_rejected", 1, "every password is wrong (401); counts towards a lock", Stage.LOGON),
    FaultKind(
        "account_locks",
        1,
        "an account is locked after some wrong passwords; the right one is refused then",
        Stage.LOGON,
        {"threshold": Parameter(5, "wrong passwords")},
    ),
    FaultKind("logon_filtered", 2, "the proof is accepted, then 401: UAC filters local administrators", Stage.LOGON),
    FaultKind(
        "auth_offered",
        3,
        "the service offers other ways to log on than the inventory says",
        Stage.LOGON,
        {
            "basic": Parameter(False, "offer Basic"),
            "negotiate": Parameter(True, "offer Negotiate"),
            "kerberos": Parameter(False, "offer Kerberos"),
            "credssp": Parameter(False, "offer CredSSP"),
            "certificate": Parameter(False, "take client certificates, where the listener asks for them"),
        },
    ),
    FaultKind(
        "encryption_required", 4, "a clear message over HTTP gets 500 with an empty body, also over Basic", Stage.LOGON
    ),
    FaultKind(
        "shells_quota",
        5,
        "Create is refused with 2150859173 when the user has that many shells",
        Stage.SETTING,
        {"limit": Parameter(0, "shells")},
    ),
    FaultKind(
        "operations_quota",
        6,
        "Command is refused with 2150859174 when the user has had that many operations in live shells",
        Stage.SETTING,
        {"limit": Parameter(0, "operations")},
    ),
    FaultKind(
        "commands_quota",
        7,
        "Command is refused when the shell has had that many commands",
        Stage.SETTING,
        {"limit": Parameter(0, "commands")},
    ),
    FaultKind(
        "silent_receive", 8, "Receive has nothing to say: 2150858793 at OperationTimeout", Stage.JUDGE, on="receive"
    ),
    FaultKind(
        "late",
        9,
        "the request is carried out, but the answer is 2150858793",
        Stage.JUDGE,
        {"delay_s": Parameter(0.0, "seconds before the answer, 0: the request's OperationTimeout")},
        on="create",
    ),
    FaultKind("slow", None, "the answer is right but comes late", Stage.JUDGE, {"delay_s": Parameter(1.0, "seconds")}),
    FaultKind("busy", 10, "170 ERROR_BUSY, the request is not carried out", Stage.JUDGE, on="send", times=1),
    FaultKind(
        "input_timeout",
        11,
        "1460 from winrscmd.dll: the process did not read its input in time",
        Stage.JUDGE,
        on="send",
        times=1,
    ),
    FaultKind(
        "service_stops",
        12,
        "995, all shells are gone, connections are refused for a while, then served",
        Stage.JUDGE,
        {"down_s": Parameter(5.0, "seconds without listener")},
        on="receive",
        times=1,
    ),
    FaultKind(
        "shells_forgotten",
        13,
        "all shells are gone when the request comes: 2150858843",
        Stage.JUDGE,
        on="command",
        times=1,
    ),
    FaultKind("profile_unloading", 14, "1018 ERROR_KEY_DELETED", Stage.JUDGE, on="create", times=1),
    FaultKind(
        "access_denied", 15, "5 on Create, 2147942405 in w:InternalError on any other request", Stage.JUDGE, on="create"
    ),
    FaultKind("refused", 16, "nothing listens on the port", Stage.LISTEN),
    FaultKind("silent", 16, "the port neither accepts nor refuses; open connections get no answer", Stage.LISTEN),
    FaultKind("never_answers", 16, "connections are accepted, nothing is ever answered", Stage.ACCEPT),
    FaultKind("reset", 17, "the connection is reset (RST)", Stage.CUT, {"stage": _CUT}),
    FaultKind("stall", 18, "nothing more is sent, the connection stays open", Stage.CUT, {"stage": _CUT}),
    FaultKind(
        "receive_never_ends",
        19,
        "Receive always says Running and gives nothing",
        Stage.JUDGE,
        {"delay_s": Parameter(0.5, "seconds before each answer")},
        on="receive",
    ),
    FaultKind(
        "restart",
        20,
        "from the request on: served a while, then down, then back with a new boot",
        Stage.JUDGE,
        {
            "up_s": Parameter(5.0, "seconds still served"),
            "down_s": Parameter(20.0, "seconds without listener"),
            "new_boot": Parameter(True, "false: back with the same boot time (fast startup)"),
        },
        on="command",
        times=1,
    ),
    FaultKind("clock_off", 21, "the Date header is off", Stage.SETTING, {"seconds": Parameter(600, "seconds ahead")}),
    FaultKind(
        "certificate",
        24,
        "the HTTPS listener shows a bad certificate",
        Stage.SETTING,
        {
            "kind": Parameter(
                "expired",
                "what is wrong with it",
                ("expired", "future", "wrong_name", "unknown_ca", "self_signed", "sha1", "tls1_0"),
            )
        },
    ),
    FaultKind(
        "other_service",
        37,
        "something else answers on the port",
        Stage.REQUEST,
        {"kind": Parameter("not_found", "what it says", ("not_found", "unavailable", "html", "bad_gateway"))},
    ),
    FaultKind(
        "gzip_bomb",
        None,
        "the answer is a small gzip of many zeros",
        Stage.ACTED,
        {"megabytes": Parameter(1024, "size after inflating")},
        on="receive",
    ),
    FaultKind("xml_bomb", None, "the answer is a billion laughs", Stage.ACTED, on="receive"),
    FaultKind(
        "endless_output",
        None,
        "Receive never ends and is always full",
        Stage.JUDGE,
        {"kilobytes": Parameter(256, "standard output in each answer")},
        on="receive",
    ),
    FaultKind(
        "trickle",
        None,
        "the answer comes byte by byte",
        Stage.ACTED,
        {"bytes_per_s": Parameter(1.0, "bytes a second")},
        on="receive",
    ),
    FaultKind(
        "huge_headers",
        None,
        "the answer has an endless list of headers",
        Stage.ACTED,
        {"kilobytes": Parameter(1024, "headers")},
    ),
)
TRANSPORT_FAULTS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _TABLE}
