"""The workstations of the `emulated` engine, arranged: a `Machine` each, with the application as its condition says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from iea_fleet.lab.application import (
    CLONES_MACHINE_ID,
    IMPOSTOR_NAME,
    PROCESS,
    SERVICE,
    SETTINGS_FILES,
    VENDOR_HOST,
    Reach,
    Servers,
)
from iea_fleet.lab.condition import Condition, FileChanges
from iea_fleet.lab.emulated.disk import Lock, canonical
from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.network import Connect, Network, Proxy, Server, certificate
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

    async def prepare(self, workstation: Workstation) -> None:
        """See `Staging.prepare`."""
        self.machines[workstation.name] = Machine(
            _identity(workstation, Condition()), boot_time=datetime.fromtimestamp(workstation.boot_time, tz=UTC)
        )

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """See `Staging.lay`."""
        machine = self.machines[workstation.name]
        for path, data in changes.items():
            machine.disk.lay(machine.expanded(path), data)

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """See `Staging.arrange`."""
        machine = self.machines[workstation.name]
        machine.identity = _identity(workstation, condition)
        machine.network = _network(condition.servers)
        machine.services = {} if condition.service == "absent" else {SERVICE: condition.service}
        machine.processes = {PROCESS: 1} if condition.service == "running" else {}
        held = SETTINGS_FILES if condition.damage == "locked" else ()
        machine.disk.locks = {canonical(machine.expanded(path)): Lock() for path in held}

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """See `Staging.read`."""
        machine = self.machines[workstation.name]
        return machine.disk.peek(machine.expanded(path))

    async def close(self) -> None:
        """See `Staging.close`."""
        self.machines.clear()


def _identity(workstation: Workstation, condition: Condition) -> Identity:
    """Who answers: the workstation, or whoever is in its place."""
    description = workstation.description
    return Identity(
        computer_name=IMPOSTOR_NAME if condition.impostor == "other" else workstation.name,
        machine_id=CLONES_MACHINE_ID if condition.impostor == "clone" else workstation.machine_id,
        os_version=description.build,
        culture=description.locale,
    )


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
