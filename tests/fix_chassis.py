"""A trivial stream service (tests.chassis_worker) as a real process on the test broker: the fixture `rig`.

One world of keys per session, so that what one test leaves behind verifies in the next and is told apart by its key.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from infra.children import ROOT
from placet.catalogue import CATALOGUE, Topic
from placet.kafka_settings import KafkaSettings
from placet.messages import Outgoing
from tests.factories import World, now

if TYPE_CHECKING:
    from tests.fix_embedded import KafkaPart  # a plugin too: importing it here would keep pytest from rewriting it

PATIENCE_SECONDS = 45.0
TOPICS = (str(Topic.CLASSIFIED), CATALOGUE[Topic.CLASSIFIED].dead_letters, str(Topic.DECIDED), str(Topic.FAILED))


class Worker:
    """The process, its log and its pages."""

    def __init__(self, environment: dict[str, str], log: Path, module: str = "tests.chassis_worker") -> None:
        self.log = log
        self.started = time.monotonic()
        with log.open("ab") as output:
            self.process = subprocess.Popen([sys.executable, "-m", module], env=environment, cwd=ROOT, stderr=output)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]

    def page(self, path: str) -> tuple[int, str]:
        """Status and body of one of its pages; status 0 while nothing answers."""
        ports = [line["port"] for line in self.logged("http_listening")]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[-1]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (IndexError, OSError):
            return 0, ""

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait for its end; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


class Rig:
    """Sends classified events and collects what comes of them."""

    def __init__(self, kafka: KafkaPart, world: World, keys: Path, folder: Path) -> None:
        self.kafka, self.world, self.keys, self._folder = kafka, world, keys, folder
        self._positions: dict[TopicPartition, int] = {}
        self.connect()
        self._workers: list[Worker] = []
        self.seen: list[Any] = []
        """Every record since the rig was made, in order of arrival."""

    def connect(self) -> None:
        settings: KafkaSettings = self.kafka.settings()
        self._producer: Any = KafkaProducer(**settings.for_kafka_python(), linger_ms=0)
        self._consumer: Any = KafkaConsumer(**settings.for_kafka_python(), enable_auto_commit=False)
        partitions = [
            TopicPartition(topic, number)
            for topic in TOPICS
            for number in sorted(self._consumer.partitions_for_topic(topic))
        ]
        self._consumer.assign(partitions)
        self._positions = self._positions or self._consumer.end_offsets(partitions)
        for partition, offset in self._positions.items():
            self._consumer.seek(partition, offset)

    def disconnect(self) -> None:
        """For a while in which there is no broker; `connect` reads on from here."""
        self._positions = {partition: self._consumer.position(partition) for partition in self._positions}
        self._producer.close()
        self._consumer.close()

    def start(self, instance: str = "1", module: str = "tests.chassis_worker", **environment: str) -> Worker:
        given = {
            **os.environ,
            **self.kafka.settings("policy").to_env(),
            "PLACET_TRUST_FILE": str(self.keys / "trust.json"),
            "PLACET_TRUST_ROOT_FILE": str(self.keys / "root.pub.json"),
            "PLACET_SIGNING_KEY_FILE": str(self.keys / "services" / "policy.key.json"),
            "PLACET_HTTP_PORT": "0",
            "PLACET_INSTANCE": instance,
            **environment,
        }
        worker = Worker(given, self._folder / f"worker-{len(self._workers)}.log", module)
        self._workers.append(worker)
        return worker

    def classified(self, name: str = "db.query", **changes: Any) -> Outgoing:
        return self.world.seal(self.world.classified(self.world.proposed(name=name, **changes)), time=now())

    def send(self, *messages: Outgoing, headers: Sequence[tuple[str, bytes]] | None = None) -> None:
        for message in messages:
            sent = message.headers if headers is None else list(headers)
            self._producer.send(message.topic, key=message.key, value=message.value, headers=sent)
        self._producer.flush()

    def of(self, topic: str, keys: Iterable[bytes] | None = None) -> list[Any]:
        """Records of a topic seen so far."""
        wanted = None if keys is None else set(keys)
        return [r for r in self.seen if r.topic == topic and (wanted is None or r.key in wanted)]

    def until(self, enough: Callable[[], Any], *, within: float = PATIENCE_SECONDS) -> None:
        """Read on until `enough()` is true."""
        end = time.monotonic() + within
        while not enough():
            assert time.monotonic() < end, f"not so after {within:.0f} s"
            for records in self._consumer.poll(timeout_ms=100).values():
                self.seen += records

    def decided(self, messages: Sequence[Outgoing], *, within: float = PATIENCE_SECONDS) -> list[Any]:
        """Read on until each of the messages' actions was decided; returns the decisions, duplicates included."""
        keys = {message.key for message in messages}
        self.until(lambda: keys <= {r.key for r in self.of(Topic.DECIDED)}, within=within)
        return self.of(Topic.DECIDED, keys)

    def close(self) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.kill()
            worker.process.wait()
        self.disconnect()


@pytest.fixture(scope="session")
def chassis_keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """Who signs, and the folder of their keys."""
    world = World(at=now())
    return world, world.save(tmp_path_factory.mktemp("chassis-keys"))


@pytest.fixture
def rig(topics: KafkaPart, chassis_keys: tuple[World, Path], tmp_path: Path) -> Iterator[Rig]:
    """Start workers with `rig.start()`; they are ended with the test."""
    made = Rig(topics, *chassis_keys, tmp_path)
    yield made
    made.close()
