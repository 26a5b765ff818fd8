"""Gathers what `verdict` judges from wherever an action leaves a trace: journal, broker, tables, disk, export."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
from kafka import TopicPartition

from placet.catalogue import Topic
from placet.events import ExecutionStatus, Outcome
from placet.kafka_client import KafkaClient
from placet.kafka_settings import KafkaSettings
from services.ledger.decide import CONSUMED
from tests.crash.executor import RAN
from tests.crash.flow import Kind, number_in
from tests.crash.site import PATIENCE_SECONDS, Site
from tests.crash.verdict import Action, Facts


def gather(site: Site, export: Path, held: Path) -> tuple[Facts, dict[str, Any]]:
    """The facts, and the report of the offline verification against a checkpoint held since the start."""
    client = KafkaClient(KafkaSettings.load(Path(site.endpoints["kafka_file"])))
    with closing(client):
        unrecorded = _all_recorded(site, client)
        broker = {key for key, _ in _messages(client, Topic.PROPOSED)}
        resolved: dict[str, set[bytes]] = defaultdict(set)
        for key, value in _messages(client, Topic.RESOLVED):
            resolved[key].add(value)
        reports: dict[str, dict[str, ExecutionStatus]] = defaultdict(dict)
        for key, value in _messages(client, Topic.EXECUTED):
            data = json.loads(value)["data"]
            reports[key][data["attempt"]] = ExecutionStatus(data["status"])
    report = verify(site, export, held)
    facts = Facts(
        journal={action_id: _action(entry) for action_id, entry in site.journal().items()},
        broker=broker,
        rows=_rows(site),
        resolved=resolved,
        reports=reports,
        ran=Counter(map(int, (site.run / RAN).read_text().split())),
        unrecorded=unrecorded,
        ledger=tuple(f"{each['code']}: {each['sentence']}" for each in report["problems"]),
    )
    return facts, report


def hold(site: Site, held: Path) -> None:
    """Keep the ledger's head outside of it."""
    held.write_text(httpx.get(f"{site.endpoints['ledger']}/v1/checkpoint").raise_for_status().json()["note"])


def verify(site: Site, export: Path, held: Path) -> dict[str, Any]:
    """Export, and verify with the library's own command in a process that is told of nothing else."""
    with httpx.stream("GET", f"{site.endpoints['ledger']}/v1/export", timeout=600) as answer, export.open("wb") as file:
        for chunk in answer.raise_for_status().iter_bytes():
            file.write(chunk)
    command = [sys.executable, "-m", "placet", "ledger", "verify", str(export), "--json", "--held", str(held)]
    options = ["--root", str(site.endpoints["trust_root_file"])]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env={})
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _action(entry: Any) -> Action:
    said = json.loads(entry.payload)
    number = number_in(said["arguments"].get("sql") or said["arguments"]["destination"])
    return Action(Kind(said["purpose"]), number, None if entry.settled is None else entry.settled.outcome)


def _rows(site: Site) -> dict[str, Outcome]:
    with psycopg.connect(_text(site, "settle")) as connection:
        found = connection.execute("SELECT action_id::text, outcome FROM approver.outcomes").fetchall()
    return {action_id: Outcome(outcome) for action_id, outcome in found}


def _all_recorded(site: Site, client: KafkaClient) -> int:
    """How many messages have no entry, once the ledger has caught up or does not any more."""
    query = "SELECT topic, partition, count(*) FROM ledger.entries GROUP BY 1, 2"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with closing(client.consumer()) as consumer:
            places = [TopicPartition(str(t), p) for t in CONSUMED for p in consumer.partitions_for_topic(str(t))]
            ends = consumer.end_offsets(places)
        with psycopg.connect(_text(site, "ledger_reader")) as connection:
            entries = {(topic, number): count for topic, number, count in connection.execute(query)}
        left: int = sum(max(0, end - entries.get((at.topic, at.partition), 0)) for at, end in ends.items())
        if left == 0 or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def _messages(client: KafkaClient, topic: Topic) -> Iterator[tuple[str, bytes]]:
    """Key and value of everything on a topic."""
    with closing(client.consumer()) as consumer:
        places = [TopicPartition(str(topic), p) for p in consumer.partitions_for_topic(str(topic))]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any((consumer.position(at) or 0) < end for at, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    yield record.key.decode(), record.value


def _text(site: Site, role: str) -> str:
    return Path(site.endpoints["dsn_files"][role]).read_text().strip()
