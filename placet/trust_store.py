"""The trust file on disk, reloaded when it changes.

Rules: never older than what was seen; a file that does not verify leaves the one in force and says so; earlier
digests stay known, so that what was granted a moment before a reload is still recognised.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from placet.errors import ContractError, DecodeError
from placet.keys import PublicJwk, PublicKey
from placet.trust import Trust

_LOOK_AGAIN_SECONDS = 1.0


def load_root(path: Path) -> PublicKey:
    """The pinned root key, from the public JWK that `placet keys init` wrote; raise `DecodeError`."""
    try:
        return PublicJwk.model_validate(json.loads(path.read_bytes())).key
    except OSError as error:
        raise DecodeError("no_root_key", f"{path}: {error.strerror}") from None
    except ValueError:
        raise DecodeError("bad_key", f"{path} is not a public root key") from None


class TrustStore:
    """Gives the trust in force; thread-safe."""

    def __init__(
        self, path: Path, root: PublicKey, *, on_refused: Callable[[ContractError], None] = lambda _: None
    ) -> None:
        self._path, self._root, self._on_refused = path, root, on_refused
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._digests: list[str] = []
        self._next_look = 0.0
        self._bytes, self._trust = self._load(minimum_version=1)

    def current(self) -> Trust:
        """The trust in force; looks at the file at most once a second."""
        if monotonic() >= self._next_look:
            self.reload()
        return self._trust

    def reload(self) -> Trust:
        """Look at the file now."""
        with self._lock:
            self._next_look = monotonic() + _LOOK_AGAIN_SECONDS
            try:
                if self._stamp() != self._seen:
                    self._bytes, self._trust = self._load(minimum_version=self._trust.version)
            except ContractError as refused:
                self._on_refused(refused)
            return self._trust

    @property
    def file_bytes(self) -> bytes:
        """The file as it was when the trust in force was loaded: what the ledger keeps."""
        return self._bytes

    def knows(self, digest: str) -> bool:
        """Whether the digest is that of a trust file seen by this process."""
        return digest in self._digests

    def _stamp(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise DecodeError("no_trust_file", f"{self._path}: {error.strerror}") from None
        return found.st_mtime_ns, found.st_ino

    def _load(self, *, minimum_version: int) -> tuple[bytes, Trust]:
        self._seen = self._stamp()
        content = self._path.read_bytes()
        trust = Trust.verify(content, self._root, minimum_version=minimum_version)
        if trust.digest not in self._digests:
            self._digests.append(trust.digest)
        return content, trust
