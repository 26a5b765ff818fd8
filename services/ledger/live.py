"""Entries as they come: waits for the writer's notification, and looks by the clock as well.

A notification is a hint; what is sent is always read from the table after the last number sent, so nothing is
missed, doubled or sent before it is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from services.chassis.errors import TransientError
from services.ledger.ports import Filter, Reader, StoredEntry

LOOK_SECONDS = 5.0
PAGE = 100


class Live:
    """Wakes every stream of this process; `wake` may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def wake(self) -> None:
        """Something was appended."""
        for event, loop in list(self._waiting.items()):
            with contextlib.suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(event.set)

    async def follow(self, reader: Reader, after: int) -> AsyncIterator[StoredEntry]:
        """Entries beyond `after`, for ever, each once."""
        event = asyncio.Event()
        self._waiting[event] = asyncio.get_running_loop()
        try:
            while True:
                event.clear()
                try:
                    page = await asyncio.to_thread(reader.page, Filter(after=after), PAGE)
                except TransientError:
                    page = []  # away for a while; the next look continues where this one could not
                for entry in page:
                    yield entry
                    after = entry.seq
                if not page:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(event.wait(), LOOK_SECONDS)
        finally:
            del self._waiting[event]
