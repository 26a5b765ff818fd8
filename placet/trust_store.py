"""The trust file on disk, reloaded when it changes.

Rules:
- The file is looked at whenever trust is asked for, not now and then: an event of an agent that was enrolled a moment
  ago may pass one process that knows it and meet the next. A look is one `stat`.
- Never older than what was seen. A file that does not verify leaves the one in force, and says so once.
- Whoever has a durable store remembers there: each version is kept in it before anything is judged by that version,
  and an older file is refused after a restart too. By root key, because a new root counts from 1 again.
- Earlier digests stay known, so that what was granted a moment before a change is still recognised.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from placet.errors import ContractError, DecodeError, VerificationError
from placet.keys import PublicJwk, PublicKey
from placet.trust import Trust

Stamp: TypeAlias = tuple[int, int] | None
"""What tells two states of the file apart; None: there is none."""


def load_root(path: Path) -> PublicKey:
    """The pinned root key, from the public JWK that `placet keys init` wrote; raise `DecodeError`."""
    try:
        return PublicJwk.model_validate(json.loads(path.read_bytes())).key
    except OSError as error:
        raise DecodeError("no_root_key", f"{path}: {error.strerror}") from None
    except ValueError:
        raise DecodeError("bad_key", f"{path} is not a public root key") from None


class Memory(Protocol):
    """Where the newest version that was in force outlives the process. What goes wrong is raised in its own errors."""

    def newest_trust(self, root: str) -> int:
        """The newest version kept for a root key's id; 0 where there is none."""

    def keep_trust(self, root: str, version: int) -> None:
        """Keep a version, unless a newer one is kept; durable when this returns."""


class TrustStore:
    """Gives the trust in force; thread-safe."""

    def __init__(
        self, path: Path, root: PublicKey, *, on_refused: Callable[[ContractError], None] = lambda _: None
    ) -> None:
        self._path, self._root, self._on_refused = path, root, on_refused
        self._lock = threading.Lock()
        self._digests: list[str] = []
        self._memories: list[Memory] = []
        self._seen = self._stamp()
        self._bytes, self._trust = self._load(minimum_version=1)

    def remember(self, memory: Memory) -> None:
        """Go on from what a memory kept, and keep in it what comes. Raise `VerificationError` (`old_trust`) where it
        kept a newer version than the file is, and what the memory raises.
        """
        self.current()
        with self._lock:
            found, newest = self._trust.version, memory.newest_trust(self._root.key_id)
            if found < newest:
                raise VerificationError(
                    "old_trust",
                    f"the trust file {self._path} is version {found}, older than version {newest}, which was in force "
                    "here before; copy the newest trust file there, and find out who put an old one back",
                )
            memory.keep_trust(self._root.key_id, found)
            self._memories.append(memory)

    def forget(self, memory: Memory) -> None:
        """Keep nothing in it any more: before it is closed."""
        with self._lock:
            self._memories = [one for one in self._memories if one is not memory]

    def current(self) -> Trust:
        """The trust in force; raise what a memory raises that cannot keep a new one."""
        if self._stamp() != self._seen:
            with self._lock:
                self._look()
        return self._trust

    @property
    def file_bytes(self) -> bytes:
        """The file as it was when the trust in force was loaded: what the ledger keeps."""
        return self._bytes

    def knows(self, digest: str) -> bool:
        """Whether the digest is that of a trust file seen by this process."""
        return digest in self._digests

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:  # another thread was first
            return
        try:
            content, trust = self._load(minimum_version=self._trust.version)
        except ContractError as refused:
            self._seen = stamp
            self._on_refused(refused)
            return
        for memory in self._memories:
            memory.keep_trust(self._root.key_id, trust.version)
        self._bytes, self._trust = content, trust
        # Last: whoever sees the file as seen takes the trust in force without waiting.
        self._seen = stamp

    def _stamp(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino

    def _load(self, *, minimum_version: int) -> tuple[bytes, Trust]:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise DecodeError("no_trust_file", f"{self._path}: {error.strerror}") from None
        trust = Trust.verify(content, self._root, minimum_version=minimum_version)
        if trust.digest not in self._digests:
            self._digests.append(trust.digest)
        return content, trust
