"""A broker in memory, as far as a gate can tell one. For tests only."""

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
class MemoryBroker:
    """Keeps what is published, in order; calls `on_publish` and delivers to who watches."""

    on_publish: Callable[[Message], None] = lambda _: None
    down: bool = False
    """Every call fails, as when the broker does not answer."""
    log: list[Message] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _watched: dict[str, tuple[Place, Deliver]] = field(default_factory=dict)

    def place(self, action_id: str) -> Place:  # noqa: ARG002 - one partition, whatever the key
        """As `Broker.place`."""
        self._check()
        with self._lock:
            return Place(partition=0, offset=len(self.messages(Topic.RESOLVED)))

    def publish(self, outgoing: Outgoing) -> None:
        """As `Broker.publish`."""
        self._check()
        with self._lock:
            message = Message(
                topic=outgoing.topic,
                partition=0,
                offset=len(self.messages(Topic(outgoing.topic))),
                key=outgoing.key,
                value=outgoing.value,
                signature=outgoing.signature,
            )
            self.log.append(message)
            watched = self._watched.get(outgoing.key.decode()) if message.topic == Topic.RESOLVED else None
        if watched is not None and watched[1](message):
            self.unwatch(outgoing.key.decode())
        self.on_publish(message)

    def watch(self, action_id: str, place: Place, deliver: Deliver, *, fresh: bool) -> None:
        """As `Broker.watch`."""
        with self._lock:
            self._watched[action_id] = place, deliver
        if not fresh and any(deliver(message) for message in self.scan(action_id, place)):
            self.unwatch(action_id)

    def unwatch(self, action_id: str) -> None:
        """As `Broker.unwatch`."""
        with self._lock:
            self._watched.pop(action_id, None)

    def scan(self, action_id: str, place: Place) -> Iterator[Message]:
        """As `Broker.scan`."""
        self._check()
        for message in self.messages(Topic.RESOLVED)[place.offset :]:
            if message.key == action_id.encode():
                yield message

    def close(self) -> None:
        """As `Broker.close`."""
        with self._lock:
            self._watched.clear()

    def messages(self, topic: Topic) -> list[Message]:
        """What was published to a topic, in order."""
        with self._lock:
            return [message for message in self.log if message.topic == topic]

    def _check(self) -> None:
        if self.down:
            raise ClientError("Could not reach the broker in memory: the test says it is down. Let it be up again.")
