"""What each part still cannot do once it is taken over: the rows of the trust table, against settle and its database.

The broker and the agents are attacked in tests/e2e/test_forgery.py, with every process running.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import psycopg
import pytest
from psycopg import errors

from placet.audit.report import ProblemCode
from placet.audit.verifier import verify_export
from placet.catalogue import Role, Topic
from placet.errors import VerificationError
from placet.events import ActionFailed, ActionResolved, Authentication, Outcome, Sensitivity, Stage, Verdict
from placet.grants import commitment_of, sign_claims, verify_grant
from placet.verify import verify
from tests.factories import World, new_action_id, now, received
from tests.ledgers import MemoryLedger, grant_claims, resolution
from tests.settling import STEP_UP, TWO_TEAMS, Bench, withdrawal
from tests.step_ups import OTHER_KEY

# The broker: it may reorder and repeat ---------------------------------------------------------------------------

ENDS = {"decided": "allowed", "failed": "denied", "withdrawn": "withdrawn"}


@pytest.mark.parametrize("order", list(permutations(ENDS)), ids="-".join)
def test_whatever_the_order_and_however_often_the_first_to_arrive_ends_it_once(
    bench: Bench, order: tuple[str, ...]
) -> None:
    decided = bench.decided()
    about = {"action_id": decided.action_id, "agent": decided.agent, "digest": decided.digest}
    events: dict[str, Any] = {
        "decided": decided,
        "failed": ActionFailed(**about, stage=Stage.DECIDE, code="internal", failed_sha256="0" * 64),
        "withdrawn": withdrawal(decided),
    }
    for name in (*order, *reversed(order), *order):
        bench.arrive(events[name])
    assert bench.outcome(decided)[0] == ENDS[order[0]]
    resolved = [one for one in bench.published(decided) if isinstance(one, ActionResolved)]
    assert [one.outcome for one in resolved] == [ENDS[order[0]]]
    assert (resolved[0].grant is not None) == (order[0] == "decided")


# The classifier: it may under-label ------------------------------------------------------------------------------


def test_a_classifier_that_hides_everything_changes_neither_who_nor_what_nor_where_nor_which_bytes(
    bench: Bench,
) -> None:
    proposed = bench.world.proposed(arguments={"sql": "SELECT * FROM customers"})
    hidden = {"labels": (), "findings": (), "sensitivity": Sensitivity.PUBLIC}
    decided = bench.decided(Verdict.REVIEW, proposed=proposed, requirement=TWO_TEAMS, classified_changes=hidden)
    bench.arrive(decided)
    for person in ("alice", "bob"):
        assert bench.vote(decided, person) == (True, "counted")
    granted = bench.grant(decided)
    assert granted.grant.digest == proposed.digest
    assert granted.commitment == commitment_of(proposed)


# The policy: it may allow too much -------------------------------------------------------------------------------


def test_a_policy_that_allows_too_much_says_so_in_the_grant(bench: Bench) -> None:
    decided = bench.decided(rules=("made-up/rule",))
    bench.arrive(decided)
    assert bench.outcome(decided)[0] == Outcome.ALLOWED
    verdict = bench.grant(decided).verdict
    assert (verdict.decision, verdict.rules) == (Verdict.ALLOW, ("made-up/rule",))


def test_a_verdict_that_never_reached_the_ledger_is_missed_there() -> None:
    ledger = MemoryLedger(World())
    append = ledger.append
    ledger.append = lambda message: None if message.topic == Topic.DECIDED else append(message)  # type: ignore[method-assign]
    ledger.allowed()
    found = verify_export(ledger.export(), ledger.world.root.public)
    assert ProblemCode.VERDICT_MISSING in {problem.code for problem in found.problems}


def test_policy_alone_mints_nothing() -> None:
    world = World(at=now())
    decided = world.decided()
    policy = world.services[Role.POLICY]
    minted = sign_claims(grant_claims(world, decided), policy)
    with pytest.raises(VerificationError):
        verify_grant(minted, world.trust(), at=now())
    resolved = resolution(world, decided, Outcome.ALLOWED, grant=minted)
    with pytest.raises(VerificationError, match="role_not_allowed"):
        verify(received(world.seal(resolved, signer=policy)), world.trust(), now=now())


# The desk: it may carry votes of people who are signed in --------------------------------------------------------


def test_votes_that_a_desk_makes_up_for_everybody_it_may_not_approve_nothing(bench: Bench) -> None:
    decided = bench.held(TWO_TEAMS)
    strangers = {
        "dave": "own_action",
        "frank": "not_in_group",
        "Alice": "unknown_person",
        "mallory": "unknown_person",
        "nightly-export": "not_a_person",
        "warehouse": "not_a_person",
    }
    for channel in ("console", "api", "slack", "teams"):
        votes = {person: bench.vote(decided, person, channel=channel) for person in strangers}
        assert votes == {person: (False, code) for person, code in strangers.items()}
    assert bench.review(decided)["state"] == "open"
    assert bench.outcomes(decided.action_id) == []


CLAIMS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "nothing but the claim": ({}, {"evidence": None}, "step_up_required"),
    "rubbish": ({}, {"evidence": "e30.e30.e30"}, "step_up_unsigned"),
    "a token that it signed itself": ({"key": OTHER_KEY}, {}, "step_up_unsigned"),
    "the token of a sign-in": ({"nonce": "of a sign-in"}, {}, "step_up_other_vote"),
    "a token for another action": ({"about": {"action_id": new_action_id()}}, {}, "step_up_other_vote"),
    "a token for a rejection": ({"about": {"vote": "reject"}}, {}, "step_up_other_vote"),
    "a token for another request": ({}, {"request_id": new_action_id()}, "step_up_other_vote"),
    "a token of somebody else": ({"sub": "erin"}, {}, "step_up_other_person"),
    "a token for somebody else's vote": ({"about": {"reviewer": "erin"}, "sub": "erin"}, {}, "step_up_other_vote"),
    "a token for another application": ({"aud": "crm"}, {}, "step_up_invalid"),
    "a password": ({"acr": "pwd"}, {}, "step_up_weak"),
    "this morning's passkey": ({"auth_time": int(now().timestamp()) - 4_000}, {}, "step_up_stale"),
}
"""What the desk makes of a token, and of its row; and what settle finds."""


@pytest.mark.parametrize("name", CLAIMS)
def test_a_desk_cannot_claim_a_passkey(bench: Bench, name: str) -> None:
    claims, row, code = CLAIMS[name]
    decided = bench.held(STEP_UP)
    forged = bench.stepped_up(decided, "alice", **claims) | row
    for channel in ("console", "api", "slack", "teams"):
        cast = forged | ({} if channel == "console" else bench.stepped_up(decided, "alice", **claims) | row)
        if "request_id" in row:
            cast["request_id"] = new_action_id()
        assert bench.vote(decided, "alice", channel=channel, **cast) == (False, code)
    assert bench.review(decided)["state"] == "open"
    assert bench.outcomes(decided.action_id) == []
    recorded = {(one.counted, one.authentication) for one in bench.steps(decided)[1:]}
    assert recorded == {(False, Authentication.NONE)}


def test_a_desk_cannot_use_a_token_twice(bench: Bench) -> None:
    decided, other = (bench.held(TWO_TEAMS.model_copy(update={"step_up": "passkey"})) for _ in range(2))
    honest = bench.stepped_up(decided, "alice")
    assert bench.vote(decided, "alice", **honest) == (True, "counted")
    with pytest.raises(errors.UniqueViolation):
        bench.cast(other, "alice", **honest)
    assert bench.vote(other, "alice", **honest | {"request_id": new_action_id()}) == (False, "step_up_other_vote")
    assert bench.vote(decided, "bob", **honest | {"request_id": new_action_id()}) == (False, "step_up_other_vote")
    assert bench.review(decided)["state"] == bench.review(other)["state"] == "open"


def test_a_claim_that_is_not_proven_is_recorded_nowhere_as_a_passkey(bench: Bench) -> None:
    """Where none is needed either: the ledger would say so of a vote that nobody cast like that."""
    decided = bench.held()
    assert bench.vote(decided, "alice", authentication="passkey") == (False, "step_up_required")
    assert bench.vote(decided, "alice", "reject", authentication="passkey") == (False, "step_up_required")
    assert {one.authentication for one in bench.steps(decided)} == {Authentication.NONE}


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE settle",
        "SET ROLE approver_owner",
        "SET SESSION AUTHORIZATION settle",
        "SELECT * FROM approver.actions",
        "INSERT INTO approver.outbox (topic, key, value, signature, trace) VALUES ('t', '', '', '', '')",
        "INSERT INTO approver.actions VALUES (gen_random_uuid(), 'a', 'b', now())",
        "UPDATE approver.outcomes SET outcome = 'approved'",
        "UPDATE approver.reviews SET requirement = '{}'",
        "UPDATE approver.reviews SET eligible = '[]'",
        "UPDATE approver.votes SET reviewer = 'alice'",
        "SELECT evidence FROM approver.votes",
        "UPDATE approver.votes SET authenticated_at = now()",
        "INSERT INTO approver.votes (authenticated_at) VALUES (now())",
        "ALTER TABLE approver.votes DISABLE TRIGGER ALL",
        "TRUNCATE approver.votes",
        "SET session_replication_role = replica",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY approver.votes TO PROGRAM 'cat'",
    ],
)
def test_a_desk_reaches_nothing_of_settle(bench: Bench, statement: str) -> None:
    bench.held()
    with psycopg.connect(bench.desk_dsn) as desk, pytest.raises(errors.InsufficientPrivilege):
        desk.execute(statement)
