"""Topics and access rules from the catalogue, on a real broker: made, made again, and held to."""

from __future__ import annotations

import contextlib

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError

from infra import admin
from infra.embedded.kafka import EmbeddedKafka
from placet.catalogue import CATALOGUE, Role, Topic


@pytest.fixture
def node(ruled: EmbeddedKafka) -> EmbeddedKafka:
    return ruled


def test_making_it_again_changes_nothing_and_drift_is_named_and_mended(node: EmbeddedKafka) -> None:
    with admin.operator(node.settings("ops")) as client:
        assert admin.create(client) == []
        topic = ConfigResource(ConfigResourceType.TOPIC, "actions.proposed.v1", configs={"retention.ms": "1000"})
        client.alter_configs([topic])
        assert admin.check(client) == ["topic actions.proposed.v1: retention.ms is 1000, not 691200000"]
        assert admin.create(client) == []


def may_write(node: EmbeddedKafka, principal: str, topic: str) -> bool:
    settings = node.settings(principal).for_kafka_python()
    with contextlib.closing(KafkaProducer(**settings, max_block_ms=10_000)) as producer:
        try:
            producer.send(topic, b"x").get(timeout=10)
        except TopicAuthorizationFailedError:
            return False
        return True


@pytest.mark.parametrize("role", list(Role))
def test_a_role_writes_its_topics_and_no_other(node: EmbeddedKafka, role: Role) -> None:
    assert {topic for topic in Topic if may_write(node, str(role), topic)} == {
        spec.topic for spec in CATALOGUE.values() if role in spec.producers
    }


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_ten_megabytes_are_refused_however_small_they_travel(node: EmbeddedKafka, compression: str | None) -> None:
    settings = node.settings("agent").for_kafka_python()
    more = {"compression_type": compression, "max_request_size": 20_000_000}
    with contextlib.closing(KafkaProducer(**settings, **more)) as producer:
        producer.send(Topic.PROPOSED, b"\0" * 900_000).get(timeout=30)
        with pytest.raises(MessageSizeTooLargeError):
            producer.send(Topic.PROPOSED, b"\0" * 10_000_000).get(timeout=30)


def may_read(node: EmbeddedKafka, principal: str, topic: str, *, seconds: int = 10) -> bool:
    """Whether a message arrives within `seconds`: without the right the client is told nothing."""
    settings = node.settings(principal).for_kafka_python()
    with contextlib.closing(KafkaConsumer(**settings, enable_auto_commit=False)) as consumer:
        everywhere = [TopicPartition(topic, number) for number in range(CATALOGUE[Topic(topic)].partitions)]
        consumer.assign(everywhere)
        try:
            consumer.seek_to_beginning(*everywhere)
            return bool(consumer.poll(timeout_ms=seconds * 1000))
        except TopicAuthorizationFailedError:
            return False


def test_proposals_are_closed_to_policy_ledger_and_auditor(node: EmbeddedKafka) -> None:
    for topic in (Topic.PROPOSED, Topic.CLASSIFIED):
        with contextlib.closing(KafkaProducer(**node.settings("ops").for_kafka_python())) as producer:
            producer.send(topic, b"there").get(timeout=10)
    assert may_read(node, "classifier", Topic.PROPOSED)
    assert not may_read(node, "policy", Topic.PROPOSED, seconds=2)
    assert not may_read(node, "ledger", Topic.PROPOSED, seconds=2)
    assert not may_read(node, "auditor", Topic.PROPOSED, seconds=2)
    assert may_read(node, "auditor", Topic.CLASSIFIED)
