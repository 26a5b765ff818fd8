"""The embedded broker: users, locks, and what survives a kill."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from infra.children import Children
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.secrets import password_files
from tests.fix_embedded import KafkaPart, available


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, children: Children) -> Iterator[EmbeddedKafka]:
    folder = tmp_path_factory.mktemp("broker")
    broker = EmbeddedKafka(folder / "n", password_files(folder / "p", ["ops", "agent"]), children=children)
    with available():
        broker.start()
    yield broker
    broker.stop()


def produce(node: EmbeddedKafka, principal: str, topic: str, value: bytes) -> None:
    with contextlib.closing(
        KafkaProducer(**node.settings(principal).for_kafka_python(), acks="all", max_block_ms=10_000)
    ) as producer:
        producer.send(topic, value).get(timeout=10)


def consume(node: EmbeddedKafka, topic: str) -> list[bytes]:
    with contextlib.closing(
        KafkaConsumer(
            topic,
            **node.settings("ops").for_kafka_python(),
            auto_offset_reset="earliest",
            consumer_timeout_ms=5000,
            enable_auto_commit=False,
        )
    ) as consumer:
        return [next(consumer).value]


def create(node: EmbeddedKafka, topic: str) -> None:
    admin = KafkaAdminClient(**node.settings("ops").for_kafka_python())
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


def test_a_principal_without_an_acl_may_not_write(node: EmbeddedKafka) -> None:
    create(node, "locked.v1")
    with pytest.raises(TopicAuthorizationFailedError):
        produce(node, "agent", "locked.v1", b"x")
    produce(node, "ops", "locked.v1", b"y")
    assert consume(node, "locked.v1") == [b"y"]


def test_a_wrong_password_does_not_sign_in(node: EmbeddedKafka, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("not it")
    settings = node.settings("ops").model_copy(update={"password_file": tmp_path / "wrong"})
    with pytest.raises(KafkaError):
        KafkaAdminClient(**settings.for_kafka_python(), bootstrap_timeout_ms=3000)


def test_what_was_acknowledged_survives_a_kill(node: EmbeddedKafka) -> None:
    create(node, "kept.v1")
    produce(node, "ops", "kept.v1", b"kept")
    address = node.bootstrap
    node.kill()
    assert node.pid is None
    node.start()
    assert node.bootstrap == address
    assert consume(node, "kept.v1") == [b"kept"]


def test_secrets_are_private_files_and_stand_nowhere_else(node: EmbeddedKafka) -> None:
    secrets = {path.read_text().strip(): path for path in node.users.values()}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in secrets.values())
    for path in node.folder.rglob("*"):
        if path.is_file() and path not in secrets.values() and path.name != "server.properties":
            assert not any(secret.encode() in path.read_bytes() for secret in secrets), path
    assert stat.S_IMODE((node.folder / "server.properties").stat().st_mode) == 0o600


def test_the_shared_broker_lets_any_principal_use_a_made_topic(kafka: KafkaPart) -> None:
    kafka.make_topics(["shared.v1"], partitions=2)
    producer = KafkaProducer(**kafka.client("agent"))
    assert producer.send("shared.v1", b"hello").get(timeout=10).topic == "shared.v1"
    producer.close()
    consumer = KafkaConsumer(
        "shared.v1",
        **kafka.client("classifier"),
        group_id="classifier",
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    assert next(consumer).value == b"hello"
    consumer.close()
