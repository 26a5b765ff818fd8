"""A whole system under flow, in which any process can be killed: at a point, or at any moment.

Every service runs its real main, under the real supervisor, started through `tests.crash.dying`; an agent and an
executor run beside them as two more programs of the same system.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from infra.background import running_system
from infra.programs import SERVICES, Service
from placet.events import Outcome
from placet.journal import Entry, Journal
from tests.crash import agent
from tests.crash.dying import OBEYED, Point, orders_for
from tests.crash.flow import GRANTED, Kind
from tests.crash.people import Reviewers
from tests.crash.watch import Watch

PARTS: Final = {"kafka": "kafka.Kafka", "postgres": "postgres"}
"""Process name → what stands in its command line."""
POINTS: Final[dict[str, tuple[Point, ...]]] = {
    "classifier": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH),
    "policy": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH),
    "settle": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH, Point.INSIDE, Point.AFTER_COMMIT),
    "desk": (Point.INSIDE, Point.AFTER_COMMIT),
    "ledger-writer": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH, Point.INSIDE, Point.AFTER_COMMIT),
    "ledger-api": (),
    "executor": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH, Point.INSIDE, Point.AFTER_COMMIT),
    "agent": (Point.BEFORE_PUBLISH, Point.AFTER_PUBLISH, Point.INSIDE, Point.AFTER_COMMIT),
}
"""The points that each process has: the first two publish and have no database, the desk only a database, and the
ledger's API only reads."""
VOTED: Final = frozenset({Outcome.APPROVED, Outcome.REJECTED})
JUDGED: Final = frozenset(Outcome) - {Outcome.WITHDRAWN}
"""Outcomes that need every service: a withdrawal may come before anybody has looked."""
NEEDED: Final = {"desk": VOTED, "executor": GRANTED}
PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Kill:
    """A process that was killed, and where; `at` is the wall clock's, in seconds."""

    name: str
    point: Point | None
    at: float

    def __str__(self) -> str:
        return f"{self.name} {self.point or 'at any moment'}"


def services(per_second: float, *, at_most: int, kinds: Sequence[Kind]) -> tuple[Service, ...]:
    """The services, each of which can be told to die, with an agent and an executor."""
    usual = [
        Service(
            each.name,
            ("tests.crash.dying", each.name, *each.module),
            principal=each.principal,
            role=each.role,
            signs=each.signs,
        )
        for each in SERVICES
    ]
    flow = ("tests.crash.agent", str(per_second), str(at_most), ",".join(kinds))
    return (
        *usual,
        Service("executor", ("tests.crash.dying", "executor", "tests.crash.executor"), "executor", signs=False),
        Service("agent", ("tests.crash.dying", "agent", *flow), "agent", signs=False),
    )


class Site:
    """The running system, its people, and its executioner."""

    def __init__(self, run: Path, reviewers: Reviewers, watch: Watch, endpoints: dict[str, Any]) -> None:
        self.run, self.reviewers, self.watch, self.endpoints = run, reviewers, watch, endpoints

    def order(self, name: str, point: Point) -> None:
        """Let a process die when it next passes a point."""
        folder = orders_for(self.run, name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (point + OBEYED)).unlink(missing_ok=True)
        (folder / point).touch()

    def obeyed(self, name: str, point: Point, *, seconds: float = PATIENCE_SECONDS) -> Kill:
        """The kill that was ordered, once it has happened."""
        noted = orders_for(self.run, name) / (point + OBEYED)
        deadline = time.monotonic() + seconds
        while not (noted.exists() and (text := noted.read_text())):
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} has not passed {point} within {seconds:.0f} s")
            time.sleep(0.02)
        return Kill(name, point, float(text))

    def recall(self, name: str, point: Point) -> bool:
        """Take an order back; False where it was obeyed after all."""
        try:
            (orders_for(self.run, name) / point).unlink()
        except FileNotFoundError:
            return False
        return True

    def kill(self, name: str) -> Kill:
        """Kill a process, or one of the parts, at this moment."""
        pid = self.pid(name)
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        return Kill(name, None, at)

    def pid(self, name: str, *, seconds: float = PATIENCE_SECONDS) -> int:
        """The process that runs under a name now."""
        deadline = time.monotonic() + seconds
        while (found := self._pid(name)) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} does not run")
            time.sleep(0.05)
        return found

    def resumed(self, kill: Kill, *, seconds: float = PATIENCE_SECONDS) -> float:
        """Seconds from a kill to the end of the first action proposed after it that needs what was killed."""
        outcomes = NEEDED.get(kill.name, JUDGED)
        at = self.watch.first_ended(since=kill.at, outcomes=outcomes, seconds=seconds)
        if at is None:
            raise AssertionError(f"{kill}: no action has ended within {seconds:.0f} s; {self.trouble()}")
        return at - kill.at

    def stop_proposing(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Let the flow run dry: every action has ended, as its agent and the ledger see it."""
        (self.run / agent.STOP).touch()
        deadline = time.monotonic() + seconds
        while left := self._unfinished():
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(left)} actions have not ended: {left[:5]}; {self.trouble()}")
            time.sleep(0.2)

    def journal(self) -> dict[str, Entry]:
        """Everything the agent has ever proposed, with the outcomes it knows."""
        journal = Journal(self.run / agent.JOURNAL)
        try:
            journal.unresolved()
            return dict(journal._entries)
        finally:
            journal.close()

    def trouble(self) -> str:
        """What the processes that are not well say, for a failure's sentence."""
        found = []
        with httpx.Client(timeout=5) as http:
            for name, url in self.endpoints["health"].items():
                try:
                    answer = http.get(url.replace("/healthz", "/readyz"))
                    if answer.status_code != httpx.codes.OK:
                        found.append(f"{name}: {answer.text}")
                except httpx.HTTPError as error:
                    found.append(f"{name}: {type(error).__name__}")
        return "; ".join(found) or "every process says that it is well"

    def _pid(self, name: str) -> int | None:
        if name not in PARTS:
            found = json.loads(Path(self.endpoints["status_file"]).read_text())[name]["pid"]
            return None if found is None else int(found)
        for child in psutil.Process().children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if PARTS[name] in line and str(self.run) in line and child.status() != psutil.STATUS_ZOMBIE:
                return child.pid
        return None

    def _unfinished(self) -> list[str]:
        return [
            action_id
            for action_id, entry in self.journal().items()
            if entry.settled is None or action_id not in self.watch.ended
        ]


@contextmanager
def crash_site(
    folder: Path,
    *,
    per_second: float,
    at_most: int = 200,
    kinds: Sequence[Kind],
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Site]:
    """Start everything, and let actions flow."""
    with ExitStack() as stack:
        programs = services(per_second, at_most=at_most, kinds=kinds)
        path = stack.enter_context(running_system(folder / "run", say=say, services=programs))
        endpoints = json.loads(path.read_text())
        secret = Path(endpoints["client_secret_file"]).read_text().strip()
        reviewers = Reviewers(endpoints, secret)
        stack.callback(reviewers.close)
        watch = Watch(endpoints["ledger"])
        stack.callback(watch.close)
        yield Site(folder / "run", reviewers, watch, endpoints)
