"""The ledger's two processes as they run: real Kafka, real PostgreSQL, killed in the middle, taken over, verified."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import tenacity
from click.testing import CliRunner
from kafka import KafkaConsumer, KafkaProducer

from placet.audit.report import Report
from placet.audit.verifier import verify_export
from placet.catalogue import Role, Topic
from placet.checkpoint import CheckpointError, VerifierKey, verify_checkpoint
from placet.messages import SIGNATURE_HEADER, Message
from services.ledger.cli import ledger as commands
from tests.factories import World, now
from tests.fix_embedded import KafkaPart
from tests.fix_ledger import LedgerDatabase
from tests.ledgers import MemoryLedger

ORIGIN = "placet.test/processes"
SECONDS = 90


def until(check: Callable[[], bool], what: str) -> None:
    """Wait for a condition; a sentence instead of a silent timeout."""
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_delay(SECONDS),
        wait=tenacity.wait_fixed(0.1),
        retry=tenacity.retry_if_result(lambda found: not found) | tenacity.retry_if_exception_type(httpx.HTTPError),
    )
    try:
        retrying(check)
    except tenacity.RetryError as error:
        raise AssertionError(f"after {SECONDS} s still not: {what}") from error


def get(url: str, **more: Any) -> httpx.Response:
    """Ask, with patience for a busy machine."""
    return httpx.get(url, timeout=30, trust_env=False, **more)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """One ledger on the shared broker, and the processes of this test."""

    kafka: KafkaPart
    database: LedgerDatabase
    folder: Path
    world: World
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, role: str, **settings: str) -> tuple[subprocess.Popen[bytes], int]:
        port = free_port()
        kafka_file = self.folder / "kafka.json"
        kafka_file.write_text(self.kafka.settings("ops").model_dump_json())
        environment = {
            "PATH": os.environ["PATH"],
            "PLACET_ENV": "dev",
            "PLACET_HTTP_PORT": str(port),
            "PLACET_KAFKA_FILE": str(kafka_file),
            "PLACET_TRUST_FILE": str(self.folder / "trust.json"),
            "PLACET_TRUST_ROOT_FILE": str(self.folder / "root.pub.json"),
            "PLACET_SIGNING_KEY_FILE": str(self.folder / "services" / "ledger.key.json"),
            "PLACET_DATABASE_DSN_FILE": str(self.database.file("writer" if role == "writer" else "reader")),
            "PLACET_LEDGER_ORIGIN": ORIGIN,
            "PLACET_CHECKPOINT_SECONDS": "0.5",
            "PLACET_SESSION_TIMEOUT_SECONDS": "6",
            **settings,
        }
        log = (self.folder / f"{role}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "services.ledger", role], env=environment, stderr=log)
        log.close()
        self.processes.append(process)
        return process, port

    def publish(self, messages: list[Message]) -> list[tuple[str, int, int]]:
        """Returns where each lies: topic, partition, offset."""
        producer = KafkaProducer(**self.kafka.client(), acks="all")
        try:
            sent = []
            for message in messages:
                headers = [] if message.signature is None else [(SIGNATURE_HEADER, message.signature)]
                sent.append(producer.send(message.topic, key=message.key, value=message.value, headers=headers))
            found = [one.get(timeout=SECONDS) for one in sent]
        finally:
            producer.close()
        return [(one.topic, one.partition, one.offset) for one in found]

    def entry_at(self, position: tuple[str, int, int]) -> int | None:
        """The number of the entry about a message, None where there is none yet."""
        query = 'SELECT seq FROM ledger.entries WHERE topic = %s AND partition = %s AND "offset" = %s'
        with psycopg.connect(self.database.reader) as connection:
            row = connection.execute(query, position).fetchone()
        return None if row is None else int(row[0])

    def recorded(self) -> int:
        """Events of this test's world in the ledger; topics catch up in no order, so only all of them are whole."""
        query = "SELECT count(*) FROM ledger.entries WHERE event_id IS NOT NULL"
        with psycopg.connect(self.database.reader) as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def verified(self, url: str, held: bytes | None = None) -> Report:
        """The export of a quiet ledger, audited."""
        with httpx.stream("GET", f"{url}/v1/export", timeout=60, trust_env=False) as response:
            lines = [line.encode() for line in response.iter_lines()]
        return verify_export(lines, self.world.root.public, held=held)


@pytest.fixture
def site(topics: KafkaPart, ledger_database: LedgerDatabase, tmp_path: Path) -> Iterator[Site]:
    world = World(at=now())
    folder = world.save(tmp_path / "site")
    made = Site(topics, ledger_database, folder, world)
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def messages(world: World, actions: int) -> list[Message]:
    """Whole stories, in the order they happened."""
    ledger = MemoryLedger(world)
    for number in range(actions):
        ledger.ran(ledger.reviewed() if number % 3 == 0 else ledger.allowed())
    return ledger.messages


def test_killed_in_the_middle_taken_over_and_nothing_lost_or_doubled(site: Site) -> None:
    _, api = site.start("api")
    url = f"http://127.0.0.1:{api}"
    first, _ = site.start("writer", PLACET_BATCH="16")
    standby, standby_port = site.start("writer", PLACET_BATCH="16")
    until(lambda: get(f"{url}/v1/checkpoint").is_success, "the trust file recorded")

    before, after = messages(site.world, 12), messages(site.world, 8)
    site.publish(before)
    until(lambda: site.recorded() >= 10, "some events recorded")
    active, other = (first, standby) if first.poll() is None else (standby, first)
    active.kill()
    held = get(f"{url}/v1/checkpoint").json()["note"].encode()
    site.publish(after)
    until(lambda: site.recorded() >= len(before) + len(after), "everything recorded by the other writer")
    assert other.poll() is None

    found = site.verified(url, held)
    assert found.problems == []
    assert (found.chains, found.runs) == (20, 20)
    assert found.held.startswith("extends the one you hold")
    with psycopg.connect(site.database.reader) as connection:
        query = "SELECT count(*), count(DISTINCT event_id) FROM ledger.entries WHERE event_id IS NOT NULL"
        row = connection.execute(query).fetchone()
    assert row is not None
    assert row[0] == row[1]
    assert get(f"http://127.0.0.1:{standby_port}/healthz").status_code == 200

    other.send_signal(signal.SIGTERM)
    assert other.wait(timeout=20) == 0


