"""Who asks: what the trust file and the signatures say, and what of it speaks against an action.

Rules: the commitment verifies and says exactly what the classified action says, so the classifier cannot have changed
who, what, where, until when or which bytes; the agent is known and enabled, and entitled to the person it names; the
deadline is neither past nor too far. The first of these that does not hold denies, before any policy is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from placet.events import ActionClassified
from placet.grants import Commitment, commitment_of
from placet.limits import MAX_DEADLINE_SECONDS
from placet.trust import Agent


@dataclass(frozen=True, slots=True)
class Standing:
    """Who asks, as far as the trust file and the signatures say."""

    commitment: Commitment | None
    """None: it did not verify."""
    agent: Agent | None
    """None: the trust file does not know it."""


def objection_to(classified: ActionClassified, standing: Standing, now: datetime) -> str | None:
    """The trust rule that speaks against an action before any policy is asked."""
    committed, agent = standing.commitment, standing.agent
    checks = (
        ("trust/commitment_invalid", committed is None),
        ("trust/commitment_mismatch", committed is not None and committed != commitment_of(classified)),
        ("trust/unknown_agent", agent is None),
        ("trust/agent_disabled", agent is not None and agent.disabled),
        (
            "trust/unlisted_on_behalf_of",
            agent is not None
            and classified.on_behalf_of is not None
            and classified.on_behalf_of not in agent.on_behalf_of,
        ),
        ("trust/deadline_passed", classified.deadline <= now),
        ("trust/deadline_too_far", classified.deadline > now + timedelta(seconds=MAX_DEADLINE_SECONDS)),
    )
    return next((rule for rule, speaks_against in checks if speaks_against), None)
