"""What only a real broker shows of the gate: latency, a broker that dies, headers, words for what goes wrong."""

from __future__ import annotations

import gc
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from infra import admin
from infra.children import Children
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.secrets import password_files
from infra.principals import PRINCIPALS
from placet.catalogue import Topic
from placet.gate import Gate
from placet.kafka_settings import KafkaSettings
from placet.outcomes import ClientError
from tests.fix_embedded import KafkaPart, available
from tests.fix_gate import KafkaStage

_log = logging.getLogger(__name__)
RESOURCE = "postgres://warehouse/customers"


def test_the_outcome_is_there_soon_after_the_broker_has_it(kafka_stage: KafkaStage) -> None:
    taken = []
    for _ in range(40):
        pending = kafka_stage.gate.propose("db.query", RESOURCE, {})
        kafka_stage.proposed(pending.action_id)
        waited: list[float] = []
        waiter = threading.Thread(target=lambda p=pending, w=waited: (p.wait(30), w.append(time.monotonic())))
        waiter.start()
        kafka_stage.resolve(pending.action_id, "allowed")
        published = time.monotonic()
        waiter.join()
        taken.append(max(0.0, waited[0] - published))
    taken.sort()
    _log.info("resume after publish: p50 %.1f ms, p95 %.1f ms", taken[20] * 1000, taken[37] * 1000)
    assert taken[20] < 0.05, taken
    assert taken[37] < 0.25


def test_an_idle_gate_has_no_thread_that_asks(kafka_stage: KafkaStage) -> None:
    pending = kafka_stage.gate.propose("db.query", RESOURCE, {})
    kafka_stage.resolve(pending.action_id, "allowed")
    pending.wait(30)
    reader = [thread for thread in threading.enumerate() if thread.name == "placet-gate-reader"]
    assert len(reader) == 1
    kafka_stage.gate.close()
    assert not reader[0].is_alive()


def test_trace_context_travels_while_a_span_is_active(kafka_stage: KafkaStage) -> None:
    context = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0x00F067AA0BA902B7, False, TraceFlags(1))
    with trace.use_span(NonRecordingSpan(context)):
        pending = kafka_stage.gate.propose("db.query", RESOURCE, {})
    message = kafka_stage.message(pending.action_id)
    assert message.trace == "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
    plain = kafka_stage.gate.propose("db.query", RESOURCE, {})
    assert kafka_stage.message(plain.action_id).trace == ""


leaky = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""kafka-python leaves sockets of failed connections to the garbage collector."""


def gate(stage: KafkaStage, settings: KafkaSettings, journal: Path) -> Gate:
    return Gate(
        key_file=stage.stand_in.agent_key("nightly-export"),
        trust=stage.stand_in.trust,
        kafka=settings,
        journal=journal,
        timeout=2.0,
    )


@leaky
def test_a_broker_that_is_not_there_is_named_and_nothing_is_kept(kafka_stage: KafkaStage, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with gate(kafka_stage, KafkaSettings(bootstrap=address), tmp_path / "j") as alone:
        with pytest.raises(ClientError, match=rf"Kafka at {address}.*PLACET_KAFKA_BOOTSTRAP"):
            alone.propose("db.query", RESOURCE, {})
        assert alone.resume() == []
    gc.collect()


def test_a_user_without_the_right_is_told_so(kafka_stage: KafkaStage, tmp_path: Path) -> None:
    settings = kafka_stage.kafka.settings("executor")
    if settings.username is None:
        pytest.skip("this broker checks no access")
    sentence = r"does not let this user.*in the journal.*Do not propose it anew"
    with gate(kafka_stage, settings, tmp_path / "j") as wrong, pytest.raises(ClientError, match=sentence):
        wrong.propose("db.query", RESOURCE, {})
    with gate(kafka_stage, kafka_stage.kafka.settings("agent"), tmp_path / "j") as right:
        (pending,) = right.resume()
        kafka_stage.resolve(pending.action_id, "allowed")
        assert pending.wait(30).action_id == pending.action_id


@pytest.fixture
def node(tmp_path: Path, children: Children) -> Iterator[EmbeddedKafka]:
    broker = EmbeddedKafka(tmp_path / "n", password_files(tmp_path / "p", PRINCIPALS), children=children)
    with available():
        broker.start()
    with admin.operator(broker.settings("ops")) as client:
        admin.create(client)
    yield broker
    broker.stop()


@leaky
def test_a_broker_that_dies_and_comes_back_loses_no_outcome(node: EmbeddedKafka, tmp_path: Path) -> None:
    part = KafkaPart({name: node.settings(name) for name in node.users}, node.settings("ops"), node)
    stage = KafkaStage(tmp_path, part)
    before = stage.gate.propose("db.query", RESOURCE, {})
    late = stage.gate.propose("db.query", RESOURCE, {})
    stage.resolve(before.action_id, "allowed")
    before.wait(30)
    stage.message(late.action_id)
    node.kill()
    node.start()
    stage.resolve(late.action_id, "approved")
    assert late.wait(60).action_id == late.action_id
    assert stage.gate.outcome(late.action_id) is not None
    stage.close()
    gc.collect()


def test_what_lies_on_the_broker_is_the_events_and_nothing_else(kafka_stage: KafkaStage) -> None:
    pending = kafka_stage.gate.propose("db.query", RESOURCE, {"canary": "canary-7c1d"})
    message = kafka_stage.message(pending.action_id)
    assert message.topic == Topic.PROPOSED
    kafka_stage.resolve(pending.action_id, "allowed")
    granted = pending.wait(30)
    assert b"canary-7c1d" in granted.ticket.payload
    assert "canary-7c1d" not in repr(granted) + repr(pending) + granted.ticket.grant
