"""docker-compose.yml against the supervisor's programs: same services, same settings, own secrets only."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import containers, development, programs
from infra.embedded.jars import read_lock
from infra.layout import Layout
from infra.programs import PROVIDER, SERVICES, Addresses, Service
from placet.fingerprint_file import renew
from placet.fingerprint_keys import FingerprintKeys
from placet.kafka_settings import KafkaSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
PARTS = {"secrets", "kafka", "postgres", "prepare", "otel-collector"}


def settings(service: Service) -> dict[str, str]:
    addresses = Addresses(dict.fromkeys((*(service.name for service in SERVICES), PROVIDER), 1))
    return programs.environment(service, Layout(Path("/r")), addresses, mode="dev")


def test_settle_and_desk_are_told_of_one_identity_provider() -> None:
    for told in (settings, lambda service: COMPOSE["services"][service.name]["environment"]):
        desk, settle = (told(service) for name in ("desk", "settle") for service in SERVICES if service.name == name)
        for name in ("PLACET_OIDC_ISSUER", "PLACET_OIDC_CLIENT_ID"):
            assert desk[name] == settle[name]


def test_the_services_are_the_supervisors() -> None:
    assert set(COMPOSE["services"]) - PARTS == {service.name for service in SERVICES} | {PROVIDER}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_runs_the_same_module_with_the_same_settings(service: Service) -> None:
    found = COMPOSE["services"][service.name]
    assert found["command"] == ["python", "-m", *service.module]
    apart = {"PLACET_HTTP_HOST", "PLACET_OTLP_ENDPOINT", "PLACET_OIDC_JWKS_URL"}
    """What only containers need: other addresses."""
    assert set(settings(service)) == set(found["environment"]) - apart


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_sees_its_own_secrets_and_no_other(service: Service) -> None:
    mounted = [volume["volume"]["subpath"] for volume in COMPOSE["services"][service.name]["volumes"]]
    assert sorted(mounted) == sorted({service.name, "trust"})
    assert COMPOSE["services"][service.name]["read_only"] is True


def test_every_file_that_a_service_is_told_of_is_made(tmp_path: Path) -> None:
    containers.make_secrets(tmp_path, chown=False)
    containers.make_secrets(tmp_path, chown=False)
    for service in SERVICES:
        for name, value in COMPOSE["services"][service.name]["environment"].items():
            if value.startswith("/run/") and name != "PLACET_DATABASE_DSN_FILE":
                inside = value.replace("/run/placet", f"/{service.name}").replace("/run/trust", "/trust")
                path = tmp_path / inside.lstrip("/")
                assert path.is_file(), f"{service.name}: {name}"
                if not inside.startswith("/trust"):
                    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held = KafkaSettings.load(tmp_path / "policy" / "kafka.json")
    assert held.username == "policy"
    assert str(held.password_file) == "/run/placet/kafka.password"
    assert not list((tmp_path / "desk").glob("*key*")), "the desk holds no signing key"
    assert not list((tmp_path / "desk").glob("kafka*")), "the desk does not talk to Kafka"


def test_a_rotated_fingerprint_key_is_handed_to_the_classifier(tmp_path: Path) -> None:
    """As docs/operations.md says: rotated where secrets are made, and the job run again."""
    containers.make_secrets(tmp_path, chown=False)
    mine = tmp_path / "classifier" / "fingerprint.secret"
    first = FingerprintKeys.read(mine.read_bytes())
    assert renew(tmp_path / "ops" / "secrets" / "fingerprint").before == first.id
    containers.make_secrets(tmp_path, chown=False)
    second = FingerprintKeys.read(mine.read_bytes())
    assert (second.id != first.id, second.likenesses) == (True, first.likenesses)


def test_every_generated_secret_has_one_holder() -> None:
    assert set(containers.HOLDERS) == set(development.SECRETS)


def test_the_broker_is_the_pinned_one() -> None:
    pinned = next(jar.coordinate for jar in read_lock().jars if jar.coordinate.startswith("org.apache.kafka:kafka_"))
    assert COMPOSE["services"]["kafka"]["image"] == f"apache/kafka:{pinned.split(':')[2]}"


def test_the_collector_reads_every_services_page() -> None:
    collector = yaml.safe_load((ROOT / "infra" / "otel" / "collector.yaml").read_text())
    scraped = collector["receivers"]["prometheus"]["config"]["scrape_configs"][0]["static_configs"][0]["targets"]
    ports = {
        name: found["environment"]["PLACET_HTTP_PORT"]
        for name, found in COMPOSE["services"].items()
        if "environment" in found and "PLACET_HTTP_PORT" in found["environment"]
    }
    assert sorted(scraped) == sorted(f"{name}:{port}" for name, port in ports.items())


def test_the_entry_points_lead_somewhere() -> None:
    declared = tomllib.loads((ROOT / "infra" / "pyproject.toml").read_text())["project"]["entry-points"]
    for target in declared["placet.commands"].values():
        module = target.partition(":")[0].replace(".", "/")
        assert (ROOT / f"{module}.py").exists(), target
