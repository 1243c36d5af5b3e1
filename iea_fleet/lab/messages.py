"""What crosses the border between the lab's process and the commands that ask it: settings, orders, replies."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from iea_fleet.lab.application.screen import MessageKind, Tray
from iea_fleet.lab.application.seen import AsSeen
from iea_fleet.lab.fleet.plan import MAX_HOSTS, MIX
from iea_fleet.lab.share.servers import ShareKind
from iea_fleet.model.base import LONGEST_SENTENCE, Sentence, ShortText, Strict, Win32Code
from iea_fleet.model.phrase import PLACEHOLDER, Phrase
from iea_fleet.model.text import neutralise

_MOST_VALUES = 8
"""Of a phrase, and places for them in its template."""
_DEEPEST = 4
"""How far phrases stand within each other."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class EngineName(StrEnum):
    """What plays the workstations."""

    EMULATED = "emulated"
    PWSH = "pwsh"


class LogonName(StrEnum):
    """How a workstation lets people log on."""

    BASIC = "basic"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"
    CERTIFICATE = "certificate"


class LabSettings(Strict):
    """What `lab up` was asked for; `port` 0: any free port each. `situation`: `mix`, or one name for all.

    `auth` is what the workstations offer, `logon` what the inventory uses of it, None: NTLM, else the first.
    """

    hosts: Annotated[int, Field(ge=1, le=MAX_HOSTS)]
    sites: Annotated[int, Field(ge=1, le=MAX_HOSTS)]
    engine: EngineName = EngineName.EMULATED
    auth: Annotated[tuple[LogonName, ...], Field(min_length=1, max_length=len(LogonName))] = (LogonName.NTLM,)
    logon: LogonName | None = None
    https: bool = False
    port: Annotated[int, Field(ge=0, le=65535)] = 5985
    seed: Annotated[int, Field(ge=0, le=2**32)] = 1
    situation: Name = MIX
    share: ShareKind = ShareKind.AUTO
    inventory: FilePath

    @model_validator(mode="after")
    def _sites_fit(self) -> Self:
        if self.sites > self.hosts:
            raise ValueError("there are more sites than hosts")
        if LogonName.CERTIFICATE in self.auth and not self.https:
            raise ValueError("client certificates are shown over TLS only: give --https too")
        if self.logon is not None and self.logon not in self.auth:
            raise ValueError("the inventory can't use a logon that the workstations don't offer")
        return self


class LabRecord(Strict):
    """The lab that is up, as its own file tells: who it is, where it listens for orders, what it wrote."""

    pid: Annotated[int, Field(ge=1)]
    socket: FilePath
    settings: LabSettings


class OpenSession(Strict):
    """One open session of the application for a workstation, as the site's database has it."""

    user: ShortText
    since: ShortText


class AtDesk(Strict):
    """What a person sees at the workstation."""

    tray: Tray
    message_kind: MessageKind
    message: Sentence
    """What a start of the application would say, in the workstation's language; empty: nothing, it opens."""
    system_code: Win32Code
    """The Win32 code behind the message; 0: none."""
    person: ShortText
    program_runs: bool
    """The person has the application open."""
    sessions: tuple[OpenSession, ...]
    licence_holders: tuple[ShortText, ...]
    """The computers that the own licence is bound to in the site's database."""
    share: tuple[ShortText, ...]
    """What is wrong with the share now, by the names of the lab."""


class HostStatus(Strict):
    """One workstation of the lab that is up."""

    name: str
    site: str
    address: str
    port: int
    situations: tuple[str, ...]
    """What was arranged on it and not mended; settings among it may have been corrected since."""
    faults: tuple[str, ...]
    seen: AsSeen
    right: bool
    """The settings are as the sheet wants them."""
    desk: AtDesk
    password_of_the_day: ShortText
    """The lab's, for turning assistance mode off."""
    connections: int
    requests: int
    refused_logons: int
    shells: int
    last_request: str
    """The last kind of request that came, empty: none yet."""
    last_request_s: Annotated[int, Field(ge=0)] | None
    """Seconds since then."""


class StatusOrder(Strict):
    """Tell about every workstation."""

    order: Literal["status"] = "status"


class BreakOrder(Strict):
    """Let a situation begin on one host, or set a fault; `parameters` are the fault's."""

    order: Literal["break"] = "break"
    host: Name
    fault: Name
    parameters: dict[Name, Sentence] = Field(default_factory=dict, max_length=16)


class MendOrder(Strict):
    """End every fault and what a push can't mend, on one host or `all`."""

    order: Literal["mend"] = "mend"
    host: Name


class DownOrder(Strict):
    """Close the lab; the reply comes when everything is closed."""

    order: Literal["down"] = "down"


class Order(Strict):
    """One line to the lab's process."""

    order: Annotated[StatusOrder | BreakOrder | MendOrder | DownOrder, Field(discriminator="order")]


class Worded(Strict):
    """A `Phrase` on its way to the other process, which knows the language of whoever reads it."""

    template: Sentence
    values: dict[Name, Sentence | Worded] = Field(default_factory=dict, max_length=_MOST_VALUES)

    @model_validator(mode="after")
    def _stays_short(self) -> Self:
        # Phrases within phrases, each of them twice, would be longer than any memory.
        if self.depth > _DEEPEST or len(PLACEHOLDER.findall(self.template)) > _MOST_VALUES:
            raise ValueError("the phrase holds too much")
        return self

    @property
    def depth(self) -> int:
        """How many phrases stand within each other, itself counted."""
        return 1 + max((value.depth for value in self.values.values() if isinstance(value, Worded)), default=0)

    @classmethod
    def of(cls, phrase: Phrase) -> Worded:
        """A phrase, bounded, with values that JSON can have."""
        values = {
            name: cls.of(value) if isinstance(value, Phrase) else neutralise(value, LONGEST_SENTENCE)
            for name, value in phrase.values.items()
        }
        return cls(template=phrase.template, values=values)

    @property
    def phrase(self) -> Phrase:
        """The phrase again."""
        values = {name: value.phrase if isinstance(value, Worded) else value for name, value in self.values.items()}
        return Phrase(self.template, **values)


class Refusal(Strict):
    """Why an order was not carried out, as a `FleetError` has it."""

    where: Worded
    what: Worded
    mend: Worded
    exit_code: int


class Reply(Strict):
    """One line from the lab's process."""

    refusal: Refusal | None = None
    hosts: tuple[HostStatus, ...] = ()
    """For `status` all, for `break` and `mend` those concerned."""
