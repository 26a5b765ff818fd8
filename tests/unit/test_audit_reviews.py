"""The offline verifier and a bent review: votes, who may vote, steps; what holds is not suspected."""

from __future__ import annotations

import pytest

from placet.audit.report import ProblemCode
from placet.events import (
    Authentication,
    EligibleReviewer,
    Outcome,
    ReviewRecorded,
    ReviewStep,
    Verdict,
    VoteKind,
)
from placet.requirement import Requirement, parse
from tests.audits import CODE, WORLD, Telling, told
from tests.ledgers import PEOPLE, MemoryLedger, resolution


def one_team_only(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE),))


def one_person_for_both(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("carol", VoteKind.APPROVE),))


def same_person_twice(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("carol", VoteKind.APPROVE), ("carol", VoteKind.APPROVE)))


def owner_votes(ledger: MemoryLedger) -> None:
    people = (*PEOPLE, EligibleReviewer(person="dave", groups=("security",)))
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE), ("dave", VoteKind.APPROVE)), eligible=people)


def beneficiary_votes(ledger: MemoryLedger) -> None:
    people = (*PEOPLE, EligibleReviewer(person="frank", groups=("security",)))
    votes = (("alice", VoteKind.APPROVE), ("frank", VoteKind.APPROVE))
    ledger.reviewed(votes=votes, eligible=people, on_behalf_of="frank")


def stranger_votes(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=(("alice", VoteKind.APPROVE), ("mallory", VoteKind.APPROVE)))


def gone_at_the_settlement(ledger: MemoryLedger) -> None:
    """Bob left security before the review closed, so his vote counts for nothing."""

    def bend(step: ReviewRecorded) -> ReviewRecorded:
        left = tuple(person for person in PEOPLE if person.person != "bob")
        return step.model_copy(update={"eligible": left}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def came_and_went(ledger: MemoryLedger) -> None:
    """Mallory joined after the opening, voted, and left before the closing: eligible then, needed by nobody."""

    def bend(step: ReviewRecorded) -> ReviewRecorded:
        mine = (EligibleReviewer(person="mallory", groups=("security",)),)
        return step.model_copy(update={"eligible": mine}) if step.actor == "mallory" else step

    votes = (("alice", VoteKind.APPROVE), ("bob", VoteKind.APPROVE), ("mallory", VoteKind.APPROVE))
    ledger.reviewed(votes=votes, bend=bend, reviewers=("alice", "bob"))


def excluded_at_the_settlement(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"excluded": ("dave", "bob")}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def changed_mind(ledger: MemoryLedger) -> None:
    votes = (("alice", VoteKind.APPROVE), ("bob", VoteKind.APPROVE), ("bob", VoteKind.REJECT))
    ledger.reviewed(votes=votes)


def grant_names_another(ledger: MemoryLedger) -> None:
    ledger.reviewed(reviewers=("alice", "mallory"))


def grant_names_too_few(ledger: MemoryLedger) -> None:
    ledger.reviewed(reviewers=("alice",))


def without_step_up(ledger: MemoryLedger) -> None:
    needed = Requirement(approvals=parse("1 from security"), timeout_seconds=60, step_up="passkey")
    ledger.reviewed(votes=(("bob", VoteKind.APPROVE),), requirement=needed)


def other_requirement(ledger: MemoryLedger) -> None:
    easier = Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=900)
    ledger.reviewed(
        bend=lambda step: step.model_copy(update={"requirement": easier}) if step.step is ReviewStep.OPENED else step
    )


def dropped(kind: ReviewStep) -> Telling:
    def bend(step: ReviewRecorded) -> ReviewRecorded | None:
        return None if step.step is kind else step

    def tell(ledger: MemoryLedger) -> None:
        ledger.reviewed(bend=bend)

    return tell


def uncounted(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"counted": False}) if step.actor == "bob" else step

    ledger.reviewed(bend=bend)


