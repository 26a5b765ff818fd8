"""The identity provider's tokens: what must hold before one is believed. Pure: keys and time are given.

Rules (OpenID Connect Core §3.1.3.7, RFC 8725):
- Only asymmetric algorithms of a fixed list, with a key of the provider's own set. A shared secret is no key: who can
  check with it can sign with it.
- A token is for us: issuer, audience, expiry, start of validity. An ID token that names several audiences, or the
  party it was issued to, was issued to us.
- Desk and settle both ask here; what a token said is not repeated in an error.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519")
LEEWAY_SECONDS: Final = 30


class TokenError(Exception):
    """A token does not hold; its text is a word for why."""


class UnverifiedError(TokenError):
    """No key of the set made its signature; a newer set may hold the one that did."""


class NonceError(TokenError):
    """An ID token that answers another request."""


def verified(token: str, keys: KeySet, *, issuer: str, audiences: tuple[str, ...], at: int) -> Mapping[str, Any]:
    """The claims of a token that holds `at` (seconds since the epoch); raise `TokenError`."""
    try:
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError):
        raise UnverifiedError("signature") from None
    registry = jwt.JWTClaimsRegistry(
        now=at,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "values": list(audiences)},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise TokenError(error.error) from None
    if not isinstance(claims["sub"], str):
        raise TokenError("subject")
    return claims


def id_token(token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, at: int) -> Mapping[str, Any]:
    """The claims of an ID token that answers the request with this nonce; raise `TokenError`."""
    claims = verified(token, keys, issuer=issuer, audiences=(client_id,), at=at)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise TokenError("party")
    if not hmac.compare_digest(str(claims.get("nonce")).encode(errors="surrogatepass"), nonce.encode()):
        raise NonceError("nonce")
    return claims


def key_set(found: Mapping[str, Any]) -> KeySet:
    """The signature keys of a published key set, without any shared secret; raise `TokenError`."""
    try:
        keys = [key for key in found["keys"] if key.get("kty") != "oct" and key.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": keys})
    except (JoseError, KeyError, TypeError, AttributeError, ValueError):
        raise TokenError("keys") from None
