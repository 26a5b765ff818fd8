"""Kafka as the library uses it: publish and be sure, look up where a partition ends, read one message.

Rules:
- Published means acknowledged by every in-sync replica (`placet.kafka_producer`).
- Every failure is a `ClientError` that says what happened, why, and what to do; no sentence holds a message's bytes.
- kafka-python logs whole messages at DEBUG; here it never gets below INFO, whatever the application chooses.
- Whoever reads by kafka-python in a process that imports this module reads tolerantly (`placet.kafka_records`).
- W3C trace context travels in headers while a span is active.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Any, Final, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer import fetcher
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    UnknownTopicOrPartitionError,
)
from kafka.partitioner import murmur2

from placet.kafka_producer import SureProducer, close_quietly
from placet.kafka_records import make_tolerant
from placet.kafka_settings import KafkaSettings
from placet.messages import SIGNATURE_HEADER, Message, Outgoing
from placet.outcomes import ClientError
from placet.tracing import headers_of, of_headers, traceparent_of

make_tolerant(fetcher)

_END_STAYS_GOOD_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 5.0
_TOGETHER: Final[AbstractContextManager[Any]] = nullcontext()

T = TypeVar("T")


class _NoMessages(logging.Filter):
    """Lets no record below INFO through."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.INFO


for _name in (
    "kafka.producer.kafka",
    "kafka.producer.sender",
    "kafka.producer.record_accumulator",
    "kafka.consumer.fetcher",
):
    logging.getLogger(_name).addFilter(_NoMessages())


def explain(settings: KafkaSettings, doing: str, error: Exception) -> ClientError:
    """What happened, why, what next."""
    match error:
        case AuthorizationError():
            why, following = "the broker does not let this user do that", "Check the access rules: `placet topics`."
        case SaslAuthenticationFailedError():
            why, following = (
                "the broker does not accept user or password",
                "Check PLACET_KAFKA_USERNAME and its password file.",
            )
        case UnknownTopicOrPartitionError():
            why, following = "the topic does not exist", "Create the topics: `placet topics`."
        case OSError() if not isinstance(error, KafkaError) and error.filename:
            why, following = f"{error.filename}: {error.strerror}", "Check the file that the settings name."
        case _:
            why = f"no usable answer ({type(error).__name__})"
            following = "Check that it runs and that PLACET_KAFKA_BOOTSTRAP names it, then try again."
    return ClientError(f"Could not {doing} on Kafka at {settings.bootstrap}: {why}. {following}")


def partition_for(key: str, partitions: int) -> int:
    """The partition of a key, as every producer with Kafka's default partitioner chooses it."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


def to_message(record: Any) -> Message:
    """A consumer's record; one signature header or it is unsigned."""
    signatures = [value for name, value in record.headers if name == SIGNATURE_HEADER]
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value or b"",
        signature=signatures[0] if len(signatures) == 1 else None,
        trace=of_headers(record.headers),
    )


def take_up_join(consumer: Any) -> None:
    """Call after every poll of a group's consumer.

    kafka-python 3.0.12 forgets a join that finishes after the poll that began it timed out, where changed metadata was
    the reason to join (the usual case at a first start): the consumer then stays without partitions, for ever, while
    its heartbeats go on. A finished join that nobody took up is asked for again.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - there is no public way to see or to ask this
    join = coordinator._join_task  # noqa: SLF001 - as above
    if join is not None and join.is_done and not coordinator.need_rejoin():
        coordinator.request_rejoin()


class KafkaClient:
    """A producer and a consumer for lookups, each connected when first needed; thread-safe."""

    def __init__(self, settings: KafkaSettings, *, timeout: float = 10.0) -> None:
        self.settings = settings
        self._timeout = timeout
        self._looking = threading.Lock()
        self._producer = SureProducer(settings, timeout=timeout)
        self._lookup: Any = None
        self._ends: dict[tuple[str, int], tuple[float, int]] = {}
        self._closed = False

    def publish(self, outgoing: Outgoing) -> None:
        """Return when the broker has it for good; raise `ClientError`. Not knowing whether it arrived is a failure."""
        headers = outgoing.headers + headers_of(traceparent_of())
        self._explained(f"publish to {outgoing.topic}", lambda: self._producer.publish(outgoing, headers))

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; raise `ClientError`."""
        return self._explained(f"look up {topic}", lambda: self._producer.partitions(topic))

    def end_offset(self, topic: str, partition: int) -> int:
        """An offset at which nothing lay at most a second ago: where to start reading for what is yet to come."""

        def ask() -> int:
            at, end = self._ends.get((topic, partition), (-_END_STAYS_GOOD_SECONDS, 0))
            if monotonic() - at >= _END_STAYS_GOOD_SECONDS:
                at, where = monotonic(), TopicPartition(topic, partition)
                end = int(self._looking_up().end_offsets([where], timeout_ms=int(self._timeout * 1000))[where])
                self._ends[topic, partition] = at, end
            return end

        return self._explained(f"look up the end of {topic}", ask, self._looking)

    def read(self, topic: str, partition: int, offset: int) -> Message | None:
        """The message at a position, or None where it is no more; raise `ClientError` where that cannot be told."""
        where = TopicPartition(topic, partition)

        def look() -> Message | None:
            consumer = self._looking_up()
            if not consumer.beginning_offsets([where])[where] <= offset < consumer.end_offsets([where])[where]:
                return None
            consumer.assign([where])
            consumer.seek(where, offset)
            found = consumer.poll(timeout_ms=int(self._timeout * 1000), max_records=1).get(where, ())
            consumer.assign([])
            if not found:
                raise KafkaTimeoutError(f"nothing came of {topic}")
            return to_message(found[0]) if found[0].offset == offset else None

        return self._explained(f"read {topic}", look, self._looking)

    def consumer(self, *topics: str, **options: Any) -> Any:
        """A KafkaConsumer that joins no group and commits nothing, unless told otherwise; raises KafkaError."""
        defaults: dict[str, Any] = {
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "auto_offset_reset": "earliest",
            "bootstrap_timeout_ms": int(self._timeout * 1000),
        }
        return KafkaConsumer(*topics, **{**defaults, **options}, **self.settings.for_kafka_python())

    def close(self) -> None:
        """Let go of the connections, within seconds: what the client waits for when it closes may never come."""
        self._closed = True
        closing = threading.Thread(target=self._close, name="placet-kafka-close", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _close(self) -> None:
        self._producer.close(_CLOSE_SECONDS)
        with self._looking:
            close_quietly(self._lookup)
            self._lookup = None

    def _looking_up(self) -> Any:
        if self._lookup is None:
            self._lookup = self.consumer()
        return self._lookup

    def _explained(self, doing: str, act: Callable[[], T], alone: AbstractContextManager[Any] = _TOGETHER) -> T:
        """What `act` gives, under a lock where it needs one. A closed client says so without waiting for the lock."""
        if self._closed:
            raise ClientError(f"Could not {doing}: this client was closed. Make a new one.")
        try:
            with alone:
                return act()
        except (KafkaError, OSError, ValueError) as error:
            raise explain(self.settings, doing, error) from error
