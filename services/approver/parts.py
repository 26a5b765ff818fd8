"""What settle's acts share: the parts they work with, and the one way a review ends.

Rules: every review ends through `close_review`, inside the transaction that holds its lock; so there is one outcome,
one closing step, and at most one grant, or none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from opentelemetry.trace import Span

from placet.events import Outcome
from placet.keys import Signer
from placet.tracing import traceparent_of
from placet.trust import Trust
from placet.trust_store import TrustStore
from services.approver import electorate
from services.approver.model import Bounds, Review, Settlement, Standing
from services.approver.passkeys import Passkeys
from services.approver.ports import People, Proposals, Session, Store
from services.approver.record import Ending, Scribe
from services.chassis import telemetry
from services.chassis.telemetry import Attribute, Attributes, Metric, SpanName


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
    passkeys: Passkeys = field(default_factory=Passkeys)

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


@dataclass(frozen=True, slots=True)
class Closed:
    """A review that ended, and the span of the human wait: sent when `tell` ends it, never where the transaction was
    undone.
    """

    ending: Ending
    opened_at: datetime
    span: Span


def close_review(
    session: Session, review: Review, settlement: Settlement, standing: Standing, scribe: Scribe
) -> Closed:
    """End a locked, open review. `review.next_sequence` is the number of its next step.

    The wait's span is made here, from what PostgreSQL kept (when it opened, in which trace), so that it survives any
    restart in between; what follows from the ending is its child.
    """
    about: Attributes = {Attribute.ACTION_ID: review.action_id}
    span = telemetry.start_span(SpanName.REVIEW, review.decision.trace, about, start=review.opened_at)
    review = replace(review, decision=replace(review.decision, trace=traceparent_of(span)))
    ending = scribe.end(review.decision, settlement)
    session.end([ending])
    eligible = electorate.eligible(review.requirement, standing)
    session.record([scribe.closed(review, ending, eligible, standing.excluded)])
    session.close(ending)
    return Closed(ending, review.opened_at, span)


def tell(ended: Iterable[Ending | Closed]) -> None:
    """Count endings, and end the spans of waits: after the transaction was committed."""
    for one in ended:
        ending = one.ending if isinstance(one, Closed) else one
        outcome, code = ending.resolved.outcome.value, ending.resolved.reason.code
        telemetry.count(Metric.OUTCOMES, outcome=outcome)
        if ending.resolved.outcome is Outcome.DENIED:
            telemetry.count(Metric.DENIALS, code=code)
        if isinstance(one, Closed):
            seconds = (ending.at - one.opened_at).total_seconds()
            telemetry.observe(Metric.REVIEW_SECONDS, seconds, outcome=outcome)
            one.span.set_attributes({Attribute.OUTCOME: outcome, Attribute.CODE: code})
            one.span.end(int(ending.at.timestamp() * 1e9))
