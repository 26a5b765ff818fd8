"""The readers' store: everything the API and the commands ask, as role ledger_reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, text

from placet.audit.entry import TRUST_TOPIC, Leaf, spell_time
from services.chassis.database import transient
from services.ledger.errors import NotInLedgerError
from services.ledger.ports import PAGE_BYTES, Filter, Projection, StoredCheckpoint, StoredEntry

_STREAMED: Final = 500
"""Rows fetched at a time while streaming; of those that hold values, whatever their size, far fewer."""
_STREAMED_VALUES: Final = 8

_ENTRY: Final = """
SELECT seq, leaf_hash, topic, partition, "offset", received_at, value_hash, refused, key, event_id, type, key_id,
    signature, divergent, action_id, agent, outcome, labels, event_time, salt, value
FROM ledger.entries JOIN ledger.entry_values USING (seq)
"""
_CHECKPOINT: Final = "SELECT size, root, note FROM ledger.checkpoints"

_CONDITIONS: Final = {
    "action_id": "action_id = :action_id",
    "agent": "agent = :agent",
    "outcome": "outcome = :outcome",
    "label": "labels <> '{}' AND labels @> ARRAY[:label]",
    "topic": "topic = :topic",
    "since": "event_time >= :since",
    "until": "event_time < :until",
    "after": "seq > :after",
    "before": "seq < :before",
}


class PostgresReader:
    """See `services.ledger.ports.Reader`; raises TransientError where the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def head(self) -> StoredCheckpoint | None:
        """The newest checkpoint, or None."""
        row = self._one(f"{_CHECKPOINT} ORDER BY size DESC LIMIT 1")
        return None if row is None else _checkpoint(row)

    def checkpoint(self, size: int) -> StoredCheckpoint:
        """The first checkpoint that covers this many entries."""
        row = self._one(f"{_CHECKPOINT} WHERE size >= :size ORDER BY size LIMIT 1", size=size)
        if row is None:
            raise NotInLedgerError(f"no checkpoint covers {size} entries yet")
        return _checkpoint(row)

    def checkpoints(self, size: int) -> Iterator[StoredCheckpoint]:
        """Every checkpoint up to this size, in order."""
        with transient(), self._engine.connect() as connection:
            for row in _streamed(connection, f"{_CHECKPOINT} WHERE size <= :size ORDER BY size", size=size):
                yield _checkpoint(row)

    def entry(self, seq: int) -> StoredEntry:
        """One entry."""
        row = self._one(f"{_ENTRY} WHERE seq = :seq", seq=seq)
        if row is None:
            raise NotInLedgerError(f"there is no entry {seq}")
        return _entry(row)

    def page(self, wanted: Filter, limit: int) -> list[StoredEntry]:
        """A page, by the key `seq`: its cost does not grow with how far back it lies."""
        given = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
        conditions = " AND ".join(_CONDITIONS[name] for name in given) or "true"
        order = "ASC" if wanted.after is not None else "DESC"
        query = f"""
            SELECT * FROM (
                SELECT *, sum(coalesce(octet_length(value), 0)) OVER (ORDER BY seq {order}) AS held
                FROM ({_ENTRY} WHERE {conditions} ORDER BY seq {order} LIMIT :limit) AS found
            ) AS page
            WHERE held - coalesce(octet_length(value), 0) < :bytes ORDER BY seq {order}
        """
        given |= {"limit": limit, "bytes": PAGE_BYTES}
        with transient(), self._engine.connect() as connection:
            return [_entry(row) for row in connection.execute(text(query), given).mappings()]

    def entries(self, first: int, size: int) -> Iterator[StoredEntry]:
        """Entries in order of the tree."""
        query = f"{_ENTRY} WHERE seq >= :first AND seq < :size ORDER BY seq"
        with transient(), self._engine.connect() as connection:
            for row in _streamed(connection, query, _STREAMED_VALUES, first=first, size=size):
                yield _entry(row)

    def nodes(self, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Hashes of these subtrees, in two queries whatever their number; a missing one is not in the answer."""
        leaves = [index for level, index in wanted if level == 0]
        above = [(level, index) for level, index in wanted if level > 0]
        found: dict[tuple[int, int], bytes] = {}
        with transient(), self._engine.connect() as connection:
            if leaves:
                query = "SELECT seq, leaf_hash FROM ledger.entries WHERE seq = ANY (:leaves)"
                found |= {
                    (0, seq): bytes(hashed) for seq, hashed in connection.execute(text(query), {"leaves": leaves})
                }
            if above:
                query = """
                    SELECT level, index, hash
                    FROM unnest(CAST(:levels AS smallint[]), CAST(:indexes AS bigint[])) AS wanted (level, index)
                    JOIN ledger.nodes USING (level, index)
                """
                levels, indexes = [level for level, _ in above], [index for _, index in above]
                rows = connection.execute(text(query), {"levels": levels, "indexes": indexes})
                found |= {(level, index): bytes(hashed) for level, index, hashed in rows}
        return found

    def all_nodes(self, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Every stored node of the tree of this size, in the order in which appending finishes them; for `fsck`."""
        query = """
            SELECT level, index, hash FROM ledger.nodes
            WHERE (index + 1) * power(2::numeric, level) <= :size
            ORDER BY (index + 1) * power(2::numeric, level), level
        """
        with transient(), self._engine.connect() as connection:
            for row in _streamed(connection, query, size=size):
                yield row["level"], row["index"], bytes(row["hash"])

    def trust_version(self) -> int:
        """Newest version of the trust file that has an entry; 0: none."""
        query = 'SELECT coalesce(max("offset"), 0) AS version FROM ledger.entries WHERE topic = :topic'
        row = self._one(query, topic=TRUST_TOPIC)
        return 0 if row is None else int(row["version"])

    def _one(self, query: str, **given: Any) -> RowMapping | None:
        with transient(), self._engine.connect() as connection:
            return connection.execute(text(query), given).mappings().first()


def _streamed(connection: Connection, query: str, at_a_time: int = _STREAMED, **given: Any) -> Iterator[RowMapping]:
    """Rows through a server-side cursor; an export may take longer than any one statement may."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    options = {"stream_results": True, "yield_per": at_a_time}
    with connection.execute(text(query), given, execution_options=options) as result:  # closed where left half read
        yield from result.mappings()


def _checkpoint(row: RowMapping) -> StoredCheckpoint:
    return StoredCheckpoint(row["size"], bytes(row["root"]), row["note"])


def _entry(row: RowMapping) -> StoredEntry:
    leaf = Leaf(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        received_at=spell_time(row["received_at"]),
        value_hash=bytes(row["value_hash"]).hex(),
        refused=row["refused"],
        key=row["key"],
        event_id=row["event_id"],
        type=row["type"],
        key_id=row["key_id"],
        signature=row["signature"],
    )
    projection = Projection(
        action_id=row["action_id"],
        agent=row["agent"],
        outcome=row["outcome"],
        labels=tuple(row["labels"]),
        event_time=row["event_time"],
    )
    return StoredEntry(
        seq=row["seq"],
        leaf=leaf,
        leaf_hash=bytes(row["leaf_hash"]),
        salt=bytes(row["salt"]),
        value=None if row["value"] is None else bytes(row["value"]),
        divergent=row["divergent"],
        projection=projection,
    )
