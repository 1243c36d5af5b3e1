r"""Shares, drives, people and restarts: what the script makes of what a workstation's system says.

The system is the lab's (lab/pwsh/prelude.ps1), which stands in the place of the functions that ask Windows; a path on a
local disk goes through the script's own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import iea_fleet.lab.pwsh
from iea_fleet.model.answer import Answer, PeopleFacts, RecordsFacts, SettingFacts, ShareFacts
from tests.agent.rounds import Rounds
from tests.agent.workstation import Part, Workstation, ini, setting

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the lab's functions are for PowerShell on Linux")

PRELUDE = (Path(iea_fleet.lab.pwsh.__file__).parent / "prelude.ps1").read_text("ascii")
ROOT = r"\\SRV\Impact"
SENTENCES = {
    "5": "Accès refusé.",
    "53": "Le chemin réseau n’a pas été trouvé.",
    "64": "Session perdue.",
    "1326": "Mot de passe.",
}
LOGON = {"path": ROOT, "username": r"SRV\Marie", "password": "s3cret, $(x) 'é"}


@dataclass
class Office:
    """A workstation, its file server and the person at its screen, as the lab's file says."""

    workstation: Workstation
    rounds: Rounds
    path: Path
    says: dict[str, Any] = field(default_factory=dict)

    def answer(self, **parts: object) -> Answer:
        """Play a request; the file is laid before and read again after it."""
        self.path.write_text(json.dumps(self.says), "utf-8")
        answer, _ = self.rounds.play(self.workstation.request(**parts))  # type: ignore[arg-type]
        assert answer is not None
        self.says = json.loads(self.path.read_text("utf-8"))
        return answer

    def probe(self, path: str = rf"{ROOT}\Base", **more: object) -> ShareFacts:
        parts = {name: more.pop(name) for name in ("connect", "names", "dry_run") if name in more}
        answer = self.answer(probe=[share(path, **more)], **parts)
        assert answer.error is None
        facts = answer.probes[0]
        assert isinstance(facts, ShareFacts)
        return facts


def share(path: str, **more: object) -> Part:
    return {"kind": "share", "id": "share", "path": path, **more}


def fault(layer: str, code: int, **more: object) -> Mapping[str, object]:
    return {"layer": layer, "code": code, "concerns": None, "despite_logon": True, "opened": code, "ends": None, **more}


@pytest.fixture(scope="module")
def lab(powershell: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rounds, Path]]:
    """One PowerShell of the lab's for all workstations, and the file that tells it how each is."""
    folder = tmp_path_factory.mktemp("lab")
    environment = {"IEA_LAB_SHARE": str(folder / "share.json"), "COMPUTERNAME": "POSTE-01"}
    for name in ("SERVICES", "PROCESSES"):
        (folder / name).mkdir()
        environment[f"IEA_LAB_{name}"] = str(folder / name)
    rounds = Rounds(powershell, folder, before=PRELUDE, environment=environment)
    yield rounds, folder / "share.json"
    rounds.close()


@pytest.fixture
def office(workstation: Workstation, lab: tuple[Rounds, Path]) -> Office:
    base = workstation.folder / "share" / "Base"
    base.mkdir(parents=True)
    (base / "impact.db").write_bytes(b"db")
    (base / "sessions.csv").write_bytes(b"marie;POSTE-01\njean;POSTE-02\n")
    says = {
        "share": ROOT,
        "root": str(base.parent),
        "addresses": ["192.0.2.20"],
        "person": r"ASSO\marie",
        "machine": "ASSO\\POSTE-01$",
        "drives": {"P:": ROOT},
        "declines": False,
        "accounts": {"marie": {"password": LOGON["password"], "code": 0}, "vieux": {"password": "x", "code": 1907}},
        "faults": [],
        "sentences": SENTENCES,
    }
    return Office(workstation, *lab, says)


@pytest.mark.parametrize("as_whom", ["logon", "machine", "user"])
def test_a_share_is_reached_step_by_step_and_nothing_is_left_there(office: Office, as_whom: str) -> None:
    facts = office.probe(file="impact.db", write=True, as_whom=as_whom)
    assert (facts.ok, facts.layer, facts.win32_code, facts.message) == (True, "none", 0, "")
    assert (facts.server, facts.addresses, facts.path) == ("SRV", ("192.0.2.20",), rf"{ROOT}\Base")
    if as_whom != "logon":
        assert facts.account == {"machine": "ASSO\\POSTE-01$", "user": r"ASSO\marie"}[as_whom]
    left = {path.name for path in (office.workstation.folder / "share" / "Base").iterdir()}
    assert left == {"impact.db", "sessions.csv"}


