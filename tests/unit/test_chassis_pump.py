"""Order, window and retries of the pump, with a writer that fails when told to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mode.utils.queues import FlowControlEvent

from services.chassis.budget import Budget, portions
from services.chassis.buffer import HeldQueue
from services.chassis.errors import TransientError
from services.chassis.pipeline import Pipeline, Plan
from services.chassis.pump import Pump
from services.chassis.records import Received, Record, received


class Pipe:
    """Echoes each message's key; raises what it is given, and waits while closed."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.batches: list[int] = []
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.value = b""

    async def handled(self, batches: int) -> None:
        while len(self.batches) < batches:  # noqa: ASYNC110 - it is another thread that handles
            await asyncio.sleep(0.01)

    def decide(self, batch: Sequence[Received]) -> list[Plan]:
        self.entered.set()
        assert self.open.wait(10)
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(len(batch))
        return [Plan("handled", (Record("out", item.message.key, self.value, ()),)) for item in batch]


class Writer:
    """Remembers every record; fails after so many of a write's records when told to."""

    def __init__(self) -> None:
        self.written: list[bytes | None] = []
        self.fail_after: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, records: Sequence[Record]) -> None:
        await self.open.wait()
        limit = self.fail_after.pop(0) if self.fail_after else None
        for number, record in enumerate(records):
            if number == limit:
                raise TransientError("kafka")
            self.written.append(record.key)
        await asyncio.sleep(0)


class Bench:
    def __init__(self, window: int) -> None:
        self.pipe, self.writer = Pipe(), Writer()
        self.pipeline = cast("Pipeline", self.pipe)
        self.pump = Pump(self.pipeline, self.writer.write, window=window, batch=4)
        self.acknowledged: list[int] = []
        self.all_done = asyncio.Event()
        self.wanted = 0

    async def offer(self, number: int) -> None:
        await self.pump.offer(item(number), lambda: self._ack(number))

    def _ack(self, number: int) -> None:
        assert b"%d" % number in self.writer.written, "acknowledged before it was written"
        self.acknowledged.append(number)
        if len(self.acknowledged) == self.wanted:
            self.all_done.set()

    async def run(self, count: int) -> None:
        self.wanted = count
        self.pump.start()
        for number in range(count):
            await self.offer(number)
        await asyncio.wait_for(self.all_done.wait(), 20)
        await self.pump.drain(1)


def item(number: int, size: int = 0) -> Received:
    """A message whose key and value have so many bytes, or the fewest."""
    key = b"%d" % number
    return received("in", 0, number, key=key, value=b"x" * max(0, size - len(key)), headers=())


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench(window=8)
    yield made
    made.pipe.open.set()
    await made.pump.drain(1)


async def test_everything_is_written_and_acknowledged_in_order(bench: Bench) -> None:
    await bench.run(50)

    assert bench.acknowledged == list(range(50))
    assert bench.writer.written == [b"%d" % number for number in range(50)]
    assert max(bench.pipe.batches) <= 4


async def test_a_failed_write_is_repeated_whole_before_anything_is_acknowledged(bench: Bench) -> None:
    bench.writer.fail_after = [0, 1]

    await bench.run(3)

    assert bench.acknowledged == [0, 1, 2]
    assert bench.pump.publishing.trouble is None


async def test_a_transient_error_of_the_service_repeats_the_batch(bench: Bench) -> None:
    bench.pipe.errors = [TransientError("postgres"), TransientError("postgres")]

    await bench.run(3)

    assert bench.acknowledged == [0, 1, 2]
    assert bench.writer.written == [b"0", b"1", b"2"]


async def test_the_window_bounds_what_is_read_and_not_acknowledged(bench: Bench) -> None:
    bench.pipe.open.clear()
    bench.pump.start()
    for number in range(8):
        await bench.offer(number)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bench.offer(8), 0.05)


