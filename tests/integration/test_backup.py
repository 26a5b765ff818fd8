"""Both databases dumped, restored into fresh ones by the owners' steps of docs/operations.md, and used again.

The dump and its restore are PostgreSQL's own programs, from the wheel that the embedded server runs from.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.embedded import postgres as embedded
from infra.errors import PartUnavailableError
from placet.audit.verifier import verify_export
from placet.events import Outcome, Verdict
from placet.trust_store import TrustStore
from services.approver.adapters.store import PostgresStore
from services.approver.migrations import migrate as migrate_approver
from services.chassis.database import engine
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.export import export_lines
from services.ledger.fsck import fsck
from services.ledger.migrations import migrate as migrate_ledger
from tests.factories import World
from tests.fakes_ledger import appender
from tests.fix_embedded import PostgresPart
from tests.fix_ledger import LedgerDatabase
from tests.ledgers import MemoryLedger
from tests.settling import Bench, make_bench


def program(name: str) -> Path:
    try:
        return embedded._binaries() / name
    except PartUnavailableError as error:
        pytest.skip(str(error))


def dump(dsn: str, schema: str, target: Path) -> None:
    run(program("pg_dump"), "--format=custom", f"--schema={schema}", f"--file={target}", dsn)


def restore(dsn: str, source: Path) -> None:
    run(program("pg_restore"), "--exit-on-error", "--single-transaction", f"--dbname={dsn}", source)


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False)
    assert done.returncode == 0, done.stderr


def rows(dsn: str, schema: str) -> dict[str, list[Any]]:
    """Every row of every table, as text, in order."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", (schema,)
        ).fetchall()
        return {
            name: sorted(
                row[0] for row in connection.execute(f'SELECT row_to_json(found)::text FROM {schema}."{name}" AS found')
            )
            for (name,) in tables
        }


def story(world: World) -> list[Any]:
    ledger = MemoryLedger(world)
    ledger.ran(ledger.allowed())
    ledger.ran(ledger.reviewed())
    ledger.allowed(agent="other-agent")
    return ledger.messages


@pytest.fixture
def fresh(postgres: PostgresPart, ledger_database: LedgerDatabase, tmp_path: Path) -> LedgerDatabase:
    """An empty database that the ledger's roles may use, as `infra/roles.py` makes one."""
    superuser = postgres.create_database("restored")
    name = str(psycopg.conninfo.conninfo_to_dict(superuser)["dbname"])
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f'GRANT CREATE ON DATABASE "{name}" TO ledger_owner')

    def moved(dsn: str) -> str:
        old = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
        return dsn.replace(f"/{old}", f"/{name}")

    folder = tmp_path / "restored"
    folder.mkdir()
    owner, writer, reader = (moved(getattr(ledger_database, role)) for role in ("owner", "writer", "reader"))
    return LedgerDatabase(superuser, owner, writer, reader, folder)


@pytest.fixture
def restored_reader(fresh: LedgerDatabase) -> Iterator[PostgresReader]:
    pool = engine(fresh.file("reader"), name="restored", pool_size=2)
    yield PostgresReader(pool)
    pool.dispose()


