"""The policy folder on disk, reloaded when its files change.

Rules:
- A set that does not validate never loads: the one in force stays, and says so in the log, in a metric and in `state`.
- When a change loads, `settled_files` says. At the start there is nothing to keep, so the first look loads at once.
- Readers never wait: while one thread compiles, the others get the rulebook in force.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from services.chassis.settled_files import SettledFiles, Stamps, stamp_of
from services.policy.errors import PolicyError, Problem
from services.policy.model import Rulebook
from services.policy.rulebook import compile_rulebook, decides


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
        self._folder, self._on_change = folder, on_change
        self._rulebook: Rulebook | None = None
        self._problems: tuple[Problem, ...] = ()
        self._files = SettledFiles(lambda: _stamps(folder), self._take, clock=clock)
        self.current()

    def current(self) -> Rulebook | None:
        """The rulebook in force; looks at the folder at most once a second."""
        self._files.look()
        return self._rulebook

    @property
    def state(self) -> State:
        """For the pages and the log."""
        book = self._rulebook
        return State(book.digest if book else None, len(book.rules) if book else 0, self._problems)

    def _take(self, stamps: Stamps) -> Stamps:
        try:
            rulebook = compile_rulebook(read_folder(self._folder))
        except PolicyError as refused:
            self._problems = refused.problems
        else:
            self._rulebook, self._problems = rulebook, ()
        self._on_change(self.state)
        return stamps


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a folder that decide, by name; raise `PolicyError` where they cannot be read."""
    try:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if decides(path.name)}
    except OSError as error:
        raise PolicyError([Problem("unreadable", folder.name, error.strerror or "cannot be read")]) from None


def _stamps(folder: Path) -> Stamps:
    """Of the files that decide; empty where the folder cannot be read."""
    try:
        return {path: stamp_of(path) for path in folder.iterdir() if decides(path.name)}
    except OSError:
        return {}
