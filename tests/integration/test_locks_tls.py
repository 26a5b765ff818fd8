"""TLS to the broker by settings: the library's clients and the services' check who answers, and refuse another."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from infra.children import Children
from infra.embedded.kafka import EmbeddedKafka
from infra.embedded.kafka_config import Tls
from placet.kafka_settings import KafkaSettings
from placet.private_files import write_private
from services.chassis.settings import StreamSettings
from services.chassis.worker import build_app
from tests.fix_embedded import available

TOPIC = "tls.v1"


class Authority:
    """A certificate authority. All of them have the same name: only the keys tell them apart."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        built = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.certificate = built.sign(self.key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        )

    def pem(self, path: Path) -> Path:
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def keystore(self, path: Path) -> Path:
        """Key and certificate of a server that is reached as 127.0.0.1 and by no name."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
        certificate = self._builder(server, key).add_extension(address, False).sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(path, (private + certificate.public_bytes(serialization.Encoding.PEM)).decode())
        return path


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, children: Children) -> Iterator[EmbeddedKafka]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority()
    tls = Tls(authority.keystore(folder / "broker.pem"), authority.pem(folder / "ca.pem"))
    broker = EmbeddedKafka(folder / "n", {}, children=children, tls=tls)
    with available():
        broker.start()
    client = KafkaAdminClient(**broker.settings("ops").for_kafka_python())
    client.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    client.close()
    yield broker
    broker.stop()


def read_back(settings: KafkaSettings) -> KafkaSettings:
    """As a process gets them: from its environment."""
    found = KafkaSettings.from_env(settings.to_env())
    assert found is not None
    return found


def library(settings: KafkaSettings, *, seconds: float) -> bool:
    """Whether kafka-python, as the library and the operator's commands set it up, gets an answer."""
    try:
        client = KafkaAdminClient(**settings.for_kafka_python(), bootstrap_timeout_ms=int(seconds * 1000))
    except KafkaError:
        return False
    client.close()
    return True


async def service(settings: KafkaSettings, folder: Path) -> None:
    """Send a message as a service's Faust app would. Raises KafkaConnectionError."""
    path = folder / "none"
    loop = asyncio.get_running_loop()
    given: dict[str, Any] = {"trust_file": path, "trust_root_file": path, "signing_key_file": path}
    app = build_app(StreamSettings(kafka=settings, **given), loop)
    signing_in = credentials_to_aiokafka_auth(app.conf.broker_credentials, app.conf.ssl_context)
    producer = AIOKafkaProducer(bootstrap_servers=settings.servers, **signing_in)
    try:
        await producer.start()
        await producer.send_and_wait(TOPIC, b"over TLS")
    finally:
        await producer.stop()


async def test_the_services_and_the_library_reach_each_other_over_tls(node: EmbeddedKafka, tmp_path: Path) -> None:
    settings = read_back(node.settings("ops"))
    assert settings.security_protocol == "SASL_SSL"
    await service(settings, tmp_path)
    given = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "consumer_timeout_ms": 60_000}
    with contextlib.closing(KafkaConsumer(TOPIC, **settings.for_kafka_python(), **given)) as consumer:
        assert next(consumer).value == b"over TLS"


async def test_who_cannot_prove_itself_is_refused(node: EmbeddedKafka, tmp_path: Path) -> None:
    """A client that is refused goes on trying: it gets five times what the right settings take."""
    settings = node.settings("ops")
    began = time.monotonic()
    assert library(settings, seconds=60)
    patience = 1 + 5 * (time.monotonic() - began)
    refused: dict[str, dict[str, Any]] = {
        "another authority of that name": {"ca_file": Authority().pem(tmp_path / "other.pem")},
        "the machine's own authorities": {"ca_file": None},
        "another host name": {"bootstrap": node.bootstrap.replace("127.0.0.1", "localhost")},
        "no TLS": {"security_protocol": "SASL_PLAINTEXT"},
    }
    for what, changes in refused.items():
        wrong = read_back(KafkaSettings.model_validate(settings.model_dump() | changes))
        assert not await asyncio.to_thread(library, wrong, seconds=patience), what
        with pytest.raises(KafkaConnectionError):
            await service(wrong, tmp_path)
