"""The gate's broker on Kafka: one reader thread for all pending actions.

Rules:
- No consumer group: an outcome is read from the partition its key falls into, from the offset noted before proposing.
- A partition is read only while an action waits on it; with nothing pending the thread sleeps.
- A lost connection is mended in the thread; reading goes on where it was, so that nothing is passed over.
- Short fetches: a partition that joins waits for the fetch under way, and an outcome is handed over as it arrives.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kafka import TopicPartition
from kafka.errors import KafkaError

from placet.catalogue import Topic
from placet.gate.broker import Deliver
from placet.journal import Place
from placet.kafka_client import KafkaClient, explain, partition_for, to_message
from placet.kafka_producer import close_quietly
from placet.kafka_settings import KafkaSettings
from placet.messages import Message, Outgoing

_log = logging.getLogger(__name__)
_TOPIC: Final = str(Topic.RESOLVED)
_FETCH_MS: Final = 30
_MEND_SECONDS: Final = 0.5
_JOIN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Watch:
    partition: int
    deliver: Deliver


class KafkaBroker:
    """A `Broker` on Kafka."""

    def __init__(self, settings: KafkaSettings, *, timeout: float = 10.0) -> None:
        self._client = KafkaClient(settings, timeout=timeout)
        self._changed = threading.Condition()
        self._watched: dict[str, _Watch] = {}
        self._next: dict[int, int] = {}
        self._moved: set[int] = set()
        self._closing = False
        self._thread: threading.Thread | None = None

    def place(self, action_id: str) -> Place:
        """As `Broker.place`."""
        partition = partition_for(action_id, self._client.partitions(_TOPIC))
        return Place(partition=partition, offset=self._client.end_offset(_TOPIC, partition))

    def publish(self, outgoing: Outgoing) -> None:
        """As `Broker.publish`."""
        self._client.publish(outgoing)

    def watch(self, action_id: str, place: Place, deliver: Deliver, *, fresh: bool) -> None:
        """As `Broker.watch`."""
        with self._changed:
            self._watched[action_id] = _Watch(place.partition, deliver)
            known = self._next.get(place.partition)
            if known is None or (not fresh and place.offset < known):
                self._next[place.partition] = place.offset
                self._moved.add(place.partition)
            if self._thread is None:
                self._thread = threading.Thread(target=self._read, name="placet-gate-reader", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def unwatch(self, action_id: str) -> None:
        """As `Broker.unwatch`."""
        with self._changed:
            done = self._watched.pop(action_id, None)
            # Forget where an unwatched partition stood: whoever watches it next says where to begin.
            if done is not None and all(watch.partition != done.partition for watch in self._watched.values()):
                self._next.pop(done.partition, None)

    def scan(self, action_id: str, place: Place) -> Iterator[Message]:
        """As `Broker.scan`."""
        where = TopicPartition(_TOPIC, place.partition)
        consumer: Any = None
        try:
            consumer = self._client.consumer()
            end = consumer.end_offsets([where])[where]
            consumer.assign([where])
            consumer.seek(where, place.offset)
            while (consumer.position(where) or 0) < end:
                for record in consumer.poll(timeout_ms=500).get(where, ()):
                    if record.key == action_id.encode():
                        yield to_message(record)
        except (KafkaError, OSError) as error:
            raise explain(self._client.settings, f"read {_TOPIC}", error) from error
        finally:
            close_quietly(consumer)

    def close(self) -> None:
        """As `Broker.close`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=_JOIN_SECONDS)
        self._client.close()

    def _read(self) -> None:
        consumer: Any = None
        while self._wait_for_work():
            try:
                if consumer is None:
                    consumer = self._client.consumer(fetch_max_wait_ms=_FETCH_MS)
                self._assign(consumer)
                for partition, records in consumer.poll(timeout_ms=_FETCH_MS).items():
                    self._hand_over(partition.partition, records)
            except Exception as error:  # noqa: BLE001 - a reader that dies leaves every caller waiting
                _log.warning("reading outcomes failed (%s); trying again", type(error).__name__)
                close_quietly(consumer)
                consumer = None
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, timeout=_MEND_SECONDS)
        close_quietly(consumer)

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._watched)
            return not self._closing

    def _assign(self, consumer: Any) -> None:
        """Make the consumer read exactly the watched partitions, each from where reading stands."""
        with self._changed:
            watched = {watch.partition for watch in self._watched.values()}
            self._next = {partition: offset for partition, offset in self._next.items() if partition in watched}
            assigned = {each.partition for each in consumer.assignment()}
            if watched == assigned and not self._moved:
                return
            positions = dict(self._next)
            self._moved.clear()
        consumer.assign([TopicPartition(_TOPIC, partition) for partition in positions])
        for partition, offset in positions.items():
            consumer.seek(TopicPartition(_TOPIC, partition), offset)

    def _hand_over(self, partition: int, records: list[Any]) -> None:
        for record in records:
            action_id = (record.key or b"").decode("ascii", "replace")
            with self._changed:
                watch = self._watched.get(action_id)
            if watch is not None and watch.deliver(to_message(record)):
                self.unwatch(action_id)
        with self._changed:
            if partition in self._next and partition not in self._moved:
                self._next[partition] = records[-1].offset + 1
