"""What settle's acts share: the parts they work with, and the one way a review ends.

Rules: every review ends through `close_review`, inside the transaction that holds its lock; so there is one outcome,
one closing step, and at most one grant, or none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from placet.keys import Signer
from placet.trust import Trust
from placet.trust_store import TrustStore
from services.approver import electorate
from services.approver.model import Bounds, Review, Settlement, Standing
from services.approver.ports import People, Proposals, Session, Store
from services.approver.record import Ending, Scribe


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything settle works with. `clock` says whether a signature's key is valid; reviews go by PostgreSQL's."""

    store: Store
    people: People
    proposals: Proposals
    trust: TrustStore
    signer: Signer
    clock: Callable[[], datetime]
    bounds: Bounds = field(default_factory=Bounds)

    def scribe(self, trust: Trust, now: datetime) -> Scribe:
        """A writer for one moment."""
        return Scribe(signer=self.signer, trust=trust, now=now)

    def standing(self, review: Review, trust: Trust) -> Standing:
        """Who may vote on an open review now."""
        return electorate.standing(
            self.people.current(),
            trust,
            agent=review.decision.claim.agent,
            concerned=(review.owner, review.on_behalf_of, *review.excluded),
        )


def close_review(
    session: Session, review: Review, settlement: Settlement, standing: Standing, scribe: Scribe
) -> Ending:
    """End a locked, open review. `review.next_sequence` is the number of its next step."""
    ending = scribe.end(review.decision, settlement)
    session.end([ending])
    eligible = electorate.eligible(review.requirement, standing)
    session.record([scribe.closed(review, ending, eligible, standing.excluded)])
    session.close(ending)
    return ending
