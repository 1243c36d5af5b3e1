"""The ledger in each database that can hold one: real SQLite files, a real PostgreSQL."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iea_fleet.ledger.lock import RunLock
from iea_fleet.ledger.records import AskedHost, RunKind, RunState
from iea_fleet.ledger.schema import SCHEMA_VERSION
from iea_fleet.ledger.store import Ledger, NewRun, new_run_id
from iea_fleet.model.errors import HostsBusy, InputError, LocalFailure
from iea_fleet.model.outcome import Outcome, Verdict
from tests.diagnosis.answers import make
from tests.ledger.conftest import Database


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.sqlite'}"


def new(*names: str) -> NewRun:
    return NewRun(RunKind.PUSH, False, "", [AskedHost(host=name, site="lyon") for name in names])


def run_folder(folder: Path) -> Path:
    made = folder / new_run_id()
    made.mkdir()
    return made


def test_every_host_is_pending_before_any_is_asked(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("b", "a"), lock.path)
        hosts = ledger.hosts(run)
        assert [(host.asked.host, host.asked.site, host.outcome) for host in hosts] == [
            ("b", "lyon", None),
            ("a", "lyon", None),
        ]
        assert ledger.run(run).state is RunState.RUNNING


def test_an_outcome_is_there_for_another_process_at_once(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a", "b"), lock.path)
        outcome = Outcome(verdict=Verdict.CHANGED, detail="é\u202e")
        ledger.record(run, {"a": outcome})
        seen = database.open().hosts(run)
    assert seen[0].outcome == outcome
    assert seen[0].answered_ms is not None
    assert seen[1].outcome is None


def test_a_host_is_held_until_the_run_ends(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a", "b"), lock.path)
        other = database.open()
        with pytest.raises(HostsBusy, match=rf"b: run {run} of .*@.* \(process {os.getpid()}\)"):
            other.begin(new_run_id(), new("b", "c"), lock.path)
        other.begin(new_run_id(), new("c"), lock.path)
        ledger.end(run, RunState.DONE)
        other.begin(new_run_id(), new("a", "b"), lock.path)
    assert ledger.run(run).state is RunState.DONE


def test_a_refused_run_leaves_no_trace(tmp_path: Path, database: Database) -> None:
    ledger, refused = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(new_run_id(), new("a"), lock.path)
        with pytest.raises(HostsBusy):
            ledger.begin(refused, new("a", "b"), lock.path)
        assert ledger.hosts(refused) == ()
        assert len(ledger.latest()) == 1
        ledger.begin(new_run_id(), new("b"), lock.path)


def test_the_hosts_of_a_dead_run_are_free_and_it_is_shown_as_interrupted(tmp_path: Path, database: Database) -> None:
    ledger, dead = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(dead, new("a", "b"), lock.path)
        ledger.record(dead, {"a": Outcome(verdict=Verdict.OK)})
    # The lock is free now, as after SIGKILL.
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(new_run_id(), new("a", "b"), lock.path)
    assert ledger.run(dead).state is RunState.INTERRUPTED
    assert ledger.run(dead).ended is not None
    assert not ledger.renew(dead)
    counts = {overview.run.id: overview.counts for overview in ledger.latest()}
    assert counts[dead] == {"ok": 1, "": 1}


def test_a_run_of_another_machine_is_dead_when_its_lease_has_expired(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
        database.execute("UPDATE iea_runs SET machine = 'elsewhere', lock = '/nowhere/lock'")
        with pytest.raises(HostsBusy):
            ledger.begin(new_run_id(), new("a"), lock.path)
        database.execute("UPDATE iea_runs SET renewed_ms = renewed_ms - 121000")
        ledger.begin(new_run_id(), new("a"), lock.path)
    assert ledger.run(run).state is RunState.INTERRUPTED


def test_a_clock_that_jumps_does_not_free_the_hosts_of_a_living_run(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
        database.execute("UPDATE iea_runs SET renewed_ms = 0")
        database.execute("UPDATE iea_leases SET expires_ms = 0")
        with pytest.raises(HostsBusy):
            ledger.begin(new_run_id(), new("a"), lock.path)


def test_a_renewal_prolongs_the_leases(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
        database.execute("UPDATE iea_leases SET expires_ms = 5")
        assert ledger.renew(run)
        ((expires_ms,),) = database.execute("SELECT expires_ms FROM iea_leases")
        assert expires_ms == ledger.run(run).renewed_ms + 120_000


def test_an_outcome_with_other_names_is_another_version_of_the_ledger() -> None:
    """An older release refuses a newer ledger by its version; an outcome that it can't read it would call damaged.

    When this fails, raise SCHEMA_VERSION, and write down the hash beside it.
    """
    schema = Outcome.model_json_schema()
    parts = {"": schema, **schema["$defs"]}
    names = {name: sorted(part.get("properties", part.get("enum", ()))) for name, part in sorted(parts.items())}
    assert (SCHEMA_VERSION, hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]) == (3, "6c65a7b1")


@pytest.mark.parametrize("version", [4, 99])
def test_a_ledger_of_a_newer_release_is_refused_and_not_touched(tmp_path: Path, version: int) -> None:
    Ledger(url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("UPDATE iea_schema SET version = ?", (version,))
        connection.execute("CREATE TABLE of_the_future (a)")
        connection.commit()
    connection.close()
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with pytest.raises(
        LocalFailure, match=rf"newer release wrote this ledger \(version {version}, .* knows 3\)"
    ) as raised:
        Ledger(url(tmp_path))
    assert raised.value.exit_code == 6
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database at all, whatever its name says", b"\x00" * 4096])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(LocalFailure, match="can't be used"):
        Ledger(url(tmp_path))
    assert (tmp_path / "ledger.sqlite").read_bytes() == content


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("CREATE TABLE bookmarks (a)")
    with pytest.raises(LocalFailure, match="is no ledger"):
        Ledger(url(tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        *("", "nonsense", "sqlite://", "sqlite:///:memory:", "oracle9://x", "mysql://u:secret@h/d"),
        # cut at a character of the password, or given where the driver takes it too
        *(f"postgresql+psycopg://u:{password}@127.0.0.1:1/d" for password in ("1@secret", "1/secret", "1?secret")),
        "postgresql+psycopg://u@127.0.0.1:1/d?password=secret",
    ],
)
def test_an_address_that_can_not_be_used_is_refused_without_telling_its_password(address: str) -> None:
    with pytest.raises((InputError, LocalFailure)) as raised:
        Ledger(address)
    assert "secret" not in str(raised.value)


@pytest.mark.skipif(importlib.util.find_spec("pg8000") is not None, reason="the package is installed here")
def test_a_package_that_is_missing_for_a_ledger_is_named() -> None:
    with pytest.raises(InputError) as caught:
        Ledger("postgresql+pg8000://u:secret@h/d")
    assert str(caught.value) == "--ledger: the package pg8000 is not installed. Install it: pip install pg8000"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("iea_outcomes", "outcome", '{"verdict":"splendid"}'),
        ("iea_outcomes", "outcome", "{"),
        ("iea_outcomes", "outcome", '{"verdict":"ok","answer":{"schema":1}}'),
        ("iea_outcomes", "answered_ms", -1),
    ],
)
def test_a_damaged_row_is_named(tmp_path: Path, database: Database, table: str, column: str, value: str | int) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
    database.execute(f"UPDATE {table} SET {column} = :value", value=value)
    with pytest.raises(LocalFailure, match=f"row for run {run}, host a is damaged"):
        ledger.hosts(run)


def test_a_damaged_run_is_named(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
    database.execute("UPDATE iea_runs SET state = 'splendid'")
    with pytest.raises(LocalFailure, match=f"row for run {run} is damaged"):
        ledger.run(run)


def test_a_run_is_found_by_its_beginning_and_only_when_there_is_one(tmp_path: Path, database: Database) -> None:
    ledger = database.open()
    with RunLock(run_folder(tmp_path)) as lock:
        for run in ("20260101T000000-aaaaaa", "20260102T000000-bbbbbb"):
            ledger.begin(run, new(run), lock.path)
    assert ledger.run("20260102").id == "20260102T000000-bbbbbb"
    with pytest.raises(InputError, match="several"):
        ledger.run("2026")
    for nothing in ("2027", "%", "_", "'; --"):
        with pytest.raises(InputError, match="no run"):
            ledger.run(nothing)


def test_thousands_of_hosts_are_taken_and_refused_in_one_piece(tmp_path: Path, database: Database) -> None:
    ledger = database.open()
    names = [f"ws-{number}" for number in range(3000)]
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(new_run_id(), new(*names), lock.path)
        with pytest.raises(HostsBusy, match="ws-2999"):
            ledger.begin(new_run_id(), new("free", "ws-2999"), lock.path)


def test_of_controllers_that_want_the_same_hosts_at_the_same_moment_one_gets_them(
    tmp_path: Path, database: Database
) -> None:
    names = [f"ws-{number}" for number in range(200)]
    together = threading.Barrier(6, timeout=60)

    def begin(position: int) -> str:
        together.wait()
        ledger, run = database.open(), new_run_id()  # the tables are made at the same moment, too
        wanted = names if position % 2 else names[::-1]
        together.wait()
        try:
            ledger.begin(run, new(*wanted), lock.path)
        except HostsBusy:
            return "busy"
        return run

    with RunLock(run_folder(tmp_path)) as lock, ThreadPoolExecutor(6) as controllers:
        told = list(controllers.map(begin, range(6)))
    (winner,) = (run for run in told if run != "busy")
    assert {run for (run,) in database.execute("SELECT run FROM iea_leases")} == {winner}
    assert database.execute("SELECT count(*) FROM iea_leases") == [(200,)]
    assert [overview.run.id for overview in database.open().latest()] == [winner]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_run_goes_on_after_its_server_has_dropped_the_connection(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, new("a"), lock.path)
        dropped = database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'iea-fleet'"
        )
        assert dropped == [(True,)]
        ledger.record(run, {"a": Outcome(verdict=Verdict.OK)})
        assert ledger.renew(run)


def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(LocalFailure) as raised:
        Ledger("postgresql+psycopg://u:secret@127.0.0.1:1/fleet")
    told = str(raised.value)
    assert "postgresql+psycopg://u:***@127.0.0.1:1/fleet: the ledger can't be used" in told
    assert "secret" not in told


def test_only_its_owner_can_read_the_ledger(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        ledger = Ledger(url(tmp_path))
        with RunLock(run_folder(tmp_path)) as lock:
            ledger.begin(new_run_id(), new("a"), lock.path)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("ledger*")}
    finally:
        os.umask(before)
    assert modes == {"ledger.sqlite": 0o600, "ledger.sqlite-wal": 0o600, "ledger.sqlite-shm": 0o600}


def test_every_round_of_a_run_is_kept_the_newest_first_and_the_last_is_what_became_of_the_host(
    tmp_path: Path, database: Database
) -> None:
    ledger = database.open()
    verdicts = (Verdict.DRIFT, Verdict.CHANGED, Verdict.OK)
    for first in (0, 10):
        run = f"2026112{first // 10}T120000-abcdef"
        with RunLock(run_folder(tmp_path)) as lock:
            ledger.begin(run, NewRun(RunKind.FIX, False, "a", [AskedHost(host="a")]), lock.path)
            for number, verdict in enumerate(verdicts):
                ledger.record_round(run, "a", Outcome(verdict=verdict, elapsed_ms=first + number))
            ledger.end(run, RunState.DONE)
        (record,) = ledger.hosts(run)
        assert record.outcome is not None
        assert (record.outcome.verdict, ledger.run(run).kind) == (Verdict.OK, RunKind.FIX)
    assert [outcome.elapsed_ms for outcome in ledger.rounds("a")] == [12, 11, 10, 2, 1, 0]
    assert [outcome.elapsed_ms for outcome in ledger.rounds("a", limit=1)] == [12]
    assert ledger.rounds("b") == ()


def test_a_damaged_round_is_told_with_its_host(tmp_path: Path, database: Database) -> None:
    ledger, run = database.open(), new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger.begin(run, NewRun(RunKind.FIX, False, "a", [AskedHost(host="a")]), lock.path)
        ledger.record_round(run, "a", Outcome(verdict=Verdict.OK))
    database.execute("UPDATE iea_rounds SET outcome = '{'")
    with pytest.raises(LocalFailure, match="the rounds with a is damaged"):
        ledger.rounds("a")


def test_a_ledger_of_an_older_release_keeps_its_runs_and_learns_of_rounds(tmp_path: Path, database: Database) -> None:
    run = new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        older = database.open()
        older.begin(run, new("a"), lock.path)
        older.record(run, {"a": Outcome(verdict=Verdict.OK)})
        older.end(run, RunState.DONE)
        older.close()
    database.execute("DROP TABLE iea_rounds")
    database.execute("UPDATE iea_schema SET version = 1")
    for _ in range(2):
        ledger = database.open()
        assert [overview.run.id for overview in ledger.latest()] == [run]
        assert ledger.rounds("a") == ()
        ledger.close()
    assert database.execute("SELECT version FROM iea_schema") == [(3,)]


def test_an_outcome_of_before_answers_told_steps_and_releases_is_still_read(tmp_path: Path, database: Database) -> None:
    told = make([]).model_dump(mode="json", by_alias=True)
    del told["act"], told["release"], told["host"]["utc_offset_min"], told["host"]["elevated"]
    run = new_run_id()
    with RunLock(run_folder(tmp_path)) as lock:
        ledger = database.open()
        ledger.begin(run, new("a"), lock.path)
        ledger.record(run, {"a": Outcome(verdict=Verdict.OK)})
        outcome = {"schema": 1, "verdict": "ok", "answer": told}
        database.execute("UPDATE iea_outcomes SET outcome = :outcome", outcome=json.dumps(outcome))
        read = ledger.hosts(run)[0].outcome
        ledger.close()
    assert read is not None
    assert read.answer is not None
    assert (read.answer.act, read.answer.release, read.answer.host.utc_offset_min) == ((), (), 0)
    assert read.answer.host.elevated is None


def test_a_report_is_compared_with_the_last_one_of_the_same_hosts_that_ended_well(
    tmp_path: Path, database: Database
) -> None:
    ledger = database.open()
    ends = [
        ("a", RunKind.REPORT, "", RunState.DONE),
        ("b", RunKind.REPORT, "", RunState.DONE),
        ("a", RunKind.REPORT, "lyon", RunState.DONE),
        ("a", RunKind.PUSH, "", RunState.DONE),
        ("a", RunKind.REPORT, "", RunState.STOPPED),
        ("a", RunKind.REPORT, "", RunState.RUNNING),
    ]
    ids = [f"20261125T00000{number}-{number:06x}" for number in range(len(ends))]
    with RunLock(run_folder(tmp_path)) as lock:
        for run, (host, kind, pattern, state) in zip(ids, ends, strict=True):
            ledger.begin(run, NewRun(kind, False, pattern, [AskedHost(host=host)]), lock.path)
            if state is not RunState.RUNNING:
                ledger.end(run, state)
        before = ledger.report_before(ledger.run(ids[-1]))
        assert before is not None
        assert before.id == ids[0]
        assert ledger.report_before(before) is None
