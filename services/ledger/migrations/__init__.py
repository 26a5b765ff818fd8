"""The ledger's schema, as numbered steps that only its owner may take.

Rules: `migrate` runs as `ledger_owner`, before writer and API start and never by them; one migration at a time (an
advisory lock), none waits long for a lock. What a role may do stands beside the table it is about.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

SCHEMA: Final = "ledger"
_LOCK: Final = 0x706C6163657402
_LIMITS: Final = "-c lock_timeout=4s -c statement_timeout=60s -c timezone=UTC"


def migrate(dsn: str) -> None:
    """Bring the schema to its newest step.

    `dsn` is a libpq URI of the role `ledger_owner`, which may create a schema or owns `ledger` already; the roles
    `ledger_writer` and `ledger_reader` exist. Raises `sqlalchemy.exc.SQLAlchemyError`; again changes nothing.
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
