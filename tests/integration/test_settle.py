"""Settle on a real PostgreSQL: what arrives ends once, with what it must publish, in one transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors

from placet.catalogue import CATALOGUE, Role, Topic
from placet.events import (
    ActionClassified,
    ActionFailed,
    ActionResolved,
    Outcome,
    Retry,
    ReviewStep,
    Stage,
    Verdict,
)
from placet.grants import check_redeemable
from placet.messages import Outgoing
from placet.trust import Agent
from placet.verify import authenticate
from services.chassis.errors import TransientError
from tests.factories import now, position, received, trusted
from tests.settling import ONE_LEAD, Bench, withdrawal


def failed(bench: Bench, **changes: Any) -> Outgoing:
    proposed = bench.world.proposed()
    content = {
        "action_id": proposed.action_id,
        "agent": proposed.agent,
        "digest": proposed.digest,
        "stage": Stage.CLASSIFY,
        "code": "too_slow",
        "failed_sha256": "7" * 64,
    }
    return bench.world.seal(ActionFailed(**{**content, **changes}), signer=bench.world.services[Role.CLASSIFIER])


def test_allowed_comes_with_a_grant_that_an_executor_accepts(bench: Bench) -> None:
    decided = bench.decided(Verdict.ALLOW)
    bench.arrive(decided)
    resolved = bench.resolved(decided)
    assert (resolved.outcome, resolved.retry, resolved.rules) == (Outcome.ALLOWED, Retry.NEVER, ("test/rule",))
    assert resolved.proposal == decided.proposal
    granted = bench.grant(decided)
    check_redeemable(granted, bench.world.trust(), executor="warehouse", now=now())
    assert granted.grant.reviewers == ()
    assert str(bench.outcomes(decided.action_id)[0]["grant_id"]) == granted.grant.jti


def test_denied_has_no_grant_and_says_why(bench: Bench) -> None:
    decided = bench.decided(Verdict.DENY)
    bench.arrive(decided)
    resolved = bench.resolved(decided)
    assert (resolved.outcome, resolved.grant) == (Outcome.DENIED, None)
    assert resolved.reason.code == "policy_denies"
    assert resolved.reason.sentence == "because the test says so"
    assert resolved.retry is Retry.AFTER_CHANGE


def test_a_failure_denies(bench: Bench) -> None:
    bench.service.handle([bench.verified(failed(bench))])
    (resolved,) = bench.published()
    assert (resolved.outcome, resolved.reason.code, resolved.retry) == (Outcome.DENIED, "too_slow", Retry.LATER)


def test_a_failure_too_broken_to_have_a_digest_denies(bench: Bench) -> None:
    bench.service.handle([bench.verified(failed(bench, digest=None, code="not_json"))])
    (resolved,) = bench.published()
    assert (resolved.outcome, resolved.digest, resolved.retry) == (Outcome.DENIED, "0" * 64, Retry.AFTER_CHANGE)


def test_a_message_again_changes_nothing_and_publishes_nothing(bench: Bench) -> None:
    decided, other = bench.decided(Verdict.ALLOW), bench.decided(Verdict.REVIEW, requirement=ONE_LEAD)
    bench.arrive(decided, other, decided)
    before = bench.waiting()
    bench.arrive(other, decided)
    bench.arrive(decided)
    assert bench.waiting() == before
    assert len(before) == 2


@pytest.mark.parametrize("later", [Verdict.ALLOW, Verdict.DENY, Verdict.REVIEW])
@pytest.mark.parametrize("first", [Verdict.ALLOW, Verdict.DENY, Verdict.REVIEW])
def test_a_second_decision_changes_nothing(bench: Bench, first: Verdict, later: Verdict) -> None:
    proposed = bench.world.proposed()
    need = {Verdict.REVIEW: ONE_LEAD}
    bench.arrive(bench.decided(first, proposed=proposed, requirement=need.get(first)))
    before = (bench.waiting(), bench.outcomes(proposed.action_id))
    bench.arrive(bench.decided(later, proposed=proposed, requirement=need.get(later), rules=("test/later",)))
    assert (bench.waiting(), bench.outcomes(proposed.action_id)) == before


@pytest.mark.parametrize("agent", ["nightly-export", "other-agent"])
def test_another_agent_or_digest_under_an_owned_id_is_refused(bench: Bench, agent: str) -> None:
    decided = bench.held()
    other = bench.world.proposed(agent=agent, action_id=decided.action_id)
    bench.arrive(bench.decided(Verdict.ALLOW, proposed=other))
    bench.arrive(bench.decided(Verdict.DENY, proposed=other))
    bench.arrive(withdrawal(other))
    assert bench.outcomes(decided.action_id) == []
    assert bench.review(decided)["state"] == "open"
    assert [one.step for one in bench.steps(decided)] == [ReviewStep.OPENED]


def test_a_decision_that_says_more_than_its_verdict_is_denied(bench: Bench) -> None:
    decided = bench.decided(Verdict.DENY)
    forged = decided.model_copy(update={"decision": Verdict.ALLOW})
    bench.arrive(forged)
    assert bench.outcome(decided) == ("denied", "verdict_mismatch")
    assert bench.resolved(decided).grant is None


def test_a_decision_about_other_bytes_than_were_committed_to_is_denied(bench: Bench) -> None:
    decided = bench.decided(Verdict.ALLOW).model_copy(update={"digest": "9" * 64})
    bench.arrive(decided)
    assert bench.outcome(decided) == ("denied", "commitment_mismatch")


def test_a_disabled_agent_and_an_unlisted_person_are_denied(bench: Bench) -> None:
    on_behalf = bench.decided(Verdict.ALLOW, proposed=bench.world.proposed(on_behalf_of="alice"))
    listed = bench.decided(Verdict.ALLOW, proposed=bench.world.proposed(on_behalf_of="frank"))
    bench.arrive(on_behalf, listed)
    assert bench.outcome(on_behalf) == ("denied", "on_behalf_of_not_listed")
    assert bench.outcome(listed) == ("allowed", "policy_allows")
    decided = bench.decided(Verdict.ALLOW)
    bench.trust(agents=agents(bench, disabled=True))
    bench.arrive(decided)
    assert bench.outcome(decided) == ("denied", "agent_disabled")


def agents(bench: Bench, *, disabled: bool = False, owner: str = "dave") -> dict[str, Agent]:
    key = bench.world.agents["nightly-export"]
    return {
        "nightly-export": Agent(
            owner=owner, on_behalf_of=("frank",), disabled=disabled, keys=(trusted(key, bench.world.at),)
        )
    }


def test_a_past_deadline_is_expired_and_one_too_far_is_denied(bench: Bench) -> None:
    past = bench.decided(Verdict.ALLOW, proposed=bench.world.proposed(deadline=now() - timedelta(seconds=1)))
    held = bench.decided(
        Verdict.REVIEW, proposed=bench.world.proposed(deadline=now() - timedelta(seconds=1)), requirement=ONE_LEAD
    )
    far = bench.decided(Verdict.ALLOW, proposed=bench.world.proposed(deadline=now() + timedelta(days=8)))
    bench.arrive(past, held, far)
    assert bench.outcome(past) == ("expired", "deadline_passed")
    assert bench.outcome(held) == ("expired", "deadline_passed")
    assert bench.outcome(far) == ("denied", "deadline_too_far")


def test_what_no_executor_serves_is_denied(bench: Bench) -> None:
    bench.trust(executors={})
    decided = bench.decided(Verdict.ALLOW)
    bench.arrive(decided)
    assert bench.outcome(decided) == ("denied", "no_executor")


def test_a_review_opens_with_who_may_vote_and_until_when(bench: Bench) -> None:
    decided = bench.held(on_behalf_of="frank")
    row = bench.review(decided)
    (opened,) = bench.steps(decided)
    assert [one.person for one in opened.eligible or ()] == ["alice", "carol", "erin"]
    assert opened.excluded == ("dave", "frank")
    assert opened.requirement == ONE_LEAD
    assert opened.expires_at == row["expires_at"] == row["opened_at"] + timedelta(seconds=900)
    assert row["satisfiable"]
    assert row["owner"] == "dave"
    assert row["next_sequence"] == 1
    assert ActionClassified.model_validate(row["classified"], strict=False).digest == decided.digest


def test_a_review_never_outlives_the_signed_deadline(bench: Bench) -> None:
    deadline = now() + timedelta(seconds=60)
    decided = bench.held(deadline=deadline)
    assert bench.review(decided)["expires_at"] == bench.review(decided)["deadline"] == deadline


def test_a_requirement_that_nobody_can_satisfy_is_said_when_the_review_opens(bench: Bench) -> None:
    bench.people(alice=(), carol=(), erin=())
    decided = bench.held()
    assert not bench.review(decided)["satisfiable"]
    assert bench.steps(decided)[0].code == "unsatisfiable"


def test_an_original_with_other_bytes_than_committed_is_denied(bench: Bench) -> None:
    proposed = bench.world.proposed()
    decided = bench.decided(Verdict.REVIEW, proposed=proposed, requirement=ONE_LEAD)
    swapped = proposed.model_copy(update={"purpose": "something else"})
    at = bench.broker.append(bench.world.seal(swapped)).position
    bent = bench.world.classified(proposed, proposal=at)
    found = bench.broker.append(bench.world.seal(bent)).position
    decided = bench.world.decided(bent, decision=Verdict.REVIEW, requirement=ONE_LEAD, classification=found)
    bench.arrive(decided)
    assert bench.outcome(decided) == ("denied", "digest_mismatch")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"proposal": position("actions.proposed.v1", 99)}, "original_missing"),
        ({"proposal": position("actions.proposed.v1", 0)}, "original_mismatch"),
        ({"proposal": position("actions.executed.v1", 0)}, "original_missing"),
        ({"on_behalf_of": "frank"}, "classification_mismatch"),
        ({"digest": "8" * 64}, "classification_mismatch"),
        ({"likeness": "8" * 64}, "classification_mismatch"),
    ],
)
def test_a_classification_that_does_not_fit_is_denied(bench: Bench, changes: dict[str, Any], code: str) -> None:
    proposed = bench.world.proposed()
    truthful = bench.decided(Verdict.REVIEW, proposed=proposed, requirement=ONE_LEAD)
    classified = bench.world.classified(proposed, **{"proposal": truthful.proposal, **changes})
    found = bench.broker.append(bench.world.seal(classified)).position
    decided = truthful.model_copy(update={"classification": found, "proposal": classified.proposal})
    bench.arrive(decided)
    assert bench.outcome(decided) == ("denied", code)


def test_text_that_postgresql_cannot_store_is_denied_and_harms_no_other(bench: Bench) -> None:
    hostile = bench.world.proposed(arguments={"sql": "SELECT '\0'"})
    decided = bench.decided(Verdict.REVIEW, proposed=hostile, requirement=ONE_LEAD)
    fine = bench.decided(Verdict.ALLOW)
    bench.arrive(decided, fine)
    assert bench.outcome(decided) == ("denied", "nul_character")
    assert bench.outcome(fine) == ("allowed", "policy_allows")


def test_withdrawn_by_its_agent(bench: Bench) -> None:
    decided = bench.held()
    bench.arrive(withdrawal(decided))
    assert bench.outcome(decided) == ("withdrawn", "withdrawn")
    assert bench.review(decided)["state"] == "withdrawn"
    assert [one.step for one in bench.steps(decided)] == [ReviewStep.OPENED, ReviewStep.CLOSED]
    assert bench.vote(decided, "alice") == (False, "already_settled")


def test_withdrawn_before_it_was_decided_stays_withdrawn(bench: Bench) -> None:
    decided = bench.decided(Verdict.ALLOW)
    bench.arrive(withdrawal(decided))
    bench.arrive(decided)
    assert bench.outcome(decided) == ("withdrawn", "withdrawn")
    assert bench.resolved(decided).grant is None


def test_decided_and_withdrawn_in_one_batch(bench: Bench) -> None:
    held = bench.decided(Verdict.REVIEW, requirement=ONE_LEAD)
    allowed = bench.decided(Verdict.ALLOW)
    bench.arrive(held, allowed, withdrawal(held), withdrawal(allowed))
    assert bench.outcome(held) == ("withdrawn", "withdrawn")
    assert bench.outcome(allowed) == ("allowed", "policy_allows")


def test_an_answer_to_a_question_nobody_asked_changes_nothing(bench: Bench) -> None:
    decided = bench.held()
    bench.arrive(withdrawal(decided, step="answered", answer="because"))
    assert bench.review(decided)["state"] == "open"


def test_unreadable_events_deny_the_action_they_name(bench: Bench) -> None:
    decided = bench.decided(Verdict.ALLOW)
    message = received(bench.world.seal(decided))
    authentic = authenticate(message, bench.world.trust(), now=now())
    assert bench.service.unprocessable(authentic, "unknown_field") == []
    assert bench.outcome(decided) == ("denied", "unknown_field")
    assert isinstance(bench.resolved(decided), ActionResolved)
    assert bench.service.unprocessable(authentic, "unknown_field") == []
    assert len(bench.waiting()) == 1


def test_unreadable_events_that_name_no_action_change_nothing(bench: Bench) -> None:
    signer = bench.world.services[Role.POLICY]
    spec = CATALOGUE[Topic.DECIDED]
    sealed = bench.world.seal(bench.decided())
    for value in (b"{", b"[]", b'{"data": {"action_id": "x"}}'):
        from placet.keys import encode_base64url  # noqa: PLC0415

        signature = f"{signer.key_id}:{encode_base64url(signer.sign(spec.type, value))}".encode()
        message = received(sealed, value=value, signature=signature)
        assert bench.service.unprocessable(authenticate(message, bench.world.trust(), now=now()), "not_json") == []
    assert bench.waiting() == []


def test_a_transaction_that_fails_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.approver.adapters.store import PostgresSession  # noqa: PLC0415

    decided = bench.decided(Verdict.ALLOW)

    def broken(*_: Any) -> None:
        raise psycopg.OperationalError("the connection was lost")

    with monkeypatch.context() as patched:
        patched.setattr(PostgresSession, "record", broken)
        with pytest.raises(TransientError):
            bench.arrive(decided)
    assert bench.outcomes(decided.action_id) == []
    assert bench.waiting() == []
    bench.arrive(decided)
    assert bench.outcome(decided) == ("allowed", "policy_allows")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approver.outcomes SET outcome = 'denied', grant_id = NULL",
        "DELETE FROM approver.outcomes",
        "UPDATE approver.actions SET agent = 'x'",
        "DELETE FROM approver.actions",
        "UPDATE approver.steps SET step = 'x'",
        "DELETE FROM approver.steps",
        "UPDATE approver.reviews SET digest = 'x'",
        "UPDATE approver.reviews SET classified = '{}'",
        "DELETE FROM approver.reviews",
        "INSERT INTO approver.votes (request_id) VALUES (gen_random_uuid())",
        "UPDATE approver.votes SET vote = 'approve'",
        "UPDATE approver.outbox SET value = ''",
    ],
)
def test_what_even_settle_may_not_do(bench: Bench, statement: str) -> None:
    bench.arrive(bench.decided(Verdict.ALLOW))
    with psycopg.connect(bench.settle_dsn.read_text().strip()) as settle, pytest.raises(errors.InsufficientPrivilege):
        settle.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM approver.outbox",
        "INSERT INTO approver.outcomes DEFAULT VALUES",
        "UPDATE approver.reviews SET state = 'approved'",
        "UPDATE approver.votes SET counted = true",
        "DELETE FROM approver.votes",
        "INSERT INTO approver.votes (cast_at) VALUES (now())",
        "INSERT INTO approver.votes (counted, judged_at) VALUES (true, now())",
        "INSERT INTO approver.steps DEFAULT VALUES",
        "CREATE TABLE approver.mine ()",
    ],
)
def test_what_the_desk_may_not_do(bench: Bench, statement: str) -> None:
    with psycopg.connect(bench.desk_dsn) as desk, pytest.raises(errors.InsufficientPrivilege):
        desk.execute(statement)


def test_an_ended_review_cannot_be_opened_again(bench: Bench) -> None:
    decided = bench.held()
    bench.arrive(withdrawal(decided))
    with (
        psycopg.connect(bench.settle_dsn.read_text().strip()) as settle,
        pytest.raises(errors.IntegrityConstraintViolation, match="settled"),
    ):
        settle.execute("UPDATE approver.reviews SET state = 'open', closed_at = NULL")
