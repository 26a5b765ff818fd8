"""Three signatures that make an action run: the agent's commitment, the policy's verdict, settle's grant.

Rules:
- **Commitment** (agent): who, on whose behalf, what, where, until when, an edit of what, and which bytes.
- **Verdict** (policy): what was decided about exactly that commitment, by which policy bytes, needing whose assent.
- **Grant** (settle): run this once, now, at this executor. The verdict travels inside; neither is worth
  anything without the other. A grant lives at most five minutes and never past the deadline.
- Each is a compact JWS over canonical JSON, with a `typ` of its own, by a principal of the one role that may issue it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from placet.base import (
    ActionId,
    ActionName,
    AgentId,
    EventId,
    Jws,
    PersonId,
    Resource,
    RuleId,
    Sha256,
    Strict,
    Timestamp,
)
from placet.canonical import canonical_bytes, sha256_hex, strict_loads
from placet.catalogue import Role, derived_id
from placet.errors import DecodeError, VerificationError
from placet.events import ActionClassified, ActionProposed, Verdict
from placet.keys import Signer, unverified_key_id
from placet.limits import CLOCK_LEEWAY_SECONDS, GRANT_SECONDS
from placet.requirement import Requirement
from placet.trust import Principal, Trust


class Commitment(Strict):
    """What an agent binds itself to."""

    action_id: ActionId
    agent: AgentId
    on_behalf_of: PersonId | None
    name: ActionName
    resource: Resource
    deadline: Timestamp
    edit_of: ActionId | None
    digest: Sha256


class VerdictClaims(Strict):
    """What the policy says about a commitment. `allow` and `review` may lead to a grant, `deny` never."""

    iss: Literal["/services/policy"] = "/services/policy"
    action_id: ActionId
    commitment: Sha256
    """SHA-256 of the commitment's compact JWS."""
    decision: Verdict
    rules: tuple[RuleId, ...]
    requirement: Requirement | None
    policy: Sha256
    input: Sha256
    trust: Sha256
    decided_at: Timestamp


class GrantClaims(Strict):
    """Permission to run one action, once. Times are seconds since the epoch (RFC 7519)."""

    iss: Literal["/services/settle"] = "/services/settle"
    sub: Annotated[str, Field(pattern=r"^/agents/[a-z0-9][a-z0-9-]{0,62}$")]
    aud: Annotated[str, Field(pattern=r"^/executors/[a-z0-9][a-z0-9-]{0,62}$")]
    """Source of the one executor that may redeem it."""
    jti: EventId
    action_id: ActionId
    digest: Sha256
    commitment: Jws
    verdict: Jws
    reviewers: tuple[PersonId, ...]
    trust: Sha256
    nbf: Annotated[int, Field(ge=0)]
    exp: Annotated[int, Field(ge=0)]


Claims = TypeVar("Claims", Commitment, VerdictClaims, GrantClaims)

_TYP: Final[Mapping[type, str]] = MappingProxyType(
    {
        Commitment: "placet-commitment+jws",
        VerdictClaims: "placet-verdict+jwt",
        GrantClaims: "placet-grant+jwt",
    }
)
_ISSUER: Final[Mapping[type, Role]] = MappingProxyType(
    {
        Commitment: Role.AGENT,
        VerdictClaims: Role.POLICY,
        GrantClaims: Role.SETTLE,
    }
)


@dataclass(frozen=True, slots=True)
class VerifiedGrant:
    """A grant whose every signature holds."""

    grant: GrantClaims
    verdict: VerdictClaims
    commitment: Commitment


def sign_claims(claims: Commitment | VerdictClaims | GrantClaims, signer: Signer) -> str:
    """The compact JWS of a commitment, verdict or grant."""
    return signer.sign_jws(canonical_bytes(claims.model_dump(mode="json")), _TYP[type(claims)])


def verify_claims(token: str, kind: type[Claims], trust: Trust, *, at: datetime) -> tuple[Claims, Principal]:
    """The claims and their issuer; raise `VerificationError` or `DecodeError`."""
    principal, public = trust.signer(unverified_key_id(token), at=at)
    if principal.role is not _ISSUER[kind]:
        raise VerificationError("role_not_allowed", f"{principal.source} may not issue a {_TYP[kind]}")
    payload = public.verify_jws(token, _TYP[kind])
    strict_loads(payload)
    try:
        return kind.model_validate_json(payload), principal
    except ValidationError:
        raise DecodeError("bad_claims", f"not the claims of a {_TYP[kind]}") from None


