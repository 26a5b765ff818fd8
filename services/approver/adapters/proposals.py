"""Fetches the messages a review rests on from where they lie on the broker.

Rules:
- Only by position; nothing is subscribed, no group, no offset committed. Values in clear stay in this process's
  memory for one judgement and are neither kept nor logged.
- A message that the broker has deleted, or that lies where none can, is None; a broker that does not answer is a
  `TransientError`.
"""

from __future__ import annotations

from typing import Final

from placet.catalogue import Topic
from placet.events import Position
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
from placet.messages import Message
from placet.outcomes import ClientError
from services.approver.evidence import Originals
from services.chassis.errors import TransientError

FETCH_SECONDS: Final = 5.0


class KafkaProposals:
    """Connects on first use; thread-safe."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._client = KafkaClient(settings, timeout=FETCH_SECONDS)

    def fetch(self, proposal: Position, classification: Position) -> Originals:
        """Both messages; raise `TransientError`."""
        try:
            return Originals(
                proposed=self._read(proposal, Topic.PROPOSED), classified=self._read(classification, Topic.CLASSIFIED)
            )
        except ClientError as error:
            raise TransientError("kafka", "no answer to a fetch") from error

    def _read(self, position: Position, topic: Topic) -> Message | None:
        # Asking the broker about a partition it does not have would be waiting for ever.
        if position.topic != topic or position.partition >= self._client.partitions(topic):
            return None
        return self._client.read(topic, position.partition, position.offset)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
