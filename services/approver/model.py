"""What settle knows: people, votes, reviews, and how an action ends. Values only; nothing here does anything.

Rules:
- An ending is a value with a code for machines and a sentence for people; so is what becomes of a vote.
- A `Standing` is who may vote on one review *now*: the directory and the trust file as they are, not as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from placet.base import ActionId, AgentId, PersonId, RuleId, Sha256
from placet.events import Authentication, EligibleReviewer, Outcome, Position, Retry, VoteKind
from placet.requirement import Requirement

VoteChannel: TypeAlias = Literal["console", "api", "slack", "teams"]


class ReviewState(StrEnum):
    """Where a review is. Every state but `open` is an end, named like the outcome it led to."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in the directory."""

    name: str
    groups: frozenset[str]
    active: bool


Directory: TypeAlias = Mapping[PersonId, Person]
"""People by their stable opaque id."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An action id with the agent and digest it is claimed for; the first to claim it owns it."""

    action_id: ActionId
    agent: AgentId
    digest: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something does not hold: the action ends as denied."""

    code: str
    sentence: str
    retry: Retry = Retry.NEVER


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an action ends."""

    outcome: Outcome
    code: str
    sentence: str
    retry: Retry
    reviewers: tuple[PersonId, ...] = ()
    """Who assented; exactly where the outcome is `approved`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The signed material of an action that may come to run: what a grant is minted from."""

    claim: Claim
    commitment: str
    verdict: str
    resource: str
    deadline: datetime
    rules: tuple[RuleId, ...]
    labels: tuple[str, ...]
    likeness: Sha256
    """Equal for a repeat of the same name, resource and arguments by the same agent."""
    proposal: Position | None
    trace: str = ""
    """W3C traceparent of the event that decided it, or empty: telemetry, nothing depends on it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of people's attention one agent may take."""

    pending_at_most: int = 50
    """Open reviews of one agent."""
    repeat_after: timedelta = timedelta(minutes=15)
    """How long a human's rejection stands against a repeat of what was rejected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent has taken of it, at the moment it asks again."""

    pending: int
    """Its open reviews."""
    rejected_at: datetime | None
    """When people last rejected the same action, as far back as a rejection stands; None: they did not."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What a person said, as the desk inserted it. Ids grow in the order of arrival."""

    id: int
    request_id: str
    action_id: ActionId
    digest: str
    reviewer: PersonId
    kind: VoteKind
    reason: str | None
    channel: VoteChannel
    authentication: Authentication
    """As claimed, until `passkeys` has looked at a claimed passkey."""
    cast_at: datetime
    evidence: str | None = field(default=None, repr=False)
    """The ID token that proves a passkey: personal, so kept only until the vote is judged."""
    authenticated_at: datetime | None = None
    """When a proven passkey was used."""
    unproven: Refused | None = None
    """Why the passkey that was claimed is not believed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a vote."""

    counted: bool
    code: str
    sentence: str
    through: tuple[str, ...] = ()
    """The groups through which a counted vote was cast."""


@dataclass(frozen=True, slots=True)
class Review:
    """The case that a `review` decision opened."""

    decision: Decision
    owner: PersonId
    on_behalf_of: PersonId | None
    name: str
    purpose: str
    classified: Mapping[str, Any] = field(repr=False)
    """ActionClassified as published: masked."""
    classification: Position
    reasons: tuple[str, ...]
    requirement: Requirement
    eligible: tuple[EligibleReviewer, ...]
    """Who might vote when it opened."""
    excluded: frozenset[PersonId]
    satisfiable: bool
    opened_at: datetime
    expires_at: datetime
    state: ReviewState = ReviewState.OPEN
    next_sequence: int = 0
    escalated: int = 0
    closed_at: datetime | None = None
    closed_code: str | None = None
    closed_sentence: str | None = None

    @property
    def action_id(self) -> ActionId:
        """The action it is about."""
        return self.decision.claim.action_id


@dataclass(frozen=True, slots=True)
class Standing:
    """Who may vote on a review now, and whether its agent may still act."""

    directory: Directory
    excluded: frozenset[PersonId]
    """Whose action it is: owner then and now, on_behalf_of, whoever edited it."""
    machines: frozenset[str]
    """Agents and executors of the trust file: never people, whatever the directory says."""
    agent_enabled: bool
