"""PostgreSQL's locks: what each process's role may do, listed whole; and that nobody signs in without a password."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from infra.roles import ROLES
from services.approver.migrations import migrate as migrate_approver
from services.chassis.database import engine
from services.ledger.migrations import migrate as migrate_ledger
from tests.fix_embedded import PostgresPart

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
APPEND = {"SELECT", "INSERT"}
VOTE = {"request_id", "action_id", "digest", "reviewer", "vote", "reason", "channel", "authentication"}
LEDGER = ("entries", "entry_values", "nodes", "checkpoints", "alembic_version")
APPROVER = ("actions", "outcomes", "reviews", "votes", "steps", "outbox", "trust", "alembic_version")

MAY: Mapping[str, Mapping[str, set[str]]] = {
    "ledger_writer": dict.fromkeys(LEDGER[:4], APPEND),
    "ledger_reader": {table: {"SELECT"} for table in LEDGER[:4]},
    "settle": {
        "actions": APPEND,
        "outcomes": APPEND,
        "steps": APPEND,
        "reviews": APPEND,
        "outbox": {*APPEND, "DELETE"},
        "trust": APPEND,
        "votes": {"SELECT"},
    },
    "desk": {table: {"SELECT"} for table in ("outcomes", "reviews", "steps")},
}
"""Whole tables; nothing else."""
MAY_COLUMNS: Mapping[tuple[str, str, str], set[str]] = {
    ("settle", "reviews", "UPDATE"): {
        *("state", "next_sequence", "escalated", "escalates_at", "closed_at", "closed_code", "closed_sentence")
    },
    ("settle", "votes", "UPDATE"): {"judged_at", "counted", "code", "sentence", "authenticated_at", "evidence"},
    ("settle", "trust", "UPDATE"): {"version"},
    ("desk", "votes", "INSERT"): {*VOTE, "evidence"},
    ("desk", "votes", "SELECT"): {*VOTE, "id", "cast_at", "judged_at", "counted", "code", "sentence"},
}
"""Single columns, where the whole table is not given."""


@pytest.fixture(scope="module")
def dsns(role_dsns: dict[str, Path], postgres: PostgresPart) -> dict[str, str]:
    """DSN of each role in migrated databases, and the superuser's in each."""
    found = {role: path.read_text().strip() for role, path in role_dsns.items()}
    migrate_approver(found["approver_owner"])
    migrate_ledger(found["ledger_owner"])
    for schema in ("approver", "ledger"):
        database = str(psycopg.conninfo.conninfo_to_dict(found[f"{schema}_owner"])["dbname"])
        found[f"superuser of {schema}"] = postgres.dsn(database)
    return found


@pytest.mark.parametrize("role", MAY)
def test_what_a_role_may_do_is_this_and_nothing_else(role: str, dsns: dict[str, str]) -> None:
    schema = "ledger" if role.startswith("ledger") else "approver"
    with psycopg.connect(dsns[f"superuser of {schema}"]) as connection:
        tables = connection.execute(
            "SELECT c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            (schema,),
        ).fetchall()
        whole: dict[str, set[str]] = {}
        columns: dict[tuple[str, str, str], set[str]] = {}
        for table, oid in tables:
            for privilege in PRIVILEGES:
                query = "SELECT has_table_privilege(%s, %s::oid, %s)"
                if connection.execute(query, (role, oid, privilege)).fetchone() == (True,):
                    whole.setdefault(table, set()).add(privilege)
                elif privilege in {"SELECT", "INSERT", "UPDATE", "REFERENCES"}:
                    rows = connection.execute(
                        "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
                        " AND has_column_privilege(%s, attrelid, attnum, %s)",
                        (oid, role, privilege),
                    ).fetchall()
                    if rows:
                        columns[role, table, privilege] = {name for (name,) in rows}
    assert {table for table, _ in tables} == set(LEDGER if schema == "ledger" else APPROVER)
    assert whole == MAY[role]
    assert columns == {key: value for key, value in MAY_COLUMNS.items() if key[0] == role}


RUNNING = [role.name for role in ROLES if not role.owns]
ESCALATIONS = {
    "another role": "SET ROLE {owner}",
    "the superuser": "SET ROLE postgres",
    "session authorization": "SET SESSION AUTHORIZATION {owner}",
    "no triggers in this session": "SET session_replication_role = replica",
    "triggers off": "ALTER TABLE {schema}.{table} DISABLE TRIGGER ALL",
    "trigger gone": "DROP TRIGGER {trigger} ON {schema}.{table}",
    "table changed": "ALTER TABLE {schema}.{table} ADD COLUMN mine int",
    "table taken": "ALTER TABLE {schema}.{table} OWNER TO {role}",
    "table gone": "DROP TABLE {schema}.{table}",
    "another guard": "CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS $$ BEGIN RETURN NEW; END $$",
    "a function in the schema": "CREATE FUNCTION {schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a function in public": "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a table in public": "CREATE TABLE public.mine ()",
    "a temporary table": "CREATE TEMPORARY TABLE mine ()",
    "a schema": "CREATE SCHEMA mine",
    "a role": "CREATE ROLE mine",
    "a grant to itself": "GRANT ALL ON {schema}.{table} TO {role}",
    "a file": "COPY (SELECT 1) TO '/tmp/mine'",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "the server's files": "SELECT pg_read_file('postgresql.conf')",
    "the passwords": "SELECT * FROM pg_authid",
    "the server's settings": "ALTER SYSTEM SET fsync = off",
}


