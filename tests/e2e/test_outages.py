"""PostgreSQL and the broker each gone for a minute while actions are proposed: waited for by name, made good alone.

A system of its own: the shared one serves other tests meanwhile. Nobody mends anything here; the system starts its own
parts again, and all that is held back is that start.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from kafka import TopicPartition
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from examples.nightly_export.demo import open_world
from examples.nightly_export.scenarios import EXPORT, SCENARIOS, WAREHOUSE, AgentProcess, World
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.postgres import EmbeddedPostgres
from placet.catalogue import Topic
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
from tests.e2e.test_demonstration import verify
from tests.systems import RunningSystem, own_system

AWAY_SECONDS = 60.0
APART_SECONDS = 15.0
PATIENCE_SECONDS = 120.0

QUERY: Final[dict[str, Any]] = {"name": "db.query", "resource": WAREHOUSE, "purpose": "nightly totals"}
ALLOWED: Final[dict[str, Any]] = {**QUERY, "arguments": {"sql": "SELECT plan, count(*) FROM customers GROUP BY plan"}}
DENIED: Final[dict[str, Any]] = {**QUERY, "arguments": {"sql": "DROP TABLE customers"}}
EXPORTED: Final[dict[str, Any]] = {
    "name": "export.customers",
    "resource": WAREHOUSE,
    "purpose": "monthly partner report",
    "arguments": {"table": "customers", "columns": ["id", "email"], "destination": EXPORT},
}


class Outage:
    """Ends a part, and holds back its next start for as long as it is away."""

    def __init__(self, kind: type[EmbeddedKafka | EmbeddedPostgres], patch: pytest.MonkeyPatch) -> None:
        self._may_start = threading.Event()
        self._may_start.set()
        start: Callable[[Any], None] = kind.start

        def held_back(part: Any) -> None:
            self._part = part
            self._may_start.wait(3 * AWAY_SECONDS)
            start(part)

        patch.setattr(kind, "start", held_back)

    def begin(self) -> None:
        self._may_start.clear()
        self._part.kill()
        self._since = time.monotonic()

    def end(self) -> None:
        """Not before its time."""
        time.sleep(max(0.0, self._since + AWAY_SECONDS - time.monotonic()))
        assert self._part.pid is None, "it was away all the time"
        self._may_start.set()


@dataclass(frozen=True)
class Site:
    """A running system whose parts can be taken away."""

    system: RunningSystem
    world: World
    postgres: Outage
    broker: Outage

    def page(self, service: str, name: str) -> str:
        url = self.system.endpoints["health"][service].replace("/healthz", name)
        with suppress(httpx.HTTPError):
            return httpx.get(url, timeout=5).text
        return ""

    def until_it_says(self, service: str, dependency: str) -> None:
        waiting = f"waiting for {dependency}"
        look = Retrying(
            retry=retry_if_result(lambda page: waiting not in page),
            stop=stop_after_delay(AWAY_SECONDS),
            wait=wait_fixed(0.2),
        )
        look(self.page, service, "/readyz")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        postgres, broker = Outage(EmbeddedPostgres, patch), Outage(EmbeddedKafka, patch)
        system = stack.enter_context(own_system())
        world = open_world(system.stage, stack, say=lambda _: None)
        yield Site(system, world, postgres, broker)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_minute_without_the_database_and_without_the_broker(site: Site, tmp_path: Path) -> None:
    held, export = tmp_path / "checkpoint", tmp_path / "ledger.ndjson"
    agent, other = site.world.agent, site.world.other_agent
    assert all(claim.holds for claim in SCENARIOS[0].play(site.world))
    held.write_text(site.system.ledger.checkpoint())
    to_approve = agent.ask("propose", **EXPORTED)["action_id"]
    site.world.people["alice"].open_review(to_approve)
    before = [agent.ask("propose", **wish)["action_id"] for wish in (ALLOWED, DENIED) * 3]

    site.postgres.begin()
    without_database = [agent.ask("propose", **wish)["action_id"] for wish in (ALLOWED, DENIED, ALLOWED)]
    for service in ("settle", "ledger-writer"):
        site.until_it_says(service, "postgres")
    assert httpx.get(f"{site.system.endpoints['ledger']}/v1/entries", timeout=60).status_code == 503
    time.sleep(APART_SECONDS)
    for action_id in without_database:
        answer = agent.ask("wait", action_id=action_id, seconds=0)
        assert answer["outcome"] == "pending", "nothing is granted that is not written"

    site.broker.begin()
    with ThreadPoolExecutor(2) as side_by_side:
        proposing = [side_by_side.submit(insist, agent, ALLOWED), side_by_side.submit(insist, other, DENIED)]
        for service in ("classifier", "policy", "settle", "ledger-writer"):
            site.until_it_says(service, "kafka")
        site.postgres.end()
        assert not any(map(Future.done, proposing))
        site.broker.end()
        allowed, denied = (future.result() for future in proposing)

    wanted = {
        **dict(zip(before, ["allowed", "denied"] * 3, strict=True)),
        **dict(zip(without_database, ["allowed", "denied", "allowed"], strict=True)),
        allowed: "allowed",
        denied: "denied",
    }
    seen = {
        action_id: (other if action_id == denied else agent).ask("wait", action_id=action_id, seconds=PATIENCE_SECONDS)
        for action_id in wanted
    }
    assert {action_id: answer["outcome"] for action_id, answer in seen.items()} == wanted
    assert site.world.people["alice"].approve(to_approve, "The monthly report, as agreed.").status_code == 200
    assert agent.ask("wait", action_id=to_approve, seconds=PATIENCE_SECONDS)["outcome"] == "approved"
    for action_id in (to_approve, allowed, without_database[0]):
        assert agent.ask("run", action_id=action_id)["status"] == "succeeded"
    assert all(claim.holds for claim in SCENARIOS[0].play(site.world)), "a good action is allowed, and runs"

    site.system.ledger.wait_until_quiet()
    resolved = of_topic(site, Topic.RESOLVED)
    assert {to_approve, *wanted} <= set(resolved)
    assert {action_id: len(values) for action_id, values in resolved.items() if len(values) != 1} == {}
    export.write_bytes(site.system.ledger.export())
    status, report = verify(site.system, export, held)
    assert (status, report["problems"]) == (0, [])


def insist(agent: AgentProcess, wish: dict[str, Any]) -> str:
    """Propose; where the broker could not even be asked where to look for an outcome, again."""
    for _ in range(100):
        try:
            return str(agent.ask("propose", **wish)["action_id"])
        except RuntimeError as error:
            if "is in the journal" in str(error):
                raise
            time.sleep(0.5)
    raise AssertionError("the broker did not come back")


def of_topic(site: Site, topic: Topic) -> dict[str, set[bytes]]:
    """Every different value on a topic, by key."""
    found: dict[str, set[bytes]] = defaultdict(set)
    client = KafkaClient(KafkaSettings.load(Path(site.system.endpoints["kafka_file"])))
    with closing(client), closing(client.consumer()) as consumer:
        places = [TopicPartition(str(topic), each) for each in consumer.partitions_for_topic(str(topic))]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any((consumer.position(at) or 0) < end for at, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    found[record.key.decode()].add(record.value)
    return found
