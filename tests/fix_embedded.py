"""Kafka and PostgreSQL for tests: `kafka` and `postgres`, started when first asked for, one each per session.

- Which ones, in this order: what PLACET_TEST_KAFKA / PLACET_TEST_POSTGRES point at (a bootstrap address or a JSON file
  of KafkaSettings; a superuser's DSN), testcontainers where a Docker engine answers, else the embedded parts.
- A part that cannot be had is a skip with its reason on a laptop, and a failure when CI is true.
- `topics` is the broker with the topics of the catalogue and their access rules, the same whoever asks first. Topics
  made with `make_topics` are open to every principal, and never those of the catalogue.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from infra import roles
from infra.admin import create, operator
from infra.children import Children
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.secrets import password_files
from infra.errors import PartUnavailableError
from infra.principals import PRINCIPALS
from infra.topics import topics as catalogue_topics
from placet.kafka_settings import KafkaSettings


class KafkaPart:
    """A broker under test."""

    def __init__(
        self, settings: dict[str, KafkaSettings], operator: KafkaSettings, node: EmbeddedKafka | None = None
    ) -> None:
        self._settings = settings
        self._operator = operator
        self.embedded = node
        """The node itself, for tests that kill it; None when the broker is somebody else's."""

    @property
    def bootstrap(self) -> str:
        return self._operator.bootstrap

    def settings(self, principal: str = "ops") -> KafkaSettings:
        return self._settings.get(principal, self._operator)

    def client(self, principal: str = "ops") -> dict[str, Any]:
        """Keyword arguments for kafka-python's clients."""
        return self.settings(principal).for_kafka_python()

    def faust_settings(self, principal: str = "ops") -> dict[str, Any]:
        """Keyword arguments for faust.App that say how to reach and sign in to this broker."""
        settings = self.settings(principal)
        found: dict[str, Any] = {
            "broker": [f"kafka://{server}" for server in settings.servers],
            "topic_allow_declare": False,
            "topic_disable_leader": True,
        }
        if settings.username is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from faust import SASLCredentials  # noqa: PLC0415 - a slow import, only for stream tests

            found["broker_credentials"] = SASLCredentials(
                username=settings.username, password=settings.password(), mechanism=settings.sasl_mechanism
            )
        return found

    def make_topics(self, names: Iterable[str], partitions: int = 1) -> None:
        """Create topics that every principal may read and write."""
        from kafka.admin import (  # noqa: PLC0415 - only tests that use a broker need the client
            ACL,
            ACLOperation,
            ACLPermissionType,
            KafkaAdminClient,
            ResourcePattern,
            ResourceType,
        )

        names = list(names)
        assert not set(names) & {plan.name for plan in catalogue_topics()}, "made by the fixture `topics`"
        admin = KafkaAdminClient(**self.client())
        try:
            wanted_topics = {name: {"num_partitions": partitions, "replication_factor": 1} for name in names}
            admin.create_topics(wanted_topics, wait_for_metadata=True)
            if self._operator.username is not None:
                wanted = [ResourcePattern(ResourceType.TOPIC, name) for name in names]
                wanted += [
                    ResourcePattern(ResourceType.GROUP, "*"),
                    ResourcePattern(ResourceType.CLUSTER, "kafka-cluster"),
                ]
                admin.create_acls(
                    [ACL("User:*", "*", ACLOperation.ALL, ACLPermissionType.ALLOW, pattern) for pattern in wanted]
                )
        finally:
            admin.close()


