"""The only judge of reviews.

Rules:
- Who may vote is the electorate's to say, at the vote and again, of every vote counted so far, at the settlement.
- A person counts once, through whichever channel or group. The first vote counts; only a rejection may take the
  place of the same person's approval, because a rejection must never be lost.
- Votes are judged in the order of their ids; among those that arrived together, rejections go first.
- A requirement holds when distinct people can be assigned to all its seats; enough rejections close the review.
- Time never approves: from `expires_at` on, a review can only expire, whatever was cast before and not yet judged.
- What has ended stays as it ended; a late vote is told how and when.
- People's attention is bounded: what would be one open review too many is denied, and so is a repeat of what people
  rejected a while ago, even where policy would allow it by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from placet.base import PersonId
from placet.events import ActionClassified, ActionDecided, Outcome, Retry, VoteKind
from placet.requirement import Escalation, Requirement, assignment, spell
from services.approver.electorate import authenticated, eligible, may_vote, satisfiable
from services.approver.model import (
    Asked,
    Bounds,
    Decision,
    Judgement,
    Refused,
    Review,
    ReviewState,
    Settlement,
    Standing,
    Vote,
)

COUNTED: Final = Judgement(counted=True, code="counted", sentence="The vote counts.")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the votes on one review came to."""

    judged: tuple[tuple[Vote, Judgement], ...]
    """In the order of judgement."""
    settlement: Settlement | None
    """None: the review stays as it is."""


def open_review(
    decision: Decision,
    decided: ActionDecided,
    classified: ActionClassified,
    *,
    owner: PersonId,
    standing: Standing,
    asked: Asked,
    bounds: Bounds,
    now: datetime,
) -> Review | Settlement:
    """The review that a decision opens now, or how the action ends where there is no time for one, or too many."""
    if decided.requirement is None or now >= decision.deadline:
        return Settlement(Outcome.EXPIRED, "deadline_passed", "The deadline passed before it was held.", Retry.LATER)
    flooding = repeated(asked, bounds, now) or too_many(asked, bounds)
    if flooding is not None:
        return flooding
    people = eligible(decided.requirement, standing)
    return Review(
        decision=decision,
        owner=owner,
        on_behalf_of=classified.on_behalf_of,
        name=classified.action.name,
        purpose=classified.purpose,
        classified=classified.model_dump(mode="json"),
        classification=decided.classification,
        reasons=decided.reasons,
        requirement=decided.requirement,
        eligible=people,
        excluded=standing.excluded,
        satisfiable=satisfiable(decided.requirement, people),
        opened_at=now,
        # The policy's timeout from when the review opens, capped by the signed deadline.
        expires_at=min(now + timedelta(seconds=decided.requirement.timeout_seconds), decision.deadline),
    )


def too_many(asked: Asked, bounds: Bounds) -> Settlement | None:
    """How an action ends for which its agent has too many open reviews already."""
    if asked.pending < bounds.pending_at_most:
        return None
    sentence = f"{asked.pending} actions of this agent wait for people already; at most {bounds.pending_at_most} may."
    return Settlement(Outcome.DENIED, "too_many_pending", sentence, Retry.LATER)


def repeated(asked: Asked, bounds: Bounds, now: datetime) -> Settlement | None:
    """How an action ends that people rejected a while ago."""
    if asked.rejected_at is None or now >= asked.rejected_at + bounds.repeat_after:
        return None
    sentence = (
        f"The same action was rejected at {_clock(asked.rejected_at)}; unchanged it is not asked again until"
        f" {_clock(asked.rejected_at + bounds.repeat_after)}."
    )
    return Settlement(Outcome.DENIED, "repeat_of_rejected", sentence, Retry.AFTER_CHANGE)


def next_escalation(review: Review) -> tuple[Escalation, datetime] | None:
    """The step to take next, and when; None where none is left before the review expires."""
    steps = sorted(review.requirement.escalations, key=lambda step: (step.after_seconds, step.group))
    for step in steps[review.escalated :]:
        due = review.opened_at + timedelta(seconds=step.after_seconds)
        return (step, due) if due < review.expires_at else None
    return None


