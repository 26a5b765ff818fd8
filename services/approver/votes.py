"""Judges the votes that the desk inserted.

Rules:
- One review at a time, under its lock: read the votes, ask the judge, write judgements, steps, the ending and what is
  to be published in one transaction. PostgreSQL's clock is read after the lock was taken.
- A passkey that a vote claims is proven before anything is judged, and counts for one vote only.
- Before a grant is minted the original and its classification are fetched and checked again: what reviewers were
  shown must still be what was committed to, classified and decided.
- A review whose judgement fails unexpectedly is passed over, counted and logged; it expires like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from placet.base import ActionId
from placet.events import Outcome
from placet.trust import Trust
from services.approver.decide import Ruling, judge
from services.approver.evidence import confirm
from services.approver.model import Review, Settlement, Vote
from services.approver.parts import Closed, Parts, close_review, tell
from services.approver.passkeys import unproven
from services.approver.ports import Session
from services.approver.record import Step
from services.approver.step_up import SPENT
from services.chassis import logs, telemetry
from services.chassis.errors import TransientError
from services.chassis.telemetry import Attribute, Metric, SpanName

BATCH: Final = 64


class Votes:
    """The judge's desk. `committed` is called after each transaction that left something to publish."""

    def __init__(self, parts: Parts, committed: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._committed = committed

    def judge_waiting(self) -> bool:
        """Judge what waits; True where there may be more. Raise `TransientError` where database or broker are away."""
        waiting = self._parts.store.waiting_votes(BATCH)
        judged = 0
        for action_id in waiting:
            try:
                self.judge_review(action_id)
                judged += 1
            except TransientError:
                raise
            except Exception:  # noqa: BLE001 - one review must not hold up the others; it stays open and expires
                telemetry.count(Metric.HANDLER_ERRORS, error="votes")
                logs.get_logger().exception("votes_not_judged", action_id=action_id)
        return len(waiting) == BATCH and judged > 0

    def judge_review(self, action_id: ActionId) -> None:
        """Judge the pending votes of one review."""
        with self._parts.store.transaction() as session:
            review = session.lock(action_id)
            if review is None:
                return
            counted, pending = session.votes(action_id)
            if not pending:
                return
            with telemetry.span(SpanName.JUDGE, review.decision.trace, {Attribute.ACTION_ID: action_id}):
                ruling, closed = self._judge(session, review, counted, pending)
        self._committed()
        for vote, judgement in ruling.judged:
            telemetry.count(
                Metric.VOTES, vote=vote.kind, channel=vote.channel, counted=judgement.counted, code=judgement.code
            )
            if not judgement.counted:
                logs.get_logger().info("vote_not_counted", action_id=vote.action_id, code=judgement.code)
        if closed is not None:
            tell([closed])

    def _judge(
        self, session: Session, review: Review, counted: Sequence[Vote], pending: Sequence[Vote]
    ) -> tuple[Ruling, Closed | None]:
        # Before the clock is read: the provider may have to be asked.
        pending = [self._proven(session, vote) for vote in sorted(pending, key=lambda vote: vote.reviewer)]
        trust, now = self._parts.trust.current(), session.now()
        standing, scribe = self._parts.standing(review, trust), self._parts.scribe(trust, now)
        ruling = judge(review, counted, pending, standing, now)
        settlement = self._confirmed(review, ruling.settlement, trust)
        steps: list[Step] = []
        for vote, judgement in ruling.judged:
            steps.append(scribe.voted(review, vote, judgement))
            review = replace(review, next_sequence=review.next_sequence + 1)
        session.record(steps)
        session.judge(ruling.judged, now)
        if settlement is None:
            return ruling, None
        return ruling, close_review(session, review, settlement, standing, scribe)

    def _proven(self, session: Session, vote: Vote) -> Vote:
        """The vote with the passkey that it claims proven, or taken back. In order of reviewers: see `spent`."""
        vote = self._parts.passkeys.proven(vote)
        if vote.authenticated_at is not None and session.spent(vote.reviewer, vote.authenticated_at):
            return unproven(vote, SPENT)
        return vote

    def _confirmed(self, review: Review, settlement: Settlement | None, trust: Trust) -> Settlement | None:
        """The settlement; an approval only if what was shown still holds."""
        if settlement is None or settlement.outcome is not Outcome.APPROVED:
            return settlement
        decision = review.decision
        if decision.proposal is None:
            raise ValueError("a review without an original")
        originals = self._parts.proposals.fetch(decision.proposal, review.classification)
        refused = confirm(review, originals, trust, at=self._parts.clock())
        if refused is not None:
            return Settlement(Outcome.DENIED, refused.code, refused.sentence, refused.retry)
        return settlement
