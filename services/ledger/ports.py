"""What the ledger needs from outside, as interfaces: a writer's store and a reader's are two, as are their roles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from placet.audit.entry import Leaf
from placet.limits import MAX_EVENT_BYTES
from placet.merkle import Frontier

PAGE_BYTES: Final = 4 * MAX_EVENT_BYTES
"""A page is not added to beyond so many bytes of values: five hundred of the largest would be half a gigabyte."""

Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Columns for queries, derived from the value; covered by no hash."""

    action_id: str | None = None
    agent: str | None = None
    outcome: str | None = None
    labels: tuple[str, ...] = ()
    event_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry about to be appended; the store gives it its number."""

    leaf: Leaf
    salt: bytes
    value: bytes | None
    projection: Projection = field(default_factory=Projection)
    divergent: bool = False


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it lies in the ledger."""

    seq: int
    leaf: Leaf
    leaf_hash: bytes
    salt: bytes
    value: bytes | None
    divergent: bool
    projection: Projection


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed head."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes."""

    entries: Sequence[NewEntry]
    hashes: Sequence[bytes]
    """Leaf hash of each entry."""
    nodes: Sequence[tuple[int, int, bytes]]
    """Complete subtrees above the leaves that these entries finish: level, index, hash."""
    checkpoint: StoredCheckpoint
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Salt and hash of an entry already made, enough to tell whether other bytes are the same."""

    salt: bytes
    value_hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; all given conditions hold."""

    action_id: str | None = None
    agent: str | None = None
    outcome: str | None = None
    label: str | None = None
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    """Entries beyond this number, oldest first."""
    before: int | None = None
    """Entries below this number, newest first (the default direction)."""


class Sequencer(Protocol):
    """The one that appends. Holding it means holding the advisory lock on its connection."""

    def frontier(self) -> Frontier:
        """The tree as committed."""
        ...

    def head(self) -> StoredCheckpoint | None:
        """The newest checkpoint, or None."""
        ...

    def trust_version(self) -> int:
        """Newest trust file recorded; 0: none."""
        ...

    def next_offsets(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset after the last one that has an entry, of each of these (topic, partition); 0 where none has."""
        ...

    def known_positions(self, places: Sequence[Place]) -> dict[Place, Known]:
        """Which of these places have an entry already."""
        ...

    def known_events(self, event_ids: Sequence[str]) -> dict[str, list[Known]]:
        """Entries that have these event ids."""
        ...

    def append(self, first: int, batch: Batch) -> None:
        """All of it, or nothing, in one transaction; durable when it returns.

        Raises SequencerLostError where another writer came in between, TransientError where the database is away.
        """
        ...


class Reader(Protocol):
    """What the API and the commands read; never writes."""

    def head(self) -> StoredCheckpoint | None:
        """The newest checkpoint."""
        ...

    def checkpoint(self, size: int) -> StoredCheckpoint:
        """The first checkpoint of at least this size; raise NotInLedgerError."""
        ...

    def checkpoints(self, size: int) -> Iterator[StoredCheckpoint]:
        """Every checkpoint up to this size, in order."""
        ...

    def entry(self, seq: int) -> StoredEntry:
        """One entry; raise NotInLedgerError."""
        ...

    def page(self, wanted: Filter, limit: int) -> list[StoredEntry]:
        """At most `limit` entries, newest first, or oldest first where `after` is given.

        Ends early with the entry whose value brings the page to `PAGE_BYTES`: see `may_go_on`.
        """
        ...

    def entries(self, first: int, size: int) -> Iterator[StoredEntry]:
        """Entries first to size - 1 in order, streamed."""
        ...

    def nodes(self, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Hashes of these complete subtrees."""
        ...


def may_go_on(page: Sequence[StoredEntry], limit: int) -> bool:
    """Whether more entries may follow a page that was asked for with this limit."""
    return len(page) == limit or sum(len(entry.value or b"") for entry in page) >= PAGE_BYTES
