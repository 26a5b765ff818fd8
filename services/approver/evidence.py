"""What must agree before settle believes a decision.

Rules:
- The commitment is the agent's own, about this action, agent and digest; the verdict is the policy's own, about that
  commitment, and says what the event says. The event alone is worth nothing.
- The agent is enabled and may name whom it names. Nothing is permitted except by a named rule.
- A review is shown and settled only on the original: its bytes, fetched from where the decision says it lies, give
  the committed digest; the classification is the one that was decided about, for that original.
- Whatever does not hold ends the action as denied, with a code. Nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import ValidationError

from placet.canonical import canonical_bytes, payload_bytes, sha256_hex
from placet.catalogue import Topic
from placet.errors import ContractError
from placet.events import ActionClassified, ActionDecided, ActionProposed, Position, Retry, Verdict
from placet.grants import (
    Commitment,
    VerdictClaims,
    check_commitment,
    commitment_digest,
    commitment_of,
    verify_claims,
    verify_commitment,
)
from placet.limits import CLOCK_LEEWAY_SECONDS, MAX_DEADLINE_SECONDS
from placet.messages import Message
from placet.trust import Trust
from placet.verify import verify
from services.approver.model import Claim, Decision, Refused, Review

_CHANGE: Final = Retry.AFTER_CHANGE


@dataclass(frozen=True, slots=True)
class Originals:
    """The two messages a review rests on, as they lie on the broker; None where nothing lies there any more."""

    proposed: Message | None
    classified: Message | None


def admit(decided: ActionDecided, trust: Trust, *, at: datetime) -> Decision | Refused:
    """Whether the signatures inside a decision say what the event says."""
    try:
        commitment = verify_commitment(decided.commitment, trust, at=at)
        verdict, _ = verify_claims(decided.verdict, VerdictClaims, trust, at=at)
    except ContractError as error:
        return Refused(error.code, f"The decision does not hold: {error.sentence}.")
    if (commitment.action_id, commitment.agent, commitment.digest) != (
        decided.action_id,
        decided.agent,
        decided.digest,
    ):
        return Refused("commitment_mismatch", "The decision names another action, agent or digest than its commitment.")
    if not _says(verdict, decided):
        return Refused("verdict_mismatch", "The decision says something else than its signed verdict.")
    refused = _check_agent(commitment, trust) or _check_terms(decided, commitment, trust, at)
    return refused or Decision(
        claim=Claim(action_id=decided.action_id, agent=decided.agent, digest=decided.digest),
        commitment=decided.commitment,
        verdict=decided.verdict,
        resource=commitment.resource,
        deadline=commitment.deadline,
        rules=decided.rules,
        labels=decided.labels,
        likeness=decided.likeness,
        proposal=decided.proposal,
    )


def check_originals(
    decision: Decision, classification: Position, originals: Originals, trust: Trust, *, at: datetime
) -> ActionClassified | Refused:
    """The masked action of a review, if original and classification are those that were committed to and decided."""
    try:
        commitment = verify_commitment(decision.commitment, trust, at=at)
        proposed: Any = _open(originals.proposed, decision.proposal, Topic.PROPOSED, trust, at)
        classified: Any = _open(originals.classified, classification, Topic.CLASSIFIED, trust, at)
        if isinstance(proposed, Refused) or isinstance(classified, Refused):
            return proposed if isinstance(proposed, Refused) else classified
        check_commitment(proposed, commitment)
        digest = _digest(proposed)
    except ContractError as error:
        return Refused(error.code, f"The original does not hold: {error.sentence}.")
    if digest != decision.claim.digest:
        return Refused("digest_mismatch", "The original is not what the agent committed to.")
    if not _about(classified, decision, commitment):
        return Refused("classification_mismatch", "The classification is about another proposal.")
    if _holds_nul(classified.model_dump(mode="json")):
        return Refused("nul_character", "The action holds a NUL character, which nobody can be shown.", _CHANGE)
    return cast("ActionClassified", classified)


def confirm(review: Review, originals: Originals, trust: Trust, *, at: datetime) -> Refused | None:
    """Why an approval of the review must not become a grant; None where everything still holds.

    The row is believed in nothing that matters: requirement, terms and card are held against what was signed.
    """
    decision = review.decision
    classified = check_originals(decision, review.classification, originals, trust, at=at)
    if isinstance(classified, Refused):
        return classified
    try:
        verdict, _ = verify_claims(decision.verdict, VerdictClaims, trust, at=at)
    except ContractError as error:
        return Refused(error.code, f"The verdict does not hold any more: {error.sentence}.")
    said = (verdict.action_id, verdict.commitment, verdict.decision, verdict.requirement)
    held = (review.action_id, commitment_digest(decision.commitment), Verdict.REVIEW, review.requirement)
    terms = (classified.action.resource, classified.deadline, classified.on_behalf_of)
    if said != held or terms != (decision.resource, decision.deadline, review.on_behalf_of):
        return Refused("review_changed", "The review is not the one that was decided.")
    if not _shows(review, classified):
        return Refused("review_changed", "What the reviewers were shown is not what was classified.")
    return None


def _shows(review: Review, classified: ActionClassified) -> bool:
    """Whether the row holds the classification; what a later release added, neither needs to say."""
    try:
        shown = ActionClassified.model_validate_json(canonical_bytes(review.classified))
    except (ValidationError, ContractError):
        return False
    # As bytes: for Python `true` and 1 are equal.
    return canonical_bytes(shown.model_dump(mode="json")) == canonical_bytes(classified.model_dump(mode="json"))


def _says(verdict: VerdictClaims, decided: ActionDecided) -> bool:
    return (
        verdict.action_id,
        verdict.commitment,
        verdict.decision,
        verdict.rules,
        verdict.requirement,
        verdict.policy,
        verdict.input,
    ) == (
        decided.action_id,
        commitment_digest(decided.commitment),
        decided.decision,
        decided.rules,
        decided.requirement,
        decided.policy_digest,
        decided.input_digest,
    )


def _check_agent(commitment: Commitment, trust: Trust) -> Refused | None:
    agent = trust.agents.get(commitment.agent)
    if agent is None or agent.disabled:
        return Refused("agent_disabled", "The agent is disabled.")
    if commitment.on_behalf_of is not None and commitment.on_behalf_of not in agent.on_behalf_of:
        return Refused("on_behalf_of_not_listed", "The agent may not act on behalf of this person.")
    return None


def _check_terms(decided: ActionDecided, commitment: Commitment, trust: Trust, at: datetime) -> Refused | None:
    if decided.decision is Verdict.DENY:
        return None
    if not decided.rules:
        return Refused("no_rule", "No named rule permits this action.")
    if (decided.decision is Verdict.REVIEW) != (decided.requirement is not None):
        return Refused("requirement_mismatch", "A requirement belongs to a review, and to nothing else.")
    if commitment.deadline > at + timedelta(seconds=MAX_DEADLINE_SECONDS + CLOCK_LEEWAY_SECONDS):
        return Refused("deadline_too_far", "The deadline lies further ahead than any may.", _CHANGE)
    if trust.executor_for(commitment.resource) is None:
        return Refused("no_executor", "No executor serves this resource.", Retry.LATER)
    return None


def _open(message: Message | None, position: Position | None, topic: Topic, trust: Trust, at: datetime) -> Any:
    """The verified data of a message that must lie at a position of a topic."""
    if message is None or position is None:
        return Refused("original_missing", "The original is not on the broker any more.")
    if position.topic != topic or message.position != position:
        return Refused("original_mismatch", "What lies there is not what was decided about.")
    return verify(message, trust, now=at).data


def _digest(proposed: ActionProposed) -> str:
    return sha256_hex(
        payload_bytes(
            arguments=proposed.action.arguments,
            preview=proposed.preview,
            purpose=proposed.purpose,
            nonce=proposed.nonce,
        )
    )


def _about(classified: ActionClassified, decision: Decision, commitment: Commitment) -> bool:
    """The classification is of this commitment and original, and names what the commitment names."""
    return (
        commitment_of(classified) == commitment
        and classified.commitment == decision.commitment
        and classified.proposal == decision.proposal
        and classified.likeness == decision.likeness
    )


def _holds_nul(value: object) -> bool:
    """Whether any text holds U+0000, which PostgreSQL cannot store."""
    match value:
        case str():
            return "\0" in value
        case dict():
            return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
        case list() | tuple():
            return any(_holds_nul(item) for item in value)
        case _:
            return False
