"""What a gate needs of a broker. `placet.gate.kafka` is the real one, `placet.testing` holds one in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from placet.journal import Place
from placet.messages import Message, Outgoing

Deliver: TypeAlias = Callable[[Message], bool]
"""Given every message under the watched key; True ends the watch. Called from a thread of the broker's."""


class Broker(Protocol):
    """Publishes, and brings back what comes under an action's key. Every method may raise `ClientError`."""

    def place(self, action_id: str) -> Place:
        """Where the outcome of an action not yet proposed will lie."""

    def publish(self, outgoing: Outgoing) -> None:
        """Return when the broker has it for good."""

    def watch(self, action_id: str, place: Place, deliver: Deliver, *, fresh: bool) -> None:
        """Begin to deliver; `fresh` where the action is not proposed yet, so nothing can have come before now."""

    def unwatch(self, action_id: str) -> None:
        """Deliver no more of it."""

    def scan(self, action_id: str, place: Place) -> Iterable[Message]:
        """What lies there now under the action's key, in order; ends at the present end."""

    def close(self) -> None:
        """Let go of everything."""
