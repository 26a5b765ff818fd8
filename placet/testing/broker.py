"""A broker in memory, as far as a gate can tell one. For tests only.

Rules: one `MemoryLog` holds what was published; every gate has a `MemoryBroker` of its own on it, as every process has
a connection of its own. Delivery happens at once, in the thread that publishes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from placet.catalogue import Topic
from placet.gate.broker import Deliver
from placet.journal import Place
from placet.messages import Message, Outgoing
from placet.outcomes import ClientError


@dataclass
class MemoryLog:
    """Every message, in order, and who is told of a new one."""

    messages: list[Message] = field(default_factory=list)
    listeners: list[Callable[[Message], None]] = field(default_factory=list)
    down: bool = False
    """Every call fails, as when the broker does not answer."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def append(self, outgoing: Outgoing) -> None:
        """Keep it, then tell everyone."""
        with self._lock:
            message = Message(
                topic=outgoing.topic,
                partition=0,
                offset=len(self.of(Topic(outgoing.topic))),
                key=outgoing.key,
                value=outgoing.value,
                signature=outgoing.signature,
            )
            self.messages.append(message)
            told = list(self.listeners)
        for tell in told:
            tell(message)

    def of(self, topic: Topic) -> list[Message]:
        """What was published to a topic, in order."""
        with self._lock:
            return [message for message in self.messages if message.topic == topic]


class MemoryBroker:
    """A `Broker` on a log."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self._watched: dict[str, Deliver] = {}
        log.listeners.append(self._tell)

    def place(self, action_id: str) -> Place:  # noqa: ARG002 - one partition, whatever the key
        """As `Broker.place`."""
        self._check()
        return Place(partition=0, offset=len(self.log.of(Topic.RESOLVED)))

    def publish(self, outgoing: Outgoing) -> None:
        """As `Broker.publish`."""
        self._check()
        self.log.append(outgoing)

    def watch(self, action_id: str, place: Place, deliver: Deliver, *, fresh: bool) -> None:
        """As `Broker.watch`."""
        self._watched[action_id] = deliver
        if not fresh and any(deliver(message) for message in self.scan(action_id, place)):
            self.unwatch(action_id)

    def unwatch(self, action_id: str) -> None:
        """As `Broker.unwatch`."""
        self._watched.pop(action_id, None)

    def scan(self, action_id: str, place: Place) -> Iterator[Message]:
        """As `Broker.scan`."""
        self._check()
        return (m for m in self.log.of(Topic.RESOLVED)[place.offset :] if m.key == action_id.encode())

    def close(self) -> None:
        """As `Broker.close`."""
        self._watched.clear()

    def _tell(self, message: Message) -> None:
        action_id = (message.key or b"").decode()
        deliver = self._watched.get(action_id) if message.topic == Topic.RESOLVED else None
        if deliver is not None and deliver(message):
            self.unwatch(action_id)

    def _check(self) -> None:
        if self.log.down:
            raise ClientError("Could not reach the broker in memory: the test says it is down. Let it be up again.")
