"""PostgreSQL's databases and roles: one role and one DSN file per process, so that each holds its own rights only.

- Two databases, one per service that has tables: `approver` and `ledger`. Nobody connects to one who has no role in it.
- An owner's role makes and changes its schema (migrations) and serves nothing; what the serving roles may do with
  each table is granted by that service's migrations.
- Passwords are random, stored by the server as SCRAM verifiers, and stand only in the DSN files (mode 0600).
- Running it again changes nothing but the address in the DSN files.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from infra.embedded.postgres import dsn
from placet.private_files import write_private


@dataclass(frozen=True, slots=True)
class DatabaseRole:
    """One process's role. `owns` may create schemas in its database."""

    name: str
    database: str
    owns: bool = False


ROLES: Final = (
    DatabaseRole("approver_owner", "approver", owns=True),
    DatabaseRole("settle", "approver"),
    DatabaseRole("desk", "approver"),
    DatabaseRole("ledger_owner", "ledger", owns=True),
    DatabaseRole("ledger_writer", "ledger"),
    DatabaseRole("ledger_reader", "ledger"),
)


def create(
    superuser_dsn: str, folder: Path, *, rename: Callable[[str], str] = lambda database: database
) -> dict[str, Path]:
    """Make roles and databases; returns role → DSN file in `folder`.

    `rename` gives the databases other names (tests use fresh ones). Raises psycopg.Error.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    address = psycopg.conninfo.conninfo_to_dict(superuser_dsn)
    found = {}
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role in ROLES:
            secret = folder / f"{role.name}.password"
            if not secret.exists():
                write_private(secret, secrets.token_urlsafe(24) + "\n")
            _role(connection, role.name, secret.read_text().strip())
        for database in sorted({role.database for role in ROLES}):
            _database(connection, rename(database), [role for role in ROLES if role.database == database])
        for role in ROLES:
            password = (folder / f"{role.name}.password").read_text().strip()
            found[role.name] = folder / f"{role.name}.dsn"
            host, port = str(address.get("host", "")), address.get("port")
            line = dsn(user=role.name, password=password, database=rename(role.database), host=host)
            write_private(found[role.name], line + (f"&port={port}" if port else "") + "\n")
    return found


def _role(connection: psycopg.Connection[Any], name: str, password: str) -> None:
    """Make the role, or give it the password that its file holds."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    # The verifier is computed here: the password itself never travels in a statement.
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    options = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION")
    connection.execute(
        sql.SQL("{} {} {} PASSWORD {}").format(verb, sql.Identifier(name), options, sql.Literal(verifier))
    )


def _database(connection: psycopg.Connection[Any], name: str, roles: list[DatabaseRole]) -> None:
    database = sql.Identifier(name)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    for role in roles:
        rights = sql.SQL("CONNECT, CREATE" if role.owns else "CONNECT")
        connection.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(rights, database, sql.Identifier(role.name)))
