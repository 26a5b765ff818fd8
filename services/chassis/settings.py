"""What a process is told from outside: PLACET_… variables, nothing else.

Rules:
- A secret is a path to a file; printing settings shows the path.
- PLACET_ENV is `production` unless said otherwise; insecure stand-ins warn in `dev` and refuse to start elsewhere.
- Each service subclasses exactly the classes it needs, sets `service`, and adds its own fields.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from placet.errors import ContractError
from placet.kafka_settings import KafkaSettings
from placet.keys import Signer
from placet.limits import MAX_EVENT_BYTES
from placet.trust_store import TrustStore, load_root
from services.chassis.budget import HELD_BYTES
from services.chassis.errors import InsecureSettingError, SettingsError

Port = Annotated[int, Field(ge=0, le=65535)]


def _kafka_from_environment() -> KafkaSettings:
    try:
        found = KafkaSettings.from_env(os.environ)
    except OSError as error:
        raise SettingsError(f"PLACET_KAFKA_FILE cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise SettingsError(f"The PLACET_KAFKA_… settings do not hold together: {_sentence(error)}") from None
    if found is None:
        raise SettingsError("Nothing says where Kafka is: set PLACET_KAFKA_BOOTSTRAP or PLACET_KAFKA_FILE.")
    return found


def _sentence(error: ValidationError) -> str:
    """Which settings are wrong and how, without their values."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    found = (f"PLACET_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in problems)
    return "; ".join(found) + "."


class InsecureStandInWarning(UserWarning):
    """A stand-in for something real is in use; development only."""


class ServiceSettings(BaseSettings):
    """Every process."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_", frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    service: ClassVar[str] = "service"
    """The process's name in logs and telemetry, and its consumer group. Set by the subclass, not from outside."""

    env: Literal["production", "dev"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    http_host: str = "127.0.0.1"
    http_port: Port | None = None
    """Where /healthz, /readyz and /metrics (and the API, if any) answer; None: nowhere; 0: any free port."""
    otlp_endpoint: str | None = None
    """Base URL of an OTLP/HTTP collector, for example http://127.0.0.1:4318; None: spans are not recorded."""

    @classmethod
    def load(cls, **given: Any) -> Self:
        """From the environment; raise `SettingsError` that names the variables and quotes no value."""
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsError(f"{cls.service} cannot start: {_sentence(error)}") from None

    @property
    def development(self) -> bool:
        """Whether insecure stand-ins may be used."""
        return self.env == "dev"

    def stand_in(self, what: str) -> None:
        """Say that an insecure stand-in is about to be used: warn in dev, raise `InsecureSettingError` elsewhere."""
        if not self.development:
            raise InsecureSettingError(f"{self.service} refuses {what} outside development (PLACET_ENV=dev).")
        warnings.warn(f"{self.service} uses {what}: for development only", InsecureStandInWarning, stacklevel=2)


class BrokerSettings(ServiceSettings):
    """A process that talks to Kafka: PLACET_KAFKA_FILE or the PLACET_KAFKA_… variables of `placet.kafka_settings`."""

    kafka: KafkaSettings = Field(default_factory=_kafka_from_environment)

    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "1"
    """Tells workers of one service apart; a restarted worker keeps it, and so its partitions. Two under one name push
    each other out of the group again and again."""


class TrustSettings(ServiceSettings):
    """A process that verifies signatures."""

    trust_file: Path
    trust_root_file: Path
    """The root's public key; pinned: it does not come with the trust file."""

    def trust_store(self, *, on_refused: Callable[[ContractError], None] = lambda _: None) -> TrustStore:
        """The trust in force; raise `SettingsError` where there is none."""
        try:
            return TrustStore(self.trust_file, load_root(self.trust_root_file), on_refused=on_refused)
        except ContractError as error:
            raise SettingsError(f"{self.service} cannot start: {error}") from None


class SigningSettings(TrustSettings):
    """A process that signs."""

    signing_key_file: Path

    @cached_property
    def signer(self) -> Signer:
        """Its key; raise `SettingsError`. Not a field, so no dump holds it."""
        try:
            return Signer.load(self.signing_key_file)
        except ContractError as error:
            raise SettingsError(f"{self.service} cannot start: {error}") from None


class StreamSettings(BrokerSettings, SigningSettings):
    """A process that consumes topics and publishes signed events."""

    window: Annotated[int, Field(ge=1, le=256)] = 256
    """Messages in flight: read and not yet acknowledged."""
    held_bytes: Annotated[int, Field(ge=MAX_EVENT_BYTES)] = HELD_BYTES
    """Bytes in each of the buffers between reading and writing, whatever the number of messages."""
    stuck_after_seconds: Annotated[float, Field(gt=0)] = 60.0
    """Messages wait and none was acknowledged for so long: the process is not alive any more."""
    session_timeout_seconds: Annotated[float, Field(ge=6)] = 10.0
    """How long the broker keeps a silent worker's partitions for it."""


class DatabaseSettings(ServiceSettings):
    """A process with a database role of its own."""

    database_dsn_file: Path
    """One line: postgresql://role:password@host/database."""


class ApiSettings(ServiceSettings):
    """A process that serves HTTP."""

    http_port: Port
