"""The answer of a workstation: facts only, hostile until these classes accept them. docs/wire.md has the meaning."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from iea_fleet.model.base import Hex32, Identifier, Milliseconds, Sentence, ShortText, Strict, Value, Win32Code
from iea_fleet.model.request import AsWhom, FactName

Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
"""A time in UTC, to the second, as RFC 3339 writes it."""


class Status(StrEnum):
    """How a transaction ended, as the workstation says."""

    DONE = "done"
    """Everything asked for was read, and written where it had to be."""
    REFUSED = "refused"
    """A requirement did not hold, or another host answered than expected; nothing was written."""
    FAILED = "failed"
    """Something went wrong (`error`); what had been written was undone, unless `error.undone` says no."""
    BUSY = "busy"
    """Another transaction is under way on this workstation; nothing was written."""


class PlaceState(StrEnum):
    """What was found where a setting should be."""

    PRESENT = "present"
    ABSENT = "absent"
    """The file or hive is there, the setting is not."""
    FILE_MISSING = "file_missing"
    UNREADABLE = "unreadable"
    """It could not be opened or decoded; `win32_code` and `message` say why."""
    MALFORMED = "malformed"
    """The file is not of the kind that the profile says, or names the setting more than once."""
    UNSUPPORTED = "unsupported"
    """This system has no such store (no registry outside Windows)."""


class Place(Strict):
    """One place of a setting: a file, or one registry hive."""

    place: Annotated[str, StringConstraints(max_length=1024)]
    state: PlaceState
    value: Value | None = None
    win32_code: Win32Code = 0
    message: Sentence = ""


class SettingFacts(Strict):
    """A setting as it was read."""

    kind: Literal["setting"]
    id: Identifier
    places: tuple[Place, ...] = Field(max_length=64)


class Layer(StrEnum):
    """The first layer at which a URL could not be reached; `NONE` when it answered as wanted."""

    NONE = "none"
    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    HTTP = "http"


class TlsRefusal(StrEnum):
    """Why the workstation did not accept the server's certificate or handshake."""

    NAME_MISMATCH = "name_mismatch"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNKNOWN_AUTHORITY = "unknown_authority"
    REVOKED = "revoked"
    HANDSHAKE = "handshake"


class Certificate(Strict):
    """The certificate that the server showed."""

    subject: Sentence
    issuer: Sentence
    not_before: Moment
    not_after: Moment
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class UrlFacts(Strict):
    """How far a URL was reached from the workstation."""

    kind: Literal["url"]
    id: Identifier
    ok: bool
    layer: Layer
    timed_out: bool = False
    http_status: Annotated[int, Field(ge=100, le=599)] | None = None
    tls_refusal: TlsRefusal | None = None
    certificate: Certificate | None = None
    proxy: ShortText | None = None
    """`host:port` of the proxy that was used; `None`: none."""
    addresses: tuple[ShortText, ...] = Field(default=(), max_length=16)
    win32_code: Win32Code = 0
    """The socket error (Winsock), 0 when there was none."""
    message: Sentence = ""
    elapsed_ms: Milliseconds


class ProcessFacts(Strict):
    """Whether a process runs."""

    kind: Literal["process"]
    id: Identifier
    running: bool
    count: Annotated[int, Field(ge=0, le=100_000)]


class ServiceFacts(Strict):
    """The state of a service; `absent`: no such service; `unsupported`: this system has no services."""

    kind: Literal["service"]
    id: Identifier
    state: Literal["running", "stopped", "paused", "pending", "absent", "unsupported"]


class LogMatch(Strict):
    """The last line that matched one pattern."""

    pattern: Identifier
    line: Sentence
    count: Annotated[int, Field(ge=1, le=1_048_576)]


class LogFacts(Strict):
    """What a log's end says; a missing log has no matches."""

    kind: Literal["log"]
    id: Identifier
    state: Literal["present", "file_missing", "unreadable"]
    matches: tuple[LogMatch, ...] = Field(default=(), max_length=32)


class ShareLayer(StrEnum):
    """The step at which a folder or its file could not be reached; `NONE` when everything asked for went well."""

    NONE = "none"
    IDENTITY = "identity"
    """Nobody is logged on, or the task could not run: nothing was tried."""
    NAME = "name"
    TCP = "tcp"
    """Port 445."""
    SHARE = "share"
    """Session and share: Windows does both in one call, and its code tells which it was."""
    PATH = "path"
    FILE = "file"
    READ = "read"
    WRITE = "write"


class ShareFacts(Strict):
    """How far a folder and its file were reached."""

    kind: Literal["share"]
    id: Identifier
    ok: bool
    layer: ShareLayer
    as_whom: AsWhom
    account: ShortText
    """Who it was in the end; empty when nobody could."""
    path: Annotated[str, StringConstraints(max_length=1024)]
    """What was opened; a drive that this logon has not is its network path, unless it was opened as a person."""
    server: ShortText = ""
    """Empty: a local disk."""
    addresses: tuple[ShortText, ...] = Field(default=(), max_length=16)
    drive: ShortText = ""
    """The drive, such as `P:`, that the path begins with where it was named."""
    drive_path: Annotated[str, StringConstraints(max_length=1024)] = ""
    """The network path that a person's profile remembers for that drive; empty: none."""
    win32_code: Win32Code = 0
    message: Sentence = ""
    """The system's own sentence for the code, in the workstation's language."""
    elapsed_ms: Milliseconds


