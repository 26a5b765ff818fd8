"""One load for both sides: open-loop at a fixed rate for latency, everything at once for throughput.

Rules: a message is sent when its time has come, however late earlier ones are (no coordinated omission); latency is
from the moment it was due to the moment its answer was read by this process; the same clock reads both.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing


@dataclass(frozen=True, slots=True)
class Run:
    """What a load came to; seconds."""

    latencies: list[float]
    elapsed: float
    """From the first send to the last answer."""

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.elapsed


class Driver:
    """Sends to one topic, and reads the answers by key from another."""

    def __init__(self, settings: KafkaSettings, answers: str) -> None:
        options = settings.for_kafka_python()
        self._producer = KafkaProducer(**options, linger_ms=0, acks="all")
        self._consumer = KafkaConsumer(**options, fetch_max_wait_ms=20, enable_auto_commit=False)
        partitions = [TopicPartition(answers, each) for each in self._consumer.partitions_for_topic(answers) or ()]
        self._consumer.assign(partitions)
        self._consumer.seek_to_end()
        for each in partitions:
            self._consumer.position(each)

    def close(self) -> None:
        """Disconnect."""
        self._producer.close()
        self._consumer.close()

    def run(
        self,
        messages: Sequence[Outgoing],
        *,
        topic: str | None = None,
        per_second: float | None,
        timeout: float = 300.0,
    ) -> Run:
        """Send at a rate (None: at once) and wait for every answer; raise TimeoutError where one is missing.

        `topic` overrides where the messages go, so that the very same bytes can go through another pipeline.
        """
        due: dict[bytes, float] = {}
        started = time.perf_counter() + 0.05
        for number, message in enumerate(messages):
            due[message.key] = started + (number / per_second if per_second else 0.0)
        sender = threading.Thread(target=self._send, args=(messages, topic, due), daemon=True)
        sender.start()
        arrived: dict[bytes, float] = {}
        deadline = time.perf_counter() + timeout
        while len(arrived) < len(messages):
            for records in self._consumer.poll(timeout_ms=100).values():
                now = time.perf_counter()
                arrived.update(
                    (record.key, now) for record in records if record.key in due and record.key not in arrived
                )
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{len(messages) - len(arrived)} of {len(messages)} answers are missing")
        sender.join()
        latencies = [arrived[key] - due[key] for key in due]
        return Run(latencies=latencies, elapsed=max(arrived.values()) - started)

    def _send(self, messages: Sequence[Outgoing], topic: str | None, due: dict[bytes, float]) -> None:
        for message in messages:
            wait = due[message.key] - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self._producer.send(topic or message.topic, key=message.key, value=message.value, headers=message.headers)
        self._producer.flush()


def timed(work: Callable[[], Any], *, times: int) -> list[float]:
    """How long each of so many calls took, in seconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return taken
