"""What an executor has redeemed, run and reported: a SQLite file that survives any crash.

Rules:
- An action is redeemed at most once in the life of the store, whatever grant names it: its id is the primary key.
- `redeemed → running → reported`, each step on disk (synchronous=FULL) before the next thing happens.
- What stood before the end when its process died is never run again: `running` is reported as `unknown`, `redeemed` as
  `refused` (it did not start). A process is dead when its lock file can be locked.
- Trace context lies beside report and redemption, so that what is sent after a crash still belongs to its trace.
- A report is kept in the same transaction as the state it ends, and sent again, the same bytes, until the
  broker has it.
- The newest version of the trust file that was in force stands here too, and only rises.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from placet.messages import Outgoing
from placet.outcomes import ClientError
from placet.tracing import traceparent_of

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS redemptions (
  action_id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  digest TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  attempt TEXT NOT NULL,
  owner TEXT NOT NULL,
  trace TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL CHECK (state IN ('redeemed', 'running', 'reported')),
  started_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS unfinished ON redemptions (state) WHERE state <> 'reported';
CREATE TABLE IF NOT EXISTS reports (
  attempt TEXT PRIMARY KEY,
  topic TEXT NOT NULL,
  key BLOB NOT NULL,
  value BLOB NOT NULL,
  signature BLOB NOT NULL,
  trace TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS trust (root TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Redemption:
    """A use of a grant. `attempt` is the id its report will carry."""

    action_id: str
    agent: str
    digest: str
    grant_id: str
    attempt: str
    started_at: datetime | None = None
    """Set once the function has been started."""
    trace: str = ""
    """W3C traceparent that the ticket came with, or empty."""


class Store:
    """Safe between threads and between processes that share the file."""

    def __init__(self, path: Path) -> None:
        """Open or create it, mode 0600; raise `ClientError`."""
        self._path = path
        self._lock = threading.Lock()
        self._owner = uuid.uuid4().hex
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made here, so that SQLite's own files beside it get the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
            _add_trace(self._database)
            self._owner_file = self._lock_owner(self._owner, create=True)
        except (OSError, sqlite3.Error) as error:
            raise ClientError(
                f"The executor's store {path} cannot be used ({type(error).__name__}). Nothing was run. "
                "Name a file in a folder this process may write to."
            ) from error

    def redeem(self, redemption: Redemption) -> bool:
        """Use the action's one chance; False where it was used before."""
        with self._transaction() as database:
            done = database.execute(
                "INSERT INTO redemptions (action_id, agent, digest, grant_id, attempt, owner, trace, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 'redeemed') ON CONFLICT (action_id) DO NOTHING",
                (
                    redemption.action_id,
                    redemption.agent,
                    redemption.digest,
                    redemption.grant_id,
                    redemption.attempt,
                    self._owner,
                    redemption.trace,
                ),
            )
            return done.rowcount == 1

    def start(self, action_id: str, *, at: datetime) -> None:
        """From now on the function may have had effects."""
        with self._transaction() as database:
            done = database.execute(
                "UPDATE redemptions SET state = 'running', started_at = ? WHERE action_id = ? AND state = 'redeemed'",
                (at.isoformat(), action_id),
            )
            if done.rowcount != 1:
                raise ClientError(f"Action {action_id} is not in the state from which it may start. It was not run.")

    def finish(self, redemption: Redemption, report: Outgoing) -> None:
        """The end of a redemption and its report, in one."""
        with self._transaction() as database:
            database.execute("UPDATE redemptions SET state = 'reported' WHERE action_id = ?", (redemption.action_id,))
            _keep(database, redemption.attempt, report)

    def keep(self, attempt: str, report: Outgoing) -> None:
        """A report of something that was not redeemed."""
        with self._transaction() as database:
            _keep(database, attempt, report)

    def published(self, attempt: str) -> None:
        """The broker has the report: it is kept here no longer."""
        with self._transaction() as database:
            database.execute("DELETE FROM reports WHERE attempt = ?", (attempt,))

    def unpublished(self) -> list[tuple[str, str, Outgoing]]:
        """Reports the broker may not have, oldest first: attempt, trace context, message."""
        with self._lock:
            rows = self._database.execute(
                "SELECT attempt, trace, topic, key, value, signature FROM reports ORDER BY rowid"
            ).fetchall()
        return [(attempt, trace, Outgoing(*rest)) for attempt, trace, *rest in rows]

    def redeemed_with(self, action_id: str) -> str | None:
        """The grant an action was redeemed with, if it was."""
        with self._lock:
            row = self._database.execute(
                "SELECT grant_id FROM redemptions WHERE action_id = ?", (action_id,)
            ).fetchone()
        return None if row is None else str(row[0])

    def abandoned(self) -> list[Redemption]:
        """What was not finished by a process that is no more."""
        with self._lock:
            rows = self._database.execute(
                "SELECT action_id, agent, digest, grant_id, attempt, started_at, trace, owner FROM redemptions"
                " WHERE state <> 'reported' AND owner <> ? ORDER BY rowid",
                (self._owner,),
            ).fetchall()
        dead = {owner for owner in {row[-1] for row in rows} if self._is_dead(owner)}
        return [
            Redemption(action_id, agent, digest, grant_id, attempt, started and datetime.fromisoformat(started), trace)
            for action_id, agent, digest, grant_id, attempt, started, trace, owner in rows
            if owner in dead
        ]

    def newest_trust(self, root: str) -> int:
        """The newest version of the trust file kept for a root key's id; 0 where there is none."""
        with self._transaction() as database:
            row = database.execute("SELECT version FROM trust WHERE root = ?", (root,)).fetchone()
        return 0 if row is None else int(row[0])

    def keep_trust(self, root: str, version: int) -> None:
        """Keep a version, unless a newer one is kept."""
        with self._transaction() as database:
            database.execute(
                "INSERT INTO trust (root, version) VALUES (?, ?)"
                " ON CONFLICT (root) DO UPDATE SET version = max(version, excluded.version)",
                (root, version),
            )

    def close(self) -> None:
        """Close the file. What this process has not finished counts as abandoned from now on."""
        with self._lock:
            self._database.close()
            self._lock_path(self._owner).unlink(missing_ok=True)
            os.close(self._owner_file)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                with self._database:
                    yield self._database
            except sqlite3.Error as error:
                raise ClientError(
                    f"The executor's store {self._path} failed ({type(error).__name__}). "
                    "Nothing runs without it; check the disk."
                ) from error

    def _lock_path(self, owner: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{owner}.lock")

    def _lock_owner(self, owner: str, *, create: bool = False) -> int:
        file = os.open(self._lock_path(owner), os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise
        return file

    def _is_dead(self, owner: str) -> bool:
        try:
            file = self._lock_owner(owner)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        self._lock_path(owner).unlink(missing_ok=True)
        os.close(file)
        return True


def _keep(database: sqlite3.Connection, attempt: str, report: Outgoing) -> None:
    database.execute(
        "INSERT INTO reports (attempt, topic, key, value, signature, trace) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (attempt) DO NOTHING",
        (attempt, report.topic, report.key, report.value, report.signature, traceparent_of()),
    )


def _add_trace(database: sqlite3.Connection) -> None:
    """Bring a store made before trace context was kept up to date; nothing of it is touched."""
    for table in ("redemptions", "reports"):
        if "trace" not in {row[1] for row in database.execute(f"PRAGMA table_info({table})")}:
            database.execute(f"ALTER TABLE {table} ADD COLUMN trace TEXT NOT NULL DEFAULT ''")
