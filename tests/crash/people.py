"""Reviewers who do what each action's purpose says, whatever dies under them.

They ask again after every failure, with the same idempotency key: a vote whose answer was lost is found, not cast
twice.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import httpx

from examples.nightly_export.reviewer import Reviewer
from tests.crash.flow import Kind

VOTES: Final = {Kind.APPROVE: "approve", Kind.REJECT: "reject"}
SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 0.1


class Reviewers:
    """One person in a thread: alice, who is in the group that the export's rule asks."""

    def __init__(self, endpoints: Mapping[str, Any], client_secret: str) -> None:
        self._endpoints, self._secret = endpoints, client_secret
        self._stop = threading.Event()
        self._left_alone: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="reviewers", daemon=True)
        self._thread.start()
        self.failures = 0
        """Requests that got no useful answer."""

    def close(self) -> None:
        """Go home."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                reviewer = self._sign_in()
            except (httpx.HTTPError, KeyError, ValueError):
                self._stop.wait(PAUSE_SECONDS)
                continue
            try:
                self._work(reviewer._desk)
            finally:
                reviewer.close()

    def _sign_in(self) -> Reviewer:
        return Reviewer.sign_in(
            desk=self._endpoints["desk"],
            issuer=self._endpoints["identity_provider"],
            client_id=self._endpoints["client_id"],
            client_secret=self._secret,
            person="alice",
        )

    def _work(self, desk: httpx.Client) -> None:
        """Until the token does not hold any more."""
        desk.timeout = httpx.Timeout(SECONDS)
        while not self._stop.wait(PAUSE_SECONDS):
            try:
                listed = desk.get("/api/v1/reviews", params={"view": "mine", "limit": 200})
                if listed.status_code == httpx.codes.UNAUTHORIZED:
                    return
                for heading in listed.raise_for_status().json()["reviews"]:
                    if heading["action_id"] not in self._left_alone:
                        self._vote(desk, heading["action_id"])
            except httpx.HTTPError:
                self.failures += 1

    def _vote(self, desk: httpx.Client, action_id: str) -> None:
        review = desk.get(f"/api/v1/reviews/{action_id}").raise_for_status().json()
        vote = VOTES.get(Kind(review["purpose"]))
        if vote is None:
            self._left_alone.add(action_id)
            return
        desk.post(
            f"/api/v1/reviews/{action_id}/{vote}",
            json={"reason": f"{vote}, as agreed", "digest": review["digest"]},
            headers={"Idempotency-Key": action_id},
        )
