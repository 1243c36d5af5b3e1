"""The workstations of the `emulated` engine, arranged: a `Machine` each, with the application as its condition says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path

from iea_fleet.lab.application import (
    CLONES_MACHINE_ID,
    IMPOSTOR_NAME,
    PROCESS,
    PROGRAM,
    SERVICE,
    SETTINGS_FILES,
    VENDOR_HOST,
    Installation,
    Reach,
    Servers,
    program,
)
from iea_fleet.lab.application.condition import Condition
from iea_fleet.lab.application.files import UTC_OFFSET_MIN, local_now
from iea_fleet.lab.application.program import FileChanges, Surroundings
from iea_fleet.lab.emulated.disk import ACCESS_DENIED, Lock, Shared, canonical
from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import SYSTEM, Ended, Identity, Machine, ServiceState
from iea_fleet.lab.emulated.network import Connect, Network, Proxy, Server, certificate
from iea_fleet.lab.emulated.registry import RegistryPlace, RegistryValue
from iea_fleet.lab.emulated.share import opening_code
from iea_fleet.lab.engine.staging import AsItStands
from iea_fleet.lab.share.access import ShareAccess
from iea_fleet.lab.share.faults import WORKSTATION_SERVICE, ShareFault
from iea_fleet.lab.share.servers import ShareKind, open_servers
from iea_fleet.lab.share.visit import FileServers
from iea_fleet.lab.workstation import Workstation
from iea_fleet.model.answer import Certificate, TlsRefusal

_AUTHORITY = "Autorité du laboratoire"
_ASSOCIATION_PROXY = "proxy.association.example"
_TLS_REFUSALS = {
    Reach.TLS_EXPIRED: TlsRefusal.EXPIRED,
    Reach.TLS_NOT_YET_VALID: TlsRefusal.NOT_YET_VALID,
    Reach.TLS_WRONG_NAME: TlsRefusal.NAME_MISMATCH,
    Reach.TLS_UNKNOWN_CA: TlsRefusal.UNKNOWN_AUTHORITY,
}
_CONNECTS: dict[Reach, Connect] = {Reach.TCP_REFUSED: "refused", Reach.TCP_SILENT: "silent"}
_STATUSES = {Reach.HTTP_404: 404, Reach.HTTP_503: 503, Reach.HTTP_SILENT: None}
_PROXY_STATUSES = {Reach.PROXY_AUTHENTICATION: 407, Reach.PROXY_REFUSED: 502}


class EmulatedStaging:
    """See `Staging`."""

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.engine = EmulatedEngine(self.machines)
        self.share_root: Path | None = None

    async def prepare(
        self, workstation: Workstation, installation: Installation | None = None, servers: FileServers | None = None
    ) -> None:
        """See `Staging.prepare`."""
        whose = installation or Installation(workstation.name)
        if servers is None:
            servers, _ = open_servers(ShareKind.FOLDER, [whose.place], hosts=1)
        machine = Machine(
            _identity(workstation, Condition()), boot_time=datetime.fromtimestamp(workstation.boot_time, tz=UTC)
        )
        person = rf"{whose.name}\{whose.person}"
        machine.share = ShareAccess(whose.place, servers, f"{whose.name}$", person)
        machine.disk.shared = Shared(
            canonical(whose.place.unc) + "\\",
            servers.folder(whose.place),
            lambda path, write: opening_code(machine, machine.share, path, write=write, logon=machine.session.logon),
        )
        _log_on(machine, whose)
        self.machines[workstation.name] = machine

    def now(self) -> datetime:
        """See `Staging.now`."""
        return local_now()

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """See `Staging.lay`."""
        _lay(self.machines[workstation.name], changes)

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """See `Staging.arrange`."""
        machine = self.machines[workstation.name]
        machine.identity = _identity(workstation, condition)
        machine.network = _network(condition.servers)
        machine.services = {**_own_services(condition), **_services(condition)}
        runs = condition.service == "running" and condition.program == "open"
        machine.processes = {PROCESS: 1} if runs else {}
        _install(machine, condition)
        if machine.share is not None:
            machine.share.faults = set(condition.share - {ShareFault.WORKSTATION_SERVICE_STOPPED})
        machine.declines_restart = condition.declines_restart
        locks = [Lock("backup", ACCESS_DENIED)] if condition.account else []
        if condition.damage == "locked":
            locks = [Lock()]
        machine.disk.locks = {canonical(machine.expanded(path)): lock for path in SETTINGS_FILES for lock in locks}

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """See `Staging.read`."""
        return _read(self.machines[workstation.name], path)

    def stands(self, workstation: Workstation) -> AsItStands:
        """See `Staging.stands`."""
        machine = self.machines[workstation.name]
        faults = frozenset() if machine.share is None else frozenset(machine.share.faults)
        if machine.service(WORKSTATION_SERVICE) != "running":
            faults |= {ShareFault.WORKSTATION_SERVICE_STOPPED}
        return AsItStands(faults, machine.process_count(PROCESS) > 0)

    async def close(self) -> None:
        """See `Staging.close`."""
        self.machines.clear()


def _identity(workstation: Workstation, condition: Condition) -> Identity:
    """Who answers: the workstation, or whoever is in its place."""
    description = workstation.description
    user = next((account.name for account in description.accounts), "iea-admin")
    plain = condition.plain_user(workstation.name, user)
    return Identity(
        computer_name=IMPOSTOR_NAME if condition.impostor == "other" else workstation.name,
        machine_id=CLONES_MACHINE_ID if condition.impostor == "clone" else workstation.machine_id,
        os_version=description.build,
        culture=description.locale,
        utc_offset_min=UTC_OFFSET_MIN,
        user=plain or SYSTEM,
        elevated=plain is None,
    )


def _log_on(machine: Machine, whose: Installation) -> None:
    """The person's hive: who it is, and the drive that the profile remembers."""
    sid = f"S-1-5-21-1004336348-1177238915-682003330-{1000 + int(whose.licence[-2:])}"
    machine.registry.sids = (sid,)
    for key, name, data in (
        ("Volatile Environment", "USERDOMAIN", whose.name),
        ("Volatile Environment", "USERNAME", whose.person),
        (rf"Network\{whose.place.drive[0]}", "RemotePath", whose.place.root),
    ):
        machine.registry.write(RegistryPlace(rf"HKU\{sid}\{key}", name), RegistryValue("string", data))


