"""The ledger's decisions, its writer's life and timelines, without a broker or a database."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.audit.entry import TRUST_TOPIC, value_hash
from placet.audit.verifier import verify_export
from placet.catalogue import CATALOGUE, Topic
from placet.events import Outcome
from placet.messages import Message
from services.chassis import telemetry
from services.chassis.errors import TransientError
from services.chassis.telemetry import Metric
from services.ledger import decide
from services.ledger.errors import PositionConflictError, SequencerLostError, TreeDamagedError
from services.ledger.export import export_lines
from services.ledger.ports import Batch, Known, Projection, StoredCheckpoint
from services.ledger.timeline import proposed_at, timeline
from services.ledger.writer import Writer
from tests.factories import NOW, World, received
from tests.fakes_ledger import MemoryStore, appender, story
from tests.ledgers import ORIGIN, resolution

WORLD = World()


STORY = story(WORLD)


def test_it_consumes_everything_but_what_is_in_clear_and_its_own_heads() -> None:
    assert set(CATALOGUE) - set(decide.CONSUMED) == {Topic.PROPOSED, Topic.CHECKPOINTED}


# Decisions ---------------------------------------------------------------------------------------------------------


def test_what_verifies_is_kept_and_projected() -> None:
    message = received(WORLD.seal(WORLD.classified(labels=("pii",))))
    entry = decide.entry_of(message, WORLD.trust(), salt=b"s", now=NOW)
    assert (entry.leaf.refused, entry.value) == (None, message.value)
    assert entry.projection == Projection(
        action_id=str(message.key, "ascii") if message.key else None,
        agent="nightly-export",
        outcome=None,
        labels=("pii",),
        event_time=NOW,
    )


BENT: dict[str, Callable[[Message], Message]] = {
    "unsigned": lambda m: replace(m, signature=None),
    "malformed_signature": lambda m: replace(m, signature=b"x"),
    "bad_signature": lambda m: replace(m, value=m.value + b" "),
    "key_mismatch": lambda m: replace(m, key=b"other"),
    "unknown_topic": lambda m: replace(m, topic="actions.other.v1"),
    "role_not_allowed": lambda m: replace(m, topic=Topic.RESOLVED),
    "oversize": lambda m: replace(m, value=m.value + b" " * 1_000_000),
}


@pytest.mark.parametrize("code", BENT)
def test_what_does_not_verify_leaves_its_hash_and_the_reason(code: str) -> None:
    message = BENT[code](received(WORLD.seal(WORLD.classified())))
    entry = decide.entry_of(message, WORLD.trust(), salt=b"s", now=NOW)
    assert (entry.leaf.refused, entry.value, entry.projection) == (code, None, Projection())
    assert entry.leaf.value_hash == value_hash(b"s", message.value)
    assert {entry.leaf.key, entry.leaf.event_id, entry.leaf.key_id, entry.leaf.signature} == {None}


def test_a_place_is_one_message() -> None:
    first, second = STORY[:2]
    place = first.topic, first.partition, first.offset
    same, other = Known(b"s", value_hash(b"s", first.value)), Known(b"s", value_hash(b"s", b"other"))
    assert decide.unseen([first, second, first], {}) == [first, second]
    assert decide.unseen([first, second], {place: same}) == [second]
    with pytest.raises(PositionConflictError):
        decide.unseen([first], {place: other})
    with pytest.raises(PositionConflictError):
        decide.unseen([first, replace(first, value=b"other")], {})


@given(st.lists(st.sampled_from([b"a", b"b"]), min_size=1, max_size=6), st.integers(0, 6))
def test_divergence_does_not_depend_on_where_the_batch_is_cut(values: list[bytes], cut: int) -> None:
    classified = received(WORLD.seal(WORLD.classified()))
    template = decide.entry_of(classified, WORLD.trust(), salt=b"", now=NOW)
    entries = [
        replace(
            template,
            value=value,
            salt=bytes([n]),
            leaf=replace(template.leaf, value_hash=value_hash(bytes([n]), value)),
        )
        for n, value in enumerate(values)
    ]
    whole = [entry.divergent for entry in decide.flag_divergent(entries, {})]
    first = decide.flag_divergent(entries[:cut], {})
    known = {str(template.leaf.event_id): [Known(e.salt, e.leaf.value_hash) for e in first]}
    second = decide.flag_divergent(entries[cut:], known)
    assert [entry.divergent for entry in (*first, *second)] == whole
    assert whole == [len(set(values[: n + 1])) > 1 for n in range(len(values))]


def test_growing_leaves_the_old_tree_alone() -> None:
    store = MemoryStore()
    appender(store, WORLD).append(STORY[:3])
    before = store.frontier()
    root = before.root()
    grown = decide.grow(before, [decide.entry_of(STORY[3], WORLD.trust(), salt=b"s", now=NOW)], ORIGIN)
    assert (before.size, before.root()) == (4, root)
    assert (grown.frontier.size, grown.head.size) == (5, 5)


# Appending ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, len(STORY) - 1), max_size=20), st.integers(1, 5))
def test_whatever_is_redelivered_each_message_has_one_entry(order: list[int], size: int) -> None:
    store = MemoryStore()
    writer = appender(store, WORLD)
    for start in range(0, len(order), size):
        writer.append([STORY[n] for n in order[start : start + size]])
    writer.append(STORY)
    assert len(store.stored) == len(STORY) + 1
    lines = list(export_lines(store))
    codes = {problem.code for problem in verify_export(lines, WORLD.root.public).problems}
    assert codes <= {"offsets_missing", "position_repeated"}  # this broker delivered out of order


class Flaky(MemoryStore):
    """A store whose commit fails, before or after it took effect."""

    fail: str = ""

    def append(self, first: int, batch: Batch) -> None:
        if self.fail == "before":
            self.fail = ""
            raise TransientError("postgres")
        super().append(first, batch)
        if self.fail == "after":
            self.fail = ""
            raise TransientError("postgres")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_offered_again(when: str) -> None:
    store = Flaky()
    writer = appender(store, WORLD)
    writer.append(STORY[:4])
    store.fail = when
    with pytest.raises(TransientError):
        writer.append(STORY[4:])
    writer.append(STORY[4:])
    found = verify_export(export_lines(store), WORLD.root.public)
    assert (found.problems, found.entries) == ([], len(STORY) + 1)


DAMAGED: dict[str, Callable[[MemoryStore], None]] = {
    "an entry's hash changed": lambda s: s.tree.__setitem__((3, 0), bytes(32)),
    "the tail cut off": lambda s: s.stored.__delitem__(-1),
    "the checkpoints gone": lambda s: s.heads.clear(),
    "the newest checkpoint gone": lambda s: s.heads.__delitem__(-1),
    "another root": lambda s: s.heads.__setitem__(-1, replace(s.heads[-1], root=bytes(32))),
    "another note": lambda s: s.heads.__setitem__(-1, replace(s.heads[-1], note=s.heads[0].note)),
    "no note": lambda s: s.heads.__setitem__(-1, replace(s.heads[-1], note="")),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_nothing_is_signed_on_top_of_a_damaged_tree(name: str) -> None:
    store = MemoryStore()
    appender(store, WORLD).append(STORY[:5])
    appender(store, WORLD).append(STORY[5:10])
    DAMAGED[name](store)
    heads = list(store.heads)
    with pytest.raises(TreeDamagedError):
        appender(store, WORLD).append(STORY[10:])
    assert store.heads == heads


def test_a_log_keeps_its_name() -> None:
    store = MemoryStore()
    appender(store, WORLD).append(STORY[:5])
    renamed = appender(store, WORLD)
    renamed.origin = "placet.test/other"
    with pytest.raises(TreeDamagedError, match=r"this is placet\.test/other"):
        renamed.append(STORY[5:])


# The writer's life -------------------------------------------------------------------------------------------------


@dataclass
class FakeLock:
    """Free after so many tries; lost when told."""

    tries: int = 0
    lost: bool = False
    asked: int = 0

    def acquire(self) -> bool:
        self.asked += 1
        if self.asked == 1 and self.tries:
            raise TransientError("postgres")
        return self.asked > self.tries

    def check(self) -> None:
        if self.lost:
            raise SequencerLostError("another process holds the ledger's lock")


@dataclass
class FakeStream:
    """Hands over batches, then waits to be stopped."""

    batches: Sequence[Sequence[Message]] = ()
    stopped: threading.Event = field(default_factory=threading.Event)
    ran: bool = False

    def run(self, handle: Callable[[Sequence[Message]], None]) -> None:
        self.ran = True
        for batch in self.batches:
            handle(batch)
        self.stopped.wait(30)

    def stop(self) -> None:
        self.stopped.set()


def writer(store: MemoryStore, lock: FakeLock, stream: FakeStream, published: list[int], **more: Any) -> Writer:
    return Writer(
        lock=lock,
        appender=appender(store, WORLD),
        stream=stream,
        publish=more.pop("publish", lambda head: published.append(head.size)),
        publish_seconds=60,
        stopping=threading.Event(),
        **more,
    )


def test_a_standby_waits_for_the_lock_before_it_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ledger.writer.STANDBY_SECONDS", 0.01)
    store, lock, stream, published = MemoryStore(), FakeLock(tries=2), FakeStream([STORY]), list[int]()
    active: list[bool] = []
    made = writer(store, lock, stream, published, on_active=lambda: active.append(stream.ran))
    running = threading.Thread(target=made.run)
    running.start()
    while not stream.ran:
        made.stopping.wait(0.01)
    made.stopping.set()
    stream.stop()
    running.join(10)
    assert not running.is_alive()
    assert (lock.asked, active) == (3, [False])
    assert published[-1] == len(store.stored) == len(STORY) + 1


def test_a_standby_that_is_stopped_never_joins() -> None:
    stream = FakeStream()
    made = writer(MemoryStore(), FakeLock(tries=10**9), stream, [])
    made.stopping.set()
    made.run()
    assert not stream.ran


def test_a_lost_lock_ends_the_process() -> None:
    lock, stream = FakeLock(lost=True), FakeStream()
    with pytest.raises(SequencerLostError):
        writer(MemoryStore(), lock, stream, []).run()
    assert stream.stopped.is_set()


def test_another_trust_file_ends_the_process() -> None:
    store, world = MemoryStore(), World()
    appender(store, world).append([])
    world.at = NOW + timedelta(seconds=1)
    made = writer(store, FakeLock(), FakeStream(), [])
    made.appender = appender(store, world)
    with pytest.raises(PositionConflictError):
        made.run()


def test_what_comes_again_is_not_counted_again_and_a_refusal_has_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[tuple[str, ...]] = Counter()
    monkeypatch.setattr(
        telemetry, "count", lambda metric, **attributes: counted.update([(metric, *sorted(attributes.values()))])
    )
    one = writer(MemoryStore(), FakeLock(), FakeStream(), [])
    forged = replace(STORY[1], offset=99, signature=None)
    one.handle(STORY[:2])
    one.handle([*STORY[:2], forged])
    one.look()
    entries = Counter({(Metric.ENTRIES, str(TRUST_TOPIC)): 1})
    entries.update((Metric.ENTRIES, message.topic) for message in (STORY[0], STORY[1], forged))
    assert counted == entries + Counter([(Metric.ENTRIES_REFUSED, forged.topic, "unsigned")])


def test_heads_are_published_now_and_then_and_a_failure_waits() -> None:
    store, published = MemoryStore(), list[int]()
    failing = [True]

    def publish(head: StoredCheckpoint) -> None:
        if failing.pop() if failing else False:
            raise TransientError("kafka")
        published.append(head.size)

    made = writer(store, FakeLock(), FakeStream(), published, publish=publish)
    made.look()
    assert (published, made.heads.trouble is None) == ([], False)
    made._next_publish = 0
    made.look()
    assert published == [1]
    made.handle(STORY[:2])
    made.look()
    assert published == [1], "not more often than said"
    made._next_publish = 0
    made.look()
    made.look()
    assert published == [1, 3]


# Timelines ---------------------------------------------------------------------------------------------------------


def test_a_timeline_tells_the_story_with_durations() -> None:
    store = MemoryStore()
    appender(store, WORLD).append(STORY)
    action = str(store.stored[-1].projection.action_id)
    told = timeline(action, [entry for entry in store.stored if entry.projection.action_id == action])
    assert [step.what for step in told.steps] == [
        "proposed",
        "classified",
        "decided",
        "review opened",
        "review voted",
        "review voted",
        "review closed",
        "resolved",
        "executed",
    ]
    assert (told.name, told.resource, told.outcome) == ("db.query", "postgres://warehouse/customers", "approved")
    assert [step.by for step in told.steps[4:6]] == ["alice", "bob"]
    assert told.steps[0].at == proposed_at(action)
    assert told.steps[-1].seq == store.stored[-1].seq
    assert set(told.durations) == {"classify", "decide", "settle", "run", "total"}


def test_a_time_of_reception_stands_in_where_events_carry_the_proposals() -> None:
    """Classifier and policy stamp the proposal's time; the rest of the story is later, and bounds what is told."""
    store, world = MemoryStore(), World()
    moment = f"{int(NOW.timestamp() * 1_000):012x}"
    action_id = f"{moment[:8]}-{moment[8:]}-7000-8000-000000000000"
    classified = world.classified(world.proposed(action_id=action_id))
    decided = world.decided(classified)
    resolved = resolution(world, decided, Outcome.ALLOWED)
    writer = appender(store, world)
    for number, (data, later, received_after) in enumerate(((classified, 0, 20), (decided, 0, 70), (resolved, 50, 80))):
        sealed = world.seal(data, time=NOW + timedelta(milliseconds=later))
        writer.now = lambda after=received_after: NOW + timedelta(milliseconds=after)  # type: ignore[misc]
        writer.append([received(sealed, offset=number)])
    told = timeline(classified.action_id, store.stored[1:])
    assert [step.what for step in told.steps[1:]] == ["classified", "decided", "resolved"]
    assert [(step.at - NOW) / timedelta(milliseconds=1) for step in told.steps[1:]] == [20, 50, 50]


def test_the_moment_in_an_id() -> None:
    assert proposed_at("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").isoformat() == "2022-02-22T19:22:22+00:00"
