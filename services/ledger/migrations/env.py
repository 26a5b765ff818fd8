"""What Alembic runs: the steps, on the connection that `migrate` opened."""

from __future__ import annotations

from alembic import context

from services.ledger.migrations import SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema=SCHEMA,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
