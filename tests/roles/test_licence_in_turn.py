"""The role iea_licence on workstations that share a database: one after the other, until one did it, and never two."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from iea_fleet.model.outcome import Verdict
from tests.lab.fleet.conftest import PROGRAM, CommandLine
from tests.lab.fleet.rounds import NEEDS_PWSH

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """How a play ended: verdicts of those that were asked, in order; what was told in the end, by host."""

    exit_code: int
    asked: list[tuple[str, str]]
    changed: list[str]
    told: dict[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """A lab whose first association has the licence of its first workstation on another one that is no more."""

    iea: CommandLine
    hosts: list[str]
    licence: str

    def break_it(self, *faults: tuple[str, str]) -> None:
        for host, fault in ((self.hosts[0], "licence_twice"), *faults):
            assert self.iea("lab", "break", host, fault).code == 0

    def holders(self) -> list[str]:
        """Who has the licence, as the lab's maintenance centre says."""
        desk: Any = self.iea.status()[self.hosts[0]]["desk"]
        return list(desk["licence_holders"])

    def reset(self, *options: str, serial: int | None = None) -> Run:
        """Run the role over the whole lab as AWX does, without the command line."""
        folder = self.iea.state
        variables = {"iea_licence_reset": [{"licence": self.licence, "workstation": "PC-ACCUEIL"}]}
        play = {"hosts": "all", "gather_facts": False, "roles": ["iea_licence"], "vars": variables}
        (folder / "play.yml").write_text(json.dumps([play | ({"serial": serial} if serial else {})]))
        record = folder / "record.jsonl"
        record.unlink(missing_ok=True)
        ended = subprocess.run(
            [PROGRAM.with_name("ansible-playbook"), "-i", self.iea.inventory, *options, folder / "play.yml"],
            env={
                **os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONPATH": str(REPOSITORY),
                "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "tests/plugins/callback"),
                "ANSIBLE_CALLBACKS_ENABLED": "record", "IEA_FLEET_TEST_RECORD": str(record),
            },
            capture_output=True, text=True, timeout=120, check=False, cwd=folder,
        )  # fmt: skip
        assert record.exists(), ended.stdout + ended.stderr
        ends = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        rounds = [(end["host"], end["result"]) for end in ends if "iea_fleet" in end["result"]]
        return Run(
            ended.returncode,
            [(host, result["iea_fleet"]["verdict"]) for host, result in rounds if host in self.hosts],
            [host for host, result in rounds if result["changed"] and host in self.hosts],
            {end["host"]: end["result"]["msg"] for end in ends if "iea_fleet" not in end["result"]},
        )