def closed_otherwise(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"outcome": Outcome.REJECTED}) if step.step is ReviewStep.CLOSED else step

    ledger.reviewed(bend=bend)


def step_twice(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        return step.model_copy(update={"sequence": 1}) if step.actor == "bob" else step

    ledger.reviewed(bend=bend)


def rejected_by_nobody(ledger: MemoryLedger) -> None:
    ledger.reviewed(Outcome.REJECTED, votes=())


def approved_without_review(ledger: MemoryLedger) -> None:
    decided = WORLD.decided(classified := WORLD.classified(), decision=Verdict.REVIEW)
    for data in (classified, decided, resolution(WORLD, decided, Outcome.APPROVED, reviewers=("alice",))):
        ledger.add(data)


def review_without_decision(ledger: MemoryLedger) -> None:
    classified = WORLD.classified()
    ledger.add(classified)
    ledger.add(
        ReviewRecorded(
            action_id=classified.action_id,
            agent=classified.agent,
            digest=classified.digest,
            sequence=0,
            step=ReviewStep.OPENED,
            actor=None,
            channel="system",
            authentication=Authentication.NONE,
        )
    )


STORIES: dict[Telling, set[ProblemCode]] = {
    one_team_only: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    one_person_for_both: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    same_person_twice: {CODE.VOTES_MISSING, CODE.GRANT_UNFOUNDED},
    owner_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    beneficiary_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    stranger_votes: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    came_and_went: set(),
    changed_mind: {CODE.VOTES_MISSING},
    gone_at_the_settlement: {CODE.VOTES_MISSING},
    excluded_at_the_settlement: {CODE.VOTES_MISSING},
    grant_names_another: {CODE.VOTES_MISSING},
    grant_names_too_few: {CODE.GRANT_UNFOUNDED},
    without_step_up: {CODE.VOTE_BAD, CODE.VOTES_MISSING},
    other_requirement: {CODE.REVIEW_BAD},
    dropped(ReviewStep.OPENED): {CODE.REVIEW_GAP},
    dropped(ReviewStep.VOTED): {CODE.REVIEW_GAP, CODE.VOTES_MISSING},
    dropped(ReviewStep.CLOSED): {CODE.REVIEW_GAP},
    uncounted: {CODE.VOTES_MISSING},
    closed_otherwise: {CODE.REVIEW_BAD},
    step_twice: {CODE.REVIEW_BAD, CODE.REVIEW_GAP, CODE.VOTES_MISSING},
    rejected_by_nobody: {CODE.VOTES_MISSING},
    approved_without_review: {CODE.VOTES_MISSING},
    review_without_decision: {CODE.ORPHAN},
}


@pytest.mark.parametrize("tell", STORIES, ids=lambda tell: tell.__name__.strip("<>"))
def test_a_story_that_does_not_hold_is_named(tell: Telling) -> None:
    assert told(tell) == STORIES[tell]


def step_up_done(ledger: MemoryLedger) -> None:
    needed = Requirement(approvals=parse("1 from security"), timeout_seconds=60, step_up="passkey")
    ledger.reviewed(votes=(("bob", VoteKind.APPROVE),), requirement=needed, authentication=Authentication.PASSKEY)


def joined_before_the_settlement(ledger: MemoryLedger) -> None:
    def bend(step: ReviewRecorded) -> ReviewRecorded:
        before = tuple(person for person in PEOPLE if person.person != "bob")
        return step.model_copy(update={"eligible": before}) if step.step is ReviewStep.OPENED else step

    ledger.reviewed(bend=bend)


def more_votes_than_needed(ledger: MemoryLedger) -> None:
    ledger.reviewed(votes=tuple((person, VoteKind.APPROVE) for person in ("alice", "carol", "bob")))


@pytest.mark.parametrize("tell", [step_up_done, joined_before_the_settlement, more_votes_than_needed])
def test_a_story_that_holds_is_not_suspected(tell: Telling) -> None:
    assert told(tell) == set()
