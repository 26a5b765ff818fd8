"""Votes and clocks on a real PostgreSQL: who counts, what closes a review, and that it closes once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from placet.events import Authentication, Outcome, Retry, ReviewStep, VoteKind
from placet.requirement import Escalation, Requirement, parse
from placet.trust import Agent
from services.chassis.errors import TransientError
from tests.factories import trusted
from tests.settling import ONE_LEAD, TWO_TEAMS, Bench, withdrawal


def test_one_eligible_approval_settles_with_a_grant_that_names_the_reviewer(bench: Bench) -> None:
    decided = bench.held()
    assert bench.vote(decided, "alice", reason="fine by me") == (True, "counted")
    granted = bench.grant(decided)
    assert granted.grant.reviewers == ("alice",)
    resolved = bench.resolved(decided)
    assert (resolved.outcome, resolved.retry) == (Outcome.APPROVED, Retry.NEVER)
    assert resolved.reason.sentence.startswith("Approved by alice at ")
    opened, voted, closed = bench.steps(decided)
    assert opened.step is ReviewStep.OPENED
    assert (voted.step, voted.actor, voted.vote, voted.counted) == (ReviewStep.VOTED, "alice", VoteKind.APPROVE, True)
    assert (voted.channel, voted.authentication, voted.reason) == ("console", Authentication.SESSION, "fine by me")
    assert (closed.step, closed.outcome, closed.actor) == (ReviewStep.CLOSED, Outcome.APPROVED, None)
    assert [one.person for one in closed.eligible or ()] == ["alice", "carol", "erin"]
    assert closed.excluded == ("dave",)


def test_a_rejection_settles_with_its_reason_and_what_it_held_is_redacted(bench: Bench) -> None:
    decided = bench.held()
    assert bench.vote(decided, "erin", "reject", reason="ask ops@example.com first") == (True, "counted")
    resolved = bench.resolved(decided)
    assert (resolved.outcome, resolved.retry, resolved.grant) == (Outcome.REJECTED, Retry.NEVER, None)
    assert resolved.reason.sentence.endswith(": ask ‹EMAIL_ADDRESS› first")
    assert "example.com" not in str(bench.published(decided))


@pytest.mark.parametrize(
    ("reviewer", "code"),
    [
        ("dave", "own_action"),
        ("frank", "own_action"),
        ("bob", "not_in_group"),
        ("mallory", "unknown_person"),
        ("nightly-export", "not_a_person"),
        ("other-agent", "not_a_person"),
        ("warehouse", "not_a_person"),
    ],
)
def test_votes_that_never_count_are_refused_and_recorded(bench: Bench, reviewer: str, code: str) -> None:
    leads = ("dev-leads",)
    bench.people(frank=leads, **{"nightly-export": leads, "other-agent": leads, "warehouse": leads})
    decided = bench.held(on_behalf_of="frank")
    for vote in ("approve", "reject"):
        assert bench.vote(decided, reviewer, vote) == (False, code)
    assert bench.review(decided)["state"] == "open"
    steps = bench.steps(decided)[1:]
    assert [(one.actor, one.counted, one.code) for one in steps] == [(reviewer, False, code)] * 2


def test_the_new_owner_of_an_agent_does_not_count_either(bench: Bench) -> None:
    decided = bench.held()
    key = bench.world.agents["nightly-export"]
    bench.trust(agents={"nightly-export": Agent(owner="alice", keys=(trusted(key, bench.world.at),))})
    assert bench.vote(decided, "alice") == (False, "own_action")
    assert bench.vote(decided, "dave") == (False, "own_action")
    assert bench.vote(decided, "erin") == (True, "counted")


def test_one_person_in_both_groups_does_not_fill_two_seats(bench: Bench) -> None:
    decided = bench.held(TWO_TEAMS)
    assert bench.vote(decided, "carol") == (True, "counted")
    assert bench.vote(decided, "carol", channel="api") == (False, "already_voted")
    assert bench.review(decided)["state"] == "open"
    assert bench.vote(decided, "bob") == (True, "counted")
    assert bench.grant(decided).grant.reviewers == ("bob", "carol")


def test_a_person_who_approved_may_still_reject_and_not_the_reverse(bench: Bench) -> None:
    requirement = TWO_TEAMS.model_copy(update={"rejections": 2})
    decided = bench.held(requirement)
    assert bench.vote(decided, "carol") == (True, "counted")
    assert bench.vote(decided, "carol", "reject") == (True, "counted")
    assert bench.vote(decided, "carol") == (False, "already_voted")
    assert bench.vote(decided, "alice") == (True, "counted")
    assert bench.review(decided)["state"] == "open"
    assert bench.vote(decided, "bob", "reject") == (True, "counted")
    assert bench.outcome(decided) == ("rejected", "rejected")


def test_a_leavers_vote_falls_away_before_settlement(bench: Bench) -> None:
    decided = bench.held(TWO_TEAMS)
    assert bench.vote(decided, "alice") == (True, "counted")
    bench.people(inactive=("alice",))
    assert bench.vote(decided, "bob") == (True, "counted")
    assert bench.review(decided)["state"] == "open"
    assert bench.vote(decided, "erin") == (True, "counted")
    assert bench.grant(decided).grant.reviewers == ("bob", "erin")


def test_a_vote_about_another_digest_does_not_count(bench: Bench) -> None:
    decided = bench.held()
    assert bench.vote(decided, "alice", digest="9" * 64) == (False, "digest_mismatch")
    assert bench.review(decided)["state"] == "open"


def test_an_unauthenticated_vote_does_not_count(bench: Bench) -> None:
    assert bench.vote(bench.held(), "alice", authentication="none") == (False, "not_authenticated")


def test_a_late_vote_is_told_how_it_ended_and_is_recorded(bench: Bench) -> None:
    decided = bench.held()
    bench.vote(decided, "alice")
    request = bench.cast(decided, "erin", "reject")
    bench.votes.judge_waiting()
    (row,) = bench.rows("SELECT code, sentence FROM approver.votes WHERE request_id = %s", request)
    assert row["code"] == "already_settled"
    assert row["sentence"].startswith("Approved by alice at ")
    assert [one.step for one in bench.steps(decided)][-2:] == [ReviewStep.CLOSED, ReviewStep.VOTED]
    assert len(bench.outcomes(decided.action_id)) == 1


def test_approve_and_reject_that_arrive_together_reject(bench: Bench) -> None:
    decided = bench.held()
    approve, reject = bench.cast(decided, "alice"), bench.cast(decided, "erin", "reject")
    bench.votes.judge_waiting()
    assert bench.judged(reject) == (True, "counted")
    assert bench.judged(approve) == (False, "already_settled")
    assert bench.outcome(decided) == ("rejected", "rejected")


def test_fifty_at_once_by_two_judges_settle_once(bench: Bench) -> None:
    """One winner, everyone else told; and the same under approvals and rejections mixed."""
    crowd = {f"lead{number}": ("dev-leads",) for number in range(50)}
    bench.people(**crowd)
    decided = bench.held()
    start = threading.Barrier(12)

    def cast(reviewers: list[str]) -> list[str]:
        start.wait()
        return [bench.cast(decided, name) for name in reviewers]

    done = threading.Event()

    def judge() -> None:
        start.wait()
        while not done.is_set():
            bench.votes.judge_waiting()

    names = sorted(crowd)
    with ThreadPoolExecutor(12) as pool:
        judges = [pool.submit(judge) for _ in range(2)]
        casts = [pool.submit(cast, names[number::10]) for number in range(10)]
        requests = [request for one in casts for request in one.result()]
        done.set()
        for one in judges:
            one.result()
    bench.votes.judge_waiting()
    verdicts = Counter(bench.judged(request) for request in requests)
    assert verdicts == {(True, "counted"): 1, (False, "already_settled"): 49}
    assert bench.outcome(decided) == ("approved", "approved")
    (winner,) = bench.grant(decided).grant.reviewers
    sentences = {row["sentence"] for row in bench.rows("SELECT sentence FROM approver.votes WHERE NOT counted")}
    assert len(sentences) == 1
    assert winner in sentences.pop()
    steps = bench.steps(decided)
    assert len(steps) == 52
    assert [one.actor for one in steps if one.counted] == [winner]


def test_time_never_approves(bench: Bench) -> None:
    """A vote cast in time and judged too late finds the review expired."""
    decided = bench.held()
    request = bench.cast(decided, "alice")
    bench.pass_time(decided, 901)
    bench.votes.judge_waiting()
    assert bench.judged(request) == (False, "already_settled")
    assert bench.outcome(decided) == ("expired", "timeout")
    assert bench.resolved(decided).retry is Retry.LATER


def test_the_clock_of_a_review_is_the_databases(bench: Bench) -> None:
    def clock() -> datetime:
        found: datetime = bench.rows("SELECT clock_timestamp() AS now")[0]["now"]
        return found

    before = clock()
    decided = bench.held()
    assert before <= bench.review(decided)["opened_at"] <= clock()


def test_expiry_and_votes_race_to_one_outcome(bench: Bench) -> None:
    for _ in range(5):
        decided = bench.held()
        request = bench.cast(decided, "alice")
        bench.pass_time(decided, 901)
        with ThreadPoolExecutor(4) as pool:
            racing = [pool.submit(bench.votes.judge_waiting), pool.submit(bench.timers.run_due)] * 2
            for one in racing:
                one.result()
        assert bench.judged(request) == (False, "already_settled")
        assert bench.outcome(decided) == ("expired", "timeout")
        assert [one.step for one in bench.steps(decided)].count(ReviewStep.CLOSED) == 1


def test_withdrawal_and_votes_race_to_one_outcome(bench: Bench) -> None:
    for _ in range(5):
        decided = bench.held()
        bench.cast(decided, "alice")
        message = bench.verified(bench.world.seal(withdrawal(decided)))
        with ThreadPoolExecutor(2) as pool:
            voting, withdrawing = pool.submit(bench.votes.judge_waiting), pool.submit(bench.service.handle, [message])
            voting.result()
            withdrawing.result()
        bench.votes.judge_waiting()
        outcome, _ = bench.outcome(decided)
        assert outcome in {"approved", "withdrawn"}
        assert bench.review(decided)["state"] == outcome
        assert (bench.resolved(decided).grant is not None) == (outcome == "approved")


def test_a_review_nobody_answers_expires(bench: Bench) -> None:
    decided, fresh = bench.held(), bench.held()
    bench.pass_time(decided, 901)
    bench.timers.run_due()
    assert bench.outcome(decided) == ("expired", "timeout")
    assert bench.review(fresh)["state"] == "open"
    assert bench.steps(decided)[-1].outcome is Outcome.EXPIRED
    before = bench.waiting()
    bench.timers.run_due()
    assert bench.waiting() == before


def test_how_many_are_open_and_when_the_next_is_due(bench: Bench) -> None:
    assert bench.parts.store.open_reviews() == (0, None)
    first = bench.held()
    bench.held(ONE_LEAD.model_copy(update={"escalations": (Escalation(after_seconds=60, group="oncall"),)}))
    count, seconds = bench.parts.store.open_reviews()
    assert count == 2
    assert seconds == pytest.approx(60, abs=10)
    bench.vote(first, "alice")
    assert bench.parts.store.open_reviews()[0] == 1


def test_escalation_steps_are_recorded_once_each(bench: Bench) -> None:
    steps = (Escalation(after_seconds=300, group="oncall"), Escalation(after_seconds=60, group="security"))
    decided = bench.held(ONE_LEAD.model_copy(update={"escalations": steps}))
    for seconds, expected in ((59, 0), (2, 1), (0, 1), (240, 2), (60, 2)):
        bench.pass_time(decided, seconds)
        bench.timers.run_due()
        told = [one for one in bench.steps(decided) if one.step is ReviewStep.ESCALATED]
        assert len(told) == expected
    assert [one.reason for one in told] == [
        "Not settled after 60 s: security is told.",
        "Not settled after 300 s: oncall is told.",
    ]
    assert bench.vote(decided, "bob") == (False, "not_in_group")
    assert bench.vote(decided, "alice") == (True, "counted")


def test_a_timer_that_was_away_takes_every_step_it_missed(bench: Bench) -> None:
    steps = (Escalation(after_seconds=60, group="oncall"), Escalation(after_seconds=61, group="security"))
    decided = bench.held(ONE_LEAD.model_copy(update={"escalations": steps}))
    bench.pass_time(decided, 100)
    bench.timers.run_due()
    assert [one.step for one in bench.steps(decided)[1:]] == [ReviewStep.ESCALATED] * 2
    assert bench.review(decided)["escalates_at"] is None


def test_disabling_an_agent_closes_what_it_has_pending(bench: Bench) -> None:
    decided = bench.held()
    other = bench.held(agent="other-agent")
    key = bench.world.agents["nightly-export"]
    mine = bench.world.document().agents
    off = Agent(owner="dave", disabled=True, keys=(trusted(key, bench.world.at),))
    bench.trust(agents={**mine, "nightly-export": off})
    bench.timers.run_due()
    assert bench.outcome(decided) == ("denied", "agent_disabled")
    assert bench.review(decided)["state"] == "denied"
    assert bench.review(other)["state"] == "open"


def test_a_vote_for_a_disabled_agent_settles_nothing_else(bench: Bench) -> None:
    decided = bench.held()
    bench.trust(agents={})
    assert bench.vote(decided, "alice") == (False, "already_settled")
    assert bench.outcome(decided) == ("denied", "agent_disabled")


def test_what_the_reviewers_saw_must_still_be_what_was_classified(bench: Bench) -> None:
    """Somebody with the database in hand changes the card: the approval of it grants nothing."""
    decided = bench.held()
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute(
            "UPDATE approver.reviews SET classified = jsonb_set(classified, '{purpose}', '\"harmless\"')"
        )
    assert bench.vote(decided, "alice") == (True, "counted")
    assert bench.outcome(decided) == ("denied", "review_changed")
    assert bench.resolved(decided).grant is None


def test_a_review_that_was_opened_before_an_upgrade_is_still_the_same(bench: Bench) -> None:
    """What an earlier release did not write is what it says where it is missing."""
    decided = bench.held()
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute(
            "UPDATE approver.reviews SET classified = (classified - 'forms') #- '{versions,fingerprint_key}'"
        )
    assert bench.vote(decided, "alice") == (True, "counted")
    assert bench.outcome(decided)[0] == "approved"


@pytest.mark.parametrize(
    "change",
    [
        """jsonb_set(classified, '{action,arguments,limit}', '1')""",  # true is not 1
        """jsonb_set(classified, '{forms}', '{"‹CREDIT_CARD_1›": "ending 1111"}')""",
        """classified - 'findings'""",
    ],
)
def test_a_card_that_says_anything_else_grants_nothing(bench: Bench, change: str) -> None:
    decided = bench.held(arguments={"limit": True})
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute(f"UPDATE approver.reviews SET classified = {change}")
    assert bench.vote(decided, "alice") == (True, "counted")
    assert bench.outcome(decided) == ("denied", "review_changed")


@pytest.mark.parametrize(
    "column", ["digest", "commitment", "verdict", "resource", "deadline", "proposal", "classification", "requirement"]
)
def test_a_review_row_changed_in_the_store_never_becomes_a_grant(bench: Bench, column: str) -> None:
    """Whatever of a row is replaced by that of another review, a smaller quorum included."""
    decided = bench.held(TWO_TEAMS, deadline=bench.world.at + timedelta(hours=2))
    other = bench.held(ONE_LEAD, resource="postgres://warehouse/payroll")
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            f"UPDATE approver.reviews SET {column} = (SELECT {column} FROM approver.reviews WHERE action_id = %s)"
            " WHERE action_id = %s",
            (other.action_id, decided.action_id),
        )
    digest = bench.review(decided)["digest"]
    for person in ("alice", "bob"):
        bench.vote(decided, person, digest=digest)
    outcome, _ = bench.outcome(decided)
    assert outcome == "denied"
    (row,) = bench.outcomes(decided.action_id)
    assert row["grant_id"] is None


def test_a_vote_waits_while_the_broker_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = bench.held()
    request = bench.cast(decided, "alice")

    def away(*_: Any) -> Any:
        raise TransientError("kafka")

    with monkeypatch.context() as patched:
        patched.setattr(bench.broker, "fetch", away)
        with pytest.raises(TransientError):
            bench.votes.judge_waiting()
    assert not bench.is_judged(request)
    bench.votes.judge_waiting()
    assert bench.judged(request) == (True, "counted")


def test_a_review_that_cannot_be_judged_holds_up_no_other(bench: Bench) -> None:
    poison, fine = bench.held(), bench.held()
    with psycopg.connect(bench.superuser_dsn) as connection:
        connection.execute("UPDATE approver.reviews SET requirement = '{}' WHERE action_id = %s", (poison.action_id,))
    first, second = bench.cast(poison, "alice"), bench.cast(fine, "alice")
    bench.votes.judge_waiting()
    assert not bench.is_judged(first)
    assert bench.judged(second) == (True, "counted")
    expired = bench.held()
    for one in (poison, expired):
        bench.pass_time(one, 901)
    bench.timers.run_due()
    assert bench.outcome(expired) == ("expired", "timeout")


def test_a_vote_is_announced_when_cast_and_when_judged(bench: Bench) -> None:
    decided = bench.held()
    with psycopg.connect(bench.desk_dsn, autocommit=True) as desk:
        for channel in ("placet_votes", "placet_judged", "placet_reviews"):
            desk.execute(f"LISTEN {channel}")
        request = bench.cast(decided, "alice")
        bench.votes.judge_waiting()
        heard = {(note.channel, note.payload) for note in desk.notifies(timeout=5, stop_after=3)}
    assert heard == {
        ("placet_votes", decided.action_id),
        ("placet_judged", request),
        ("placet_reviews", decided.action_id),
    }


def test_an_expression_with_two_ways_is_satisfied_by_either(bench: Bench) -> None:
    requirement = Requirement(
        approvals=parse("(1 from dev-leads and 1 from security) or 2 from admins"), timeout_seconds=60
    )
    decided = bench.held(requirement)
    assert bench.vote(decided, "frank") == (True, "counted")
    assert bench.review(decided)["state"] == "open"
    assert bench.vote(decided, "bob") == (True, "counted")
    assert bench.grant(decided).grant.reviewers == ("bob", "frank")