@pytest.mark.parametrize(
    ("layer", "code"),
    [("name", 11001), ("tcp", 10060), ("share", 64), ("path", 3), ("file", 2), ("read", 32), ("write", 5)],
)
def test_the_first_step_that_fails_is_told_with_the_systems_sentence(office: Office, layer: str, code: int) -> None:
    office.says["faults"] = [fault(layer, code)]
    office.says["sentences"] = {str(code): "Ainsi parle le système."}
    facts = office.probe(file="impact.db", write=True)
    assert (facts.ok, facts.layer, facts.win32_code, facts.message) == (False, layer, code, "Ainsi parle le système.")
    assert facts.addresses == (() if layer == "name" else ("192.0.2.20",))


def test_what_concerns_one_identity_is_met_by_it_alone(office: Office) -> None:
    office.says["faults"] = [fault("share", 5, concerns=["logon"])]
    assert office.probe().win32_code == 5
    assert office.probe(as_whom="user").ok
    assert office.probe(as_whom="machine").ok


def test_as_nobody_nothing_is_tried(office: Office) -> None:
    office.says["person"] = None
    facts = office.probe(as_whom="user")
    assert (facts.ok, facts.layer, facts.account, facts.win32_code) == (False, "identity", "", 0)
    assert facts.message


def test_a_drive_that_a_profile_remembers_is_put_in_for_the_logon_and_kept_for_the_person(office: Office) -> None:
    names = [{"name": "IEA_BASE", "text": r"P:\Base"}]
    for as_whom, opened, server in (("logon", rf"{ROOT}\Base", "SRV"), ("user", r"P:\Base", "")):
        facts = office.probe("%iea_base%", names=names, as_whom=as_whom, file="impact.db")
        assert facts.ok
        assert (facts.drive, facts.drive_path, facts.path, facts.server) == ("P:", ROOT, opened, server)
    facts = office.probe(r"Q:\Base", file="impact.db")
    assert (facts.layer, facts.win32_code, facts.drive, facts.drive_path) == ("path", 3, "Q:", "")


def test_by_a_drive_everything_before_the_folder_shows_at_the_folder(office: Office) -> None:
    office.says["faults"] = [fault("tcp", 10060, opened=53)]
    facts = office.probe(r"P:\Base", as_whom="user")
    assert (facts.layer, facts.win32_code, facts.message) == ("path", 53, SENTENCES["53"])


def test_a_share_logon_is_used_and_one_that_is_refused_shows_in_the_probe(office: Office) -> None:
    office.says["faults"] = [fault("share", 5, concerns=["logon"], despite_logon=False)]
    good = office.probe(connect=LOGON)
    assert (good.ok, good.account) == (True, r"SRV\Marie")
    for changes, code in (({"password": "wrong"}, 1326), ({"username": "vieux", "password": "x"}, 1907)):
        bad = office.probe(connect={**LOGON, **changes})
        assert (bad.layer, bad.win32_code) == ("share", code)


def test_a_name_leads_to_records_on_the_share_and_their_release(office: Office) -> None:
    """The folder is what a setting says: a drive that the logon does not have."""
    path = office.workstation.file("a.ini", b"[base]\nfolder=P:\\Base\n")
    target = {
        "store": "lines",
        "path": r"%IEA_DATABASE%\sessions.csv",
        "pattern": "^([^;]+);([^;]+)$",
        "fields": ["user", "host"],
    }
    names = [{"name": "IEA_DATABASE", "at": ini(path, "folder", "base")}]
    records = {"kind": "records", "id": "records", "target": target}
    free = {"id": "free", "target": target, "match": [{"host": "poste-01"}]}
    answer = office.answer(names=names, probe=[records, setting("folder", ini(path, "folder", "base"))], release=[free])
    assert answer.error is None
    assert isinstance(answer.probes[0], RecordsFacts)
    assert [each["user"] for each in answer.probes[0].records] == ["marie", "jean"]
    assert isinstance(answer.probes[1], SettingFacts)
    assert answer.probes[1].places[0].value == r"P:\Base"
    assert (office.workstation.folder / "share" / "Base" / "sessions.csv").read_bytes() == b"jean;POSTE-02\n"


def test_a_name_that_no_setting_has_stays_as_it_stands(office: Office) -> None:
    path = office.workstation.file("a.ini", b"[base]\n")
    names = [{"name": "IEA_DATABASE", "at": ini(path, "folder", "base")}]
    answer = office.answer(names=names, probe=[share("%IEA_DATABASE%"), setting("f", ini("%IEA_DATABASE%/a.ini"))])
    assert isinstance(answer.probes[0], ShareFacts)
    assert (answer.probes[0].path, answer.probes[0].layer) == ("%IEA_DATABASE%", "path")
    assert isinstance(answer.probes[1], SettingFacts)
    assert answer.probes[1].places[0].state == "file_missing"


