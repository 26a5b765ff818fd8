"""The offline verifier and a bent story: decisions, outcomes, grants, runs; what holds is not suspected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from placet.audit.report import ProblemCode
from placet.catalogue import Role, derived_id
from placet.events import (
    ActionFailed,
    ActionFollowed,
    ExecutionStatus,
    Outcome,
    Stage,
    Verdict,
)
from placet.grants import sign_claims
from tests.audits import CODE, WORLD, Telling, audit, codes, denied, told
from tests.factories import NOW
from tests.ledgers import MemoryLedger, grant_claims, resolution


def run_without_grant(ledger: MemoryLedger) -> None:
    resolved = MemoryLedger(WORLD).allowed()
    ledger.ran(resolved)


def second_run(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    ledger.ran(resolved)
    ledger.ran(resolved, attempt=derived_id(resolved.action_id, "attempt", "2"))


def other_bytes_ran(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), digest="9" * 64)


def ran_too_late(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), started_at=NOW + timedelta(minutes=6), finished_at=NOW + timedelta(minutes=6))


def another_grant_ran(ledger: MemoryLedger) -> None:
    ledger.ran(ledger.allowed(), grant_id=derived_id("x", "y", "z"))


def run_after_denial(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    ledger.add(classified)
    ledger.add(decided)
    resolved = resolution(WORLD, decided, Outcome.DENIED)
    ledger.add(resolved)
    ledger.ran(resolved)


def allowed_under_review(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.REVIEW)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, reviewers=("alice",))):
        ledger.add(data)


def allowed_against_denial(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED)):
        ledger.add(data)


def grant_with_another_verdict(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    denying = WORLD.decided(classified, decision=Verdict.DENY)
    allowing = WORLD.decided(classified)
    for data in (classified, denying, resolution(WORLD, allowing, Outcome.ALLOWED)):
        ledger.add(data)


def allowed_without_grant(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, grant=None)):
        ledger.add(data)


def denied_with_grant(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    grant = sign_claims(grant_claims(WORLD, decided), WORLD.services[Role.SETTLE])
    for data in (classified, decided, resolution(WORLD, decided, Outcome.DENIED, grant=grant)):
        ledger.add(data)


def grant_of_another_action(ledger: MemoryLedger) -> None:
    other = ledger.allowed()
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.ALLOWED, grant=other.grant)):
        ledger.add(data)


def two_outcomes(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    ledger.add(resolved.model_copy(update={"outcome": Outcome.DENIED, "grant": None}))


def contradicting_decisions(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    allowing, denying = WORLD.decided(classified), WORLD.decided(classified, decision=Verdict.DENY)
    for data in (classified, allowing, denying, resolution(WORLD, denying, Outcome.DENIED)):
        ledger.add(data)


def decision_unlike_its_verdict(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.DENY)
    ledger.add(classified)
    ledger.add(decided.model_copy(update={"decision": Verdict.ALLOW}))


def decision_about_another(ledger: MemoryLedger) -> None:
    ledger.add(classified := WORLD.classified())
    other = WORLD.decided()
    ledger.add(WORLD.decided(classified, commitment=other.commitment))


def classification_unlike_its_commitment(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    action = classified.action.model_copy(update={"resource": "postgres://warehouse/other"})
    ledger.add(classified.model_copy(update={"action": action}))


def decision_without_classification(ledger: MemoryLedger) -> None:
    decided = WORLD.decided()
    ledger.add(decided)
    ledger.add(resolution(WORLD, decided, Outcome.DENIED))


def outcome_out_of_nothing(ledger: MemoryLedger) -> None:
    ledger.add(resolution(WORLD, WORLD.decided(), Outcome.DENIED))


def withdrawn_by_nobody(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def withdrawn_by_another_agent(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    followed = ActionFollowed(
        action_id=classified.action_id, agent="other-agent", digest=classified.digest, step="withdrawn", sequence=0
    )
    for data in (classified, decided, followed, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def superseded_by_nothing(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    for data in (classified, decided, resolution(WORLD, decided, Outcome.SUPERSEDED)):
        ledger.add(data)


def no_outcome_in_time(ledger: MemoryLedger) -> None:
    ledger.add(WORLD.classified(WORLD.proposed(deadline=NOW + timedelta(seconds=1))))
    ledger.step = timedelta(minutes=5)
    denied(ledger)


STORIES: dict[Telling, set[ProblemCode]] = {
    run_without_grant: {CODE.RUN_WITHOUT_GRANT},
    run_after_denial: {CODE.RUN_WITHOUT_GRANT},
    second_run: {CODE.RUN_REPEATED},
    other_bytes_ran: {CODE.RUN_DIFFERS},
    ran_too_late: {CODE.RUN_DIFFERS},
    another_grant_ran: {CODE.RUN_DIFFERS},
    allowed_under_review: {CODE.GRANT_UNFOUNDED},
    allowed_against_denial: {CODE.GRANT_BAD},
    grant_with_another_verdict: {CODE.VERDICT_MISSING},
    allowed_without_grant: {CODE.GRANT_BAD},
    denied_with_grant: {CODE.GRANT_BAD},
    grant_of_another_action: {CODE.GRANT_BAD},
    two_outcomes: {CODE.OUTCOME_REPEATED},
    contradicting_decisions: {CODE.DIVERGENT},
    decision_unlike_its_verdict: {CODE.VERDICT_BAD},
    decision_about_another: {CODE.COMMITMENT_BAD},
    classification_unlike_its_commitment: {CODE.COMMITMENT_BAD},
    decision_without_classification: {CODE.ORPHAN},
    outcome_out_of_nothing: {CODE.OUTCOME_UNFOUNDED},
    withdrawn_by_nobody: {CODE.OUTCOME_UNFOUNDED},
    withdrawn_by_another_agent: {CODE.OUTCOME_UNFOUNDED},
    superseded_by_nothing: {CODE.OUTCOME_UNFOUNDED},
    no_outcome_in_time: {CODE.OUTCOME_MISSING},
}


@pytest.mark.parametrize("tell", STORIES, ids=lambda tell: tell.__name__.strip("<>"))
def test_a_story_that_does_not_hold_is_named(tell: Telling) -> None:
    assert told(tell) == STORIES[tell]


def failed_then_denied(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    failed = ActionFailed(
        action_id=classified.action_id,
        agent=classified.agent,
        digest=classified.digest,
        stage=Stage.CLASSIFY,
        code="too_slow",
        failed_sha256="7" * 64,
    )
    ledger.add(failed)
    ledger.add(resolution(WORLD, WORLD.decided(classified), Outcome.DENIED))


def withdrawn(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified())
    followed = ActionFollowed(
        action_id=classified.action_id, agent=classified.agent, digest=classified.digest, step="withdrawn", sequence=0
    )
    for data in (classified, decided, followed, resolution(WORLD, decided, Outcome.WITHDRAWN)):
        ledger.add(data)


def refused_attempts(ledger: MemoryLedger) -> None:
    resolved = ledger.allowed()
    for number in range(3):
        ledger.ran(
            resolved,
            ExecutionStatus.REFUSED,
            attempt=derived_id(resolved.action_id, "attempt", str(number)),
            started_at=None,
        )
    ledger.ran(MemoryLedger(WORLD).allowed(), ExecutionStatus.REFUSED, started_at=None)


def out_of_order(ledger: MemoryLedger) -> None:
    other = MemoryLedger(WORLD)
    other.ran(other.reviewed())
    for record in reversed(other.records[1:]):
        message = record.leaf.message(record.value or b"")
        ledger.append(replace(message, offset=ledger.offsets[message.topic]))


def still_open(ledger: MemoryLedger) -> None:
    ledger.add(WORLD.classified())


@pytest.mark.parametrize("tell", [failed_then_denied, withdrawn, refused_attempts, out_of_order, still_open])
def test_a_story_that_holds_is_not_suspected(tell: Telling) -> None:
    assert told(tell) == set()


def test_grace_forgives_what_is_missing_while_it_is_fresh_and_never_a_contradiction() -> None:
    ledger = MemoryLedger(WORLD)
    decision_without_classification(ledger)
    found = audit(ledger, grace=timedelta(seconds=5))
    assert (codes(found), found.pending, found.chains) == (set(), 1, 0)
    ledger.step = timedelta(minutes=1)
    denied(ledger)
    assert codes(audit(ledger, grace=timedelta(seconds=5))) == {CODE.ORPHAN}
    contradiction = MemoryLedger(WORLD)
    two_outcomes(contradiction)
    assert codes(audit(contradiction, grace=timedelta(hours=5))) == {CODE.OUTCOME_REPEATED}
