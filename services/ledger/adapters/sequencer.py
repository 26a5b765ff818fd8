"""The writer's store: one connection that holds the advisory lock and writes, so losing one is losing the other.

Rules:
- Whoever holds the lock is the sequencer; others try again twice a second. The lock lives and dies with the
  connection, and every write goes through that connection, so a process that lost it cannot write.
- Should two ever write, the primary key of the second one's first entry stops it.
- Rows go in by INSERT … SELECT FROM unnest(…): one statement per table, whatever the batch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from placet.audit.entry import TRUST_TOPIC
from placet.merkle import Frontier, peaks_of
from services.chassis.errors import TransientError
from services.ledger.errors import SequencerLostError, TreeDamagedError
from services.ledger.ports import Batch, Known, Place, StoredCheckpoint

LOCK: Final = 0x706C6163657403
"""Of the sequencer; one ledger per database."""

_OPTIONS: Final = (
    "-c timezone=UTC -c statement_timeout=30s -c lock_timeout=4s -c idle_in_transaction_session_timeout=60s"
)

_ENTRIES: Final = """
INSERT INTO ledger.entries (seq, leaf_hash, topic, partition, "offset", received_at, value_hash, refused, key, event_id,
    type, key_id, signature, divergent, action_id, agent, outcome, labels, event_time)
SELECT seq, leaf_hash, topic, partition, "offset", received_at, value_hash, refused, key, event_id,
    type, key_id, signature, divergent, action_id, agent, outcome, string_to_array(labels, ','), event_time
FROM unnest(%b::bigint[], %b::bytea[], %b::text[], %b::int[], %b::bigint[], %b::timestamptz[], %b::bytea[], %b::text[],
    %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bool[], %b::text[], %b::text[], %b::text[],
    %b::text[], %b::timestamptz[])
    AS new (seq, leaf_hash, topic, partition, "offset", received_at, value_hash, refused, key, event_id,
    type, key_id, signature, divergent, action_id, agent, outcome, labels, event_time)
