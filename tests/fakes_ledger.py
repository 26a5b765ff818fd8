"""The ledger's store in memory: proven against the real one in tests/contract/test_ledger_ports.py."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from placet.audit.entry import TRUST_TOPIC
from placet.catalogue import Role
from placet.events import ExecutionStatus
from placet.merkle import Frontier, peaks_of
from placet.messages import Message
from services.ledger.errors import NotInLedgerError, SequencerLostError
from services.ledger.handle import Appender, InForce
from services.ledger.ports import PAGE_BYTES, Batch, Filter, Known, Place, Sequencer, StoredCheckpoint, StoredEntry
from tests.factories import NOW, World
from tests.ledgers import ORIGIN, MemoryLedger


@dataclass
class MemoryStore:
    """Sequencer and Reader in one."""

    stored: list[StoredEntry] = field(default_factory=list)
    tree: dict[tuple[int, int], bytes] = field(default_factory=dict)
    heads: list[StoredCheckpoint] = field(default_factory=list)

    # Sequencer

    def frontier(self) -> Frontier:
        size = len(self.stored)
        return Frontier(size, [self.tree[at] for at in peaks_of(size)])

    def trust_version(self) -> int:
        return max((e.leaf.offset for e in self.stored if e.leaf.topic == TRUST_TOPIC), default=0)

    def next_offsets(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return {
            place: max((e.leaf.offset + 1 for e in self.stored if e.leaf.position[:2] == place), default=0)
            for place in partitions
        }

    def known_positions(self, places: Sequence[Place]) -> dict[Place, Known]:
        return {e.leaf.position: Known(e.salt, e.leaf.value_hash) for e in self.stored if e.leaf.position in places}

    def known_events(self, event_ids: Sequence[str]) -> dict[str, list[Known]]:
        found: dict[str, list[Known]] = {}
        for entry in self.stored:
            if entry.leaf.event_id is not None and entry.leaf.event_id in event_ids:
                found.setdefault(entry.leaf.event_id, []).append(Known(entry.salt, entry.leaf.value_hash))
        return found

    def append(self, first: int, batch: Batch) -> None:
        if first != len(self.stored):
            raise SequencerLostError("another writer appended in between")
        for seq, (new, leaf_hash) in enumerate(zip(batch.entries, batch.hashes, strict=True), start=first):
            self.stored.append(
                StoredEntry(seq, new.leaf, leaf_hash, new.salt, new.value, new.divergent, new.projection)
            )
            self.tree[0, seq] = leaf_hash
        self.tree |= {(level, index): digest for level, index, digest in batch.nodes}
        self.heads.append(batch.checkpoint)

    # Reader

    def head(self) -> StoredCheckpoint | None:
        return self.heads[-1] if self.heads else None

    def checkpoint(self, size: int) -> StoredCheckpoint:
        for head in self.heads:
            if head.size >= size:
                return head
        raise NotInLedgerError(f"no checkpoint covers {size} entries yet")

    def checkpoints(self, size: int) -> Iterator[StoredCheckpoint]:
        return (head for head in self.heads if head.size <= size)

    def entry(self, seq: int) -> StoredEntry:
        if not 0 <= seq < len(self.stored):
            raise NotInLedgerError(f"there is no entry {seq}")
        return self.stored[seq]

    def page(self, wanted: Filter, limit: int) -> list[StoredEntry]:
        found = [entry for entry in self.stored if _matches(entry, wanted)]
        page: list[StoredEntry] = []
        for entry in (found if wanted.after is not None else found[::-1])[:limit]:
            page.append(entry)
            if sum(len(each.value or b"") for each in page) >= PAGE_BYTES:
                break
        return page

    def entries(self, first: int, size: int) -> Iterator[StoredEntry]:
        return iter(self.stored[first:size])

    def nodes(self, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        return {at: self.tree[at] for at in wanted if at in self.tree}

    def all_nodes(self, size: int) -> Iterator[tuple[int, int, bytes]]:
        found = [(level, index, digest) for (level, index), digest in self.tree.items() if level > 0]
        found = [node for node in found if (node[1] + 1) << node[0] <= size]
        return iter(sorted(found, key=lambda node: ((node[1] + 1) << node[0], node[0])))


def appender(store: Sequencer, world: World) -> Appender:
    """The writer's appender, at the tests' time."""
    return Appender(
        sequencer=store,
        signer=world.services[Role.LEDGER],
        root=world.root.public,
        origin=ORIGIN,
        in_force=lambda: InForce(world.trust(), world.trust_file()),
        now=lambda: NOW,
        random=os.urandom,
    )


def story(world: World) -> list[Message]:
    """An action allowed and one approved, both run."""
    ledger = MemoryLedger(world)
    ledger.ran(ledger.allowed(), ExecutionStatus.SUCCEEDED)
    ledger.ran(ledger.reviewed())
    return ledger.messages


def _matches(entry: StoredEntry, wanted: Filter) -> bool:
    row = entry.projection
    time = row.event_time
    return all(
        (
            wanted.action_id is None or row.action_id == wanted.action_id,
            wanted.agent is None or row.agent == wanted.agent,
            wanted.outcome is None or row.outcome == wanted.outcome,
            wanted.label is None or wanted.label in row.labels,
            wanted.topic is None or entry.leaf.topic == wanted.topic,
            wanted.since is None or (time is not None and time >= wanted.since),
            wanted.until is None or (time is not None and time < wanted.until),
            wanted.after is None or entry.seq > wanted.after,
            wanted.before is None or entry.seq < wanted.before,
        )
    )
