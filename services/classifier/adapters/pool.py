"""Worker processes that can be killed.

Rules:
- An action has a hard budget; its worker is killed at it, a new one takes its place, and the service goes on.
- Its memory has a bound as well: what does not fit is not inspected, or costs its worker, which is replaced.
- A batch has a budget too: under a flood of slow actions the rest are named as not inspected rather than waited for.
  Few actions are in flight at a time, because one that was handed over occupies a worker even when it is given up.
- Workers come from a fork server that holds the engine, so that a replacement is ready at once. Nothing of this
  process (threads, connections, keys that it signs with) is forked into them.
- A new configuration gets workers of its own. They take over between two batches, when they are ready: no action is
  lost, and none is looked into by two configurations. Where they do not start, the old ones go on.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from multiprocessing import util
from typing import Any, Final

from pebble import ProcessExpired, ProcessPool

from placet.fingerprint_keys import FingerprintKeys
from services.classifier.adapters import worker
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.spent import Spent
from services.classifier.errors import PoolError
from services.classifier.model import Classification, Subject
from services.classifier.ports import GaveUp, Unmaskable

START_SECONDS: Final = 120.0
"""A cold start reads a model from disk; a busy machine takes its time."""


_LONGEST_FOLDER: Final = 60
"""The path of a Unix socket has 107 bytes, and the fork server adds about forty to the temporary folder's."""


class PoolAnalyst:
    """Classifies in worker processes. Call `start` before anything else; not for several threads at once."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        workers: int,
        soft_seconds: float,
        hard_seconds: float,
        batch_seconds: float,
        memory_bytes: int,
        prepare: worker.Prepare = worker.prepare,
        on_spent: Callable[[Spent], None] = lambda _: None,
    ) -> None:
        self._configuration, self._workers, self._prepare = configuration, workers, prepare
        self._memory, self._on_spent = memory_bytes, on_spent
        self._soft, self._hard, self._batch = soft_seconds, hard_seconds, batch_seconds
        self._pool: ProcessPool | None = None
        self._models: dict[str, str] = {}
        self._next: tuple[Configuration, ProcessPool, dict[str, str]] | None = None
        self._handing_over = threading.Lock()
        self._closed = False
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # a worker is one core; threads of its own would fight the others

    @property
    def models(self) -> Mapping[str, str]:
        """Name → version of everything that decides what is found; known after `start`."""
        return self._models

    @property
    def configuration(self) -> str:
        """The digest of the configuration that the last batch was looked into with."""
        return self._configuration.digest

    @property
    def keys(self) -> FingerprintKeys:
        """What the last batch was marked with."""
        return self._configuration.keys

    @property
    def running(self) -> bool:
        """Whether the workers are there."""
        return self._pool is not None and bool(self._pool.active)

    def start(self) -> None:
        """Return when every worker has its engine; raise `PoolError`."""
        self._pool, self._models = self._started(self._configuration)

    def renew(self, configuration: Configuration) -> None:
        """Have the next batch looked into with another configuration; raise `PoolError`. From any thread."""
        pool, models = self._started(configuration)
        with self._handing_over:
            overtaken, self._next = self._next, (configuration, pool, models)
            if self._closed:  # meanwhile
                overtaken, self._next = self._next, None
        if overtaken is not None:
            _end(overtaken[1])

    def _take_over(self) -> None:
        with self._handing_over:
            taken, self._next = self._next, None
        if taken is not None:
            old = self._pool
            self._configuration, self._pool, self._models = taken
            _end(old)

    def _started(self, configuration: Configuration) -> tuple[ProcessPool, dict[str, str]]:
        _keep_socket_paths_short()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["services.classifier.adapters.warm"])
        pool = ProcessPool(
            max_workers=self._workers,
            context=context,
            initializer=worker.within,
            initargs=(self._memory, self._prepare, configuration, self._soft),
        )
        seen: set[int] = set()
        models: dict[str, str] = {}
        end = time.monotonic() + START_SECONDS
        try:
            while len(seen) < self._workers:
                futures = [pool.schedule(worker.ready) for _ in range(self._workers)]
                for future in futures:
                    pid, models = future.result(timeout=max(0.0, end - time.monotonic()))
                    seen.add(pid)
        except (TimeoutError, ProcessExpired, CancelledError, RuntimeError):
            _end(pool)
            raise PoolError("the workers did not start") from None
        return pool, models

    def analyse(self, subjects: Sequence[Subject]) -> list[Classification | GaveUp | Unmaskable]:
        """One result per subject, in order; raise `PoolError` where no worker can be had."""
        self._take_over()
        try:
            return self._together(subjects)
        except PoolError:
            self._drop()
        return [self._alone(subject) for subject in subjects]

    def _together(self, subjects: Sequence[Subject]) -> list[Classification | GaveUp | Unmaskable]:
        if not self.running:
            self._drop()
            self.start()
        pool = self._pool
        if pool is None:
            raise PoolError("no workers")
        end = time.monotonic() + self._batch
        in_flight: deque[Any] = deque()
        results: list[Classification | GaveUp | Unmaskable] = []
        for subject in subjects:
            if len(in_flight) > self._workers:
                results.append(self._result(in_flight.popleft(), end))
            if time.monotonic() >= end:
                in_flight.append(None)
                continue
            try:
                in_flight.append(pool.schedule(worker.analyse, args=(subject,), timeout=self._hard))
            except RuntimeError:
                raise PoolError("the workers are gone") from None
        return [*results, *(self._result(future, end) for future in in_flight)]

    def _alone(self, subject: Subject) -> Classification | GaveUp | Unmaskable:
        """After the pool broke: whoever breaks it alone is the one that is not inspected."""
        if not self.running:
            self.start()
        try:
            return self._together([subject])[0]
        except PoolError:
            self._drop()
            return GaveUp("error")

    def close(self) -> None:
        """End all workers, for good."""
        self._drop()
        with self._handing_over:
            waiting, self._next, self._closed = self._next, None, True
        if waiting is not None:
            _end(waiting[1])

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        _end(pool)

    def _result(self, future: Any, end: float) -> Classification | GaveUp | Unmaskable:
        if future is None:
            return GaveUp("too_slow")
        try:
            result: Classification | GaveUp | Unmaskable
            result, spent = future.result(timeout=max(0.0, end - time.monotonic()))
        except TimeoutError:
            future.cancel()
            return GaveUp("too_slow")
        except (ProcessExpired, CancelledError):
            return GaveUp("error")
        except Exception:  # noqa: BLE001 - a result that could not travel; its text may quote a value
            if not self.running:
                raise PoolError("the workers are gone") from None
            return GaveUp("error")
        self._on_spent(spent)
        return result


def _end(pool: ProcessPool | None) -> None:
    if pool is not None:
        pool.stop()  # type: ignore[no-untyped-call]  # published without types
        pool.join()


def _keep_socket_paths_short() -> None:
    """Under a deep TMPDIR the fork server could not listen."""
    if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_FOLDER:
        given, tempfile.tempdir = tempfile.tempdir, "/tmp"  # noqa: S108 - a folder of our own is made in it
        try:
            util.get_temp_dir()  # made once, remembered, removed at exit
        finally:
            tempfile.tempdir = given
