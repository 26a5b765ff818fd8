"""The embedded server: passwords, quiet logs, and what survives a kill."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.children import Children
from infra.embedded.postgres import EmbeddedPostgres
from tests.fix_embedded import PostgresPart, available


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, children: Children) -> Iterator[EmbeddedPostgres]:
    # A folder whose path is too long for a unix socket: the socket lives elsewhere.
    folder = tmp_path_factory.mktemp("server") / ("long-" * 20)
    found = EmbeddedPostgres(folder / "s", children=children)
    folder.mkdir()
    with available():
        found.start()
    yield found
    found.stop()


def test_what_was_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    address = server.dsn()
    server.kill()
    assert server.pid is None
    server.start()
    assert server.dsn() == address
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_a_clean_stop_leaves_no_socket_folder_and_a_start_makes_it_again(server: EmbeddedPostgres) -> None:
    address, folder = server.dsn(), Path(server.host)
    server.stop()
    assert not folder.exists()
    server.start()
    assert server.dsn() == address
    psycopg.connect(address).close()


def test_a_wrong_password_does_not_sign_in(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(password="wrong"))


def test_values_do_not_reach_the_log(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE one (value text UNIQUE)")
        connection.execute("INSERT INTO one VALUES ('canary-71')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO one VALUES ('canary-71')")
    # The sentence of this error itself quotes the value.
    with psycopg.connect(server.dsn()) as connection, pytest.raises(psycopg.errors.InvalidTextRepresentation) as told:
        connection.execute("SELECT 'canary-71'::int")
    assert "canary-71" in str(told.value)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn(password="wrong"))
    log = server.log.read_text()
    assert "password authentication failed" in log, "what concerns the server is logged"
    assert "canary-71" not in log


def test_the_superuser_password_is_a_private_file(server: EmbeddedPostgres) -> None:
    assert stat.S_IMODE((server.folder / "superuser.password").stat().st_mode) == 0o600


def test_each_database_is_fresh(postgres: PostgresPart) -> None:
    first, second = postgres.create_database("same"), postgres.create_database("same")
    assert first != second
    with psycopg.connect(first) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'kept'").fetchone() == (0,)
