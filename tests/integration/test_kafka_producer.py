"""A producer goes on after the broker was away for longer than a message may take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaConnectionError, KafkaError
from kafka.future import Future
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

from placet.kafka_client import KafkaClient
from placet.kafka_producer import is_dead
from placet.messages import Outgoing
from placet.outcomes import ClientError
from tests.fix_embedded import KafkaPart

TOPIC = "producer-test.v1"
SECONDS = 2.0


@pytest.fixture(scope="module")
def broker(kafka: KafkaPart) -> KafkaPart:
    kafka.make_topics([TOPIC])
    return kafka


@pytest.fixture
def client(broker: KafkaPart) -> Iterator[KafkaClient]:
    client = KafkaClient(broker.settings("ops"), timeout=SECONDS)
    yield client
    client.close()


def outgoing() -> Outgoing:
    return Outgoing(TOPIC, b"key", b"value", b"signature")


def failing(producer: Any, request: type, error: KafkaError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no request of a kind arrive."""
    network = producer._sender._client
    send = network.send

    def cut(node_id: int, sent: Any, **how: Any) -> Any:
        return Future().failure(error) if isinstance(sent, request) else send(node_id, sent, **how)

    monkeypatch.setattr(network, "send", cut)


def test_a_message_that_expired_while_sent_again_is_not_the_last(
    client: KafkaClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.publish(outgoing())
    first = client._producer._producer
    with monkeypatch.context() as away:
        failing(first, ProduceRequest, KafkaConnectionError("away"), away)
        with pytest.raises(ClientError, match="KafkaTimeoutError"):
            client.publish(outgoing())
    assert is_dead(first), "kafka-python lives through this now: the replacement may go"
    client.publish(outgoing())
    assert client._producer._producer is not first


def test_an_id_that_could_not_be_had_is_asked_for_again(client: KafkaClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client._producer._connected()
    with monkeypatch.context() as away:
        failing(first, InitProducerIdRequest, KafkaError("no answer"), away)
        with pytest.raises(ClientError):
            client.publish(outgoing())
    client.publish(outgoing())
    assert client._producer._producer is not first


def test_a_producer_that_lives_is_kept(client: KafkaClient) -> None:
    client.publish(outgoing())
    first = client._producer._producer
    for _ in range(3):
        client.publish(outgoing())
        time.sleep(0.01)
    assert client._producer._producer is first
