"""Trying again, visibly.

Rules:
- The first wait is short, each next one doubles up to a ceiling, and each is spread by chance so that workers do not
  come back together.
- While something is being tried again, /readyz names the dependency and since when, and a metric says so.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from services.chassis import logs, telemetry
from services.chassis.errors import TransientError
from services.chassis.telemetry import Metric

FIRST_SECONDS = 0.1
CEILING_SECONDS = 5.0


def waits(*, first: float = FIRST_SECONDS, ceiling: float = CEILING_SECONDS) -> Iterator[float]:
    """Seconds to wait before each next attempt, without end."""
    wait = first
    while True:
        yield wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
        wait = min(wait * 2, ceiling)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is being tried again, and since when (monotonic seconds)."""

    dependency: str
    since: float
    attempts: int


class Retry:
    """The visible state of one place that tries again; thread-safe. `work` is a static name."""

    def __init__(self, work: str) -> None:
        self.work = work
        self._lock = threading.Lock()
        self._trouble: Trouble | None = None
        self._waits: Iterator[float] = waits()

    @property
    def trouble(self) -> Trouble | None:
        """What is being tried again now."""
        return self._trouble

    def failed(self, error: TransientError) -> float:
        """Note a failed attempt; return the seconds to wait before the next."""
        with self._lock:
            before = self._trouble
            if before is None:
                self._waits = waits()
            since, attempts = (monotonic(), 1) if before is None else (before.since, before.attempts + 1)
            self._trouble = Trouble(error.dependency, since, attempts)
            wait = next(self._waits)
        telemetry.count(Metric.RETRIES, dependency=error.dependency)
        telemetry.gauge(Metric.RETRYING, 1, work=self.work)
        logs.get_logger().warning(
            "trying_again",
            dependency=error.dependency,
            attempts=attempts,
            seconds=round(wait, 2),
            error=error.__cause__,
        )
        return wait

    def succeeded(self) -> None:
        """Note that it works (again)."""
        if self._trouble is None:
            return
        with self._lock:
            trouble, self._trouble = self._trouble, None
        telemetry.gauge(Metric.RETRYING, 0, work=self.work)
        if trouble is not None:
            logs.get_logger().info(
                "works_again",
                work=self.work,
                dependency=trouble.dependency,
                attempts=trouble.attempts,
                seconds=round(monotonic() - trouble.since, 2),
            )

    def ready(self) -> str | None:
        """A check for /readyz: None when nothing is being tried again."""
        trouble = self._trouble
        if trouble is None:
            return None
        return f"waiting for {trouble.dependency} for {monotonic() - trouble.since:.0f} s, {trouble.attempts} attempts"
