"""File servers of both kinds, with the same two sites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from iea_fleet.lab.share.files import DATABASE, MemoryFolder
from iea_fleet.lab.share.samba import SambaServers, SambaUnavailable, find_smbd
from iea_fleet.lab.share.servers import make_accounts
from iea_fleet.lab.share.visit import FileServers, FolderServers
from tests.lab.share.places import CHOIR, DATABASE_BYTES, JUDO


@pytest.fixture(scope="session")
def samba() -> Iterator[SambaServers]:
    """A real samba; skipped, with the reason, where none can be had."""
    try:
        find_smbd()
    except SambaUnavailable as error:
        pytest.skip(str(error))
    servers = SambaServers((JUDO, CHOIR), make_accounts())
    for place in (JUDO, CHOIR):
        servers.folder(place).write(DATABASE, DATABASE_BYTES)
    yield servers
    servers.stop()


@pytest.fixture(params=["samba", "folder"])
def servers(request: pytest.FixtureRequest) -> FileServers:
    """Each kind in turn."""
    if request.param == "samba":
        kind: FileServers = request.getfixturevalue("samba")
        return kind
    return _folders()


def _folders() -> FolderServers:
    made = FolderServers({JUDO: MemoryFolder(), CHOIR: MemoryFolder()}, make_accounts())
    for place in (JUDO, CHOIR):
        made.folder(place).write(DATABASE, DATABASE_BYTES)
    return made
