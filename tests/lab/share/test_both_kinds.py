"""One table for both kinds of file server: where each fault shows, and with which Win32 code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from iea_fleet.lab.share.faults import BY_SERVER, ShareFault
from iea_fleet.lab.share.files import DATABASE, LICENCES
from iea_fleet.lab.share.visit import Credential, FileServers, Reached, Standing, Visit
from iea_fleet.model.answer import ShareLayer
from tests.lab.share.places import CHOIR, JUDO

NAME, TCP, SHARE, PATH = ShareLayer.NAME, ShareLayer.TCP, ShareLayer.SHARE, ShareLayer.PATH
FILE, READ, WRITE = ShareLayer.FILE, ShareLayer.READ, ShareLayer.WRITE
OPENED = Reached(ShareLayer.NONE, 0)
WHOLE = Visit(JUDO, "Base", DATABASE, scratch="iea-fleet-0.tmp")

EXPECTED = {
    ShareFault.NAME_NOT_FOUND: (NAME, 11001),
    ShareFault.NETWORK_HUNG: (TCP, 10051),
    ShareFault.SERVER_OFF: (TCP, 10060),
    ShareFault.SERVER_REFUSES: (TCP, 10061),
    ShareFault.WORKSTATION_SERVICE_STOPPED: (SHARE, 1231),
    ShareFault.DOUBLE_HOP: (SHARE, 5),
    ShareFault.OTHER_CREDENTIALS: (SHARE, 1219),
    ShareFault.SESSION_STALE: (SHARE, 64),
    ShareFault.WRONG_PASSWORD: (SHARE, 1326),
    ShareFault.ACCOUNT_DISABLED: (SHARE, 1331),
    ShareFault.ACCOUNT_LOCKED: (SHARE, 1909),
    ShareFault.PASSWORD_EXPIRED: (SHARE, 1907),
    ShareFault.SHARE_MISSING: (SHARE, 67),
    ShareFault.ACCESS_DENIED: (SHARE, 5),
    ShareFault.MAPPING_LOST: (PATH, 3),
    ShareFault.PATH_MISSING: (PATH, 3),
    ShareFault.DATABASE_MISSING: (FILE, 2),
    ShareFault.DATABASE_IN_USE: (READ, 32),
    ShareFault.READ_DENIED: (READ, 5),
    ShareFault.WRITE_DENIED: (WRITE, 5),
    ShareFault.DISK_FULL_ON_SERVER: (WRITE, 112),
}


def with_faults(*faults: ShareFault, visit: Visit = WHOLE) -> Visit:
    return replace(visit, faults=frozenset(faults))


def test_a_whole_visit_opens_everything(servers: FileServers) -> None:
    assert servers.visit(WHOLE) == OPENED


def test_the_file_that_was_written_is_gone_again(servers: FileServers) -> None:
    assert servers.visit(WHOLE) == OPENED
    assert servers.folder(JUDO).names() == (DATABASE,)


def test_every_fault_is_in_the_table_of_this_test() -> None:
    assert set(EXPECTED) == set(ShareFault)


@pytest.mark.parametrize("fault", ShareFault)
def test_a_fault_shows_at_its_layer_with_its_code(servers: FileServers, fault: ShareFault) -> None:
    assert servers.visit(with_faults(fault)) == Reached(*EXPECTED[fault])


@pytest.mark.parametrize("fault", sorted(BY_SERVER))
def test_a_site_whose_names_are_its_own_has_the_same_faults(servers: FileServers, fault: ShareFault) -> None:
    visit = Visit(CHOIR, "Données", DATABASE, "iea-fleet-0.tmp", faults=frozenset({fault}))
    assert servers.visit(visit) == Reached(*EXPECTED[fault])


@pytest.mark.parametrize(
    ("faults", "met"),
    [
        ((ShareFault.SERVER_REFUSES, ShareFault.DOUBLE_HOP), ShareFault.SERVER_REFUSES),
        ((ShareFault.SERVER_REFUSES, ShareFault.NAME_NOT_FOUND), ShareFault.NAME_NOT_FOUND),
        ((ShareFault.SERVER_REFUSES, ShareFault.SERVER_OFF), ShareFault.SERVER_OFF),
        ((ShareFault.DATABASE_IN_USE, ShareFault.SERVER_REFUSES), ShareFault.SERVER_REFUSES),
        ((ShareFault.WORKSTATION_SERVICE_STOPPED, ShareFault.WRONG_PASSWORD), ShareFault.WORKSTATION_SERVICE_STOPPED),
        ((ShareFault.WRONG_PASSWORD, ShareFault.SHARE_MISSING), ShareFault.WRONG_PASSWORD),
        ((ShareFault.SHARE_MISSING, ShareFault.DATABASE_MISSING), ShareFault.SHARE_MISSING),
        ((ShareFault.DISK_FULL_ON_SERVER, ShareFault.DATABASE_MISSING), ShareFault.DATABASE_MISSING),
        ((ShareFault.DISK_FULL_ON_SERVER, ShareFault.READ_DENIED), ShareFault.READ_DENIED),
        ((ShareFault.WRITE_DENIED, ShareFault.DATABASE_IN_USE), ShareFault.DATABASE_IN_USE),
    ],
)
def test_of_two_faults_the_first_on_the_way_shows(
    servers: FileServers, faults: Collection[ShareFault], met: ShareFault
) -> None:
    assert servers.visit(with_faults(*faults)) == Reached(*EXPECTED[met])


@pytest.mark.parametrize("fault", [ShareFault.WRITE_DENIED, ShareFault.DISK_FULL_ON_SERVER])
def test_who_does_not_write_meets_no_fault_of_writing(servers: FileServers, fault: ShareFault) -> None:
    assert servers.visit(with_faults(fault, visit=replace(WHOLE, scratch=None))) == OPENED


@pytest.mark.parametrize("fault", [ShareFault.DATABASE_MISSING, ShareFault.DATABASE_IN_USE, ShareFault.READ_DENIED])
def test_who_asks_for_the_folder_alone_meets_no_fault_of_the_file(servers: FileServers, fault: ShareFault) -> None:
    assert servers.visit(with_faults(fault, visit=replace(WHOLE, file=None))) == OPENED


@pytest.mark.parametrize("fault", [ShareFault.PATH_MISSING, ShareFault.DATABASE_MISSING])
def test_who_opens_the_share_alone_meets_no_fault_below_it(servers: FileServers, fault: ShareFault) -> None:
    assert servers.visit(with_faults(fault, visit=Visit(JUDO, ""))) == OPENED


def test_a_folder_that_is_not_there_is_a_path_that_is_not_found(servers: FileServers) -> None:
    assert servers.visit(replace(WHOLE, below="Archives")) == Reached(PATH, 3)
    assert servers.visit(replace(WHOLE, below=r"Archives\2024")) == Reached(PATH, 3)


def test_a_database_that_somebody_took_away_is_not_found(servers: FileServers) -> None:
    folder = servers.folder(CHOIR)
    visit = Visit(CHOIR, "Données", LICENCES)
    assert servers.visit(visit) == Reached(FILE, 2)
    folder.write(LICENCES, b"")
    try:
        assert servers.visit(visit) == OPENED
        assert servers.visit(replace(visit, below="DONNÉES", file=LICENCES.upper())) == OPENED
    finally:
        folder.remove(LICENCES)
    assert servers.visit(visit) == Reached(FILE, 2)


STANDINGS = {
    Standing.FINE: OPENED,
    Standing.DISABLED: Reached(SHARE, 1331),
    Standing.LOCKED: Reached(SHARE, 1909),
    Standing.EXPIRED: Reached(SHARE, 1907),
    Standing.STRANGER: Reached(SHARE, 5),
}


@pytest.mark.parametrize("form", ["{}", "SRV-JUDO\\{}"])
@pytest.mark.parametrize("standing", Standing)
def test_credentials_are_judged_by_the_account(servers: FileServers, standing: Standing, form: str) -> None:
    account = servers.accounts[standing]
    logon = Credential(form.format(account.name), account.password)
    assert servers.visit(replace(WHOLE, logon=logon)) == STANDINGS[standing]


@pytest.mark.parametrize("standing", Standing)
def test_a_wrong_password_is_told_before_all_but_a_lock(servers: FileServers, standing: Standing) -> None:
    logon = Credential(servers.accounts[standing].name, "not this one")
    expected = 1909 if standing is Standing.LOCKED else 1326
    assert servers.visit(replace(WHOLE, logon=logon)) == Reached(SHARE, expected)


def test_an_account_that_nobody_knows_is_refused_as_a_wrong_password_is(servers: FileServers) -> None:
    fine = servers.accounts[Standing.FINE]
    for logon in (Credential("inconnu", fine.password), Credential(f"{fine.name}@asso.example", fine.password)):
        assert servers.visit(replace(WHOLE, logon=logon)) == Reached(SHARE, 1326)


def test_a_wrong_password_is_told_before_a_fault_of_the_account(servers: FileServers) -> None:
    logon = Credential(servers.accounts[Standing.FINE].name, "not this one")
    visit = replace(WHOLE, logon=logon)
    assert servers.visit(with_faults(ShareFault.ACCOUNT_DISABLED, visit=visit)) == Reached(SHARE, 1326)
