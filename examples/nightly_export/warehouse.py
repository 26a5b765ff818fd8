"""The database that is worth guarding: 3,000 invented customers, and two roles.

Rules: `nightly_agent` may read totals and nothing else, so going round the gate fails in the database itself;
`nightly_executor` owns the table. Each role's DSN is a file of mode 0600, given to one process only.
"""

from __future__ import annotations

import os
import random
import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

CUSTOMERS = 3_000
AGENT, EXECUTOR = "nightly_agent", "nightly_executor"
_FIRST = (
    "Ada",
    "Bela",
    "Chidi",
    "Dana",
    "Emre",
    "Fatou",
    "Goran",
    "Hana",
    "Ines",
    "Jun",
    "Kofi",
    "Lena",
    "Mina",
    "Noor",
)
_LAST = ("Abara", "Brandt", "Castro", "Duarte", "Eriksen", "Farouk", "Grau", "Haddad", "Ito", "Jansen", "Kaya", "Lindt")
_COUNTRIES = ("DE", "FR", "IT", "JP", "KE", "NO", "PT", "TR")
_PLANS = (("free", 0), ("pro", 2_900), ("team", 9_900))


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where the two DSN files lie."""

    agent_dsn_file: Path
    executor_dsn_file: Path


def build(superuser_dsn: str, folder: Path) -> Warehouse:
    """Create database, roles, table and people; return the DSN files."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    passwords = {role: secrets.token_urlsafe(24) for role in (AGENT, EXECUTOR)}
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, password in passwords.items():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            )
        connection.execute(sql.SQL("CREATE DATABASE warehouse OWNER {}").format(sql.Identifier(EXECUTOR)))
        connection.execute("CREATE ROLE contractor")
    dsns = {role: _dsn(superuser_dsn, role, password) for role, password in passwords.items()}
    with psycopg.connect(dsns[EXECUTOR]) as connection:
        connection.execute(
            "CREATE TABLE customers (id int PRIMARY KEY, full_name text NOT NULL, email text NOT NULL UNIQUE,"
            " country text NOT NULL, plan text NOT NULL, monthly_cents int NOT NULL, signed_up date NOT NULL)"
        )
        with connection.cursor().copy("COPY customers FROM STDIN") as copy:
            for row in invented_people():
                copy.write_row(row)
        connection.execute(
            "CREATE VIEW plan_totals AS SELECT plan, count(*) AS customers, sum(monthly_cents) AS monthly_cents"
            " FROM customers GROUP BY plan"
        )
        connection.execute(sql.SQL("GRANT SELECT ON plan_totals TO {}").format(sql.Identifier(AGENT)))
    return Warehouse(
        agent_dsn_file=_write(folder / "agent.dsn", dsns[AGENT]),
        executor_dsn_file=_write(folder / "executor.dsn", dsns[EXECUTOR]),
    )


def invented_people() -> list[tuple[int, str, str, str, str, int, str]]:
    """The same people every time; their addresses are in example.com (RFC 2606)."""
    chance = random.Random(20_260_115)  # noqa: S311 - invented people need no secrecy
    people = []
    for number in range(1, CUSTOMERS + 1):
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        plan, cents = chance.choice(_PLANS)
        email = f"{first}.{last}.{number}@example.com".lower()
        joined = f"{chance.randint(2019, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        people.append((number, f"{first} {last}", email, chance.choice(_COUNTRIES), plan, cents, joined))
    return people


def _dsn(superuser_dsn: str, role: str, password: str) -> str:
    parts = {**conninfo_to_dict(superuser_dsn), "user": role, "password": password, "dbname": "warehouse"}
    return make_conninfo("", **parts)


def _write(path: Path, content: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    return path
