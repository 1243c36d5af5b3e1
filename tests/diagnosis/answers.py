"""Answers made of few facts, for what the lab can't play; and one strategy for any answer that the types allow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from iea_fleet.diagnosis.sheets import Task, build_request
from iea_fleet.model.answer import Answer, Layer, PlaceState, ShareLayer, Status, Step
from iea_fleet.model.request import AsWhom, Request

SERVER = r"\\SRV\Base"
HOST: Mapping[str, Any] = {
    "computer_name": "PC-01",
    "machine_id": "m-1",
    "user": "SYSTEM",
    "os_version": "10.0.19045",
    "powershell": "5.1",
    "edition": "Desktop",
    "culture": "fr-FR",
    "time": "2026-11-24T21:00:00Z",
    "boot_time": None,
    "utc_offset_min": 60,
}
DOCUMENT: Mapping[str, Any] = {
    "schema": 1,
    "transaction": "1" * 32,
    "status": "done",
    "dry_run": False,
    "replayed": False,
    "host": HOST,
    "recovered": None,
    "probes": [],
    "require": [],
    "act": [],
    "ensure": [],
    "release": [],
    "after": [],
    "verify": [],
    "error": None,
    "elapsed_ms": 900,
}
"""An answer of a workstation that was asked nothing."""


def share(whom: str = "logon", code: int = 0, layer: str = "share", **more: Any) -> dict[str, Any]:
    """Facts of one look at the share; reached when neither code nor layer say otherwise."""
    reached = code == 0 and layer == "share"
    facts: dict[str, Any] = {
        "kind": "share",
        "id": f"share_{whom}",
        "ok": reached,
        "layer": "none" if reached else layer,
        "as_whom": whom,
        "account": f"CLUB\\{whom}",
        "path": SERVER,
        "server": "SRV",
        "win32_code": code,
        "message": "" if reached else "Le chemin réseau n'a pas été trouvé.",
        "elapsed_ms": 12,
    }
    return {**facts, **more}


def records(name: str, rows: Iterable[Mapping[str, str]] = (), **more: Any) -> dict[str, Any]:
    """Facts of one list."""
    listed = [dict(row) for row in rows]
    facts = {"kind": "records", "id": name, "place": f"{SERVER}\\{name}.csv", "state": "present", "records": listed}
    return {**facts, "total": len(listed), **more}


def binding(licence: str, workstation: str, bound: str = "12/03/2024 09:30:00") -> dict[str, str]:
    """One row of the licences."""
    return {"licence": licence, "workstation": workstation, "bound": bound}


def session(user: str, workstation: str, since: str = "24/11/2026 08:00:00") -> dict[str, str]:
    """One row of the sessions."""
    return {"user": user, "workstation": workstation, "since": since}


def setting(name: str, *values: str | None, state: str | None = None) -> dict[str, Any]:
    """Facts of a setting, a place for each value."""
    places = [
        {"place": f"c{number}.ini", "state": state or ("absent" if value is None else "present"), "value": value}
        for number, value in enumerate(values)
    ]
    return {"kind": "setting", "id": name, "places": places}


def process(running: bool) -> dict[str, Any]:
    """Whether the application runs."""
    return {"kind": "process", "id": "application_process", "running": running, "count": int(running)}


def work(name: str, *, ok: bool = True, **more: Any) -> dict[str, Any]:
    """What became of one step."""
    return {"id": name, "ok": ok, "elapsed_ms": 5, **more}


def make(
    probes: Iterable[Mapping[str, Any]],
    verify: Iterable[Mapping[str, Any]] = (),
    *,
    computer: str = "PC-01",
    offset_min: int = 60,
    time: str = "2026-11-24T21:00:00Z",
    dry_run: bool = False,
    elevated: bool | None = None,
    **parts: Any,
) -> Answer:
    """An answer of these facts; `parts` are further parts of it."""
    host = {**HOST, "computer_name": computer, "time": time, "utc_offset_min": offset_min, "elevated": elevated}
    facts = {"dry_run": dry_run, "host": host, "probes": list(probes), "verify": list(verify)}
    return Answer.model_validate_json(json.dumps({**DOCUMENT, **facts, **parts}))


_TEXT = st.text(max_size=12) | st.sampled_from(
    ["oui", "non", "connecté", "refusé", "PC-01", "IEA-1", "\ud7ff", "31/02/2026"]
)
_STATES = [state.value for state in PlaceState]
_CODE = st.sampled_from([0, 2, 3, 5, 32, 53, 64, 67, 86, 1219, 1223, 1326, 2250, 10060, 11001, 0xFFFFFFFF])


def any_answer(task: Task) -> st.SearchStrategy[Answer]:
    """Any answer to a task that the types accept, its parts in any state and in any combination."""
    request = build_request(task, transaction="1" * 32, nonce="2" * 32)
    probes = st.lists(st.one_of([_facts(probe.kind, probe.id) for probe in request.probe]), max_size=24)
    steps = [step.id for step in (*request.act, *request.after)] or ["none"]
    done = st.lists(
        st.builds(
            lambda name, ok, code, exit_code, message: work(
                name, ok=ok, win32_code=code, exit_code=exit_code, message=message
            ),
            st.sampled_from(steps),
            st.booleans(),
            _CODE,
            st.none() | st.integers(0, 9),
            _TEXT,
        ),
        max_size=6,
    )
    return st.builds(
        lambda first, then, act, after, release, ensure, status, error, dry, time, offset: make(
            first,
            then,
            act=act,
            after=after,
            release=release,
            ensure=ensure,
            status=status.value,
            error=error,
            dry_run=dry,
            time=time,
            offset_min=offset,
        ),
        probes,
        probes,
        done,
        done,
        _releases(request),
        _ensures(request),
        st.sampled_from(Status),
        st.none()
        | st.builds(
            lambda step, name: {"step": step.value, "id": name, "message": "m"},
            st.sampled_from(Step),
            st.sampled_from(steps),
        ),
        st.booleans(),
        st.sampled_from(
            ["2026-11-24T21:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-06-31T10:00:00Z"]
        ),
        st.sampled_from([0, 60, -1440, 1440]),
    )


def _releases(request: Request) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.dictionaries(st.sampled_from(["licence", "workstation", "user", "since", "bound"]), _TEXT, max_size=5)
    change = st.builds(lambda before, after: {"before": before, "after": after}, row, st.none() | row)
    names = [one.id for one in request.release] or ["none"]
    one = st.builds(
        lambda name, due, changes: {"id": name, "place": "p", "due": due, "records": changes},
        st.sampled_from(names),
        st.booleans(),
        st.lists(change, max_size=3),
    )
    return st.lists(one, max_size=4)


def _ensures(request: Request) -> st.SearchStrategy[list[dict[str, Any]]]:
    place = st.builds(
        lambda state, before, after, changed: {
            "place": "p", "state": state.value, "before": before, "after": after, "changed": changed
        },
        st.sampled_from(PlaceState), st.none() | _TEXT, st.none() | _TEXT, st.booleans(),
    )  # fmt: skip
    names = [one.id for one in request.ensure] or ["none"]
    one = st.builds(
        lambda name, places: {"id": name, "places": places}, st.sampled_from(names), st.lists(place, max_size=3)
    )
    return st.lists(one, max_size=5)


def _facts(kind: str, name: str) -> st.SearchStrategy[dict[str, Any]]:
    same = {"kind": st.just(kind), "id": st.just(name)}
    row = st.dictionaries(st.sampled_from(["licence", "workstation", "user", "since", "bound"]), _TEXT, max_size=5)
    by_kind: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "setting": {
            "places": st.lists(
                st.fixed_dictionaries(
                    {"place": _TEXT, "state": st.sampled_from(_STATES), "value": st.none() | _TEXT}
                ),
                max_size=3,
            )
        },
        "url": {
            "ok": st.booleans(), "layer": st.sampled_from([layer.value for layer in Layer]), "win32_code": _CODE,
            "elapsed_ms": st.just(1),
        },
        "process": {"running": st.booleans(), "count": st.integers(0, 3)},
        "service": {"state": st.sampled_from(["running", "stopped", "paused", "pending", "absent", "unsupported"])},
        "log": {
            "state": st.sampled_from(["present", "file_missing", "unreadable"]),
            "matches": st.lists(
                st.fixed_dictionaries(
                    {"pattern": st.sampled_from(["licence_twice", "authorisation_refused"]), "line": _TEXT,
                     "count": st.integers(1, 3)}
                ),
                max_size=2,
            ),
        },
        "share": {
            "ok": st.booleans(), "layer": st.sampled_from([layer.value for layer in ShareLayer]),
            "as_whom": st.sampled_from([whom.value for whom in AsWhom]), "account": _TEXT, "path": _TEXT,
            "server": _TEXT, "drive": _TEXT, "drive_path": _TEXT, "win32_code": _CODE, "message": _TEXT,
            "elapsed_ms": st.just(1),
        },
        "records": {
            "place": _TEXT, "state": st.sampled_from(_STATES), "records": st.lists(row, max_size=5),
            "total": st.integers(0, 300), "win32_code": _CODE,
        },
        "people": {"state": st.sampled_from(["present", "unsupported"]), "people": st.lists(_TEXT, max_size=2)},
    }  # fmt: skip
    return st.fixed_dictionaries({**same, **by_kind[kind]})
