"""A ledger's database: fresh, migrated by its owner, with one DSN per role."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from services.chassis.database import engine
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.migrations import migrate
from tests.fix_embedded import PostgresPart

ROLES = ("ledger_owner", "ledger_writer", "ledger_reader")
PASSWORD = "only-for-tests"


@dataclass(frozen=True)
class LedgerDatabase:
    """DSNs by role, and as files."""

    superuser: str
    owner: str
    writer: str
    reader: str
    folder: Path

    @property
    def name(self) -> str:
        """Of the database."""
        return str(psycopg.conninfo.conninfo_to_dict(self.superuser)["dbname"])

    def file(self, role: str) -> Path:
        """The DSN of `writer`, `reader` or `owner` as the file a process reads."""
        path = self.folder / f"{role}.dsn"
        path.write_text(getattr(self, role) + "\n")
        path.chmod(0o600)
        return path


@pytest.fixture
def ledger_database(postgres: PostgresPart, tmp_path: Path) -> LedgerDatabase:
    return fresh_ledger(postgres, tmp_path)


def fresh_ledger(postgres: PostgresPart, folder: Path) -> LedgerDatabase:
    """An empty ledger in a database of its own."""
    superuser = postgres.create_database("ledger")
    with psycopg.connect(superuser, autocommit=True) as connection:
        database = connection.info.dbname
        for role in ROLES:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
            )
        connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO ledger_owner").format(sql.Identifier(database)))
    found = _ledger_in(postgres, database, folder)
    migrate(found.owner)
    return found


@contextlib.contextmanager
def copied_ledger(postgres: PostgresPart, template: LedgerDatabase, folder: Path) -> Iterator[LedgerDatabase]:
    """A copy of a filled ledger that nobody is connected to: cheaper than to fill one again; dropped at the end."""
    copied = postgres.create_database("ledger", template=template.name)
    found = _ledger_in(postgres, str(psycopg.conninfo.conninfo_to_dict(copied)["dbname"]), folder)
    yield found
    with psycopg.connect(postgres.superuser_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(found.name)))


def _ledger_in(postgres: PostgresPart, database: str, folder: Path) -> LedgerDatabase:
    owner, writer, reader = (postgres.url(database, user=role, password=PASSWORD) for role in ROLES)
    return LedgerDatabase(postgres.url(database), owner, writer, reader, folder)


@pytest.fixture
def make_sequencer(ledger_database: LedgerDatabase) -> Iterator[Callable[[], PostgresSequencer]]:
    """Sequencers that do not hold the lock yet, closed at the end."""
    made: list[PostgresSequencer] = []

    def make() -> PostgresSequencer:
        made.append(PostgresSequencer(ledger_database.writer))
        return made[-1]

    yield make
    for sequencer in made:
        sequencer.close()


@pytest.fixture
def sequencer(make_sequencer: Callable[[], PostgresSequencer]) -> PostgresSequencer:
    """The one that holds the lock."""
    held = make_sequencer()
    assert held.acquire()
    return held


@pytest.fixture
def reader(ledger_database: LedgerDatabase) -> Iterator[PostgresReader]:
    pool = engine(ledger_database.file("reader"), name="test", pool_size=2)
    yield PostgresReader(pool)
    pool.dispose()
