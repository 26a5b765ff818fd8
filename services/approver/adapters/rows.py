"""Reviews and votes as rows, and back.

Rules: a row that does not read back to what was written raises (`ValueError`); people's own text passes the library's
redaction on the way in, whoever redacted it before; times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from placet.events import Authentication, EligibleReviewer, Position, VoteKind
from placet.redaction import personal_text
from placet.requirement import Requirement
from services.approver.decide import next_escalation
from services.approver.model import Claim, Decision, Review, ReviewState, Vote

REVIEW_COLUMNS: Final = """
    action_id::text, agent, owner, on_behalf_of, digest, name, resource, purpose, classified, reasons, rules, labels,
    requirement, eligible, excluded, satisfiable, state, opened_at, expires_at, deadline, next_sequence, escalated,
    closed_at, closed_code, closed_sentence, commitment, verdict, proposal, classification,
    trace, classified->>'likeness' AS likeness
"""
VOTE_COLUMNS: Final = """
    id, request_id::text, action_id::text, digest, reviewer, vote, reason, channel, authentication, cast_at, evidence
"""
INSERT_REVIEW: Final = """
    INSERT INTO approver.reviews
        (action_id, agent, owner, on_behalf_of, digest, name, resource, purpose, classified, reasons, rules, labels,
         requirement, eligible, excluded, satisfiable, opened_at, expires_at, deadline, next_sequence, escalates_at,
         commitment, verdict, proposal, classification, trace)
    VALUES
        (%(action_id)s, %(agent)s, %(owner)s, %(on_behalf_of)s, %(digest)s, %(name)s, %(resource)s, %(purpose)s,
         %(classified)s, %(reasons)s, %(rules)s, %(labels)s, %(requirement)s, %(eligible)s, %(excluded)s,
         %(satisfiable)s, %(opened_at)s, %(expires_at)s, %(deadline)s, 1, %(escalates_at)s, %(commitment)s,
         %(verdict)s, %(proposal)s, %(classification)s, %(trace)s)
"""

_ELIGIBLE: Final = TypeAdapter(tuple[EligibleReviewer, ...])


def utc(moment: datetime) -> datetime:
    """A time as PostgreSQL gives it, in UTC."""
    return moment.astimezone(UTC)


def review_parameters(review: Review) -> dict[str, Any]:
    """What `INSERT_REVIEW` binds."""
    decision = review.decision
    if decision.proposal is None:
        raise ValueError("a review without an original")
    following = next_escalation(review)
    return {
        "action_id": decision.claim.action_id,
        "agent": decision.claim.agent,
        "owner": review.owner,
        "on_behalf_of": review.on_behalf_of,
        "digest": decision.claim.digest,
        "name": review.name,
        "resource": decision.resource,
        "purpose": review.purpose,
        "classified": Jsonb(dict(review.classified)),
        "reasons": list(review.reasons),
        "rules": list(decision.rules),
        "labels": list(decision.labels),
        "requirement": Jsonb(review.requirement.model_dump(mode="json")),
        "eligible": Jsonb([one.model_dump(mode="json") for one in review.eligible]),
        "excluded": sorted(review.excluded),
        "satisfiable": review.satisfiable,
        "opened_at": review.opened_at,
        "expires_at": review.expires_at,
        "deadline": decision.deadline,
        "escalates_at": None if following is None else following[1],
        "commitment": decision.commitment,
        "verdict": decision.verdict,
        "proposal": Jsonb(decision.proposal.model_dump(mode="json")),
        "classification": Jsonb(review.classification.model_dump(mode="json")),
        "trace": decision.trace,
    }


def read_review(row: Any) -> Review:
    """A review from a row of `REVIEW_COLUMNS`."""
    decision = Decision(
        claim=Claim(action_id=row.action_id, agent=row.agent, digest=row.digest),
        commitment=row.commitment,
        verdict=row.verdict,
        resource=row.resource,
        deadline=utc(row.deadline),
        rules=tuple(row.rules),
        labels=tuple(row.labels),
        likeness=row.likeness,
        proposal=Position.model_validate(row.proposal),
        trace=row.trace,
    )
    return Review(
        decision=decision,
        owner=row.owner,
        on_behalf_of=row.on_behalf_of,
        name=row.name,
        purpose=row.purpose,
        classified=row.classified,
        classification=Position.model_validate(row.classification),
        reasons=tuple(row.reasons),
        # Lax: JSON has lists where the models have tuples.
        requirement=Requirement.model_validate(row.requirement, strict=False),
        eligible=_ELIGIBLE.validate_python(row.eligible, strict=False),
        excluded=frozenset(row.excluded),
        satisfiable=row.satisfiable,
        opened_at=utc(row.opened_at),
        expires_at=utc(row.expires_at),
        state=ReviewState(row.state),
        next_sequence=row.next_sequence,
        escalated=row.escalated,
        closed_at=None if row.closed_at is None else utc(row.closed_at),
        closed_code=row.closed_code,
        closed_sentence=row.closed_sentence,
    )


def read_vote(row: Any) -> Vote:
    """A vote from a row of `VOTE_COLUMNS`."""
    return Vote(
        id=row.id,
        request_id=row.request_id,
        action_id=row.action_id,
        digest=row.digest,
        reviewer=row.reviewer,
        kind=VoteKind(row.vote),
        reason=None if row.reason is None else personal_text(row.reason),
        channel=row.channel,
        authentication=Authentication(row.authentication),
        cast_at=utc(row.cast_at),
        evidence=row.evidence,
    )
