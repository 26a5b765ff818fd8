"""What the desk reads: reviews, votes and steps, as settle left them in its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from placet.events import ActionClassified, Authentication, Facts, VoteKind
from placet.requirement import Requirement


class View(StrEnum):
    """Which reviews a list holds."""

    MINE = "mine"
    """Open, and the caller may still vote; most urgent first."""
    OPEN = "open"
    """Everything open; most urgent first."""
    ALL = "all"
    """Everything; newest first."""
    CLOSED = "closed"
    """What was settled; newest first."""


OPEN = "open"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who is known and active, with the groups the directory says."""

    id: str
    name: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Heading:
    """A review as a list shows it."""

    action_id: str
    agent: str
    owner: str
    on_behalf_of: str | None
    digest: str
    name: str
    resource: str
    sensitivity: str
    labels: tuple[str, ...]
    facts: Facts
    requirement: Requirement
    excluded: tuple[str, ...]
    satisfiable: bool
    state: str
    """open, approved, rejected, expired, withdrawn, denied or superseded."""
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    closed_code: str | None
    closed_sentence: str | None
    read_at: datetime
    """The database's clock when this was read: the only one that counts."""

    @property
    def open(self) -> bool:
        """Whether it is not settled yet."""
        return self.state == OPEN


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as cast, and what the judge made of it. `counted` is None until settle has judged."""

    request_id: str
    action_id: str
    digest: str
    reviewer: str
    vote: VoteKind
    reason: str | None
    channel: str
    authentication: Authentication
    cast_at: datetime
    judged_at: datetime | None = None
    counted: bool | None = None
    code: str | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote about to be cast."""

    request_id: str
    action_id: str
    digest: str
    reviewer: str
    vote: VoteKind
    reason: str | None
    channel: Literal["console", "api"]
    authentication: Authentication
    evidence: str | None = field(default=None, repr=False)
    """The ID token that proves a passkey; written, and never read again here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step, as settle published it."""

    sequence: int
    step: str
    recorded: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """Everything one page needs."""

    heading: Heading
    purpose: str
    classified: ActionClassified
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    votes: tuple[Vote, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; `next` is the cursor of the following part, or None at the end."""

    headings: tuple[Heading, ...]
    next: str | None
