"""Whether a ticket may be run here and now. Pure: trust, time and the executor's name are arguments.

In this order, each refusal with its code:
1. the ticket is about one action of the agent that committed to it      codes of `verify_commitment`, `action_mismatch`
2. every signature in the grant holds                                    codes of `verify_grant`
3. the grant is for this agent and this very commitment                  `agent_mismatch`, `commitment_mismatch`
4. it names a trust file this executor has seen                          `unknown_trust`
5. this executor, this moment, an enabled agent                          codes of `check_redeemable`
6. the bytes are those committed to, in their canonical form             `digest_mismatch`, `not_canonical`
What needs a disk (arguments, files, single use) comes after, in `placet.executor.executor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from placet.canonical import canonical_bytes, sha256_hex, strict_loads
from placet.errors import ContractError, VerificationError
from placet.grants import Commitment, VerifiedGrant, check_redeemable, verify_commitment, verify_grant
from placet.outcomes import Ticket
from placet.trust import Trust


@dataclass(frozen=True, slots=True)
class Admitted:
    """A ticket that may be run, and the values that will run."""

    granted: VerifiedGrant
    arguments: Mapping[str, Any] = field(repr=False)


def whose(ticket: Ticket, trust: Trust, *, now: datetime) -> tuple[Commitment | None, str | None]:
    """The commitment and the grant's id under a ticket, so that a refusal can be reported; None for what does not
    verify or does not belong to the commitment.
    """
    try:
        commitment = verify_commitment(ticket.commitment, trust, at=now)
    except ContractError:
        return None, None
    try:
        granted = verify_grant(ticket.grant, trust, at=now)
    except ContractError:
        return commitment, None
    return commitment, granted.grant.jti if granted.commitment == commitment else None


def admit(
    ticket: Ticket, trust: Trust, *, executor: str, knows_trust: Callable[[str], bool], now: datetime
) -> Admitted:
    """Let a ticket in; raise `VerificationError` or `DecodeError`."""
    commitment = verify_commitment(ticket.commitment, trust, at=now)
    if ticket.action_id != commitment.action_id:
        raise VerificationError("action_mismatch", "the ticket names another action than its commitment")
    granted = verify_grant(ticket.grant, trust, at=now)
    if granted.commitment.agent != commitment.agent:
        raise VerificationError("agent_mismatch", "the grant is another agent's")
    if granted.grant.commitment != ticket.commitment:
        raise VerificationError("commitment_mismatch", "the grant is for another commitment")
    if not knows_trust(granted.grant.trust):
        raise VerificationError("unknown_trust", "the grant names a trust file this executor has not seen")
    check_redeemable(granted, trust, executor=executor, now=now)
    if sha256_hex(ticket.payload) != commitment.digest:
        raise VerificationError("digest_mismatch", "the bytes are not those that were assented to")
    payload = strict_loads(ticket.payload)
    if not isinstance(payload, dict) or canonical_bytes(payload) != ticket.payload:
        raise VerificationError("not_canonical", "the bytes are not in their canonical form")
    arguments = payload.get("arguments")
    if not isinstance(arguments, dict):
        raise VerificationError("not_canonical", "the bytes hold no arguments")
    return Admitted(granted, arguments)
