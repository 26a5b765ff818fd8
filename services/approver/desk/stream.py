"""The stream of changes as server-sent events: hints to look again, without content.

Rules: `review` names the review that changed; `resync` asks to look at everything. A stream ends when its reader would
no longer be let in, when it is old, and when the desk stops; browsers open it again by themselves.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Final

from services.approver.desk.live import EVERYTHING, STOP, Live

PULSE_SECONDS: Final = 15.0
OLD_SECONDS: Final = 600.0
RETRY_MILLISECONDS: Final = 2_000


async def changes(live: Live, *, only: str | None, allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
    """The bytes of a stream; `only` names the one review to hear about."""
    loop = asyncio.get_running_loop()
    end = loop.time() + OLD_SECONDS
    with live.stream() as queue:
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        # What changed between the page and the stream is not announced: look once.
        yield event("resync")
        while loop.time() < end and allowed():
            try:
                async with asyncio.timeout(PULSE_SECONDS):
                    action_id = await queue.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if action_id == STOP:
                return
            if action_id == EVERYTHING:
                yield event("resync")
            elif only in (None, action_id):
                yield event("review", action_id)


def event(name: str, action_id: str | None = None) -> bytes:
    """One event; its data is JSON without line breaks."""
    data = {} if action_id is None else {"action_id": action_id}
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
