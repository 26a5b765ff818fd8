"""The batch consumer on a real broker: offsets follow what was made durable, never the other way round."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from kafka import KafkaProducer

from placet.messages import Message
from services.chassis import batch_consumer
from services.chassis.batch_consumer import BatchConsumer
from services.chassis.errors import TransientError
from services.chassis.health import Health
from services.chassis.settings import StreamSettings
from tests.factories import new_action_id

if TYPE_CHECKING:
    from tests.fix_embedded import KafkaPart

PATIENCE_SECONDS = 40


class Bench:
    """A topic and a group of its own."""

    def __init__(self, kafka: KafkaPart) -> None:
        self.topic = f"batches.{new_action_id()}"
        kafka.make_topics([self.topic], partitions=2)
        group = f"ledger-{self.topic}"

        class Settings(StreamSettings):
            service: ClassVar[str] = group

        self.settings = Settings(
            kafka=kafka.settings("ledger"),
            trust_file=Path("unused"),
            trust_root_file=Path("unused"),
            signing_key_file=Path("unused"),
            session_timeout_seconds=6,
            stuck_after_seconds=2,
        )
        self._producer: Any = KafkaProducer(**kafka.client())

    def send(self, count: int, start: int = 0) -> None:
        for number in range(start, start + count):
            self._producer.send(self.topic, key=b"%d" % (number % 7), value=b"%d" % number)
        self._producer.flush()

    def consume(
        self, handle: Callable[[Sequence[Message]], None], until: Callable[[], bool], batch: int = 10
    ) -> BatchConsumer:
        """Run a consumer in this thread until `until()` holds after a batch, or `handle` raises."""
        consumer = BatchConsumer([self.topic], self.settings, batch=batch)
        guard = threading.Timer(PATIENCE_SECONDS, consumer.stop)
        guard.start()

        def one(messages: Sequence[Message]) -> None:
            handle(messages)
            if until():
                consumer.stop()

        try:
            consumer.run(one)
        finally:
            guard.cancel()
        return consumer

    def close(self) -> None:
        self._producer.close()


@pytest.fixture
def bench(kafka: KafkaPart) -> Iterator[Bench]:
    made = Bench(kafka)
    yield made
    made.close()


def values(messages: Sequence[Message]) -> list[int]:
    return [int(message.value) for message in messages]


def test_every_message_comes_once_in_order_and_is_not_repeated_after_a_clean_stop(bench: Bench) -> None:
    bench.send(40)
    seen: list[Message] = []
    bench.consume(seen.extend, lambda: len(seen) >= 40)

    assert sorted(values(seen)) == list(range(40))
    for partition in (0, 1):
        mine = [message for message in seen if message.partition == partition]
        assert [message.offset for message in mine] == list(range(len(mine)))
    bench.send(1, start=40)
    after: list[Message] = []
    bench.consume(after.extend, lambda: True)
    assert values(after) == [40]


def test_what_was_not_made_durable_comes_again(bench: Bench) -> None:
    bench.send(20)
    durable: list[int] = []
    tried: list[int] = []

    def handle(messages: Sequence[Message]) -> None:
        tried.extend(values(messages))
        if durable:
            raise RuntimeError("the disk is full")
        durable.extend(values(messages))

    with pytest.raises(RuntimeError, match="disk"):
        bench.consume(handle, lambda: False, batch=8)
    lost = set(tried) - set(durable)

    again: list[Message] = []
    bench.consume(again.extend, lambda: len(again) + len(durable) >= 20)

    assert lost <= set(values(again))
    assert sorted({*durable, *values(again)}) == list(range(20))


def test_a_transient_error_repeats_the_same_batch_in_the_open(bench: Bench) -> None:
    bench.send(5)
    tries: list[list[int]] = []
    pages: list[tuple[int, str, bytes]] = []
    health = Health()
    consumer = BatchConsumer([bench.topic], bench.settings)
    consumer.checks(health)

    def handle(messages: Sequence[Message]) -> None:
        tries.append(values(messages))
        pages.append(health.answer("/readyz"))
        if len(tries) < 4:
            raise TransientError("postgres")
        if sum(len(one) for one in {tuple(one) for one in tries}) >= 5:
            consumer.stop()

    guard = threading.Timer(PATIENCE_SECONDS, consumer.stop)
    guard.start()
    consumer.run(handle)
    guard.cancel()

    assert tries[0] == tries[1] == tries[2] == tries[3]
    assert sorted(number for one in {tuple(one) for one in tries} for number in one) == list(range(5))
    assert pages[0][0] == 200
    assert pages[3][0] == 503
    assert b"waiting for postgres" in pages[3][2]


def test_a_join_that_outlasts_its_poll_is_not_forgotten(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # kafka-python 3.0.12 often stays without partitions for ever here: see `placet.kafka_client.take_up_join`.
    monkeypatch.setattr(batch_consumer, "POLL_SECONDS", 0.001)
    bench.send(5)
    seen: list[Message] = []

    bench.consume(seen.extend, lambda: len(seen) >= 5)

    assert sorted(values(seen)) == list(range(5))


def test_standing_still_is_seen_and_ends_with_progress(bench: Bench) -> None:
    bench.send(1)
    health = Health()
    consumer = BatchConsumer([bench.topic], bench.settings)
    consumer.checks(health)
    stuck, seen = threading.Event(), threading.Event()

    def handle(_: Sequence[Message]) -> None:
        stuck.set()
        assert seen.wait(PATIENCE_SECONDS)

    thread = threading.Thread(target=consumer.run, args=[handle])
    thread.start()
    assert stuck.wait(PATIENCE_SECONDS)
    _until(lambda: health.answer("/healthz")[0] == 503)
    seen.set()
    _until(lambda: health.answer("/healthz")[0] == 200)
    consumer.stop()
    thread.join(10)

    assert not thread.is_alive()


def _until(look: Callable[[], bool]) -> None:
    patience = threading.Event()
    for _ in range(PATIENCE_SECONDS * 10):
        if look():
            return
        patience.wait(0.1)
    pytest.fail("it never became so")
