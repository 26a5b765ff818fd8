"""Keeps a set of programs running: starts them in order, watches their health, restarts what dies, stops them all.

- A program starts when everything it comes after is healthy; programs that wait for nothing start together.
- Healthy means that its health page answers 200. Dead, or unhealthy three times in a row after having been healthy,
  means: stopped and started again, after a pause that doubles up to ten seconds and is forgotten after a quiet minute.
- While starting, one that dies `START_ATTEMPTS` times, refuses its settings, or is not healthy in time fails it all.
- Stop is TERM to all at once, then KILL; a guard (infra.children) does the same should this process be killed.
- The status file holds name, pid, state and restarts of each: for `placet doctor`, and for tests that kill.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.children import Children
from infra.errors import PartFailedError
from infra.probe import probe

START_ATTEMPTS = 3
SETTINGS_STATUS = 2
"""The exit status of a service whose settings do not hold together: starting it again cannot help."""
UNHEALTHY_LIMIT = 3
QUIET_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 10.0


class State(StrEnum):
    """Where a program stands."""

    WAITING = "waiting"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. `env` is its whole environment; `health` is a URL that answers 200 when well."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    health: str | None = None
    cwd: Path | None = None
    after: tuple[str, ...] = ()
    start_seconds: float = 60.0
    stop_seconds: float = 8.0


@dataclass(slots=True)
class _Kept:
    """A program and what became of it."""

    program: Program
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    state: State = State.WAITING
    child: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    failures: int = 0


def pause(failures: int) -> float:
    """Seconds to wait before the next start, after this many failures without a quiet minute between."""
    return 0.0 if failures == 0 else min(0.25 * 2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS)


def check_order(programs: Iterable[Program]) -> list[str]:
    """Return the names in an order that `after` allows; ValueError names a duplicate, a stranger or a circle."""
    left = {}
    for program in programs:
        if program.name in left:
            raise ValueError(f"two programs are called {program.name}")
        left[program.name] = set(program.after)
    strangers = {name for after in left.values() for name in after} - set(left)
    if strangers:
        raise ValueError(f"nothing is called {', '.join(sorted(strangers))}")
    found: list[str] = []
    while left:
        free = [name for name, after in left.items() if not after - set(found)]
        if not free:
            raise ValueError(f"these wait for each other: {', '.join(sorted(left))}")
        found += free
        for name in free:
            del left[name]
    return found


class Supervisor:
    """Runs programs from `async with` to its end. `say` receives one sentence per change that matters to people."""

    def __init__(
        self,
        programs: Iterable[Program],
        children: Children,
        *,
        status_file: Path | None = None,
        say: Callable[[str], None] = lambda _: None,
        check: Callable[[str], Awaitable[bool]] = probe,
        check_every: float = 2.0,
    ) -> None:
        programs = list(programs)
        self._kept = {
            name: _Kept(program) for name in check_order(programs) for program in programs if program.name == name
        }
        self._children = children
        self._status_file = status_file
        self._say = say
        self._check = check
        self._check_every = check_every
        self._threads = ThreadPoolExecutor(max_workers=max(len(programs), 1), thread_name_prefix="stop")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin starting; `ready()` waits for the end of it."""
        self._tasks = [asyncio.create_task(self._keep(kept), name=name) for name, kept in self._kept.items()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._stop(kept) for kept in self._kept.values()))
        for kept in self._kept.values():
            self._set(kept, State.STOPPED)
        self._threads.shutdown()

    async def ready(self) -> None:
        """Wait until every program has been healthy once; PartFailedError says which could not start, and why."""
        everyone = asyncio.create_task(self._everyone())
        done, _ = await asyncio.wait([everyone, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        if everyone not in done:
            everyone.cancel()
            for task in done:
                task.result()

    async def _everyone(self) -> None:
        for kept in self._kept.values():
            await kept.ready.wait()

    async def failed(self) -> None:
        """Wait until a program can no longer be kept running, and raise what stopped it. For as long as all is well."""
        await asyncio.gather(*self._tasks)

    @property
    def status(self) -> dict[str, dict[str, object]]:
        """Name → pid, state, restarts."""
        return {
            name: {
                "pid": kept.child.pid if kept.child is not None else None,
                "state": str(kept.state),
                "restarts": kept.restarts,
                "health": kept.program.health,
            }
            for name, kept in self._kept.items()
        }

    async def _keep(self, kept: _Kept) -> None:
        """Run one program for ever."""
        for name in kept.program.after:
            await self._kept[name].ready.wait()
        while True:
            began = time.monotonic()
            reason = await self._once(kept)
            await self._stop(kept)
            kept.failures = 1 if time.monotonic() - began > QUIET_SECONDS else kept.failures + 1
            hopeless = reason.endswith(f"status {SETTINGS_STATUS}")
            if not kept.ready.is_set() and (hopeless or kept.failures >= START_ATTEMPTS):
                raise PartFailedError(f"{kept.program.name} does not start: {reason}. {last_lines(kept.program.log)}")
            kept.restarts += 1
            self._set(kept, State.PAUSED)
            self._say(f"{kept.program.name}: {reason}; starting it again")
            await asyncio.sleep(pause(kept.failures))

    async def _once(self, kept: _Kept) -> str:
        """Start, watch, and return why it cannot go on."""
        program = kept.program
        kept.child = self._children.spawn(program.command, log=program.log, env=program.env, cwd=program.cwd)
        self._set(kept, State.STARTING)
        deadline = time.monotonic() + program.start_seconds
        misses = 0
        while kept.child.poll() is None:
            if program.health is None or await self._check(program.health):
                misses = 0
                if kept.state is not State.HEALTHY:
                    self._set(kept, State.HEALTHY)
                    kept.ready.set()
            elif kept.state is State.STARTING:
                if time.monotonic() > deadline:
                    return f"not healthy after {program.start_seconds:.0f} s"
            else:
                misses += 1
                self._set(kept, State.UNHEALTHY)
                if misses >= UNHEALTHY_LIMIT:
                    return "no longer healthy"
            await self._watch(kept.child, 0.1 if kept.state is State.STARTING else self._check_every)
        return f"ended with status {kept.child.returncode}"

    async def _watch(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        """Wait, but not longer than the child lives."""
        end = time.monotonic() + seconds
        while child.poll() is None and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(min(left, 0.1))

    async def _stop(self, kept: _Kept) -> None:
        child, kept.child = kept.child, None
        if child is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(
                self._threads, lambda: self._children.stop(child, grace=kept.program.stop_seconds)
            )

    def _set(self, kept: _Kept, state: State) -> None:
        kept.state = state
        if self._status_file is not None:
            staged = self._status_file.with_suffix(".new")
            staged.write_text(json.dumps(self.status, indent=2) + "\n")
            staged.replace(self._status_file)


def last_lines(log: Path, count: int = 5) -> str:
    """Return the end of a log, for an error's sentence."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "Its log ends: " + " | ".join(lines[-count:]) if lines else f"Its log {log} is empty"
