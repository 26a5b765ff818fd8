"""How a client reaches Kafka: one description, read by the library, the services and the operator's commands.

- The password is a path to a file; the settings never hold it, so printing them shows no secret.
- A SASL protocol without name or password file, or a name without a SASL protocol, does not load.
- Read from a JSON file (`load`) or from PLACET_KAFKA_… variables (`from_env`); the caller passes the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

ENVIRONMENT = {
    "bootstrap": "PLACET_KAFKA_BOOTSTRAP",
    "security_protocol": "PLACET_KAFKA_SECURITY_PROTOCOL",
    "sasl_mechanism": "PLACET_KAFKA_SASL_MECHANISM",
    "username": "PLACET_KAFKA_USERNAME",
    "password_file": "PLACET_KAFKA_PASSWORD_FILE",
    "ca_file": "PLACET_KAFKA_CA_FILE",
}
"""Field → variable."""
RECONNECT_MILLISECONDS = 1_000
"""The longest wait between two attempts to reach a broker that was there before."""


class KafkaSettings(BaseModel):
    """Where the brokers are and as whom to talk to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str
    """`host:port`, several separated by commas."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-256"
    """Used only with a SASL protocol."""
    username: str | None = None
    password_file: Path | None = None
    """One line; surrounding white space does not count."""
    ca_file: Path | None = None
    """Certificate authorities (PEM) for TLS; the system's own when absent."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        sasl = self.security_protocol.startswith("SASL_")
        if sasl and (self.username is None or self.password_file is None):
            raise ValueError(f"{self.security_protocol} needs username and password_file")
        if not sasl and (self.username is not None or self.password_file is not None):
            raise ValueError(f"username and password_file mean nothing with {self.security_protocol}")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a JSON file. Raises OSError or pydantic.ValidationError."""
        return cls.model_validate_json(path.read_bytes())

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self | None:
        """From PLACET_KAFKA_FILE (a JSON file) or the single variables; None when neither says where Kafka is."""
        if path := environ.get("PLACET_KAFKA_FILE"):
            return cls.load(Path(path))
        given = {field: environ[name] for field, name in ENVIRONMENT.items() if environ.get(name)}
        return cls.model_validate(given) if "bootstrap" in given else None

    def to_env(self) -> dict[str, str]:
        """Return the PLACET_KAFKA_… variables that `from_env` reads back as these settings."""
        fields = self.model_dump(exclude_none=True, mode="json")
        return {ENVIRONMENT[field]: value for field, value in fields.items()}

    @property
    def servers(self) -> list[str]:
        """The brokers, one per item."""
        return [server.strip() for server in self.bootstrap.split(",") if server.strip()]

    def password(self) -> str | None:
        """Read the password now; None without SASL. Raises OSError."""
        return None if self.password_file is None else self.password_file.read_text().strip()

    def for_kafka_python(self) -> dict[str, Any]:
        """Keyword arguments for KafkaProducer, KafkaConsumer and KafkaAdminClient."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.security_protocol,
            # The library's own ceiling is 30 s: whoever had tried for a while came back long after the broker.
            "reconnect_backoff_max_ms": RECONNECT_MILLISECONDS,
        }
        if self.username is not None:
            found |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password(),
            }
        if self.ca_file is not None and self.security_protocol.endswith("SSL"):
            found["ssl_cafile"] = str(self.ca_file)
        return found