class PostgresPart:
    """A server under test."""

    def __init__(self, superuser_dsn: str, server: EmbeddedPostgres | None = None) -> None:
        self.superuser_dsn = superuser_dsn
        self.embedded = server
        """The server itself, for tests that kill it; None when it is somebody else's."""

    def dsn(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """The superuser's DSN with another database, and another user when given."""
        given: dict[str, Any] = {"dbname": database}
        if user is not None:
            given |= {"user": user, "password": password}
        return psycopg.conninfo.make_conninfo(self.superuser_dsn, **given)

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database whose name starts with `name`, a copy of `template`; returns the superuser's URI for it."""
        fresh = f"{name}_{uuid.uuid4().hex[:8]}"
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(fresh), sql.Identifier(template))
        with psycopg.connect(self.superuser_dsn, autocommit=True) as connection:
            connection.execute(query)
        return self.url(fresh)

    def url(self, database: str, *, user: str | None = None, password: str | None = None) -> str:
        """As `dsn`, in URI form: SQLAlchemy takes it with `postgresql://` replaced by `postgresql+psycopg://`."""
        from urllib.parse import quote  # noqa: PLC0415

        parts = psycopg.conninfo.conninfo_to_dict(self.dsn(database, user=user, password=password))
        signed = f"{quote(str(parts['user']), safe='')}:{quote(str(parts.get('password', '')), safe='')}"
        port = f"&port={parts['port']}" if "port" in parts else ""
        return f"postgresql://{signed}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}{port}"


@pytest.fixture(scope="session")
def children() -> Iterator[Children]:
    """Processes of this session; a guard ends them even when the session is killed."""
    owned = Children()
    yield owned
    owned.close()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaPart]:
    """A broker with one user per principal."""
    if given := os.environ.get("PLACET_TEST_KAFKA"):
        path = Path(given)
        settings = KafkaSettings.load(path) if path.is_file() else KafkaSettings(bootstrap=given)
        yield KafkaPart({}, settings)
    elif docker_answers():
        from testcontainers.kafka import KafkaContainer  # noqa: PLC0415 - only where Docker is

        with KafkaContainer().with_kraft() as container:
            yield KafkaPart({}, KafkaSettings(bootstrap=container.get_bootstrap_server()))
    else:
        folder = tmp_path_factory.mktemp("kafka", numbered=True)
        users = password_files(folder / "passwords", PRINCIPALS)
        node = EmbeddedKafka(folder / "node", users, children=request.getfixturevalue("children"))
        with available():
            node.start()
        yield KafkaPart({name: node.settings(name) for name in users}, node.settings("ops"), node)
        node.stop()
        shutil.rmtree(folder / "node" / "data", ignore_errors=True)


@pytest.fixture(scope="session")
def topics(kafka: KafkaPart) -> KafkaPart:
    """The shared broker with every topic of the catalogue and its access rules."""
    with operator(kafka.settings()) as client:
        create(client)
    return kafka


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresPart]:
    """A server; ask it for a database of your own."""
    if given := os.environ.get("PLACET_TEST_POSTGRES"):
        yield PostgresPart(given)
    elif docker_answers():
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is

        with PostgresContainer("postgres:18") as container:
            yield PostgresPart(container.get_connection_url(driver=None))
    else:
        folder = tmp_path_factory.mktemp("postgres", numbered=True)
        server = EmbeddedPostgres(folder / "server", children=request.getfixturevalue("children"))
        with available():
            server.start()
        yield PostgresPart(server.dsn(), server)
        server.stop()
        shutil.rmtree(folder / "server" / "data", ignore_errors=True)


@pytest.fixture(scope="module")
def role_dsns(postgres: PostgresPart, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """This module's own databases for approver and ledger: role → DSN file. Roles and passwords are the session's."""
    folder = tmp_path_factory.getbasetemp() / "roles"
    suffix = uuid.uuid4().hex[:8]
    written = roles.create(postgres.superuser_dsn, folder, rename=lambda database: f"{database}_{suffix}")
    # The folder is the session's, for the passwords; the DSN files are this module's.
    mine = tmp_path_factory.mktemp("dsns")
    return {name: Path(shutil.copy(path, mine / path.name)) for name, path in written.items()}


@contextlib.contextmanager
def available() -> Iterator[None]:
    """Skip where a part cannot be had, with its reason; in CI that is a failure."""
    try:
        yield
    except PartUnavailableError as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


def docker_answers() -> bool:
    """Whether a Docker engine is there and answers."""
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        return False
    import docker  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with testcontainers, untyped

    try:
        client = docker.from_env(timeout=3)
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    except docker.errors.DockerException:
        return False
    finally:
        client.close()
