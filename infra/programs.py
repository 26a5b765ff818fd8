"""The services as programs: which process gets which key, which database role, which address. Pure.

- A process is given what it needs and nothing else: its own key, its own DSN file, its own Kafka user. Its
  environment holds no variable of the operator's but the few that every program needs.
- Names here are the names in logs, in the status file, and of the services in docker-compose.yml (a test compares).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infra import development
from infra.layout import Layout
from infra.supervisor import Program

INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONDONTWRITEBYTECODE")
OTLP: Final = "PLACET_OTLP_ENDPOINT"
"""The one setting of the operator's that every service is told: where traces and metrics go, if anywhere."""
PROVIDER: Final = "identity-provider"


@dataclass(frozen=True, slots=True)
class Service:
    """One process. `module` is what `python -m` runs; the others name what it is given."""

    name: str
    module: tuple[str, ...]
    principal: str | None = None
    """Kafka user, and role whose signing key it holds."""
    role: str | None = None
    """Database role."""
    signs: bool = True
    """Whether it holds the signing key of `principal`."""


SERVICES: Final = (
    Service("classifier", ("services.classifier",), principal="classifier"),
    Service("policy", ("services.policy",), principal="policy"),
    Service("settle", ("services.approver", "settle"), principal="settle", role="settle"),
    Service("desk", ("services.approver", "desk"), role="desk"),
    Service("ledger-writer", ("services.ledger", "writer"), principal="ledger", role="ledger_writer"),
    Service("ledger-api", ("services.ledger", "api"), role="ledger_reader"),
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Ports on the loopback interface, one per process name."""

    ports: Mapping[str, int]

    def url(self, name: str) -> str:
        """Base address of a process."""
        return f"http://127.0.0.1:{self.ports[name]}"


def environment(service: Service, layout: Layout, addresses: Addresses, *, mode: str) -> dict[str, str]:
    """Return the PLACET_… variables of one service."""
    found = {
        "PLACET_ENV": mode,
        "PLACET_HTTP_PORT": str(addresses.ports[service.name]),
        "PLACET_TRUST_FILE": str(layout.keys / "trust.json"),
        "PLACET_TRUST_ROOT_FILE": str(layout.keys / "root.pub.json"),
    }
    if service.principal is not None:
        found["PLACET_KAFKA_FILE"] = str(layout.clients / f"{service.principal}.json")
        if service.signs:
            found["PLACET_SIGNING_KEY_FILE"] = str(layout.keys / "services" / f"{service.principal}.key.json")
    if service.role is not None:
        found["PLACET_DATABASE_DSN_FILE"] = str(layout.dsn / f"{service.role}.dsn")
    return found | _particular(service, layout, addresses)


def _particular(service: Service, layout: Layout, addresses: Addresses) -> dict[str, str]:
    """Return what only one service is told."""
    match service.name:
        case "desk":
            return {
                "PLACET_PUBLIC_URL": addresses.url("desk"),
                "PLACET_DIRECTORY_FILE": str(layout.directory),
                "PLACET_SESSION_SECRET_FILE": str(layout.secrets / "session"),
                "PLACET_OIDC_ISSUER": addresses.url(PROVIDER),
                "PLACET_OIDC_CLIENT_ID": development.CLIENT_ID,
                "PLACET_OIDC_CLIENT_SECRET_FILE": str(layout.secrets / "oidc-client"),
            }
        case "classifier":
            return {"PLACET_CLASSIFIER_FINGERPRINT_KEY_FILE": str(layout.secrets / "fingerprint")}
        case "settle":
            return {
                "PLACET_DIRECTORY_FILE": str(layout.directory),
                "PLACET_OIDC_ISSUER": addresses.url(PROVIDER),
                "PLACET_OIDC_CLIENT_ID": development.CLIENT_ID,
            }
        case _:
            return {}


def programs(
    services: Sequence[Service], layout: Layout, addresses: Addresses, *, outside: Mapping[str, str], mode: str
) -> list[Program]:
    """Return the given services and the development identity provider. `outside` is the operator's environment."""
    base = {name: outside[name] for name in INHERITED if name in outside} | {"TMPDIR": str(layout.tmp)}
    told = {OTLP: outside[OTLP]} if outside.get(OTLP) else {}
    found = [
        Program(
            name=service.name,
            command=(sys.executable, "-P", "-m", *service.module),
            env=base | environment(service, layout, addresses, mode=mode) | told,
            log=layout.logs / f"{service.name}.log",
            health=addresses.url(service.name) + "/healthz",
            cwd=layout.folder,
            after=(PROVIDER,) if service.name == "desk" else (),
        )
        for service in services
    ]
    provider = Program(
        name=PROVIDER,
        command=development.provider_command(addresses.ports[PROVIDER]),
        env=base,
        log=layout.logs / f"{PROVIDER}.log",
        health=addresses.url(PROVIDER) + "/.well-known/openid-configuration",
        cwd=layout.folder,
        stop_seconds=1.0,
    )
    return [provider, *found]
