"""Roles and databases on a real server: made, made again, and closed to each other."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg
import pytest

from infra import roles
from infra.roles import ROLES
from tests.fix_embedded import PostgresPart


def test_each_role_signs_in_to_its_database_and_to_no_other(role_dsns: dict[str, Path]) -> None:
    addresses = {role.name: role_dsns[role.name].read_text().strip() for role in ROLES}
    databases = {role.name: str(psycopg.conninfo.conninfo_to_dict(addresses[role.name])["dbname"]) for role in ROLES}
    for role in ROLES:
        for database in sorted(set(databases.values())):
            wanted = psycopg.conninfo.make_conninfo(addresses[role.name], dbname=database)
            if database == databases[role.name]:
                with psycopg.connect(wanted) as connection:
                    assert connection.execute("SELECT current_user").fetchone() == (role.name,)
            else:
                with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                    psycopg.connect(wanted)


def test_only_owners_make_schemas(role_dsns: dict[str, Path]) -> None:
    for role in ROLES:
        with psycopg.connect(role_dsns[role.name].read_text().strip()) as connection:
            if role.owns:
                connection.execute(f"CREATE SCHEMA made_by_{role.name}")
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"CREATE SCHEMA made_by_{role.name}")
            connection.rollback()


def test_running_it_again_keeps_passwords_and_files_private(postgres: PostgresPart, role_dsns: dict[str, Path]) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(role_dsns["settle"].read_text().strip())["dbname"])
    suffix = name.removeprefix("approver")
    # The same folder of passwords as the fixture's.
    folder = role_dsns["settle"].parent.parent / "roles"
    again = roles.create(postgres.superuser_dsn, folder, rename=lambda database: database + suffix)
    assert {role: path.read_text() for role, path in again.items()} == {
        role: path.read_text() for role, path in role_dsns.items()
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
