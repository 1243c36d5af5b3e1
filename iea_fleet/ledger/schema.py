"""The tables of the ledger, and how a ledger is opened: made when new, refused when a newer release wrote it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from iea_fleet.model.errors import InputError, LocalFailure
from iea_fleet.model.phrase import Phrase, system_said

SCHEMA_VERSION = 3
"""The version of the tables below and of the outcomes in them, which an older release would take for damaged.

1 had no `iea_rounds`; the outcomes of 2 told neither how lists are spelt nor whether the logon has all rights.
"""

BUSY_WAIT_S = 20
"""How long a write waits for another process's write (SQLite), and a connection for its server (PostgreSQL)."""

_MAKING_TABLES = 0x1EA
"""The advisory lock under which tables are made on PostgreSQL, where two controllers can begin at the same moment."""

metadata = MetaData()

versions = Table("iea_schema", metadata, Column("version", Integer, nullable=False))

runs = Table(
    "iea_runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("renewed_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("holder", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("lock", Text, nullable=False),
)

outcomes = Table(
    "iea_outcomes",
    metadata,
    Column("run", String(40), ForeignKey("iea_runs.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("site", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("outcome", Text),
    Column("answered_ms", BigInteger),
)

rounds = Table(
    "iea_rounds",
    metadata,
    Column("run", String(40), ForeignKey("iea_runs.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("answered_ms", BigInteger, nullable=False),
)

leases = Table(
    "iea_leases",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("run", String(40), ForeignKey("iea_runs.id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)


def open_ledger(url: str) -> Engine:
    """Open a ledger by its SQLAlchemy URL and make its tables where it is new.

    Raises: InputError for a URL that can't be used; LocalFailure when it can't be opened, is no ledger, or was written
        by a newer release (then nothing in it is touched).
    """
    try:
        url.encode()  # as every database takes it
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.query:
            # Some of these make another database of it, one in memory too.
            raise InputError(
                "--ledger", "the address of a file takes nothing after a question mark", "Name a file: sqlite:///FILE"
            )
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise InputError(
                "--ledger",
                "{database} can't hold a ledger",
                "Write sqlite:///FILE or postgresql+psycopg://...",
                database=parsed.get_backend_name()[:40],
            )
        # A character of a password that is not escaped cuts it: the rest of it would be shown as host or database.
        parts = (parsed.host, parsed.database, *parsed.query)
        if parsed.get_backend_name() == "postgresql" and any("@" in (part or "") for part in parts):
            raise InputError(
                "--ledger",
                "this address of a ledger has more than one @, or none where it belongs",
                "Write the special characters of its password as their codes, such as {code} for @",
                code="%40",
            )
        engine = create_engine(parsed, **_options(parsed.get_backend_name()))
    except ImportError as error:
        raise InputError(
            "--ledger", "the package {name} is not installed", "Install it: pip install {name}", name=error.name
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # A ValueError quotes what it can't read, which may be a part of a password.
        said = Phrase("a part of it can't be read") if isinstance(error, ValueError) else error
        raise InputError(
            "--ledger",
            "this address of a ledger can't be used ({said})",
            "Write sqlite:///FILE or postgresql+psycopg://...",
            said=said,
        ) from error
    # What follows a question mark can hold passwords too.
    shown = parsed.set(query={}).render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError(shown, "a ledger in memory would be lost", "Name a file: sqlite:///FILE")
        shown = parsed.database
        _make_private(Path(parsed.database))
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    with database_named_for_user(shown):
        _check_or_create(engine, shown)
    return engine


def _options(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        # We begin transactions ourselves, so that readers of a decision hold the write lock while they decide.
        return {"connect_args": {"timeout": BUSY_WAIT_S, "isolation_level": None}}
    # A run outlives a restart of the server: a connection is tried before it is used.
    return {"pool_pre_ping": True, "connect_args": {"connect_timeout": BUSY_WAIT_S, "application_name": "iea-fleet"}}


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except (OSError, ValueError) as error:
        said = system_said(error) if isinstance(error, OSError) else Phrase("no file can have this name")
        raise LocalFailure(
            str(path), "the ledger can't be written ({said})", "Mend that, or name another with --ledger", said=said
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_or_create(engine: Engine, shown: str) -> None:
    tables = set(inspect(engine).get_table_names())
    if versions.name not in tables:
        if engine.dialect.name == "sqlite":
            if tables:
                raise LocalFailure(shown, "this database is no ledger", "Name another file with --ledger")
            with engine.connect() as connection:
                raw = connection.connection.driver_connection
                # The journal mode lives in the file: set once, when it is made, and outside of any transaction.
                if raw is not None:
                    connection.rollback()
                    # Another process may be doing it; without it writers only wait longer.
                    with suppress(sqlite3.OperationalError):
                        raw.execute("PRAGMA journal_mode = WAL")
        with _making_tables(engine) as connection:
            if connection.execute(select(versions.c.version)).first() is None:
                connection.execute(insert(versions).values(version=SCHEMA_VERSION))
        return
    with engine.begin() as connection:
        row = connection.execute(select(versions.c.version)).first()
    if row is None or not isinstance(row.version, int) or row.version < 1:
        raise LocalFailure(shown, "this ledger does not tell its version", "Name another one with --ledger")
    if row.version > SCHEMA_VERSION:
        raise LocalFailure(
            shown,
            "a newer release wrote this ledger (version {version}, this release knows {known})",
            "Update iea-fleet, or name another ledger with --ledger; nothing in it was touched",
            version=row.version,
            known=SCHEMA_VERSION,
        )
    if row.version < SCHEMA_VERSION:
        with _making_tables(engine) as connection:  # what newer versions have is tables of its own
            connection.execute(update(versions).values(version=SCHEMA_VERSION))


@contextmanager
def _making_tables(engine: Engine) -> Iterator[Connection]:
    """A transaction in which every table is there; one at a time."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MAKING_TABLES)))
        metadata.create_all(connection)
        yield connection


@contextmanager
def database_named_for_user(where: str) -> Iterator[None]:
    """Turn the database's exceptions into `LocalFailure`, naming the ledger `where`."""
    try:
        yield
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
        mend = "Free some space and run again" if "full" in said else "Mend that, or name another ledger with --ledger"
        raise LocalFailure(where, "the ledger can't be used ({said})", mend, said=said) from error
