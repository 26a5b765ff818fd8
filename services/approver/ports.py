"""What settle needs from outside, as it asks for it.

Rules: a `Session` is one transaction, and `now` in it is PostgreSQL's clock; what a session wrote is durable when its
block ends, and did not happen when it raised. Every method may raise `TransientError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from joserfc.jwk import KeySet

from placet.base import ActionId, AgentId, PersonId, Sha256
from placet.events import Position
from placet.messages import Outgoing
from services.approver.evidence import Originals
from services.approver.model import Claim, Directory, Judgement, Review, Vote
from services.approver.record import Ending, Step


class People(Protocol):
    """The directory."""

    def current(self) -> Directory:
        """The people as they are now."""


class Keys(Protocol):
    """The identity provider's published keys."""

    def current(self, *, again: bool = False) -> KeySet:
        """Its signature keys; `again`: asked for anew, at most once a minute. Raise `TransientError`."""


class Proposals(Protocol):
    """The messages a review rests on, fetched by position."""

    def fetch(self, proposal: Position, classification: Position) -> Originals:
        """Both messages, None for one that the broker does not hold any more; raise `TransientError`."""


class Session(Protocol):
    """One transaction."""

    def now(self) -> datetime:
        """PostgreSQL's clock at this moment, UTC."""

    def claim(self, claims: Iterable[Claim], now: datetime) -> frozenset[ActionId]:
        """Claim action ids; returns those that nobody had claimed before. Serialises with whoever claims the same."""

    def owners(self, action_ids: Iterable[ActionId]) -> Mapping[ActionId, Claim]:
        """Who owns these action ids, as far as anybody does."""

    def queue_up(self, agents: Iterable[AgentId]) -> Mapping[AgentId, int]:
        """The open reviews of each agent; nobody else opens one of theirs until the transaction ends."""

    def rejected(
        self, repeats: Iterable[tuple[AgentId, Sha256]], since: datetime
    ) -> Mapping[tuple[AgentId, Sha256], datetime]:
        """When people last rejected something of this agent and likeness, where that was after `since`."""

    def end(self, endings: Sequence[Ending]) -> None:
        """Write outcomes and what is to be published about them."""

    def open(self, reviews: Sequence[Review]) -> None:
        """Write new reviews."""

    def record(self, steps: Sequence[Step]) -> None:
        """Write steps of reviews, number the next one, and write what is to be published about them."""

    def lock(self, action_id: ActionId) -> Review | None:
        """The review, locked until the transaction ends; None where there is none."""

    def votes(self, action_id: ActionId) -> tuple[Sequence[Vote], Sequence[Vote]]:
        """The votes counted so far and those not judged yet, each in the order of their ids."""

    def spent(self, reviewer: PersonId, authenticated_at: datetime) -> bool:
        """Whether a vote of this person has counted on this use of a passkey; nobody else judges one of theirs that
        claims a passkey until the transaction ends.
        """

    def judge(self, judged: Sequence[tuple[Vote, Judgement]], now: datetime) -> None:
        """Write what became of votes, and forget their evidence."""

    def close(self, ending: Ending) -> None:
        """Write how an open review ended."""

    def escalate(self, review: Review) -> None:
        """Note that the review's next escalation step was taken."""

    def overdue(self, now: datetime, limit: int) -> Sequence[Review]:
        """Open reviews that have expired or must escalate, locked; those that somebody else holds are passed over."""

    def abandoned(self, enabled: Iterable[AgentId], limit: int) -> Sequence[Review]:
        """Open reviews of agents that are not enabled, locked; those that somebody else holds are passed over."""


class Store(Protocol):
    """Settle's tables."""

    def transaction(self) -> AbstractContextManager[Session]:
        """Begin a transaction; committed when the block ends."""

    def waiting_votes(self, limit: int) -> Sequence[ActionId]:
        """Actions with votes not judged yet, longest waiting first."""

    def open_reviews(self) -> tuple[int, float | None]:
        """How many are open, and the seconds until the next expires or escalates."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message to be published, its place in the order, and the traceparent it goes out with."""

    id: int
    message: Outgoing
    trace: str


class Outbox(Protocol):
    """What is to be published, in order, for the one relay that holds it."""

    def hold(self) -> bool:
        """Become or stay the only relay; False where another process is it."""

    def waiting(self, limit: int) -> Sequence[Waiting]:
        """The oldest messages."""

    def published(self, ids: Sequence[int]) -> None:
        """Forget messages that the brokers have acknowledged."""