def test_records_on_a_share_that_is_away_are_unreadable_with_its_code(office: Office) -> None:
    office.says["faults"] = [fault("tcp", 10060, opened=53)]
    target = {"store": "lines", "path": rf"{ROOT}\Base\sessions.csv", "pattern": "^(.+)$", "fields": ["line"]}
    answer = office.answer(probe=[{"kind": "records", "id": "records", "target": target}])
    assert isinstance(answer.probes[0], RecordsFacts)
    assert (answer.probes[0].state, answer.probes[0].win32_code) == ("unreadable", 53)


@pytest.mark.parametrize(("person", "people"), [(r"ASSO\marie", (r"ASSO\marie",)), (None, ())])
def test_people_are_told(office: Office, person: str | None, people: tuple[str, ...]) -> None:
    office.says["person"] = person
    facts = office.answer(probe=[{"kind": "people", "id": "people"}]).probes[0]
    assert isinstance(facts, PeopleFacts)
    assert (facts.state, facts.people) == ("present", people)


@pytest.mark.parametrize("as_whom", ["logon", "user"])
def test_a_stale_session_is_dropped_and_the_share_opened_anew(office: Office, as_whom: str) -> None:
    office.says["faults"] = [fault("share", 64, ends="reconnect_share")]
    step = {"kind": "reconnect_share", "id": "again", "path": rf"{ROOT}\Base", "as_whom": as_whom}
    answer = office.answer(act=[step], probe=[share(rf"{ROOT}\Base", as_whom=as_whom)])
    assert [(each.ok, each.win32_code) for each in answer.act] == [(True, 0)]
    assert [each.ok for each in (*answer.probes, *answer.verify) if isinstance(each, ShareFacts)] == [False, True]


def test_a_reconnection_that_does_not_help_tells_the_code(office: Office) -> None:
    office.says["faults"] = [fault("share", 53)]
    steps = [{"kind": "reconnect_share", "id": "again", "path": path} for path in (ROOT,)]
    answer = office.answer(after=steps)
    assert [(each.ok, each.win32_code, each.message) for each in answer.after] == [(False, 53, SENTENCES["53"])]


def test_a_lost_drive_is_restored_for_the_person(office: Office) -> None:
    office.says["faults"] = [fault("path", 3, concerns=["user"], ends="restore_drive")]
    steps: list[Part] = [
        {"kind": "restore_drive", "id": "drive", "path": r"P:\Base"},
        {"kind": "restore_drive", "id": "none", "path": r"Q:\Base"},
    ]
    probes = [share(r"P:\Base", as_whom="user"), {**share(rf"{ROOT}\Base", as_whom="user"), "id": "unc"}]
    answer = office.answer(after=steps, probe=probes)
    assert [(each.id, each.ok, each.win32_code) for each in answer.after] == [("drive", True, 0), ("none", False, 2250)]
    before, after = (
        [each.ok for each in part if isinstance(each, ShareFacts)] for part in (answer.probes, answer.verify)
    )
    assert (before, after) == ([False, True], [True, True])


def restart(**more: object) -> Part:
    return {
        "kind": "restart_computer",
        "id": "restart",
        "title": "IEA",
        "message": "Redémarrer ?",
        "delay_s": 1,
        **more,
    }


@pytest.mark.parametrize(
    ("person", "declines", "ask", "ok"),
    [
        (r"ASSO\marie", True, True, False),
        (r"ASSO\marie", False, True, True),
        (r"ASSO\marie", True, False, True),
        (None, True, True, True),
    ],
)
def test_a_restart_asks_first_where_somebody_can_say_no(
    office: Office, person: str | None, declines: bool, ask: bool, ok: bool
) -> None:
    office.says |= {"person": person, "declines": declines}
    answer = office.answer(after=[restart(ask=ask)], probe=[share(rf"{ROOT}\Base")])
    assert [(each.ok, each.win32_code) for each in answer.after] == [(ok, 0 if ok else 1223)]
    assert office.says.get("restart_delay_s") == (5 if ok else None)
    assert len(answer.verify) == (0 if ok else 1), "what is asked of a system that goes down means nothing"


def test_no_secret_is_in_the_answer_or_the_state_folder(office: Office) -> None:
    request: dict[str, Sequence[Part] | Part] = {
        "probe": [share(rf"{ROOT}\Base")],
        "connect": LOGON,
        "after": [restart()],
    }
    answer = office.answer(**request)
    assert "s3cret" not in answer.model_dump_json()
    for path in (office.workstation.folder / "state").iterdir():
        assert b"s3cret" not in path.read_bytes()
