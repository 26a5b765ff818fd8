"""The engine and the listener on a real PostgreSQL."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.chassis.database import Listener, engine, transient
from services.chassis.errors import TransientError

if TYPE_CHECKING:
    from tests.fix_embedded import PostgresPart


@pytest.fixture
def dsn_file(postgres: PostgresPart, tmp_path: Path) -> Path:
    path = tmp_path / "test.dsn"
    path.write_text(postgres.create_database("chassis") + "\n")
    return path


def test_an_engine_connects_under_its_name_and_schema(dsn_file: Path) -> None:
    made = engine(dsn_file, name="settle", schema="pg_catalog")
    with made.connect() as connection:
        name, path = connection.execute(
            text("SELECT current_setting('application_name'), current_setting('search_path')")
        ).one()
    made.dispose()

    assert (name, path) == ("settle", "pg_catalog")


def test_a_connection_that_was_cut_is_transient_and_the_next_one_works(dsn_file: Path) -> None:
    made = engine(dsn_file, name="settle")

    def cut_in_the_middle() -> None:
        with transient(), made.begin() as connection:
            victim = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with psycopg.connect(dsn_file.read_text().strip(), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [victim])
            connection.execute(text("SELECT 1"))

    with pytest.raises(TransientError, match="postgres"):
        cut_in_the_middle()
    with transient(), made.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    made.dispose()


def test_a_server_that_is_not_there_is_transient(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.dsn"
    path.write_text(f"postgresql://settle@/placet?host={tmp_path}")
    made = engine(path, name="settle")

    with pytest.raises(TransientError), transient(), made.connect():
        pytest.fail("nobody answers there")


@pytest.mark.parametrize(
    ("statement", "error"),
    [("SELECT nonsense", ProgrammingError), ("INSERT INTO one VALUES (1), (1)", IntegrityError)],
)
def test_what_is_wrong_with_the_statement_is_not_transient(
    dsn_file: Path, statement: str, error: type[Exception]
) -> None:
    made = engine(dsn_file, name="settle")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE one (id int PRIMARY KEY)"))

    with pytest.raises(error), transient(), made.begin() as connection:
        connection.execute(text(statement))
    made.dispose()


def test_an_error_quotes_no_parameter(dsn_file: Path) -> None:
    made = engine(dsn_file, name="settle")

    with pytest.raises(ProgrammingError) as raised, made.connect() as connection:
        connection.execute(text("SELECT :value FROM nowhere"), {"value": "hunter2"})
    made.dispose()

    assert "hunter2" not in str(raised.value)


def test_a_listener_hears_notifications_and_looks_again_after_a_cut(dsn_file: Path) -> None:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    listener = Listener(dsn_file, ["placet_votes", "placet_reviews"], lambda *news: heard.put(news)).start()
    try:
        assert {heard.get(timeout=10), heard.get(timeout=10)} == {("placet_votes", ""), ("placet_reviews", "")}
        with psycopg.connect(dsn_file.read_text().strip(), autocommit=True) as other:
            other.execute("NOTIFY placet_votes, 'one'")
            assert heard.get(timeout=10) == ("placet_votes", "one")
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'listener' AND datname = current_database()"
            )
        assert {heard.get(timeout=20), heard.get(timeout=20)} == {("placet_votes", ""), ("placet_reviews", "")}
    finally:
        listener.close()

    assert listener.retry.trouble is None


def test_a_callback_that_raises_does_not_end_the_listening(dsn_file: Path) -> None:
    heard: list[str] = []
    enough = threading.Event()

    def careless(_: str, payload: str) -> None:
        heard.append(payload)
        if payload == "two":
            enough.set()
        raise RuntimeError

    listener = Listener(dsn_file, ["placet_votes"], careless).start()
    try:
        with psycopg.connect(dsn_file.read_text().strip(), autocommit=True) as other:
            while not heard:
                enough.wait(0.05)
            other.execute("NOTIFY placet_votes, 'one'")
            other.execute("NOTIFY placet_votes, 'two'")
        assert enough.wait(10)
    finally:
        listener.close()

    assert heard == ["", "one", "two"]
