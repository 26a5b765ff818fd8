"""The policy folder on disk, reloaded when its files change.

Rules:
- A set that does not validate never loads: the one in force stays, and says so in the log, in a metric and in `state`.
- A change loads when two looks in a row, a second apart, see the same files: a copy that is still under way is not a
  set of policies. At the start there is nothing to keep, so the first look loads at once.
- Readers never wait: while one thread compiles, the others get the rulebook in force.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from services.policy.errors import PolicyError, Problem
from services.policy.model import Rulebook
from services.policy.rulebook import compile_rulebook, decides

LOOK_AGAIN_SECONDS: Final = 1.0

Stamps = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class State:
    """What is in force, and what was refused since."""

    digest: str | None
    rules: int
    problems: tuple[Problem, ...]
    """Of the files as they lie there now; empty where they are what is in force."""


class PolicyFolder:
    """Gives the rulebook in force; thread-safe."""

    def __init__(
        self,
        folder: Path,
        *,
        on_change: Callable[[State], None] = lambda _: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._folder, self._on_change, self._clock = folder, on_change, clock
        self._looking = threading.Lock()
        self._rulebook: Rulebook | None = None
        self._seen: Stamps | None = None
        self._judged: Stamps | None = None
        self._problems: tuple[Problem, ...] = ()
        self._next_look = 0.0
        self.look()

    def current(self) -> Rulebook | None:
        """The rulebook in force; looks at the folder at most once a second."""
        if self._clock() >= self._next_look:
            self.look()
        return self._rulebook

    def look(self) -> None:
        """Look at the folder now, unless another thread is looking."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = self._clock() + LOOK_AGAIN_SECONDS
            self._look()
        finally:
            self._looking.release()

    @property
    def state(self) -> State:
        """For the pages and the log."""
        book = self._rulebook
        return State(book.digest if book else None, len(book.rules) if book else 0, self._problems)

    def _look(self) -> None:
        stamps = _stamps(self._folder)
        settled = self._judged is None or stamps == self._seen
        self._seen = stamps
        if not settled or stamps == self._judged:
            return
        try:
            rulebook = compile_rulebook(read_folder(self._folder))
        except PolicyError as refused:
            self._problems = refused.problems
        else:
            self._rulebook, self._problems = rulebook, ()
        self._judged = stamps
        self._on_change(self.state)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder that decide, by name; raise `PolicyError` where they cannot be read."""
    try:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if decides(path.name)}
    except OSError as error:
        raise PolicyError([Problem("unreadable", folder.name, error.strerror or "cannot be read")]) from None


def _stamps(folder: Path) -> Stamps:
    """What tells two states of the folder apart; empty where it cannot be read."""
    try:
        found = {path.name: path.stat() for path in folder.iterdir() if decides(path.name)}
    except OSError:
        return {}
    return {name: (stat.st_mtime_ns, stat.st_ino, stat.st_size) for name, stat in found.items()}


async def watch(folder: PolicyFolder) -> None:
    """Look again and again, so that a change is seen, and a refused one said, while no action comes."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        await asyncio.to_thread(folder.current)
