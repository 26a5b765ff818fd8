"""A reviewer who uses the desk's JSON API: signs in at the identity provider like any person, sees, decides."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from placet.keys import encode_base64url


class Reviewer:
    """One person, signed in by the authorization code flow (RFC 6749 §4.1, with PKCE)."""

    def __init__(self, desk: str, token: str, person: str) -> None:
        self.person = person
        self._desk = httpx.Client(base_url=desk, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    @classmethod
    def sign_in(cls, *, desk: str, issuer: str, client_id: str, client_secret: str, person: str) -> Self:
        """Sign in as a person of the development identity provider, which asks for no password."""
        verifier = secrets.token_urlsafe(48)
        challenge = encode_base64url(hashlib.sha256(verifier.encode()).digest())
        with httpx.Client(timeout=30) as browser:
            provider = browser.get(f"{issuer}/.well-known/openid-configuration").json()
            request = {
                "client_id": client_id,
                "redirect_uri": f"{desk}/sign-in/callback",
                "response_type": "code",
                "scope": "openid profile",
                "state": "s",
                "nonce": secrets.token_urlsafe(8),
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
            answer = browser.post(provider["authorization_endpoint"], params=request, data={"sub": person})
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
            tokens = browser.post(
                provider["token_endpoint"],
                data={
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": request["redirect_uri"],
                    "code_verifier": verifier,
                },
                auth=(client_id, client_secret),
            ).json()
        return cls(desk, tokens["id_token"], person)

    def close(self) -> None:
        """Disconnect."""
        self._desk.close()

    def open_review(self, action_id: str, *, seconds: float = 30.0) -> dict[str, Any]:
        """The review of an action, as soon as it is there."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self._desk.get(f"/api/v1/reviews/{action_id}")
            if answer.status_code == httpx.codes.OK:
                review: dict[str, Any] = answer.json()
                return review
            if answer.status_code != httpx.codes.NOT_FOUND or time.monotonic() > deadline:
                raise RuntimeError(f"{self.person} cannot see review {action_id}: {answer.status_code} {answer.text}")
            time.sleep(0.05)

    def approve(self, action_id: str, reason: str) -> httpx.Response:
        """Approve what the review shows."""
        return self._vote("approve", action_id, reason)

    def reject(self, action_id: str, reason: str) -> httpx.Response:
        """Reject it, saying why."""
        return self._vote("reject", action_id, reason)

    def until(self, action_id: str, ready: Callable[[dict[str, Any]], bool], *, seconds: float) -> dict[str, Any]:
        """The review as soon as something is true of it."""
        deadline = time.monotonic() + seconds
        while not ready(review := self.open_review(action_id)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"review {action_id} did not change within {seconds} s")
            time.sleep(0.2)
        return review

    def _vote(self, vote: str, action_id: str, reason: str) -> httpx.Response:
        return self.send(vote, action_id, reason, digest=self.open_review(action_id)["digest"])

    def send(self, vote: str, action_id: str, reason: str, *, digest: str) -> httpx.Response:
        """The click itself: `vote` is approve or reject, `digest` what the review showed."""
        return self._desk.post(f"/api/v1/reviews/{action_id}/{vote}", json={"reason": reason, "digest": digest})
