"""The ledger's store: one class of promises, held by the fake and by PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from placet.catalogue import Topic
from placet.merkle import Frontier
from placet.messages import Message
from services.ledger.adapters.reader import PostgresReader
from services.ledger.adapters.sequencer import PostgresSequencer
from services.ledger.errors import NotInLedgerError, SequencerLostError
from services.ledger.fsck import Source, fsck
from services.ledger.handle import Appender
from services.ledger.ports import PAGE_BYTES, Filter, Reader, Sequencer, StoredEntry, may_go_on
from tests.factories import NOW, World, received
from tests.fakes_ledger import MemoryStore, appender
from tests.ledgers import MemoryLedger


@dataclass
class Store:
    """A writer's and a reader's side of one ledger, and what to fill it with."""

    sequencer: Sequencer
    reader: Reader
    source: Source
    world: World = field(default_factory=World)

    def appender(self) -> Appender:
        return appender(self.sequencer, self.world)

    def story(self) -> list[Message]:
        ledger = MemoryLedger(self.world)
        ledger.ran(ledger.allowed())
        ledger.ran(ledger.reviewed())
        return ledger.messages

    def filled(self) -> list[StoredEntry]:
        messages = self.story()
        appender = self.appender()
        for start in range(0, len(messages), 3):
            appender.append(messages[start : start + 3])
        return list(self.reader.entries(0, 1_000))


@pytest.fixture(params=["fake", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "fake":
        memory = MemoryStore()
        return Store(memory, memory, memory)
    sequencer: PostgresSequencer = request.getfixturevalue("sequencer")
    reader: PostgresReader = request.getfixturevalue("reader")
    return Store(sequencer, reader, reader)


class TestStore:
    def test_empty(self, store: Store) -> None:
        assert (store.sequencer.frontier().size, store.sequencer.trust_version()) == (0, 0)
        assert store.sequencer.next_offsets([("t", 0)]) == {("t", 0): 0}
        assert store.reader.head() is None
        assert store.sequencer.head() is None
        assert list(store.reader.entries(0, 10)) == []
        assert store.reader.page(Filter(), 10) == []
        for absent in (lambda: store.reader.entry(0), lambda: store.reader.checkpoint(1)):
            with pytest.raises(NotInLedgerError):
                absent()

    def test_what_was_appended_is_read(self, store: Store) -> None:
        entries = store.filled()
        assert [entry.seq for entry in entries] == list(range(len(entries)))
        frontier = store.sequencer.frontier()
        assert frontier.size == len(entries)
        again = Frontier()
        for entry in entries:
            again.append(entry.leaf_hash)
        head = store.reader.head()
        assert head is not None
        assert (head.size, head.root) == (len(entries), again.root()) == (frontier.size, frontier.root())
        assert store.sequencer.head() == head
        assert [store.reader.entry(entry.seq) for entry in entries] == entries
        assert list(store.reader.entries(2, 4)) == entries[2:4]

    def test_known_places_and_events(self, store: Store) -> None:
        entries = store.filled()
        places = [entry.leaf.position for entry in entries]
        known = store.sequencer.known_positions([*places, ("actions.decided.v1", 0, 99)])
        assert set(known) == set(places)
        some = entries[3]
        assert known[some.leaf.position].salt == some.salt
        assert known[some.leaf.position].value_hash == some.leaf.value_hash
        event = str(some.leaf.event_id)
        assert store.sequencer.known_events([event, "other"]) == {event: [known[some.leaf.position]]}
        assert store.sequencer.trust_version() == 1

    def test_next_offsets(self, store: Store) -> None:
        store.filled()
        asked = [(Topic.DECIDED, 0), (Topic.DECIDED, 1), (Topic.REVIEWS, 0)]
        wanted = {(str(topic), partition): offset for (topic, partition), offset in zip(asked, (2, 0, 4), strict=True)}
        assert store.sequencer.next_offsets([(str(topic), partition) for topic, partition in asked]) == wanted

    def test_a_taken_number_is_lost(self, store: Store) -> None:
        first, *others = store.story()
        one, two = store.appender(), store.appender()
        one.append([first])
        two.append([first])
        two.append(others[:1])
        with pytest.raises(SequencerLostError):
            one.append(others[1:])
        assert len(list(store.reader.entries(0, 99))) == 3

    def test_checkpoints(self, store: Store) -> None:
        size = len(store.filled())
        heads = list(store.reader.checkpoints(size))
        assert heads[-1] == store.reader.head()
        assert [head.size for head in heads] == sorted({head.size for head in heads})
        assert store.reader.checkpoint(heads[0].size + 1) == heads[1]
        assert list(store.reader.checkpoints(heads[1].size)) == heads[:2]
        with pytest.raises(NotInLedgerError):
            store.reader.checkpoint(size + 1)

    def test_pages(self, store: Store) -> None:
        entries = store.filled()
        page = store.reader.page
        assert page(Filter(), 3) == entries[:-4:-1]
        assert page(Filter(before=5), 2) == [entries[4], entries[3]]
        assert page(Filter(after=5), 2) == entries[6:8]
        assert page(Filter(before=5, after=2), 9) == entries[3:5]

    @pytest.mark.parametrize(
        "wanted",
        [
            Filter(agent="nightly-export"),
            Filter(agent="nobody"),
            Filter(outcome="approved"),
            Filter(outcome="allowed", topic=Topic.RESOLVED),
            Filter(label="credential"),
            Filter(label="nothing"),
            Filter(since=NOW, until=NOW + timedelta(seconds=1)),
            Filter(since=NOW + timedelta(seconds=1)),
            Filter(until=NOW),
        ],
    )
    def test_filters(self, store: Store, wanted: Filter) -> None:
        world = store.world
        classified = world.classified(labels=("credential", "pii"))
        store.appender().append([received(world.seal(classified), offset=0)])
        memory = MemoryStore(stored=list(store.reader.entries(0, 99)))
        assert store.reader.page(wanted, 50) == memory.page(wanted, 50)
        assert (len(memory.page(Filter(label="credential"), 9)), len(memory.page(Filter(label="x"), 9))) == (1, 0)

    def test_a_page_ends_when_its_values_are_large_enough(self, store: Store) -> None:
        world, large = store.world, {"text": "x" * 250_000}
        messages = [
            received(world.seal(world.classified(world.proposed(arguments=large))), offset=number)
            for number in range(20)
        ]
        store.appender().append(messages)
        entries = list(store.reader.entries(0, 99))
        memory = MemoryStore(stored=entries)
        for wanted in (Filter(after=-1), Filter(), Filter(after=3, before=7)):
            assert store.reader.page(wanted, 50) == memory.page(wanted, 50)
        first = store.reader.page(Filter(after=-1), 50)
        sizes = [len(entry.value or b"") for entry in first]
        assert sum(sizes[:-1]) < PAGE_BYTES <= sum(sizes)
        assert may_go_on(first, 50)
        assert first + store.reader.page(Filter(after=first[-1].seq), 50) == entries

    def test_by_action(self, store: Store) -> None:
        entries = store.filled()
        action = entries[-1].projection.action_id
        assert store.reader.page(Filter(action_id=action, after=-1), 99) == [
            entry for entry in entries if entry.projection.action_id == action
        ]

    def test_nodes(self, store: Store) -> None:
        entries = store.filled()
        found = store.reader.nodes({(0, 1), (1, 0), (2, 0), (1, 10_000), (0, 10_000)})
        assert set(found) == {(0, 1), (1, 0), (2, 0)}
        assert found[0, 1] == entries[1].leaf_hash

    def test_fsck_finds_nothing(self, store: Store) -> None:
        entries = store.filled()
        found = fsck(store.source, store.world.root.public)
        assert found.problems == []
        assert (found.entries, found.checkpoints) == (len(entries), len(list(store.reader.checkpoints(99))))
        assert found.nodes > 0
