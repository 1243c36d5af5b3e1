"""What runs do with the ledger: begin with every host written down, record answers, hold leases, end, look back."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from iea_fleet.ledger.lock import is_held
from iea_fleet.ledger.records import AskedHost, HostRecord, RunKind, RunOverview, RunRecord, RunState
from iea_fleet.ledger.schema import database_named_for_user, leases, open_ledger, outcomes, rounds, runs
from iea_fleet.model.errors import HostsBusy, InputError, LocalFailure
from iea_fleet.model.outcome import Outcome
from iea_fleet.model.phrase import Phrase, first_and_others

LEASE_MS = 120_000
"""How long a lease outlives its last renewal, for holders on other machines; on this one, the lock file tells."""

_MACHINE_ID = Path("/etc/machine-id")

_CHUNK = 500
"""Host names in one statement: below the limit of variables of any database."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is known of a run before it begins."""

    kind: RunKind
    dry_run: bool
    pattern: str
    hosts: Sequence[AskedHost]


def new_run_id() -> str:
    """A fresh `RunId`."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


class Ledger:
    """An open ledger. Every method raises `LocalFailure` when the database can't be read or written."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_ledger(url)
        self._where = self._engine.url.database or self._engine.url.render_as_string()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def begin(self, run: str, new: NewRun, lock: Path) -> None:
        """Write down the run with every host as pending, and take the leases: all of it or nothing.

        Args:
            run: a fresh id.
            new: the run; host names must differ.
            lock: the run's lock file, held by this process.
        Raises: HostsBusy when a run that is under way holds one of the hosts.
        """
        with database_named_for_user(self._where):
            try:
                self._begin(run, new, lock)
            except IntegrityError:
                # On a server another machine can be quicker between our look and our insert: now we see its leases, or
                # it has ended already. A file lets one in at a time.
                self._begin(run, new, lock)

    def _begin(self, run: str, new: NewRun, lock: Path) -> None:
        now = _now_ms()
        with self._engine.begin() as connection:
            self._release_dead(connection, now)
            self._refuse_held(connection, [asked.host for asked in new.hosts])
            connection.execute(insert(runs).values(**_run_row(run, new, lock, now)))
            rows = [{"run": run, "position": i, **asked.model_dump()} for i, asked in enumerate(new.hosts)]
            connection.execute(insert(outcomes), rows)
            # In one order in every run: two that want the same hosts wait for each other, and not in a circle.
            names = sorted(asked.host for asked in new.hosts)
            held = [{"host": host, "run": run, "expires_ms": now + LEASE_MS} for host in names]
            connection.execute(insert(leases), held)

    def record(self, run: str, found: Mapping[str, Outcome]) -> None:
        """Write what became of hosts, by name, as soon as it is known; a later outcome of a run replaces an earlier."""
        now = _now_ms()
        with database_named_for_user(self._where), self._engine.begin() as connection:
            for host, outcome in found.items():
                connection.execute(
                    update(outcomes)
                    .where(outcomes.c.run == run, outcomes.c.host == host)
                    .values(outcome=outcome.model_dump_json(by_alias=True), answered_ms=now)
                )

    def record_round(self, run: str, host: str, outcome: Outcome) -> None:
        """Write down one round of several with a host: it is kept beside the earlier ones, and is what became of it."""
        now, told = _now_ms(), outcome.model_dump_json(by_alias=True)
        of_host = (rounds.c.run == run, rounds.c.host == host)
        with database_named_for_user(self._where), self._engine.begin() as connection:
            number = connection.execute(select(func.count()).select_from(rounds).where(*of_host)).scalar_one() + 1
            row = {"run": run, "host": host, "number": number, "outcome": told, "answered_ms": now}
            connection.execute(insert(rounds).values(**row))
            connection.execute(
                update(outcomes)
                .where(outcomes.c.run == run, outcomes.c.host == host)
                .values(outcome=told, answered_ms=now)
            )

    def rounds(self, host: str, limit: int = 100) -> tuple[Outcome, ...]:
        """The rounds with a host that runs of several rounds have had, the newest first."""
        query = (
            select(rounds.c.run, rounds.c.outcome)
            .where(rounds.c.host == host)
            .order_by(rounds.c.run.desc(), rounds.c.number.desc())
            .limit(limit)
        )
        with database_named_for_user(self._where), self._engine.begin() as connection:
            found = connection.execute(query).all()
        try:
            return tuple(Outcome.model_validate_json(row.outcome) for row in found)
        except ValidationError as error:
            raise self._damaged(Phrase("the rounds with {host}", host=host)) from error

    def renew(self, run: str) -> bool:
        """Prolong a run's leases; `False` when it holds none any more, because it was taken for dead."""
        now = _now_ms()
        with database_named_for_user(self._where), self._engine.begin() as connection:
            renewed = connection.execute(update(leases).where(leases.c.run == run).values(expires_ms=now + LEASE_MS))
            connection.execute(update(runs).where(runs.c.id == run).values(renewed_ms=now))
            return renewed.rowcount > 0

    def end(self, run: str, state: RunState, reason: str = "") -> None:
        """Close a run and give its hosts free."""
        with database_named_for_user(self._where), self._engine.begin() as connection:
            connection.execute(delete(leases).where(leases.c.run == run))
            connection.execute(
                update(runs).where(runs.c.id == run).values(state=state.value, reason=reason, ended_ms=_now_ms())
            )

    def release_dead(self) -> None:
        """Mark runs whose process is gone as interrupted, and give their hosts free."""
        with database_named_for_user(self._where), self._engine.begin() as connection:
            self._release_dead(connection, _now_ms())

    def latest(self, limit: int = 20) -> tuple[RunOverview, ...]:
        """The newest runs first."""
        with database_named_for_user(self._where), self._engine.begin() as connection:
            found = connection.execute(select(runs).order_by(runs.c.id.desc()).limit(limit)).mappings().all()
            return tuple(self._overview(connection, self._run(row)) for row in found)

    def run(self, run: str) -> RunRecord:
        """One run, by its id or an unmistakable beginning of it. Raises: InputError for none or several."""
        query = select(runs).where(runs.c.id.startswith(run, autoescape=True)).limit(2)
        with database_named_for_user(self._where), self._engine.begin() as connection:
            # No id has other characters, and the database would refuse some of them.
            found = connection.execute(query).mappings().all() if run.isascii() else []
        if len(found) != 1:
            what = "no run of this ledger has this id" if not found else "several runs begin with this"
            raise InputError(Phrase("run '{run}'", run=run[:60]), what, "See iea-fleet runs list")
        return self._run(found[0])

    def hosts(self, run: str) -> tuple[HostRecord, ...]:
        """Every host of a run, in the order in which it was asked for."""
        query = select(outcomes).where(outcomes.c.run == run).order_by(outcomes.c.position)
        with database_named_for_user(self._where), self._engine.begin() as connection:
            found = connection.execute(query).mappings().all()
        return tuple(self._host(row) for row in found)

    def last_of_all(self) -> tuple[HostRecord, ...]:
        """The hosts of the newest report of a whole inventory; none when there was none."""
        query = (
            select(runs.c.id)
            .where(runs.c.pattern == "", runs.c.kind == RunKind.REPORT.value, runs.c.state == RunState.DONE.value)
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        with database_named_for_user(self._where), self._engine.begin() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return () if found is None else self.hosts(found)

    def report_before(self, record: RunRecord) -> RunRecord | None:
        """The last report of the same part of the inventory that began before a run and ended well; `None`: none.

        Of another inventory it would have no host in common with the run.
        """
        hosts = select(outcomes.c.host).where(outcomes.c.run == record.id)
        query = (
            select(runs)
            .where(
                runs.c.kind == RunKind.REPORT.value,
                runs.c.state == RunState.DONE.value,
                runs.c.pattern == record.pattern,
                runs.c.id < record.id,
                select(outcomes.c.run).where(outcomes.c.run == runs.c.id, outcomes.c.host.in_(hosts)).exists(),
            )
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        with database_named_for_user(self._where), self._engine.begin() as connection:
            found = connection.execute(query).mappings().one_or_none()
        return None if found is None else self._run(found)

    def _release_dead(self, connection: Connection, now: int) -> None:
        under_way = connection.execute(select(runs).where(runs.c.state == RunState.RUNNING.value)).mappings().all()
        for record in map(self._run, under_way):
            if not _is_dead(record, now):
                continue
            # On a server it may have renewed its leases, or ended, since we looked.
            marked = connection.execute(
                update(runs)
                .where(runs.c.id == record.id)
                .where(runs.c.state == record.state.value, runs.c.renewed_ms == record.renewed_ms)
                .values(state=RunState.INTERRUPTED.value, reason="its process ended", ended_ms=record.renewed_ms)
            )
            if marked.rowcount:
                connection.execute(delete(leases).where(leases.c.run == record.id))

    def _refuse_held(self, connection: Connection, hosts: Sequence[str]) -> None:
        held: dict[str, list[str]] = {}
        for begin in range(0, len(hosts), _CHUNK):
            query = select(leases).where(leases.c.host.in_(hosts[begin : begin + _CHUNK]))
            for row in connection.execute(query):
                held.setdefault(row.run, []).append(row.host)
        if not held:
            return
        run, names = next(iter(held.items()))
        record = self._run(connection.execute(select(runs).where(runs.c.id == run)).mappings().one())
        raise HostsBusy(
            first_and_others(names),
            "run {run} of {holder} (process {pid}) is at work there",
            "Wait until it has ended, or leave these hosts out with --limit",
            run=run,
            holder=record.holder,
            pid=record.pid,
        )

    def _overview(self, connection: Connection, record: RunRecord) -> RunOverview:
        query = select(outcomes).where(outcomes.c.run == record.id)
        counts = Counter(self._verdict(self._host(row)) for row in connection.execute(query).mappings())
        return RunOverview(run=record, counts=dict(counts))

    @staticmethod
    def _verdict(host: HostRecord) -> str:
        return host.outcome.verdict.value if host.outcome else ""

    def _run(self, row: RowMapping) -> RunRecord:
        values = dict(row)
        try:
            values.update(kind=RunKind(values["kind"]), state=RunState(values["state"]))
            return RunRecord.model_validate(values)
        except (ValidationError, ValueError) as error:
            raise self._damaged(Phrase("run {run}", run=values.get("id"))) from error

    def _host(self, row: RowMapping) -> HostRecord:
        try:
            told = row["outcome"]
            return HostRecord(
                asked=AskedHost(host=row["host"], site=row["site"], address=row["address"]),
                outcome=None if told is None else Outcome.model_validate_json(told),
                answered_ms=row["answered_ms"],
            )
        except ValidationError as error:
            raise self._damaged(Phrase("run {run}, host {host}", run=row["run"], host=row["host"])) from error

    def _damaged(self, what: Phrase) -> LocalFailure:
        return LocalFailure(
            self._where,
            "the ledger's row for {what} is damaged",
            "Name another ledger with --ledger and keep this one",
            what=what,
        )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _run_row(run: str, new: NewRun, lock: Path, now: int) -> dict[str, object]:
    return {
        "id": run,
        "kind": new.kind.value,
        "state": RunState.RUNNING.value,
        "reason": "",
        "dry_run": new.dry_run,
        "pattern": new.pattern,
        "started_ms": now,
        "renewed_ms": now,
        "ended_ms": None,
        "holder": f"{getpass.getuser()}@{socket.gethostname()}",
        "machine": _machine(),
        "pid": os.getpid(),
        "lock": str(lock),
    }


def _machine() -> str:
    """What this machine is called in the ledger. Containers and copies can share a name: systemd's id is added."""
    try:
        return f"{socket.gethostname()} {_MACHINE_ID.read_text(encoding='ascii').strip()[:32]}"
    except (OSError, ValueError):
        return socket.gethostname()


def _is_dead(record: RunRecord, now: int) -> bool:
    """Whether a run's process is gone: by its lock on this machine, whatever the clock says, else by its lease."""
    if record.machine == _machine():
        return not is_held(Path(record.lock))
    return now > record.renewed_ms + LEASE_MS
