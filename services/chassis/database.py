"""PostgreSQL: one engine per process, from a DSN file; and its notifications.

Rules:
- The DSN is a secret, so it is a path; statements' parameters never reach a log or an error.
- `transient()` turns what is wrong with the database, rather than with the statement, into `TransientError`.
- A notification is a hint to look again, never the news itself: after every (re)connect each channel is called once
  with an empty payload, because what was notified meanwhile is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.chassis import logs
from services.chassis.errors import SettingsError, TransientError
from services.chassis.retry import Retry

LOCK_TIMEOUT_MS = 4_000
STATEMENT_TIMEOUT_MS = 15_000


def read_dsn(path: Path) -> str:
    """The DSN as `postgresql://…`, as psycopg takes it; raise `SettingsError` that names the file only."""
    try:
        found = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"The DSN file {path} cannot be read: {error.strerror}.") from None
    if not found.startswith("postgresql://"):
        raise SettingsError(f"The DSN file {path} must hold one line that starts with postgresql://.")
    return found


def engine(dsn_file: Path, *, name: str, pool_size: int = 5, schema: str | None = None) -> Engine:
    """An engine that connects on first use. `name` is shown in pg_stat_activity; `schema` becomes the search path."""
    options = [f"-c lock_timeout={LOCK_TIMEOUT_MS}", f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"]
    options += [f"-c search_path={schema}"] if schema is not None else []
    try:
        url = make_url(read_dsn(dsn_file)).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise SettingsError(f"The DSN file {dsn_file} does not hold a PostgreSQL URL.") from None
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1_800,
        hide_parameters=True,
        connect_args={"application_name": name, "options": " ".join(options), "connect_timeout": 5},
    )


@contextmanager
def transient(dependency: str = "postgres") -> Iterator[None]:
    """Raise `TransientError` where the database is away, busy, or chose this transaction as a victim.

    psycopg classes serialization failures, deadlocks, timeouts and lost connections as operational errors.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeoutError) as error:
        raise TransientError(dependency, type(error).__name__) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise TransientError(dependency, type(error).__name__) from error
        raise
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise TransientError(dependency, type(error).__name__) from error


class Listener:
    """A daemon thread that calls `on_notify(channel, payload)`; payload "" after a (re)connect: look at everything."""

    def __init__(self, dsn_file: Path, channels: Sequence[str], on_notify: Callable[[str, str], None]) -> None:
        self._dsn_file, self._channels, self._on_notify = dsn_file, tuple(channels), on_notify
        self._stopping = threading.Event()
        self.retry = Retry("listen")
        """For /readyz."""
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> Listener:
        """Begin to listen; raise `SettingsError` where the DSN file is no good."""
        read_dsn(self._dsn_file)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop within a second."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with (
                    transient(),
                    psycopg.connect(
                        read_dsn(self._dsn_file), autocommit=True, application_name="listener", connect_timeout=5
                    ) as connection,
                ):
                    self._listen(connection)
            except TransientError as error:
                self._stopping.wait(self.retry.failed(error))
            except SettingsError as error:
                self._stopping.wait(self.retry.failed(TransientError("postgres", str(error))))

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        for channel in self._channels:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        self.retry.succeeded()
        for channel in self._channels:
            self._call(channel, "")
        while not self._stopping.is_set():
            # With a timeout psycopg waits on the socket, and returns now and then to look whether to stop.
            for notice in connection.notifies(timeout=0.5):
                self._call(notice.channel, notice.payload)

    def _call(self, channel: str, payload: str) -> None:
        try:
            self._on_notify(channel, payload)
        except Exception:  # noqa: BLE001 - a bad callback must not end the thread
            # The hint is lost; the one who listens also looks by the clock.
            logs.get_logger().exception("notification_failed", channel=channel)
