"""What is remembered about one action while an audit walks: facts only, judged at the end in `placet.audit.rules`.

Events of one action come from several topics, so their order here means little; what is kept is small and has no
payload. Signatures inside events (commitment, verdict, grant) are verified as they come, with the trust file then in
force, and a second sight of the same token costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from placet.events import (
    ActionDecided,
    ActionExecuted,
    ActionResolved,
    Authentication,
    Outcome,
    ReviewRecorded,
    Verdict,
    VoteKind,
)
from placet.grants import Commitment, VerifiedGrant
from placet.requirement import Requirement


@dataclass(frozen=True, slots=True)
class Decision:
    """A verified verdict."""

    decision: Verdict
    requirement: Requirement | None
    digest: str
    agent: str
    token: str

    @classmethod
    def of(cls, data: ActionDecided) -> Decision:
        """The part of an ActionDecided that a chain needs."""
        return cls(data.decision, data.requirement, data.digest, data.agent, data.verdict)


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote that settle counted."""

    seq: int
    sequence: int
    person: str
    kind: VoteKind
    authentication: Authentication
    owner: str | None
    """The agent's owner by the trust file then in force."""
    eligible: bool
    """Whether the vote's own record says that its person was eligible then."""


@dataclass(slots=True)
class Snapshot:
    """Who may vote at a step, through which groups, and who may not."""

    eligible: dict[str, frozenset[str]]
    excluded: frozenset[str]

    @classmethod
    def of(cls, data: ReviewRecorded) -> Snapshot:
        """As the step says."""
        people = {reviewer.person: frozenset(reviewer.groups) for reviewer in data.eligible or ()}
        return cls(people, frozenset(data.excluded or ()))


@dataclass(slots=True)
class Review:
    """The steps of one review."""

    steps: dict[int, str] = field(default_factory=dict)
    """Sequence number → hash of what the step says."""
    requirement: Requirement | None = None
    opened: Snapshot | None = None
    closed: Snapshot | None = None
    """Who may vote is asked again at the settlement: this is the snapshot that counts, where it is there."""
    ended: Outcome | None = None
    votes: list[Vote] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)

    def last_votes(self) -> dict[str, Vote]:
        """Each person's last counted vote."""
        return {vote.person: vote for vote in sorted(self.votes, key=lambda vote: vote.sequence)}


@dataclass(frozen=True, slots=True)
class Ending:
    """An outcome, with its grant where it has one."""

    seq: int
    data: ActionResolved
    granted: VerifiedGrant | None


@dataclass(frozen=True, slots=True)
class Run:
    """An execution report that says something ran (or may have)."""

    seq: int
    data: ActionExecuted


@dataclass(slots=True)
class Chain:
    """Everything the ledger holds about one action."""

    action_id: str
    newest: datetime
    commitments: dict[str, Commitment] = field(default_factory=dict)
    """By digest of the action's bytes."""
    classified: set[str] = field(default_factory=set)
    """Digests that were classified."""
    decisions: list[Decision] = field(default_factory=list)
    failed: bool = False
    withdrawn_by: set[str] = field(default_factory=set)
    review: Review | None = None
    endings: list[Ending] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    broken: bool = False
    """A problem of this action was already named."""

    def record(self, seq: int, data: ReviewRecorded, owner: str | None, content: str) -> bool:
        """Take a step of the review; False where another step had the same number and said something else."""
        self.review = review = self.review or Review()
        known = review.steps.setdefault(data.sequence, content)
        if known != content:
            return False
        review.digests.add(data.digest)
        if data.step == "opened":
            review.opened, review.requirement = Snapshot.of(data), data.requirement
        if data.step == "closed":
            review.closed, review.ended = Snapshot.of(data), data.outcome
        if data.step == "voted" and data.counted and data.actor is not None and data.vote is not None:
            eligible = any(each.person == data.actor for each in data.eligible or ())
            review.votes.append(
                Vote(seq, data.sequence, data.actor, data.vote, data.authentication, owner, eligible=eligible)
            )
        return True