def test_a_restored_ledger_is_whole_and_goes_on_where_it_says(
    ledger_database: LedgerDatabase,
    make_sequencer: Callable[[], PostgresSequencer],
    fresh: LedgerDatabase,
    restored_reader: PostgresReader,
    tmp_path: Path,
) -> None:
    world = World()
    messages = story(world)
    before, after = messages[:-3], messages[-3:]
    running = make_sequencer()
    assert running.acquire()
    appender(running, world).append(before)
    dump(ledger_database.owner, "ledger", tmp_path / "ledger.dump")
    held = running.head()
    appender(running, world).append(after)  # what came after the backup is only on the broker
    running.close()

    restore(fresh.owner, tmp_path / "ledger.dump")
    migrate_ledger(fresh.owner)  # an upgrade's step: nothing to do on a backup of the same version

    found = fsck(restored_reader, world.root.public)
    assert (found.problems, found.entries) == ([], len(before) + 1)
    assert restored_reader.head() == held
    sequencer = PostgresSequencer(fresh.writer)
    try:
        assert sequencer.acquire()
        resumes = sequencer.next_offsets({(message.topic, message.partition) for message in messages})
        assert resumes == {
            place: max((m.offset + 1 for m in before if (m.topic, m.partition) == place), default=0)
            for place in resumes
        }
        # The broker gives again from there, and from before there: what the ledger has is not appended twice.
        appended = appender(sequencer, world).append(messages)
        assert [(leaf.topic, leaf.offset) for leaf in appended] == [(m.topic, m.offset) for m in after]
    finally:
        sequencer.close()
    assert fsck(restored_reader, world.root.public).problems == []
    offline = verify_export(export_lines(restored_reader), world.root.public)
    assert (offline.problems, offline.entries) == ([], len(messages) + 1)
    for statement in (
        "DELETE FROM ledger.entries",
        "UPDATE ledger.checkpoints SET size = size",
        "TRUNCATE ledger.nodes",
    ):
        for dsn in (fresh.writer, fresh.owner):
            with psycopg.connect(dsn) as connection, pytest.raises(psycopg.Error):
                connection.execute(statement)


def test_fsck_finds_a_backup_that_lost_a_row(
    ledger_database: LedgerDatabase,
    sequencer: PostgresSequencer,
    fresh: LedgerDatabase,
    restored_reader: PostgresReader,
    tmp_path: Path,
) -> None:
    world = World()
    appender(sequencer, world).append(story(world))
    dump(ledger_database.owner, "ledger", tmp_path / "ledger.dump")
    restore(fresh.owner, tmp_path / "ledger.dump")
    with psycopg.connect(fresh.superuser) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM ledger.nodes WHERE level = 1 AND index = 0")
    assert fsck(restored_reader, world.root.public).problems != []


def test_a_restored_settle_keeps_outcomes_and_open_reviews_and_ends_nothing_twice(
    bench: Bench, approver_dsns: dict[str, str], postgres: PostgresPart, tmp_path: Path
) -> None:
    allowed, held = bench.decided(Verdict.ALLOW), bench.held()
    bench.arrive(allowed)
    superuser = postgres.create_database("restored")
    name = str(psycopg.conninfo.conninfo_to_dict(superuser)["dbname"])
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f'GRANT CREATE ON DATABASE "{name}" TO approver_owner')
    old = str(psycopg.conninfo.conninfo_to_dict(approver_dsns["settle"])["dbname"])
    moved = {role: dsn.replace(f"/{old}", f"/{name}") for role, dsn in approver_dsns.items()}

    dump(approver_dsns["approver_owner"], "approver", tmp_path / "approver.dump")
    restore(moved["approver_owner"], tmp_path / "approver.dump")
    migrate_approver(moved["approver_owner"])

    kept = rows(superuser, "approver")
    assert kept == rows(approver_dsns["superuser"], "approver")
    (tmp_path / "restored.dsn").write_text(moved["settle"] + "\n")
    pool = engine(tmp_path / "restored.dsn", name="restored", pool_size=4)
    trust = TrustStore(tmp_path / "keys" / "trust.json", bench.world.root.public)
    restored = make_bench(bench.world, tmp_path, moved, PostgresStore(pool), trust)
    vars(restored.broker).update(vars(bench.broker))  # the same broker: originals lie there
    try:
        restored.arrive(allowed, held)  # the broker gives again what came before the backup
        assert rows(superuser, "approver") == kept
        assert restored.outcome(allowed)[0] == Outcome.ALLOWED
        assert restored.review(held)["state"] == "open"
        restored.vote(held, "alice")
        assert restored.outcome(held)[0] == Outcome.APPROVED
        assert len(restored.outcomes(allowed.action_id)) == 1
    finally:
        restored.outbox.close()
        pool.dispose()
