"""Settle's database, migrated by its owner, and a bench around it; what it needs: PostgreSQL.

One database per test module, emptied before each test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from placet.trust_store import TrustStore
from services.approver.adapters.store import PostgresStore
from services.approver.migrations import migrate
from services.chassis.database import engine
from tests.factories import World, now
from tests.fix_embedded import PostgresPart
from tests.settling import PEOPLE, Bench, make_bench, write_people

TABLES = ", ".join(
    f"approver.{table}" for table in ("actions", "outcomes", "reviews", "votes", "steps", "outbox", "trust")
)


@pytest.fixture(scope="module")
def approver_dsns(postgres: PostgresPart, role_dsns: dict[str, Path]) -> dict[str, str]:
    """DSNs of settle, desk, approver_owner, and of the superuser in the same database."""
    dsns = {role: role_dsns[role].read_text().strip() for role in ("approver_owner", "settle", "desk")}
    migrate(dsns["approver_owner"])
    database = str(psycopg.conninfo.conninfo_to_dict(dsns["settle"])["dbname"])
    return {**dsns, "superuser": postgres.url(database)}


@pytest.fixture
def bench(approver_dsns: dict[str, str], tmp_path: Path) -> Iterator[Bench]:
    with psycopg.connect(approver_dsns["superuser"]) as connection:
        connection.execute(f"TRUNCATE {TABLES}")
    (tmp_path / "settle.dsn").write_text(approver_dsns["settle"] + "\n")
    world = World(at=now())
    keys = world.save(tmp_path / "keys")
    write_people(tmp_path / "directory.json", PEOPLE)
    pool = engine(tmp_path / "settle.dsn", name="test", pool_size=8)
    made = make_bench(
        world, tmp_path, approver_dsns, PostgresStore(pool), TrustStore(keys / "trust.json", world.root.public)
    )
    yield made
    made.outbox.close()
    pool.dispose()
