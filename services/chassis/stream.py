"""What a stream service is, and what it may do: the interface between the runner and the services.

Rules:
- A service decides and returns; the runner alone reads, verifies, publishes and acknowledges.
- `handle` is called with verified messages only, in the order of each partition, in a worker thread, never twice at
  the same time. What it returns is published, and the brokers' acknowledgement awaited, before the messages are
  acknowledged; so any message may come again, and the same message must give the same bytes.
- TransientError: the whole batch is tried again in place. Any other error: one by one, and the message that raises
  again goes to `unprocessable`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from placet.catalogue import Topic
from placet.messages import Outgoing
from placet.verify import Authenticated, Verified

BATCH_MESSAGES = 64
"""The largest batch given to `handle`."""


class Publisher(Protocol):
    """Puts sealed messages on the broker."""

    async def publish(self, messages: Sequence[Outgoing], traces: Sequence[str] = ()) -> None:
        """Return when every broker has acknowledged all of them, in this order; raise `TransientError` otherwise,
        when any number of them may have been written. `traces` holds a W3C traceparent for each message, "" for
        none; without it, each carries the current span's.
        """


class StreamService(Protocol):
    """One consumer of some topics."""

    @property
    def consumes(self) -> tuple[Topic, ...]:
        """The topics it is given."""

    def handle(self, batch: Sequence[Verified[Any]]) -> Sequence[Sequence[Outgoing]]:
        """What to publish, one list for each message, in the same order; already sealed."""

    def unprocessable(self, authentic: Authenticated, code: str) -> Sequence[Outgoing]:
        """What to publish for an authentic message that cannot be processed.

        `code` is a DecodeError's code, or `internal` where `handle` raised. No value of the message may be repeated.
        """


Background = Callable[[Publisher], Awaitable[None]]
"""Work beside the stream, in the worker's event loop; cancelled when the worker stops."""
