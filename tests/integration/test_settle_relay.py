"""The outbox and its relay on a real PostgreSQL: in order, byte for byte, by one at a time, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from placet.events import Verdict
from placet.messages import Outgoing
from services.approver.adapters import outbox
from services.approver.adapters.outbox import PostgresOutbox
from services.approver.background import Wake, relay, repeat
from services.chassis.errors import TransientError
from services.chassis.retry import Retry
from tests.settling import Bench


class Brokers:
    """A publisher that fails as often as it is told to, before or after the messages are written."""

    def __init__(self, *, fails: int = 0, written_first: bool = False) -> None:
        self.messages: list[Outgoing] = []
        self.arrived = asyncio.Event()
        self._fails, self._written_first = fails, written_first

    async def publish(self, messages: Sequence[Outgoing], traces: Sequence[str] = ()) -> None:
        assert len(traces) == len(messages)
        if self._fails:
            self._fails -= 1
            if self._written_first:
                self.messages += messages
            raise TransientError("kafka")
        self.messages += messages
        self.arrived.set()


async def relayed(bench: Bench, brokers: Brokers, *, wake: Wake | None = None) -> None:
    """Run a relay until the outbox is empty."""
    task = asyncio.ensure_future(relay(bench.outbox, wake or Wake(), Retry("relay"))(brokers))
    async with asyncio.timeout(20):
        await brokers.arrived.wait()
        while await asyncio.to_thread(bench.waiting):  # noqa: ASYNC110 - the database sets no event
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_everything_settled_is_published_in_order_and_forgotten(bench: Bench) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW), bench.decided(Verdict.DENY))
    decided = bench.held()
    bench.vote(decided, "alice")
    before, brokers = bench.waiting(), Brokers()
    assert bench.outbox.hold()
    assert [one.message for one in bench.outbox.waiting(2)] == before[:2]
    await relayed(bench, brokers)
    assert brokers.messages == before
    assert len(before) == 6
    assert bench.waiting() == []


async def test_no_more_bytes_at_a_time_than_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW), bench.decided(Verdict.DENY), bench.decided(Verdict.ALLOW))
    before, brokers = bench.waiting(), Brokers()
    monkeypatch.setattr(outbox, "RELAY_BYTES", len(before[0].value) + 1)
    assert bench.outbox.hold()
    assert [one.message for one in bench.outbox.waiting(99)] == before[:2]
    await relayed(bench, brokers)
    assert brokers.messages == before


@pytest.mark.parametrize("written_first", [False, True])
async def test_what_was_not_acknowledged_is_published_again_byte_for_byte(
    bench: Bench,
    *,
    written_first: bool,
) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW))
    before, brokers = bench.waiting(), Brokers(fails=2, written_first=written_first)
    await relayed(bench, brokers)
    assert brokers.messages == before * (3 if written_first else 1)


async def test_a_crash_between_publishing_and_forgetting_publishes_the_same_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW))
    before, brokers = bench.waiting(), Brokers()

    def crashed(*_: object) -> None:
        raise TransientError("postgres")

    with monkeypatch.context() as patched:
        patched.setattr(PostgresOutbox, "published", crashed)
        task = asyncio.ensure_future(relay(bench.outbox, Wake(), Retry("relay"))(brokers))
        async with asyncio.timeout(20):
            await brokers.arrived.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert bench.waiting() == before
    await relayed(bench, brokers)
    assert brokers.messages[: len(before)] == brokers.messages[-len(before) :] == before


async def test_only_one_relays_at_a_time_and_another_takes_over(bench: Bench) -> None:
    other = PostgresOutbox(bench.settle_dsn)
    assert bench.outbox.hold()
    assert not other.hold()
    bench.outbox.close()
    assert other.hold()
    other.close()


async def test_a_relay_that_lost_its_database_takes_the_lock_again(bench: Bench) -> None:
    assert bench.outbox.hold()
    with psycopg.connect(bench.superuser_dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'relay' AND datname = current_database()"
        )
    bench.arrive(bench.decided(Verdict.ALLOW))
    brokers = Brokers()
    await relayed(bench, brokers)
    assert len(brokers.messages) == 1


async def test_a_wake_up_is_not_lost_whoever_comes_first() -> None:
    wake = Wake()
    wake.set()
    async with asyncio.timeout(1):
        await wake.wait(60)
    waiting = asyncio.ensure_future(wake.wait(60))
    await asyncio.sleep(0)
    await asyncio.to_thread(wake.set)
    async with asyncio.timeout(1):
        await waiting
    await wake.wait(0.01)


async def test_background_work_outlives_what_it_does() -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    attempts: list[Exception] = [TransientError("postgres"), TransientError("postgres")]

    def work() -> bool:
        if attempts:
            raise attempts.pop()
        loop.call_soon_threadsafe(done.set)
        return False

    task = asyncio.ensure_future(repeat(work, Wake(), Retry("test"))(Brokers()))
    async with asyncio.timeout(10):
        await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