async def test_bytes_bound_what_is_read_and_not_acknowledged_too() -> None:
    pipe: Any = Pipe()
    pump = Pump(pipe, Writer().write, window=8, held_bytes=100)
    pipe.open.clear()
    pump.start()
    try:
        await pump.offer(item(0, 60), lambda: None)
        await pump.offer(item(1, 30), lambda: None)
        waiting = asyncio.ensure_future(pump.offer(item(2, 500), lambda: None))
        await asyncio.wait({waiting}, timeout=0.05)
        assert not waiting.done()
        pipe.open.set()
        await asyncio.wait_for(waiting, 20)  # larger than the bound: let in when nothing else is held
    finally:
        pipe.open.set()
        await pump.drain(1)


async def test_handling_waits_while_too_many_bytes_are_about_to_be_written(bench: Bench) -> None:
    bench.pump = Pump(bench.pipeline, bench.writer.write, window=8, held_bytes=100, batch=1)
    bench.pipe.value = b"x" * 90
    bench.writer.open.clear()
    bench.pump.start()
    bench.wanted = 4
    for number in range(4):
        await bench.offer(number)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bench.pipe.handled(3), 0.2)
    assert len(bench.pipe.batches) == 2, "one is being written, and one waits for room"

    bench.writer.open.set()
    await asyncio.wait_for(bench.all_done.wait(), 20)


async def test_a_budget_lets_in_what_is_larger_than_all_of_it_alone() -> None:
    budget = Budget(10)
    await budget.take(25)  # alone: nothing else was held
    waiting = asyncio.ensure_future(budget.take(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.give(25)
    await asyncio.wait_for(waiting, 20)
    assert budget.held == 1


def test_a_batch_is_cut_where_it_is_large_enough() -> None:
    messages = [item(number, size).message for number, size in enumerate((3, 3, 50, 1, 1))]
    parts = [[message.offset for message in part] for part in portions(messages, 6)]
    assert parts == [[0, 1], [2], [3, 4]]
    assert list(portions([])) == []


async def test_a_streams_buffer_is_full_by_bytes_as_well() -> None:
    queue = HeldQueue(maxsize=100, flow_control=FlowControlEvent(initially_suspended=False), held_bytes=100)
    events = [SimpleNamespace(message=item(number, 60).message) for number in range(3)]
    await queue.put(events[0])
    await queue.put(events[1])
    assert queue.full()
    waiting = asyncio.ensure_future(queue.put(events[2]))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await queue.get() is events[0]
    await asyncio.wait_for(waiting, 20)
    queue.clear()
    assert not queue.full()


async def test_draining_finishes_what_is_in_hand_and_leaves_the_rest(bench: Bench) -> None:
    bench.pipe.open.clear()
    bench.pump.start()
    for number in range(8):
        await bench.offer(number)
    await asyncio.to_thread(bench.pipe.entered.wait)
    threading.Timer(0.05, bench.pipe.open.set).start()

    await bench.pump.drain(5)

    assert bench.acknowledged == list(range(len(bench.acknowledged)))
    assert 1 <= len(bench.acknowledged) <= 4, "one batch was in hand"


async def test_draining_gives_up_on_work_that_does_not_end(bench: Bench) -> None:
    bench.pipe.open.clear()
    bench.pump.start()
    await bench.offer(0)
    await asyncio.to_thread(bench.pipe.entered.wait)

    await bench.pump.drain(0.05)

    assert bench.pump.busy
    assert bench.acknowledged == []


async def test_draining_does_not_wait_for_a_dependency_that_is_away(bench: Bench) -> None:
    bench.pipe.errors = [TransientError("postgres")] * 1_000
    bench.pump.start()
    await bench.offer(0)
    await asyncio.to_thread(bench.pipe.entered.wait)

    await asyncio.wait_for(bench.pump.drain(5), 5)

    assert bench.acknowledged == []


async def test_a_fault_of_the_chassis_itself_ends_a_task(bench: Bench) -> None:
    bench.pipe.errors = [ValueError("a bug")]
    handling, _ = bench.pump.start()
    await bench.offer(0)

    await asyncio.wait([handling], timeout=5)

    assert isinstance(handling.exception(), ValueError)
