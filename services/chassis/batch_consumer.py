"""Consumes batches with kafka-python: for a service that makes each batch durable itself, in one transaction.

Rules:
- `handle(batch)` returns when the batch is durable; only then are its offsets committed. So any batch may come again,
  whole or in part, and `handle` must know what it has seen.
- Batches hold messages in the order of each partition, and no more bytes than are bounded; nothing is verified here.
- Where the service's own store says what it has (`resume_at`), that counts, and not what the group once committed: a
  database restored from a backup gets again what it lacks.
- TransientError: the same batch is tried again in place, membership kept up meanwhile. Any other error ends `run`:
  what cannot be made durable must not be passed over.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import CommitFailedError, IllegalStateError, KafkaError

from placet.kafka_client import take_up_join
from placet.limits import MAX_EVENT_BYTES
from placet.messages import Message
from services.chassis import logs, telemetry
from services.chassis.budget import portions
from services.chassis.errors import TransientError
from services.chassis.health import Health
from services.chassis.records import received
from services.chassis.retry import Retry
from services.chassis.settings import StreamSettings
from services.chassis.telemetry import Metric
from services.chassis.watchdog import Watchdog

POLL_SECONDS = 0.2

ResumeAt = Callable[[Collection[tuple[str, int]]], Mapping[tuple[str, int], int]]
"""Newly assigned (topic, partition) → offset to read next; 0 where there is nothing yet. May raise TransientError."""


class BatchConsumer:
    """One consumer of some topics, in the group named by the settings' service. One thread runs it."""

    def __init__(
        self, topics: Iterable[str], settings: StreamSettings, *, batch: int = 500, resume_at: ResumeAt | None = None
    ) -> None:
        self._topics = [str(topic) for topic in topics]
        self._resume_at = resume_at
        self._settings, self._batch = settings, batch
        self._stopping = threading.Event()
        self._assigned: frozenset[tuple[str, int]] = frozenset()
        self.retry = Retry("handle")
        self._watchdog = Watchdog(
            settings.kafka,
            group=settings.service,
            topics=self._topics,
            assignment=lambda: self._assigned,
            excused=lambda: self.retry.trouble is not None,
            stuck_after=settings.stuck_after_seconds,
        )

    def checks(self, health: Health) -> None:
        """Add liveness and readiness of this consumer."""
        health.alive("progress", self._watchdog.alive)
        health.ready("partitions", lambda: None if self._assigned else "no partitions assigned yet")
        health.ready("handle", self.retry.ready)
        health.ready("reach", self._watchdog.reaching.ready)

    def stop(self) -> None:
        """Let `run` return after the batch in hand; from any thread or signal handler."""
        self._stopping.set()

    def run(self, handle: Callable[[Sequence[Message]], None]) -> None:
        """Consume until `stop()`. Raises what `handle` raises, but for `TransientError`."""
        client = self._insist(lambda _: self._connected(), None)
        if client is None:
            return
        self._watchdog.start()
        try:
            while not self._stopping.is_set():
                for batch in portions(self._insist(self._poll, client) or ()):
                    if self._stopping.is_set():  # what is left was not committed, and comes again
                        break
                    self._one(client, batch, handle)
        finally:
            self._watchdog.close()
            client.close(autocommit=False)

    def _connected(self) -> Any:
        settings = self._settings
        name = f"{settings.service}-{settings.instance}"
        try:
            return KafkaConsumer(
                *self._topics,
                **settings.kafka.for_kafka_python(),
                group_id=settings.service,
                group_instance_id=name,
                client_id=name,
                session_timeout_ms=int(settings.session_timeout_seconds * 1_000),
                heartbeat_interval_ms=int(min(3.0, settings.session_timeout_seconds / 4) * 1_000),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_poll_records=self._batch,
                fetch_max_bytes=settings.held_bytes,
                max_partition_fetch_bytes=MAX_EVENT_BYTES,  # one that is larger comes alone
            )
        except (KafkaError, OSError) as error:
            raise TransientError("kafka", type(error).__name__) from error

    def _poll(self, client: Any) -> list[Message]:
        try:
            found = client.poll(timeout_ms=int(POLL_SECONDS * 1_000), max_records=self._batch)
            take_up_join(client)
            assigned = frozenset((tp.topic, tp.partition) for tp in client.assignment())
            if self._resume_at is not None and assigned - self._assigned:
                found = self._positioned(client, found, assigned - self._assigned, self._resume_at)
            self._assigned = assigned
        except KafkaError as error:
            raise TransientError("kafka", type(error).__name__) from error
        return [
            received(
                record.topic,
                record.partition,
                record.offset,
                key=record.key,
                value=record.value,
                headers=record.headers,
            ).message
            for records in found.values()
            for record in records
        ]

    def _positioned(self, client: Any, found: Any, new: Collection[tuple[str, int]], resume_at: ResumeAt) -> Any:
        """Put new partitions where the store left off; what was read of them from elsewhere does not count."""
        try:
            wanted = resume_at(new)
        except TransientError:
            for partition, records in found.items():  # none of it was handled: read it again
                client.seek(partition, records[0].offset)
            raise
        for topic, partition in new:
            # Below what is still there, the broker answers with the earliest (auto_offset_reset).
            client.seek(TopicPartition(topic, partition), wanted.get((topic, partition), 0))
        return {tp: records for tp, records in found.items() if (tp.topic, tp.partition) not in new}

    def _one(self, client: Any, batch: list[Message], handle: Callable[[Sequence[Message]], None]) -> None:
        began = monotonic()
        telemetry.observe(Metric.BATCH_MESSAGES, len(batch))
        while True:
            try:
                handle(batch)
            except TransientError as error:
                if self._waited(client, self.retry.failed(error)):
                    continue
                return
            break
        self.retry.succeeded()
        self._commit(client, batch)
        telemetry.observe(Metric.HANDLE_SECONDS, monotonic() - began)
        for topic, number in Counter(message.topic for message in batch).items():
            telemetry.count(Metric.MESSAGES, number, topic=topic, result="handled")

    def _commit(self, client: Any, batch: Sequence[Message]) -> None:
        offsets = {
            TopicPartition(message.topic, message.partition): OffsetAndMetadata(message.offset + 1, "", -1)
            for message in batch
        }
        try:
            client.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # Somebody else has the partitions now. The batch is durable; it will come to them once more.
            logs.get_logger().warning("commit_refused", messages=len(batch))
        except KafkaError as error:
            logs.get_logger().warning("commit_failed", messages=len(batch), exc_info=error)

    def _waited(self, client: Any, seconds: float) -> bool:
        """Keep up membership while waiting; False when asked to stop."""
        until = monotonic() + seconds
        client.pause(*client.assignment())
        try:
            while monotonic() < until:
                if self._stopping.wait(min(0.2, max(0.0, until - monotonic()))):
                    return False
                # Partitions that come in meanwhile are paused too, and nothing of theirs is passed over.
                for partition, records in client.poll(timeout_ms=0).items():
                    client.seek(partition, records[0].offset)
                client.pause(*client.assignment())
        except KafkaError as error:
            logs.get_logger().warning("heartbeat_failed", exc_info=error)
        finally:
            client.resume(*client.paused())
        return True

    def _insist(self, attempt: Callable[[Any], Any], client: Any) -> Any:
        """Try until it works; None when asked to stop."""
        while not self._stopping.is_set():
            try:
                found = attempt(client)
            except TransientError as error:
                self._stopping.wait(self.retry.failed(error))
            else:
                self.retry.succeeded()
                return found
        return None
