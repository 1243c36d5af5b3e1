"""The workstations of the `emulated` engine, arranged: a machine in memory each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from iea_fleet.lab.application import PROCESS, SERVICE, SETTINGS_FILES, VENDOR_HOST, Reach, Servers
from iea_fleet.lab.condition import Condition, FileChanges
from iea_fleet.lab.emulated.disk import Lock, canonical
from iea_fleet.lab.emulated.engine import EmulatedEngine
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.emulated.network import Network, Proxy, Server, certificate
from iea_fleet.lab.workstation import Workstation
from iea_fleet.model.answer import TlsRefusal

_ASSOCIATION_PROXY = "proxy.association.example"
_PROXY_STATUS = {Reach.PROXY_AUTHENTICATION: 407, Reach.PROXY_REFUSED: 502}
_HTTP_STATUS = {Reach.HTTP_404: 404, Reach.HTTP_503: 503, Reach.HTTP_SILENT: None}


class EmulatedStaging:
    """See `Staging`. Args: user: the account that logs on."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._machines: dict[str, Machine] = {}
        self._vendor = _vendor(datetime.now(UTC).replace(microsecond=0))
        self.engine = EmulatedEngine(self._machines)

    async def prepare(self, workstation: Workstation) -> None:
        """See `Staging.prepare`."""
        identity = Identity(workstation.name, workstation.machine_id, user=rf"{workstation.name}\{self._user}")
        booted = datetime.fromtimestamp(workstation.boot_time, UTC)
        self._machines[workstation.name] = Machine(identity, boot_time=booted)

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """See `Staging.lay`."""
        machine = self._machines[workstation.name]
        for path, data in changes.items():
            machine.disk.lay(machine.expanded(path), data)

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """See `Staging.arrange`."""
        machine = self._machines[workstation.name]
        machine.network = network(condition.servers, self._vendor)
        machine.services = {} if condition.service == "absent" else {SERVICE: condition.service}
        machine.processes = {PROCESS: 1} if condition.service == "running" else {}
        locked = condition.damage == "locked"
        machine.disk.locks = {canonical(machine.expanded(path)): Lock() for path in SETTINGS_FILES if locked}

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """See `Staging.read`."""
        machine = self._machines[workstation.name]
        return machine.disk.peek(machine.expanded(path))

    async def close(self) -> None:
        """See `Staging.close`."""
        self._machines.clear()


def network(servers: Servers, vendor: dict[Reach, Server]) -> Network:
    """What a machine reaches when the vendor's servers are as `servers` says; `vendor`: how each reach is played."""
    refused_by = next((reach for reach in (servers.authentication, servers.update) if reach in _PROXY_STATUS), None)
    proxy = None if refused_by is None else Proxy(_ASSOCIATION_PROXY, status=_PROXY_STATUS[refused_by])
    # The first rule that fits counts, and the path of the update server is the longer one.
    update = replace(vendor[servers.update], path="/updates")
    return Network((update, vendor[servers.authentication]), proxy)


def _vendor(now: datetime) -> dict[Reach, Server]:
    day = timedelta(days=1)
    good = certificate(VENDOR_HOST, issuer="Autorité du laboratoire", not_before=now - 30 * day)
    server = Server(VENDOR_HOST, certificate=good)
    played = {
        Reach.DNS: replace(server, addresses=()),
        Reach.TCP_REFUSED: replace(server, connect="refused"),
        Reach.TCP_SILENT: replace(server, connect="silent"),
        Reach.TLS_HANDSHAKE: replace(server, certificate=None),
        Reach.TLS_EXPIRED: replace(
            server,
            certificate=certificate(VENDOR_HOST, issuer="Autorité du laboratoire", not_before=now - 368 * day),
            tls_refusal=TlsRefusal.EXPIRED,
        ),
        Reach.TLS_NOT_YET_VALID: replace(
            server,
            certificate=certificate(VENDOR_HOST, issuer="Autorité du laboratoire", not_before=now + 30 * day),
            tls_refusal=TlsRefusal.NOT_YET_VALID,
        ),
        Reach.TLS_WRONG_NAME: replace(
            server,
            certificate=certificate("www.example.org", issuer="Autorité du laboratoire", not_before=now - 30 * day),
            tls_refusal=TlsRefusal.NAME_MISMATCH,
        ),
        Reach.TLS_UNKNOWN_CA: replace(
            server,
            certificate=certificate(VENDOR_HOST, issuer="Pare-feu de l'association", not_before=now - 30 * day),
            tls_refusal=TlsRefusal.UNKNOWN_AUTHORITY,
        ),
        **{reach: replace(server, status=status) for reach, status in _HTTP_STATUS.items()},
    }
    return {reach: played.get(reach, server) for reach in Reach}
