"""Moves messages through a pipeline: a bounded window in flight, published and acknowledged strictly in order.

Rules:
- At most `window` messages, and `held_bytes` of them, are read and not acknowledged; `offer` waits beyond that. What
  they came to and is not written yet has the same bound.
- Two stages side by side: one batch is handled in the one worker thread while the one before it is being published.
- A message is acknowledged when every record that came of it, and of all before it, lies on the broker.
- What fails for a transient reason is tried again in place, for ever, visibly. Records written before a failure are
  written again: the same bytes.
- `drain` lets what has been handled be published and acknowledged; what has not, stays unacknowledged.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, TypeVar

from opentelemetry.trace import Span, SpanKind

from placet.tracing import traceparent_of
from services.chassis import dead_letters, telemetry
from services.chassis.budget import BATCH_BYTES, HELD_BYTES, Budget, size_of
from services.chassis.errors import TransientError
from services.chassis.pipeline import Pipeline, Plan
from services.chassis.records import Received, Record
from services.chassis.retry import Retry
from services.chassis.stream import BATCH_MESSAGES
from services.chassis.telemetry import Attribute, Metric, SpanName

DECIDED_BATCHES = 4
"""How far handling may run ahead of publishing."""

_T = TypeVar("_T")
_Found = TypeVar("_Found")

WriteRecords = Callable[[Sequence[Record]], Awaitable[None]]
"""Returns when the broker has acknowledged all, in order; raises TransientError."""


@dataclass(frozen=True, slots=True)
class _InFlight:
    item: Received
    acknowledge: Callable[[], None]
    span: Span
    since: float
    size: int


class Pump:
    """One stream's messages in flight. Lives in one event loop."""

    def __init__(
        self,
        pipeline: Pipeline,
        write: WriteRecords,
        *,
        window: int,
        held_bytes: int = HELD_BYTES,
        batch: int = BATCH_MESSAGES,
    ) -> None:
        self._pipeline, self._write, self._batch = pipeline, write, batch
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="handle")
        self._room = asyncio.Semaphore(window)
        self._coming, self._going = Budget(held_bytes), Budget(held_bytes)
        self._inbox: asyncio.Queue[_InFlight | None] = asyncio.Queue()
        self._decided: asyncio.Queue[list[tuple[_InFlight, Plan]]] = asyncio.Queue(DECIDED_BATCHES)
        self._draining = False
        self._tasks: list[asyncio.Task[Any]] = []
        self.handling, self.publishing = Retry("handle"), Retry("publish")
        self.busy = False
        """Whether the worker thread is in `handle` now."""

    def start(self) -> Sequence[asyncio.Task[Any]]:
        """Begin; the tasks end only when drained, cancelled, or by a fault of the chassis itself."""
        self._tasks = [asyncio.create_task(self._handle_all()), asyncio.create_task(self._publish_all())]
        return tuple(self._tasks)

    async def offer(self, item: Received, acknowledge: Callable[[], None]) -> None:
        """Take a message in; waits while the window is full. While draining it is left unacknowledged."""
        message = item.message
        size = size_of(message.key, message.value, item.headers)
        await self._room.acquire()
        await self._coming.take(size)
        if self._draining:
            return
        about = telemetry.place_of(message)
        span = telemetry.start_span(SpanName.PROCESS, message.trace, about, kind=SpanKind.CONSUMER)
        inner = Received(replace(message, trace=traceparent_of(span)), item.headers)
        self._inbox.put_nowait(_InFlight(inner, acknowledge, span, monotonic(), size))

    async def drain(self, seconds: float) -> None:
        """Stop taking in; give what is being handled and published so long to finish."""
        self._draining = True
        self._inbox.put_nowait(None)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._run_dry(), seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run_dry(self) -> None:
        await asyncio.wait(self._tasks[:1])
        await self._decided.join()

    async def _handle_all(self) -> None:
        while (batch := await self._next_batch()) is not None:
            telemetry.observe(Metric.BATCH_MESSAGES, len(batch))
            plans = await self._insist(self.handling, self._decide, batch)
            if plans is None:
                return
            await self._going.take(_size(plans))
            await self._decided.put(list(zip(batch, plans, strict=True)))

    async def _next_batch(self) -> list[_InFlight] | None:
        """All that is waiting, up to the limits; None when draining began."""
        first = await self._inbox.get()
        if first is None or self._draining:
            return None
        batch, size = [first], first.size
        while len(batch) < self._batch and size < BATCH_BYTES and not self._inbox.empty():
            item = self._inbox.get_nowait()
            if item is None:
                return None
            batch.append(item)
            size += item.size
        return batch

    async def _decide(self, batch: Sequence[_InFlight]) -> list[Plan]:
        items = [one.item for one in batch]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._decide_in_thread, items)

    def _decide_in_thread(self, items: Sequence[Received]) -> list[Plan]:
        began, self.busy = monotonic(), True
        try:
            return self._pipeline.decide(items)
        finally:
            self.busy = False
            telemetry.observe(Metric.HANDLE_SECONDS, monotonic() - began)

    async def _publish_all(self) -> None:
        while True:
            batch = await self._decided.get()
            taken = 1
            while not self._decided.empty():  # what was decided while the last was being published goes out together
                batch += self._decided.get_nowait()
                taken += 1
            await self._insist(self.publishing, self._write, [record for _, plan in batch for record in plan.records])
            for one, _ in batch:
                one.acknowledge()
                self._room.release()
                self._coming.give(one.size)
            self._going.give(_size(plan for _, plan in batch))
            self._account(batch)
            for _ in range(taken):
                self._decided.task_done()

    def _account(self, batch: Sequence[tuple[_InFlight, Plan]]) -> None:
        now = monotonic()
        for (topic, result), number in Counter((one.item.message.topic, plan.result) for one, plan in batch).items():
            telemetry.count(Metric.MESSAGES, number, topic=topic, result=result)
        for one, plan in batch:
            telemetry.observe(Metric.PROCESS_SECONDS, now - one.since, topic=one.item.message.topic)
            if plan.result != "dead_letter" and (age := telemetry.since_proposal(one.item.message.key)) is not None:
                telemetry.observe(Metric.STAGE_SECONDS, age, topic=one.item.message.topic)
            if plan.result == "dead_letter":
                dead_letters.counted(one.item, plan.code, plan.producer)
            one.span.set_attribute(Attribute.RESULT, plan.result)
            one.span.end()

    async def _insist(
        self, retry: Retry, attempt: Callable[[Sequence[_T]], Awaitable[_Found]], work: Sequence[_T]
    ) -> _Found | None:
        """Try until it works; None when draining began meanwhile and nothing had been decided yet."""
        while True:
            try:
                found = await attempt(work)
            except TransientError as error:
                wait = retry.failed(error)
                if self._draining and retry is self.handling:
                    return None
                await asyncio.sleep(wait)
            else:
                retry.succeeded()
                return found


def _size(plans: Iterable[Plan]) -> int:
    """The bytes that plans want written."""
    return sum(size_of(record.key, record.value, record.headers) for plan in plans for record in plan.records)
