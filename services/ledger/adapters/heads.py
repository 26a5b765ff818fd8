"""Publishes the ledger's signed heads to `ledger.checkpointed`, for whoever keeps one outside."""

from __future__ import annotations

from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing
from services.chassis.errors import TransientError
from services.chassis.records import record_of

ACKNOWLEDGE_SECONDS = 10.0


class HeadPublisher:
    """Connects when first used; a failed write is the next one's business."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Any = None

    def publish(self, outgoing: Outgoing) -> None:
        """Return when the brokers have it; raise TransientError."""
        record = record_of(outgoing)
        try:
            if self._producer is None:
                self._producer = KafkaProducer(
                    **self._settings.for_kafka_python(), acks="all", client_id="ledger-heads"
                )
            sent = self._producer.send(record.topic, key=record.key, value=record.value, headers=list(record.headers))
            sent.get(timeout=ACKNOWLEDGE_SECONDS)
        except (KafkaError, OSError) as error:
            raise TransientError("kafka", type(error).__name__) from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            self._producer.close(timeout=2)
            self._producer = None
