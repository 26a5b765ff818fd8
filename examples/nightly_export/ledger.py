"""The ledger as an SRE reads it: over its API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

_PATIENCE_SECONDS = 20.0
_QUIET_SECONDS = 1.0


class LedgerApi:
    """Reads; never writes."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)

    def close(self) -> None:
        """Disconnect."""
        self._http.close()

    def events(self, action_id: str, *, until: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """The event data of one action, as soon as a condition holds of them, or what there is after 20 seconds."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            seen = [entry["event"] for entry in self._entries(action=action_id, after=-1) if entry["event"]]
            if until(seen) or time.monotonic() > deadline:
                return seen
            time.sleep(0.1)

    def everything(self, action_id: str) -> str:
        """Every byte that the API shows of one action, once it has its outcome."""
        self.events(action_id, until=lambda seen: any("outcome" in event and "retry" in event for event in seen))
        timeline = self._http.get(f"/v1/actions/{action_id}/timeline").text
        return timeline + json.dumps(self._entries(action=action_id, after=-1), ensure_ascii=False)

    def checkpoint(self) -> str:
        """The signed head: what an auditor keeps outside the system."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (answer := self._http.get("/v1/checkpoint")).status_code != httpx.codes.OK:
            if time.monotonic() > deadline:
                answer.raise_for_status()
            time.sleep(0.2)
        return str(answer.json()["note"])

    def export(self) -> bytes:
        """Everything, as `placet ledger verify` reads it."""
        return self._http.get("/v1/export", timeout=120).raise_for_status().content

    def wait_until_quiet(self) -> None:
        """Return when nothing was appended for a second: what is under way has arrived."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        size, since = -1, time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - since < _QUIET_SECONDS:
            newest = self._http.get("/v1/checkpoint").raise_for_status().json()["size"]
            if newest != size:
                size, since = newest, time.monotonic()
            time.sleep(0.1)

    def timeline_of(self, name: str) -> list[str]:
        """The story of the newest approved action of a name, a line per step."""
        for entry in self._entries(outcome="approved"):
            story = self._http.get(f"/v1/actions/{entry['action_id']}/timeline").raise_for_status().json()
            if story["name"] == name:
                steps = [
                    f"{step['milliseconds']:>9.1f} ms  {step['what']:<12} {step['by'] or '':<24} {step['detail']}"
                    for step in story["steps"]
                ]
                durations = ", ".join(f"{part} {spent:.0f} ms" for part, spent in story["durations"].items())
                return [f"{story['name']} on {story['resource']}", *steps, durations]
        return [f"no approved {name} is in the ledger"]

    def _entries(self, **query: Any) -> list[dict[str, Any]]:
        answer = self._http.get("/v1/entries", params={**query, "limit": 200}).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["entries"]
        return found
