"""How a client reaches Kafka: what loads, what does not, and where the password is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from placet.kafka_client import to_message
from placet.kafka_settings import KafkaSettings


@pytest.fixture
def sasl(tmp_path: Path) -> KafkaSettings:
    (tmp_path / "p").write_text("hunter2hunter2\n")
    return KafkaSettings(
        bootstrap="a:1, b:2",
        security_protocol="SASL_SSL",
        username="agent",
        password_file=tmp_path / "p",
        ca_file="/ca",
    )


def test_kafka_python_is_told_everything(sasl: KafkaSettings) -> None:
    assert sasl.for_kafka_python() == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "SASL_SSL",
        "reconnect_backoff_max_ms": 1_000,
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": "agent",
        "sasl_plain_password": "hunter2hunter2",
        "ssl_cafile": "/ca",
    }


def test_without_sasl_nothing_is_said_of_it() -> None:
    found = KafkaSettings(bootstrap="a:1").for_kafka_python()
    assert found == {
        "bootstrap_servers": ["a:1"],
        "security_protocol": "PLAINTEXT",
        "reconnect_backoff_max_ms": 1_000,
    }


def test_the_password_is_in_no_repr_and_no_dump(sasl: KafkaSettings) -> None:
    for shown in (repr(sasl), str(sasl), sasl.model_dump_json(), str(sasl.to_env())):
        assert "hunter2" not in shown


def test_environment_and_file_read_back_the_same(sasl: KafkaSettings, tmp_path: Path) -> None:
    assert KafkaSettings.from_env(sasl.to_env()) == sasl
    path = tmp_path / "k.json"
    path.write_text(sasl.model_dump_json())
    assert KafkaSettings.load(path) == sasl
    assert KafkaSettings.from_env({"PLACET_KAFKA_FILE": str(path), "PLACET_KAFKA_BOOTSTRAP": "ignored:1"}) == sasl


def test_an_environment_that_says_nothing_is_none() -> None:
    assert KafkaSettings.from_env({}) is None
    assert KafkaSettings.from_env({"PLACET_KAFKA_BOOTSTRAP": ""}) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": None}, "SASL_SSL needs username and password_file"),
        ({"password_file": None}, "SASL_SSL needs username and password_file"),
        ({"security_protocol": "SSL"}, "mean nothing with SSL"),
        ({"security_protocol": "sasl"}, "Input should be"),
        ({"password": "in clear"}, "Extra inputs are not permitted"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_does_not_hold_together_does_not_load(sasl: KafkaSettings, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        KafkaSettings.model_validate({**sasl.model_dump(), **changes})


def test_two_signature_headers_are_none() -> None:
    def message(*signatures: bytes) -> bytes | None:
        headers = [("placet-signature", signature) for signature in signatures]
        record = SimpleNamespace(topic="t", partition=0, offset=0, key=b"k", value=b"v", headers=headers)
        return to_message(record).signature

    assert [message(), message(b"one"), message(b"one", b"two")] == [None, b"one", None]
