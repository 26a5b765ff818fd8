"""Work beside the stream, in the worker's event loop: the relay, the votes, the timers.

Rules:
- Each waits to be woken, and looks by itself now and then, because a wake-up may be lost; none polls fast.
- The relay is the only publisher: it reads the outbox in order, awaits the brokers, then forgets. A crash in between
  publishes the same bytes again.
- What is away is tried again with backoff, visibly; what fails unexpectedly is logged and tried again slowly. None of
  them ever ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.approver.ports import Outbox, Waiting
from services.chassis import logs, telemetry
from services.chassis.errors import TransientError
from services.chassis.retry import CEILING_SECONDS, Retry
from services.chassis.stream import Background, Publisher
from services.chassis.telemetry import Metric

RELAY_BATCH: Final = 128
LOOK_SECONDS: Final = 1.0


class Wake:
    """An event that any thread may set and one task waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def set(self) -> None:
        """Wake the task, now or when it next waits."""
        with self._lock:
            self._set = True
            if self._waiting is not None:
                loop, event = self._waiting
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    async def wait(self, seconds: float) -> None:
        """Return when set, or after so many seconds; forgets that it was set."""
        event = asyncio.Event()
        with self._lock:
            self._waiting = (asyncio.get_running_loop(), event)
            if self._set:
                event.set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting = None
                self._set = False


def relay(outbox: Outbox, wake: Wake, retry: Retry) -> Background:
    """Publish what the outbox holds, as its one relay."""

    def look() -> Sequence[Waiting]:
        return outbox.waiting(RELAY_BATCH) if outbox.hold() else ()

    async def publish(publisher: Publisher) -> bool:
        waiting = await asyncio.to_thread(look)
        telemetry.gauge(Metric.OUTBOX_MESSAGES, len(waiting))
        if waiting:
            await publisher.publish([one.message for one in waiting], [one.trace for one in waiting])
            await asyncio.to_thread(outbox.published, [one.id for one in waiting])
        return bool(waiting)

    return _forever(publish, wake, retry, None)


def repeat(work: Callable[[], bool], wake: Wake, retry: Retry, pause: Callable[[], float] | None = None) -> Background:
    """Do `work` in a thread whenever woken, and after each pause (at most a second); at once while it returns True."""

    async def once(_: Publisher) -> bool:
        return await asyncio.to_thread(work)

    return _forever(once, wake, retry, pause)


def _forever(
    once: Callable[[Publisher], Awaitable[bool]], wake: Wake, retry: Retry, pause: Callable[[], float] | None
) -> Background:
    async def run(publisher: Publisher) -> None:
        while True:
            try:
                more = await once(publisher)
                seconds = LOOK_SECONDS if more or pause is None else await asyncio.to_thread(pause)
                retry.succeeded()
            except TransientError as error:
                await asyncio.sleep(retry.failed(error))
                continue
            except Exception:  # noqa: BLE001 - this task must outlive whatever one piece of work does
                logs.get_logger().exception("background_failed", work=retry.work)
                await asyncio.sleep(CEILING_SECONDS)
                continue
            if not more:
                await wake.wait(min(LOOK_SECONDS, max(0.0, seconds)))

    return run