def verify_commitment(token: str, trust: Trust, *, at: datetime) -> Commitment:
    """The commitment, signed by the very agent it names; raise `VerificationError` or `DecodeError`."""
    claims, principal = verify_claims(token, Commitment, trust, at=at)
    if principal.id != claims.agent:
        raise VerificationError("agent_mismatch", "the commitment names another agent than its signer")
    return claims


def commitment_digest(token: str) -> str:
    """SHA-256 of a commitment's compact JWS: what a verdict is about."""
    return sha256_hex(token.encode())


def commitment_of(data: ActionProposed | ActionClassified) -> Commitment:
    """What the commitment under a proposal, or under its classification, has to be."""
    return Commitment(
        action_id=data.action_id,
        agent=data.agent,
        on_behalf_of=data.on_behalf_of,
        name=data.action.name,
        resource=data.action.resource,
        deadline=data.deadline,
        edit_of=data.edit_of,
        digest=data.digest,
    )


def check_commitment(data: ActionProposed | ActionClassified, commitment: Commitment) -> None:
    """That an event says what its commitment says; raise `VerificationError` (`commitment_mismatch`)."""
    wanted = commitment_of(data)
    if wanted != commitment:
        fields = [name for name in Commitment.model_fields if getattr(wanted, name) != getattr(commitment, name)]
        raise VerificationError("commitment_mismatch", f"the event differs from its commitment in {fields}")


def grant_id(action_id: str) -> str:
    """The one grant an action can have."""
    return derived_id(action_id, "placet.grant", "")


def grant_window(now: datetime, deadline: datetime) -> tuple[int, int]:
    """(nbf, exp) in seconds: from now for at most `GRANT_SECONDS`, never past the deadline.

    Raise `VerificationError` (`past_deadline`) where no time is left.
    """
    expires = min(now + timedelta(seconds=GRANT_SECONDS), deadline)
    if expires <= now:
        raise VerificationError("past_deadline", "the deadline has passed")
    return int(now.timestamp()), int(expires.timestamp())


def verify_grant(token: str, trust: Trust, *, at: datetime) -> VerifiedGrant:
    """Both keys of a grant and the commitment under them, all about one action; raise `VerificationError` or
    `DecodeError`. The time window, the audience and whether the agent is enabled are `check_redeemable`'s.
    """
    grant, _ = verify_claims(token, GrantClaims, trust, at=at)
    verdict, _ = verify_claims(grant.verdict, VerdictClaims, trust, at=at)
    commitment = verify_commitment(grant.commitment, trust, at=at)
    if verdict.decision is Verdict.DENY:
        raise VerificationError("verdict_denies", "the verdict inside the grant denies the action")
    if verdict.commitment != commitment_digest(grant.commitment):
        raise VerificationError("verdict_mismatch", "the verdict is about another commitment")
    if not grant.action_id == verdict.action_id == commitment.action_id or grant.jti != grant_id(grant.action_id):
        raise VerificationError("action_mismatch", "grant, verdict and commitment are about different actions")
    if grant.sub != f"/agents/{commitment.agent}":
        raise VerificationError("agent_mismatch", "the grant is for another agent")
    if grant.digest != commitment.digest:
        raise VerificationError("digest_mismatch", "the grant is for other bytes than were committed to")
    if (verdict.decision is Verdict.REVIEW) != bool(grant.reviewers):
        raise VerificationError("reviewers_mismatch", "reviewers are named exactly where a review was required")
    return VerifiedGrant(grant=grant, verdict=verdict, commitment=commitment)


def check_redeemable(granted: VerifiedGrant, trust: Trust, *, executor: str, now: datetime) -> None:
    """That a verified grant may be redeemed here and now; raise `VerificationError` (`wrong_audience`,
    `grant_not_yet_valid`, `grant_expired`, `grant_too_long`, `agent_disabled`).
    """
    grant = granted.grant
    if grant.aud != f"/executors/{executor}":
        raise VerificationError("wrong_audience", "the grant is for another executor")
    if grant.exp - grant.nbf > GRANT_SECONDS or grant.exp > granted.commitment.deadline.timestamp():
        raise VerificationError("grant_too_long", "the grant outlives what any grant may")
    if now.timestamp() < grant.nbf - CLOCK_LEEWAY_SECONDS:
        raise VerificationError("grant_not_yet_valid", "the grant is not valid yet")
    if now.timestamp() >= grant.exp:
        raise VerificationError("grant_expired", "the grant has expired")
    agent = trust.agents.get(granted.commitment.agent)
    if agent is None or agent.disabled:
        raise VerificationError("agent_disabled", "the agent is disabled")
