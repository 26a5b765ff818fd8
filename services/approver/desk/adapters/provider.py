"""The identity provider: authorization code with PKCE, and the verification of its tokens.

Rules (OpenID Connect Core §3.1.3.7, RFC 9700, RFC 8725):
- The provider is known by its issuer URL alone; its metadata must name that very issuer.
- Only asymmetric algorithms of a fixed list; keys come from the provider's key set, cached; an unknown key id
  fetches it again, at most once in a while.
- A token is for us: issuer, audience, expiry, start of validity; an ID token also carries our nonce.
- Everything that does not hold is one error, `Problem`; what the provider said is not repeated.
"""

from __future__ import annotations

import hmac
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.approver.desk.problems import Problem

with warnings.catch_warnings(record=True):  # at import Authlib announces its next HTTP client, past "ignore"
    warnings.simplefilter("always")
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519")
LEEWAY_SECONDS: Final = 30
METADATA_SECONDS: Final = 3_600.0
KEYS_SECONDS: Final = 600.0
REFETCH_SECONDS: Final = 20.0
TIMEOUT_SECONDS: Final = 10.0
MAX_DOCUMENT_BYTES: Final = 1_000_000


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

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser."""
        metadata = await self._described()
        async with self._oauth() as oauth:
            url, _ = oauth.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
            )
        return str(url)

    async def person(self, *, code: str, verifier: str, nonce: str) -> str:
        """Exchange a code; returns the `sub` of the verified ID token."""
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
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise Problem("sign_in_failed", "The identity provider sent no ID token.")
        claims = await self._verified(id_token, "sign_in_failed", (self._client.id,))
        if not hmac.compare_digest(str(claims.get("nonce")).encode(errors="surrogatepass"), nonce.encode()):
            raise Problem("sign_in_failed", "The ID token belongs to another sign-in.")
        return str(claims["sub"])

    async def bearer(self, token: str) -> str:
        """The `sub` of a verified bearer token: an ID token, or a JWT access token (RFC 9068) for this API."""
        audiences = (self._client.id, *((self._client.audience,) if self._client.audience else ()))
        return str((await self._verified(token, "bad_token", audiences))["sub"])

    async def reachable(self) -> None:
        """Return when the provider describes itself; raise `Problem`."""
        await self._described()

    def _oauth(self) -> Any:
        return AsyncOAuth2Client(
            client_id=self._client.id,
            client_secret=self._client.secret,
            scope=self._client.scopes,
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
        )

    async def _verified(self, token: str, problem: str, audiences: tuple[str, ...]) -> Mapping[str, Any]:
        """The claims of a token that holds; raise `Problem`."""
        try:
            decoded = jwt.decode(token, await self._key_set(), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # A key set that changed since is fetched again; a token that is simply wrong fails again.
            try:
                decoded = jwt.decode(token, await self._key_set(again=True), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):
                raise Problem(problem, "Its signature does not verify with the issuer's keys.") from None
        registry = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._client.issuer},
            aud={"essential": True, "values": list(audiences)},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(decoded.claims)
        except JoseError as error:
            raise Problem(problem, f"The token does not hold: {error.error}.") from None
        if not isinstance(decoded.claims["sub"], str):
            raise Problem(problem, "The token names nobody.")
        return decoded.claims

    async def _described(self) -> Mapping[str, Any]:
        if self._metadata.older_than(METADATA_SECONDS):
            found = await self._fetch(f"{self._client.issuer}/.well-known/openid-configuration")
            wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if str(found.get("issuer", "")).rstrip("/") != self._client.issuer:
                raise Problem("provider_away", "What answers there names another issuer.")
            for name in wanted:
                endpoint = urlsplit(str(found.get(name, "")))
                if endpoint.scheme != "https" and not (self._client.insecure and endpoint.scheme == "http"):
                    raise Problem("provider_away", "What answers there describes an endpoint without TLS.")
            self._metadata = _Cached(found, time.monotonic())
        described: Mapping[str, Any] = self._metadata.value
        return described

    async def _key_set(self, *, again: bool = False) -> KeySet:
        if self._keys.older_than(REFETCH_SECONDS if again else KEYS_SECONDS):
            found = await self._fetch(str((await self._described())["jwks_uri"]))
            try:
                keys = [key for key in found["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
                self._keys = _Cached(KeySet.import_key_set({"keys": keys}), time.monotonic())
            except (JoseError, KeyError, TypeError, AttributeError, ValueError):
                raise Problem("provider_away", "Its keys cannot be read.") from None
        key_set: KeySet = self._keys.value
        return key_set

    async def _fetch(self, url: str) -> Mapping[str, Any]:
        try:
            answer = await self._http.get(url, timeout=TIMEOUT_SECONDS, follow_redirects=False)
            found = answer.raise_for_status().json() if len(answer.content) <= MAX_DOCUMENT_BYTES else None
        except (httpx.HTTPError, ValueError):
            found = None
        if not isinstance(found, Mapping):
            raise Problem("provider_away", "It did not describe itself as OpenID Connect asks.")
        return found
