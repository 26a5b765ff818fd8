"""What each principal may do on the broker, asked of the broker itself, with that principal's own credentials.

What is expected comes from the catalogue, not from infra.topics, which makes the rules. The broker answers for every
principal and topic at once; one real write, read and attempt each show that it does as it says.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    UserScramCredentialUpsertion,
)
from kafka.errors import (
    AuthorizationError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.protocol.consumer import FetchRequest

from infra import admin
from infra.embedded.kafka import EmbeddedKafka
from infra.principals import AUDITOR
from placet.catalogue import CATALOGUE, SERVICE_ROLES, Role, Topic
from placet.kafka_settings import KafkaSettings

RULED = (*(str(role) for role in Role), AUDITOR)
"""Every principal but the broker and its operator, who stand above the rules."""
NAMES = [name for spec in CATALOGUE.values() for name in (str(spec.topic), spec.dead_letters)]


def expected(principal: str) -> dict[str, set[str]]:
    """Topic → operations, as the catalogue has it."""
    found: dict[str, set[str]] = {}
    for spec in CATALOGUE.values():
        reads = principal in {str(role) for role in spec.readers} or (
            principal == AUDITOR and spec.topic is not Topic.PROPOSED
        )
        writes = {str(spec.topic): spec.producers, spec.dead_letters: spec.consumers & SERVICE_ROLES}
        for name, writers in writes.items():
            may = {"READ"} if reads else set()
            may |= {"WRITE"} if principal in {str(role) for role in writers} else set()
            if may:
                found[name] = {*may, "DESCRIBE"}
    return found


@pytest.fixture(scope="module")
def admins(ruled: EmbeddedKafka) -> Iterator[dict[str, Any]]:
    """An admin client of each principal."""

    def client(principal: str) -> Any:
        return KafkaAdminClient(**ruled.settings(principal).for_kafka_python(), bootstrap_timeout_ms=60_000)

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(RULED)) as pool:
        clients = dict(zip(RULED, pool.map(client, RULED), strict=True))
        for each in clients.values():
            stack.callback(each.close)
        yield clients


@pytest.mark.parametrize("principal", RULED)
def test_a_principal_may_do_with_each_topic_what_the_catalogue_says(principal: str, admins: dict[str, Any]) -> None:
    answered = admins[principal].describe_topics(NAMES)
    assert {topic["name"] for topic in answered} == set(NAMES)
    may = {topic["name"]: set(topic["authorized_operations"]) for topic in answered if not topic["error_code"]}
    assert may == expected(principal)
    refused = {topic["error_code"] for topic in answered if topic["name"] not in may}
    assert refused <= {TopicAuthorizationFailedError.errno}
    assert set(admins[principal].list_topics()) == set(may)


@pytest.mark.parametrize("principal", RULED)
def test_what_it_may_not_write_and_read_is_refused(
    principal: str, ruled: EmbeddedKafka, admins: dict[str, Any]
) -> None:
    may = expected(principal)
    sent = []
    settings = ruled.settings(principal).for_kafka_python()
    with contextlib.closing(KafkaProducer(**settings, enable_idempotence=False, max_block_ms=60_000)) as producer:
        for name in NAMES:
            if "WRITE" not in may.get(name, ()):
                # The client asks where a topic lies before it sends: it may be refused there already.
                with contextlib.suppress(TopicAuthorizationFailedError):
                    sent.append(producer.send(name, b"x", partition=0))
        for future in sent:
            with pytest.raises(TopicAuthorizationFailedError):
                future.get(timeout=60)
    assert {name for name, error in fetched(admins[principal]).items() if error == 0} == {
        name for name in NAMES if "READ" in may.get(name, ())
    }


def fetched(client: Any) -> dict[str, int]:
    """Topic → error code, when everything is asked for without looking anything up first, as no decent client does."""
    wanted = FetchRequest.FetchTopic
    topics = [
        wanted(topic=name, partitions=[wanted.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1_000)])
        for name in NAMES
    ]
    request = FetchRequest(
        topics=topics, max_wait_ms=100, min_bytes=0, max_bytes=100_000, min_version=4, max_version=12
    )

    async def send() -> Any:
        return await client._manager.send(request)

    answered = client._manager.run(send)
    assert answered.error_code == 0
    return {topic.topic: topic.partitions[0].error_code for topic in answered.responses}


@pytest.mark.parametrize("principal", RULED)
def test_a_group_is_its_own_services_alone(principal: str, admins: dict[str, Any]) -> None:
    services = {*(str(role) for role in SERVICE_ROLES | {Role.EXECUTOR}), AUDITOR}
    for owner in (*RULED, "ops", "anybody"):
        refused = False
        try:
            admins[principal].list_group_offsets([owner, f"{owner}-mine"])
        except GroupAuthorizationFailedError:
            refused = True
        except KafkaError:
            pass  # let in, and found that nobody coordinates such a group yet
        assert refused == (owner != principal or principal not in services), owner


def attempts(client: Any) -> dict[str, Callable[[], object]]:
    """What would take the broker out of the catalogue's hands, or the locks off."""
    topic, place = str(Topic.RESOLVED), TopicPartition(Topic.RESOLVED, 0)
    mine = ACL("User:*", "*", ACLOperation.ALL, ACLPermissionType.ALLOW, ResourcePattern(ResourceType.TOPIC, topic))
    short = ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "1"})
    broker = ConfigResource(ConfigResourceType.BROKER, "1", configs={"log.cleaner.threads": "2"})
    password = UserScramCredentialUpsertion("ops", "SCRAM-SHA-256", "mine")
    blindly = {"raise_on_unknown": False, "incremental": True}
    return {
        "create a topic": lambda: client.create_topics({"mine": {"num_partitions": 1, "replication_factor": 1}}),
        "delete a topic": lambda: client.delete_topics([topic]),
        "delete records": lambda: client.delete_records({place: 0}, partition_leader_id=1),
        "more partitions": lambda: client.create_partitions({topic: 12}),
        "change a topic": lambda: client.alter_configs([short], **blindly),
        "change the broker": lambda: client.alter_configs([broker], **blindly),
        "give a right": lambda: client.create_acls([mine]),
        "read the rules": lambda: client.describe_acls(_EVERYTHING),
        "take a right": lambda: client.delete_acls([_EVERYTHING]),
        "set the operator's password": lambda: client.alter_user_scram_credentials([password]),
    }


