"""The broker's settings as text: pure, so that what runs can be read and tested without running it.

- One node is broker and controller. Clients and the broker sign in with SCRAM-SHA-256, the controller with PLAIN.
- With a certificate the clients' listener speaks TLS and nothing else.
- Everything not granted is refused (StandardAuthorizer); only the broker and the operator are above the ACLs.
- No topic appears by being used. Replication factors of the internal topics are 1, because there is one node.
- The broker's log goes to one file, at WARN apart from start and stop, and never holds a record's bytes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BROKER = "broker"
OPERATOR = "ops"
MECHANISM = "SCRAM-SHA-256"

LOGGING = """\
<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <File name="file" fileName="{log}" append="true">
      <PatternLayout pattern="%d{{yyyy-MM-dd'T'HH:mm:ss.SSS}} %p %c{{1}} %m%n"/>
    </File>
  </Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Logger name="org.apache.kafka.common.utils.AppInfoParser" level="ERROR"/>
    <Root level="WARN"><AppenderRef ref="file"/></Root>
  </Loggers>
</Configuration>
"""


@dataclass(frozen=True, slots=True)
class Tls:
    """How the clients' listener proves who it is."""

    keystore: Path
    """Private key (PKCS #8, in clear) and certificate chain, PEM, in one private file."""
    ca: Path
    """What clients, and the broker as its own client, trust: certificates, PEM."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its ports, the folder for its data, where it listens and what clients call it."""

    client_port: int
    controller_port: int
    data: Path
    listen: str = "127.0.0.1"
    advertised: str = "127.0.0.1"
    supers: tuple[str, ...] = (BROKER, OPERATOR)
    tls: Tls | None = None

    @property
    def protocol(self) -> Literal["SASL_PLAINTEXT", "SASL_SSL"]:
        """What clients speak."""
        return "SASL_PLAINTEXT" if self.tls is None else "SASL_SSL"


def properties(node: Node, *, broker_password: str, controller_password: str) -> str:
    """Return server.properties. The text holds two passwords: keep the file private."""
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    signed_in = f'username="{BROKER}" password="{broker_password}"'
    controller = f'username="{BROKER}" password="{controller_password}" user_{BROKER}="{controller_password}"'
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{node.controller_port}",
        "listeners": f"CLIENT://{node.listen}:{node.client_port},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"CLIENT://{node.advertised}:{node.client_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "listener.security.protocol.map": f"CLIENT:{node.protocol},CONTROLLER:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        "sasl.mechanism.controller.protocol": "PLAIN",
        f"listener.name.client.{MECHANISM.lower()}.sasl.jaas.config": f"{scram} required {signed_in};",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{plain} required {controller};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": ";".join(f"User:{name}" for name in node.supers),
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "log.dirs": str(node.data),
        "num.partitions": "1",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # Clean stop asks nobody to take over: there is nobody.
        "controlled.shutdown.enable": "false",
        # After a kill the controller holds the dead broker's place until its session ends; 9 s is its default.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # A killed worker's place is free again after its own session timeout, which may be short.
        "group.min.session.timeout.ms": "1000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }
    if node.tls is not None:
        settings |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(node.tls.keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(node.tls.ca),
        }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def cluster_id(random: bytes) -> str:
    """Return 16 bytes as Kafka writes a cluster id; never one that reads as an option (Kafka avoids that too)."""
    text = base64.urlsafe_b64encode(random).decode().rstrip("=")
    return "_" + text[1:] if text.startswith("-") else text


def format_arguments(config: Path, cluster_id: str, passwords: dict[str, str]) -> str:
    """Return StorageTool's arguments, one a line, for its `@file` form: passwords never stand on a command line."""
    lines = ["format", "--cluster-id", cluster_id, "--config", str(config)]
    for name, password in sorted(passwords.items()):
        lines += ["--add-scram", f"{MECHANISM}=[name={name},password={password}]"]
    return "\n".join(lines)
