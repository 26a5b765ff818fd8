"""Ledgers made in memory, for audits: real messages, real leaves, real checkpoints, and every line ready to be bent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from placet.audit.entry import Leaf, accepted_leaf, refused_leaf, trust_leaf
from placet.audit.export import write_checkpoint, write_entry, write_header
from placet.base import Strict
from placet.catalogue import Role, derived_id
from placet.checkpoint import Checkpoint, sign_checkpoint
from placet.events import (
    ActionClassified,
    ActionDecided,
    ActionExecuted,
    ActionResolved,
    Authentication,
    EligibleReviewer,
    ExecutionStatus,
    Outcome,
    OutcomeReason,
    Retry,
    ReviewRecorded,
    ReviewStep,
    Verdict,
    VoteKind,
)
from placet.grants import GrantClaims, grant_id, grant_window, sign_claims
from placet.keys import Signer
from placet.merkle import Frontier, leaf_hash
from placet.messages import Message
from placet.requirement import Requirement, parse
from placet.verify import verify
from tests.factories import World, received

ORIGIN = "placet.test/ledger"
TWO_TEAMS = Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=900)
PEOPLE = (
    EligibleReviewer(person="alice", groups=("dev-leads",)),
    EligibleReviewer(person="bob", groups=("security",)),
    EligibleReviewer(person="carol", groups=("dev-leads", "security")),
)


@dataclass
class Record:
    """One entry with what stands beside its leaf."""

    leaf: Leaf
    salt: bytes
    value: bytes | None


@dataclass
class MemoryLedger:
    """What the ledger's writer does, without a broker and a database."""

    world: World
    records: list[Record] = field(default_factory=list)
    offsets: Counter[str] = field(default_factory=Counter)
    step: timedelta = timedelta(milliseconds=10)

    def __post_init__(self) -> None:
        self.trust_version()

    @property
    def messages(self) -> list[Message]:
        """What stands in it after the first trust file, as the broker would hand it on."""
        return [record.leaf.message(record.value or b"") for record in self.records[1:]]

    @property
    def time(self) -> datetime:
        return self.world.at + self.step * len(self.records)

    def trust_version(self, **changes: Any) -> None:
        """Record the trust file as it stands (or changed), with the world's version."""
        content = self.world.trust_file(**changes)
        salt = b"t" * 16
        leaf = trust_leaf(content, self.world.version, self.world.root.public, salt=salt, received_at=self.time)
        self.records.append(Record(leaf, salt, content))

    def add(self, data: Strict, **changes: Any) -> Message:
        """Seal an event as its rightful producer and append it."""
        outgoing = self.world.seal(data, **changes)
        message = received(outgoing, offset=self.offsets[outgoing.topic])
        self.append(message)
        return message

    def append(self, message: Message) -> None:
        """Append a message that verifies."""
        salt = len(self.records).to_bytes(16, "big")
        verified: Any = verify(message, self.world.trust(), now=self.time)
        self.offsets[message.topic] += 1
        leaf = accepted_leaf(verified, salt=salt, received_at=self.time)
        self.records.append(Record(leaf, salt, message.value))

    def refuse(self, message: Message, code: str) -> None:
        """Append the entry of a refused message."""
        salt = len(self.records).to_bytes(16, "big")
        self.offsets[message.topic] += 1
        self.records.append(Record(refused_leaf(message, code, salt=salt, received_at=self.time), salt, None))

    def head(self, size: int | None = None, *, origin: str = ORIGIN, signer: Signer | None = None) -> bytes:
        """The signed checkpoint of the first `size` entries."""
        frontier = Frontier()
        for record in self.records[:size]:
            frontier.append(leaf_hash(record.leaf.encode()))
        head = Checkpoint(origin=origin, size=frontier.size, root=frontier.root())
        return sign_checkpoint(head, signer or self.world.services[Role.LEDGER])

    def export(self, *, every: int = 5) -> list[bytes]:
        """The export, with a checkpoint after each `every` entries and at the end."""
        lines = [write_header(ORIGIN, len(self.records))]
        for seq, record in enumerate(self.records):
            lines.append(write_entry(seq, record.leaf, record.salt, record.value))
            if (seq + 1) % every == 0 or seq + 1 == len(self.records):
                lines.append(write_checkpoint(self.head(seq + 1).decode()))
        return lines

    # Whole stories -------------------------------------------------------------------------------------------------

    def allowed(self, **proposal: Any) -> ActionResolved:
        """Allowed by policy; not yet run."""
        classified = self.world.classified(self.world.proposed(**proposal))
        decided = self.world.decided(classified)
        resolved = resolution(self.world, decided, Outcome.ALLOWED)
        for data in (classified, decided, resolved):
            self.add(data)
        return resolved

    def reviewed(
        self,
        outcome: Outcome = Outcome.APPROVED,
        *,
        votes: tuple[tuple[str, VoteKind], ...] = (("alice", VoteKind.APPROVE), ("bob", VoteKind.APPROVE)),
        requirement: Requirement = TWO_TEAMS,
        eligible: tuple[EligibleReviewer, ...] = PEOPLE,
        reviewers: tuple[str, ...] | None = None,
        authentication: Authentication = Authentication.SESSION,
        bend: Callable[[ReviewRecorded], ReviewRecorded | None] = lambda step: step,
        **proposal: Any,
    ) -> ActionResolved:
        """Held for review, voted on, closed. `bend` may change or drop a step."""
        classified = self.world.classified(self.world.proposed(**proposal))
        decided = self.world.decided(classified, decision=Verdict.REVIEW, requirement=requirement)
        steps = [step_of(decided, 0, ReviewStep.OPENED, eligible=eligible, excluded=("dave",), requirement=requirement)]
        steps += [
            step_of(
                decided, number, ReviewStep.VOTED, actor=person, vote=vote, counted=True, authentication=authentication
            )
            for number, (person, vote) in enumerate(votes, start=1)
        ]
        steps.append(step_of(decided, len(steps), ReviewStep.CLOSED, eligible=eligible, outcome=outcome))
        if reviewers is None:
            reviewers = tuple(person for person, vote in votes if vote is VoteKind.APPROVE)
        resolved = resolution(self.world, decided, outcome, reviewers=reviewers)
        for data in (classified, decided, *filter(None, map(bend, steps)), resolved):
            self.add(data)
        return resolved

    def ran(
        self, resolved: ActionResolved, status: ExecutionStatus = ExecutionStatus.SUCCEEDED, **changes: Any
    ) -> ActionExecuted:
        """The executor's report about a resolved action."""
        data = report(self.world, resolved, status, **changes)
        self.add(data)
        return data