_EVERYTHING = ACLFilter(
    None,
    None,
    ACLOperation.ANY,
    ACLPermissionType.ANY,
    ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)


@pytest.mark.parametrize("principal", RULED)
def test_the_broker_is_the_operators_alone(principal: str, ruled: EmbeddedKafka, admins: dict[str, Any]) -> None:
    for attempt, run in attempts(admins[principal]).items():
        try:
            answered = run()
        except AuthorizationError:
            continue
        assert REFUSED.search(str(answered)), (attempt, answered)
    with admin.operator(ruled.settings("ops"), seconds=60) as client:
        assert admin.check(client) == []


REFUSED = re.compile(r"(?i)authorization ?failed|needs alter permission")


@pytest.mark.parametrize("principal", RULED)
def test_nobody_begins_a_transaction(principal: str, ruled: EmbeddedKafka) -> None:
    settings = ruled.settings(principal).for_kafka_python() | {"transactional_id": principal}
    with (
        contextlib.closing(KafkaProducer(**settings, max_block_ms=60_000)) as producer,
        pytest.raises(TransactionalIdAuthorizationFailedError),
    ):
        producer.init_transactions()


def test_nobody_signs_in_with_anothers_password_or_none(ruled: EmbeddedKafka, tmp_path: Path) -> None:
    """A client that is refused goes on trying: it gets five times what the right password takes."""
    began = time.monotonic()
    assert signed_in(ruled.settings("agent"), seconds=60)
    patience = 1 + 5 * (time.monotonic() - began)
    (tmp_path / "empty").write_text("")
    wrong = [(name, ruled.users["broker"]) for name in RULED]
    wrong += [("ops", ruled.users["agent"]), ("ops", tmp_path / "empty")]
    tries = [ruled.settings(name).model_copy(update={"password_file": path}) for name, path in wrong]
    tries.append(KafkaSettings(bootstrap=ruled.bootstrap))
    with ThreadPoolExecutor(len(tries)) as pool:
        assert not any(pool.map(lambda settings: signed_in(settings, seconds=patience), tries))


def signed_in(settings: KafkaSettings, *, seconds: float) -> bool:
    try:
        client = KafkaAdminClient(**settings.for_kafka_python(), bootstrap_timeout_ms=int(seconds * 1000))
    except KafkaError:
        return False
    client.close()
    return True
