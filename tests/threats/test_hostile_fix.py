"""A workstation that lies in every fact through the whole of fix: what it says in round one goes back in round two."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import os
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from iea_fleet.lab.engine.processes import Answer
from tests.plugins.conftest import PASSWORD, USER, Bench, open_bench
from tests.warm import warm_program

TEMPLATE = "{{ lookup('pipe', 'touch X') }}{% raw %}"
CANARY = (
    TEMPLATE + "<script>alert(1)</script>\x1b]52;c;eA==\x07\u202e\r\nBcc: a@b.example"
    "\r\n\r\n=1+1[link=http://x]y[/]\x9b\u2066{message}"
)
LONG = CANARY + "e" * (4096 - len(CANARY))
DAY = "canary-of-the-day"


def liar(request: dict[str, Any]) -> dict[str, Any]:
    """An answer to a request that has the canary wherever the model leaves a text free."""
    sentence, short = LONG[:2000], CANARY[:260]
    rows = [
        {
            "licence": f"={CANARY}{number // 2}",
            # The second claims the first one's licence, under the name that the workstation gives itself.
            "workstation": short if number == 1 else f"../../PC{number}{TEMPLATE}",
            "bound": "99/99/9999 31:99:99",
        }
        for number in range(254)
    ] + [{"licence": "yes", "workstation": "on"}, {"licence": "YES", "workstation": "null"}]
    sessions = [{"user": CANARY, "workstation": short, "since": "31/02/0000 24:61:61", "x": "1"}] * 3

    def told(probe: dict[str, Any]) -> dict[str, Any]:
        common = {"kind": probe["kind"], "id": probe["id"]}
        failed = {"win32_code": 67, "message": sentence}
        match probe["kind"]:
            case "setting":
                place = {"place": LONG[:1024], "state": "present", "value": LONG, "win32_code": 0, "message": sentence}
                return common | {"places": [place]}
            case "url":
                certificate = {
                    "subject": sentence, "issuer": sentence, "not_before": "0000-00-00T99:99:99Z",
                    "not_after": "9999-99-99T99:99:99Z", "sha256": "0" * 64,
                }  # fmt: skip
                layer = {"ok": False, "layer": "tls", "tls_refusal": "expired", "certificate": certificate}
                return common | layer | failed | {"proxy": short, "addresses": [short] * 16, "elapsed_ms": 3_600_000}
            case "process":
                return common | {"running": False, "count": 100_000}
            case "service":
                return common | {"state": "running"}
            case "log":
                lines = [{"pattern": name, "line": sentence, "count": 1_048_576} for name in probe["patterns"]]
                return common | {"state": "present", "matches": lines}
            case "share":
                who = {"as_whom": probe["as_whom"], "account": short, "server": short, "drive": short}
                where = {"path": LONG[:1024], "drive_path": LONG[:1024], "addresses": [short] * 16, "elapsed_ms": 1}
                return common | who | where | failed | {"ok": False, "layer": "share"}
            case "records":
                found = sessions if "session" in probe["id"] else rows
                here = {"place": LONG[:1024], "state": "present", "records": found, "total": 8_388_608}
                return common | here | failed
            case _:
                return common | {"state": "present", "people": [short] * 32}

    def worked(step: dict[str, Any]) -> dict[str, Any]:
        failed = {"ok": False, "exit_code": 4_294_967_295, "win32_code": 5, "message": sentence}
        return {"id": step["id"], "elapsed_ms": 3_600_000, **failed}

    def released(release: dict[str, Any]) -> dict[str, Any]:
        values = release["values"]
        records = [{"before": one, "after": None if values is None else one | values} for one in release["match"]]
        return {"id": release["id"], "place": LONG[:1024], "due": True, "records": records}

    def ensured(change: dict[str, Any]) -> dict[str, Any]:
        place = {"place": LONG[:1024], "state": "present", "before": LONG, "after": LONG, "changed": True}
        return {"id": change["id"], "places": [place]}

    probes = [told(probe) for probe in request["probe"]]
    return {
        "schema": 1, "transaction": request["transaction"], "status": "done", "dry_run": request["dry_run"],
        "replayed": False, "recovered": None, "error": None, "elapsed_ms": 1, "probes": probes,
        "host": {
            "computer_name": short, "machine_id": short, "user": short, "os_version": short, "powershell": short,
            "edition": short, "culture": short, "time": "9999-99-99T99:99:99Z", "boot_time": "0000-00-00T00:00:00Z",
            "utc_offset_min": -1440,
        },
        "require": [], "act": [], "ensure": [ensured(one) for one in request["ensure"]],
        "release": [released(one) for one in request["release"]],
        "after": [worked(one) for one in request["after"]], "verify": [] if request["dry_run"] else probes,
    }  # fmt: skip


def answering(answer: Callable[[dict[str, Any]], dict[str, Any]], requests: list[dict[str, Any]]) -> Any:
    """What a workstation prints that answers so; each request is kept."""

    def says(given: bytes) -> Answer:
        request = json.loads(given.split(b"\n", 1)[0])
        requests.append(request)
        content = json.dumps(answer(request)).encode()
        nonce = request["nonce"].encode()
        mark = b"<<iea-fleet:%s:%d:%s>>" % (nonce, len(content), sha256(content).hexdigest().encode())
        return Answer(stdout=mark + content + b"<<iea-fleet:%s:end>>" % nonce)

    return says


def run(bench: Bench, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the program in the bench's folder, whose inventory names the workstation as liar."""
    port = bench.workstation.description.http_port
    more = "".join(f", {name}: {json.dumps(value)}" for name, value in variables.items())
    (bench.folder / "hosts.yml").write_text(
        "all:\n  vars: {ansible_connection: winrm, ansible_winrm_scheme: http, ansible_winrm_transport: ntlm,"
        f" ansible_user: {USER}, ansible_password: {PASSWORD}, iea_profile: lab{more}}}\n"
        f"  hosts: {{liar: {{ansible_host: 127.0.0.1, ansible_port: {port}}}}}\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "IEA_FLEET_"))}
    own = {"IEA_FLEET_STATE": str(bench.folder / "state"), "IEA_FLEET_ASSISTANCE_PASSWORD": DAY, "LANG": "C.UTF-8"}
    return subprocess.run(
        [*warm_program(), *command, "-i", "hosts.yml"], cwd=bench.folder, env=kept | own, capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip


def is_harmless(text: str) -> bool:
    """Whether nothing in a text steers whoever shows it, but ends of lines."""
    steering = {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Co", "Cs"}} - {"\n", "\r", "\ufeff"}
    return not steering


def test_lies_in_every_fact_are_text_through_the_whole_of_fix(tmp_path: Path) -> None:
    requests: list[dict[str, Any]] = []
    with open_bench(tmp_path) as bench:
        bench.engine.says = answering(liar, requests)
        shown = run(bench, "fix", "liar", "--yes", "--force")
        told = run(bench, "fix", "liar", "--yes", "--json")
        doctor = run(bench, "doctor", "liar")
        report = run(bench, "report", "--output", "out")
    for done in (shown, told, doctor, report):
        assert done.returncode in {1, 4}, done.stderr
        assert "unforeseen" not in done.stderr
        assert is_harmless(done.stdout + done.stderr)
    assert "touch X" in shown.stdout
    assert list(tmp_path.rglob("X")) == []
    # What round one told has come back as it was.
    mended = next(request for request in requests if not request["dry_run"])
    assert mended["expect_host"]["computer_name"] == CANARY[:260]
    (reset,) = (one for one in mended["release"] if one["id"] == "licence_reset")
    assert reset["match"] == [{"licence": f"={CANARY}0", "workstation": CANARY[:260]}]
    assert json.loads(told.stdout)["end"] == "left"
    mail = email.message_from_bytes(
        next((tmp_path / "state/outbox").glob("*.eml")).read_bytes(), policy=email.policy.default
    )
    assert mail["Bcc"] is None
    body = mail.get_body(("plain",))
    assert body is not None
    assert is_harmless(body.get_content())
    assert "touch X" in body.get_content()
    for path in (tmp_path / "state/bundles").glob("*.zip"):
        with zipfile.ZipFile(path) as bundle:
            assert all("/" not in name or name.startswith("answers/") for name in bundle.namelist())
            for name in bundle.namelist():
                assert is_harmless(bundle.read(name).decode())
    page = (tmp_path / "out/report.html").read_text()
    assert "touch X" in page
    assert "<script" not in page
    assert is_harmless(page)
    with io.StringIO((tmp_path / "out/report.csv").read_text("utf-8-sig"), newline="") as table:
        cells = [cell for row in csv.reader(table, delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("place", ["outbox", "bundles"])
def test_what_was_done_is_told_though_nothing_can_be_handed_over(tmp_path: Path, place: str) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / place).write_text("in the way")
    with open_bench(tmp_path) as bench:
        bench.engine.says = answering(liar, [])
        told = run(bench, "fix", "liar", "--yes", "--json")
    assert told.returncode == 6
    assert told.stderr.rstrip().rpartition("\n")[2].startswith(f"iea-fleet: {tmp_path / 'state' / place}")
    document = json.loads(told.stdout)
    assert document["end"] == "left"
    assert document["handed_over"]["bundle"] is None
