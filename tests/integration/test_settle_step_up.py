"""Passkeys on a real PostgreSQL: what proves one, once, and what is left of the proof."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from placet.events import Authentication, ReviewStep
from services.approver.passkeys import Passkeys
from services.approver.votes import Votes
from tests.factories import now
from tests.settling import STEP_UP, TWO_TEAMS, Bench
from tests.step_ups import passkeys


def test_step_up_takes_a_proven_passkey(bench: Bench) -> None:
    decided = bench.held(STEP_UP)
    for weaker in ("none", "channel", "token", "session"):
        assert bench.vote(decided, "alice", authentication=weaker) == (False, "step_up_required")
    assert bench.vote(decided, "alice", **bench.stepped_up(decided, "alice")) == (True, "counted")
    assert bench.grant(decided).grant.reviewers == ("alice",)
    strengths = [(one.counted, one.authentication) for one in bench.steps(decided) if one.step is ReviewStep.VOTED]
    assert strengths[-1] == (True, Authentication.PASSKEY)
    assert all(how is not Authentication.PASSKEY for counted, how in strengths if not counted)


def test_a_rejection_needs_no_passkey(bench: Bench) -> None:
    decided = bench.held(STEP_UP)
    assert bench.vote(decided, "alice", "reject", reason="No.") == (True, "counted")
    assert bench.outcome(decided) == ("rejected", "rejected")


def test_a_proven_passkey_counts_once_and_still_at_the_settlement(bench: Bench) -> None:
    """The first of two approvals is judged again with the second, when its evidence is long forgotten."""
    decided = bench.held(TWO_TEAMS.model_copy(update={"step_up": "passkey"}))
    for person in ("alice", "bob"):
        assert bench.vote(decided, person, **bench.stepped_up(decided, person)) == (True, "counted")
    assert bench.grant(decided).grant.reviewers == ("alice", "bob")


def test_one_use_of_a_passkey_counts_for_one_vote(bench: Bench) -> None:
    """Providers keep sessions: a second token, for another vote, may tell of the same authentication."""
    first, second = bench.held(STEP_UP), bench.held(STEP_UP)
    used = int(now().timestamp()) - 10
    refused = bench.vote(first, "alice", digest="9" * 64, **bench.stepped_up(first, "alice", auth_time=used))
    assert refused == (False, "digest_mismatch"), "and that spends nothing"
    assert bench.vote(first, "alice", **bench.stepped_up(first, "alice", auth_time=used)) == (True, "counted")
    again = bench.stepped_up(second, "alice", auth_time=used)
    assert bench.vote(second, "alice", **again) == (False, "step_up_spent")
    assert bench.vote(second, "erin", **bench.stepped_up(second, "erin", auth_time=used)) == (True, "counted")
    third = bench.held(STEP_UP)
    assert bench.vote(third, "alice", **bench.stepped_up(third, "alice", auth_time=used + 1)) == (True, "counted")


def test_one_use_of_a_passkey_counts_once_for_two_judges_at_once(bench: Bench) -> None:
    used = int(now().timestamp())
    held = [bench.held(STEP_UP) for _ in range(4)]
    requests = [bench.cast(one, "alice", **bench.stepped_up(one, "alice", auth_time=used)) for one in held]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: bench.votes.judge_review(one.action_id), held))
    counted = Counter(bench.judged(request) for request in requests)
    assert counted == {(True, "counted"): 1, (False, "step_up_spent"): 3}


def test_the_proof_of_a_passkey_is_forgotten_once_it_was_judged(bench: Bench) -> None:
    decided = bench.held(STEP_UP)
    cast = bench.stepped_up(decided, "alice", email="alice@example.com")
    request = bench.cast(decided, "alice", **cast)
    (waiting,) = bench.rows("SELECT * FROM approver.votes WHERE request_id = %s", request)
    assert waiting["evidence"] == cast["evidence"]
    bench.votes.judge_waiting()
    bench.cast(decided, "erin", **bench.stepped_up(decided, "erin", acr="pwd"))
    bench.votes.judge_waiting()
    rows = bench.rows("SELECT evidence, judged_at, authenticated_at, counted FROM approver.votes ORDER BY id")
    assert [(row["evidence"], row["judged_at"] is None, row["authenticated_at"] is None) for row in rows] == [
        (None, False, False),
        (None, False, True),
    ]
    assert cast["evidence"].split(".")[1] not in str(bench.published(decided))
    no_triggers = psycopg.connect(bench.superuser_dsn, options="-c session_replication_role=replica")
    with no_triggers as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE approver.votes SET evidence = 'kept'")


def test_a_provider_that_cannot_be_asked_holds_up_nobody(bench: Bench) -> None:
    away = Votes(replace(bench.parts, passkeys=passkeys(away=True)))
    strong, plain = bench.held(STEP_UP), bench.held()
    first = bench.cast(strong, "alice", **bench.stepped_up(strong, "alice"))
    second = bench.cast(plain, "alice")
    away.judge_waiting()
    assert bench.judged(first) == (False, "step_up_unchecked")
    assert bench.judged(second) == (True, "counted")
    assert bench.vote(strong, "alice", **bench.stepped_up(strong, "alice")) == (True, "counted")


def test_without_a_provider_nothing_that_needs_a_passkey_is_approved(bench: Bench) -> None:
    decided = bench.held(STEP_UP)
    request = bench.cast(decided, "alice", **bench.stepped_up(decided, "alice"))
    Votes(replace(bench.parts, passkeys=Passkeys())).judge_waiting()
    assert bench.judged(request) == (False, "step_up_not_set_up")
    assert bench.review(decided)["state"] == "open"
