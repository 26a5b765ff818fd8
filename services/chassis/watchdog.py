"""Progress seen from outside: messages wait and nothing is acknowledged means not alive.

Rules:
- A consumer can stand still while its process, its threads and its heartbeats are well. So lag is asked of the broker
  by a client of its own, and liveness looks at committed offsets, not at the process.
- Work that is being tried again for a known reason is excused: starting again would not help.
- A broker that does not answer proves nothing about this process: no verdict from that. But /readyz says so: a consumer
  that is idle has nothing to try again, and would look well while nothing can reach it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from placet.kafka_settings import KafkaSettings
from services.chassis import telemetry
from services.chassis.errors import TransientError
from services.chassis.retry import Retry
from services.chassis.telemetry import Metric

LOOK_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""So long a broker may take for one answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the broker: messages waiting, and the sum of committed offsets."""

    lag: int
    committed: int


class Progress:
    """Decides whether a consumer stands still. Pure: the time is an argument (monotonic seconds)."""

    def __init__(self, *, stuck_after: float) -> None:
        self._stuck_after = stuck_after
        self._committed: int | None = None
        self._waiting_since: float | None = None

    def look(self, seen: Seen, now: float, *, excused: bool = False) -> None:
        """Take a look into account."""
        moved = seen.committed != self._committed
        self._committed = seen.committed
        if seen.lag == 0 or excused or moved:
            self._waiting_since = None
        if seen.lag > 0 and self._waiting_since is None:
            self._waiting_since = now

    def problem(self, now: float) -> str | None:
        """None while there is progress, or nothing to do."""
        if self._waiting_since is None or now - self._waiting_since < self._stuck_after:
            return None
        return f"messages wait and none was acknowledged for {now - self._waiting_since:.0f} s"


class Watchdog:
    """Looks at the broker now and then, in a daemon thread."""

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        group: str,
        topics: Iterable[str],
        assignment: Callable[[], frozenset[tuple[str, int]]],
        excused: Callable[[], bool],
        stuck_after: float,
    ) -> None:
        self._kafka, self._group, self._topics = kafka, group, tuple(topics)
        self._assignment, self._excused = assignment, excused
        self._progress = Progress(stuck_after=stuck_after)
        self.reaching = Retry("reach")
        """For /readyz."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._pause = min(LOOK_SECONDS, stuck_after / 4)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self._thread.join(timeout=3)

    def alive(self) -> str | None:
        """A check for /healthz."""
        with self._lock:
            return self._progress.problem(monotonic())

    def _run(self) -> None:
        client: Any = None
        while not self._stopping.wait(self._pause):
            try:
                client = client or KafkaConsumer(
                    **self._kafka.for_kafka_python(),
                    group_id=self._group,
                    client_id=f"{self._group}-watchdog",
                    enable_auto_commit=False,
                    bootstrap_timeout_ms=int(ANSWER_SECONDS * 1000),
                )
                self._look(client)
                self.reaching.succeeded()
            except Exception as error:  # noqa: BLE001 - of many kinds, and none says anything about the stream
                away = TransientError("kafka", "no look at the broker")
                away.__cause__ = error
                self.reaching.failed(away)
                if client is not None:
                    client.close(autocommit=False)
                client = None
        if client is not None:
            client.close(autocommit=False)

    def _look(self, client: Any) -> None:
        mine = self._assignment()
        # Without partitions of its own a worker answers for the group: a stand-by beside a working one sees progress.
        pairs = mine or {(name, part) for name in self._topics for part in client.partitions_for_topic(name) or ()}
        partitions = [TopicPartition(name, part) for name, part in pairs]
        limit = int(ANSWER_SECONDS * 1000)
        seen = measured(
            beginnings=client.beginning_offsets(partitions, timeout_ms=limit),
            ends=client.end_offsets(partitions, timeout_ms=limit),
            committed={partition: client.committed(partition, timeout_ms=limit) for partition in partitions},
        )
        with self._lock:
            self._progress.look(seen, monotonic(), excused=self._excused())
        telemetry.gauge(Metric.LAG, seen.lag if mine else 0)


def measured(*, beginnings: Mapping[Any, int], ends: Mapping[Any, int], committed: Mapping[Any, int | None]) -> Seen:
    """Lag over some partitions. What retention has removed is not waiting any more."""
    done = {partition: max(committed.get(partition) or 0, beginnings[partition]) for partition in ends}
    return Seen(lag=sum(max(0, ends[partition] - done[partition]) for partition in ends), committed=sum(done.values()))
