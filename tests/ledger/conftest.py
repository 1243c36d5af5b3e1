"""A new, empty database for a ledger, of each kind that can hold one."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from iea_fleet.ledger.store import Ledger


@dataclass(frozen=True)
class Database:
    """A database by its address, ledgers in it, and a way past them, as an administrator has."""

    url: str
    opened: list[Ledger] = field(default_factory=list)

    def open(self) -> Ledger:
        """A ledger as another controller opens it; closed when the test ends."""
        self.opened.append(Ledger(self.url))
        return self.opened[-1]

    def execute(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; gives its rows."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                result = connection.execute(text(statement), values)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL that listens on a socket of its own folder, without a database's name at its end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or [Path(shutil.which("postgres") or "")]
    if not programs[-1].name or not programs[-1].exists():
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="iea-pg-"))
    if os.getuid() == 0:  # it refuses to run as root
        shutil.chown(folder, "postgres")
    user = pwd.getpwuid(folder.stat().st_uid)
    identity: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if not os.getuid() else {}
    )

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs[-1].with_name(program), *arguments], cwd=folder, capture_output=True, text=True, **identity
        )
        assert done.returncode == 0, done.stderr

    cluster = ("-D", str(folder / "data"))
    run("initdb", *cluster, "--username=ledger", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    run("pg_ctl", *cluster, "-w", "-s", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://ledger@/{{}}?host={folder}"
    finally:
        run("pg_ctl", *cluster, "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database: a file that is not there yet, or a database of a PostgreSQL server."""
    made = Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgresql")
        name = f"ledger_{secrets.token_hex(6)}"
        Database(address.format("postgres")).execute(f"CREATE DATABASE {name}")
        made = Database(address.format(name))
    yield made
    for ledger in made.opened:
        ledger.close()
