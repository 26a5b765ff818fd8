"""Closing the library's Kafka client ends, whatever the client underneath waits for."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from placet import kafka_client
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
from placet.outcomes import ClientError


class Closing:
    """A producer or consumer whose close does as it is told."""

    def __init__(self, how: str) -> None:
        self._how, self.asked, self.released = how, threading.Event(), threading.Event()

    def close(self, **_: Any) -> None:
        self.asked.set()
        if self._how == "raises":
            raise RuntimeError("NetworkSelector closed!")
        if self._how == "hangs":
            self.released.wait()


@pytest.mark.parametrize("how", ["ends", "raises", "hangs"])
def test_closing_ends(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_client, "_CLOSE_SECONDS", 0.2)
    client, producer, consumer = KafkaClient(KafkaSettings(bootstrap="127.0.0.1:1")), Closing(how), Closing(how)
    client._producer._producer, client._lookup = producer, consumer
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 10
    assert producer.asked.is_set()
    assert consumer.asked.is_set() == (how != "hangs")
    with pytest.raises(ClientError, match="closed"):
        client.read("actions.resolved.v1", 0, 0)  # also while what is closed holds its lock
    with pytest.raises(ClientError, match="closed"):
        client.end_offset("actions.resolved.v1", 0)
    for each in (producer, consumer):
        each.released.set()
