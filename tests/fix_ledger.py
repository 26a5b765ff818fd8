"""A ledger's database: fresh, migrated by its owner, with one DSN per role."""

from __future__ import annotations

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

    def file(self, role: str) -> Path:
        """The DSN of `writer`, `reader` or `owner` as the file a process reads."""
        path = self.folder / f"{role}.dsn"
        path.write_text(getattr(self, role) + "\n")
        path.chmod(0o600)
        return path


@pytest.fixture
def ledger_database(postgres: PostgresPart, tmp_path: Path) -> LedgerDatabase:
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
    dsns = [postgres.url(database, user=role, password=PASSWORD) for role in ROLES]
    migrate(dsns[0])
    owner, writer, reader = dsns
    return LedgerDatabase(superuser, owner, writer, reader, tmp_path)


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
