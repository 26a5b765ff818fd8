"""Agents and executors under test: the topics of the catalogue with their access rules on the shared broker, and a
stage on which a gate's actions end as a test says, with everything real but the services.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from kafka import TopicPartition
from tenacity import retry, stop_after_delay, wait_fixed

from placet.catalogue import Topic
from placet.events import ActionExecuted, ActionFollowed, ActionProposed, Outcome
from placet.gate import Gate
from placet.gate.kafka import KafkaBroker
from placet.kafka_client import KafkaClient, partition_for, to_message
from placet.messages import Message, Outgoing
from placet.testing.broker import MemoryBroker
from placet.testing.fakes import FakeGate
from placet.testing.settle import Answer, StandIn
from placet.verify import verify
from tests.factories import now
from tests.fix_embedded import KafkaPart


class Stage(Protocol):
    """A gate, and the power to say how its actions end."""

    gate: Gate
    stand_in: StandIn

    def proposed(self, action_id: str) -> ActionProposed:
        """What arrived at the services under an id."""

    def resolve(self, action_id: str, outcome: str, **more: Any) -> None:
        """End an action."""

    def put(self, outgoing: Outgoing) -> None:
        """Lay any message on the broker."""

    def another(self) -> Gate:
        """A gate of the same agent with the same journal, as another process would have."""


class FakeStage:
    """On `FakeGate`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate = FakeGate(folder)
        self.stand_in = self.gate.stand_in
        for name in ("db.query", "db.grant"):
            self.gate.answer(name, "pending")

    def proposed(self, action_id: str) -> ActionProposed:
        return next(each for each in self.gate.proposed if each.action_id == action_id)

    def resolve(self, action_id: str, outcome: str, **more: Any) -> None:
        self.gate.resolve(action_id, outcome, **more)

    def put(self, outgoing: Outgoing) -> None:
        self.gate.log.append(outgoing)

    def another(self) -> Gate:
        return Gate(
            key_file=self.stand_in.agent_key("nightly-export"),
            trust=self.stand_in.trust,
            broker=MemoryBroker(self.gate.log),
            journal=self.folder / "journal",
        )

    def close(self) -> None:
        self.gate.close()


class KafkaStage:
    """On a real broker, with a thread that takes what agents send as settle would."""

    def __init__(self, folder: Path, kafka: KafkaPart) -> None:
        self.folder, self.kafka = folder, kafka
        self.stand_in = StandIn(folder / "keys", at=now(), agents=("nightly-export", "other-agent"))
        self._services = KafkaClient(kafka.settings("settle"))
        self._arrived: dict[str, Message] = {}
        self._resolved: set[str] = set()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        self.gate = self.another()

    def message(self, action_id: str) -> Message:
        """The proposal as it lies on the broker."""
        with self._changed:
            assert self._changed.wait_for(lambda: action_id in self._arrived, timeout=30)
            return self._arrived[action_id]

    def proposed(self, action_id: str) -> ActionProposed:
        data = verify(self.message(action_id), self.stand_in.trust.current(), now=now()).data
        assert isinstance(data, ActionProposed)
        return data

    def resolve(self, action_id: str, outcome: str, **more: Any) -> None:
        proposed, position = self.proposed(action_id), self.message(action_id).position
        with self._changed:
            self._resolved.add(action_id)
        answer = Answer(Outcome(outcome), **more)
        self.put(self.stand_in.resolve(proposed, answer, position=position, now=now()))

    def put(self, outgoing: Outgoing) -> None:
        self._services.publish(outgoing)

    def another(self) -> Gate:
        return Gate(
            key_file=self.stand_in.agent_key("nightly-export"),
            trust=self.stand_in.trust,
            broker=KafkaBroker(self.kafka.settings("agent")),
            journal=self.folder / "journal",
        )

    def close(self) -> None:
        self.gate.close()
        self._stop.set()
        self._thread.join(30)
        self._services.close()

    def _listen(self) -> None:
        # As the operator: settle itself reads single proposals, and follows by group.
        with contextlib.closing(
            KafkaClient(self.kafka.settings("ops")).consumer(auto_offset_reset="latest", fetch_max_wait_ms=30)
        ) as consumer:
            topics = [str(Topic.PROPOSED), str(Topic.FOLLOWED)]
            consumer.assign([TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t)])
            consumer.seek_to_end()
            for partition in consumer.assignment():
                consumer.position(partition)
            self._ready.set()
            while not self._stop.is_set():
                for records in consumer.poll(timeout_ms=50).values():
                    for record in records:
                        self._take(to_message(record))

    def _take(self, message: Message) -> None:
        action_id = (message.key or b"").decode()
        if message.topic == Topic.PROPOSED:
            with self._changed:
                self._arrived[action_id] = message
                self._changed.notify_all()
            return
        data = verify(message, self.stand_in.trust.current(), now=now()).data
        if isinstance(data, ActionFollowed) and action_id not in self._resolved:
            self.resolve(action_id, "withdrawn", code="withdrawn", sentence="The agent withdrew the action.")


def reports(stage: KafkaStage, action_id: str) -> list[ActionExecuted]:
    """Every report about an action, read from the broker."""
    with contextlib.closing(KafkaClient(stage.kafka.settings("ops")).consumer()) as consumer:
        count = len(consumer.partitions_for_topic(str(Topic.EXECUTED)))
        where = TopicPartition(str(Topic.EXECUTED), partition_for(action_id, count))
        consumer.assign([where])
        consumer.seek_to_beginning(where)
        end = consumer.end_offsets([where])[where]
        found: list[Any] = []
        while (consumer.position(where) or 0) < end:
            found += consumer.poll(timeout_ms=500).get(where, [])
    trust = stage.stand_in.trust.current()
    return [verify(to_message(record), trust, now=now()).data for record in found if record.key == action_id.encode()]


@retry(stop=stop_after_delay(30), wait=wait_fixed(0.1), reraise=True)
def reported(stage: KafkaStage, action_id: str, *expected: tuple[str, str]) -> None:
    assert [(str(report.status), report.code) for report in reports(stage, action_id)] == list(expected)


@pytest.fixture
def kafka_stage(topics: KafkaPart, tmp_path: Path) -> Iterator[KafkaStage]:
    """A stage on the real broker."""
    with contextlib.closing(KafkaStage(tmp_path, topics)) as stage:
        yield stage


@pytest.fixture
def fake_stage(tmp_path: Path) -> Iterator[FakeStage]:
    """A stage in memory."""
    with contextlib.closing(FakeStage(tmp_path)) as stage:
        yield stage
