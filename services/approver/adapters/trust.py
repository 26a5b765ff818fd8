"""The newest version of the trust file that any settle went by, in settle's database (`placet.trust_store.Memory`).

Rules: one row for all replicas, by root key; it is raised and never lowered.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine

from services.chassis.database import transient

_NEWEST: Final = "SELECT version FROM approver.trust WHERE root = %(root)s"
_KEEP: Final = """
    INSERT INTO approver.trust (root, version) VALUES (%(root)s, %(version)s)
    ON CONFLICT (root) DO UPDATE SET version = greatest(trust.version, excluded.version)
"""


class PostgresMemory:
    """Thread-safe; every method may raise `TransientError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest_trust(self, root: str) -> int:
        """The newest version kept for a root key's id; 0 where there is none."""
        with transient(), self._engine.connect() as connection:
            found = connection.exec_driver_sql(_NEWEST, {"root": root}).scalar_one_or_none()
        return 0 if found is None else int(found)

    def keep_trust(self, root: str, version: int) -> None:
        """Keep a version, unless a newer one is kept."""
        with transient(), self._engine.begin() as connection:
            connection.exec_driver_sql(_KEEP, {"root": root, "version": version})
