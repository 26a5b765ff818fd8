"""The agent's journal: what it proposed, so that an answer is found again after a crash and from another process.

Rules:
- One file of mode 0600, JSON lines, appended under a lock on the file; several processes may share it.
- A proposal is on disk (fsync) before it is on the broker. What is sent again after a crash is the same event, byte for
  byte, so it is the same action.
- A line cut off by a crash is no line: it is skipped, and the next one starts on a line of its own.
- Values in clear stand here until the action has ended and its deadline has passed; compacting, now and then, drops
  them, so that neither the file nor the memory grows with history.
- The newest version of the trust file that was in force stands here too; nothing drops it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from placet.events import Outcome
from placet.messages import Outgoing
from placet.outcomes import Allowed, Approved, ClientError, Settled, Ticket

_GRANTED: Final = {Outcome.ALLOWED: Allowed, Outcome.APPROVED: Approved}
_COMPACT_AFTER: Final = 1_000
_OPEN: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the outcome of an action will lie: a partition of actions.resolved, at or after an offset."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One proposed action as the journal knows it."""

    action_id: str
    agent: str
    digest: str
    commitment: str = field(repr=False)
    payload: str = field(repr=False)
    """The canonical bytes, which are UTF-8."""
    deadline: datetime
    place: Place
    event: Outgoing = field(repr=False)
    """What was or will be published."""
    files: dict[str, str] = field(default_factory=dict, repr=False)
    trace: str = ""
    """W3C traceparent of the call that proposed it, or empty."""
    published: bool = False
    settled: Settled | None = field(default=None, repr=False)
    """The verified outcome."""

    def with_outcome(self, settled: Settled, grant: str | None) -> Entry:
        """The entry with its outcome; assent comes with the ticket."""
        kind = _GRANTED.get(settled.outcome)
        if kind is None or grant is None:
            return replace(self, settled=settled)
        ticket = Ticket(
            action_id=self.action_id,
            commitment=self.commitment,
            payload=self.payload.encode(),
            grant=grant,
            files=self.files,
            trace=settled.trace,
        )
        said = {each.name: getattr(settled, each.name) for each in fields(Settled)}
        return replace(self, settled=kind(**said, ticket=ticket))


_ENTRY: Final = TypeAdapter(Entry)
_SETTLED: Final = TypeAdapter(Settled)


