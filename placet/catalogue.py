"""The topics: who may produce them, who consumes them, what they carry, how long they last.

This table is the source of topic creation, of the broker's ACLs, of signature rules, of the published schemas and
of the tests that walk them. Rules:
- A topic has one event type; its CloudEvents type is `placet.` + topic.
- Only the roles named here may produce it; a signature by anybody else is refused.
- Its dead letters (`<topic>.dlq`) have the same readers and retention as the topic itself.
- Names use dots and no underscores (both together collide in the broker's metric names).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from placet import events
from placet.base import Strict


class Role(StrEnum):
    """What a signing principal is. The desk has none: it produces nothing."""

    AGENT = "agent"
    EXECUTOR = "executor"
    CLASSIFIER = "classifier"
    POLICY = "policy"
    SETTLE = "settle"
    LEDGER = "ledger"


SERVICE_ROLES: Final = frozenset({Role.CLASSIFIER, Role.POLICY, Role.SETTLE, Role.LEDGER})


class Topic(StrEnum):
    """Every topic's name."""

    PROPOSED = "actions.proposed.v1"
    CLASSIFIED = "actions.classified.v1"
    DECIDED = "actions.decided.v1"
    FAILED = "actions.failed.v1"
    REVIEWS = "reviews.recorded.v1"
    RESOLVED = "actions.resolved.v1"
    FOLLOWED = "actions.followed.v1"
    EXECUTED = "actions.executed.v1"
    CHECKPOINTED = "ledger.checkpointed.v1"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One row of the catalogue."""

    topic: Topic
    data: type[Strict]
    producers: frozenset[Role]
    consumers: frozenset[Role]
    reads_one: frozenset[Role]
    """Roles that fetch single messages by position."""
    discriminator: Callable[[Any], str]
    """What tells two events of one action in this topic apart; the rest of the event id is action id and type."""
    description: str
    subject: Callable[[Any], str] = lambda data: data.action_id
    partitions: int = 6
    retention_days: int = 30

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return f"placet.{self.topic}"

    @property
    def dead_letters(self) -> str:
        """The topic of what failed its signature here."""
        return f"{self.topic}.dlq"

    @property
    def readers(self) -> frozenset[Role]:
        """Everyone who may read the topic."""
        return self.consumers | self.reads_one


def _spec(
    topic: Topic,
    data: type[Strict],
    producers: set[Role],
    consumers: set[Role],
    description: str,
    **more: Any,
) -> tuple[Topic, TopicSpec]:
    more.setdefault("reads_one", frozenset())
    more.setdefault("discriminator", lambda data: data.digest)
    return topic, TopicSpec(
        topic=topic,
        data=data,
        producers=frozenset(producers),
        consumers=frozenset(consumers),
        description=description,
        **more,
    )


CATALOGUE: Final[Mapping[Topic, TopicSpec]] = MappingProxyType(
    dict([
        _spec(
            Topic.PROPOSED, events.ActionProposed, {Role.AGENT}, {Role.CLASSIFIER},
            "An agent asks to run a privileged action. The only topic that holds values in clear.",
            reads_one=frozenset({Role.SETTLE, Role.EXECUTOR}), retention_days=8,
        ),
        _spec(
            Topic.CLASSIFIED, events.ActionClassified, {Role.CLASSIFIER}, {Role.POLICY, Role.LEDGER},
            "What is sensitive in it, and where; the action masked.", reads_one=frozenset({Role.SETTLE}),
        ),
        _spec(
            Topic.DECIDED, events.ActionDecided, {Role.POLICY}, {Role.SETTLE, Role.LEDGER},
            "The policy's signed verdict: allow, deny or review.",
        ),
        _spec(
            Topic.FAILED, events.ActionFailed, {Role.CLASSIFIER, Role.POLICY}, {Role.SETTLE, Role.LEDGER},
            "An authentic action that could not be processed; it will be denied.",
            discriminator=lambda data: f"{data.stage}/{data.code}/{data.failed_sha256}",
        ),
        _spec(
            Topic.REVIEWS, events.ReviewRecorded, {Role.SETTLE}, {Role.LEDGER},
            "Every step of a review.", discriminator=lambda data: str(data.sequence),
        ),
        _spec(
            Topic.RESOLVED, events.ActionResolved, {Role.SETTLE}, {Role.AGENT, Role.EXECUTOR, Role.LEDGER},
            "The one outcome of an action, and the grant where it may run.", discriminator=lambda _: "",
        ),
        _spec(
            Topic.FOLLOWED, events.ActionFollowed, {Role.AGENT}, {Role.SETTLE, Role.LEDGER},
            "The agent withdraws its action or answers a reviewer's question.",
            discriminator=lambda data: f"{data.step}/{data.sequence}",
        ),
        _spec(
            Topic.EXECUTED, events.ActionExecuted, {Role.EXECUTOR}, {Role.LEDGER},
            "What became of a grant.", discriminator=lambda data: f"{data.executor}/{data.attempt}",
        ),
        _spec(
            Topic.CHECKPOINTED, events.LedgerCheckpointed, {Role.LEDGER}, {Role.AGENT, Role.EXECUTOR},
            "The ledger's signed head, for whoever keeps one.",
            subject=lambda data: data.origin, discriminator=lambda data: str(data.size), partitions=1,
        ),
    ])
)  # fmt: skip
"""Every topic."""

_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:placet:event")


def derived_id(subject: str, kind: str, discriminator: str) -> str:
    """UUIDv5 of a subject, a kind and what tells two of that kind apart: the same inputs, the same id."""
    return str(uuid.uuid5(_NAMESPACE, f"{subject}\n{kind}\n{discriminator}"))


def event_id(spec: TopicSpec, data: Strict) -> str:
    """The one id this event can have, so that a redelivered step yields the same event."""
    return derived_id(spec.subject(data), spec.type, spec.discriminator(data))


def spec_for_data(data: Strict) -> TopicSpec:
    """The catalogue row an event belongs to."""
    return _BY_DATA[type(data)]


_BY_DATA: Final = MappingProxyType({spec.data: spec for spec in CATALOGUE.values()})
