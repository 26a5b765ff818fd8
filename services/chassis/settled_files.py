"""Files that an owner may change while a service runs: when a change is taken.

Rules:
- When two looks in a row, a second apart, see the same files: a copy that is still under way is no configuration.
- Each state of the files is taken once, whatever became of it; what lies there unchanged is not judged again.
- One thread looks; the others do not wait for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final, TypeAlias

LOOK_AGAIN_SECONDS: Final = 1.0

Stamp: TypeAlias = tuple[int, int, int] | None
Stamps: TypeAlias = Mapping[Path, Stamp]
"""What tells two states of the files apart."""


def stamp_of(path: Path) -> Stamp:
    """Of one file; None where there is none that can be looked at."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


class SettledFiles:
    """`look_at` gives the files as they are now. `take` is given that once it has settled, and gives what was judged:
    the same, and what it met on the way. Without `judged`, the first look takes at once.
    """

    def __init__(
        self,
        look_at: Callable[[], Stamps],
        take: Callable[[Stamps], Stamps],
        *,
        judged: Stamps | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look_at, self._take, self._clock = look_at, take, clock
        self._looking = threading.Lock()
        self._seen = self._judged = judged
        self._next_look = 0.0 if judged is None else clock() + LOOK_AGAIN_SECONDS

    def look(self) -> None:
        """Look, at most once a second, unless another thread is looking."""
        if self._clock() < self._next_look or not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = self._clock() + LOOK_AGAIN_SECONDS
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        now = self._look_at()
        settled = self._judged is None or now == self._seen
        self._seen = now
        if settled and now != self._judged:
            self._seen = self._judged = self._take(now)


async def watch(look: Callable[[], object]) -> None:
    """Look again and again, so that a change is seen, and a refused one said, while nothing else asks."""
    while True:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        await asyncio.to_thread(look)