def resolution(
    world: World, decided: ActionDecided, outcome: Outcome, *, reviewers: tuple[str, ...] = (), **changes: Any
) -> ActionResolved:
    grant = None
    if outcome in {Outcome.ALLOWED, Outcome.APPROVED}:
        grant = sign_claims(grant_claims(world, decided, reviewers), world.services[Role.SETTLE])
    content: dict[str, Any] = {
        "action_id": decided.action_id,
        "agent": decided.agent,
        "digest": decided.digest,
        "outcome": outcome,
        "reason": OutcomeReason(code="by_test", sentence="because the test says so"),
        "retry": Retry.NEVER,
        "rules": decided.rules,
        "labels": decided.labels,
        "superseded_by": None,
        "proposal": decided.proposal,
        "grant": grant,
    }
    return ActionResolved(**{**content, **changes})


def grant_claims(world: World, decided: ActionDecided, reviewers: tuple[str, ...] = (), **changes: Any) -> GrantClaims:
    not_before, expires = grant_window(world.at, world.at + timedelta(hours=1))
    content: dict[str, Any] = {
        "sub": f"/agents/{decided.agent}",
        "aud": "/executors/warehouse",
        "jti": grant_id(decided.action_id),
        "action_id": decided.action_id,
        "digest": decided.digest,
        "commitment": decided.commitment,
        "verdict": decided.verdict,
        "reviewers": reviewers,
        "trust": world.trust().digest,
        "nbf": not_before,
        "exp": expires,
    }
    return GrantClaims(**{**content, **changes})


def step_of(about: ActionDecided | ActionClassified, sequence: int, step: ReviewStep, **changes: Any) -> ReviewRecorded:
    content: dict[str, Any] = {
        "action_id": about.action_id,
        "agent": about.agent,
        "digest": about.digest,
        "sequence": sequence,
        "step": step,
        "actor": None,
        "channel": "console" if changes.get("actor") else "system",
        "authentication": Authentication.NONE,
    }
    return ReviewRecorded(**{**content, **changes})


def report(world: World, resolved: ActionResolved, status: ExecutionStatus, **changes: Any) -> ActionExecuted:
    content: dict[str, Any] = {
        "action_id": resolved.action_id,
        "agent": resolved.agent,
        "digest": resolved.digest,
        "executor": "warehouse",
        "attempt": derived_id(resolved.action_id, "attempt", "1"),
        "grant_id": grant_id(resolved.action_id),
        "status": status,
        "code": "done",
        "started_at": world.at + timedelta(seconds=1),
        "finished_at": world.at + timedelta(seconds=2),
    }
    return ActionExecuted(**{**content, **changes})


def bend_line(lines: list[bytes], number: int, change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    """The export with one line changed in its JSON."""
    parsed = json.loads(lines[number])
    change(parsed)
    return [*lines[:number], json.dumps(parsed).encode() + b"\n", *lines[number + 1 :]]
