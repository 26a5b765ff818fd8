"""A superuser's hands on a ledger: triggers off, every table open, in the end even the ledger's own key.

`Scene` is a database that the real writer filled, what its auditor kept, and what the attacker can do to it; the
functions below it are the attacks, one each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from placet.audit.entry import trust_leaf, value_hash
from placet.audit.report import Problem, ProblemCode
from placet.audit.verifier import verify_export
from placet.catalogue import Role
from placet.checkpoint import sign_checkpoint
from placet.events import ExecutionStatus
from placet.keys import Signer
from placet.merkle import Frontier
from placet.messages import Message
from placet.trust import Service
from services.chassis.database import engine
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.decide import grow
from services.ledger.errors import NotInLedgerError
from services.ledger.export import export_lines
from services.ledger.ports import Batch, NewEntry, Projection, StoredCheckpoint, StoredEntry
from tests.factories import NOW, World, trusted
from tests.fakes_ledger import appender
from tests.fix_embedded import PostgresPart
from tests.fix_ledger import LedgerDatabase, copied_ledger
from tests.ledgers import ORIGIN, MemoryLedger

STRANGER = Signer.generate("/services/ledger")


@dataclass
class Filled:
    """A ledger that the real writer filled with three stories, to be copied for each attack."""

    database: LedgerDatabase
    ledger: MemoryLedger = field(default_factory=lambda: MemoryLedger(World()))
    """The same entries in memory, to go on from."""
    held: bytes = b""
    """The last head: what the auditor keeps."""

    def __post_init__(self) -> None:
        self.ledger.ran(self.ledger.allowed())
        self.ledger.ran(self.ledger.reviewed())
        self.ledger.ran(self.ledger.allowed(agent="other-agent"), ExecutionStatus.FAILED)
        self.held = write(self.database, self.ledger.world, self.ledger.messages)

    @contextlib.contextmanager
    def copy(self, postgres: PostgresPart, folder: Path) -> Iterator[Scene]:
        """A scene of its own."""
        with copied_ledger(postgres, self.database, folder) as database:
            pool = engine(database.file("reader"), name="test", pool_size=4)
            yield Scene(database, PostgresReader(pool), self.ledger.world, self.held)
            pool.dispose()


def write(database: LedgerDatabase, world: World, messages: Sequence[Message], *, every: int = 4) -> bytes:
    """Append through the real writer, in several batches; returns the last head."""
    sequencer = PostgresSequencer(database.writer)
    assert sequencer.acquire()
    writing = appender(sequencer, world)
    for start in range(0, len(messages), every):
        writing.append(messages[start : start + every])
    sequencer.close()
    assert writing.head is not None
    return writing.head.note.encode()


@dataclass
class Scene:
    """A filled ledger, what its auditor kept, and the hands of its attacker."""

    database: LedgerDatabase
    reader: PostgresReader
    world: World
    held: bytes

    @property
    def ledger_key(self) -> Signer:
        return self.world.services[Role.LEDGER]

    @property
    def entries(self) -> list[StoredEntry]:
        return list(self.reader.entries(0, 2**40))

    def sql(self, *statements: str, **given: Any) -> None:
        """As superuser, past every trigger and foreign key."""
        with psycopg.connect(self.database.superuser) as admin:
            admin.execute("SET session_replication_role = replica")
            for statement in statements:
                admin.execute(statement, given or None)

    def rebuild(self, entries: Sequence[StoredEntry], signer: Signer, *, every: int = 4) -> None:
        """The whole tree anew: leaves, nodes, checkpoints, all as the writer would have made them."""
        self.sql("TRUNCATE ledger.entries, ledger.entry_values, ledger.nodes, ledger.checkpoints")
        attacker = PostgresSequencer(self.database.superuser)
        assert attacker.acquire()
        frontier = Frontier()
        for start in range(0, len(entries), every):
            new = [NewEntry(e.leaf, e.salt, e.value, e.projection, e.divergent) for e in entries[start : start + every]]
            grown = grow(frontier, new, ORIGIN)
            head = StoredCheckpoint(grown.head.size, grown.head.root, sign_checkpoint(grown.head, signer).decode())
            batch = Batch(entries=new, hashes=grown.hashes, nodes=grown.nodes, checkpoint=head, at=NOW)
            attacker.append(frontier.size, batch)
            frontier = grown.frontier
        attacker.close()

    def export(self) -> list[bytes]:
        """All an auditor gets: of an emptied ledger an empty file."""
        try:
            return list(export_lines(self.reader))
        except NotInLedgerError:
            return []

    def audit(self, held: bytes | None = None, **more: Any) -> tuple[set[ProblemCode], list[Problem]]:
        found = verify_export(self.export(), self.world.root.public, held=held, **more)
        return {problem.code for problem in found.problems}, found.problems


Attack = Callable[[Scene], None]


def at(scene: Scene, topic: str, number: int = 0) -> int:
    """The number of an entry of a topic."""
    return [entry.seq for entry in scene.entries if entry.leaf.topic == topic][number]


def nothing(_: Scene) -> None:
    """The control."""


def edit_value(scene: Scene) -> None:
    seq = at(scene, "actions.decided.v1")
    scene.sql(f"UPDATE ledger.entry_values SET value = value || ' ' WHERE seq = {seq}")


def edit_value_and_leaf(scene: Scene) -> None:
    """The value, and its hash in the leaf; the tree above stays."""
    seq = at(scene, "actions.decided.v1")
    scene.sql(
        f"UPDATE ledger.entry_values SET value = value || ' ' WHERE seq = {seq}",
        "UPDATE ledger.entries SET value_hash = sha256(salt || value) FROM ledger.entry_values "
        f"WHERE entry_values.seq = entries.seq AND entries.seq = {seq}",
    )


def edit_past_disabled_triggers(scene: Scene) -> None:
    """The other way past the triggers, as the tables' owner."""
    with psycopg.connect(scene.database.owner) as owner:
        owner.execute("ALTER TABLE ledger.entry_values DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.entry_values SET value = NULL WHERE seq = 3")