def test_what_is_forged_is_named_and_the_head_is_published(site: Site) -> None:
    canary = f"canary-{uuid.uuid4().hex}".encode()
    [forged] = site.publish([Message(Topic.DECIDED, 0, 0, b"key", canary, None)])
    site.publish(whole := messages(site.world, 2))
    writer, _ = site.start("writer")
    _, api = site.start("api")
    url = f"http://127.0.0.1:{api}"
    until(lambda: site.recorded() >= len(whole), "both actions recorded")

    # It lies in another partition, which may be read later, and among what other tests left on the shared broker.
    until(lambda: site.entry_at(forged) is not None, "the forged message recorded")
    entry = f"{url}/v1/entries/{site.entry_at(forged)}"
    until(lambda: get(entry).is_success, "the API answering")
    assert get(entry).json()["refused"] == "unsigned"
    with psycopg.connect(site.database.reader) as connection:
        query = "SELECT count(*) FROM ledger.entry_values WHERE position(%s in value) > 0"
        assert connection.execute(query, (canary,)).fetchone() == (0,)

    key = VerifierKey(name=ORIGIN, public=site.world.services[Role.LEDGER].public.raw)
    newest = get(f"{url}/v1/checkpoint").json()
    consumer = KafkaConsumer(
        Topic.CHECKPOINTED, **site.kafka.client(), auto_offset_reset="earliest", consumer_timeout_ms=SECONDS * 1_000
    )
    heads = (json.loads(record.value)["data"] for record in consumer)

    def ours(head: dict[str, Any]) -> bool:
        """Other ledgers of this name have published on this broker, each with a key of its own."""
        with contextlib.suppress(CheckpointError):
            return head["size"] >= newest["size"] and verify_checkpoint(head["note"].encode(), [key]) is not None
        return False

    # Not every head is published, but one that covers this one will be.
    head = next(filter(ours, heads))
    consumer.close()
    told = verify_checkpoint(head["note"].encode(), [key])
    assert get(f"{url}/v1/checkpoint", params={"size": told.size}).json()["note"] == head["note"]
    writer.send_signal(signal.SIGTERM)
    assert writer.wait(timeout=20) == 0


def test_the_commands_against_the_running_api(site: Site, tmp_path: Path) -> None:
    site.start("writer")
    _, api = site.start("api")
    url = f"http://127.0.0.1:{api}"
    site.publish(whole := messages(site.world, 4))
    until(lambda: site.recorded() >= len(whole), "four actions recorded")
    until(lambda: get(f"{url}/v1/checkpoint").is_success, "the API answering")

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(commands, [*arguments], env={"PLACET_LEDGER_URL": url}, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    entries = json.loads(run("entries", "--outcome", "approved", "--json").stdout)["entries"]
    assert {entry["topic"] for entry in entries} == {Topic.RESOLVED, Topic.REVIEWS}
    action = entries[0]["action_id"]
    told = run("show", action).stdout
    assert "review voted by alice" in told
    assert "durations: classify" in told
    assert "is in the tree of" in run("proof", str(entries[0]["seq"])).stdout
    root = str(site.folder / "root.pub.json")
    export, note = tmp_path / "ledger.ndjson", tmp_path / "last.note"
    run("export", "--output", str(export))
    assert run("verify", str(export), "--root", root, "--remember", str(note)).stdout.endswith("0 problems\n")
    assert "extends the one you hold" in run("verify", str(export), "--root", root, "--remember", str(note)).stdout
    assert run("fsck", "--dsn-file", str(site.database.file("reader")), "--root", root).stdout.endswith("0 problems\n")
    cut = tmp_path / "cut.ndjson"
    cut.write_bytes(b"".join(export.read_bytes().splitlines(keepends=True)[:-3]))
    result = CliRunner().invoke(commands, ["verify", str(cut), "--root", root, "--held", str(note), "--json"])
    assert result.exit_code == 1
    assert "truncated" in {problem["code"] for problem in json.loads(result.stdout)["problems"]}


def test_the_live_stream_sends_each_entry_once(site: Site) -> None:
    site.start("writer")
    _, api = site.start("api")
    url = f"http://127.0.0.1:{api}"
    until(lambda: get(f"{url}/v1/checkpoint").is_success, "the trust file recorded")
    site.publish(whole := messages(site.world, 3))
    numbers: list[int] = []
    with httpx.stream("GET", f"{url}/v1/stream?after=-1", timeout=SECONDS, trust_env=False) as response:
        for line in response.iter_lines():
            if line.startswith("id: "):
                numbers.append(int(line[4:]))
            if len(numbers) == 1 + len(whole):  # the trust file's entry came first
                break
    assert numbers == list(range(1 + len(whole)))
    missed = httpx.stream("GET", f"{url}/v1/stream", headers={"Last-Event-ID": "4"}, timeout=SECONDS, trust_env=False)
    with missed as response:
        again = next(line for line in response.iter_lines() if line.startswith("id: "))
    assert again == "id: 5"
