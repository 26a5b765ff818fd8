"""The desk's JSON API, as a reviewer at a terminal uses it.

Rules: the token is a path to a file and is sent to the desk only, never over plain HTTP except to this machine; what
the desk refuses is passed on in its own words.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from placet.cli.show import plain
from placet.outcomes import ClientError

_SECONDS: Final = 15.0
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class Desk:
    """A client of /api/v1; every method raises `ClientError`."""

    def __init__(self, url: str, token_file: Path, *, transport: httpx.BaseTransport | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ClientError(f"{url} is not HTTPS, so the token would travel in clear. Use the desk's HTTPS address.")
        try:
            token = token_file.read_text().strip()
        except OSError as error:
            raise ClientError(
                f"{token_file}: {error.strerror}. Save a token of your identity provider there."
            ) from None
        self._url = url
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"authorization": f"Bearer {token}"},
            timeout=_SECONDS,
            transport=transport,
        )

    def list(self, view: str) -> list[dict[str, Any]]:
        """Every review of a view."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self._ask("GET", "/reviews", params={"view": view} | ({"after": after} if after else {}))
            found += page["reviews"]
            after = page["next"]
            if not after:
                return found

    def show(self, action_id: str) -> dict[str, Any]:
        """One review, masked."""
        return self._ask("GET", f"/reviews/{action_id}")

    def vote(self, action_id: str, kind: str, *, digest: str, reason: str | None) -> dict[str, Any]:
        """Cast a vote about exactly this digest; `counted` is None while it is not judged yet."""
        body = {"digest": digest} | ({} if reason is None else {"reason": reason})
        return self._ask(
            "POST", f"/reviews/{action_id}/{kind}", json=body, headers={"idempotency-key": uuid.uuid4().hex}
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **sent)
            found = response.json()
        except httpx.HTTPError as error:
            raise ClientError(
                f"The desk at {self._url} does not answer ({type(error).__name__}). Check the address and that it runs."
            ) from None
        except ValueError:
            raise ClientError(f"What answers at {self._url} is not the desk. Check the address.") from None
        if response.is_success and isinstance(found, dict):
            return found
        said = found if isinstance(found, dict) else {}
        sentence = " ".join(str(said[name]) for name in ("title", "detail", "next") if said.get(name))
        raise ClientError(plain(sentence) or f"The desk refused with status {response.status_code}.")
