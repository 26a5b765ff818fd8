"""What somebody writes to the broker who wants to be believed, or wants nobody to be heard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from infra.admin import operator
from infra.topics import topics
from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing


class NotUtf8(str):
    """A header's name whose bytes are none."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


UNREADABLE: Final[dict[str, dict[str, Any]]] = {
    "header_name": {"headers": [(NotUtf8("x"), b"1")]},
    "gzip": {"compression_type": "gzip"},
}
"""Forms of a record that a client cannot, or must not, read, as a producer is told to write them."""


@contextlib.contextmanager
def storing(compression: str, settings: KafkaSettings, topic: str) -> Iterator[None]:
    """Let a topic keep what comes in this compression, and as the catalogue says again afterwards."""

    def alter(value: str) -> None:
        with operator(settings) as client:
            client.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic, configs={**planned, "compression.type": value})]
            )

    planned = dict(next(plan for plan in topics() if plan.name == topic).settings)
    alter(compression)
    try:
        yield
    finally:
        alter(planned["compression.type"])


def put_unreadable(form: str, settings: KafkaSettings, message: Outgoing) -> None:
    """Write a message so that it cannot be read."""
    how = dict(UNREADABLE[form])
    headers = how.pop("headers", [])
    # Padded, because what compression does not make smaller is sent as it is.
    value = message.value + b" " * 10_000
    with contextlib.closing(KafkaProducer(**settings.for_kafka_python(), linger_ms=0, **how)) as producer:
        producer.send(message.topic, key=message.key, value=value, headers=headers).get(timeout=30)
