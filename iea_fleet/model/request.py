"""The request: one small transaction for one workstation. docs/wire.md says what the script does with each part."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from iea_fleet.model.base import Hex32, Identifier, Milliseconds, Sentence, SentSecret, ShortText, Strict, Value
from iea_fleet.model.store import Encoding, NetworkPath, RecordStore, Store, WindowsPath

HttpUrl = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+(/[\x21-\x7e]*)?$")]
"""An absolute http or https URL, plain ASCII, without credentials."""

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class AsWhom(StrEnum):
    """Whose rights are used towards a file server."""

    LOGON = "logon"
    """The account of this logon, with the share logon of the request when it has one."""
    MACHINE = "machine"
    """The workstation's own account: a one-shot scheduled task as SYSTEM."""
    USER = "user"
    """The person who is logged on: a one-shot scheduled task with that person's token, which has their drives."""


class PathName(Strict):
    """A name that paths of this request hold between percent signs: a text, or what a setting says there.

    Exactly one of `text` and `at` is given.
    """

    name: Annotated[str, StringConstraints(pattern=r"^IEA_[A-Z0-9_]{1,30}$")]
    text: WindowsPath | None = None
    at: Store | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.text is None) == (self.at is None):
            raise ValueError("needs either text or at")
        return self


class ShareLogon(Strict):
    """Credentials for one share, connected before the first probe and dropped again at the end."""

    path: NetworkPath
    username: ShortText
    password: SentSecret


class SettingProbe(Strict):
    """Read one setting."""

    kind: Literal["setting"]
    id: Identifier
    target: Store


class UrlProbe(Strict):
    """Reach one URL from the workstation, through its own proxy, layer by layer."""

    kind: Literal["url"]
    id: Identifier
    url: HttpUrl
    timeout_ms: Milliseconds = 5000
    accept_status: tuple[Annotated[int, Field(ge=100, le=599)], Annotated[int, Field(ge=100, le=599)]] = (200, 399)
    """The lowest and highest HTTP status that count as reached."""


class ProcessProbe(Strict):
    """Is a process of this name (without .exe) running."""

    kind: Literal["process"]
    id: Identifier
    name: ShortText


class ServiceProbe(Strict):
    """The state of a Windows service."""

    kind: Literal["service"]
    id: Identifier
    name: ShortText


class LogProbe(Strict):
    """The last line of a log that matches each pattern, searched in the log's end only."""

    kind: Literal["log"]
    id: Identifier
    path: WindowsPath
    encoding: Encoding = Encoding.AUTO
    patterns: dict[Identifier, Pattern] = Field(max_length=32)
    tail_bytes: Annotated[int, Field(ge=1, le=1_048_576)] = 65_536


class ShareProbe(Strict):
    """Reach a folder, and a file in it, step by step; a folder on a local disk has no server to reach."""

    kind: Literal["share"]
    id: Identifier
    path: WindowsPath
    file: ShortText | None = None
    """Relative to `path`; `None`: the folder alone."""
    as_whom: AsWhom = AsWhom.LOGON
    write: bool = False
    """Also make a file there and remove it again."""
    timeout_ms: Milliseconds = 5000


class RecordsProbe(Strict):
    """List records."""

    kind: Literal["records"]
    id: Identifier
    target: RecordStore


class PeopleProbe(Strict):
    """Who is logged on at the workstation's screen."""

    kind: Literal["people"]
    id: Identifier


Probe = Annotated[
    SettingProbe | UrlProbe | ProcessProbe | ServiceProbe | LogProbe | ShareProbe | RecordsProbe | PeopleProbe,
    Field(discriminator="kind"),
]


FactName = Literal["value", "state", "ok", "running", "win32_code"]
"""What a requirement can compare; docs/wire.md says which probe has which."""


class Require(Strict):
    """What must hold before anything is written: a fact of a probe, compared as text.

    Exactly one of `one_of` and `none_of` is given. A setting with several places holds when every place holds.
    """

    probe: Identifier
    fact: FactName
    one_of: tuple[Value, ...] | None = None
    none_of: tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if (self.one_of is None) == (self.none_of is None):
            raise ValueError("needs either one_of or none_of")
        return self


class Ensure(Strict):
    """Make one setting have this value, in all its places."""

    id: Identifier
    target: Store
    value: Value


class Release(Strict):
    """Take records out of their file, or set fields of them."""

    id: Identifier
    target: RecordStore
    match: tuple[Annotated[dict[Identifier, Value], Field(min_length=1, max_length=16)], ...] = Field(
        min_length=1, max_length=64
    )
    """A record is concerned when it has every field of one of these, compared without case."""
    values: dict[Identifier, Value] | None = None
    """The new text of fields. `None`: the whole line is removed."""
    one: bool = False
    """Only the first such record that no release before this one has changed: records may look the same."""
    only_if: Require | None = None
    """When this does not hold, no record is touched."""


