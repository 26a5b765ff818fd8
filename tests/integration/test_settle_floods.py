"""One agent takes only so much of people's attention: in a batch, over batches, and from two processes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from placet.events import ActionDecided, Outcome, Retry, Verdict
from services.approver.adapters.statements import PENDING, REJECTED
from services.approver.handle import Settle
from services.approver.model import Bounds
from services.approver.ports import Session
from tests.factories import now
from tests.settling import ONE_LEAD, Bench, withdrawal

BOUND = Bounds().pending_at_most
LIKENESS = "6" * 64


def asking(bench: Bench, number: int, agent: str = "nightly-export") -> list[ActionDecided]:
    """Decisions that would each open a review."""
    return [
        bench.decided(Verdict.REVIEW, requirement=ONE_LEAD, proposed=bench.world.proposed(agent=agent))
        for _ in range(number)
    ]


def alike(bench: Bench, decision: Verdict = Verdict.REVIEW, **changes: Any) -> ActionDecided:
    """A decision about the same action as every other one made here."""
    return bench.decided(
        decision,
        requirement=ONE_LEAD if decision is Verdict.REVIEW else None,
        classified_changes={"likeness": LIKENESS},
        **changes,
    )


def pending(bench: Bench) -> dict[str, int]:
    rows = bench.rows("SELECT agent, count(*) FROM approver.reviews WHERE state = 'open' GROUP BY agent")
    return {row["agent"]: row["count"] for row in rows}


def test_a_batch_opens_no_more_than_the_bound_and_denies_the_rest(bench: Bench) -> None:
    flood, other = asking(bench, BOUND + 10), asking(bench, 1, agent="other-agent")
    bench.arrive(*flood, *other)
    assert pending(bench) == {"nightly-export": BOUND, "other-agent": 1}
    assert {bench.outcome(one) for one in flood[BOUND:]} == {("denied", "too_many_pending")}
    assert bench.resolved(flood[-1]).retry is Retry.LATER


def test_a_review_that_ends_makes_room_for_one(bench: Bench) -> None:
    first, *_ = flood = asking(bench, BOUND)
    bench.arrive(*flood)
    bench.arrive(withdrawal(first))
    fits, not_any_more = asking(bench, 2)
    bench.arrive(fits, not_any_more)
    assert bench.outcomes(fits.action_id) == []
    assert bench.outcome(not_any_more) == ("denied", "too_many_pending")


class Slow:
    """A store that leaves a transaction open until it is told to go on."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.written, self.go_on = threading.Event(), threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with self._store.transaction() as session:
            yield session
            self.written.set()
            assert self.go_on.wait(30)


def test_two_processes_together_open_no_more_than_the_bound(bench: Bench) -> None:
    one, other = asking(bench, BOUND - 5), asking(bench, BOUND - 5)
    slow: Any = Slow(bench.parts.store)
    messages = [[bench.verified(bench.world.seal(each)) for each in batch] for batch in (one, other)]
    first = threading.Thread(target=Settle(replace(bench.parts, store=slow)).handle, args=(messages[0],))
    second = threading.Thread(target=bench.service.handle, args=(messages[1],))
    first.start()
    assert slow.written.wait(30)
    second.start()
    try:
        wait_until_queued(bench, second)
    finally:
        slow.go_on.set()
        first.join()
        second.join()
    assert pending(bench) == {"nightly-export": BOUND}
    denied = [each for each in (*one, *other) if bench.outcomes(each.action_id)]
    assert {bench.outcome(each) for each in denied} == {("denied", "too_many_pending")}
    assert len(denied) == len(one) + len(other) - BOUND


@retry(retry=retry_if_result(lambda waits: not waits), wait=wait_fixed(0.05), stop=stop_after_delay(30))
def wait_until_queued(bench: Bench, thread: threading.Thread) -> bool:
    """Until the thread waits for its turn, or ended without waiting."""
    query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(bench.rows(query)) or not thread.is_alive()


