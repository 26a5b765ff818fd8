"""The ledger's store on a real PostgreSQL: appended once, provable, and closed to change for every role."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from placet.audit.entry import SALT_BYTES
from placet.audit.report import ProblemCode
from placet.audit.verifier import verify_export
from placet.catalogue import Role
from placet.checkpoint import VerifierKey, verify_checkpoint
from placet.events import ExecutionStatus
from placet.merkle import ProofError, verify_consistency, verify_inclusion
from placet.messages import Message
from services.chassis.errors import TransientError
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.errors import LedgerError, NotInLedgerError, PositionConflictError, SequencerLostError
from services.ledger.export import export_lines, prove_consistency, prove_inclusion
from services.ledger.handle import Appender, InForce
from services.ledger.ports import Filter
from tests.factories import NOW, World, received
from tests.fakes_ledger import appender
from tests.fix_ledger import LedgerDatabase
from tests.ledgers import ORIGIN, MemoryLedger


@dataclass
class Bench:
    """An appender over a real sequencer, its world, and messages to append."""

    sequencer: PostgresSequencer
    world: World = field(default_factory=World)
    now: timedelta = timedelta(0)

    def appender(self) -> Appender:
        return replace(appender(self.sequencer, self.world), now=lambda: NOW + self.now)

    def story(self) -> list[Message]:
        """Messages of three whole actions."""
        ledger = MemoryLedger(self.world)
        ledger.ran(ledger.allowed())
        ledger.ran(ledger.reviewed())
        ledger.ran(ledger.allowed(agent="other-agent"), ExecutionStatus.FAILED)
        return ledger.messages

    @property
    def keys(self) -> list[VerifierKey]:
        return [VerifierKey(name=ORIGIN, public=self.world.services[Role.LEDGER].public.raw)]


@pytest.fixture
def bench(sequencer: PostgresSequencer) -> Bench:
    return Bench(sequencer)


def batches(messages: list[Message], size: int = 4) -> Iterator[list[Message]]:
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


def test_what_was_appended_verifies_offline(bench: Bench, reader: PostgresReader) -> None:
    appender, messages = bench.appender(), bench.story()
    appended = [len(appender.append(batch)) for batch in batches(messages)]
    assert sum(appended) == len(messages) + 1  # the trust file
    found = verify_export(export_lines(reader), bench.world.root.public)
    assert found.problems == []
    assert (found.entries, found.actions, found.chains, found.runs) == (len(messages) + 1, 3, 3, 3)


def test_an_export_holds_a_few_of_the_largest_entries_at_a_time(bench: Bench, reader: PostgresReader) -> None:
    large = {"text": "x" * 250_000}
    for number in range(40):
        event = bench.world.classified(bench.world.proposed(arguments=large))
        bench.appender().append([received(bench.world.seal(event), offset=number)])
    tracemalloc.start()
    try:
        exported = sum(len(line) for line in export_lines(reader))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert exported > 40 * 250_000
    assert peak < 7_000_000


def test_a_redelivered_batch_adds_nothing(bench: Bench, reader: PostgresReader) -> None:
    messages = bench.story()
    bench.appender().append(messages)
    before = reader.head()
    assert bench.appender().append(messages) == []
    assert bench.appender().append([*messages, *messages]) == []
    assert reader.head() == before


def test_a_duplicate_inside_a_batch_is_one_entry(bench: Bench) -> None:
    message, *_ = bench.story()
    assert len(bench.appender().append([message, message])) == 2


def test_other_bytes_at_a_known_place_stop_the_writer(bench: Bench, reader: PostgresReader) -> None:
    messages = bench.story()
    bench.appender().append(messages[:3])
    before = reader.head()
    other = received(bench.world.seal(bench.world.classified()), topic=messages[0].topic, offset=messages[0].offset)
    with pytest.raises(PositionConflictError, match=r"actions.classified.v1/0 offset 0"):
        bench.appender().append([other])
    assert reader.head() == before


def test_a_message_that_does_not_verify_is_named_and_not_kept(bench: Bench, reader: PostgresReader) -> None:
    secret = b"AKIA-canary-in-a-forged-event"
    forged = Message("actions.decided.v1", 0, 0, b"key", secret, None)
    bench.appender().append([forged])
    entry = reader.entry(1)
    assert (entry.leaf.refused, entry.value, entry.leaf.key) == ("unsigned", None, None)
    assert entry.leaf.matches(entry.salt, secret)
    found = verify_export(export_lines(reader), bench.world.root.public)
    assert (found.problems, found.refused) == ([], 1)


def test_the_same_event_with_other_bytes_is_flagged(bench: Bench, reader: PostgresReader) -> None:
    classified = bench.world.classified()
    appender = bench.appender()
    for offset, seconds in enumerate((0, 1, 0)):
        sealed = bench.world.seal(classified, time=NOW - timedelta(seconds=seconds))
        appender.append([received(sealed, offset=offset)])
    assert [reader.entry(seq).divergent for seq in (1, 2, 3)] == [False, True, True]


def test_each_trust_version_is_an_entry_before_what_it_judges(bench: Bench, reader: PostgresReader) -> None:
    appender, messages = bench.appender(), bench.story()
    appender.append(messages[:2])
    bench.world.version = 2
    assert len(appender.append([])) == 1
    assert appender.append([]) == []
    bench.world.version = 3
    appender.append(messages[2:])
    trusts = [e for e in reader.entries(0, 99) if e.leaf.topic == "trust"]
    assert [(e.seq, e.leaf.offset) for e in trusts] == [(0, 1), (3, 2), (4, 3)]
    assert reader.trust_version() == 3
    assert verify_export(export_lines(reader), bench.world.root.public).problems == []


def test_an_older_or_another_trust_file_stops_the_writer(bench: Bench) -> None:
    for version in (2, 3):
        bench.world.version = version
        bench.appender().append([])
    # Older than the newest, by whoever looks afresh; whether or not it was in force once.
    for bench.world.version in (1, 2):
        with pytest.raises(LedgerError, match="older"):
            bench.appender().append([])
    bench.world.version, bench.world.at = 3, NOW + timedelta(seconds=1)
    with pytest.raises(PositionConflictError, match="version 3 of the trust file"):
        bench.appender().append([])


def test_somebody_enrolled_a_moment_ago_is_not_refused(bench: Bench, reader: PostgresReader) -> None:
    looks: Iterator[dict[str, Any]] = iter([{"services": {}}, {}])
    appender = bench.appender()

    def in_force() -> InForce:
        found = next(looks)
        return InForce(bench.world.trust(**found), bench.world.trust_file(**found))

    appender.in_force = in_force
    appender.append(bench.story()[:1])
    assert reader.entry(1).leaf.refused is None


def test_proofs_of_every_entry_and_every_head(bench: Bench, reader: PostgresReader) -> None:
    appender = bench.appender()
    for batch in batches(bench.story(), 3):
        appender.append(batch)
    heads = [verify_checkpoint(c.note.encode(), bench.keys) for c in reader.checkpoints(2**40)]
    last = heads[-1]
    for head in heads:
        proof = prove_consistency(reader, head.size, last.size)
        verify_consistency(old=head.size, new=last.size, old_root=head.root, new_root=last.root, proof=proof)
        for seq in range(head.size):
            leaf = reader.entry(seq).leaf_hash
            path = prove_inclusion(reader, seq, head.size)
            verify_inclusion(leaf=leaf, index=seq, size=head.size, proof=path, root=head.root)
    with pytest.raises(ProofError):
        prove_inclusion(reader, last.size, last.size)
    with pytest.raises(NotInLedgerError):
        prove_inclusion(reader, last.size, last.size + 1)
    with pytest.raises(NotInLedgerError):
        prove_consistency(reader, 1, last.size + 1)


def test_pages_and_filters(bench: Bench, reader: PostgresReader) -> None:
    messages = bench.story()
    bench.appender().append(messages)
    everything = reader.page(Filter(), 1_000)
    assert [e.seq for e in everything] == list(range(len(messages), -1, -1))
    first, second = reader.page(Filter(), 4), reader.page(Filter(before=everything[3].seq), 4)
    assert [e.seq for e in (*first, *second)] == [e.seq for e in everything[:8]]
    assert [e.seq for e in reader.page(Filter(after=2), 2)] == [3, 4]
    action = everything[0].projection.action_id
    story = reader.page(Filter(action_id=action, after=-1), 100)
    assert [e.leaf.topic for e in story] == [m.topic for m in messages if m.key == str(action).encode()]
    assert {e.projection.agent for e in reader.page(Filter(agent="other-agent"), 9)} == {"other-agent"}
    assert {e.projection.outcome for e in reader.page(Filter(outcome="approved"), 9)} == {"approved"}
    assert reader.page(Filter(label="credential"), 9) == []
    assert reader.page(Filter(since=NOW + timedelta(days=1)), 9) == []
    assert len(reader.page(Filter(since=NOW, until=NOW + timedelta(seconds=1), topic="actions.decided.v1"), 9)) == 3


def test_what_is_not_there_is_said(reader: PostgresReader) -> None:
    assert reader.head() is None
    with pytest.raises(NotInLedgerError):
        reader.entry(0)
    with pytest.raises(NotInLedgerError):
        reader.checkpoint(1)
    with pytest.raises(NotInLedgerError):
        list(export_lines(reader))


def test_only_one_holds_the_lock_and_the_standby_takes_over(
    bench: Bench, make_sequencer: Callable[[], PostgresSequencer], reader: PostgresReader
) -> None:
    messages = bench.story()
    bench.appender().append(messages[:5])
    standby = make_sequencer()
    assert not standby.acquire()
    bench.sequencer.close()
    assert standby.acquire()
    after = Bench(standby, bench.world)
    after.appender().append(messages)
    with pytest.raises(SequencerLostError):
        bench.appender().append(messages)
    found = verify_export(export_lines(reader), bench.world.root.public)
    assert (found.problems, found.entries) == ([], len(messages) + 1)


def test_a_connection_that_was_cut_is_made_again_and_the_batch_offered_again(
    bench: Bench, ledger_database: LedgerDatabase, reader: PostgresReader
) -> None:
    appender, messages = bench.appender(), bench.story()
    appender.append(messages[:5])
    with psycopg.connect(ledger_database.superuser, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ledger_writer'")
    with pytest.raises(TransientError):
        appender.append(messages[5:])
    appender.append(messages[5:])
    found = verify_export(export_lines(reader), bench.world.root.public)
    assert (found.problems, found.entries) == ([], len(messages) + 1)


def test_two_that_write_cannot_both_succeed(
    bench: Bench, make_sequencer: Callable[[], PostgresSequencer], reader: PostgresReader
) -> None:
    """Even where the lock fails: the number is taken."""
    messages = bench.story()
    first = bench.appender()
    first.append(messages[:2])
    rogue = Bench(make_sequencer(), bench.world)
    rogue.sequencer._connection = psycopg.connect(rogue.sequencer._dsn, autocommit=True)
    rogue.appender().append(messages[2:4])
    with pytest.raises(SequencerLostError):
        first.append(messages[4:])
    assert verify_export(export_lines(reader), bench.world.root.public).problems == []


TABLES = ("entries", "entry_values", "nodes", "checkpoints")
CHANGES = {
    "update": "UPDATE ledger.{0} SET {1} = {1}",
    "delete": "DELETE FROM ledger.{0}",
    "truncate": "TRUNCATE ledger.{0} CASCADE",
}
COLUMN = {"entries": "topic", "entry_values": "salt", "nodes": "hash", "checkpoints": "note"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", TABLES)
def test_no_role_changes_or_removes(
    table: str, change: str, bench: Bench, ledger_database: LedgerDatabase, reader: PostgresReader
) -> None:
    bench.appender().append(bench.story())
    before = reader.head()
    statement = CHANGES[change].format(table, COLUMN[table])
    for role in ("writer", "reader", "owner", "superuser"):
        refused = (
            psycopg.errors.RestrictViolation if role in {"owner", "superuser"} else psycopg.errors.InsufficientPrivilege
        )
        with psycopg.connect(getattr(ledger_database, role)) as connection, pytest.raises(refused):
            connection.execute(statement)
    assert reader.head() == before


def test_the_reader_adds_nothing_and_the_writer_makes_no_tables(ledger_database: LedgerDatabase) -> None:
    with psycopg.connect(ledger_database.reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("INSERT INTO ledger.nodes VALUES (1, 0, sha256(''))")
    for dsn in (ledger_database.reader, ledger_database.writer):
        with psycopg.connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE ledger.other (x int)")


def test_whoever_forces_a_change_past_the_triggers_is_found_offline(
    bench: Bench, ledger_database: LedgerDatabase, reader: PostgresReader
) -> None:
    bench.appender().append(bench.story())
    head = reader.head()
    assert head is not None
    with psycopg.connect(ledger_database.superuser) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE ledger.entry_values SET value = value || ' ' WHERE seq = 3")
    found = verify_export(export_lines(reader), bench.world.root.public, held=head.note.encode())
    assert ProblemCode.VALUE_CHANGED in {problem.code for problem in found.problems}
    with psycopg.connect(ledger_database.superuser) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM ledger.checkpoints WHERE size > 4")
        admin.execute("DELETE FROM ledger.entry_values WHERE seq >= 4")
        admin.execute("DELETE FROM ledger.entries WHERE seq >= 4")
    with pytest.raises(NotInLedgerError):
        list(export_lines(reader))


def test_salts_differ(bench: Bench, reader: PostgresReader) -> None:
    bench.appender().append(bench.story())
    salts = [entry.salt for entry in reader.entries(0, 99)]
    assert len(set(salts)) == len(salts)
    assert {len(salt) for salt in salts} == {SALT_BYTES}