class _Work(Strict):
    """What all steps that do something have in common."""

    id: Identifier
    when: Literal["changed", "always"] = "always"
    """`changed`: only after something was changed, by this transaction or by one that recovery finished."""
    only_if: Require | None = None
    """Compared with the first probes; when it does not hold the step is not due."""
    timeout_ms: Milliseconds = 30_000


class RestartService(_Work):
    """Restart a Windows service, or start it where it is stopped, and wait until it runs."""

    kind: Literal["restart_service"]
    name: ShortText
    when: Literal["changed", "always"] = "changed"


class RestartProcess(_Work):
    """End the processes of this name and start the program again, without waiting for its end."""

    kind: Literal["restart_process"]
    name: ShortText
    path: WindowsPath
    arguments: tuple[ShortText, ...] = Field(default=(), max_length=32)
    when: Literal["changed", "always"] = "changed"


class Until(Strict):
    """A bounded wait: until every place of a setting has one of these values."""

    target: Store
    one_of: tuple[Value, ...] = Field(min_length=1, max_length=16)
    within_ms: Milliseconds = 10_000
    every_ms: Annotated[int, Field(ge=100, le=60_000)] = 500


class RunCommand(_Work):
    """Run a program, wait for its end, and then for what it brings about."""

    kind: Literal["run_command"]
    path: WindowsPath
    arguments: tuple[ShortText, ...] = Field(default=(), max_length=32)
    standard_input: SentSecret | None = None
    """One line for the program, such as a password."""
    success: tuple[Annotated[int, Field(ge=0, le=0xFFFFFFFF)], ...] = Field(default=(0,), min_length=1, max_length=16)
    """The exit codes that mean that it went well."""
    until: Until | None = None


class ReconnectShare(_Work):
    """Drop every session with the server of a path and connect anew."""

    kind: Literal["reconnect_share"]
    path: WindowsPath
    as_whom: AsWhom = AsWhom.LOGON


class RestoreDrive(_Work):
    """Map a drive again to the network path that the logged-on person's profile remembers for it."""

    kind: Literal["restore_drive"]
    path: WindowsPath
    """A path that begins with the drive."""


class RestartComputer(_Work):
    """Restart the workstation, a logged-on person being told before."""

    kind: Literal["restart_computer"]
    title: ShortText
    message: Sentence
    ask: bool = True
    """The person can say no; nobody answering within `delay_s` is a yes."""
    delay_s: Annotated[int, Field(ge=0, le=600)] = 60


Work = Annotated[
    RestartService | RestartProcess | RunCommand | ReconnectShare | RestoreDrive | RestartComputer,
    Field(discriminator="kind"),
]


class ExpectedHost(Strict):
    """Who must answer, so that a moved address or a cloned image is never written to. `None`: not checked."""

    computer_name: ShortText | None = None
    machine_id: ShortText | None = None


class Request(Strict):
    """One transaction: probe, require, act, ensure and release, after, verify."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    transaction: Hex32
    """Names the transaction: sent again with the same id, it is answered from the journal, not done twice."""
    nonce: Hex32
    """Marks the answer on standard output; nobody could have printed it before."""
    dry_run: bool
    state_folder: WindowsPath = r"%ProgramData%\iea-fleet"
    expect_host: ExpectedHost = ExpectedHost()
    names: tuple[PathName, ...] = Field(default=(), max_length=16)
    connect: ShareLogon | None = None
    probe: tuple[Probe, ...] = Field(default=(), max_length=64)
    require: tuple[Require, ...] = Field(default=(), max_length=64)
    act: tuple[Work, ...] = Field(default=(), max_length=16)
    """What must be done before anything is written."""
    ensure: tuple[Ensure, ...] = Field(default=(), max_length=64)
    release: tuple[Release, ...] = Field(default=(), max_length=80)
    after: tuple[Work, ...] = Field(default=(), max_length=16)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for part in (self.probe, self.act, self.ensure, self.release, self.after):
            names = [step.id for step in part]
            if len(names) != len(set(names)):
                raise ValueError("a name is used twice in one part")
        conditions = [step.only_if for part in (self.act, self.release, self.after) for step in part if step.only_if]
        unknown = {one.probe for one in (*self.require, *conditions)} - {probe.id for probe in self.probe}
        if unknown:
            raise ValueError(f"require names no probe of this request: {', '.join(sorted(unknown))}")
        return self

    def to_line(self) -> str:
        """The request as one line of plain ASCII JSON, as the script expects it on its first input line."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=True, separators=(",", ":"))
