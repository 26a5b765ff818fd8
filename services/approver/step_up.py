"""What proves that a vote was cast with a passkey: an ID token of the provider, made for this very vote. Pure.

Rules (RFC 9470; OpenID Connect Core §3.1.2.1 and §3.1.3.7; OpenID Connect EAP ACR Values):
- The token's nonce is the SHA-256 over the RFC 8785 bytes of action, digest, person, vote and request: a token for one
  vote is worth nothing for another, and a request is one row.
- The person authenticated for it: as the vote's reviewer, at most five minutes before PostgreSQL took the vote in, and
  in a way that is accepted (`acr`). What is not said does not hold.
- The token is judged as of the moment the vote was cast, so a late judge judges as an early one would.
- Desk and settle compute the nonce here; only settle judges.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from joserfc.jwk import KeySet

from placet.canonical import canonical_bytes
from placet.events import VoteKind
from placet.keys import encode_base64url
from services.approver.model import Refused, Vote
from services.approver.tokens import LEEWAY_SECONDS, NonceError, TokenError, UnverifiedError, id_token

FRESH_SECONDS: Final = 300
"""How long before the vote the person may have authenticated."""
MAX_EVIDENCE_CHARACTERS: Final = 16_384
"""As in the table of votes."""

REQUIRED: Final = Refused("step_up_required", "Approving this needs a passkey: do it in the console.")
NOT_SET_UP: Final = Refused("step_up_not_set_up", "Nobody told settle which identity provider confirms passkeys.")
AWAY: Final = Refused("step_up_unchecked", "The identity provider could not be asked for its keys. Approve it again.")
UNSIGNED: Final = Refused("step_up_unsigned", "The proof of the passkey is not signed by the identity provider.")
INVALID: Final = Refused("step_up_invalid", "The proof of the passkey has expired, or was not made for this console.")
OTHER_PERSON: Final = Refused("step_up_other_person", "The passkey is that of another person than the vote.")
OTHER_VOTE: Final = Refused("step_up_other_vote", "The proof of the passkey was made for another vote.")
WEAK: Final = Refused("step_up_weak", "The identity provider did not confirm that a passkey was used.")
STALE: Final = Refused("step_up_stale", "The passkey was not used for this vote just now. Approve it again.")
SPENT: Final = Refused("step_up_spent", "This use of the passkey has counted for another vote already. Use it again.")


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whose tokens count, made out to whom, and which ways to authenticate."""

    issuer: str
    client_id: str
    acr: frozenset[str]


def bound_nonce(*, action_id: str, digest: str, reviewer: str, vote: VoteKind, request_id: str) -> str:
    """The nonce of the authentication for one vote."""
    voted = {
        "action_id": action_id,
        "digest": digest,
        "request_id": request_id,
        "reviewer": reviewer,
        "vote": vote.value,
    }
    return encode_base64url(hashlib.sha256(canonical_bytes(voted)).digest())


def authenticated_at(vote: Vote, evidence: str, keys: KeySet, accepted: Accepted) -> datetime | Refused:
    """When the vote's person used the passkey for it, or why its evidence does not show that.

    Raise `UnverifiedError` where none of these keys signed it.
    """
    cast_at = int(vote.cast_at.timestamp())
    nonce = bound_nonce(
        action_id=vote.action_id,
        digest=vote.digest,
        reviewer=vote.reviewer,
        vote=vote.kind,
        request_id=vote.request_id,
    )
    try:
        claims = id_token(evidence, keys, issuer=accepted.issuer, client_id=accepted.client_id, nonce=nonce, at=cast_at)
    except UnverifiedError:
        raise
    except NonceError:
        return OTHER_VOTE
    except TokenError:
        return INVALID
    if claims["sub"] != vote.reviewer:
        return OTHER_PERSON
    if not isinstance(claims.get("acr"), str) or claims["acr"] not in accepted.acr:
        return WEAK
    used = claims.get("auth_time")
    if type(used) is not int or not cast_at - FRESH_SECONDS <= used <= cast_at + LEEWAY_SECONDS:
        return STALE
    return datetime.fromtimestamp(used, UTC)
