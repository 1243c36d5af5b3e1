"""The request: one small transaction for one workstation. docs/wire.md says what the script does with each part."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from iea_fleet.model.base import Hex32, Identifier, Milliseconds, ShortText, Strict, Value
from iea_fleet.model.store import Encoding, Store, WindowsPath

HttpUrl = Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+(/[\x21-\x7e]*)?$")]
"""An absolute http or https URL, plain ASCII, without credentials."""

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=512)]


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


Probe = Annotated[SettingProbe | UrlProbe | ProcessProbe | ServiceProbe | LogProbe, Field(discriminator="kind")]


class Require(Strict):
    """What must hold before anything is written: a fact of a probe, compared as text.

    Exactly one of `one_of` and `none_of` is given. A setting with several places holds when every place holds.
    """

    probe: Identifier
    fact: Literal["value", "state", "ok", "running"]
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


class RestartService(Strict):
    """Restart a Windows service, or start it where it is stopped, and wait until it runs."""

    kind: Literal["restart_service"]
    id: Identifier
    name: ShortText
    when: Literal["changed", "always"] = "changed"
    timeout_ms: Milliseconds = 30_000


class RestartProcess(Strict):
    """End the processes of this name and start the program again, without waiting for its end."""

    kind: Literal["restart_process"]
    id: Identifier
    name: ShortText
    path: WindowsPath
    arguments: tuple[ShortText, ...] = Field(default=(), max_length=32)
    when: Literal["changed", "always"] = "changed"
    timeout_ms: Milliseconds = 30_000


After = Annotated[RestartService | RestartProcess, Field(discriminator="kind")]


class ExpectedHost(Strict):
    """Who must answer, so that a moved address or a cloned image is never written to. `None`: not checked."""

    computer_name: ShortText | None = None
    machine_id: ShortText | None = None


class Request(Strict):
    """One transaction: probe, require, ensure, after, verify."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    transaction: Hex32
    """Names the transaction: sent again with the same id, it is answered from the journal, not done twice."""
    nonce: Hex32
    """Marks the answer on standard output; nobody could have printed it before."""
    dry_run: bool
    state_folder: WindowsPath = r"%ProgramData%\iea-fleet"
    expect_host: ExpectedHost = ExpectedHost()
    probe: tuple[Probe, ...] = Field(default=(), max_length=64)
    require: tuple[Require, ...] = Field(default=(), max_length=64)
    ensure: tuple[Ensure, ...] = Field(default=(), max_length=64)
    after: tuple[After, ...] = Field(default=(), max_length=16)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for part in (self.probe, self.ensure, self.after):
            names = [step.id for step in part]
            if len(names) != len(set(names)):
                raise ValueError("a name is used twice in one part")
        unknown = {condition.probe for condition in self.require} - {probe.id for probe in self.probe}
        if unknown:
            raise ValueError(f"require names no probe of this request: {', '.join(sorted(unknown))}")
        return self

    def to_line(self) -> str:
        """The request as one line of plain ASCII JSON, as the script expects it on its first input line."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=True, separators=(",", ":"))