def edit_columns(scene: Scene) -> None:
    """What queries show; no hash covers it."""
    scene.sql("UPDATE ledger.entries SET outcome = 'denied', agent = 'somebody' WHERE outcome = 'approved'")


def edit_node(scene: Scene) -> None:
    scene.sql("UPDATE ledger.nodes SET hash = sha256('x') WHERE level = 1 AND index = 0")


def delete_one(scene: Scene) -> None:
    seq = at(scene, "reviews.recorded.v1", 1)
    scene.sql(f"DELETE FROM ledger.entries WHERE seq = {seq}", f"DELETE FROM ledger.entry_values WHERE seq = {seq}")


def insert_one(scene: Scene) -> None:
    """A copy of a run beside the true one, in a gap made for it."""
    scene.sql(
        "UPDATE ledger.entries SET seq = seq + 1000 WHERE seq >= 5",
        "UPDATE ledger.entry_values SET seq = seq + 1000 WHERE seq >= 5",
        "UPDATE ledger.entries SET seq = seq - 999 WHERE seq >= 1000",
        "UPDATE ledger.entry_values SET seq = seq - 999 WHERE seq >= 1000",
        "INSERT INTO ledger.entries SELECT 5, leaf_hash, topic, partition, 900, received_at, value_hash, refused, key, "
        "event_id, type, key_id, signature, divergent, action_id, agent, outcome, labels, event_time "
        "FROM ledger.entries WHERE seq = 4",
        "INSERT INTO ledger.entry_values SELECT 5, salt, value FROM ledger.entry_values WHERE seq = 4",
    )


def swap_two(scene: Scene) -> None:
    scene.sql(
        *(
            f"UPDATE ledger.{table} SET seq = {new} WHERE seq = {old}"
            for table in ("entries", "entry_values")
            for old, new in ((3, 900), (4, 3), (900, 4))
        )
    )


def swap_values(scene: Scene) -> None:
    scene.sql("UPDATE ledger.entry_values SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4)")
    scene.sql("UPDATE ledger.entry_values SET seq = -seq WHERE seq < 0")


def cut_tail(scene: Scene) -> None:
    scene.sql("DELETE FROM ledger.entries WHERE seq >= 8", "DELETE FROM ledger.entry_values WHERE seq >= 8")


def cut_tail_with_its_checkpoints(scene: Scene) -> None:
    size = list(scene.reader.checkpoints(2**40))[0].size  # noqa: RUF015 - read to the end, so that the cursor closes
    scene.sql(
        f"DELETE FROM ledger.checkpoints WHERE size > {size}",
        f"DELETE FROM ledger.entries WHERE seq >= {size}",
        f"DELETE FROM ledger.entry_values WHERE seq >= {size}",
        f"DELETE FROM ledger.nodes WHERE (index + 1) * power(2::numeric, level) > {size}",
    )


def empty(scene: Scene) -> None:
    scene.sql("TRUNCATE ledger.entries, ledger.entry_values, ledger.nodes, ledger.checkpoints")


def drop_checkpoints(scene: Scene) -> None:
    scene.sql("DELETE FROM ledger.checkpoints WHERE size < (SELECT max(size) FROM ledger.checkpoints)")


def replay_old_checkpoint(scene: Scene) -> None:
    """The newest head's row, with the note of the first."""
    scene.sql(
        "UPDATE ledger.checkpoints SET note = (SELECT note FROM ledger.checkpoints ORDER BY size LIMIT 1) "
        "WHERE size = (SELECT max(size) FROM ledger.checkpoints)"
    )


def rebuild_with_own_key(scene: Scene) -> None:
    scene.rebuild(scene.entries[:-1], STRANGER)


def rebuild_with_true_key(scene: Scene) -> None:
    """The last run never happened: the tail goes, and everything is signed anew with the key beside the store."""
    scene.rebuild(scene.entries[:-1], scene.ledger_key)


