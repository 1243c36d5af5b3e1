"""The workstations of the `pwsh` engine, arranged: a folder and a proxy to the vendor each."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

from iea_fleet.lab.application import (
    ALL_REACHED,
    IMPOSTOR_NAME,
    PROCESS,
    SERVICE,
    SETTINGS_FILES,
    Installation,
    Servers,
)
from iea_fleet.lab.application.condition import Condition
from iea_fleet.lab.application.program import FileChanges
from iea_fleet.lab.engine.staging import AsItStands
from iea_fleet.lab.pwsh.engine import PwshEngine
from iea_fleet.lab.pwsh.folder import WorkstationFolder
from iea_fleet.lab.pwsh.vendor import VendorCertificates, VendorProxy
from iea_fleet.lab.share.faults import WORKSTATION_SERVICE, ShareFault
from iea_fleet.lab.share.files import DiskFolder
from iea_fleet.lab.share.servers import ShareKind, open_servers
from iea_fleet.lab.share.visit import FileServers
from iea_fleet.lab.workstation import Workstation
from iea_fleet.model.errors import LocalFailure
from iea_fleet.model.phrase import system_said


class PwshStaging:
    """See `Staging`.

    Args:
        root: an empty or missing folder for the workstations' folders; removed at the end.
        pwsh: the PowerShell to run.
        user: the account that logs on.
    """

    def __init__(self, root: Path, pwsh: Path, user: str) -> None:
        self._root, self._pwsh, self._user = root, pwsh, user
        self._folders: dict[str, WorkstationFolder] = {}
        self._servers: dict[str, Servers] = {}
        self._proxies: list[VendorProxy] = []
        self._certificates = VendorCertificates()
        self.engine = PwshEngine(self._folders)

    @property
    def share_root(self) -> Path | None:
        """See `Staging.share_root`."""
        root = self._root / "serveurs"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return root

    async def prepare(
        self, workstation: Workstation, installation: Installation | None = None, servers: FileServers | None = None
    ) -> None:
        """See `Staging.prepare`."""
        name = workstation.name
        whose = installation or Installation(name)
        self._servers[name] = ALL_REACHED
        proxy = VendorProxy(self._certificates, lambda: self._servers[name])
        authority = self._root / "authority.pem"
        try:
            if not self._folders:
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._certificates.write_authority(authority)
            address = workstation.description.address
            port = await proxy.start(address)
            self._proxies.append(proxy)
            if servers is None:
                servers, _ = open_servers(ShareKind.FOLDER, [whose.place], hosts=1, root=self.share_root)
            database = servers.folder(whose.place)
            if not isinstance(database, DiskFolder):
                raise LocalFailure(name, "its database folder is not on a disk", "Take --share folder.")
            folder = WorkstationFolder(
                self._root / name,
                name,
                self._user,
                self._pwsh,
                f"http://{address}:{port}",
                authority,
                whose.place,
                database.path,
                servers.accounts,
            )
            folder.make()
        except OSError as error:
            raise LocalFailure(
                str(error.filename or name),
                "the workstation can't be made: {said}",
                "Check rights and space, or name another state folder with --state.",
                said=system_said(error),
            ) from error
        self._folders[name] = folder

    def now(self) -> datetime:
        """See `Staging.now`."""
        return datetime.now().replace(microsecond=0)  # noqa: DTZ005 - local time is what is wanted

    def lay(self, workstation: Workstation, changes: FileChanges) -> None:
        """See `Staging.lay`."""
        self._folders[workstation.name].lay(changes)

    def arrange(self, workstation: Workstation, condition: Condition) -> None:
        """See `Staging.arrange`."""
        self._servers[workstation.name] = condition.servers
        folder = self._folders[workstation.name]
        folder.name = IMPOSTOR_NAME if condition.impostor == "other" else workstation.name
        stopped = ShareFault.WORKSTATION_SERVICE_STOPPED in condition.share
        services = {WORKSTATION_SERVICE: "Stopped" if stopped else "Running"}
        if condition.service != "absent":
            services[SERVICE] = condition.service.capitalize()
        runs = condition.service == "running" and condition.program == "open"
        folder.set_running(services, (PROCESS,) if runs else ())
        folder.install(installed=condition.damage != "missing")
        folder.surround(condition, workstation.description.locale)
        folder.hold(path for path in SETTINGS_FILES if condition.damage == "locked")

    def read(self, workstation: Workstation, path: str) -> bytes | None:
        """See `Staging.read`."""
        return self._folders[workstation.name].read(path)

    def stands(self, workstation: Workstation) -> AsItStands:
        """See `Staging.stands`."""
        folder = self._folders[workstation.name]
        return AsItStands(folder.share_faults(), (folder.processes / PROCESS).exists())

    async def close(self) -> None:
        """See `Staging.close`."""
        await self.engine.stop()
        await asyncio.gather(*(proxy.stop() for proxy in self._proxies))
        for folder in self._folders.values():
            folder.remove()
        shutil.rmtree(self._root, ignore_errors=True)