@pytest.mark.parametrize("decision", [Verdict.REVIEW, Verdict.ALLOW])
def test_a_repeat_of_what_people_rejected_is_denied_for_a_while(bench: Bench, decision: Verdict) -> None:
    rejected, repeat, changed = (
        alike(bench),
        alike(bench, decision),
        bench.decided(decision, requirement=need(decision)),
    )
    bench.arrive(rejected)
    assert bench.vote(rejected, "alice", "reject") == (True, "counted")
    bench.arrive(repeat, changed)
    assert bench.outcome(repeat) == ("denied", "repeat_of_rejected")
    resolved = bench.resolved(repeat)
    closed = bench.review(rejected)["closed_at"]
    assert (resolved.retry, resolved.grant) == (Retry.AFTER_CHANGE, None)
    assert f"rejected at {closed:%H:%M:%S} UTC" in resolved.reason.sentence
    assert bench.outcomes(changed.action_id) == [] or bench.outcome(changed)[0] == Outcome.ALLOWED


def test_a_rejection_stands_only_so_long_and_only_for_its_agent(bench: Bench) -> None:
    rejected = alike(bench)
    bench.arrive(rejected)
    bench.vote(rejected, "alice", "reject")
    others = alike(bench, proposed=bench.world.proposed(agent="other-agent"))
    bench.arrive(others)
    assert bench.outcomes(others.action_id) == []
    close_longer_ago(bench, rejected, Bounds().repeat_after)
    later = alike(bench)
    bench.arrive(later)
    assert bench.outcomes(later.action_id) == []


@pytest.mark.parametrize("ended", ["withdrawn", "expired", "approved"])
def test_only_a_rejection_stands_against_a_repeat(bench: Bench, ended: str) -> None:
    first = alike(bench)
    bench.arrive(first)
    match ended:
        case "withdrawn":
            bench.arrive(withdrawal(first))
        case "expired":
            bench.pass_time(first, 100_000)
            bench.timers.run_due()
        case _:
            bench.vote(first, "alice")
    assert bench.review(first)["state"] == ended
    again = alike(bench)
    bench.arrive(again)
    assert bench.review(again)["state"] == "open"


@pytest.mark.parametrize(
    ("question", "index"), [(PENDING, "reviews_by_agent"), (REJECTED, "reviews_rejected")], ids=["pending", "rejected"]
)
def test_what_bounds_an_agent_is_found_by_an_index(bench: Bench, question: str, index: str) -> None:
    """Neither question's cost grows with history."""
    asked = {"agents": ["nightly-export"], "likenesses": [LIKENESS], "since": now()}
    bench.arrive(alike(bench))
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(HISTORY)
        connection.execute("ANALYZE approver.reviews")
        plan = connection.execute("EXPLAIN " + question, asked).fetchall()
        connection.rollback()
    assert index in "\n".join(row[0] for row in plan)


HISTORY = """
    INSERT INTO approver.reviews
    SELECT (jsonb_populate_record(review, jsonb_build_object(
        'action_id', gen_random_uuid(), 'agent', 'agent-' || number % 100,
        'state', CASE WHEN number % 2 = 0 THEN 'open' ELSE 'rejected' END,
        'closed_at', CASE WHEN number % 2 = 0 THEN NULL ELSE now() END
    ))).*
    FROM approver.reviews AS review, generate_series(1, 5000) AS number
"""
"""Open and rejected reviews of other agents: without any, the planner may choose whatever it likes."""


def need(decision: Verdict) -> Any:
    return ONE_LEAD if decision is Verdict.REVIEW else None


def close_longer_ago(bench: Bench, decided: ActionDecided, by: timedelta) -> None:
    """Let a review have closed earlier, which only a superuser can."""
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE approver.reviews SET closed_at = closed_at - %s WHERE action_id = %s", (by, decided.action_id)
        )