def rebuild_reordered(scene: Scene) -> None:
    """Two topics' entries change places: each partition stays in order, so the story is as sound as before."""
    entries = scene.entries
    scene.rebuild([*entries[:1], entries[2], entries[1], *entries[3:]], scene.ledger_key)


def rebuild_backdated(scene: Scene) -> None:
    """One salt changed, and the leaf to match: nothing that anybody signed."""
    entries = scene.entries
    last = entries[-1]
    leaf = replace(last.leaf, value_hash=value_hash(bytes(16), last.value or b""))
    scene.rebuild([*entries[:-1], replace(last, leaf=leaf, salt=bytes(16))], scene.ledger_key)


def rebuild_with_forged_event(scene: Scene) -> None:
    """The tree is whole and truly signed; the decision inside says something else than its producer signed."""
    entries, seq = scene.entries, at(scene, "actions.resolved.v1")
    forged = (entries[seq].value or b"").replace(b'"allowed"', b'"denied"')
    leaf = replace(entries[seq].leaf, value_hash=value_hash(entries[seq].salt, forged))
    entries[seq] = replace(entries[seq], leaf=leaf, value=forged)
    scene.rebuild(entries, scene.ledger_key)


def rebuild_with_stripped_signature(scene: Scene) -> None:
    entries, seq = scene.entries, at(scene, "actions.resolved.v1")
    entries[seq] = replace(entries[seq], leaf=replace(entries[seq].leaf, signature=None))
    scene.rebuild(entries, scene.ledger_key)


def rebuild_with_swapped_key(scene: Scene) -> None:
    """The same name, another key: the event says it was signed by a key nobody enrolled."""
    entries, seq = scene.entries, at(scene, "actions.resolved.v1")
    entries[seq] = replace(entries[seq], leaf=replace(entries[seq].leaf, key_id=STRANGER.key_id))
    scene.rebuild(entries, scene.ledger_key)


def rebuild_under_another_trust_file(scene: Scene) -> None:
    """A trust file of the attacker's own root, which enrols the attacker's keys."""
    other = World(services={**scene.world.services, Role.LEDGER: STRANGER})
    content, entries = other.trust_file(), scene.entries
    leaf = trust_leaf(content, 1, other.root.public, salt=bytes(16), received_at=NOW)
    entries[0] = replace(entries[0], leaf=leaf, salt=bytes(16), value=content)
    scene.rebuild(entries, STRANGER)


def rebuild_under_a_stolen_root(scene: Scene) -> None:
    """The last run never happened; instead the true root enrols the attacker's key, which signs the one head."""
    services = {**scene.world.document().services, Role.LEDGER: Service(keys=(trusted(STRANGER, NOW),))}
    content, entries = scene.world.trust_file(version=2, services=services), scene.entries[:-1]
    leaf = trust_leaf(content, 2, scene.world.root.public, salt=bytes(16), received_at=NOW)
    issued = Projection(event_time=NOW)
    added = StoredEntry(len(entries), leaf, b"", bytes(16), content, divergent=False, projection=issued)
    scene.rebuild([*entries, added], STRANGER, every=len(entries) + 1)


def sign_on_with_a_revoked_key(scene: Scene) -> None:
    """The root has revoked the ledger's key for another; whoever stole it before signs one more head with it."""
    keys = (trusted(scene.ledger_key, NOW, revoked_at=NOW), trusted(STRANGER, NOW))
    services = {**scene.world.document().services, Role.LEDGER: Service(keys=keys)}
    content, entries = scene.world.trust_file(version=2, services=services), scene.entries
    leaf = trust_leaf(content, 2, scene.world.root.public, salt=bytes(16), received_at=NOW)
    issued = Projection(event_time=NOW)
    added = StoredEntry(len(entries), leaf, b"", bytes(16), content, divergent=False, projection=issued)
    scene.rebuild([*entries, added], scene.ledger_key)


def rebuild_without_one_vote(scene: Scene) -> None:
    """A vote goes, and the offsets close over it."""
    entries, seq = scene.entries, at(scene, "reviews.recorded.v1", 1)
    gone = entries.pop(seq)
    shifted = [
        replace(entry, leaf=replace(entry.leaf, offset=entry.leaf.offset - 1))
        if entry.leaf.topic == gone.leaf.topic and entry.leaf.offset > gone.leaf.offset
        else entry
        for entry in entries
    ]
    scene.rebuild(shifted, scene.ledger_key)


def rebuild_with_a_run_without_grant(scene: Scene) -> None:
    """The executor's own signed report of a run, of an action that this ledger knows nothing of."""
    other = MemoryLedger(scene.world)
    other.ran(other.allowed())
    run, entries = other.records[-1], scene.entries
    offset = 1 + max(e.leaf.offset for e in entries if e.leaf.topic == run.leaf.topic)
    leaf = replace(run.leaf, offset=offset, received_at=entries[-1].leaf.received_at)
    added = StoredEntry(len(entries), leaf, b"", run.salt, run.value, divergent=False, projection=entries[0].projection)
    scene.rebuild([*entries, added], scene.ledger_key)
