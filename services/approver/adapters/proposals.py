"""Fetches the messages a review rests on from where they lie on the broker.

Rules:
- Only by position; nothing is subscribed, no group, no offset committed. Values in clear stay in this process's
  memory for one judgement and are neither kept nor logged.
- A message that the broker has deleted is None; a broker that does not answer is a `TransientError`.
"""

from __future__ import annotations

from typing import Final

from placet.events import Position
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
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
                proposed=self._client.read(proposal.topic, proposal.partition, proposal.offset),
                classified=self._client.read(classification.topic, classification.partition, classification.offset),
            )
        except ClientError as error:
            raise TransientError("kafka", "no answer to a fetch") from error

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
