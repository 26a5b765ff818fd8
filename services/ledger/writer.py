"""The writer process around `handle.Appender`: waits for the lock, consumes, looks after what does not come by Kafka.

Rules:
- A standby holds no partitions: it joins the consumer group only once it holds the lock.
- Once a second, besides the stream: is the lock still ours, is there a new trust file, is a head to be published.
- A lost lock, or another trust file or message where one is recorded, ends the process: a restarted one looks afresh.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from placet.messages import Message
from services.chassis import logs, telemetry
from services.chassis.errors import TransientError
from services.chassis.retry import Retry
from services.chassis.telemetry import Attribute, Attributes, Metric, SpanName
from services.ledger.handle import Appender
from services.ledger.ports import StoredCheckpoint

STANDBY_SECONDS = 0.5
LOOK_SECONDS = 1.0


class Lock(Protocol):
    """The sequencer's lock."""

    def acquire(self) -> bool:
        """Try once; raise TransientError where the database is away."""
        ...

    def check(self) -> None:
        """Raise SequencerLostError where it is another's, TransientError where the database is away."""
        ...


class Stream(Protocol):
    """`services.chassis.batch_consumer.BatchConsumer`."""

    def run(self, handle: Callable[[Sequence[Message]], None]) -> None:
        """Consume until `stop`."""
        ...

    def stop(self) -> None:
        """Let `run` return."""
        ...


@dataclass
class Writer:
    """One writer, active or standing by."""

    lock: Lock
    appender: Appender
    stream: Stream
    publish: Callable[[StoredCheckpoint], None]
    """Publishes a head; raises TransientError."""
    publish_seconds: float
    stopping: threading.Event
    on_active: Callable[[], None] = lambda: None
    """Called once the lock is held."""
    standby: Retry = field(default_factory=lambda: Retry("standby"))
    heads: Retry = field(default_factory=lambda: Retry("heads"))
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock, init=False)
    _published: int = field(default=0, init=False)
    _next_publish: float = field(default=0.0, init=False)
    _failure: BaseException | None = field(default=None, init=False)

    def run(self) -> None:
        """Wait for the lock, then consume until asked to stop; raise what ended it otherwise."""
        if not self._wait_for_lock():
            return
        logs.get_logger().info("sequencing")
        self.on_active()
        beside = threading.Thread(target=self._beside, name="beside", daemon=True)
        beside.start()
        try:
            self.stream.run(self.handle)
        finally:
            self.stopping.set()
            beside.join(timeout=15)
        if self._failure is not None:
            raise self._failure
        self._publish_head()

    def handle(self, batch: Sequence[Message]) -> None:
        """Make a batch durable."""
        with self._one_at_a_time, telemetry.spans(SpanName.APPEND, [_traced(message) for message in batch]):
            self._append(batch)
        head = self.appender.head
        if head is not None:
            telemetry.gauge(Metric.TREE_SIZE, head.size)

    def look(self) -> None:
        """What is done once a second; raise what must end the process."""
        try:
            with self._one_at_a_time:
                self.lock.check()
                self._append([])
        except TransientError:
            return  # the next batch, or the next look, tries again, and says so on /readyz
        self._publish_head()

    def _append(self, batch: Sequence[Message]) -> None:
        """What came again has its entry and is not counted once more."""
        for leaf in self.appender.append(batch):
            telemetry.count(Metric.ENTRIES, topic=leaf.topic)
            if leaf.refused is not None:
                telemetry.count(Metric.ENTRIES_REFUSED, topic=leaf.topic, code=leaf.refused)
            elif (age := telemetry.since_proposal((leaf.key or "").encode())) is not None:
                telemetry.observe(Metric.STAGE_SECONDS, age, topic=leaf.topic)

    def _publish_head(self) -> None:
        head = self.appender.head
        early = monotonic() < self._next_publish and not self.stopping.is_set()
        if head is None or head.size == self._published or early:
            return
        try:
            with telemetry.span(SpanName.CHECKPOINT, attributes={Attribute.TREE_SIZE: head.size}):
                self.publish(head)
        except TransientError as error:
            self._next_publish = monotonic() + self.heads.failed(error)
            return
        self.heads.succeeded()
        self._published, self._next_publish = head.size, monotonic() + self.publish_seconds

    def _beside(self) -> None:
        try:
            while not self.stopping.is_set():
                self.look()
                self.stopping.wait(LOOK_SECONDS)
        except BaseException as failure:  # noqa: BLE001 - raised again by `run`, in the main thread
            self._failure = failure
            self.stream.stop()

    def _wait_for_lock(self) -> bool:
        said = False
        while not self.stopping.is_set():
            try:
                if self.lock.acquire():
                    self.standby.succeeded()
                    return True
            except TransientError as error:
                self.stopping.wait(self.standby.failed(error))
                continue
            self.standby.succeeded()
            if not said:
                logs.get_logger().info("standing_by")
                said = True
            self.stopping.wait(STANDBY_SECONDS)
        return False


def _traced(message: Message) -> tuple[str, Attributes]:
    return message.trace, telemetry.place_of(message)
