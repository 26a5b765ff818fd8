"""Approving with a passkey: for this one vote the person goes to the identity provider again (RFC 9470).

Rules:
- The desk proves nothing. The ID token that comes back does: its nonce is the hash of the vote (`step_up`), so it is
  cast with it, and settle is the one who looks.
- The provider is asked to authenticate now, whatever session it has with the browser (`max_age=0`, OpenID Connect Core
  §3.1.2.1), and in a way that resists phishing (`acr_values`).
- Meanwhile the vote waits in the signed cookie of the sign-in, its reason redacted; nothing is cast before.
- Who comes back is who left: otherwise nothing is cast.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from fastapi import Request, Response

from placet.events import Authentication, VoteKind
from services.approver.desk.identity import Identity, Returned
from services.approver.desk.model import Ballot
from services.approver.desk.problems import Problem
from services.approver.desk.voting import Caller, Voting, settled
from services.approver.step_up import MAX_EVIDENCE_CHARACTERS, bound_nonce


@dataclass(frozen=True, slots=True)
class StepUp:
    """Sends people to the provider for one vote, and casts it when they come back."""

    identity: Identity
    voting: Voting
    acr_values: str

    async def begin(
        self, caller: Caller, action_id: str, *, reason: str | None, digest: str, response: Response
    ) -> str:
        """Put an approval aside; returns the address at the provider. Raise `Problem`."""
        heading, ballot = await self.voting.ballot(
            caller, action_id, VoteKind.APPROVE, reason=reason, digest=digest, key=None
        )
        if not heading.open:
            raise settled(heading)
        nonce = bound_nonce(
            action_id=ballot.action_id,
            digest=ballot.digest,
            reviewer=ballot.reviewer,
            vote=ballot.vote,
            request_id=ballot.request_id,
        )
        asked = {"max_age": "0", "acr_values": self.acr_values}
        return await self.identity.begin(page(action_id), response, nonce=nonce, ballot=written(ballot), asked=asked)

    async def complete(self, request: Request, returned: Returned) -> str:
        """Cast the vote that was put aside; returns where to go. Raise `Problem`."""
        ballot = read(returned.sign_in.ballot)
        back = page(ballot.action_id)
        caller = await self.identity.caller(request, "console")
        if not caller.person.id == ballot.reviewer == returned.person:
            raise Problem("step_up_failed", "Somebody else came back from the identity provider.", review=back)
        if len(returned.id_token) > MAX_EVIDENCE_CHARACTERS:
            raise Problem("step_up_failed", "The identity provider's answer is too large to be kept.", review=back)
        proven = replace(ballot, authentication=Authentication.PASSKEY, evidence=returned.id_token)
        vote = await self.voting.carry(proven)
        return f"{back}?cast={vote.request_id}"


def page(action_id: str) -> str:
    """The console's page of a review."""
    return f"/reviews/{action_id}"


def written(ballot: Ballot) -> dict[str, Any]:
    """A vote as the cookie holds it."""
    return asdict(ballot)


def read(found: Any) -> Ballot:
    """A vote from the cookie; raise `Problem` where another version of the desk wrote it."""
    try:
        return Ballot(**{**found, "vote": VoteKind(found["vote"])})
    except (TypeError, KeyError, ValueError):
        raise Problem("step_up_failed", "It was begun by another version of the console.") from None
