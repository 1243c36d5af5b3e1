"""Transport faults: what can go wrong between a controller and a workstation before any script speaks.

`FAULTS` is the one table of them: name, row of docs/faults.md, what happens, parameters. A workstation's
`FaultSet` holds those that are set now; they can be set and cleared while the lab runs. Every fault also takes

- `on`: the request that it strikes (`create`, `command`, `send`, `receive`, `signal`, `delete`, `identify` ...),
  "" for any; only for faults that know the request (`knows_request`);
- `times`: strikes until it is spent, 0 for no end;
- `after`: so many matching requests pass unharmed first.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Final

from iea_fleet.lab.workstation import Account, AuthSettings, Quotas
from iea_fleet.model.errors import InputError

Value = str | int | float | bool


class Stage(Enum):
    """Where in the life of a connection a fault strikes."""

    LISTEN = auto()  # what the port does, as long as the fault is set
    ACCEPT = auto()  # a connection was accepted
    REQUEST = auto()  # a request's head was read; which request it is, is not known yet
    LOGON = auto()  # settings and outcomes of a logon, as long as the fault is set
    JUDGE = auto()  # the request is known and not carried out yet
    ACTED = auto()  # the request was carried out, its answer not sent
    SETTING = auto()  # a quota, a clock, a certificate: as long as the fault is set
    CUT = auto()  # `reset` and `stall`: the stage is a parameter
    PROCESS = auto()  # a command is started (output_faults.py)
    MACHINE = auto()  # a transaction runs on the workstation's disk (output_faults.py)
    OUTPUT = auto()  # a command has printed what it prints (output_faults.py)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a fault: its default (which also gives its type), its meaning and unit, its choices if any."""

    default: Value
    what: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One line of the table; `row` is that of docs/faults.md, None for what only a hostile host does."""

    name: str
    row: int | None
    what: str
    stage: Stage
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    on: str = ""
    times: int = 0

    @property
    def knows_request(self) -> bool:
        """True when `on` has a meaning."""
        return self.stage in {Stage.JUDGE, Stage.ACTED, Stage.CUT}


# `reset` and `stall` can strike here; the first three come before the request is known.
EARLY_CUTS: Final = ("accept", "request_head", "request_body")
CUT_STAGES: Final = (*EARLY_CUTS, "before_act", "after_act", "response_head", "response_body", "between")

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
            "new_boot": Parameter(True, "false: back with the same boot id and time (fast startup)"),
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
FAULTS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _TABLE}


class FaultRefused(InputError):
    """A fault or a parameter of it is not known, or its value is none."""


@dataclass(slots=True)
class ActiveFault:
    """A fault that is set; `remaining` 0: no end."""

    kind: FaultKind
    parameters: dict[str, Value]
    on: str
    remaining: int
    after: int

    def number(self, name: str) -> float:
        """A numeric parameter."""
        return float(self.parameters[name])

    def text(self, name: str) -> str:
        """A parameter as text."""
        return str(self.parameters[name])

    def describe(self) -> str:
        """The fault as `lab status` shows it: `name(parameter=value, ...)`."""
        shown = {**self.parameters, "on": self.on, "times": self.remaining, "after": self.after}
        return (
            f"{self.kind.name}({', '.join(f'{key}={value}' for key, value in shown.items() if value not in ('', 0))})"
        )


class FaultSet:
    """The faults that one workstation shows now.

    `on_change` is called after each change of the set: the endpoint adapts its listeners there. `table` is what can be
    set; `output_faults.ALL_FAULTS` has those of the engines as well.
    """

    def __init__(self, table: Mapping[str, FaultKind] = FAULTS) -> None:
        self._table = table
        self._active: dict[str, ActiveFault] = {}
        self.on_change: Callable[[], None] | None = None

    def set(self, name: str, **parameters: Value) -> None:
        """Set a fault, in place of one of the same name.

        Args:
            name: a name of the set's table.
            parameters: the fault's own and `on`, `times`, `after`; text is read as the parameter's type.
        Raises: FaultRefused.
        """
        kind = self._table.get(name)
        if kind is None:
            near = difflib.get_close_matches(name, self._table, 1)
            mend = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(FAULTS)}."
            raise FaultRefused(f"fault {name}", "there is no such fault", mend)
        common = {
            "on": Parameter(kind.on, "request"),
            "times": Parameter(kind.times, "strikes"),
            "after": Parameter(0, "requests"),
        }
        known = {**kind.parameters, **common}
        values = {key: parameter.default for key, parameter in known.items()}
        for key, value in parameters.items():
            if key not in known:
                raise FaultRefused(f"fault {name}", f"it has no parameter {key}", f"It takes {', '.join(known)}.")
            values[key] = _converted(name, key, value, known[key])
        early = values.get("stage") in EARLY_CUTS
        if values["on"] and "on" in parameters and (early or not kind.knows_request):
            raise FaultRefused(f"fault {name}", "it strikes before a request is known", "Use `after` instead of `on`.")
        self._active[name] = ActiveFault(
            kind,
            {key: values[key] for key in kind.parameters},
            "" if early else str(values["on"]),
            int(values["times"]),
            int(values["after"]),
        )
        self._changed()

    def clear(self, name: str | None = None) -> None:
        """Mend one fault, or all; a fault that is not set is mended already."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    @property
    def active(self) -> tuple[ActiveFault, ...]:
        """The faults that are set, in the order of setting."""
        return tuple(self._active.values())

    def get(self, name: str) -> ActiveFault | None:
        """A fault that holds as long as it is set; nothing is counted."""
        return self._active.get(name)

    def strike(self, stage: Stage, request: str = "", cut: str = "") -> ActiveFault | None:
        """The fault that strikes now, counted; None: all is well.

        Args:
            stage: where in the exchange this is.
            request: short name of the request, "" before it is known.
            cut: for `Stage.CUT`, the value of the parameter `stage`.
        """
        for name, fault in self._active.items():
            if fault.kind.stage is not stage or (fault.on and fault.on != request):
                continue
            if stage is Stage.CUT and fault.parameters["stage"] != cut:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.remaining == 1:
                del self._active[name]
            elif fault.remaining:
                fault.remaining -= 1
            return fault
        return None

    def strike_all(self, stage: Stage) -> tuple[ActiveFault, ...]:
        """Every fault that strikes now at a stage without requests, counted, in the order of setting."""
        struck = []
        for name, fault in list(self._active.items()):
            if fault.kind.stage is not stage:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.remaining == 1:
                del self._active[name]
            elif fault.remaining:
                fault.remaining -= 1
            struck.append(fault)
        return tuple(struck)

    def auth_settings(self, settings: AuthSettings) -> AuthSettings:
        """What the service offers now."""
        fault = self.get("auth_offered")
        if fault is None:
            return settings
        offered: dict[str, Any] = {name: bool(value) for name, value in fault.parameters.items()}
        return replace(settings, **offered)

    def quotas(self, quotas: Quotas) -> Quotas:
        """What the service allows now."""
        for name, setting in (
            ("shells_quota", "max_shells_per_user"),
            ("operations_quota", "max_operations_per_user"),
            ("commands_quota", "max_commands_per_shell"),
        ):
            fault = self.get(name)
            if fault is not None:
                quotas = replace(quotas, **{setting: int(fault.number("limit"))})
        return quotas

    def refuses_logon(self, account: Account) -> bool:
        """True when a right proof ends in 401 all the same."""
        return account.filtered or self.get("logon_filtered") is not None

    def lockout_threshold(self, threshold: int | None) -> int | None:
        """Wrong passwords that lock an account now; None: never."""
        fault = self.get("account_locks")
        return threshold if fault is None else int(fault.number("threshold"))


def _converted(name: str, key: str, value: Value, parameter: Parameter) -> Value:
    """`value` as the parameter's type. Raises: FaultRefused."""
    default = parameter.default
    try:
        if isinstance(default, bool):
            converted: Value = {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
        elif isinstance(default, int):
            converted = int(value)
        elif isinstance(default, float):
            converted = float(value)
        else:
            converted = str(value)
    except (ValueError, KeyError) as error:
        raise _bad_value(name, key, value, f"It is a {type(default).__name__}, like {default}.") from error
    if isinstance(converted, (int, float)) and not 0 <= converted <= 1e6:
        raise _bad_value(name, key, value, "It is between 0 and 1,000,000.")
    if parameter.choices and converted not in parameter.choices:
        raise _bad_value(name, key, value, f"It is one of {', '.join(parameter.choices)}.")
    return converted


def _bad_value(name: str, key: str, value: Value, mend: str) -> FaultRefused:
    return FaultRefused(f"fault {name}", f"{key} can't be {str(value)[:60]!r}", mend)
