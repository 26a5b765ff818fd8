"""The configuration's files on disk, read again when they change.

Rules:
- At the start there is nothing to keep: files that cannot be used are a `ConfigurationError`. Later the configuration
  in force stays, and the refusal is told.
- A change is read when two looks in a row, a second apart, see the same files: a copy that is still under way is no
  configuration. Dictionaries are looked at too, also one that is named and not there yet.
- What the new configuration is handed to may refuse it (workers that do not start): then, too, the old one stays.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from time import monotonic
from typing import Final

from services.classifier.adapters import files
from services.classifier.adapters.files import Configuration
from services.classifier.errors import ConfigurationError, PoolError

LOOK_AGAIN_SECONDS: Final = 1.0

Stamps = dict[Path, tuple[int, int, int] | None]


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, and why the files as they lie there are not."""

    digest: str
    refused: str = ""
    """A sentence; empty where they are what is in force."""


class ConfigurationFiles:
    """Reads, and reads again; thread-safe."""

    def __init__(
        self,
        taxonomy: Path,
        catalogue: Path,
        own: Path | None,
        key: bytes,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._paths, self._key, self._clock = (taxonomy, catalogue, own), key, clock
        self._looking = threading.Lock()
        self._hand_over: Callable[[Configuration], None] = lambda _: None
        self._on_change: Callable[[State], None] = lambda _: None
        self._next_look = clock() + LOOK_AGAIN_SECONDS
        read: list[Path] = []
        self.first = files.load(taxonomy, catalogue, key, own, read=read)
        """What it starts with."""
        self._files = frozenset(read)
        self._seen = self._judged = _stamps(self._files)
        self.state = State(self.first.digest)

    def follow(self, hand_over: Callable[[Configuration], None], on_change: Callable[[State], None]) -> None:
        """Hand every later configuration over, which may raise; tell what came of each change."""
        self._hand_over, self._on_change = hand_over, on_change

    def look(self) -> None:
        """Look at the files, at most once a second, unless another thread is looking."""
        if self._clock() < self._next_look or not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = self._clock() + LOOK_AGAIN_SECONDS
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        stamps = _stamps(self._files)
        settled, self._seen = stamps == self._seen, stamps
        if not settled or stamps == self._judged:
            return
        taxonomy, catalogue, own = self._paths
        read: list[Path] = []
        try:
            configuration = files.load(taxonomy, catalogue, self._key, own, read=read)
            if not compare_digest(configuration.digest, self.state.digest):
                self._hand_over(configuration)
        except (ConfigurationError, PoolError) as refused:
            self.state = State(self.state.digest, str(refused))
        else:
            self.state = State(configuration.digest)
        # What a refused attempt did not get to is still looked at: the fault may be mended there.
        self._files = frozenset(read) if not self.state.refused else self._files | frozenset(read)
        self._seen = self._judged = {path: stamps[path] if path in stamps else _stamp(path) for path in self._files}
        self._on_change(self.state)


def _stamps(paths: Iterable[Path]) -> Stamps:
    """What tells two states of the files apart."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


async def watch(configuration: ConfigurationFiles) -> None:
    """Look again and again; in a thread, because workers that start take their time."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        await asyncio.to_thread(configuration.look)
