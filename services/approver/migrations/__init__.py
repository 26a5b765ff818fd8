"""The approver's schema, as numbered steps that only its owner may take.

Rules:
- `migrate` runs as `approver_owner`; the processes that serve (settle, desk) cannot change the schema.
- One migration at a time (an advisory lock), each step in a transaction, none waits long for a lock: a migration
  runs while the old code still serves.
- Grants are part of the schema: what a role may do stands beside the table it is about.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

SCHEMA: Final = "approver"
_LOCK: Final = 0x706C6163657401
_LIMITS: Final = "-c lock_timeout=4s -c statement_timeout=60s -c timezone=UTC"


def migrate(dsn: str) -> None:
    """Bring the schema to its newest step.

    `dsn` is a libpq URI of the role `approver_owner`, which may create a schema or owns `approver` already; the
    roles `settle` and `desk` exist. Raises `sqlalchemy.exc.SQLAlchemyError`; running it again changes nothing.
    """
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": _LIMITS})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        # Asking first: CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists.
        if connection.scalar(text("SELECT to_regnamespace(:schema) IS NULL"), {"schema": SCHEMA}):
            connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