"""
_VALUES: Final = """
INSERT INTO ledger.entry_values (seq, salt, value)
SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[])
"""
_NODES: Final = """
INSERT INTO ledger.nodes (level, index, hash) SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[])
"""
_CHECKPOINT: Final = "INSERT INTO ledger.checkpoints (size, root, note, created_at) VALUES (%s, %s, %s, %s)"


class PostgresSequencer:
    """Holds the lock from `acquire` until `close`; see `services.ledger.ports.Sequencer`."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[TupleRow] | None = None

    def acquire(self) -> bool:
        """Try once to become the sequencer; raise TransientError where the database is away."""
        with _transient():
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    connect_timeout=5,
                    options=_OPTIONS,
                    application_name="ledger-writer",
                    keepalives_idle=5,
                    tcp_user_timeout=15_000,  # a host that fell silent is away, too
                )
            held = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        return held is not None and bool(held[0])

    def check(self) -> None:
        """See that the connection, and with it the lock, is still there; take both again where it was cut."""
        with self._held() as connection:
            connection.execute("SELECT 1")

    def close(self) -> None:
        """Give the lock up, at once where the server still listens, with the connection where it does not."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
        connection.close()

    def frontier(self) -> Frontier:
        """The tree as committed, by its newest checkpoint."""
        with self._held() as connection:
            row = connection.execute("SELECT coalesce(max(seq) + 1, 0) FROM ledger.entries").fetchone()
            size = int(row[0]) if row is not None else 0
            return Frontier(size, [_node(connection, level, index) for level, index in peaks_of(size)])

    def head(self) -> StoredCheckpoint | None:
        """The newest checkpoint, or None."""
        query = "SELECT size, root, note FROM ledger.checkpoints ORDER BY size DESC LIMIT 1"
        with self._held() as connection:
            row = connection.execute(query).fetchone()
        return None if row is None else StoredCheckpoint(int(row[0]), bytes(row[1]), str(row[2]))

    def trust_version(self) -> int:
        """Newest version of the trust file that has an entry; 0: none."""
        query = 'SELECT coalesce(max("offset"), 0) FROM ledger.entries WHERE topic = %s AND partition = 0'
        with self._held() as connection:
            row = connection.execute(query, (TRUST_TOPIC,)).fetchone()
        return int(row[0]) if row is not None else 0

    def next_offsets(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """One index look-up per partition."""
        query = """
            SELECT topic, partition, (SELECT coalesce(max("offset") + 1, 0) FROM ledger.entries AS entry
                WHERE entry.topic = place.topic AND entry.partition = place.partition)
            FROM unnest(%b::text[], %b::int[]) AS place (topic, partition)
        """
        topics, numbers = [topic for topic, _ in partitions], [partition for _, partition in partitions]
        with self._held() as connection:
            return {(topic, number): after for topic, number, after in connection.execute(query, (topics, numbers))}

    def known_positions(self, places: Sequence[Place]) -> dict[Place, Known]:
        """Salt and hash of those that have an entry."""
        query = """
            SELECT topic, partition, "offset", salt, value_hash
            FROM unnest(%b::text[], %b::int[], %b::bigint[]) AS place (topic, partition, "offset")
            JOIN ledger.entries USING (topic, partition, "offset") JOIN ledger.entry_values USING (seq)
        """
        with self._held() as connection:
            rows = connection.execute(query, [list(column) for column in zip(*places, strict=True)]).fetchall()
        return {
            (topic, partition, offset): Known(salt, hashed.hex()) for topic, partition, offset, salt, hashed in rows
        }

    def known_events(self, event_ids: Sequence[str]) -> dict[str, list[Known]]:
        """Earlier entries with these event ids."""
        query = """
            SELECT event_id, salt, value_hash FROM ledger.entries JOIN ledger.entry_values USING (seq)
            WHERE event_id = ANY (%b::text[])
        """
        found: dict[str, list[Known]] = {}
        with self._held() as connection:
            for event_id, salt, hashed in connection.execute(query, (list(event_ids),)):
                found.setdefault(event_id, []).append(Known(salt, hashed.hex()))
        return found

    def append(self, first: int, batch: Batch) -> None:
        """See the port."""
        head = batch.checkpoint
        numbers = list(range(first, first + len(batch.entries)))
        salts, values = [entry.salt for entry in batch.entries], [entry.value for entry in batch.entries]
        try:
            with self._held() as connection, connection.transaction(), connection.pipeline():
                connection.execute(_ENTRIES, _columns(first, batch))
                connection.execute(_VALUES, (numbers, salts, values))
                if batch.nodes:
                    connection.execute(_NODES, [list(column) for column in zip(*batch.nodes, strict=True)])
                connection.execute(_CHECKPOINT, (head.size, head.root, head.note, batch.at))
                connection.execute("SELECT pg_notify('placet_ledger', %s)", (str(head.size),))
        except psycopg.errors.UniqueViolation:
            self.close()
            raise SequencerLostError("another writer appended in between") from None

    @contextlib.contextmanager
    def _held(self) -> Iterator[psycopg.Connection[TupleRow]]:
        """The locked connection; where it was lost, try to hold the lock again before anything else."""
        if (self._connection is None or self._connection.closed) and not self._again():
            raise SequencerLostError("another process holds the ledger's lock")
        if self._connection is None:
            raise SequencerLostError("the lock is not held")
        with _transient():
            try:
                yield self._connection
            except psycopg.OperationalError:
                self.close()
                raise

    def _again(self) -> bool:
        self._connection = None
        return self.acquire()


@contextlib.contextmanager
def _transient() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise TransientError("postgres", error.sqlstate or "away") from None


def _node(connection: psycopg.Connection[TupleRow], level: int, index: int) -> bytes:
    if level == 0:
        row = connection.execute("SELECT leaf_hash FROM ledger.entries WHERE seq = %s", (index,)).fetchone()
    else:
        query = "SELECT hash FROM ledger.nodes WHERE level = %s AND index = %s"
        row = connection.execute(query, (level, index)).fetchone()
    if row is None:
        raise TreeDamagedError(f"the tree lacks the node at level {level}, index {index}")
    return bytes(row[0])


def _columns(first: int, batch: Batch) -> list[list[Any]]:
    """The batch turned on its side: one list per column of `_ENTRIES`."""
    rows = (
        (
            first + number,
            leaf_hash,
            leaf.topic,
            leaf.partition,
            leaf.offset,
            batch.at,
            bytes.fromhex(leaf.value_hash),
            leaf.refused,
            leaf.key,
            leaf.event_id,
            leaf.type,
            leaf.key_id,
            leaf.signature,
            entry.divergent,
            row.action_id,
            row.agent,
            row.outcome,
            ",".join(row.labels),  # a label's grammar has no comma
            row.event_time,
        )
        for number, (entry, leaf_hash) in enumerate(zip(batch.entries, batch.hashes, strict=True))
        for leaf, row in ((entry.leaf, entry.projection),)
    )
    return [list(column) for column in zip(*rows, strict=True)]
