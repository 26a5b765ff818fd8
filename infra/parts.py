"""Kafka and PostgreSQL of a system: embedded by default, somebody else's when the environment says where they are.

- PLACET_KAFKA_FILE or PLACET_KAFKA_BOOTSTRAP: that cluster, with those settings for the operator; a principal's own
  are read from PLACET_KAFKA_CLIENTS/<principal>.json when that folder is named.
- PLACET_POSTGRES_DSN_FILE: that server, the file holding a DSN that may make roles and databases.
- Preparing is the same either way: topics and rules, roles and databases, migrations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from infra import admin, roles
from infra.children import Children, Progress
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.secrets import password_files
from infra.errors import PartFailedError
from infra.layout import Layout
from infra.principals import PRINCIPALS
from placet.kafka_settings import KafkaSettings
from placet.private_files import write_private


class Part(Protocol):
    """What is started, watched and stopped."""

    name: str

    @property
    def pid(self) -> int | None:
        """Process id, where the process is ours."""

    def start(self) -> None:
        """Return when it answers."""

    def stop(self) -> None:
        """End it, where it is ours."""


class KafkaPart:
    """The broker of a system."""

    name = "kafka"

    def __init__(self, layout: Layout, children: Children, *, outside: Mapping[str, str], say: Progress) -> None:
        self._layout = layout
        self._given = KafkaSettings.from_env(outside)
        self._folder = Path(outside["PLACET_KAFKA_CLIENTS"]) if "PLACET_KAFKA_CLIENTS" in outside else None
        users = password_files(layout.secrets / "kafka", PRINCIPALS) if self._given is None else {}
        self._node = EmbeddedKafka(layout.folder / "kafka" / "node", users, children=children, progress=say)

    @property
    def pid(self) -> int | None:
        """The broker's process id, where it is ours."""
        return self._node.pid

    @property
    def ours(self) -> bool:
        """Whether the broker is embedded."""
        return self._given is None

    def settings(self, principal: str) -> KafkaSettings:
        """How a principal connects."""
        if self._given is None:
            return self._node.settings(principal)
        own = self._folder / f"{principal}.json" if self._folder is not None else None
        return KafkaSettings.load(own) if own is not None and own.exists() else self._given

    def start(self) -> None:
        """Start or greet the broker."""
        if self._given is None:
            self._node.start()

    def prepare(self) -> None:
        """Make topics and rules, and a client file per principal. PartFailedError names what is not as planned."""
        for principal in PRINCIPALS:
            text = self.settings(principal).model_dump_json(exclude_none=True, indent=2)
            write_private(self._layout.clients / f"{principal}.json", text + "\n")
        with admin.operator(self.settings("ops")) as client:
            if left := admin.create(client):
                raise PartFailedError(f"Kafka is not as the catalogue wants it: {'; '.join(left[:5])}")

    def stop(self) -> None:
        """Stop the broker, where it is ours."""
        self._node.stop()


class PostgresPart:
    """The database server of a system."""

    name = "postgres"

    def __init__(
        self,
        layout: Layout,
        children: Children,
        *,
        outside: Mapping[str, str],
        say: Progress,
        migrations: Callable[[Mapping[str, Path]], None],
    ) -> None:
        self._layout = layout
        self._migrations = migrations
        given = outside.get("PLACET_POSTGRES_DSN_FILE")
        self._given = Path(given) if given else None
        self._server = EmbeddedPostgres(layout.folder / "postgres", children=children, progress=say)

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, where it is ours."""
        return self._server.pid

    @property
    def ours(self) -> bool:
        """Whether the server is embedded."""
        return self._given is None

    def superuser_dsn(self) -> str:
        """Return a DSN that may make roles and databases."""
        return self._server.dsn() if self._given is None else self._given.read_text().strip()

    def start(self) -> None:
        """Start the server, where it is ours."""
        if self._given is None:
            self._server.start()

    def prepare(self) -> None:
        """Make roles and databases, write DSN files, migrate."""
        self._migrations(roles.create(self.superuser_dsn(), self._layout.dsn))
        write_private(self._layout.dsn / "superuser.dsn", self.superuser_dsn() + "\n")

    def stop(self) -> None:
        """Stop the server, where it is ours."""
        self._server.stop()
