"""Derives the whole database again from its entries, and names what differs: tree, heads, values, query columns.

The offline verifier trusts no database; this one is for its operator, who wants to know whether the columns that
queries use still say what the evidence says.

Rules:
- A head counts where its row and its signed note both say the tree that the entries give, and a ledger key signed it
  that may sign there (`placet.audit.heads`).
- All heads are of one log. Entries that no head covers are named.
- A database that is whole may still be short, or another: only a head kept elsewhere tells. An emptied one holds no
  trust file, so what the kept head claims is then said without its signature having been checked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from placet.audit.entry import TRUST_TOPIC, Leaf, parse_time
from placet.audit.heads import check_head_key, ledger_keys
from placet.checkpoint import Checkpoint, CheckpointError, VerifierKey, parse_checkpoint, parse_note, verify_checkpoint
from placet.errors import ContractError, VerificationError
from placet.keys import PublicKey
from placet.merkle import Frontier, leaf_hash
from placet.trust import Trust
from placet.verify import verify
from services.ledger.decide import flag_divergent, projection_of
from services.ledger.ports import Known, NewEntry, Projection, StoredCheckpoint, StoredEntry


class Source(Protocol):
    """What is derived again."""

    def entries(self, first: int, size: int) -> Iterator[StoredEntry]:
        """Entries in order."""
        ...

    def head(self) -> StoredCheckpoint | None:
        """The newest head."""
        ...

    def checkpoints(self, size: int) -> Iterator[StoredCheckpoint]:
        """Heads in order, up to this size."""
        ...

    def all_nodes(self, size: int) -> Iterator[tuple[int, int, bytes]]:
        """Nodes below this size, in the order in which appending finishes them."""
        ...


@dataclass(slots=True)
class Findings:
    """What was looked at and what differs."""

    entries: int = 0
    nodes: int = 0
    checkpoints: int = 0
    problems: list[str] = field(default_factory=list)


def fsck(source: Source, root: PublicKey, *, held: bytes | None = None) -> Findings:
    """Look at everything under the newest head once, in order; memory grows with the number of event ids only.

    `held` is a head's note kept outside the database.
    """
    return _Walk(source, root, held).run()


class _Walk:
    def __init__(self, source: Source, root: PublicKey, held: bytes | None) -> None:
        self._source, self._root = source, root
        self._found = Findings()
        self._frontier = Frontier()
        self._trust: Trust | None = None
        self._ever: dict[str, PublicKey] = {}
        """Ledger keys of every trust file so far: the kept head may be older than the one in force."""
        self._seen: dict[str, list[Known]] = {}
        self._held = None if held is None else _Held(held)
        self._origin: str | None = None

    def run(self) -> Findings:
        newest = self._source.head()
        size = 0 if newest is None else newest.size  # what is appended meanwhile is not looked at
        nodes, heads = self._source.all_nodes(size), self._source.checkpoints(size)
        head = next(heads, None)
        self._look_for_held()
        for entry in self._source.entries(0, size):
            self._found.entries += 1
            if entry.seq != self._frontier.size:
                self._wrong(f"entry {self._frontier.size} is missing")
                return self._found
            self._leaf(entry, nodes)
            self._columns(entry)
            if head is not None and head.size == self._frontier.size:
                self._head(head, entry.leaf)
                head = next(heads, None)
            self._look_for_held()
        if head is not None:
            self._wrong(f"a checkpoint covers {head.size} entries, {self._frontier.size} are there")
        if next(nodes, None) is not None:
            self._wrong("there are nodes that no entries lead to")
        self._uncovered(newest)
        if self._held is not None:
            self._found.problems += self._held.problems(self._frontier.size, self._origin, self._ever.values())
        return self._found

    def _look_for_held(self) -> None:
        if self._held is not None:
            self._held.look(self._frontier)

    def _wrong(self, sentence: str) -> None:
        self._found.problems.append(sentence)

    def _leaf(self, entry: StoredEntry, nodes: Iterator[tuple[int, int, bytes]]) -> None:
        (_, _, leaf), *finished = self._frontier.append(leaf_hash(entry.leaf.encode()))
        if leaf != entry.leaf_hash:
            self._wrong(f"entry {entry.seq}: the stored leaf hash is not that of its leaf")
        for expected in finished:
            self._found.nodes += 1
            if next(nodes, None) != expected:
                self._wrong(f"the node at level {expected[0]}, index {expected[1]} is missing or differs")

    def _head(self, head: StoredCheckpoint, last: Leaf) -> None:
        """Row and note of a head, against the tree and the trust file in force below it."""
        self._found.checkpoints += 1
        if head.root != self._frontier.root():
            self._wrong(f"the checkpoint of {head.size} entries has another root")
        try:
            claimed = parse_checkpoint(parse_note(head.note.encode()).body)
            good = [] if self._trust is None else _good_keys(self._trust, last)
            signed = verify_checkpoint(head.note.encode(), [VerifierKey(claimed.origin, each.raw) for each in good])
        except ContractError as error:
            self._wrong(f"the note of the checkpoint of {head.size} entries: {error}")
            return
        self._origin = self._origin or signed.origin
        if signed != Checkpoint(origin=self._origin, size=head.size, root=self._frontier.root()):
            what = f"{signed.origin}, {signed.size} entries, root {signed.root.hex()}"
            self._wrong(f"the note of the checkpoint of {head.size} entries is for another tree: {what}")

    def _uncovered(self, newest: StoredCheckpoint | None) -> None:
        """Entries and their head come in one transaction: beyond the newest head there is nothing."""
        size = 0 if newest is None else newest.size
        beyond = list(self._source.entries(size, size + 1))
        if beyond and self._source.head() == newest:  # unless they were appended, with a head, meanwhile
            self._wrong(f"no checkpoint covers the entries from {size} on")

    def _columns(self, entry: StoredEntry) -> None:
        """Check value and query columns of one entry, and take the trust file where it is one."""
        value = entry.value
        if value is None:
            if entry.projection != Projection() or entry.divergent:
                self._wrong(f"entry {entry.seq}: columns say something of a value that is not there")
            return
        if not entry.leaf.matches(entry.salt, value):
            self._wrong(f"entry {entry.seq}: the value is not the one that was recorded")
            return
        try:
            if entry.leaf.topic == TRUST_TOPIC:
                self._trust = Trust.verify(value, self._root)
                self._ever |= {public.key_id: public for public in ledger_keys(self._trust)}
                expected = Projection(event_time=self._trust.document.issued_at)
            elif self._trust is None:
                self._wrong(f"entry {entry.seq}: an event before the first trust file")
                return
            else:
                received_at = parse_time(entry.leaf.received_at)
                verified: Any = verify(entry.leaf.message(value), self._trust, now=received_at)
                expected = projection_of(verified)
        except ContractError as error:
            self._wrong(f"entry {entry.seq}: {error}")
            return
        if entry.projection != expected:
            self._wrong(f"entry {entry.seq}: the query columns differ from the event")
        [judged] = flag_divergent([NewEntry(entry.leaf, entry.salt, value)], self._seen)
        if judged.divergent != entry.divergent:
            self._wrong(f"entry {entry.seq}: the divergent flag is wrong")
        if entry.leaf.event_id is not None:
            self._seen.setdefault(entry.leaf.event_id, []).append(Known(entry.salt, entry.leaf.value_hash))


class _Held:
    """The head kept elsewhere: what it says, and the tree's root at its size."""

    def __init__(self, note: bytes) -> None:
        self._note = note
        self._claimed: Checkpoint | None = None
        self._root: bytes | None = None
        self._malformed = ""
        try:
            self._claimed = parse_checkpoint(parse_note(note).body)
        except CheckpointError as error:
            self._malformed = f"the checkpoint you hold: {error.sentence}"

    def look(self, frontier: Frontier) -> None:
        if self._claimed is not None and self._claimed.size == frontier.size:
            self._root = frontier.root()

    def problems(self, size: int, origin: str | None, keys: Collection[PublicKey]) -> list[str]:
        claimed = self._claimed
        if claimed is None:
            return [self._malformed]
        if keys:
            try:
                verify_checkpoint(self._note, [VerifierKey(claimed.origin, public.raw) for public in keys])
            except CheckpointError as error:
                return [f"the checkpoint you hold: {error.sentence}"]
        if origin not in {None, claimed.origin}:
            return [f"the checkpoint you hold is of {claimed.origin}, this is {origin}"]
        if claimed.size > size:
            return [f"the checkpoint you hold covers {claimed.size} entries, {size} are there"]
        if claimed.root != self._root:
            return [f"the first {claimed.size} entries are not those of the checkpoint you hold"]
        return []


def _good_keys(trust: Trust, last: Leaf) -> list[PublicKey]:
    """Those that may sign the head right above an entry."""
    good: list[PublicKey] = []
    for public in ledger_keys(trust):
        with contextlib.suppress(VerificationError):
            check_head_key(trust, public.key_id, at=parse_time(last.received_at))
            good.append(public)
    return good
