"""Publishes the ledger's signed heads to `ledger.checkpointed`, for whoever keeps one outside."""

from __future__ import annotations

from kafka.errors import KafkaError

from placet.kafka_producer import SureProducer
from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing
from services.chassis.errors import TransientError

ACKNOWLEDGE_SECONDS = 10.0
CLOSE_SECONDS = 2.0


class HeadPublisher:
    """Connects when first used; a failed write is the next one's business."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._producer = SureProducer(settings, timeout=ACKNOWLEDGE_SECONDS)

    def publish(self, outgoing: Outgoing) -> None:
        """Return when the brokers have it; raise TransientError."""
        try:
            self._producer.publish(outgoing, outgoing.headers)
        except (KafkaError, OSError) as error:
            raise TransientError("kafka", type(error).__name__) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._producer.close(CLOSE_SECONDS)