@pytest.mark.parametrize("attempt", ESCALATIONS)
def test_no_running_role_gets_beyond_what_it_was_given(attempt: str, dsns: dict[str, str]) -> None:
    for role in RUNNING:
        schema = "ledger" if role.startswith("ledger") else "approver"
        words = {
            "role": role,
            "schema": schema,
            "owner": f"{schema}_owner",
            "table": "entries" if schema == "ledger" else "outcomes",
            "trigger": "append_only" if schema == "ledger" else "outcomes_final",
        }
        with psycopg.connect(dsns[role], autocommit=True) as connection:
            try:
                connection.execute(ESCALATIONS[attempt].format(**words).encode())
            except errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                pytest.fail(f"{role}: refused, but for {type(error).__name__}")
            grants = connection.execute(
                "SELECT has_table_privilege(current_user, %s, 'DELETE')", (f"{schema}.{words['table']}",)
            ).fetchone()
            # A grant without any right to give is only a warning: nothing came of it.
            assert attempt == "a grant to itself", role
            assert grants == (False,), role


def test_what_is_settled_stays_settled_for_the_owner_too(dsns: dict[str, str]) -> None:
    action = "0198c6a0-0000-7000-8000-000000000001"
    with psycopg.connect(dsns["settle"]) as settle:
        settle.execute("INSERT INTO approver.actions VALUES (%s, 'a', 'd', now())", (action,))
        end(settle, action)
    for statement in ("UPDATE approver.outcomes SET outcome = 'expired'", "DELETE FROM approver.outcomes"):
        for role in ("approver_owner", "superuser of approver"):
            with psycopg.connect(dsns[role]) as connection, pytest.raises(errors.IntegrityConstraintViolation):
                connection.execute(statement)


def end(connection: psycopg.Connection[tuple[object, ...]], action: str) -> None:
    connection.execute(
        "INSERT INTO approver.outcomes VALUES (%s, 'a', 'd', 'denied', 'c', 's', 'never', '{}', '{}', NULL, now())",
        (action,),
    )


def test_the_trust_file_gone_by_only_gets_newer_whoever_writes(dsns: dict[str, str]) -> None:
    with psycopg.connect(dsns["settle"]) as settle:
        settle.execute("INSERT INTO approver.trust VALUES ('root', 5)")
        settle.execute("UPDATE approver.trust SET version = 6")
    for role in ("settle", "approver_owner", "superuser of approver"):
        with psycopg.connect(dsns[role]) as connection, pytest.raises(errors.IntegrityConstraintViolation):
            connection.execute("UPDATE approver.trust SET version = 5")
    with psycopg.connect(dsns["settle"]) as settle, pytest.raises(errors.InsufficientPrivilege):
        settle.execute("DELETE FROM approver.trust")


def test_an_action_ends_once_whoever_writes(dsns: dict[str, str]) -> None:
    action = str(uuid.UUID("0198c6a0-0000-7000-8000-000000000002"))
    with psycopg.connect(dsns["settle"]) as settle:
        settle.execute("INSERT INTO approver.actions VALUES (%s, 'a', 'd', now())", (action,))
        end(settle, action)
    for role in ("settle", "approver_owner", "superuser of approver"):
        with psycopg.connect(dsns[role]) as connection, pytest.raises(errors.UniqueViolation):
            end(connection, action)


def test_the_ledger_holds_a_place_once_whoever_writes(dsns: dict[str, str]) -> None:
    entry = (
        'INSERT INTO ledger.entries (seq, leaf_hash, topic, partition, "offset", received_at, value_hash)'
        " VALUES (%s, sha256(''), 't', 0, 7, now(), sha256(''))"
    )
    with psycopg.connect(dsns["ledger_writer"]) as writer:
        writer.execute(entry, (0,))
        with pytest.raises(errors.UniqueViolation, match="topic_partition_offset"):
            writer.execute(entry, (1,))


def test_nobody_signs_in_without_the_password(postgres: PostgresPart, dsns: dict[str, str]) -> None:
    """Over the socket either: no line of pg_hba.conf trusts anybody, and every verifier is SCRAM's."""
    with psycopg.connect(postgres.superuser_dsn) as connection:
        methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        names = [*(role.name for role in ROLES)]
        verifiers = connection.execute(
            "SELECT rolname, left(rolpassword, 14) FROM pg_authid WHERE rolname = ANY(%s)", (names,)
        ).fetchall()
    assert methods == [("scram-sha-256",)]
    assert dict(verifiers) == dict.fromkeys(names, "SCRAM-SHA-256$")
    for role in names:
        for password in ("wrong", "", role):
            wanted = psycopg.conninfo.make_conninfo(dsns[role], password=password, passfile="/dev/null")
            with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|no password supplied"):
                psycopg.connect(wanted)


def test_no_running_role_is_a_member_of_another_or_stands_above_the_rules(dsns: dict[str, str]) -> None:
    with psycopg.connect(dsns["superuser of ledger"]) as connection:
        above = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND"
            " (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)",
            (RUNNING,),
        ).fetchall()
        members = connection.execute(
            "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member WHERE m.rolname = ANY(%s)",
            (RUNNING,),
        ).fetchall()
    assert (above, members) == ([], [])


def test_tls_of_a_dsn_file_reaches_the_driver(tmp_path: Path) -> None:
    """A server that has none is refused by whoever asks for it: nothing falls back to plain text."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        refusing = threading.Thread(target=_answers_no, args=(server,))
        refusing.start()
        path = tmp_path / "tls.dsn"
        path.write_text(f"postgresql://desk:x@127.0.0.1:{server.getsockname()[1]}/approver?sslmode=require\n")
        with pytest.raises(OperationalError, match="does not support SSL"):
            engine(path, name="test").connect()
        refusing.join()


def _answers_no(server: socket.socket) -> None:
    """As a PostgreSQL without TLS answers an SSLRequest."""
    connection, _ = server.accept()
    with connection:
        connection.recv(8)
        connection.sendall(b"N")
        connection.recv(1)
