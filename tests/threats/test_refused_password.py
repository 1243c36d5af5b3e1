"""A workstation that refuses every password of the day, and says back in one round what it was given in another."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM
from tests.plugins.conftest import PASSWORD, USER, open_bench
from tests.threats.test_hostile_fix import answering, liar

TYPED = [f"canary-{number}" for number in range(5)]


def refusing(given: list[str]) -> Any:
    """An answer that is in assistance mode for good, with all passwords so far wherever a person reads."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        acts = [act for act in request["act"] if act["id"] == "assistance_off"]
        given.extend(act["standard_input"] for act in acts)
        said = " ".join(given)
        told = liar(request)
        told["host"]["user"] = said
        for probe in told["probes"]:
            if probe["kind"] == "setting":
                probe["places"][0].update(value="oui" if probe["id"] == "assistance" else said, message=said)
        if acts:
            refused = {"id": "assistance_off", "elapsed_ms": 1, "ok": False, "exit_code": 1, "win32_code": 0}
            error = {"step": "act", "id": "assistance_off", "win32_code": 0, "message": said, "undone": True}
            told |= {"status": "failed", "act": [refused | {"message": said}], "error": error}
            told |= {"ensure": [], "release": [], "after": []}
        return told

    return answer


def on_terminal(folder: Path, **environment: str) -> str:
    """Fix on a terminal, where every password that is asked for is typed; gives what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "IEA_FLEET_"))}
        own = {"IEA_FLEET_STATE": str(folder / "state"), "LANG": "C.UTF-8", **environment}
        os.chdir(folder)
        command = [*PROGRAM, "fix", "liar", "--yes", "--case", "assistance", "-i", "hosts.yml"]
        os.execve(sys.executable, command, kept | own)
    shown, seen, answers, until = b"", 0, iter(TYPED), time.monotonic() + 90
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
        if shown[seen:].rstrip().endswith(b"leave assistance mode as it is):"):
            seen = len(shown)
            os.write(terminal, next(answers).encode() + b"\n")
    os.waitpid(child, 0)
    os.close(terminal)
    return shown.decode()


@pytest.mark.parametrize("first", ["", "canary-environment"])
def test_three_passwords_are_given_at_most_and_none_is_kept_or_shown(tmp_path: Path, first: str) -> None:
    given: list[str] = []
    with open_bench(tmp_path) as bench:
        bench.engine.says = answering(refusing(given), [])
        (tmp_path / "hosts.yml").write_text(
            "all:\n  vars: {ansible_connection: winrm, ansible_winrm_scheme: http, ansible_winrm_transport: ntlm,"
            f" ansible_user: {USER}, ansible_password: {PASSWORD}, iea_profile: lab}}\n  hosts: {{liar: "
            f"{{ansible_host: 127.0.0.1, ansible_port: {bench.workstation.description.http_port}}}}}\n"
        )
        shown = on_terminal(tmp_path, IEA_FLEET_ASSISTANCE_PASSWORD=first)
    assert given == [*filter(None, [first]), *TYPED][:3]
    assert "It says: ****" in shown
    assert "canary" not in shown
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if b"canary" in path.read_bytes()] == []
