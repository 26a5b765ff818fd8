"""What settle writes down: grants, outcomes and the steps of reviews, sealed and ready to be published.

Rules:
- Pure but for the key: the clock, the trust file and the decision are arguments; the same arguments, the same event.
- A grant is minted only from a decision whose commitment and verdict were verified, for the executors that serve its
  resource, at most until the deadline. Where no grant can be made, the action ends otherwise and says why.
- What does not fit the contract's bound is cut visibly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from placet.base import PersonId
from placet.errors import VerificationError
from placet.events import (
    ActionResolved,
    Authentication,
    EligibleReviewer,
    Outcome,
    OutcomeReason,
    Position,
    Retry,
    ReviewRecorded,
    ReviewStep,
)
from placet.grants import GrantClaims, grant_id, grant_window, sign_claims
from placet.keys import Signer
from placet.limits import MAX_SENTENCE_CHARACTERS
from placet.messages import Outgoing, seal
from placet.requirement import Escalation
from placet.trust import Trust
from services.approver.model import Claim, Decision, Judgement, Review, Settlement, Vote

GRANTED: Final = frozenset({Outcome.ALLOWED, Outcome.APPROVED})
CUT: Final = " … (cut)"


@dataclass(frozen=True, slots=True)
class Ending:
    """An action's end as it is stored: the event and its sealed form."""

    resolved: ActionResolved
    message: Outgoing
    grant_id: str | None
    at: datetime
    trace: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a review as it is stored."""

    recorded: ReviewRecorded
    message: Outgoing
    at: datetime
    trace: str


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes for one moment: under one trust file, at one time of PostgreSQL's clock."""

    signer: Signer
    trust: Trust
    now: datetime

    def end(self, decision: Decision, settlement: Settlement) -> Ending:
        """How the action ends; with a grant where it may run, or denied or expired where none can be made."""
        grant: str | None = None
        if settlement.outcome in GRANTED:
            minted = self._mint(decision, settlement.reviewers)
            if isinstance(minted, Settlement):
                settlement = minted
            else:
                grant = minted
        return self._ending(
            decision.claim,
            settlement,
            rules=decision.rules,
            labels=decision.labels,
            proposal=decision.proposal,
            grant=grant,
            trace=decision.trace,
        )

    def end_undecided(self, claim: Claim, settlement: Settlement, trace: str) -> Ending:
        """How an action ends about which nothing was decided: failed, unprocessable or withdrawn early."""
        return self._ending(claim, settlement, rules=(), labels=(), proposal=None, grant=None, trace=trace)

    def opened(self, review: Review) -> Step:
        """The first step of a review."""
        return self._step(
            review,
            ReviewStep.OPENED,
            eligible=review.eligible,
            excluded=tuple(sorted(review.excluded)),
            requirement=review.requirement,
            expires_at=review.expires_at,
            code=None if review.satisfiable else "unsatisfiable",
            reason=None if review.satisfiable else "The people who may vote now cannot satisfy the requirement.",
        )

    def voted(self, review: Review, vote: Vote, judgement: Judgement) -> Step:
        """A vote and what became of it."""
        return self._step(
            review,
            ReviewStep.VOTED,
            actor=vote.reviewer,
            channel=vote.channel,
            authentication=vote.authentication,
            vote=vote.kind,
            counted=judgement.counted,
            code=judgement.code,
            eligible=(
                (EligibleReviewer(person=vote.reviewer, groups=judgement.through),) if judgement.counted else None
            ),
            reason=None if vote.reason is None else fit(vote.reason),
        )

    def escalated(self, review: Review, escalation: Escalation) -> Step:
        """A further group is to be told."""
        sentence = f"Not settled after {escalation.after_seconds} s: {escalation.group} is told."
        return self._step(review, ReviewStep.ESCALATED, code="escalated", reason=sentence)

    def closed(
        self, review: Review, ending: Ending, eligible: Iterable[EligibleReviewer], excluded: Iterable[PersonId]
    ) -> Step:
        """The last step; who may vote and who not, as it is now."""
        return self._step(
            review,
            ReviewStep.CLOSED,
            outcome=ending.resolved.outcome,
            code=ending.resolved.reason.code,
            reason=ending.resolved.reason.sentence,
            eligible=tuple(eligible),
            excluded=tuple(sorted(excluded)),
        )

    def _mint(self, decision: Decision, reviewers: tuple[PersonId, ...]) -> str | Settlement:
        audience = self.trust.executor_for(decision.resource)
        if not audience:
            return Settlement(Outcome.DENIED, "no_executor", "No executor serves this resource.", Retry.LATER)
        try:
            not_before, expires = grant_window(self.now, decision.deadline)
        except VerificationError:
            return Settlement(
                Outcome.EXPIRED, "deadline_passed", "The deadline passed before it was settled.", Retry.LATER
            )
        claims = GrantClaims(
            sub=f"/agents/{decision.claim.agent}",
            aud=audience,
            jti=grant_id(decision.claim.action_id),
            action_id=decision.claim.action_id,
            digest=decision.claim.digest,
            commitment=decision.commitment,
            verdict=decision.verdict,
            reviewers=reviewers,
            trust=self.trust.digest,
            nbf=not_before,
            exp=expires,
        )
        return sign_claims(claims, self.signer)

    def _ending(
        self,
        claim: Claim,
        settlement: Settlement,
        *,
        rules: tuple[str, ...],
        labels: tuple[str, ...],
        proposal: Position | None,
        grant: str | None,
        trace: str,
    ) -> Ending:
        resolved = ActionResolved(
            action_id=claim.action_id,
            agent=claim.agent,
            digest=claim.digest,
            outcome=settlement.outcome,
            reason=OutcomeReason(code=settlement.code, sentence=fit(settlement.sentence)),
            retry=settlement.retry,
            rules=rules,
            labels=labels,
            superseded_by=None,
            proposal=proposal,
            grant=grant,
        )
        return Ending(
            resolved=resolved,
            message=self._seal(resolved),
            grant_id=None if grant is None else grant_id(claim.action_id),
            at=self.now,
            trace=trace,
        )

    def _step(self, review: Review, step: ReviewStep, **content: Any) -> Step:
        content.setdefault("actor", None)
        content.setdefault("channel", "system")
        content.setdefault("authentication", Authentication.NONE)
        recorded = ReviewRecorded(
            action_id=review.action_id,
            agent=review.decision.claim.agent,
            digest=review.decision.claim.digest,
            sequence=review.next_sequence,
            step=step,
            **content,
        )
        return Step(recorded=recorded, message=self._seal(recorded), at=self.now, trace=review.decision.trace)

    def _seal(self, data: ActionResolved | ReviewRecorded) -> Outgoing:
        return seal(data, self.signer, time=self.now, trust_digest=self.trust.digest)


def fit(text: str) -> str:
    """The text within the contract's bound; what had to be cut says so."""
    if len(text) <= MAX_SENTENCE_CHARACTERS:
        return text
    return text[: MAX_SENTENCE_CHARACTERS - len(CUT)] + CUT
