"""How many bytes may be held at once.

Rules:
- Whoever wants more waits until enough was given back.
- What is larger than the whole bound is let in alone: it waits until nothing else is held, and nothing stands still.
- Counting messages is no bound on memory: the largest event is hundreds of times the usual one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from placet.limits import MAX_EVENT_BYTES
from placet.messages import Message
from services.chassis.records import Headers

BATCH_BYTES: Final = 4 * MAX_EVENT_BYTES
"""A batch is not added to beyond this. It is decoded whole, and decoded it is many times as large."""
HELD_BYTES: Final = 16 * MAX_EVENT_BYTES
"""Each of a consumer's buffers: what was read and waits, what is in flight, what is about to be written."""


class Budget:
    """A bound that one task takes from; lives in one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit, self.held = limit, 0
        self._given = asyncio.Event()

    async def take(self, size: int) -> None:
        """Hold so many bytes more; waits until there is room."""
        while self.held and self.held + size > self._limit:
            self._given.clear()
            await self._given.wait()
        self.held += size

    def give(self, size: int) -> None:
        """Hold so many bytes less."""
        self.held -= size
        self._given.set()


def size_of(key: bytes | None, value: bytes | None, headers: Headers = ()) -> int:
    """The bytes of a record."""
    return len(key or b"") + len(value or b"") + sum(len(name) + len(content) for name, content in headers)


def portions(batch: Sequence[Message], limit: int = BATCH_BYTES) -> Iterator[list[Message]]:
    """The batch in parts, in order, none larger than the bound but by its last message."""
    part: list[Message] = []
    held = 0
    for message in batch:
        part.append(message)
        held += size_of(message.key, message.value)
        if held >= limit:
            yield part
            part, held = [], 0
    if part:
        yield part
