"""Everybody against one action that waits for its reviewer: every forgery, on every topic, with every party's access.

First with each party's own Kafka credentials, then the same bytes past the broker's rules, as if it were taken over.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError
from tenacity import retry, stop_after_delay, wait_fixed

from infra.principals import AUDITOR
from placet.audit.verifier import verify_export
from placet.catalogue import CATALOGUE, SERVICE_ROLES, Role, Topic
from placet.errors import ContractError
from placet.events import Outcome
from placet.gate.pending import Pending
from placet.messages import Message, decode
from placet.outcomes import Allowed, Approved
from placet.trust_store import load_root
from placet.verify import verify
from tests.factories import now
from tests.fix_siege import OTHER, WRITES, Siege
from tests.forgeries import Forgery, dangerous, forgeries, of_another_agent

pytestmark = pytest.mark.timeout(300)

PARTIES = (*map(str, Role), AUDITOR)
OPERATOR = "ops"
READERS = {
    Topic.PROPOSED: "classifier",
    Topic.CLASSIFIED: "policy",
    Topic.DECIDED: "settle",
    Topic.FAILED: "settle",
    Topic.FOLLOWED: "settle",
}
"""Topics that a stream service reads: it puts aside and counts what it does not believe."""
RECORDED = tuple(topic for topic, spec in CATALOGUE.items() if Role.LEDGER in spec.consumers)
GROUPS = {
    **{service: [topic for topic, reader in READERS.items() if reader == service] for service in READERS.values()},
    "ledger": RECORDED,
}
eventually = retry(stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)


@dataclass(frozen=True)
class Battle:
    """What happened to the victim."""

    before: Pending
    victim: Pending
    refused: dict[tuple[str, Topic], list[Any]]
    landed: Counter[Forgery]


def written(siege: Siege, principal: str, topic: Topic, wanted: Sequence[Forgery]) -> tuple[list[Any], list[Forgery]]:
    """Write with somebody's credentials; returns the broker's refusals, and what it took."""
    settings = siege.kafka(principal).for_kafka_python()
    refused: list[Any] = []
    taken = []
    # The client is slow at checksums of large messages: they travel compressed, and the broker opens them.
    more = {"max_block_ms": 30_000, "enable_idempotence": False, "compression_type": "gzip"}
    with contextlib.closing(KafkaProducer(**settings, **more)) as producer:
        sent = []
        for one in wanted:
            try:
                sent.append((one, producer.send(topic, key=one.key, value=one.value, headers=one.headers)))
            except TopicAuthorizationFailedError as error:
                return [error], []  # not even told about: it is the topic that is closed, whatever the bytes
        for one, future in sent:
            try:
                future.get(timeout=30)
                taken.append(one)
            except TopicAuthorizationFailedError as error:
                refused.append(error)
    return refused, taken


@pytest.fixture(scope="module")
def battle(siege: Siege) -> Battle:
    before, victim = siege.ask(), siege.ask_for_review()
    assert isinstance(before.outcome(60), Allowed)
    siege.ledger.wait_until_quiet()
    everything = siege.messages(*Topic)
    names = {before.action_id.encode(), victim.action_id.encode()}
    genuine = [message for message in everything if message.key in names]
    (proposal,) = (m for m in genuine if (m.topic, m.key) == (Topic.PROPOSED, victim.action_id.encode()))
    attacks = _attacks(siege, proposal, genuine)
    pairs = [(party, topic) for party in PARTIES for topic in Topic]
    landed: Counter[Forgery] = Counter()
    with ThreadPoolExecutor(4) as threads:
        answers = dict(
            zip(pairs, threads.map(lambda pair: written(siege, pair[0], pair[1], attacks[pair[1]]), pairs), strict=True)
        )
        for _, taken in answers.values():
            landed.update(taken)
        for _, taken in threads.map(lambda topic: written(siege, OPERATOR, topic, attacks[topic]), Topic):
            landed.update(taken)
    assert set(landed) == {one for topic in Topic for one in attacks[topic]}, "the operator stands above the rules"
    return Battle(before, victim, {pair: refused for pair, (refused, _) in answers.items()}, landed)


def _attacks(siege: Siege, proposal: Message, genuine: Sequence[Message]) -> dict[Topic, list[Forgery]]:
    world, keys = siege.world, siege.keys
    proposed: Any = decode(proposal.value, CATALOGUE[Topic.PROPOSED]).data
    digest = world.trust().digest
    found = {}
    for topic, data in dangerous(world, proposed, proposed.agent).items():
        role = Role.POLICY if topic is Topic.FAILED else next(iter(CATALOGUE[topic].producers))
        rightful = {
            Role.AGENT: world.agents[proposed.agent],
            Role.EXECUTOR: world.executors["warehouse"],
            **world.services,
        }[role]
        found[topic] = list(forgeries(data, rightful, keys, genuine, digest))
    for topic in (Topic.PROPOSED, Topic.FOLLOWED):
        found[topic] += of_another_agent(world, topic, proposed, world.agents[OTHER], digest)
    return found


def test_the_broker_lets_each_party_write_its_own_topics_and_no_other(battle: Battle) -> None:
    may = {(party, topic): party != AUDITOR and topic in WRITES[Role(party)] for party in PARTIES for topic in Topic}
    assert {pair: not refused for pair, refused in battle.refused.items()} == may


def test_ten_megabytes_are_refused_on_every_topic(siege: Siege) -> None:
    settings = siege.kafka(OPERATOR).for_kafka_python()
    # Compressed on the way, for the client is slow at large ones; tests/integration tries it as it is.
    more = {"max_request_size": 20_000_000, "compression_type": "gzip"}
    with contextlib.closing(KafkaProducer(**settings, **more)) as producer:
        for topic in Topic:
            with pytest.raises(MessageSizeTooLargeError):
                producer.send(topic, b"{" * 10_000_000).get(timeout=30)


def test_every_attempt_is_counted_where_it_is_read(siege: Siege, battle: Battle) -> None:
    expected: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in READERS.values()}
    for one, times in battle.landed.items():
        if one.topic in READERS and one.code is not None and one.readable:
            expected[READERS[one.topic]][one.code, one.producer, str(one.topic)] += times

    @eventually
    def counted() -> None:
        for service, wanted in expected.items():
            assert siege.metric(service, "placet_dead_letters") == wanted

    counted()
    claims = siege.metric("settle", "placet_claims_refused")
    assert min(claims[kind,] for kind in ("ends", "withdraws")) > 0, claims


def test_every_attempt_is_in_the_ledger_by_its_cause(siege: Siege, battle: Battle) -> None:
    expected: Counter[tuple[str, ...]] = Counter()
    for one, times in battle.landed.items():
        if one.topic in RECORDED and one.code is not None:
            expected[one.code, str(one.topic)] += times

    @eventually
    def counted() -> None:
        assert siege.metric("ledger-writer", "placet_entries_refused") == expected

    counted()
    siege.ledger.wait_until_quiet()
    lines = siege.ledger.export().splitlines(keepends=True)
    report = verify_export(lines, load_root(siege.home.root_file))
    assert (report.refused, report.problems) == (expected.total(), [])


def test_nothing_was_lost_stopped_or_left_behind(siege: Siege, battle: Battle) -> None:
    assert battle.landed
    after = siege.ask()
    assert isinstance(after.outcome(60), Allowed)
    assert siege.restarts() == {}
    _read_to_the_end(siege)


@eventually
def _read_to_the_end(siege: Siege) -> None:
    """Every group has acknowledged everything, all that was forged included."""
    settings = siege.kafka(OPERATOR).for_kafka_python()
    with contextlib.closing(KafkaAdminClient(**settings)) as admin:
        done: dict[str, Any] = admin.list_group_offsets(list(GROUPS))
    with contextlib.closing(KafkaConsumer(**settings)) as consumer:
        for group, topics in GROUPS.items():
            ends = consumer.end_offsets(
                [TopicPartition(topic, number) for topic in topics for number in consumer.partitions_for_topic(topic)]
            )
            behind = {place: end for place, end in ends.items() if end and done[group][place].offset < end}
            assert behind == {}, group


def test_the_victim_has_the_one_outcome_that_its_reviewer_gave(siege: Siege, battle: Battle) -> None:
    victim, before = battle.victim, battle.before
    assert victim.outcome(0) is None, "all of it was read by the gate, and none of it believed"
    assert siege.alice.approve(victim.action_id, "As agreed.").status_code == 200
    settled = victim.outcome(60)
    assert isinstance(settled, Approved)
    believed: dict[str, set[bytes]] = {}
    for message in siege.messages(Topic.RESOLVED):
        if _believed(siege, message):
            believed.setdefault((message.key or b"").decode(), set()).add(message.value)
    assert {len(values) for values in believed.values()} == {1}
    superuser = Path(siege.found["dsn_files"]["superuser"]).read_text().strip()
    settle = psycopg.conninfo.conninfo_to_dict(Path(siege.found["dsn_files"]["settle"]).read_text().strip())
    with psycopg.connect(superuser, dbname=str(settle["dbname"])) as connection:
        rows = connection.execute("SELECT action_id::text, outcome FROM approver.outcomes").fetchall()
    outcomes = {str(action_id): str(outcome) for action_id, outcome in rows}
    assert outcomes.keys() == believed.keys()
    assert outcomes.pop(victim.action_id) == Outcome.APPROVED
    assert set(outcomes.values()) == {Outcome.ALLOWED}
    assert {before.action_id, victim.action_id} <= believed.keys()


def test_a_broker_that_repeats_backwards_and_withholds_is_late_and_never_wrong(siege: Siege, battle: Battle) -> None:
    before = battle.before
    honest = [m for m in siege.messages(*Topic) if m.key == before.action_id.encode() and _believed(siege, m)]
    assert {Topic.PROPOSED, Topic.CLASSIFIED, Topic.DECIDED, Topic.RESOLVED} <= {m.topic for m in honest}
    for message in reversed(honest):
        again = Forgery("again", Topic(message.topic), message.key or b"", message.value, message.signature, None)
        assert written(siege, OPERATOR, again.topic, [again]) == ([], [again])
    status = json.loads(Path(siege.found["status_file"]).read_text())
    os.kill(status["policy"]["pid"], signal.SIGSTOP)
    try:
        late = siege.ask()
        assert late.outcome(2) is None
    finally:
        os.kill(status["policy"]["pid"], signal.SIGCONT)
    assert isinstance(late.outcome(60), Allowed)
    endings = {m.value for m in siege.messages(Topic.RESOLVED) if m.key == honest[0].key and _believed(siege, m)}
    assert len(endings) == 1
    assert siege.restarts() == {}


def _believed(siege: Siege, message: Message) -> bool:
    with contextlib.suppress(ContractError):
        verify(message, siege.world.trust(), now=now())
        return True
    return False


def test_an_older_trust_file_is_refused_in_the_open(siege: Siege) -> None:
    older = siege.home.trust_file.read_bytes()
    trust = siege.home.edit(lambda document: type(document)(**{**dict(document), "version": document.version + 1}))
    newest = siege.home.trust_file.read_bytes()

    @eventually
    def known() -> None:
        action = siege.ask()
        assert isinstance(action.outcome(60), Allowed)
        topics = (Topic.CLASSIFIED, Topic.DECIDED, Topic.RESOLVED)
        said = {
            json.loads(m.value)["trustdigest"] for m in siege.messages(*topics) if m.key == action.action_id.encode()
        }
        *_, head = [m for m in siege.messages(Topic.CHECKPOINTED) if _believed(siege, m)]
        assert said | {json.loads(head.value)["trustdigest"]} == {trust.digest}

    known()
    services = [*map(str, sorted(SERVICE_ROLES - {Role.LEDGER})), "ledger-writer"]
    try:
        _replace(siege.home.trust_file, older)

        @eventually
        def seen() -> None:
            siege.ask().outcome(0)  # a service looks when it has work
            for service in services:
                assert siege.metric(service, "placet_trust_refused")["old_trust",] >= 1, service

        seen()
    finally:
        _replace(siege.home.trust_file, newest)
    assert isinstance(siege.ask().outcome(60), Allowed)
    assert siege.restarts() == {}


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