def _site(iea: CommandLine, *options: str) -> Site:
    iea.up("--situation", "right", "--share", "folder", *options)
    children = yaml.safe_load(iea.inventory.read_text(encoding="utf-8"))["all"]["children"]
    hosts = list(next(iter(children.values()))["hosts"])
    seen: Any = iea.status()[hosts[0]]["seen"]
    return Site(iea, hosts, seen["licence"])


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two associations of four workstations each."""
    iea = CommandLine(tmp_path_factory.mktemp("turn") / "state")
    yield _site(iea, "--hosts", "8", "--sites", "2")
    assert iea("lab", "down").code == 0


@pytest.fixture
def site(opened: Site) -> Iterator[Site]:
    """The first association, mended after each test."""
    yield opened
    assert opened.iea("lab", "mend", "all").code == 0


def test_the_first_that_answers_does_it_alone(site: Site) -> None:
    site.break_it()
    assert site.reset("--check").asked == [(site.hosts[0], Verdict.CHANGED)]
    assert len(site.holders()) == 2
    run = site.reset()
    assert (run.exit_code, run.asked, run.told) == (0, [(site.hosts[0], Verdict.CHANGED)], {})
    assert site.holders() == [site.hosts[0]]
    again = site.reset()
    assert (again.exit_code, again.changed, [host for host, _ in again.asked]) == (0, [], [site.hosts[0]])


@pytest.mark.parametrize(
    ("fault", "verdict", "options", "serial"),
    [
        ("refused", "unreachable", ("--forks", "1"), None),
        ("credentials_rejected", "refused", ("--forks", "20"), None),
        ("share_access_denied", "failed", ("--forks", "20"), 2),
        ("refused", "unreachable", ("--forks", "20"), 1),
    ],
)
def test_another_does_it_when_the_first_cannot_and_the_play_ends_well(
    site: Site, fault: str, verdict: str, options: tuple[str, ...], serial: int | None
) -> None:
    site.break_it((site.hosts[0], fault))
    predicted = site.reset("--check", *options, serial=serial)
    assert len(site.holders()) == 2
    run = site.reset(*options, serial=serial)
    first, second = site.hosts[:2]
    for one in (predicted, run):
        assert (one.exit_code, one.asked) == (0, [(first, verdict), (second, "changed")])
        assert (one.changed, one.told) == ([second], {})
    assert site.holders() == [first]


def test_a_licence_bound_twice_with_nothing_to_reset_is_told_with_the_variable_that_names_it(site: Site) -> None:
    site.break_it()
    run = site.reset("-e", '{"iea_licence_reset": []}')
    assert (run.exit_code, run.asked, run.changed) == (2, [(site.hosts[0], "drift")], [])
    (told,) = run.told.values()
    assert told.endswith("name the bindings in iea_licence_reset, each with its licence and workstation.")
    assert len(site.holders()) == 2


def test_who_is_left_out_is_not_asked(site: Site) -> None:
    site.break_it((site.hosts[1], "refused"))
    run = site.reset("--limit", f"all:!{site.hosts[0]}")
    assert (run.exit_code, run.asked) == (0, [(site.hosts[1], "unreachable"), (site.hosts[2], "changed")])


def test_what_nobody_could_do_is_told_once_with_every_reason(site: Site) -> None:
    reasons = ("refused", "share_access_denied", "refused", "credentials_rejected")
    site.break_it(*zip(site.hosts, reasons, strict=True))
    run = site.reset("--forks", "20")
    assert (run.exit_code, list(run.told), run.changed) == (2, site.hosts[-1:], [])
    (message,) = run.told.values()
    assert [host for host in site.hosts if f"{host}: " in message] == site.hosts
    assert message.startswith("site_")
    assert message.endswith("Mend one of them, then run this again.")
    assert len(site.holders()) == 2


def test_a_wrong_password_is_tried_three_times_at_most(site: Site) -> None:
    site.break_it(*((host, "credentials_rejected") for host in site.hosts))
    run = site.reset()
    assert (run.exit_code, [host for host, _ in run.asked]) == (2, site.hosts[:3])
    assert "before the account is locked" in run.told[site.hosts[-1]]


def test_no_other_begins_where_nobody_knows_what_the_first_did(site: Site) -> None:
    site.break_it((site.hosts[0], "no_output"))
    run = site.reset()
    assert (run.exit_code, run.asked) == (2, [(site.hosts[0], "unknown")])
    assert "not known" in run.told[site.hosts[0]]


@pytest.mark.pwsh
@NEEDS_PWSH[1]
def test_the_script_in_a_real_powershell_does_it_for_the_first_that_is_off(tmp_path: Path) -> None:
    iea = CommandLine(tmp_path / "state")
    try:
        site = _site(iea, "--hosts", "2", "--sites", "1", "--engine", "pwsh")
        site.break_it((site.hosts[0], "refused"))
        run = site.reset()
        assert (run.exit_code, run.asked) == (0, [(site.hosts[0], "unreachable"), (site.hosts[1], "changed")])
        assert site.holders() == [site.hosts[0]]
    finally:
        assert iea("lab", "down").code == 0
