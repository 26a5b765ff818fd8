"""Derives the whole database again from its entries, and names what differs: tree, heads, values, query columns.

The offline verifier trusts no database; this one is for its operator, who wants to know whether the columns that
queries use still say what the evidence says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from placet.audit.entry import TRUST_TOPIC, parse_time
from placet.errors import ContractError
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


def fsck(source: Source, root: PublicKey) -> Findings:
    """Look at everything under the newest head once, in order; memory grows with the number of event ids only."""
    found = Findings()
    frontier, trust = Frontier(), None
    newest = source.head()
    size = 0 if newest is None else newest.size  # what is appended meanwhile is not looked at
    nodes, heads = source.all_nodes(size), source.checkpoints(size)
    head = next(heads, None)
    seen: dict[str, list[Known]] = {}
    for entry in source.entries(0, size):
        found.entries += 1
        if entry.seq != frontier.size:
            found.problems.append(f"entry {frontier.size} is missing")
            return found
        (_, _, leaf), *finished = frontier.append(leaf_hash(entry.leaf.encode()))
        if leaf != entry.leaf_hash:
            found.problems.append(f"entry {entry.seq}: the stored leaf hash is not that of its leaf")
        for expected in finished:
            found.nodes += 1
            if next(nodes, None) != expected:
                found.problems.append(f"the node at level {expected[0]}, index {expected[1]} is missing or differs")
        if head is not None and head.size == frontier.size:
            found.checkpoints += 1
            if head.root != frontier.root():
                found.problems.append(f"the checkpoint of {head.size} entries has another root")
            head = next(heads, None)
        trust = _columns(entry, trust, root, seen, found)
    if head is not None:
        found.problems.append(f"a checkpoint covers {head.size} entries, {frontier.size} are there")
    if next(nodes, None) is not None:
        found.problems.append("there are nodes that no entries lead to")
    return found


def _columns(
    entry: StoredEntry, trust: Trust | None, root: PublicKey, seen: dict[str, list[Known]], found: Findings
) -> Trust | None:
    """Check value and query columns of one entry; the trust file in force after it."""
    value = entry.value
    if value is None:
        if entry.projection != Projection() or entry.divergent:
            found.problems.append(f"entry {entry.seq}: columns say something of a value that is not there")
        return trust
    if not entry.leaf.matches(entry.salt, value):
        found.problems.append(f"entry {entry.seq}: the value is not the one that was recorded")
        return trust
    try:
        if entry.leaf.topic == TRUST_TOPIC:
            trust = Trust.verify(value, root)
            expected = Projection(event_time=trust.document.issued_at)
        elif trust is None:
            found.problems.append(f"entry {entry.seq}: an event before the first trust file")
            return trust
        else:
            verified: Any = verify(entry.leaf.message(value), trust, now=parse_time(entry.leaf.received_at))
            expected = projection_of(verified)
    except ContractError as error:
        found.problems.append(f"entry {entry.seq}: {error}")
        return trust
    if entry.projection != expected:
        found.problems.append(f"entry {entry.seq}: the query columns differ from the event")
    [judged] = flag_divergent([NewEntry(entry.leaf, entry.salt, value)], seen)
    if judged.divergent != entry.divergent:
        found.problems.append(f"entry {entry.seq}: the divergent flag is wrong")
    if entry.leaf.event_id is not None:
        seen.setdefault(entry.leaf.event_id, []).append(Known(entry.salt, entry.leaf.value_hash))
    return trust
