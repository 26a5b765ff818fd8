"""A service's schema, brought to its newest step by its owner. The steps themselves are the service's.

Rules:
- Run by the owner's role, before the processes that serve and never by them.
- One migration at a time (an advisory lock), each step in a transaction, none waits long for a lock: a migration runs
  while the old code still serves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

_LIMITS: Final = "-c lock_timeout=4s -c statement_timeout=60s -c timezone=UTC"


def migrate_schema(dsn: str, *, schema: str, steps: Path, lock: int) -> None:
    """Take the steps in the folder `steps` that `schema` lacks; running it again changes nothing.

    `dsn` is a libpq URI of a role that may create the schema or owns it already; `lock` is the number of the advisory
    lock. Raises `sqlalchemy.exc.SQLAlchemyError`.
    """
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": _LIMITS})
    config = Config()
    config.set_main_option("script_location", str(steps))
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": lock})
        # Asking first: CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists.
        if connection.scalar(text("SELECT to_regnamespace(:schema) IS NULL"), {"schema": schema}):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