def _services(condition: Condition) -> dict[str, ServiceState]:
    """The application's service."""
    return {} if condition.service == "absent" else {SERVICE: condition.service}


def _own_services(condition: Condition) -> dict[str, ServiceState]:
    """The services of Windows that anything here depends on."""
    stopped = ShareFault.WORKSTATION_SERVICE_STOPPED in condition.share
    return {WORKSTATION_SERVICE: "stopped" if stopped else "running"}


def _install(machine: Machine, condition: Condition) -> None:
    """The application's programs, behaving as the condition says."""
    machine.programs.clear()
    machine.service_started = lambda _: None
    if condition.damage == "missing":
        return
    around = condition.surroundings
    machine.programs[canonical(machine.expanded(PROGRAM))] = partial(_run_centre, machine, around)
    machine.service_started = partial(_start, machine, around)


def _run_centre(machine: Machine, around: Surroundings, arguments: tuple[str, ...], standard_input: str) -> Ended:
    ran = program.run(arguments, standard_input, partial(_read, machine), around, local_now())
    _lay(machine, ran.changes)
    return Ended(ran.exit_code, f"{ran.printed}\r\n")


def _start(machine: Machine, around: Surroundings, service: str) -> None:
    if service == SERVICE:
        _lay(machine, program.start(partial(_read, machine), around, local_now()))


def _read(machine: Machine, path: str) -> bytes | None:
    return machine.disk.peek(machine.expanded(path))


def _lay(machine: Machine, changes: FileChanges) -> None:
    for path, data in changes.items():
        machine.disk.lay(machine.expanded(path), data)


@lru_cache(maxsize=256)
def _network(servers: Servers) -> Network:
    """The vendor's servers; one object for all workstations that see the same."""
    reaches = servers.authentication, servers.update
    proxies = [_PROXY_STATUSES[reach] for reach in reaches if reach in _PROXY_STATUSES]
    return Network(
        servers=(_server("/updates", servers.update), _server("/", servers.authentication)),
        proxy=Proxy(_ASSOCIATION_PROXY, status=proxies[0]) if proxies else None,
    )


def _server(path: str, reach: Reach) -> Server:
    return Server(
        VENDOR_HOST,
        path,
        addresses=() if reach is Reach.DNS else ("192.0.2.10",),
        connect=_CONNECTS.get(reach, "open"),
        certificate=None if reach is Reach.TLS_HANDSHAKE else _shown(reach),
        tls_refusal=_TLS_REFUSALS.get(reach),
        status=_STATUSES.get(reach, 200),
    )


def _shown(reach: Reach) -> Certificate:
    """The certificate, in the state of health that the workstation refuses."""
    name = "www.example.org" if reach is Reach.TLS_WRONG_NAME else VENDOR_HOST
    issuer = "Autorité inconnue" if reach is Reach.TLS_UNKNOWN_CA else _AUTHORITY
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {Reach.TLS_EXPIRED: -368, Reach.TLS_NOT_YET_VALID: 30}.get(reach, -30)
    return certificate(name, issuer=issuer, not_before=today + timedelta(days=begins))
