"""What Docker Compose needs before and between its containers: each process's own folder of secrets, then the tables.

`python -m infra.containers secrets FOLDER` runs first, as root, on an empty volume; `prepare FOLDER` runs when Kafka
and PostgreSQL answer. Both may run again. Rules:
- One folder per container, mounted into that container alone; files are 0600 and belong to the user it runs as.
- The trust file and the root's public key lie in `trust/`, which every service sees; private keys nowhere else than
  with their holder, except the operator's folder `ops/`.
- Passwords of Kafka's users reach the broker in the file that formats its storage, never on a command line.
"""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from infra import admin, development, roles
from infra.embedded.kafka_config import BROKER, LOGGING, Node, cluster_id, format_arguments, properties
from infra.embedded.postgres import SUPERUSER, dsn
from infra.embedded.secrets import password_file
from infra.errors import PartFailedError
from infra.layout import Layout
from infra.principals import PRINCIPALS
from infra.programs import SERVICES
from placet.kafka_settings import KafkaSettings
from placet.private_files import write_private

HOME: Final = Path("/run/placet")
"""Where a container finds its folder."""
USER: Final = 10001
"""The services' user in the image."""
KAFKA_USER: Final = 1000
"""`appuser` of the apache/kafka image."""
POSTGRES_USER: Final = 999
"""`postgres` of the Debian-based postgres image."""
KAFKA_PORT: Final = 9092
HOLDERS: Final = {"session": "desk", "oidc-client": "desk", "fingerprint": "classifier"}
"""Generated secret → the one service that holds it."""


def make_secrets(folder: Path, *, chown: bool = True) -> None:
    """Make whatever is not there yet: keys, passwords, client settings, the broker's settings."""
    ops = Layout(folder / "ops")
    ops.make()
    development.prepare(ops, now=datetime.now(UTC))
    passwords = {name: password_file(ops.secrets / "kafka" / f"{name}.password") for name in PRINCIPALS}
    password_file(ops.secrets / "superuser.password")
    _kafka(folder / "kafka", passwords, ops)
    for principal in PRINCIPALS:
        _client(ops.clients / f"{principal}.json", principal, passwords[principal])
    for service in SERVICES:
        own = folder / service.name
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        if service.principal is not None:
            write_private(own / "kafka.password", passwords[service.principal].read_text())
            _client(own / "kafka.json", service.principal, HOME / "kafka.password")
            key = ops.keys / "services" / f"{service.principal}.key.json"
            write_private(own / "signing.key.json", key.read_text())
    for name, holder in HOLDERS.items():
        write_private(folder / holder / f"{name}.secret", (ops.secrets / name).read_text())
    _copy(ops.keys, folder / "trust", ("trust.json", "root.pub.json"))
    _copy(ops.folder, folder / "trust", ("directory.json",))
    postgres = folder / "postgres"
    postgres.mkdir(mode=0o700, exist_ok=True)
    write_private(postgres / "superuser.password", (ops.secrets / "superuser.password").read_text())
    if chown:
        for name in (*(service.name for service in SERVICES), "trust"):
            _give(folder / name, USER)
        _give(folder / "kafka", KAFKA_USER)
        _give(postgres, POSTGRES_USER)


def prepare(folder: Path, *, chown: bool = True) -> None:
    """Make topics, rules, roles and tables, and hand every service its DSN. PartFailedError says what went wrong."""
    from infra.system import migrate  # noqa: PLC0415 - pulls in the services' migrations

    ops = Layout(folder / "ops")
    with admin.operator(KafkaSettings.load(ops.clients / "ops.json"), seconds=60) as client:
        if left := admin.create(client):
            raise PartFailedError(f"Kafka is not as the catalogue wants it: {'; '.join(left[:5])}")
    password = (ops.secrets / "superuser.password").read_text().strip()
    written = roles.create(dsn(user=SUPERUSER, password=password, database="postgres", host="postgres"), ops.dsn)
    migrate(written)
    for service in SERVICES:
        if service.role is not None:
            own = folder / service.name
            write_private(own / "database.dsn", written[service.role].read_text())
            if chown:
                _give(own, USER)


def _kafka(folder: Path, passwords: Mapping[str, Path], ops: Layout) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "log4j2.xml").write_text(LOGGING.format(log="/var/lib/kafka/data/broker.log"))
    if (folder / "server.properties").exists():
        return
    node = Node(KAFKA_PORT, 9093, Path("/var/lib/kafka/data"), listen="0.0.0.0", advertised="kafka")  # noqa: S104 - inside its container
    plain = {name: path.read_text().strip() for name, path in passwords.items()}
    controller = password_file(ops.secrets / "controller.password").read_text().strip()
    settings = properties(node, broker_password=plain[BROKER], controller_password=controller)
    write_private(folder / "server.properties", settings)
    inside = Path("/etc/placet/server.properties")
    arguments = format_arguments(inside, cluster_id(uuid.uuid4().bytes), plain)
    write_private(folder / "format.arguments", f"{arguments}\n--ignore-formatted")


def _client(path: Path, principal: str, password: Path) -> None:
    settings = KafkaSettings(
        bootstrap=f"kafka:{KAFKA_PORT}", security_protocol="SASL_PLAINTEXT", username=principal, password_file=password
    )
    write_private(path, settings.model_dump_json(exclude_none=True, indent=2) + "\n")


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    target.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(source / name, target / name)


def _give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


def main(arguments: list[str]) -> int:
    """Run one of the two steps; returns the exit status."""
    match arguments:
        case ["secrets", folder]:
            make_secrets(Path(folder))
        case ["prepare", folder]:
            prepare(Path(folder))
        case _:
            sys.stderr.write("Say which step: python -m infra.containers secrets|prepare FOLDER\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