def by_clock(review: Review, standing: Standing, now: datetime) -> Settlement | None:
    """How the review ends without anybody's vote, if it does now."""
    if review.state is not ReviewState.OPEN:
        return None
    if not standing.agent_enabled:
        sentence = "The agent was disabled while the action was held."
        return Settlement(Outcome.DENIED, "agent_disabled", sentence, Retry.NEVER)
    if now >= review.expires_at:
        sentence = f"Not settled by {_clock(review.expires_at)}; needed: {spell(review.requirement.approvals)}."
        return Settlement(Outcome.EXPIRED, "timeout", sentence, Retry.LATER)
    return None


def withdraw(review: Review, standing: Standing, now: datetime) -> Settlement | None:
    """How the review ends when its agent withdraws the action; None where it has ended already."""
    if review.state is not ReviewState.OPEN:
        return None
    return by_clock(review, standing, now) or withdrawn()


def withdrawn() -> Settlement:
    """How an action ends that its agent takes back."""
    return Settlement(Outcome.WITHDRAWN, "withdrawn", "The agent withdrew the action.", Retry.LATER)


def judge(
    review: Review, counted: Sequence[Vote], pending: Sequence[Vote], standing: Standing, now: datetime
) -> Ruling:
    """Judge the pending votes of a review, given those counted before; at most one settlement comes of it."""
    settlement = by_clock(review, standing, now)
    closed = review.closed_sentence if settlement is None else settlement.sentence
    held = {vote.reviewer: vote for vote in counted}
    judged: list[tuple[Vote, Judgement]] = []
    for vote in sorted(pending, key=lambda vote: (vote.kind is not VoteKind.REJECT, vote.id)):
        if closed is not None:
            judgement = _not_counted("already_settled", closed)
        else:
            judgement = _judge_one(vote, review, held.get(vote.reviewer), standing)
        judged.append((vote, judgement))
        if judgement.counted:
            held[vote.reviewer] = vote
            settlement = _by_votes(review.requirement, held.values(), standing, now)
            closed = None if settlement is None else settlement.sentence
    return Ruling(judged=tuple(judged), settlement=settlement)


def _judge_one(vote: Vote, review: Review, before: Vote | None, standing: Standing) -> Judgement:
    if vote.digest != review.decision.claim.digest:
        return _not_counted("digest_mismatch", "The vote is about other content than the review holds. Reload it.")
    through = may_vote(vote.reviewer, review.requirement, standing)
    if isinstance(through, Refused):
        return _not_counted(through.code, through.sentence)
    weak = authenticated(vote, review.requirement)
    if weak is not None:
        return _not_counted(weak.code, weak.sentence)
    if before is not None and not (before.kind is VoteKind.APPROVE and vote.kind is VoteKind.REJECT):
        return _not_counted("already_voted", f"You voted already ({before.kind}); a person counts once.")
    return replace(COUNTED, through=tuple(sorted(through)))


def _by_votes(requirement: Requirement, held: Iterable[Vote], standing: Standing, now: datetime) -> Settlement | None:
    """Whether the counted votes, as far as their people still may vote, settle the review."""
    valid = {
        vote.reviewer: (vote, through)
        for vote in held
        if not isinstance(through := may_vote(vote.reviewer, requirement, standing), Refused)
        and authenticated(vote, requirement) is None
    }
    against = [vote for vote, _ in valid.values() if vote.kind is VoteKind.REJECT]
    if len(against) >= requirement.rejections:
        names = " and ".join(sorted(vote.reviewer for vote in against))
        why = "; ".join(vote.reason for vote in against if vote.reason)
        sentence = f"Rejected by {names} at {_clock(now)}{f': {why}' if why else '.'}"
        return Settlement(Outcome.REJECTED, "rejected", sentence, Retry.NEVER)
    people = {person: through for person, (vote, through) in valid.items() if vote.kind is VoteKind.APPROVE}
    chosen = assignment(requirement.approvals, people)
    if chosen is None:
        return None
    reviewers = tuple(sorted(chosen))
    sentence = f"Approved by {' and '.join(reviewers)} at {_clock(now)}."
    return Settlement(Outcome.APPROVED, "approved", sentence, Retry.NEVER, reviewers)


def _not_counted(code: str, sentence: str) -> Judgement:
    return Judgement(counted=False, code=code, sentence=sentence)


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC on {moment:%Y-%m-%d}"
