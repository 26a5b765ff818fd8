"""Fetches the messages a review rests on from where they lie on the broker.

Rules:
- Only by position; nothing is subscribed, no group, no offset committed. Values in clear stay in this process's
  memory for one judgement and are neither kept nor logged.
- A message that the broker has deleted is None; a broker that does not answer is a `TransientError`.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, OffsetOutOfRangeError, UnknownTopicOrPartitionError

from placet.events import Position
from placet.kafka_settings import KafkaSettings
from placet.limits import MAX_EVENT_BYTES
from placet.messages import SIGNATURE_HEADER, Message
from services.approver.evidence import Originals
from services.chassis.errors import TransientError

FETCH_SECONDS: Final = 5.0


class KafkaProposals:
    """One consumer, made on first use and again after an error; thread-safe."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._consumer: Any = None

    def fetch(self, proposal: Position, classification: Position) -> Originals:
        """Both messages; raise `TransientError`."""
        with self._lock:
            try:
                return Originals(proposed=self._one(proposal), classified=self._one(classification))
            except KafkaError as error:
                self._forget()
                raise TransientError("kafka", type(error).__name__) from error

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._forget()

    def _one(self, position: Position) -> Message | None:
        if self._consumer is None:
            self._consumer = KafkaConsumer(
                **self._settings.for_kafka_python(),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                max_poll_records=1,
                # The first record of a fetch comes whatever its size; more than one is never wanted.
                max_partition_fetch_bytes=MAX_EVENT_BYTES,
            )
        place = TopicPartition(position.topic, position.partition)
        self._consumer.assign([place])
        self._consumer.seek(place, position.offset)
        deadline = monotonic() + FETCH_SECONDS
        while monotonic() < deadline:
            try:
                found = self._consumer.poll(timeout_ms=500, max_records=1).get(place, [])
            except (OffsetOutOfRangeError, UnknownTopicOrPartitionError):
                self._consumer.assign([])
                return None
            if found:
                self._consumer.assign([])
                return _message(found[0]) if found[0].offset == position.offset else None
        raise TransientError("kafka", "no answer to a fetch")

    def _forget(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _message(record: Any) -> Message:
    headers = dict(record.headers)
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value or b"",
        signature=headers.get(SIGNATURE_HEADER),
    )
