"""The lab that is up: its workstations, their condition and faults. One event loop owns it."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from iea_fleet.lab.application import LICENCES_FILE, SESSIONS_FILE, SITUATIONS, Installation
from iea_fleet.lab.application.condition import Condition, begin, mend
from iea_fleet.lab.application.installation import holders, sessions_of
from iea_fleet.lab.application.program import digest
from iea_fleet.lab.application.screen import AtTheDesk, message, tray
from iea_fleet.lab.application.seen import AsSeen, is_right, look
from iea_fleet.lab.catalogue import find_entry
from iea_fleet.lab.engine.staging import Staging
from iea_fleet.lab.fleet.inventory import check_inventory, remove_inventory, write_inventory
from iea_fleet.lab.fleet.plan import PlannedHost, installations, loopback_has_many_addresses, plan_fleet
from iea_fleet.lab.http.endpoint import Endpoint
from iea_fleet.lab.logons import Logons
from iea_fleet.lab.messages import AtDesk, EngineName, HostStatus, LabSettings, OpenSession
from iea_fleet.lab.share.servers import ShareKind, open_servers
from iea_fleet.lab.share.visit import FileServers, Standing
from iea_fleet.lab.workstation import Description, Workstation
from iea_fleet.model.errors import InputError

USER = "iea-admin"
"""The local administrator of every workstation of a lab."""
ALL = "all"
_MOST_TOLD = 20
"""Most sessions or computers that are told of one workstation."""


@dataclass(slots=True)
class _Member:
    """One workstation with what the lab knows of it."""

    planned: PlannedHost
    workstation: Workstation
    condition: Condition
    situations: list[str] = field(default_factory=list)


class Lab:
    """A fleet behind real endpoints.

    Args:
        settings: what was asked for; a name in it that no catalogue has is refused at `start`.
        staging: the engine with its workstations.
        folder: the lab's own folder, for the certificate of its authority.
    """

    def __init__(self, settings: LabSettings, staging: Staging, folder: Path) -> None:
        self._settings, self._staging, self._folder = settings, staging, folder
        self._logons = Logons(settings, folder, USER, secrets.token_urlsafe(18))
        self.password_of_the_day = secrets.token_hex(4).upper()
        self._servers: FileServers | None = None
        self._members: dict[str, _Member] = {}
        self._endpoint: Endpoint | None = None

    @property
    def workstations(self) -> tuple[Workstation, ...]:
        """Every workstation that was laid out, with its counters."""
        return tuple(member.workstation for member in self._members.values())

    async def start(self) -> None:
        """Lay out the workstations, open their listeners, write the inventory.

        Raises: InputError for an unknown situation or a foreign inventory file; LocalFailure for what this machine
            refuses; then nothing is left open.
        """
        settings = self._settings
        inventory = Path(settings.inventory)
        check_inventory(inventory)
        planned = plan_fleet(
            settings.hosts,
            sites=settings.sites,
            seed=settings.seed,
            situation=settings.situation,
            port=settings.port,
            own_addresses=loopback_has_many_addresses(),
        )
        try:
            self._logons.open(host.name for host in planned)
            fixed = installations(planned)
            self._members = {host.name: self._member(host, fixed[host.name]) for host in planned}
            self._open_servers()
            for member in self._members.values():
                await self._prepare(member)
            for member in self._members.values():
                for name in member.planned.faults:
                    find_entry(name, self._settings.engine)
                    self._begin(member, name, {})
            self._endpoint = Endpoint((member.workstation for member in self._members.values()), self._staging.engine)
            await self._endpoint.start()
            self._write_inventory(inventory)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every listener, end every process, remove inventory and disks."""
        if self._endpoint is not None:
            await self._endpoint.stop()
            self._endpoint = None
        self._logons.close()
        await self._staging.close()
        if self._servers is not None:
            self._servers.stop()
            self._servers = None
        with contextlib.suppress(OSError):
            remove_inventory(Path(self._settings.inventory))

    def status(self, names: Iterable[str] = ()) -> tuple[HostStatus, ...]:
        """How each workstation stands now; of these names only, when there are any."""
        wanted = set(names) or set(self._members)
        return tuple(self._status(member) for name, member in self._members.items() if name in wanted)

    def break_host(self, host: str, name: str, parameters: dict[str, str]) -> tuple[HostStatus, ...]:
        """Let a situation begin, or set a fault.

        Raises: InputError for an unknown host, name or parameter.
        """
        member = self._members_named(host)
        entry = find_entry(name, self._settings.engine)
        if entry.kind == "situation" and parameters:
            raise InputError(
                name, "it has no parameter {name}", "Name the situation alone.", name=next(iter(parameters))
            )
        situation = SITUATIONS.get(name)
        if situation is not None and situation.site_wide:
            member = self._with_neighbours(member)
        for each in member:
            self._begin(each, name, parameters)
        return self.status(each.planned.name for each in member)

    def mend_host(self, host: str) -> tuple[HostStatus, ...]:
        """End every fault and what a push can't mend, on one host or on `all`. Raises: InputError."""
        members = self._members_named(host)
        for neighbour in self._with_neighbours(members):
            if neighbour not in members and any(SITUATIONS[name].site_wide for name in neighbour.situations):
                self._end_site_wide(neighbour)
        for member in members:
            workstation = member.workstation
            workstation.faults.clear()
            # Held files are let go before anything is written to them.
            self._staging.arrange(workstation, member.condition.mended())
            member.condition, changes = mend(
                member.condition, self._staging.now(), read=partial(self._staging.read, workstation)
            )
            self._staging.lay(workstation, changes)
            member.situations = [name for name in member.situations if SITUATIONS[name].settings is not None]
        return self.status(member.planned.name for member in members)

    def _end_site_wide(self, member: _Member) -> None:
        """The file server is mended for whoever else uses it."""
        over = {SITUATIONS[name].share for name in member.situations if SITUATIONS[name].site_wide}
        member.condition = replace(member.condition, share=self._live(member).share - over)
        self._staging.arrange(member.workstation, member.condition)
        member.situations = [name for name in member.situations if not SITUATIONS[name].site_wide]

    def _with_neighbours(self, members: Sequence[_Member]) -> list[_Member]:
        """These workstations and all others of their sites."""
        sites = {member.planned.site for member in members}
        return [member for member in self._members.values() if member.planned.site in sites]

    def _live(self, member: _Member) -> Condition:
        """The condition, without what has been mended from afar since."""
        stands = self._staging.stands(member.workstation)
        return replace(member.condition, share=member.condition.share & stands.share)

    def _open_servers(self) -> None:
        kind = self._settings.share
        if kind is ShareKind.AUTO and self._settings.engine is EngineName.PWSH:
            # Its PowerShell opens files, not shares: a real server would be one more thing in the way.
            kind = ShareKind.FOLDER
        places = list(dict.fromkeys(member.condition.installation.place for member in self._members.values()))
        hosts, root = len(self._members), self._staging.share_root
        self._servers, refused = open_servers(kind, places, hosts=hosts, root=root)
        if refused and kind is ShareKind.SAMBA:
            raise refused

    def _member(self, host: PlannedHost, installation: Installation) -> _Member:
        condition = Condition(installation, digest(self.password_of_the_day))
        return _Member(host, self._workstation(host), condition)

    def _workstation(self, host: PlannedHost) -> Workstation:
        settings = self._settings
        description = Description(
            name=host.name,
            address=host.address,
            http_port=None if settings.https else host.port,
            https_port=host.port if settings.https else None,
        )
        return Workstation(self._logons.described(description))

    async def _prepare(self, member: _Member) -> None:
        await self._staging.prepare(member.workstation, member.condition.installation, self._servers)
        self._staging.lay(member.workstation, member.condition.all_files(self._staging.now()))
        self._staging.arrange(member.workstation, member.condition)

    def _begin(self, member: _Member, name: str, parameters: dict[str, str]) -> None:
        situation = SITUATIONS.get(name)
        if situation is None:
            member.workstation.faults.set(name, **parameters)
            return
        member.condition, changes = begin(
            self._live(member),
            situation,
            self._staging.now(),
            read=partial(self._staging.read, member.workstation),
        )
        # A file can be held only while it is there, and laid only while it is not held.
        self._staging.arrange(member.workstation, replace(member.condition, damage=None))
        self._staging.lay(member.workstation, changes)
        self._staging.arrange(member.workstation, member.condition)
        if situation.settings is not None:
            member.situations = [other for other in member.situations if SITUATIONS[other].settings is None]
        if name not in member.situations:
            member.situations.append(name)

    def _members_named(self, host: str) -> Sequence[_Member]:
        if host == ALL:
            return tuple(self._members.values())
        if host not in self._members:
            raise InputError(host, "the lab has no such host", "iea-fleet lab status names those there are.")
        return (self._members[host],)

    def _write_inventory(self, inventory: Path) -> None:
        hosts = [self._with_real_port(member) for member in self._members.values()]
        certificates = None if self._endpoint is None else self._endpoint.certificates
        access = self._logons.access(certificates)
        if self._servers is not None:
            account = self._servers.accounts[Standing.FINE]
            access = replace(access, share_user=account.name, share_password=account.password)
        write_inventory(inventory, hosts, access)

    def _with_real_port(self, member: _Member) -> PlannedHost:
        description = member.workstation.description
        port = description.https_port if self._settings.https else description.http_port
        return replace(member.planned, port=port or member.planned.port)

    def _status(self, member: _Member) -> HostStatus:
        planned, stats = self._with_real_port(member), member.workstation.stats
        seen = look(partial(self._staging.read, member.workstation))
        return HostStatus(
            name=planned.name,
            site=planned.site.title,
            address=planned.address,
            port=planned.port,
            situations=tuple(member.situations),
            faults=tuple(fault.describe() for fault in member.workstation.faults.active),
            seen=seen,
            right=is_right(seen),
            desk=self._desk(member, seen),
            password_of_the_day=self.password_of_the_day,
            connections=stats.connections,
            requests=stats.requests,
            refused_logons=stats.refused_logons,
            shells=len(member.workstation.shells),
            last_request=stats.last_action,
            last_request_s=None if stats.last_at is None else int(time.monotonic() - stats.last_at),
        )

    def _desk(self, member: _Member, seen: AsSeen) -> AtDesk:
        """What the person at a workstation sees."""
        condition, whose = self._live(member), member.condition.installation
        licences, sessions = (
            self._staging.read(member.workstation, whose.database_path(file)) or b""
            for file in (LICENCES_FILE, SESSIONS_FILE)
        )
        # The files are on a share that anybody may write to.
        bound = tuple(holder[:260] for holder in holders(licences, seen.licence or "")[:_MOST_TOLD])
        found = sessions_of(sessions, whose.name)[:_MOST_TOLD]
        at_start = message(
            AtTheDesk(seen, condition.servers, condition.refusal, condition.share, whose.by_drive, bound)
        )
        return AtDesk(
            tray=tray(seen),
            message_kind=at_start.kind,
            message=at_start.text,
            system_code=at_start.code,
            person=whose.person,
            program_runs=self._staging.stands(member.workstation).program_runs,
            sessions=tuple(OpenSession(user=user[:260], since=since[:260]) for user, since in found),
            licence_holders=bound,
            share=tuple(sorted(fault.value for fault in condition.share)),
        )
