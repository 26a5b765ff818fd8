"""From what the caller says to a signed proposal. Pure: time, id, nonce and key are arguments.

Rules:
- Everything is checked here, before anything is written or sent: a proposal that the services would refuse for its form
  is a `ProposalError` that names the place, never the value.
- A deadline is mandatory, in the future and bounded.
- The digest is over the canonical bytes; those bytes are what an executor will run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from placet.canonical import payload_bytes, sha256_hex
from placet.errors import ContractError, DecodeError
from placet.events import Action, ActionProposed
from placet.grants import Commitment, sign_claims
from placet.keys import Signer
from placet.limits import MAX_DEADLINE_SECONDS
from placet.messages import Outgoing, seal


class ProposalError(ContractError):
    """What was to be proposed breaks the contract; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller wants, files already in their JSON form."""

    name: str
    resource: str
    arguments: Mapping[str, Any] = field(repr=False)
    purpose: str = field(default="", repr=False)
    preview: Any = field(default=None, repr=False)
    deadline: datetime
    on_behalf_of: str | None = None
    session: str | None = None
    edit_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal ready to be written down and sent."""

    data: ActionProposed = field(repr=False)
    payload: bytes = field(repr=False)
    event: Outgoing = field(repr=False)


def deadline_at(deadline: timedelta | datetime, *, now: datetime) -> datetime:
    """The moment a deadline names, in UTC; raise `ProposalError` (`bad_deadline`)."""
    if isinstance(deadline, timedelta):
        moment = now + deadline
    elif deadline.tzinfo is None:
        raise ProposalError("bad_deadline", "the deadline has no time zone")
    else:
        moment = deadline.astimezone(UTC)
    if moment <= now:
        raise ProposalError("bad_deadline", "the deadline has passed")
    if moment > now + timedelta(seconds=MAX_DEADLINE_SECONDS):
        raise ProposalError("bad_deadline", f"the deadline is more than {MAX_DEADLINE_SECONDS} seconds ahead")
    return moment


def make_proposal(
    wish: Wish, *, agent: str, signer: Signer, action_id: str, nonce: str, now: datetime, trust_digest: str
) -> Proposal:
    """Check, commit and seal; raise `ProposalError`."""
    try:
        payload = payload_bytes(arguments=wish.arguments, preview=wish.preview, purpose=wish.purpose, nonce=nonce)
        digest = sha256_hex(payload)
        commitment = Commitment(
            action_id=action_id,
            agent=agent,
            on_behalf_of=wish.on_behalf_of,
            name=wish.name,
            resource=wish.resource,
            deadline=wish.deadline,
            edit_of=wish.edit_of,
            digest=digest,
        )
        data = ActionProposed(
            action_id=action_id,
            agent=agent,
            digest=digest,
            on_behalf_of=wish.on_behalf_of,
            commitment=sign_claims(commitment, signer),
            action=Action(name=wish.name, resource=wish.resource, arguments=dict(wish.arguments)),
            purpose=wish.purpose,
            preview=wish.preview,
            session=wish.session,
            nonce=nonce,
            deadline=wish.deadline,
            edit_of=wish.edit_of,
        )
        event = seal(data, signer, time=now, trust_digest=trust_digest)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = str(first["loc"][0]) if first["loc"] else "the proposal"
        raise ProposalError(f"bad_{place}", f"{place} is not what the contract allows: {first['type']}") from None
    except DecodeError as error:
        raise ProposalError(error.code, error.sentence) from None
    return Proposal(data=data, payload=payload, event=event)
