"""Whether a message is the outcome of an action. Pure: trust and time are arguments.

Rules:
- Believed is what settle signed, about this action, this agent and this digest; everything else is somebody else's.
- `allowed` and `approved` count only with a grant whose every signature holds and that is for this very commitment.
"""

from __future__ import annotations

from datetime import datetime

from placet.errors import ContractError, VerificationError
from placet.events import ActionResolved, Outcome
from placet.grants import verify_grant
from placet.journal import Entry
from placet.messages import Message
from placet.outcomes import Settled
from placet.trust import Trust
from placet.verify import verify


def judge(message: Message, entry: Entry, trust: Trust, *, now: datetime) -> Settled:
    """The outcome that a message states; raise `VerificationError` or `DecodeError` where it states none for this."""
    data = verify(message, trust, now=now).data
    if not isinstance(data, ActionResolved):
        raise VerificationError("type_mismatch", "not an outcome")
    if (data.action_id, data.agent, data.digest) != (entry.action_id, entry.agent, entry.digest):
        raise VerificationError("not_mine", "the outcome of another action")
    settled = Settled(
        action_id=data.action_id,
        outcome=data.outcome,
        code=data.reason.code,
        sentence=data.reason.sentence,
        retry=data.retry,
        rules=data.rules,
        labels=data.labels,
        superseded_by=data.superseded_by,
        trace=message.trace,
    )
    if data.outcome in {Outcome.ALLOWED, Outcome.APPROVED}:
        _check_grant(data, entry, trust, now=now)
    return entry.with_outcome(settled, data.grant).settled or settled


def _check_grant(data: ActionResolved, entry: Entry, trust: Trust, *, now: datetime) -> None:
    if data.grant is None:
        raise VerificationError("no_grant", "assented to, but without a grant")
    if verify_grant(data.grant, trust, at=now).grant.commitment != entry.commitment:
        raise VerificationError("commitment_mismatch", "the grant is for another commitment")


def try_judge(message: Message, entry: Entry, trust: Trust, *, now: datetime) -> Settled | ContractError:
    """As `judge`, with the refusal as a value: whoever reads a shared topic ignores what is not his."""
    try:
        return judge(message, entry, trust, now=now)
    except ContractError as refused:
        return refused
