"""Workstations that lie in the middle of a fleet, through the whole program: memory, the others, and what is shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from hashlib import sha256
from pathlib import Path
from typing import Any

from iea_fleet.lab.emulated.round import run_round
from iea_fleet.lab.engine.processes import Answer
from tests.cli.conftest import LabFleet
from tests.plugins.conftest import PASSWORD, USER, open_bench

MEASURED = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode;"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr); sys.exit(code)"
)
CANARY = "{{ lookup('pipe', 'touch X') }}<script>alert(1)</script>\x1b]52;c;eA==\x07\u202e\r\n=1+1[link=http://x]y[/]"


def test_bombs_and_endless_output_fill_no_memory_and_hinder_nobody(tmp_path: Path) -> None:
    fleet = LabFleet(tmp_path, hosts=4)
    up = ("--hosts", "4", "--port", "0", "--situation", "old_http_urls", "--inventory", "inventory")
    assert fleet("lab", "up", "--detach", *up).returncode == 0
    try:
        names = [host["name"] for host in json.loads(fleet("lab", "status", "--json").stdout)]
        for name, fault in zip(
            names, (("gzip_bomb", "megabytes=1000"), ("endless_output", "kilobytes=400")), strict=False
        ):
            assert fleet("lab", "break", name, *fault).returncode == 0
        push = [*fleet.program, "push", "--json", "-i", "inventory"]
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *push],
            cwd=tmp_path,
            env=fleet.environment,
            capture_output=True,
            timeout=120,
        )
    finally:
        fleet("lab", "down")
    shown = {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}
    assert [shown[name] for name in names] == ["unknown"] * 2 + ["changed"] * 2
    largest_mb = int(done.stderr.split()[-1])
    assert largest_mb < 300


def bent(value: Any) -> Any:
    """An answer with the canary in each text that the model leaves free."""
    free = {"message", "place", "value", "user", "os_version", "powershell", "edition", "culture", "found", "line"}
    if isinstance(value, dict):
        return {key: CANARY if key in free and isinstance(inner, str) else bent(inner) for key, inner in value.items()}
    return [bent(inner) for inner in value] if isinstance(value, list) else value


def test_hostile_text_in_an_answer_is_text_everywhere(tmp_path: Path) -> None:
    with open_bench(tmp_path) as bench:

        def says(given: bytes) -> Answer:
            found = re.search(rb">>(.*)<<", run_round(bench.machine, given).stdout, re.DOTALL)
            assert found is not None
            content = json.dumps(bent(json.loads(found[1]))).encode()
            nonce = json.loads(given.split(b"\n", 1)[0])["nonce"].encode()
            mark = b"<<iea-fleet:%s:%d:%s>>" % (nonce, len(content), sha256(content).hexdigest().encode())
            return Answer(stdout=mark + content + b"<<iea-fleet:%s:end>>" % nonce)

        bench.engine.says = says
        port = bench.workstation.description.http_port
        (tmp_path / "hosts.yml").write_text(
            "all:\n  vars: {ansible_connection: winrm, ansible_winrm_scheme: http, ansible_winrm_transport: ntlm,"
            f" ansible_user: {USER}, ansible_password: {PASSWORD}, iea_profile: lab}}\n"
            f"  hosts: {{liar: {{ansible_host: 127.0.0.1, ansible_port: {port}}}}}\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "IEA_FLEET_"))}
        done = subprocess.run(
            [sys.executable, "-c", "from iea_fleet.cli import main; main()",
             "push", "--diff", "-i", "hosts.yml", "--output", "out"],
            cwd=tmp_path, env=kept | {"IEA_FLEET_STATE": str(tmp_path / "state")}, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
    assert done.returncode in {0, 1, 4}, done.stderr
    assert not (tmp_path / "X").exists()
    steering = {text for text in done.stdout + done.stderr if unicodedata.category(text) in {"Cc", "Cf", "Co", "Cs"}}
    assert steering == {"\n"}
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "touch X" in json.dumps(document), "the canary never came through, so nothing was proved"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "touch X" in page
    assert "<script" not in page
    table = (tmp_path / "out" / "report.csv").read_text()
    assert not re.search(r'"[=+\-@]', table)
    assert len(table.splitlines()) == 2
