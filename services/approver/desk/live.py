"""What changes, told to whoever waits for it: the streams of open pages, and votes that wait for their judgement.

Rules:
- A notification is a hint to look again. After the database was away everybody looks again.
- A slow reader costs a bounded queue: what it missed becomes one hint to look at everything.
- The listener is a thread of the chassis; everything here happens in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

JUDGED: Final = "placet_judged"
REVIEWS: Final = "placet_reviews"
EVERYTHING: Final = ""
"""As an action id: look at all of them again."""
STOP: Final = "stop"
"""As an action id: the desk stops."""
QUEUE: Final = 64


class Live:
    """Fans notifications out."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._streams: set[asyncio.Queue[str]] = set()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that everything here belongs to."""
        self._loop = loop

    def notified(self, channel: str, payload: str) -> None:
        """Called by the listener's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, channel, payload)

    @contextmanager
    def stream(self) -> Iterator[asyncio.Queue[str]]:
        """A queue of the action ids of reviews that changed; `EVERYTHING` among them."""
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
        self._streams.add(queue)
        try:
            yield queue
        finally:
            self._streams.discard(queue)

    @contextmanager
    def judgement(self, request_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the vote of a request may have been judged. Ask before casting it."""
        event = asyncio.Event()
        self._waiting.setdefault(request_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[request_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[request_id]

    @property
    def streams(self) -> int:
        """Open streams."""
        return len(self._streams)

    def stop(self) -> None:
        """End every stream."""
        for queue in self._streams:
            _put(queue, STOP)

    def _tell(self, channel: str, payload: str) -> None:
        if channel == REVIEWS:
            for queue in self._streams:
                _put(queue, payload)
        elif payload == EVERYTHING:
            for waiting in self._waiting.values():
                _set(waiting)
        else:
            _set(self._waiting.get(payload, set()))


def _put(queue: asyncio.Queue[str], action_id: str) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        action_id = EVERYTHING if action_id != STOP else STOP
    queue.put_nowait(action_id)


def _set(events: set[asyncio.Event]) -> None:
    for event in events:
        event.set()
