"""What a decision is made of: rules, the rulebook they stand in, and the decision itself.

Rules:
- A decision is a value with rule ids, reasons and digests; nowhere is it a bare bool.
- A rulebook is complete or it does not exist: it is built from files that were validated as a whole, never changed,
  and named by the digest of those files. The engine's handles inside are immutable and shared between threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cedarpy import Entities, PolicySet, pst

from placet.base import RuleId, Sha256
from placet.events import Verdict
from placet.requirement import Requirement
from services.policy.needs import Needs

UNDECLARED = "undeclared"
"""Stands for every action that no file declares."""
UNKNOWN = "unknown"
"""The environment of every resource that no file places."""


Entity = Mapping[str, Any]
"""An entity in Cedar's JSON form, its keys in canonical order."""


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """What schema.cedarschema and entities.json declare."""

    actions: Mapping[str, tuple[Entity, ...]]
    """Each action: itself, and every group above it."""
    groups: frozenset[str]
    """Groups that actions are declared in."""
    places: Mapping[str, tuple[Entity, ...]]
    """Each declared resource, which stands for what lies below it too: itself, and all that it lies in."""
    unknown: Entity
    """The environment of what no file places."""
    teams: Mapping[str, tuple[Entity, ...]]
    """Each agent: its teams, and what they are in."""
    members: Mapping[str, tuple[str, ...]]
    """Each agent: the names of its teams."""


@dataclass(frozen=True, slots=True)
class Review:
    """What `@review` asks of people."""

    question: str
    """What the reviewer is to look at."""
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Rule:
    """One Cedar policy, by its `@id`."""

    id: RuleId
    file: str
    effect: Literal["permit", "forbid"]
    reason: str
    review: Review | None
    policy: pst.Template

    @property
    def verdict(self) -> Verdict:
        """What the rule says where it matches."""
        if self.effect == "forbid":
            return Verdict.DENY
        return Verdict.ALLOW if self.review is None else Verdict.REVIEW


@dataclass(frozen=True, slots=True, eq=False)
class Applying:
    """What is asked about one action."""

    policies: PolicySet
    """Those whose scope the action lies in."""
    entities: Entities
    """The action and the groups above it."""
    needs: Needs
    """What of the question these policies can look at."""
    weight: int
    """What evaluating them costs for each byte of the question (`cost`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """A validated set of policies, ready to be asked."""

    digest: Sha256
    """Over the exact bytes of every file that decides."""
    rules: Mapping[RuleId, Rule]
    actions: Mapping[str, Applying]
    """Declared actions, and `undeclared`."""
    declared: Declared


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the engine answered. `matched` decided; a rule in `failed` could not be evaluated."""

    matched: tuple[Rule, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy's word about one action."""

    verdict: Verdict
    rules: tuple[RuleId, ...]
    """What decided: ids of rules in the rulebook, or of Placet's own (`trust/…`, `guard/…`, `no_policy`)."""
    reasons: tuple[str, ...]
    requirement: Requirement | None
    policy_digest: Sha256
    input_digest: Sha256
