"""One lab workstation as its endpoint sees it: what is fixed (`Description`) and what changes (`Workstation`)."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from iea_fleet.lab.faults.active import FaultSet


class CbtHardening(Enum):
    """Service/Auth/CbtHardeningLevel: what happens to a logon over HTTPS that carries no channel binding."""

    NONE = "none"
    RELAXED = "relaxed"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the workstation; `domain` None: a local account.

    `filtered`: a local administrator whose network logons UAC filters (LocalAccountTokenFilterPolicy absent).
    """

    name: str
    password: str = field(repr=False)
    domain: str | None = None
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class CertificateMapping:
    """An entry of `winrm/config/service/certmapping`.

    `subject`: a user principal name, DNS name or common name of client certificates, `*` standing for anything;
    `account`: the local account whose logon they are.
    """

    subject: str
    account: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Service/Auth and AllowUnencrypted of the WinRM service.

    Tickets that come in Negotiate are taken wherever the workstation has a keytab; `kerberos` is the scheme of that
    name beside it. `certificate`: the HTTPS listener asks for client certificates.
    """

    basic: bool = True
    negotiate: bool = True
    kerberos: bool = False
    credssp: bool = False
    certificate: bool = False
    allow_unencrypted: bool = False
    cbt: CbtHardening = CbtHardening.RELAXED


@dataclass(frozen=True, slots=True)
class Quotas:
    """The service's limits with the defaults of Windows 10 and Server 2012 R2 and newer ([MS-WSMV] 3.1.4.1.7)."""

    max_shells_per_user: int = 30
    max_operations_per_user: int = 1500
    max_commands_per_shell: int = 1000
    max_envelope_kb: int = 500
    max_timeout_ms: int = 60_000
    max_memory_per_shell_mb: int = 2147483647
    idle_timeout_s: float = 7200.0


@dataclass(frozen=True, slots=True)
class Description:
    """What does not change while the lab is up.

    `address` is a loopback address; `http_port`/`https_port` None: no such listener, 0: any free port.
    `lockout_threshold`: wrong passwords after which an account is locked, None: never. `keytab`: the machine account's
    keys, None: the workstation has none and takes no ticket; `certificates`: whose certificates are which accounts.
    """

    name: str
    address: str = "127.0.0.1"
    http_port: int | None = 5985
    https_port: int | None = None
    accounts: tuple[Account, ...] = ()
    domain: str | None = None
    auth: AuthSettings = AuthSettings()
    quotas: Quotas = Quotas()
    build: str = "10.0.19045"
    locale: str = "fr-FR"
    codepage: int = 850
    lockout_threshold: int | None = None
    keytab: Path | None = None
    certificates: tuple[CertificateMapping, ...] = ()


@dataclass(slots=True)
class Stats:
    """What the endpoint counted for one workstation since it opened; bytes as they crossed the socket (without TLS).

    `last_action` and `last_at` (time.monotonic, None: never) are those of the last request that could be read.
    """

    connections: int = 0
    requests: int = 0
    logons: int = 0
    refused_logons: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    last_action: str = ""
    last_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Shell(ABC):
    """One shell that a client opened; what runs in it is its kind's.

    `idle_timeout_s` and `lifetime_s` (None: no limit) in seconds; `commands_started` counts towards the quota of
    operations until the shell is deleted, for a Signal does not give an operation back ([MS-WSMV] note 118).
    `delegated`: the logon that created it can go on to other machines; so can all that runs in the shell.
    `connected`: its client has not left it. `closed` is set when it has ended.
    """

    shell_id: str
    owner: str
    client_ip: str
    resource_uri: str
    input_streams: str
    output_streams: str
    environment: Mapping[str, str]
    working_directory: str | None
    idle_timeout_s: float
    lifetime_s: float | None
    name: str | None
    codepage: int
    no_profile: bool
    locale: str = "en-US"
    data_locale: str = "en-US"
    delegated: bool = False
    connected: bool = True
    commands_started: int = 0
    created_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    process_id: int = field(default_factory=lambda: 1000 + 4 * secrets.randbelow(4000))
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self) -> None:
        """End the shell and everything that runs in it."""
        self.closed.set()
        self._end()

    @abstractmethod
    def _end(self) -> None:
        """End everything that runs in the shell."""

    @abstractmethod
    def list_commands(self) -> list[tuple[str, str, bool]]:
        """Id, command line ("" where Windows tells none) and whether the end was told, of each command."""


class Workstation:
    """Live state of one workstation: its shells, its locked accounts, its faults, its counters, its boot.

    Engines may read everything; only the endpoint and the fault player write. One event loop owns it.
    """

    def __init__(self, description: Description) -> None:
        self.description = description
        self.faults = FaultSet()
        self.stats = Stats()
        self.shells: dict[str, Shell] = {}
        self.wrong_passwords: dict[str, int] = {}
        self.enumerations: dict[str, str] = {}
        # The endpoint's: (seconds still up, seconds down, whether it is a new boot then).
        self.go_down: Callable[[float, float, bool], None] | None = None
        self.boot_time = time.time()
        self.machine_id = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))

    @property
    def name(self) -> str:
        """The computer name."""
        return self.description.name

    @property
    def quotas(self) -> Quotas:
        """The limits that hold now."""
        quotas = self.description.quotas
        for name, setting in (
            ("shells_quota", "max_shells_per_user"),
            ("operations_quota", "max_operations_per_user"),
            ("commands_quota", "max_commands_per_shell"),
        ):
            fault = self.faults.get(name)
            if fault is not None:
                quotas = replace(quotas, **{setting: int(fault.number("limit"))})
        return quotas

    @property
    def auth(self) -> AuthSettings:
        """What the service offers now."""
        fault = self.faults.get("auth_offered")
        if fault is None:
            return self.description.auth
        offered: dict[str, Any] = {name: bool(value) for name, value in fault.parameters.items()}
        return replace(self.description.auth, **offered)

    @property
    def lockout_threshold(self) -> int | None:
        """Wrong passwords that lock an account now; None: never."""
        fault = self.faults.get("account_locks")
        return self.description.lockout_threshold if fault is None else int(fault.number("threshold"))

    def reboot(self) -> None:
        """A new boot: a new boot time, no shell left."""
        self.boot_time = time.time()
        self.forget_shells()

    def forget_shells(self) -> None:
        """End every shell and what runs in it, as a restart of the WinRM service does."""
        for shell in list(self.shells.values()):
            shell.close()
        self.shells.clear()

    def with_ports(self, http_port: int | None, https_port: int | None) -> None:
        """Write down the ports that were really opened."""
        self.description = replace(self.description, http_port=http_port, https_port=https_port)
