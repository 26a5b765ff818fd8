"""What looking into an action took: time by tier, and how often something was remembered.

Rules:
- Tiers are a closed set; nothing here holds or names a value.
- It is counted inside the worker and travels with the result: a worker has no telemetry of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from services.classifier.model import Passage, Span
from services.classifier.ports import Detector

Result = TypeVar("Result")


class Tier(StrEnum):
    """Where time goes."""

    ALL = "all"
    """The whole action, masking included."""
    RULES = "rules"
    OWN = "own"
    ENGINE = "engine"
    """Recognizers and model of the engine."""
    SQL = "sql"


class Memory(StrEnum):
    """What is remembered."""

    LEAVES = "leaves"
    """In which nothing was found."""
    TEXTS = "texts"
    STATEMENTS = "statements"


@dataclass(frozen=True, slots=True)
class Spent:
    """On one action."""

    seconds: Mapping[Tier, float] = field(default_factory=dict)
    """Of the tiers that were asked."""
    remembered: Mapping[tuple[Memory, bool], int] = field(default_factory=dict)
    """(what, whether it was) → how often."""


class Clock:
    """Adds up the time of one action after the other; a worker does one thing at a time."""

    def __init__(self) -> None:
        self._seconds: dict[Tier, float] = {}

    def begin(self) -> None:
        """A new action."""
        self._seconds = {}

    @property
    def seconds(self) -> dict[Tier, float]:
        """Of the action, so far."""
        return self._seconds

    def timed(self, tier: Tier, work: Callable[[], Result]) -> Result:
        """Do something, and add its time to a tier's."""
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._seconds[tier] = self._seconds.get(tier, 0.0) + time.perf_counter() - started


class Timed:
    """A detector whose time is added to a tier's."""

    def __init__(self, detector: Detector, tier: Tier, clock: Clock) -> None:
        self._detector, self._tier, self._clock = detector, tier, clock

    @property
    def models(self) -> Mapping[str, str]:
        """The detector's."""
        return self._detector.models

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The detector's spans; raise what it raises."""
        return self._clock.timed(self._tier, lambda: self._detector.detect(passage))
