"""The outbox as its one relay sees it.

Rules:
- Whoever holds the advisory lock relays; the lock lives and dies with this connection, so that a relay that lost its
  database holds nothing.
- Order is the order of ids. What was published and not yet forgotten is published again, byte for byte.
- No more bytes at a time than are bounded: a message of the largest size is hundreds of times the usual one.
- Forgetting does not wait for the disk: a forgotten message that a crash brings back is published again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from placet.limits import MAX_EVENT_BYTES
from placet.messages import Outgoing
from services.approver.ports import Waiting
from services.chassis.database import read_dsn, transient

RELAY_LOCK: Final = 0x706C6163657402
RELAY_BYTES: Final = 4 * MAX_EVENT_BYTES


class PostgresOutbox:
    """Used by one task at a time."""

    def __init__(self, dsn_file: Path) -> None:
        self._dsn_file = dsn_file
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def hold(self) -> bool:
        """Become or stay the only relay; False where another process is it; raise `TransientError`."""
        if self._connection is not None and not self._connection.closed:
            return True
        with transient():
            connection = psycopg.connect(
                read_dsn(self._dsn_file),
                autocommit=True,
                application_name="relay",
                connect_timeout=5,
                options="-c synchronous_commit=off",
            )
            found = connection.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,)).fetchone()
            if found is None or not found[0]:
                connection.close()
                return False
        self._connection = connection
        return True

    def waiting(self, limit: int) -> Sequence[Waiting]:
        """The oldest messages; raise `TransientError`."""
        rows = self._run(
            """
            SELECT id, topic, key, value, signature, trace FROM (
                SELECT *, sum(octet_length(value)) OVER (ORDER BY id) - octet_length(value) AS before
                FROM (SELECT * FROM approver.outbox ORDER BY id LIMIT %s) AS oldest
            ) AS sized
            WHERE before < %s ORDER BY id
            """,
            (limit, RELAY_BYTES),
        ).fetchall()
        return [
            Waiting(id=row[0], message=Outgoing(topic=row[1], key=row[2], value=row[3], signature=row[4]), trace=row[5])
            for row in rows
        ]

    def published(self, ids: Sequence[int]) -> None:
        """Forget messages that the brokers have acknowledged; raise `TransientError`."""
        self._run("DELETE FROM approver.outbox WHERE id = ANY(%s)", (list(ids),))

    def close(self) -> None:
        """Let another process relay."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, statement: str, parameters: tuple[Any, ...]) -> psycopg.Cursor[tuple[Any, ...]]:
        with transient():
            if self._connection is None:
                raise psycopg.OperationalError("the relay holds no connection")
            try:
                return self._connection.execute(statement, parameters)
            except psycopg.OperationalError:
                self.close()
                raise
