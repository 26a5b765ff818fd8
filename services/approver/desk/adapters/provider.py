"""The identity provider: authorization code with PKCE, and its tokens.

Rules (OpenID Connect Core §3.1.3.7, RFC 9700):
- The provider is known by its issuer URL alone (`discovery`); what must hold of a token stands in `tokens`.
- Keys come from the provider's key set, cached; a signature by none of them fetches it again, at most once in a while.
- Everything that does not hold is one error, `Problem`; what the provider said is not repeated.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import httpx
from joserfc.jwk import KeySet

from services.approver.desk.problems import Problem
from services.approver.discovery import MAX_DOCUMENT_BYTES, WELL_KNOWN, DiscoveryError, endpoints
from services.approver.tokens import TokenError, UnverifiedError, id_token, key_set, verified

with warnings.catch_warnings(record=True):  # at import Authlib announces its next HTTP client, past "ignore"
    warnings.simplefilter("always")
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

WANTED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
METADATA_SECONDS: Final = 3_600.0
KEYS_SECONDS: Final = 600.0
REFETCH_SECONDS: Final = 20.0
TIMEOUT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Client:
    """How this desk is registered at the provider."""

    issuer: str
    id: str
    secret: str
    audience: str | None
    scopes: str
    redirect_uri: str
    insecure: bool
    """Plain http endpoints are accepted: development only."""


class Check(Protocol):
    """What must hold of a token: `verified` or `id_token`, with everything but token, keys and time given."""

    def __call__(self, token: str, keys: KeySet, *, at: int) -> Mapping[str, Any]:
        """The claims; raise `TokenError`."""


@dataclass(slots=True)
class _Cached:
    value: Any = None
    fetched_at: float = float("-inf")

    def older_than(self, seconds: float) -> bool:
        return time.monotonic() - self.fetched_at > seconds


class Provider:
    """One OpenID Connect provider."""

    def __init__(self, client: Client, http: httpx.AsyncClient) -> None:
        self._client = client
        self._http = http
        self._metadata = _Cached()
        self._keys = _Cached()

    async def authorization_url(self, *, state: str, nonce: str, verifier: str, **asked: str) -> str:
        """Where to send the browser; `asked` are further parameters of the request."""
        metadata = await self._described()
        async with self._oauth() as oauth:
            url, _ = oauth.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce, **asked
            )
        return str(url)

    async def signed_in(self, *, code: str, verifier: str, nonce: str) -> tuple[str, str]:
        """Exchange a code; returns the `sub` of the verified ID token, and the token."""
        metadata = await self._described()
        try:
            async with self._oauth() as oauth:
                token = await oauth.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
                )
        except httpx.HTTPError:
            raise Problem("provider_away", "It did not answer when the sign-in was to be completed.") from None
        except (AuthlibBaseError, ValueError):
            raise Problem("sign_in_failed", "The identity provider refused to complete it.") from None
        raw = token.get("id_token")
        if not isinstance(raw, str):
            raise Problem("sign_in_failed", "The identity provider sent no ID token.")
        check = partial(id_token, issuer=self._client.issuer, client_id=self._client.id, nonce=nonce)
        return str((await self._verified(raw, "sign_in_failed", check))["sub"]), raw

    async def bearer(self, token: str) -> str:
        """The `sub` of a verified bearer token: an ID token, or a JWT access token (RFC 9068) for this API."""
        audiences = (self._client.id, *((self._client.audience,) if self._client.audience else ()))
        check = partial(verified, issuer=self._client.issuer, audiences=audiences)
        return str((await self._verified(token, "bad_token", check))["sub"])

    def _oauth(self) -> Any:
        return AsyncOAuth2Client(
            client_id=self._client.id,
            client_secret=self._client.secret,
            scope=self._client.scopes,
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    async def _verified(self, token: str, problem: str, check: Check) -> Mapping[str, Any]:
        """The claims of a token that holds; raise `Problem`."""
        try:
            try:
                return check(token, await self._key_set(), at=int(time.time()))
            except UnverifiedError:
                # A key set that changed since is fetched again; a token that is simply wrong fails again.
                return check(token, await self._key_set(again=True), at=int(time.time()))
        except UnverifiedError:
            raise Problem(problem, "Its signature does not verify with the issuer's keys.") from None
        except TokenError as error:
            raise Problem(problem, f"The token does not hold: {error}.") from None

    async def _described(self) -> Mapping[str, str]:
        if self._metadata.older_than(METADATA_SECONDS):
            found = await self._fetch(self._client.issuer + WELL_KNOWN)
            try:
                named = endpoints(found, WANTED, issuer=self._client.issuer, insecure=self._client.insecure)
            except DiscoveryError as error:
                raise Problem("provider_away", str(error)) from None
            self._metadata = _Cached(named, time.monotonic())
        described: Mapping[str, str] = self._metadata.value
        return described

    async def _key_set(self, *, again: bool = False) -> KeySet:
        if self._keys.older_than(REFETCH_SECONDS if again else KEYS_SECONDS):
            found = await self._fetch((await self._described())["jwks_uri"])
            try:
                self._keys = _Cached(key_set(found), time.monotonic())
            except TokenError:
                raise Problem("provider_away", "Its keys cannot be read.") from None
        kept: KeySet = self._keys.value
        return kept

    async def _fetch(self, url: str) -> Mapping[str, Any]:
        try:
            answer = await self._http.get(url, timeout=TIMEOUT_SECONDS, follow_redirects=False)
            found = answer.raise_for_status().json() if len(answer.content) <= MAX_DOCUMENT_BYTES else None
        except (httpx.HTTPError, ValueError):
            found = None
        if not isinstance(found, Mapping):
            raise Problem("provider_away", "It did not describe itself as OpenID Connect asks.")
        return found
