"""Answers made of few words, for situations that are told as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from iea_fleet.diagnosis.connection import wanted_values
from iea_fleet.diagnosis.sheets import Task
from iea_fleet.model.answer import Answer
from iea_fleet.model.desired import DesiredConnection
from iea_fleet.model.finding import Sheet
from iea_fleet.model.profile import Profile
from iea_fleet.model.request import ExpectedHost
from tests.diagnosis.answers import DOCUMENT, HOST

SETTINGS = ("connection_mode", "authentication_url", "update_url")
CERTIFICATE = {
    "subject": "CN=impact-emploi.urssaf.fr",
    "issuer": "CN=Autorité",
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2027-12-31T00:00:00Z",
    "sha256": "c" * 64,
}
PROFILE = {
    "schema": 1,
    "name": "test",
    "about": "For tests.",
    "application": {
        "process": "ImpactEmploi",
        "restart": {"kind": "restart_service", "id": "restart_connection", "name": "IEA"},
    },
    "connection": {
        "mode": {"at": {"store": "ini", "path": "c.ini", "section": "c", "key": "m"}, "secure": "1", "plain": "0"},
        "authentication_url": {"at": {"store": "ini", "path": "c.ini", "section": "c", "key": "a"}},
        "update_url": {"at": {"store": "ini", "path": "c.ini", "section": "c", "key": "u"}},
        "version": {"at": {"store": "ini", "path": "c.ini", "section": "c", "key": "v"}},
        "assistance": {"at": {"store": "ini", "path": "c.ini", "section": "c", "key": "s"}, "on": "oui", "off": "non"},
    },
    "refusals": {"path": "c.log", "authorisation_refused": "refusée", "licence_not_recognised": "non reconnue"},
}
RESTART_PROCESS = {"kind": "restart_process", "id": "restart_program", "name": "ImpactEmploi", "path": "i.exe"}


def make_task(words: Mapping[str, Any]) -> Task:
    """A task; keys `read_only`, `dry_run`, `restart: process`, `computer_name`."""
    profile = dict(PROFILE)
    if words.get("restart") == "process":
        profile["application"] = {"process": "ImpactEmploi", "restart": RESTART_PROCESS}
    return Task(
        sheets=(Sheet.CONNECTION,),
        profile=Profile.model_validate(profile, strict=False),
        connection=DesiredConnection(),
        read_only=words.get("read_only", False),
        dry_run=words.get("dry_run", False),
        expect_host=ExpectedHost(computer_name=words.get("computer_name")),
    )


def make_answer(task: Task, words: Mapping[str, Any]) -> Answer:
    """An answer.

    Keys: `status`, `settings` (name to text, null for absent, a mapping of place fields, or a list of those), `tests`
    (server to `ok` or fields), `log`, `log_state`, `process`, `service`, `written` (what the settings say afterwards,
    default: what was wanted), `verify` (like all of these, afterwards), `after`, `error`, `recovered`, `replayed`,
    `ensure_says` (setting to fields of its change that contradict the rest), `omit` (probe ids that are not answered),
    `release` and fields of `host` (as on the wire).
    """
    wanted = wanted_values(task.profile, task.connection)
    settings: dict[str, Any] = {**wanted, "version": "3.00.42", "assistance": "non", **words.get("settings", {})}
    status = words.get("status", "done")
    dry = task.dry_run or task.read_only
    ensure = [_outcome(name, settings[name], wanted[name]) for name in SETTINGS] if status == "done" else []
    for outcome in ensure:
        for place in outcome["places"]:
            place.update(words.get("ensure_says", {}).get(outcome["id"], {}))
    changed = any(place["changed"] for outcome in ensure for place in outcome["places"])
    written = changed and not dry
    later = {**words, **words.get("verify", {})}
    later["settings"] = {**settings, **(wanted if written else {}), **words.get("verify", {}).get("settings", {})}
    steps = {"restart_connection" if words.get("restart") != "process" else "restart_program": True}
    steps = words.get("after", steps if written else {})
    return Answer.model_validate_json(
        _json(
            {
                **DOCUMENT,
                "status": status,
                "dry_run": dry,
                "replayed": words.get("replayed", False),
                "host": {**HOST, "computer_name": words.get("answers_as", "PC-01"), **words.get("host", {})},
                "recovered": words.get("recovered"),
                "probes": _probes({**words, "settings": settings}),
                "release": words.get("release", []),
                "ensure": [outcome for outcome in ensure if outcome["id"] not in words.get("omit", ())],
                "after": [
                    {"id": name, "ok": told is True, "message": "" if told is True else told, "elapsed_ms": 5}
                    for name, told in steps.items()
                ],
                "verify": _probes(later) if written else [],
                "error": words.get("error"),
            }
        )
    )


@pytest.fixture
def task_of() -> Callable[[Mapping[str, Any]], Task]:
    """See `make_task`."""
    return make_task


@pytest.fixture
def answer_of() -> Callable[[Task, Mapping[str, Any]], Answer]:
    """See `make_answer`."""
    return make_answer


def _json(document: object) -> str:
    return json.dumps(document)


def _places(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [place for one in value for place in _places(one)]
    if isinstance(value, dict):
        return [{"place": "c.ini", **value}]
    state = "absent" if value is None else "present"
    return [{"place": "c.ini", "state": state, "value": value}]


def _outcome(name: str, value: Any, wanted: str) -> dict[str, Any]:
    return {
        "id": name,
        "places": [
            {
                "place": place["place"],
                "state": place["state"],
                "before": place.get("value"),
                "after": wanted,
                "changed": place.get("value") != wanted,
            }
            for place in _places(value)
        ],
    }


def _probes(words: Mapping[str, Any]) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [
        {"kind": "setting", "id": name, "places": _places(value)} for name, value in words["settings"].items()
    ]
    for server in ("authentication", "update"):
        told = words.get("tests", {}).get(server, "ok")
        good: dict[str, Any] = {"ok": True, "layer": "none", "http_status": 200, "certificate": CERTIFICATE}
        one: dict[str, Any] = good if told == "ok" else {"ok": False, **told}
        if one.get("certificate") is not None:
            one = {**one, "certificate": {**CERTIFICATE, **one["certificate"]}}
        facts.append({"kind": "url", "id": f"{server}_test", "elapsed_ms": 40, **one})
    matches = [{"pattern": pattern, "line": line, "count": 1} for pattern, line in words.get("log", {}).items()]
    facts += [
        {"kind": "log", "id": "refusals", "state": words.get("log_state", "present"), "matches": matches},
        {
            "kind": "process",
            "id": "application_process",
            "running": words.get("process", True),
            "count": int(words.get("process", True)),
        },
    ]
    if words.get("restart") != "process":
        facts.append({"kind": "service", "id": "application_service", "state": words.get("service", "running")})
    return [one for one in facts if one["id"] not in words.get("omit", ())]
