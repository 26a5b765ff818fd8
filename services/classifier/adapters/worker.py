"""What runs inside a worker process: one action in, one classification out.

Rules:
- A worker never raises to its parent: an exception's text may quote a value, and would travel.
- It touches nothing: no network, no file after its start, no log line about an action.
- It dies with its parent.
- Its memory is bounded: a text that would take more is not inspected, and nobody else is taken down with it.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path, PurePath
from typing import Final

from services.classifier import decide
from services.classifier.adapters.detector import Detectors, RuleDetector
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.owned import OwnDetector, WithOwn
from services.classifier.adapters.remembered import CleanLeaves, Remembered, keyed
from services.classifier.adapters.spent import Clock, Memory, Spent, Tier, Timed
from services.classifier.analysis import sql
from services.classifier.errors import UnmaskableError
from services.classifier.model import Classification, Span, Subject
from services.classifier.ports import Detector, GaveUp, Unmaskable

_REMEMBERED: Final = 8_192
_CLEAN: Final = 16_384
_PART_CHARACTERS: Final = 64
"""Facts are no larger than the statement they are about, so its length bounds what is remembered."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker keeps between actions."""

    rules: decide.Rules
    detector: Detector
    configuration: Configuration
    soft_seconds: float
    texts: Remembered[tuple[Span, ...]]
    statements: Remembered[sql.SqlFacts]
    clean: CleanLeaves
    clock: Clock

    @classmethod
    def of(cls, configuration: Configuration, soft_seconds: float, engines: tuple[Detector, ...]) -> Bench:
        """A bench with our rules and these engines."""
        clock = Clock()
        tiers = [
            Timed(RuleDetector(), Tier.RULES, clock),
            *(Timed(one, Tier.ENGINE, clock) for one in engines),
        ]
        others = Detectors(tiers, key=configuration.keys.fingerprints)
        detector = WithOwn(others, Timed(OwnDetector(configuration), Tier.OWN, clock))
        rules = decide.Rules(configuration.taxonomy, configuration.catalogue)
        statements = Remembered[sql.SqlFacts](_REMEMBERED)
        clean = CleanLeaves(_CLEAN, key=configuration.keys.fingerprints)
        return cls(rules, detector, configuration, soft_seconds, others.remembered, statements, clean, clock)

    def read_sql(self, text: str) -> sql.SqlFacts:
        """The facts of a text, remembered by keyed hash (they hold no values)."""
        mark = keyed(self.configuration.keys.fingerprints, b"sql", text)
        facts = self.statements.get(mark)
        if facts is None:
            facts = self.clock.timed(Tier.SQL, lambda: sql.inspect(text, self.configuration.reading_functions))
            self.statements.keep(mark, facts, len(text) // _PART_CHARACTERS)
        return facts

    def look(self, subject: Subject) -> tuple[Classification | GaveUp | Unmaskable, Spent]:
        """Classify, and say what it took; never raises."""
        self.clock.begin()
        before = self._counts()
        result = self.clock.timed(Tier.ALL, lambda: self.classify(subject))
        counts = {key: count - before[key] for key, count in self._counts().items() if count > before[key]}
        return result, Spent(self.clock.seconds, counts)

    def _counts(self) -> dict[tuple[Memory, bool], int]:
        return {
            (Memory.LEAVES, True): self.clean.remembered.hits,
            (Memory.LEAVES, False): self.clean.remembered.misses,
            (Memory.TEXTS, True): self.texts.hits,
            (Memory.TEXTS, False): self.texts.misses,
            (Memory.STATEMENTS, True): self.statements.hits,
            (Memory.STATEMENTS, False): self.statements.misses,
        }

    def classify(self, subject: Subject) -> Classification | GaveUp | Unmaskable:
        """Never raises."""
        end = time.monotonic() + self.soft_seconds
        means = decide.Means(
            self.detector, self.read_sql, self.configuration.keys.mark, lambda: time.monotonic() >= end, self.clean
        )
        try:
            return decide.classify(subject, self.rules, means)
        except UnmaskableError:
            return Unmaskable()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the action counts as not inspected
            return GaveUp("error", _described(error))


_BENCH: list[Bench] = []


Prepare = Callable[[Configuration, float], None]


def within(memory_bytes: int, prepare: Prepare, configuration: Configuration, soft_seconds: float) -> None:
    """Initializer of a worker process that may take so many bytes more than it starts with."""
    started_with = _data_bytes()
    if started_with is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (started_with + memory_bytes, started_with + memory_bytes))
    prepare(configuration, soft_seconds)


def prepare(configuration: Configuration, soft_seconds: float) -> None:
    """Make the bench of a worker process."""
    from services.classifier.adapters import warm  # noqa: PLC0415 - seconds, and only a worker needs it

    _BENCH[:] = [Bench.of(configuration, soft_seconds, warm.engines())]
    threading.Thread(target=_die_with_parent, daemon=True).start()


def analyse(subject: Subject) -> tuple[Classification | GaveUp | Unmaskable, Spent]:
    """One action, in a prepared worker, and what it took."""
    return _BENCH[0].look(subject)


def ready() -> tuple[int, dict[str, str]]:
    """This worker's process id and the versions of what it looks with."""
    time.sleep(0.05)  # leaves the other workers a chance to answer too
    return os.getpid(), dict(_BENCH[0].detector.models)


def _described(error: Exception) -> str:
    """The type of an error and the last place of ours that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((frame for frame in reversed(frames) if "classifier" in frame.filename), None)
    at = f" at {PurePath(place.filename).name}:{place.lineno}" if place is not None else ""
    return f"{type(error).__name__}{at}"


def _data_bytes() -> int | None:
    """What RLIMIT_DATA counts of this process; None where the system does not say (it is Linux that does)."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), None)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