class Journal:
    """Append and look up; safe between threads and between processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._file: int | None = None
        self._read_to = 0
        self._entries: dict[str, Entry] = {}
        self._trust: dict[str, int] = {}
        self._ended = 0
        with self._held():
            pass  # A folder that cannot be written is told before anything is proposed.

    def proposed(self, entry: Entry) -> None:
        """Keep a proposal; returns when it is on disk. Raise `ClientError`."""
        self._append(_proposed_line(entry), durable=True)

    def published(self, action_id: str) -> None:
        """The broker has it. Not forced to disk: after a crash the same event is merely sent again."""
        self._append({"kind": "published", "action_id": action_id}, durable=False)

    def settled(self, settled: Settled, *, now: datetime) -> None:
        """The verified outcome. Not forced to disk: the broker has it too. Compacts where that pays."""
        self._append(_settled_line(settled), durable=False)
        with self._lock:
            self._ended += 1
            pays = self._ended >= max(_COMPACT_AFTER, len(self._entries))
            self._ended = 0 if pays else self._ended
        if pays:
            self.compact(now=now)

    def get(self, action_id: str) -> Entry | None:
        """One action, or None where this journal never saw it."""
        with self._held():
            self._catch_up()
            return self._entries.get(action_id)

    def unresolved(self) -> list[Entry]:
        """What has no outcome yet, oldest first."""
        with self._held():
            self._catch_up()
            return [entry for entry in self._entries.values() if entry.settled is None]

    def newest_trust(self, root: str) -> int:
        """The newest version of the trust file kept for a root key's id; 0 where there is none. Raise `ClientError`."""
        with self._held():
            self._catch_up()
            return self._trust.get(root, 0)

    def keep_trust(self, root: str, version: int) -> None:
        """Keep a version, unless it or a newer one is kept; returns when it is on disk. Raise `ClientError`."""
        if version > self.newest_trust(root):
            self._append(_trust_line(root, version), durable=True)

    def compact(self, *, now: datetime) -> None:
        """Drop what has ended and is past its deadline; the new file replaces the old one at once."""
        with self._held():
            self._catch_up()
            kept = {i: e for i, e in self._entries.items() if e.settled is None or e.deadline > now}
            if len(kept) == len(self._entries):
                return
            fresh = self._path.with_name(self._path.name + ".new")
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.writelines(_line(_trust_line(root, version)) for root, version in self._trust.items())
                for entry in kept.values():
                    out.write(_line(_proposed_line(entry)))
                    if entry.settled is not None:
                        out.write(_line(_settled_line(entry.settled)))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._path)
            _sync_folder(self._path.parent)

    def close(self) -> None:
        """Close the file; the journal opens it again when asked again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _append(self, line: dict[str, Any], *, durable: bool) -> None:
        with self._held() as file:
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            # The mark makes sure that a line which lacks only its end stays no line.
            os.write(file, (b"#\n" if torn else b"") + _line(line))
            if durable:
                os.fsync(file)

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The file, locked against threads and processes, and certainly the one that stands under the path."""
        with self._lock:
            try:
                file = self._locked_file()
            except OSError as error:
                raise ClientError(
                    f"The journal {self._path} cannot be used: {error.strerror}. Nothing was sent. "
                    "Name a file in a folder this process may write to."
                ) from None
            try:
                yield file
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _locked_file(self) -> int:
        while True:
            if self._file is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                new = not self._path.exists()
                self._file, self._read_to, self._entries = os.open(self._path, _OPEN, 0o600), 0, {}
                self._trust = {}
                if new:
                    _sync_folder(self._path.parent)
                if os.fstat(self._file).st_mode & 0o077:
                    os.fchmod(self._file, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            held = os.fstat(self._file)
            if (
                self._path.exists()
                and (found := self._path.stat()).st_ino == held.st_ino
                and found.st_dev == held.st_dev
            ):
                return self._file
            os.close(self._file)  # Compacted by another process, which also lets the lock go.
            self._file = None

    def _catch_up(self) -> None:
        assert self._file is not None  # noqa: S101 - only called while held
        size = os.fstat(self._file).st_size
        content = os.pread(self._file, size - self._read_to, self._read_to) if size > self._read_to else b""
        whole = content.rfind(b"\n") + 1
        self._read_to += whole
        for line in content[:whole].splitlines():
            self._apply(line)

    def _apply(self, line: bytes) -> None:
        try:
            match json.loads(line):
                case {"kind": "proposed", "entry": said}:
                    proposed = _ENTRY.validate_python(said)
                    self._entries[proposed.action_id] = proposed
                case {"kind": "published", "action_id": str(action_id)} if action_id in self._entries:
                    self._entries[action_id] = replace(self._entries[action_id], published=True)
                case {"kind": "settled", "settled": said, "grant": str() | None as grant}:
                    settled = _SETTLED.validate_python(said)
                    if entry := self._entries.get(settled.action_id):
                        self._entries[entry.action_id] = entry.with_outcome(settled, grant)
                case {"kind": "trust", "root": str(root), "version": int(version)}:
                    self._trust[root] = max(version, self._trust.get(root, 0))
        except (ValueError, ValidationError):
            return  # Cut off by a crash.


def _proposed_line(entry: Entry) -> dict[str, Any]:
    return {"kind": "proposed", "entry": _ENTRY.dump_python(replace(entry, settled=None), mode="json")}


def _settled_line(settled: Settled) -> dict[str, Any]:
    grant = settled.ticket.grant if isinstance(settled, Allowed | Approved) else None
    said = {each.name: getattr(settled, each.name) for each in fields(Settled)}
    return {"kind": "settled", "settled": _SETTLED.dump_python(Settled(**said), mode="json"), "grant": grant}


def _trust_line(root: str, version: int) -> dict[str, Any]:
    return {"kind": "trust", "root": root, "version": version}


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