class RecordsFacts(Strict):
    """Records as they were read."""

    kind: Literal["records"]
    id: Identifier
    place: Annotated[str, StringConstraints(max_length=1024)]
    state: PlaceState
    """`present` also when there is no record."""
    records: tuple[Annotated[dict[Identifier, Value], Field(max_length=16)], ...] = Field(default=(), max_length=256)
    """The first 256."""
    total: Annotated[int, Field(ge=0, le=8_388_608)] = 0
    win32_code: Win32Code = 0
    message: Sentence = ""


class PeopleFacts(Strict):
    """Who is logged on at the screen; `unsupported`: this system does not tell."""

    kind: Literal["people"]
    id: Identifier
    state: Literal["present", "unsupported"]
    people: tuple[ShortText, ...] = Field(default=(), max_length=32)


ProbeFacts = Annotated[
    SettingFacts | UrlFacts | ProcessFacts | ServiceFacts | LogFacts | ShareFacts | RecordsFacts | PeopleFacts,
    Field(discriminator="kind"),
]


class RequireOutcome(Strict):
    """Whether one requirement held, and what was found."""

    probe: Identifier
    fact: FactName
    held: bool
    found: tuple[Value, ...] = Field(max_length=64)


class PlaceChange(Strict):
    """One place of a setting before and after; in a dry run `after` is what it would be."""

    place: Annotated[str, StringConstraints(max_length=1024)]
    state: PlaceState
    """What was found before."""
    before: Value | None
    after: Value | None
    changed: bool


class EnsureOutcome(Strict):
    """What became of one ensured setting."""

    id: Identifier
    places: tuple[PlaceChange, ...] = Field(max_length=64)


class RecordChange(Strict):
    """One record before and after; `after` None: it was removed."""

    before: dict[Identifier, Value] = Field(max_length=16)
    after: dict[Identifier, Value] | None


class ReleaseOutcome(Strict):
    """What became of the records that were to be released; in a dry run what would become of them."""

    id: Identifier
    place: Annotated[str, StringConstraints(max_length=1024)]
    due: bool
    """`False`: its condition did not hold, and nothing was touched."""
    records: tuple[RecordChange, ...] = Field(max_length=256)


class WorkOutcome(Strict):
    """What became of one step that does something; one that was not due is not listed."""

    id: Identifier
    ok: bool
    exit_code: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None = None
    """Of a program that ended."""
    win32_code: Win32Code = 0
    """1223: the person at the screen said no."""
    message: Sentence = ""
    """Why it is not ok; of a program, the end of what it printed."""
    elapsed_ms: Milliseconds


class Step(StrEnum):
    """Where in the transaction something went wrong."""

    PROBE = "probe"
    IDENTITY = "identity"
    REQUIRE = "require"
    PLAN = "plan"
    """Reading and computing what to write: a file is missing, malformed, or can't hold the value."""
    ACT = "act"
    """A step before the writes did not go well."""
    SPACE = "space"
    JOURNAL = "journal"
    BACKUP = "backup"
    WRITE = "write"
    READ_BACK = "read_back"
    RECOVER = "recover"


class Failure(Strict):
    """Why a transaction was refused or failed."""

    step: Step
    id: Identifier | None = None
    """The probe or change concerned."""
    win32_code: Win32Code = 0
    message: Sentence
    undone: bool = True
    """No trace of this transaction is left in any setting."""
    free_bytes: Annotated[int, Field(ge=0, le=2**63)] | None = None


class Recovered(Strict):
    """What was found of a transaction that a power cut had ended, and done about it before this one."""

    transaction: Hex32
    outcome: Literal["undone", "finished"]


class HostFacts(Strict):
    """Who answered, and what it can do."""

    computer_name: ShortText
    machine_id: ShortText
    """Empty where the system has none to tell."""
    user: ShortText
    os_version: ShortText
    powershell: ShortText
    edition: ShortText
    culture: ShortText
    time: Moment
    boot_time: Moment | None
    utc_offset_min: Annotated[int, Field(ge=-1440, le=1440)] = 0
    """Minutes by which the workstation's local time is ahead of UTC."""
    elevated: bool | None = None
    """Whether the logon has administrator's rights, which UAC may filter off; `None`: not told, or no Windows."""


class Answer(Strict):
    """Everything one workstation said about one transaction.

    What has a default was not yet told when older ledgers were written, whose answers are still read.
    """

    schema_version: Literal[1] = Field(alias="schema")
    transaction: Hex32
    status: Status
    dry_run: bool
    replayed: bool
    """This is the recorded answer to a transaction that had been done before."""
    host: HostFacts
    recovered: Recovered | None
    probes: tuple[ProbeFacts, ...] = Field(max_length=64)
    require: tuple[RequireOutcome, ...] = Field(max_length=64)
    act: tuple[WorkOutcome, ...] = Field(default=(), max_length=16)
    ensure: tuple[EnsureOutcome, ...] = Field(max_length=64)
    release: tuple[ReleaseOutcome, ...] = Field(default=(), max_length=80)
    after: tuple[WorkOutcome, ...] = Field(max_length=16)
    verify: tuple[ProbeFacts, ...] = Field(max_length=64)
    """The probes again, after the writes; empty when nothing was changed or in a dry run."""
    error: Failure | None
    elapsed_ms: Milliseconds

    @property
    def changed(self) -> bool:
        """Whether anything was done or written before `after`, or would be in a dry run."""
        written = any(place.changed for outcome in self.ensure for place in outcome.places)
        return written or any(outcome.records for outcome in self.release) or any(work.ok for work in self.act)
