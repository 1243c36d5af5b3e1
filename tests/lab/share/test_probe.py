"""What an emulated workstation tells of its share, and what its steps mend, with both kinds of file server."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from iea_fleet.lab.emulated import share
from iea_fleet.lab.emulated.disk import Disk
from iea_fleet.lab.emulated.machine import Identity, Machine
from iea_fleet.lab.share.access import ShareAccess
from iea_fleet.lab.share.faults import BY_SERVER, ShareFault
from iea_fleet.lab.share.files import DATABASE, LICENCES
from iea_fleet.lab.share.visit import FileServers, Standing
from iea_fleet.model.answer import ShareFacts, ShareLayer
from iea_fleet.model.request import AsWhom, ReconnectShare, RestoreDrive, ShareLogon, ShareProbe
from tests.lab.share.places import JUDO

TRANSACTION = "5" * 32
PERSON, MACHINE_ACCOUNT = "POSTE-01\\Zoé", "POSTE-01$"
DRIVE_PATH = "P:\\Base"


@dataclass(frozen=True, slots=True)
class Desk:
    """One workstation with what is asked of it here."""

    machine: Machine
    access: ShareAccess

    def probe(
        self,
        path: str = JUDO.unc,
        *,
        as_whom: AsWhom = AsWhom.LOGON,
        file: str | None = DATABASE,
        write: bool = True,
        logon: ShareLogon | None = None,
    ) -> ShareFacts:
        asked = ShareProbe(kind="share", id="share", path=path, file=file, as_whom=as_whom, write=write)
        return share.probe_share(self.machine, self.access, asked, path, transaction=TRANSACTION, logon=logon)

    def logon(self, standing: Standing = Standing.FINE, path: str = JUDO.root) -> ShareLogon:
        account = self.access.servers.accounts[standing]
        return ShareLogon(path=path, username=account.name, password=SecretStr(account.password))


@pytest.fixture
def desk(servers: FileServers) -> Desk:
    services = {"LanmanWorkstation": "running"}
    machine = Machine(
        Identity("POSTE-01", "0" * 36, user="POSTE-01\\iea-admin"),
        Disk({"C:\\ProgramData\\Impact\\impact.db": b"x"}),
        services=services,  # type: ignore[arg-type]
    )
    return Desk(machine, ShareAccess(JUDO, servers, MACHINE_ACCOUNT, PERSON))


def test_a_share_that_is_fine_is_told_with_all_its_facts(desk: Desk) -> None:
    facts = desk.probe()
    assert facts.model_dump(exclude={"elapsed_ms"}) == {
        "kind": "share",
        "id": "share",
        "ok": True,
        "layer": ShareLayer.NONE,
        "as_whom": AsWhom.LOGON,
        "account": "POSTE-01\\iea-admin",
        "path": r"\\SRV-JUDO\Impact\Base",
        "server": "SRV-JUDO",
        "addresses": ("192.0.2.20",),
        "drive": "",
        "drive_path": "",
        "win32_code": 0,
        "message": "",
    }


@pytest.mark.parametrize(
    ("culture", "message"),
    [
        ("fr-FR", "Nom de réseau introuvable."),
        ("en-GB", "The network name cannot be found."),
        ("de-DE", "The network name cannot be found."),
    ],
)
def test_the_sentence_is_in_the_workstations_language(desk: Desk, culture: str, message: str) -> None:
    desk.access.faults.add(ShareFault.SHARE_MISSING)
    machine = Machine(Identity("POSTE-01", "0" * 36, culture=culture))
    facts = Desk(machine, desk.access).probe()
    assert (facts.ok, facts.layer, facts.win32_code, facts.message) == (False, ShareLayer.SHARE, 67, message)


def test_a_server_that_is_silent_takes_the_whole_time(desk: Desk) -> None:
    desk.access.faults.add(ShareFault.SERVER_OFF)
    facts = desk.probe()
    assert (facts.layer, facts.win32_code, facts.elapsed_ms) == (ShareLayer.TCP, 10060, 5000)
    assert facts.addresses == ("192.0.2.20",)


def test_a_name_that_is_not_found_has_no_address(desk: Desk) -> None:
    facts = desk.probe(r"\\SRV-AUTRE\Impact\Base")
    assert (facts.layer, facts.win32_code, facts.server, facts.addresses) == (ShareLayer.NAME, 11001, "SRV-AUTRE", ())


def test_another_share_of_the_server_is_not_there(desk: Desk) -> None:
    facts = desk.probe(r"\\srv-judo\Ancien\Base")
    assert (facts.layer, facts.win32_code) == (ShareLayer.SHARE, 67)


@pytest.mark.parametrize("as_whom", AsWhom)
@pytest.mark.parametrize("fault", sorted(BY_SERVER))
def test_a_fault_of_the_server_is_everybodys(desk: Desk, fault: ShareFault, as_whom: AsWhom) -> None:
    desk.access.faults.add(fault)
    facts = desk.probe(as_whom=as_whom)
    assert not facts.ok
    assert facts.win32_code != 0
    assert facts.message != ""


def test_a_network_logon_cannot_hop_but_all_others_can(desk: Desk) -> None:
    desk.access.faults.add(ShareFault.DOUBLE_HOP)
    hop = desk.probe()
    assert (hop.layer, hop.win32_code, hop.message) == (ShareLayer.SHARE, 5, "Accès refusé.")
    assert desk.probe(logon=desk.logon()).ok
    assert desk.probe(as_whom=AsWhom.MACHINE).account == MACHINE_ACCOUNT
    assert desk.probe(as_whom=AsWhom.MACHINE).ok
    assert desk.probe(as_whom=AsWhom.USER).account == PERSON
    assert desk.probe(as_whom=AsWhom.USER).ok


def test_a_share_logon_is_judged_by_the_server(desk: Desk) -> None:
    right = desk.probe(logon=desk.logon())
    assert (right.ok, right.account) == (True, "svc-impact")
    assert desk.probe(logon=desk.logon(Standing.LOCKED)).win32_code == 1909
    assert desk.probe(logon=desk.logon(Standing.STRANGER)).win32_code == 5


def test_a_share_logon_counts_for_its_own_server_and_for_the_logon_alone(desk: Desk) -> None:
    locked = desk.logon(Standing.LOCKED)
    elsewhere = desk.logon(Standing.LOCKED, r"\\SRV-AUTRE\Impact")
    assert desk.probe(logon=elsewhere).ok
    assert desk.probe(logon=elsewhere).account == "POSTE-01\\iea-admin"
    assert desk.probe(logon=locked, as_whom=AsWhom.MACHINE).ok
    assert desk.probe(logon=locked, as_whom=AsWhom.USER).ok
    assert desk.probe(logon=locked).win32_code == 1909


def test_a_drive_of_the_person_is_put_in_for_the_logon(desk: Desk) -> None:
    facts = desk.probe(DRIVE_PATH)
    assert facts.ok
    assert (facts.path, facts.server) == (r"\\SRV-JUDO\Impact\Base", "SRV-JUDO")
    assert (facts.drive, facts.drive_path) == ("P:", r"\\SRV-JUDO\Impact")


def test_a_drive_is_opened_as_it_is_named_by_the_person(desk: Desk) -> None:
    facts = desk.probe("p:\\Base", as_whom=AsWhom.USER)
    assert facts.ok
    assert (facts.path, facts.server, facts.addresses) == ("p:\\Base", "", ())
    assert (facts.drive, facts.drive_path) == ("P:", r"\\SRV-JUDO\Impact")


def test_a_drive_that_nobody_remembers_is_a_path_that_is_not_found(desk: Desk) -> None:
    for path in (r"Z:\Base", "%IEA_DATABASE%\\Base"):
        facts = desk.probe(path)
        assert (facts.layer, facts.win32_code, facts.path, facts.drive_path) == (ShareLayer.PATH, 3, path, "")
    desk.access.person = None
    facts = desk.probe(DRIVE_PATH)
    assert (facts.layer, facts.win32_code, facts.drive, facts.drive_path) == (ShareLayer.PATH, 3, "P:", "")


def test_as_the_person_nothing_is_tried_when_nobody_is_logged_on(desk: Desk) -> None:
    desk.access.person = None
    facts = desk.probe(as_whom=AsWhom.USER)
    assert (facts.ok, facts.layer, facts.account, facts.win32_code) == (False, ShareLayer.IDENTITY, "", 0)
    assert facts.message == "Nobody is logged on."


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ShareFault.SERVER_OFF, 53),
        (ShareFault.SERVER_REFUSES, 53),
        (ShareFault.NAME_NOT_FOUND, 53),
        (ShareFault.SHARE_MISSING, 67),
        (ShareFault.SESSION_STALE, 64),
    ],
)
def test_behind_a_drive_the_whole_way_is_one_layer(desk: Desk, fault: ShareFault, code: int) -> None:
    desk.access.faults.add(fault)
    facts = desk.probe(DRIVE_PATH, as_whom=AsWhom.USER)
    assert (facts.layer, facts.win32_code) == (ShareLayer.PATH, code)


def test_a_local_folder_has_no_server(desk: Desk) -> None:
    facts = desk.probe(r"C:\ProgramData\Impact", file="impact.db", write=False)
    assert (facts.ok, facts.server, facts.drive) == (True, "", "")
    assert desk.probe(r"C:\ProgramData\Impact", file="autre.db").layer is ShareLayer.FILE
    assert desk.probe(r"C:\Absent", file=None).win32_code == 3


def test_a_workstation_without_a_file_server_finds_no_name(desk: Desk) -> None:
    asked = ShareProbe(kind="share", id="share", path=JUDO.unc)
    facts = share.probe_share(desk.machine, None, asked, JUDO.unc, transaction=TRANSACTION)
    assert (facts.layer, facts.win32_code) == (ShareLayer.NAME, 11001)


def test_a_stopped_workstation_service_is_mended_by_starting_it(desk: Desk) -> None:
    assert desk.machine.services is not None
    desk.machine.services["LanmanWorkstation"] = "stopped"
    assert (desk.probe().layer, desk.probe().win32_code) == (ShareLayer.SHARE, 1231)
    desk.machine.restart_service("lanmanworkstation")
    assert desk.probe().ok


@pytest.mark.parametrize(("fault", "code"), [(ShareFault.SESSION_STALE, 64), (ShareFault.OTHER_CREDENTIALS, 1219)])
def test_a_dead_or_foreign_session_is_mended_by_connecting_anew(desk: Desk, fault: ShareFault, code: int) -> None:
    desk.access.faults.add(fault)
    assert desk.probe().win32_code == code
    step = ReconnectShare(kind="reconnect_share", id="reconnect", path=DRIVE_PATH)
    outcome = share.reconnect_share(desk.machine, desk.access, step, DRIVE_PATH)
    assert (outcome.id, outcome.ok, outcome.win32_code) == ("reconnect", True, 0)
    assert desk.probe().ok


def test_connecting_anew_tells_what_stands_in_its_way(desk: Desk) -> None:
    desk.access.faults |= {ShareFault.SESSION_STALE, ShareFault.SHARE_MISSING}
    step = ReconnectShare(kind="reconnect_share", id="reconnect", path=JUDO.unc, as_whom=AsWhom.USER)
    outcome = share.reconnect_share(desk.machine, desk.access, step, JUDO.unc)
    assert (outcome.ok, outcome.win32_code, outcome.message) == (False, 67, "Nom de réseau introuvable.")
    desk.access.person = None
    assert not share.reconnect_share(desk.machine, desk.access, step, JUDO.unc).ok


def test_connecting_anew_uses_the_share_logon(desk: Desk) -> None:
    desk.access.faults.add(ShareFault.DOUBLE_HOP)
    step = ReconnectShare(kind="reconnect_share", id="reconnect", path=JUDO.unc)
    assert share.reconnect_share(desk.machine, desk.access, step, JUDO.unc).win32_code == 5
    assert share.reconnect_share(desk.machine, desk.access, step, JUDO.unc, logon=desk.logon()).ok


def test_a_lost_drive_is_mended_by_mapping_it_again(desk: Desk) -> None:
    desk.access.faults.add(ShareFault.MAPPING_LOST)
    lost = desk.probe(DRIVE_PATH, as_whom=AsWhom.USER)
    assert (lost.layer, lost.win32_code, lost.drive_path) == (ShareLayer.PATH, 3, r"\\SRV-JUDO\Impact")
    assert desk.probe(DRIVE_PATH).ok
    assert desk.probe(as_whom=AsWhom.USER).ok
    step = RestoreDrive(kind="restore_drive", id="drive", path=DRIVE_PATH)
    assert share.restore_drive(desk.machine, desk.access, step, DRIVE_PATH).ok
    assert desk.probe(DRIVE_PATH, as_whom=AsWhom.USER).ok


def test_a_drive_is_not_mapped_again_to_a_server_that_is_off(desk: Desk) -> None:
    desk.access.faults |= {ShareFault.MAPPING_LOST, ShareFault.SERVER_REFUSES}
    step = RestoreDrive(kind="restore_drive", id="drive", path=DRIVE_PATH)
    outcome = share.restore_drive(desk.machine, desk.access, step, DRIVE_PATH)
    assert (outcome.ok, outcome.win32_code) == (False, 53)
    assert ShareFault.MAPPING_LOST in desk.access.faults


def test_a_drive_that_is_not_remembered_is_not_mapped(desk: Desk) -> None:
    step = RestoreDrive(kind="restore_drive", id="drive", path=r"Z:\Base")
    outcome = share.restore_drive(desk.machine, desk.access, step, r"Z:\Base")
    assert (outcome.ok, outcome.win32_code, outcome.message) == (False, 2250, "Cette connexion réseau n’existe pas.")


def test_a_restart_ends_what_hangs_sessions_and_lost_drives_and_nothing_of_the_server(desk: Desk) -> None:
    desk.access.faults |= set(ShareFault)
    desk.access.restarted()
    kept = set(ShareFault) - desk.access.faults
    assert kept == {
        ShareFault.NETWORK_HUNG,
        ShareFault.SESSION_STALE,
        ShareFault.OTHER_CREDENTIALS,
        ShareFault.MAPPING_LOST,
        ShareFault.WORKSTATION_SERVICE_STOPPED,
    }


@pytest.mark.parametrize(
    ("fault", "reading", "writing"),
    [
        (None, 0, 0),
        (ShareFault.SERVER_OFF, 53, 53),
        (ShareFault.ACCESS_DENIED, 5, 5),
        (ShareFault.PATH_MISSING, 3, 3),
        (ShareFault.DATABASE_IN_USE, 0, 0),
        (ShareFault.MAPPING_LOST, 0, 0),
        (ShareFault.DISK_FULL_ON_SERVER, 0, 112),
    ],
)
def test_other_files_of_the_folder_meet_what_is_on_their_way(
    desk: Desk, fault: ShareFault | None, reading: int, writing: int
) -> None:
    desk.access.faults |= set() if fault is None else {fault}
    path = rf"{JUDO.unc}\{LICENCES}"
    assert share.opening_code(desk.machine, desk.access, path) == reading
    assert share.opening_code(desk.machine, desk.access, path, write=True) == writing


def test_other_files_are_opened_with_the_share_logon(desk: Desk) -> None:
    path = rf"{JUDO.unc}\{LICENCES}"
    desk.access.faults.add(ShareFault.DOUBLE_HOP)
    assert share.opening_code(desk.machine, desk.access, path) == 5
    assert share.opening_code(desk.machine, desk.access, path, logon=desk.logon()) == 0
    assert share.opening_code(desk.machine, desk.access, path, logon=desk.logon(Standing.DISABLED)) == 1331
    assert share.opening_code(desk.machine, None, path) == 53
