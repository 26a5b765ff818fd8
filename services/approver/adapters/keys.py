"""The identity provider's signature keys, from where its metadata says they are.

Rules:
- Kept for ten minutes; asked for anew before that at most once a minute, so that nobody's made-up tokens become a flood
  of questions. A provider that does not answer is left alone for a few seconds, and nothing waits for it long.
- Keys that are too old are not used: what cannot be checked is not proven.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

import httpx
from joserfc.jwk import KeySet

from services.approver.discovery import MAX_DOCUMENT_BYTES, WELL_KNOWN, DiscoveryError, endpoints
from services.approver.tokens import TokenError, key_set
from services.chassis.errors import TransientError

KEPT_SECONDS: Final = 600.0
AGAIN_SECONDS: Final = 60.0
LEFT_ALONE_SECONDS: Final = 5.0
TIMEOUT_SECONDS: Final = 2.0


class PublishedKeys:
    """Implements `ports.Keys`; thread-safe. `jwks_url` stands for what the metadata would say."""

    def __init__(self, issuer: str, *, jwks_url: str | None, insecure: bool, http: httpx.Client) -> None:
        self._issuer, self._jwks_url, self._insecure, self._http = issuer, jwks_url, insecure, http
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at = self._failed_at = float("-inf")

    def current(self, *, again: bool = False) -> KeySet:
        """Its keys; raise `TransientError`."""
        with self._lock:
            kept = AGAIN_SECONDS if again else KEPT_SECONDS
            if self._keys is None or monotonic() - self._fetched_at > kept:
                self._keys = self._fetch()
                self._fetched_at = monotonic()
            return self._keys

    def _fetch(self) -> KeySet:
        if monotonic() - self._failed_at < LEFT_ALONE_SECONDS:
            raise TransientError("identity-provider")
        try:
            address = self._jwks_url
            if address is None:
                described = self._get(self._issuer + WELL_KNOWN)
                named = endpoints(described, ("jwks_uri",), issuer=self._issuer, insecure=self._insecure)
                address = named["jwks_uri"]
            return key_set(self._get(address))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, DiscoveryError, TokenError) as error:
            self._failed_at = monotonic()
            raise TransientError("identity-provider", type(error).__name__) from None

    def _get(self, address: str) -> Mapping[str, Any]:
        answer = self._http.get(address, timeout=TIMEOUT_SECONDS, follow_redirects=False)
        found = answer.raise_for_status().json() if len(answer.content) <= MAX_DOCUMENT_BYTES else None
        if not isinstance(found, Mapping):
            raise ValueError("no document")  # noqa: TRY004 - as where it is no JSON
        return found
