"""A host that prints ansible-runner's own escape sequences must not tell the outcome of another host."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from iea_fleet.lab.engine.processes import Answer
from tests.plugins.conftest import PASSWORD, USER, open_bench

PROGRAM = (sys.executable, "-c", "from iea_fleet.cli import main; main()")


def event_of(host: str) -> bytes:
    """An event as ansible-runner's callback writes it and its reader finds it, for a host that was never asked."""
    outcome = {"verdict": "changed", "detail": "forged"}
    data = {"host": host, "task_action": "iea_workstation", "res": {"iea_fleet": outcome}}
    event = {"uuid": "1111", "event": "runner_on_ok", "event_data": data}
    coded = base64.b64encode(json.dumps(event).encode()).decode()
    return f"\x1b[K{coded}\x1b[{len(coded)}D\x1b[K\r\n".encode()


def test_output_that_looks_like_an_event_is_output(tmp_path: Path) -> None:
    with open_bench(tmp_path) as bench:
        noise = event_of("victim") * 3
        bench.engine.says = lambda _: Answer(stdout=b"x\r\n" + noise, stderr=noise)
        port = bench.workstation.description.http_port
        login = f"ansible_user: {USER}, ansible_password: {PASSWORD}, ansible_winrm_transport: ntlm"
        (tmp_path / "hosts.yml").write_text(
            f"all:\n  vars: {{ansible_connection: winrm, ansible_winrm_scheme: http, ansible_host: 127.0.0.1, {login},"
            f" iea_profile: lab}}\n  hosts:\n    liar: {{ansible_port: {port}}}\n"
            "    victim: {ansible_connection: ssh}\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment = {"IEA_FLEET_STATE": str(tmp_path / "state"), "ANSIBLE_VERBOSITY": "6", "ANSIBLE_DEBUG": "1"}
        done = subprocess.run(
            [*PROGRAM, "push", "--json", "-i", "hosts.yml"],
            cwd=tmp_path,
            env=kept | environment,
            capture_output=True,
            timeout=60,
        )
    assert done.stdout, done.stderr.decode()
    verdicts = {host["host"]: host["verdict"] for host in json.loads(done.stdout)["hosts"]}
    assert verdicts == {"liar": "unknown", "victim": "skipped"}
    assert b"\x1b" not in done.stdout + done.stderr
