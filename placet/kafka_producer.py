"""A producer that is sure: connected when first needed, replaced when it can publish no more.

Rules:
- Published means acknowledged by every in-sync replica; it is idempotent and waits for nothing (linger 0).
- kafka-python 3.0.12 leaves a producer dead for ever in two ways. Where a message expires while it is being sent again
  (the broker was away for longer than the message's time), the producer gives its id back and never asks for another
  (the Java client does: KAFKA-7737); and where its request for an id comes to nothing, that error is final. Such a
  producer accepts messages and sends none. So whether it lives is looked at before each message.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.producer.transaction_manager import TransactionState

from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing


def close_quietly(client: Any, **how: Any) -> None:
    """Let go of a consumer or producer that may be broken, or None."""
    if client is not None:
        with suppress(Exception):
            client.close(**how)


def is_dead(producer: Any) -> bool:
    """Whether an idempotent producer of kafka-python will never send again."""
    # There is no public way to ask.
    manager = producer._transaction_manager  # noqa: SLF001
    idle = manager._current_state is TransactionState.READY  # noqa: SLF001
    return bool(manager.has_fatal_error() or (idle and not manager.has_producer_id()))


class SureProducer:
    """Thread-safe. `timeout`: seconds for a message to arrive, and for the first connection."""

    def __init__(self, settings: KafkaSettings, *, timeout: float) -> None:
        self._settings, self._timeout = settings, timeout
        self._connecting = threading.Lock()
        self._producer: Any = None

    def publish(self, outgoing: Outgoing, headers: list[tuple[str, bytes]]) -> None:
        """Return when the broker has it for good; raise KafkaError or OSError, when it may have it or not."""
        sent = self._connected().send(outgoing.topic, key=outgoing.key, value=outgoing.value, headers=headers)
        sent.get(timeout=self._timeout + 1)

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; raise KafkaError or OSError."""
        return len(self._connected().partitions_for(topic))

    def close(self, seconds: float) -> None:
        """Let go of the connection."""
        with self._connecting:
            close_quietly(self._producer, timeout=seconds)
            self._producer = None

    def _connected(self) -> Any:
        with self._connecting:
            if self._producer is not None and is_dead(self._producer):
                close_quietly(self._producer, timeout=0)
                self._producer = None
            if self._producer is None:
                milliseconds = int(self._timeout * 1000)
                self._producer = KafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=0,
                    max_block_ms=milliseconds,
                    delivery_timeout_ms=milliseconds,
                    request_timeout_ms=milliseconds,
                    bootstrap_timeout_ms=milliseconds,
                    allow_auto_create_topics=False,
                    **self._settings.for_kafka_python(),
                )
            return self._producer
