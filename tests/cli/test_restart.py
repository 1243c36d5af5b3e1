"""Restarts against the lab: when the site's maintenance window is open, when a person says yes, and else not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from iea_fleet.model.window import DAYS
from tests.cli.test_fix import Sites, codes

REPOSITORY = Path(__file__).parents[2]
NO_PWSH = pytest.mark.skipif(
    "IEA_FLEET_PWSH" not in os.environ, reason="no PowerShell: IEA_FLEET_PWSH does not name one"
)


@pytest.fixture(scope="module", params=["emulated", pytest.param("pwsh", marks=NO_PWSH)])
def sites(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    lab = Sites(tmp_path_factory.mktemp("restart"))
    lab.open("--engine", request.param, hosts=4)
    yield lab
    lab("lab", "down")


def with_windows(sites: Sites, host: str, *windows: str) -> None:
    """Write the windows of one host into the inventory."""
    folder = sites.folder / "host_vars"
    folder.mkdir(exist_ok=True)
    (folder / f"{host}.yml").write_text(json.dumps({"iea_maintenance_windows": windows}))


def stands(sites: Sites, host: str) -> int:
    """The system error that the application shows there; 0: none."""
    return int(sites.seen(host)["desk"]["system_code"])


def closed() -> str:
    """A window that is not open during this test, wherever on earth it runs."""
    day = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    return f"{DAYS[day.weekday()]} 10:00-11:00"


def test_a_restart_waits_for_the_maintenance_window_unless_any_time_is_given(sites: Sites) -> None:
    host = sites.broken("share_network_hung")
    with_windows(sites, host, closed())
    waits = sites.fix(host, "--yes", "--allow-restart")
    assert (waits["end"], waits["turns"]) == ("left", 0)
    (remedy,) = waits["plan"]
    assert (remedy["code"], remedy["due"], remedy["needs"]) == ("plan.restart", False, ["restart", "window"])
    (told,) = [finding for finding in waits["hand_over"] if finding["code"] == "share.restart_waits"]
    assert (told["evidence"]["opens_day"], told["evidence"]["zone"]) == (closed()[:3], "Europe/Paris")
    assert told["evidence"]["opens"].endswith("T10:00")
    with zipfile.ZipFile(waits["handed_over"]["bundle"]) as bundle:
        assert "attend la plage de maintenance" in bundle.read("findings.fr.txt").decode()
    assert stands(sites, host) == 53

    done = sites.fix(host, "--yes", "--allow-restart", "--any-time")
    assert (done["end"], done["turns"]) == ("repaired", 1), done["hand_over"]
    assert {"share.restarted", "share.mended"} <= codes(done["rounds"][1]["findings"])
    before, after = (one["answer"]["host"]["boot_time"] for one in done["rounds"])
    assert before < after
    assert stands(sites, host) == 0


def test_who_says_no_to_a_restart_keeps_the_workstation_on_and_the_rest_is_handed_over(sites: Sites) -> None:
    host = sites.broken("restart_declined")
    with_windows(sites, host, "mon-sun 00:00-24:00")
    done = sites("fix", host, "-i", "inventory", "--yes", "--allow-restart", "--lang", "fr")
    assert done.returncode == 1, done.stderr
    shown = done.stdout.replace("\u00a0", " ")
    assert "Redémarrage refusé par la personne devant le poste" in shown
    assert "→ Convenir d’un moment, puis : iea-fleet fix avec --allow-restart" in shown
    assert "Éléments du dossier : " in shown
    run = json.loads(sites("runs", "list", "--json").stdout)[0]["run"]["id"]
    (looked,) = json.loads(sites("runs", "show", run, "--json").stdout)["hosts"]
    assert "share.restart_declined" in codes(looked["findings"])
    assert stands(sites, host) == 53


def played(sites: Sites, host: str, *options: str) -> str:
    """What the playbook share.yml alone says, which may restart the workstation; it ends well."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"), "-i", sites.folder / "inventory",
            "playbooks/share.yml", "--limit", host, "-e", '{"iea_share_mend": ["restart"]}', *options,
        ],
        cwd=REPOSITORY, env=sites.environment | {"NO_COLOR": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "failed=0" in done.stdout) == (0, True), done.stdout
    return " ".join((done.stdout + done.stderr).split())


def test_the_playbook_alone_warns_of_a_restart_that_waits_and_does_not_fail(sites: Sites) -> None:
    host = sites.broken("share_network_hung")
    with_windows(sites, host, "mon-sun 00:00-24:00")
    assert "WARNING" not in played(sites, host, "--check")
    with_windows(sites, host, closed())
    told = played(sites, host)
    assert f"waits for the maintenance window: {closed()[:3]} " in told
    assert "10:00 (Europe/Paris)" in told
    assert stands(sites, host) == 53


def test_a_window_that_can_not_be_read_is_told_before_anybody_is_asked(sites: Sites) -> None:
    host = sites.broken("right")
    with_windows(sites, host, "lun-ven 20:00-06:00")
    for command in (("fix", host), ("report",)):
        done = sites(*command, "-i", "inventory", "--lang", "en")
        assert (done.returncode, done.stdout) == (3, "")
        last = done.stderr.splitlines()[-1]
        assert "maintenance window 'lun-ven 20:00-06:00': 'lun-ven' is no day and no range of days. The days" in last
    (sites.folder / "host_vars" / f"{host}.yml").unlink()


def test_any_time_alone_is_no_leave_to_restart(sites: Sites) -> None:
    done = sites("fix", "nobody", "-i", "inventory", "--any-time")
    assert (done.returncode, "--any-time goes with --allow-restart" in done.stderr) == (2, True)
