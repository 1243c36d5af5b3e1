"""A workstation that could not be mended: looked at, changed, and still refused by the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from iea_fleet.model.answer import Answer
from iea_fleet.model.finding import Finding, Severity, Sheet
from iea_fleet.model.outcome import Outcome, Verdict
from iea_fleet.support.evidence import Case
from tests.diagnosis.answers import DOCUMENT, HOST

PARIS = timezone(timedelta(hours=1), "CET")
WHEN = datetime(2026, 11, 24, 20, 41, 7, tzinfo=PARIS)
HOSTILE = (
    "</script>\x1b[31m\x1b]8;;https://evil.example\x07\x9b2J\u202e\u2066\0\r\nBcc: thief@evil.example\r\n\r\n{{ 7*7 }}"
    "../../etc/passwd\ttab"
)


def finding(code: str, severity: Severity = Severity.ERROR, case: int | None = None, **evidence: str) -> Finding:
    return Finding(code=code, sheet=Sheet.CONNECTION, case=case, severity=severity, evidence=evidence)


def make_answer(**fields: Any) -> Answer:
    """An answer; `version` and `log` (pattern to line) are short for their probes."""
    version, log = fields.pop("version", "3.00.42"), fields.pop("log", {})
    place = {"place": "c.ini", "state": "present" if version else "absent", "value": version}
    probes: list[dict[str, Any]] = [
        {"kind": "setting", "id": "version", "places": [place]},
        {
            "kind": "url",
            "id": "authentication_test",
            "ok": False,
            "layer": "dns",
            "win32_code": 11001,
            "message": "Hôte inconnu.",
            "elapsed_ms": 40,
        },
        {
            "kind": "log",
            "id": "refusals",
            "state": "present",
            "matches": [{"pattern": name, "line": line, "count": 3} for name, line in log.items()],
        },
    ]
    host = {**HOST, "computer_name": "POSTE-12", "time": "2026-11-24T19:41:07Z", **fields.pop("host", {})}
    return Answer.model_validate_json(json.dumps({**DOCUMENT, "host": host, "probes": probes, **fields}))


def make_case(
    host: str = "POSTE-12",
    site: str = "Club d’aviron",
    secrets: tuple[str, ...] = (),
    answer: Mapping[str, Any] | None = None,
    **evidence: str,
) -> Case:
    """A host of two rounds: a look, then a change that did not help; `answer` goes to the second round's."""
    line = evidence.pop("line", "24/11/2026 20:40 Serveur d'authentification / Autorisation refusée")
    refused = finding("connection.authorisation_refused", Severity.ERROR, 3, line=line, count="3", **evidence)
    differs = finding(
        "connection.differs.mode", Severity.WARNING, before="0", after="1", mode_before="plain", mode_after="secure"
    )
    corrected = finding(
        "connection.corrected.mode", Severity.INFO, 1, before="0", after="1", mode_before="plain", mode_after="secure"
    )
    looked = Outcome(
        verdict=Verdict.DRIFT, findings=(differs, refused), answer=make_answer(dry_run=True), transaction="1" * 32
    )
    log = {"authorisation_refused": refused.evidence["line"]}
    after = [
        {"id": "restart_connection", "ok": True, "elapsed_ms": 2400},
        {
            "id": "relaunch",
            "ok": False,
            "exit_code": 3,
            "message": "Autorisation refusée par le serveur",
            "elapsed_ms": 15_020,
        },
    ]
    mended = Outcome(
        verdict=Verdict.DRIFT,
        findings=(refused, corrected),
        answer=make_answer(**{"after": after, "log": log, **(answer or {})}),
        transaction="1" * 32,
    )
    return Case(host, site, WHEN, (looked, mended), secrets)
