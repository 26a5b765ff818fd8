"""Looks at a broker and makes it as infra.topics plans: creates what is missing, corrects settings, removes nothing.

- Running it again changes nothing.
- A partition count is never changed: keys would move to other partitions and lose their order. It is reported.
- A broker that checks no access (SecurityDisabled) gets topics only, and says so.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError, SecurityDisabledError, TopicAlreadyExistsError

from infra.errors import PartFailedError
from infra.topics import Present, Rule, TopicPlan, differences, rules, topics
from placet.kafka_settings import KafkaSettings

MOST_COPIES = 3
SETTLE_SECONDS = 30.0


@contextlib.contextmanager
def operator(settings: KafkaSettings, *, seconds: float = 10.0) -> Iterator[Any]:
    """Open an admin client; PartFailedError when the broker does not answer or refuses."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # what matters is raised here as a sentence
    try:
        client = KafkaAdminClient(**settings.for_kafka_python(), bootstrap_timeout_ms=int(seconds * 1000))
    except KafkaError as error:
        raise PartFailedError(f"Kafka at {settings.bootstrap} does not answer: {type(error).__name__}.") from error
    try:
        yield client
    except KafkaError as error:
        raise PartFailedError(f"Kafka at {settings.bootstrap} refused: {type(error).__name__}.") from error
    finally:
        client.close()


def create(client: Any) -> list[str]:
    """Bring topics and rules into being; returns what still differs."""
    plans, wanted = topics(), rules()
    present = look(client, plans)
    copies = min(MOST_COPIES, len(client.describe_cluster()["brokers"]))
    missing = {
        plan.name: {
            "num_partitions": plan.partitions,
            "replication_factor": copies,
            "configs": dict(plan.settings) | {"min.insync.replicas": str(max(1, copies - 1))},
        }
        for plan in plans
        if plan.name not in present.topics
    }
    if missing:
        with contextlib.suppress(TopicAlreadyExistsError):  # somebody else creates them too; `differences` will tell
            client.create_topics(missing, wait_for_metadata=True)
    changed = [
        ConfigResource(ConfigResourceType.TOPIC, plan.name, configs=dict(plan.settings))
        for plan in plans
        if plan.name in present.topics
        and any(present.topics[plan.name][1].get(name) != value for name, value in plan.settings)
    ]
    if changed:
        client.alter_configs(changed)
    if present.rules is not None and (lacking := [rule for rule in wanted if rule not in present.rules]):
        client.create_acls([_acl(rule) for rule in lacking])
    # What the controller has accepted, the brokers learn a moment later.
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := differences(look(client, plans), plans, wanted):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return left


def check(client: Any) -> list[str]:
    """Return what differs from the plan."""
    plans = topics()
    return differences(look(client, plans), plans, rules())


def look(client: Any, plans: list[TopicPlan]) -> Present:
    """Read what the broker holds of the planned topics, and its rules."""
    names = sorted({plan.name for plan in plans} & set(client.list_topics()))
    found: dict[str, tuple[int, dict[str, str]]] = {}
    if names:
        described = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics(names)}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        settings = client.describe_configs(resources, config_filter="all")["topic"]
        for name in names:
            found[name] = (described[name], {key: str(entry["value"]) for key, entry in settings[name].items()})
    return Present(found, _rules(client))


def _rules(client: Any) -> frozenset[Rule] | None:
    everything = ACLFilter(
        None,
        None,
        ACLOperation.ANY,
        ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )
    try:
        listed, _ = client.describe_acls(everything)
    except SecurityDisabledError:
        return None
    return frozenset(
        Rule(
            acl.principal.removeprefix("User:"),
            acl.operation.name,
            acl.resource_pattern.resource_type.name,
            acl.resource_pattern.resource_name,
            acl.resource_pattern.pattern_type.name,
        )
        for acl in listed
        if acl.permission_type is ACLPermissionType.ALLOW
    )


def _acl(rule: Rule) -> ACL:
    pattern = ResourcePattern(ResourceType[rule.kind], rule.name, ACLResourcePatternType[rule.pattern])
    return ACL(f"User:{rule.principal}", "*", ACLOperation[rule.operation], ACLPermissionType.ALLOW, pattern)
