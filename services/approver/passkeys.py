"""Asks whether a vote that claims a passkey has one.

Rules:
- A claim that is not proven is taken back: the vote is recorded as authenticated by nothing, and does not count.
- Without a provider's address, or without its keys, nothing is proven.
- A signature by an unknown key is looked at once more with keys asked for anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from placet.events import Authentication
from services.approver.model import Refused, Vote
from services.approver.ports import Keys
from services.approver.step_up import AWAY, NOT_SET_UP, REQUIRED, UNSIGNED, Accepted, authenticated_at
from services.approver.tokens import UnverifiedError
from services.chassis import logs
from services.chassis.errors import TransientError


@dataclass(frozen=True, slots=True)
class Passkeys:
    """Both None: no passkey is ever proven."""

    accepted: Accepted | None = None
    keys: Keys | None = None

    def proven(self, vote: Vote) -> Vote:
        """The vote with what it claims proven, or taken back; never raises."""
        if vote.authentication is not Authentication.PASSKEY:
            return vote
        found = self._used_at(vote)
        return unproven(vote, found) if isinstance(found, Refused) else replace(vote, authenticated_at=found)

    def _used_at(self, vote: Vote) -> datetime | Refused:
        if vote.evidence is None:
            return REQUIRED
        if self.accepted is None or self.keys is None:
            return NOT_SET_UP
        try:
            try:
                return authenticated_at(vote, vote.evidence, self.keys.current(), self.accepted)
            except UnverifiedError:
                return authenticated_at(vote, vote.evidence, self.keys.current(again=True), self.accepted)
        except UnverifiedError:
            return UNSIGNED
        except TransientError:
            logs.get_logger().warning("provider_keys_away", action_id=vote.action_id)
            return AWAY


def unproven(vote: Vote, why: Refused) -> Vote:
    """The vote without the passkey it claimed."""
    return replace(vote, authentication=Authentication.NONE, authenticated_at=None, unproven=why)
