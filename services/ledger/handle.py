"""One batch: gather what is known, decide, append. The order is the whole point.

Rules:
- The trust file in force is recorded before anything that is judged by it. A message by an unknown key makes it look
  at the file again: somebody may have been enrolled a moment ago.
- What is committed is durable with its signed checkpoint, in one transaction; only then are offsets committed.
- After any failure the tree is read again from what was committed: a batch that may or may not have been written is
  simply offered again, and its places tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from placet.audit.entry import SALT_BYTES, TRUST_TOPIC, Leaf
from placet.checkpoint import sign_checkpoint
from placet.keys import PublicKey, Signer
from placet.merkle import Frontier
from placet.messages import Message
from placet.trust import Trust
from services.ledger import decide
from services.ledger.errors import LedgerError
from services.ledger.ports import Batch, NewEntry, Place, Sequencer, StoredCheckpoint


@dataclass(frozen=True, slots=True)
class InForce:
    """The trust file in force, with its bytes."""

    trust: Trust
    content: bytes


@dataclass
class Appender:
    """Appends batches through a sequencer that holds the lock; single-threaded."""

    sequencer: Sequencer
    signer: Signer
    root: PublicKey
    origin: str
    in_force: Callable[[], InForce]
    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    head: StoredCheckpoint | None = None
    """The newest head this process wrote."""
    _frontier: Frontier | None = field(default=None, init=False)
    _trust_recorded: str = field(default="", init=False)
    """Digest of the trust file known to be recorded."""

    def append(self, messages: Sequence[Message]) -> list[Leaf]:
        """Append what has no entry yet; the new leaves, durable when this returns.

        An empty batch still records a new trust file. Raises TransientError and LedgerError.
        """
        try:
            return self._append(messages)
        except BaseException:
            self._frontier = None
            self._trust_recorded = ""
            raise

    def _append(self, messages: Sequence[Message]) -> list[Leaf]:
        # Gather.
        if self._frontier is None:
            committed = self.sequencer.frontier()
            decide.check_head(committed, self.sequencer.head(), self.origin)
            self._frontier = committed
        now = self.now()
        places: list[Place] = [(m.topic, m.partition, m.offset) for m in messages]
        new = decide.unseen(messages, self.sequencer.known_positions(places) if places else {})
        # Decide.
        in_force, entries = self._judged(new, now)
        if not entries:
            return []
        decide.check_key(in_force.trust, self.signer, now=now)
        event_ids = [entry.leaf.event_id for entry in entries if entry.leaf.event_id is not None]
        entries = decide.flag_divergent(entries, self.sequencer.known_events(event_ids) if event_ids else {})
        grown = decide.grow(self._frontier, entries, self.origin)
        # Act.
        note = sign_checkpoint(grown.head, self.signer).decode()
        checkpoint = StoredCheckpoint(grown.head.size, grown.head.root, note)
        batch = Batch(entries=entries, hashes=grown.hashes, nodes=grown.nodes, checkpoint=checkpoint, at=now)
        self.sequencer.append(self._frontier.size, batch)
        self._frontier, self.head = grown.frontier, checkpoint
        self._trust_recorded = in_force.trust.digest
        return [entry.leaf for entry in entries]

    def _judged(self, messages: Sequence[Message], now: datetime) -> tuple[InForce, list[NewEntry]]:
        in_force = self.in_force()
        salts = [self.random(SALT_BYTES) for _ in messages]
        judged = _judge(messages, salts, in_force, now)
        if any(entry.leaf.refused == "unknown_key" for entry in judged):
            newer = self.in_force()
            if newer.trust.digest != in_force.trust.digest:
                in_force, judged = newer, _judge(messages, salts, newer, now)
        return in_force, [*self._trust(in_force, now), *judged]

    def _trust(self, in_force: InForce, now: datetime) -> list[NewEntry]:
        trust = in_force.trust
        if trust.digest == self._trust_recorded:
            return []
        place = TRUST_TOPIC, 0, trust.version
        known = self.sequencer.known_positions([place])
        decide.check_same(place, in_force.content, known)
        recorded = self.sequencer.trust_version()
        if trust.version < recorded:
            # Also where that version was in force once: a process that starts with it would believe revoked keys again.
            raise LedgerError(f"trust file version {trust.version} is older than version {recorded}, already recorded")
        if place in known:
            self._trust_recorded = trust.digest
            return []
        salt = self.random(SALT_BYTES)
        return [decide.trust_entry(in_force.content, trust, self.root, salt=salt, now=now)]


def _judge(messages: Sequence[Message], salts: Sequence[bytes], in_force: InForce, now: datetime) -> list[NewEntry]:
    pairs = zip(messages, salts, strict=True)
    return [decide.entry_of(message, in_force.trust, salt=salt, now=now) for message, salt in pairs]
