"""What becomes of a message in the ledger: pure.

Rules:
- Every message gets an entry. One that verifies is kept; one that does not is named by its hash and the refusal's
  code, and its value is not kept: nobody vouches for what it holds.
- The same place is the same message. Other bytes at a place that has an entry are a conflict, not a duplicate.
- The same event id with other bytes is appended and flagged divergent.
- Nothing is signed on top of a tree that is not the one last signed, nor with a key that may not sign there: an audit
  would name that head for ever.
- Columns for queries are derived from the verified event and from nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from placet.audit.entry import TRUST_TOPIC, accepted_leaf, refused_leaf, trust_leaf, value_hash
from placet.audit.heads import check_head_key
from placet.catalogue import CATALOGUE, Role, Topic
from placet.checkpoint import Checkpoint, CheckpointError, parse_checkpoint, parse_note
from placet.errors import ContractError, VerificationError
from placet.events import LedgerCheckpointed
from placet.keys import PublicKey, Signer
from placet.merkle import Frontier, leaf_hash
from placet.messages import Message
from placet.trust import Trust
from placet.verify import Verified, verify
from services.ledger.errors import PositionConflictError, SigningKeyError, TreeDamagedError
from services.ledger.ports import Known, NewEntry, Place, Projection, StoredCheckpoint

CONSUMED: Final[tuple[Topic, ...]] = tuple(topic for topic, spec in CATALOGUE.items() if Role.LEDGER in spec.consumers)
"""Every topic but the proposals, which hold values in clear, and the ledger's own heads."""


@dataclass(frozen=True, slots=True)
class Grown:
    """The tree after a batch: leaf hashes, subtrees it finished, and the head they lead to."""

    hashes: tuple[bytes, ...]
    nodes: tuple[tuple[int, int, bytes], ...]
    frontier: Frontier
    head: Checkpoint


def unseen(messages: Iterable[Message], known: Mapping[Place, Known]) -> list[Message]:
    """Those without an entry yet, each place once; raise PositionConflictError where a place holds other bytes."""
    found: dict[Place, Message] = {}
    for message in messages:
        place = message.topic, message.partition, message.offset
        check_same(place, message.value, known)
        if place not in known and found.setdefault(place, message).value != message.value:
            raise PositionConflictError(_conflict(place))
    return list(found.values())


def check_same(place: Place, value: bytes, known: Mapping[Place, Known]) -> None:
    """Raise PositionConflictError where the place has an entry of other bytes."""
    before = known.get(place)
    if before is not None and value_hash(before.salt, value) != before.value_hash:
        raise PositionConflictError(_conflict(place))


def entry_of(message: Message, trust: Trust, *, salt: bytes, now: datetime) -> NewEntry:
    """The entry of one message."""
    try:
        verified: Verified[Any] = verify(message, trust, now=now)
    except ContractError as refusal:
        return NewEntry(refused_leaf(message, refusal.code, salt=salt, received_at=now), salt, None)
    leaf = accepted_leaf(verified, salt=salt, received_at=now)
    return NewEntry(leaf, salt, message.value, projection_of(verified))


def trust_entry(content: bytes, trust: Trust, root: PublicKey, *, salt: bytes, now: datetime) -> NewEntry:
    """The entry of a version of the trust file."""
    leaf = trust_leaf(content, trust.version, root, salt=salt, received_at=now)
    return NewEntry(leaf, salt, content, Projection(event_time=trust.document.issued_at))


def projection_of(verified: Verified[Any]) -> Projection:
    """The columns of a verified event."""
    data = verified.data
    outcome = getattr(data, "outcome", None)
    return Projection(
        action_id=getattr(data, "action_id", None),
        agent=getattr(data, "agent", None),
        outcome=None if outcome is None else str(outcome),
        labels=tuple(getattr(data, "labels", ())),
        event_time=verified.envelope.time,
    )


def flag_divergent(entries: Sequence[NewEntry], known: Mapping[str, Sequence[Known]]) -> list[NewEntry]:
    """The entries, with `divergent` set where their event id was there before with other bytes."""
    flagged: list[NewEntry] = []
    batch: dict[str, set[bytes]] = {}
    for entry in entries:
        event_id, value = entry.leaf.event_id, entry.value
        if event_id is None or value is None:
            flagged.append(entry)
            continue
        before = batch.setdefault(event_id, set())
        other = bool(before - {value}) or any(
            value_hash(earlier.salt, value) != earlier.value_hash for earlier in known.get(event_id, ())
        )
        before.add(value)
        flagged.append(replace(entry, divergent=True) if other else entry)
    return flagged


def grow(frontier: Frontier, entries: Sequence[NewEntry], origin: str) -> Grown:
    """Append the leaves; `frontier` is not changed, the one in the result is the new one."""
    grown = frontier.copy()
    hashes: list[bytes] = []
    nodes: list[tuple[int, int, bytes]] = []
    for entry in entries:
        (_, _, digest), *finished = grown.append(leaf_hash(entry.leaf.encode()))
        hashes.append(digest)
        nodes += finished
    head = Checkpoint(origin=origin, size=grown.size, root=grown.root())
    return Grown(tuple(hashes), tuple(nodes), grown, head)


def check_head(frontier: Frontier, head: StoredCheckpoint | None, origin: str) -> None:
    """That the stored tree is the one last signed, under this name; raise TreeDamagedError.

    A log must not sign what contradicts an earlier checkpoint (c2sp.org/tlog-checkpoint).
    """
    if head is None:
        if frontier.size:
            raise TreeDamagedError(f"{frontier.size} entries and no checkpoint")
        return
    if (head.size, head.root) != (frontier.size, frontier.root()):
        raise TreeDamagedError(f"{frontier.size} entries are not the tree of the checkpoint for {head.size}")
    try:
        signed = parse_checkpoint(parse_note(head.note.encode()).body)
    except CheckpointError as error:
        raise TreeDamagedError(f"the newest checkpoint cannot be read: {error.sentence}") from None
    if signed != Checkpoint(origin=origin, size=head.size, root=head.root):
        raise TreeDamagedError(f"the newest checkpoint is of {signed.origin}, {signed.size} entries; this is {origin}")


def check_key(trust: Trust, signer: Signer, *, now: datetime) -> None:
    """That this key may sign the next head, which covers this trust file; raise SigningKeyError."""
    try:
        check_head_key(trust, signer.key_id, at=now)
    except VerificationError as error:
        raise SigningKeyError(f"the ledger's key {signer.key_id} may not sign: {error.sentence}") from None


def checkpoint_event(origin: str, head: StoredCheckpoint) -> LedgerCheckpointed:
    """What is published about a head."""
    root = base64.b64encode(head.root).decode()
    return LedgerCheckpointed(origin=origin, size=head.size, root=root, note=head.note)


def _conflict(place: Place) -> str:
    topic, partition, offset = place
    where = f"version {offset} of the trust file" if topic == TRUST_TOPIC else f"{topic}/{partition} offset {offset}"
    return f"{where} has an entry with other bytes"
