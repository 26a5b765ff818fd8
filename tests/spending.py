"""Time that work takes of a processor, told apart from noise: for tests that it grows with the size and no faster.

The fastest of some, without the collector of garbage: in a process that holds a million objects a single collection
takes longer than what is measured.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TIMES = 3


def seconds(work: Callable[[], object], *, times: int = TIMES) -> float:
    """Of this thread's processor time."""
    gc.disable()
    try:
        return min(_once(work) for _ in range(times))
    finally:
        gc.enable()


def _once(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started
