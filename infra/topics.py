"""What must exist on the broker: topics and access rules, worked out from the catalogue. Pure; infra.admin applies it.

- A role may write the topics it produces and read the ones it consumes; nobody else may do either.
- Dead letters are read by the source's readers and written by the services that consume the source: they are the
  ones that verify. An agent or executor that meets a bad message ignores it, and writes nothing.
- A service's consumer groups begin with its role's name; agents use no group.
- The auditor reads every topic but the proposals and their dead letters, which hold values in clear.
- The operator (ops) stands above the rules, so that dead letters can be listed and replayed.
- Nothing lies compressed: the broker opens what producers compress and measures it again. Otherwise a few kilobytes
  that anybody with a right to write may send would unfold in the services' memory, or need a codec they do not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.principals import AUDITOR
from placet.catalogue import CATALOGUE, SERVICE_ROLES, Role, Topic, TopicSpec
from placet.limits import MAX_EVENT_BYTES

Operation = Literal["READ", "WRITE", "DESCRIBE", "IDEMPOTENT_WRITE"]
Kind = Literal["TOPIC", "GROUP", "CLUSTER"]
Pattern = Literal["LITERAL", "PREFIXED"]

CLUSTER = "kafka-cluster"
"""The broker's own name for itself in access rules."""
FRAMING_BYTES = 64_000
"""Room for key, headers and batch framing around the largest event."""
DAY_MILLISECONDS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, order=True)
class TopicPlan:
    """One topic as it should be. `settings` are Kafka's topic settings as text."""

    name: str
    partitions: int
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One access rule: `principal` (without `User:`) may do `operation` on the named thing."""

    principal: str
    operation: Operation
    kind: Kind
    name: str
    pattern: Pattern = "LITERAL"

    def __str__(self) -> str:
        """As people read it."""
        star = "*" if self.pattern == "PREFIXED" else ""
        return f"{self.principal} {self.operation} {self.kind.lower()} {self.name}{star}"


def topics(catalogue: Mapping[Topic, TopicSpec] = CATALOGUE) -> list[TopicPlan]:
    """Every topic and its dead letters."""
    found = []
    for spec in catalogue.values():
        settings = (
            ("cleanup.policy", "delete"),
            ("compression.type", "uncompressed"),
            ("max.message.bytes", str(MAX_EVENT_BYTES + FRAMING_BYTES)),
            ("retention.ms", str(spec.retention_days * DAY_MILLISECONDS)),
        )
        found += [
            TopicPlan(str(spec.topic), spec.partitions, settings),
            TopicPlan(spec.dead_letters, spec.partitions, settings),
        ]
    return found


def rules(catalogue: Mapping[Topic, TopicSpec] = CATALOGUE) -> list[Rule]:
    """Every access rule, sorted."""
    found: set[Rule] = set()
    for spec in catalogue.values():
        for role in spec.producers:
            found |= _on(str(spec.topic), role, "WRITE")
            found.add(Rule(str(role), "IDEMPOTENT_WRITE", "CLUSTER", CLUSTER))
        for role in spec.readers:
            found |= _on(str(spec.topic), role, "READ")
            found |= _on(spec.dead_letters, role, "READ")
        for role in spec.consumers & SERVICE_ROLES:
            found |= _on(spec.dead_letters, role, "WRITE")
            found.add(Rule(str(role), "READ", "GROUP", str(role), "PREFIXED"))
            found.add(Rule(str(role), "IDEMPOTENT_WRITE", "CLUSTER", CLUSTER))
        if Role.EXECUTOR in spec.consumers:
            found.add(Rule(str(Role.EXECUTOR), "READ", "GROUP", str(Role.EXECUTOR), "PREFIXED"))
        if spec.topic is not Topic.PROPOSED:
            found |= _on(str(spec.topic), AUDITOR, "READ")
            found |= _on(spec.dead_letters, AUDITOR, "READ")
    found.add(Rule(AUDITOR, "READ", "GROUP", AUDITOR, "PREFIXED"))
    return sorted(found)


def _on(name: str, principal: Role | str, operation: Operation) -> set[Rule]:
    """A right on a topic comes with the right to look it up."""
    return {Rule(str(principal), operation, "TOPIC", name), Rule(str(principal), "DESCRIBE", "TOPIC", name)}


@dataclass(frozen=True, slots=True)
class Present:
    """What a broker holds of the planned topics. `rules` is None where the broker checks no access."""

    topics: Mapping[str, tuple[int, Mapping[str, str]]]
    """Name → partitions and settings."""
    rules: frozenset[Rule] | None


def differences(present: Present, plans: list[TopicPlan], wanted: list[Rule]) -> list[str]:
    """Name everything that is not as planned, a sentence each; empty when all is well."""
    found = []
    for plan in plans:
        if plan.name not in present.topics:
            found.append(f"topic {plan.name} does not exist")
            continue
        partitions, settings = present.topics[plan.name]
        if partitions != plan.partitions:
            found.append(f"topic {plan.name} has {partitions} partitions, not {plan.partitions}")
        for name, value in plan.settings:
            if settings.get(name) != value:
                found.append(f"topic {plan.name}: {name} is {settings.get(name)}, not {value}")
    if present.rules is not None:
        ours = {rule.principal for rule in wanted}
        found += [f"missing rule: {rule}" for rule in wanted if rule not in present.rules]
        surplus = sorted(rule for rule in present.rules - set(wanted) if rule.principal in ours)
        found += [f"rule that the catalogue does not give: {rule}" for rule in surplus]
    return found
