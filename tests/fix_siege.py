"""A system under attack, one per module that asks: real keys of every party, each party's credentials, one victim.

What it needs: its own broker and database, because an attack leaves traces that other tests would find.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from examples.nightly_export.ledger import LedgerApi
from examples.nightly_export.reviewer import Reviewer
from placet import enrol
from placet.catalogue import CATALOGUE, SERVICE_ROLES, Role
from placet.gate import Gate
from placet.gate.pending import Pending
from placet.kafka_client import to_message
from placet.kafka_settings import KafkaSettings
from placet.key_folder import KeyFolder
from placet.keys import Signer
from placet.messages import Message
from placet.trust import Service, Trust, TrustDocument
from tests.factories import World, now
from tests.forgeries import Keys
from tests.systems import own_system

AGENT, OTHER, EXECUTOR = "nightly-export", "other-agent", "warehouse"
WAREHOUSE = "postgres://warehouse/customers"
_SAMPLE = re.compile(r"^(\w+?)(?:_total)?\{(.*)\} ([0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class RealWorld(World):
    """The world of the factories, with a running system's own keys and trust file."""

    folder: KeyFolder | None = None

    def trust(self, **_: Any) -> Trust:
        assert self.folder is not None
        return self.folder.trust()


@dataclass
class Siege:
    """A system that runs, and all that an attacker may hold."""

    found: dict[str, Any]
    home: KeyFolder
    world: RealWorld
    keys: Keys
    gate: Gate
    alice: Reviewer
    ledger: LedgerApi

    def kafka(self, principal: str) -> KafkaSettings:
        return KafkaSettings.load(Path(self.found["kafka_files"][principal]))

    # What an honest agent does.

    def ask(self) -> Pending:
        """An action that the policy allows."""
        sql = {"sql": "SELECT plan, count(*) FROM customers GROUP BY plan"}
        return self.gate.propose("db.query", WAREHOUSE, sql, "nightly totals")

    def ask_for_review(self) -> Pending:
        """An action that the policy holds."""
        arguments = {"table": "customers", "columns": ["id", "plan"], "destination": "s3://partner-bucket/x.csv"}
        pending = self.gate.propose("export.customers", WAREHOUSE, arguments, "monthly partner report")
        self.alice.open_review(pending.action_id)
        return pending

    # What is left.

    def messages(self, *topics: str) -> list[Message]:
        """Everything on these topics, in the order of each partition."""
        with contextlib.closing(KafkaConsumer(**self.kafka("ops").for_kafka_python(), check_crcs=False)) as consumer:
            places = [
                TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)
            ]
            ends = consumer.end_offsets(places)
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            seen: list[Message] = []
            while any(consumer.position(place) < ends[place] for place in places):
                for records in consumer.poll(timeout_ms=200).values():
                    seen += map(to_message, records)
            return seen

    def metric(self, service: str, name: str) -> Counter[tuple[str, ...]]:
        """Values of a counter by its labels' values, in the order of their names."""
        page = httpx.get(self.found["health"][service].replace("/healthz", "/metrics"), timeout=10).text
        return Counter({
            tuple(value for _, value in sorted(_LABEL.findall(labels))): int(float(number))
            for found, labels, number in _SAMPLE.findall(page)
            if found == name
        })  # fmt: skip

    def restarts(self) -> dict[str, int]:
        """How often each program was started again."""
        status = json.loads(Path(self.found["status_file"]).read_text())
        return {name: one["restarts"] for name, one in status.items() if one.get("restarts")}


def bad_keys(home: KeyFolder) -> tuple[dict[Role, Signer], dict[Role, Signer]]:
    """Give every role one key that was revoked and one that has expired, besides its own; return those."""
    at = now()
    revoked = {role: Signer.generate(f"/services/{role}") for role in SERVICE_ROLES}
    expired = {role: Signer.generate(f"/services/{role}") for role in SERVICE_ROLES}

    def more(document: TrustDocument) -> TrustDocument:
        services = {
            role: Service(
                keys=(
                    *service.keys,
                    enrol.trusted(revoked[role].public.jwk, now=at),
                    enrol.trusted(expired[role].public.jwk, now=at, life=timedelta(seconds=-1)),
                )
            )
            for role, service in document.services.items()
        }
        return TrustDocument(**{**dict(document), "version": document.version + 1, "services": services})

    home.edit(more)
    adding: dict[Role, tuple[str, Callable[..., TrustDocument], dict[str, Any]]] = {
        Role.AGENT: ("agents", enrol.add_agent, {"owner": "erin"}),
        Role.EXECUTOR: ("executors", enrol.add_executor, {"serves": ("s3://nowhere",)}),
    }
    for role, (kind, add, more_of_it) in adding.items():
        for held, name, life in ((revoked, "revoked", 60), (expired, "expired", -1)):
            key = held[role] = Signer.generate(f"/{kind}/{name}")
            home.edit(partial(add, name=name, jwk=key.public.jwk, now=at, life=timedelta(seconds=life), **more_of_it))
    for key in revoked.values():
        home.edit(partial(enrol.revoke_key, key_id=key.key_id, now=at))
    return revoked, expired


def all_keys(home: KeyFolder, world: RealWorld) -> Keys:
    revoked, expired = bad_keys(home)
    signers = [*world.services.values(), *world.agents.values(), *world.executors.values()]
    roles = {f"/services/{role}": role for role in SERVICE_ROLES}
    roles |= {f"/agents/{name}": Role.AGENT for name in world.agents}
    roles |= {f"/executors/{name}": Role.EXECUTOR for name in world.executors}
    return Keys({signer.principal: signer for signer in signers}, revoked, expired, roles)


@pytest.fixture(scope="module")
def siege() -> Iterator[Siege]:
    with ExitStack() as stack:
        system = stack.enter_context(own_system())
        stage, found = system.stage, system.endpoints
        home = KeyFolder(Path(found["keys"]))
        world = RealWorld(
            at=now(),
            root=Signer.load(home.folder / "root.key.json"),
            services={role: Signer.load(home.key_file("services", role)) for role in sorted(SERVICE_ROLES)},
            agents={name: Signer.load(home.key_file("agents", name)) for name in (AGENT, OTHER)},
            executors={EXECUTOR: Signer.load(home.key_file("executors", EXECUTOR))},
            folder=home,
        )
        keys = all_keys(home, world)
        gate = stack.enter_context(Gate.from_env(stage.agents[AGENT], journal=system.folder.parent / "journal"))
        alice = Reviewer.sign_in(
            desk=stage.desk,
            issuer=stage.issuer,
            client_id=stage.client_id,
            client_secret=stage.client_secret,
            person="alice",
        )
        stack.callback(alice.close)
        yield Siege(found, home, world, keys, gate, alice, system.ledger)


WRITES = {role: {spec.topic for spec in CATALOGUE.values() if role in spec.producers} for role in Role}
"""What the broker lets a role write."""
