"""An action that needs no host: it plays the part that the host's variable `stub` names, and notes that it was run."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from iea_fleet.ledger.gate import note_logon, reason_to_skip

OUTCOMES: dict[str, dict[str, Any]] = {
    "ok": {"verdict": "ok"},
    "changed": {"verdict": "changed"},
    "drift": {"verdict": "drift"},
    "unreachable": {
        "verdict": "unreachable",
        "findings": [
            {
                "code": "transport.silent",
                "sheet": "transport",
                "severity": "error",
                "evidence": {"retry": "wave"},
            }
        ],
    },
    "malformed": {"verdict": "splendid", "ansible_facts": {"x": 1}},
    "huge": {"verdict": "ok", "detail": "x" * 5_000_000},
}
ANSWER = {
    "schema": 1,
    "transaction": "0" * 32,
    "status": "done",
    "dry_run": False,
    "replayed": False,
    "host": {
        "computer_name": "WS",
        "machine_id": "",
        "user": "u",
        "os_version": "10",
        "powershell": "5.1",
        "edition": "Desktop",
        "culture": "fr-FR",
        "time": "2026-01-01T00:00:00Z",
        "boot_time": None,
        "utc_offset_min": 60,
    },
    "recovered": None,
    "probes": [],
    "require": [],
    "act": [],
    "ensure": [],
    "release": [],
    "after": [],
    "verify": [],
    "error": None,
    "elapsed_ms": 1,
}


def stopped(reason: str) -> dict[str, Any]:
    """The outcome of a host behind a shut gate, as the real action gives it."""
    finding = {"code": "run.stopped", "sheet": "transport", "severity": "warning", "evidence": {"reason": reason}}
    return {"verdict": "skipped", "findings": [finding]}


def refused(account: str) -> dict[str, Any]:
    """The outcome of a host that does not accept the password."""
    finding = {
        "code": "transport.logon_refused",
        "sheet": "transport",
        "severity": "error",
        "evidence": {"account": account},
    }
    return {"verdict": "refused", "findings": [finding]}


def look_around() -> dict[str, Any]:
    """Where a canary of the test lies in the clear now: files of the run, command lines."""
    state = Path(os.environ["STUB_FOLDER"]).parent / "state"
    places = [path for path in state.rglob("*") if path.is_file()]
    places += [path for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.stat().st_uid == os.getuid()]
    found = []
    for place in places:
        try:
            content = place.read_bytes()
        except OSError:
            continue
        if b"canary" in content and b"canary" not in str(place).encode():
            found.append(str(place))
    return {"environment": os.environ.get("MY_ENVIRONMENT_CANARY"), "found": found}


def fill_disk(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 65536):
                pass
        except OSError:
            return


class ActionModule(ActionBase):  # type: ignore[misc]
    """Plays its part."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result that the part asks for."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        host = variables["inventory_hostname"]
        reason = reason_to_skip(str(variables.get("ansible_user", "")))
        if reason is not None:
            return {"skipped": True, "msg": reason, "iea_fleet": stopped(reason)}
        if folder := os.environ.get("STUB_FOLDER"):
            with (Path(folder) / host).open("a") as asked:
                asked.write("asked\n")
        part = self._task.args["play"]
        if part == "slow":
            # Ends when the test says so.
            while not (Path(os.environ["STUB_FOLDER"]) / "go").exists():
                time.sleep(0.05)
            part = "ok"
        if part == "then_ok":
            lines = (Path(os.environ["STUB_FOLDER"]) / host).read_text().splitlines()
            part = "unreachable" if len(lines) == 1 else "ok"
        if part == "peek":
            (Path(os.environ["STUB_FOLDER"]) / "seen.json").write_text(json.dumps(look_around()))
            part = "ok"
        if part == "fill":
            fill_disk(Path(os.environ["IEA_FLEET_GATE"]).parent / "filler")
            part = "ok"
        if part == "no_outcome":
            return {"failed": True, "msg": "it fell over"}
        if part == "raises":
            raise RuntimeError("a surprise")
        if part == "dies":
            os._exit(3)
        if part in {"ok", "changed", "refused"}:
            note_logon(str(variables.get("ansible_user", "")), refused=part == "refused")
        if part == "refused":
            return {"failed": True, "msg": part, "iea_fleet": refused(str(variables.get("ansible_user", "")))}
        outcome = OUTCOMES[part]
        if outcome.get("verdict") in ("ok", "changed", "drift") and part != "huge":
            outcome = {**outcome, "answer": ANSWER}
        return {"changed": part == "changed", "iea_fleet": outcome}
