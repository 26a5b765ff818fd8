"""Looks at the ledger's API all the time, as an auditor would, and notes when each action has ended.

An action has ended when everybody can see it: its outcome is in the ledger, and the executor's report where there was
something to run. So what is measured is the whole way, through every process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any, Final

import httpx

from placet.catalogue import Topic
from placet.events import Outcome
from tests.crash.flow import GRANTED

PAGE: Final = 500
PAUSE_SECONDS: Final = 0.1


def proposed_at(action_id: str) -> float:
    """When an action was proposed: its id says so (UUIDv7), in seconds."""
    return int(action_id.replace("-", "")[:12], 16) / 1000


class Watch:
    """A thread; times are of the wall clock, in seconds."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=5)
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._after = -1
        self.outcomes: dict[str, Outcome] = {}
        self.reported: set[str] = set()
        self.ended: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    @property
    def entries(self) -> int:
        """Entries seen."""
        return self._after + 1

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(timeout=30)
        self._http.close()

    def first_ended(
        self, *, since: float, outcomes: Collection[Outcome], seconds: float, alive: Callable[[], None] = lambda: None
    ) -> float | None:
        """When the first action that was proposed after `since` ended, with one of the outcomes; None: not in time."""

        def found() -> list[float]:
            return [
                at
                for action_id, at in self.ended.items()
                if at > since and proposed_at(action_id) > since and self.outcomes[action_id] in outcomes
            ]

        deadline = time.monotonic() + seconds
        with self._changed:
            while not (times := found()):
                alive()
                if time.monotonic() > deadline:
                    return None
                self._changed.wait(0.2)
            return min(times)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._http.get("/v1/entries", params={"after": self._after, "limit": PAGE})
                entries = answer.raise_for_status().json()["entries"]
            except httpx.HTTPError:
                entries = []
            if entries:
                self._take(entries)
            if len(entries) < PAGE:
                self._stop.wait(PAUSE_SECONDS)

    def _take(self, entries: list[dict[str, Any]]) -> None:
        now = time.time()
        with self._changed:
            for entry in entries:
                action_id = entry["action_id"]
                if entry["topic"] == Topic.RESOLVED and entry["outcome"]:
                    self.outcomes.setdefault(action_id, Outcome(entry["outcome"]))
                elif entry["topic"] == Topic.EXECUTED:
                    self.reported.add(action_id)
                else:
                    continue
                outcome = self.outcomes.get(action_id)
                if outcome is not None and (outcome not in GRANTED or action_id in self.reported):
                    self.ended.setdefault(action_id, now)
            self._after = entries[-1]["seq"]
            self._changed.notify_all()
