"""Bearer tokens and the identity provider's own words: what is believed."""

from __future__ import annotations

import hmac
import time
from typing import Any, Self

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from placet.keys import Signer, encode_base64url
from services.approver.desk.adapters.provider import Client, Provider
from services.approver.desk.problems import Problem
from services.approver.tokens import ALGORITHMS

ISSUER = "https://id.example"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"}, private=True)


class World:
    """What the provider answers."""

    def __init__(self) -> None:
        self.keys: list[Key] = [KEY]
        self.metadata = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        self.asked: list[str] = []

    def provider(self, **changes: Any) -> Provider:
        given: dict[str, Any] = {
            "issuer": ISSUER,
            "id": "placet",
            "secret": "s",
            "audience": None,
            "scopes": "openid",
            "redirect_uri": "https://placet.example/sign-in/callback",
            "insecure": False,
        }
        transport = httpx.MockTransport(self._answer)
        return Provider(Client(**{**given, **changes}), httpx.AsyncClient(transport=transport))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        return httpx.Response(200, json=self.metadata)


def token(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "placet", "sub": "alice", "iat": now, "exp": now + 300, **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "k1"} | (header or {}), kept, key, algorithms=list(ALGORITHMS))


async def test_a_good_token_names_its_person() -> None:
    world = World()
    provider = world.provider(audience="placet-api")
    assert await provider.bearer(token()) == "alice"
    assert await provider.bearer(token(aud=["placet-api", "other"], nbf=int(time.time()))) == "alice"
    assert world.asked == ["/.well-known/openid-configuration", "/keys"]


def unsigned() -> str:
    parts = token().split(".")
    header = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ"
    return f"{header}.{parts[1]}."


def signed_with_the_public_key() -> str:
    """HMAC with what everybody knows (RFC 8725 §2.1)."""
    header = encode_base64url(b'{"alg":"HS256","kid":"k1"}')
    signed = f"{header}.{token().split('.')[1]}"
    return f"{signed}.{encode_base64url(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


def signed_by_an_agent() -> str:
    """An agent's key is one that Placet trusts for proposals; it is none of the identity provider's."""
    agent = Signer.generate("/agents/nightly-export")
    return token(agent._key, {"alg": "Ed25519", "kid": agent.key_id})


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: token(iss="https://other.example"), id="issuer"),
        pytest.param(lambda: token(iss=None), id="no-issuer"),
        pytest.param(lambda: token(aud="another-client"), id="audience"),
        pytest.param(lambda: token(aud=None), id="no-audience"),
        pytest.param(lambda: token(exp=int(time.time()) - 60), id="expired"),
        pytest.param(lambda: token(exp=None), id="no-expiry"),
        pytest.param(lambda: token(nbf=int(time.time()) + 120), id="not-yet"),
        pytest.param(lambda: token(sub=None), id="no-subject"),
        pytest.param(lambda: token(sub=7), id="subject-not-text"),
        pytest.param(lambda: token(OTHER), id="foreign-key-same-id"),
        pytest.param(lambda: token(OTHER, {"kid": "k2"}), id="unknown-key"),
        pytest.param(lambda: token(ECKey.generate_key("P-256"), {"alg": "ES256"}), id="other-algorithm"),
        pytest.param(unsigned, id="alg-none"),
        pytest.param(signed_with_the_public_key, id="hmac-with-public-key"),
        pytest.param(signed_by_an_agent, id="agent-key"),
        pytest.param(lambda: "not.a.token", id="no-token"),
        pytest.param(lambda: token()[:-4] + "AAAA", id="bent"),
        pytest.param(lambda: "ü.ü.ü", id="not-ascii"),
    ],
)
async def test_a_bad_token_names_nobody(bad: Any) -> None:
    with pytest.raises(Problem) as refused:
        await World().provider().bearer(bad())
    assert refused.value.code == "bad_token"


async def test_new_keys_are_fetched_but_not_at_everybodys_wish() -> None:
    world = World()
    provider = world.provider()
    assert await provider.bearer(token()) == "alice"
    world.keys = [OTHER]
    for _ in range(3):
        with pytest.raises(Problem):
            await provider.bearer(token(OTHER, {"kid": "k2"}))
    assert world.asked.count("/keys") == 1
    provider._keys.fetched_at -= 60
    assert await provider.bearer(token(OTHER, {"kid": "k2"})) == "alice"
    with pytest.raises(Problem):
        await provider.bearer(token())


@pytest.mark.parametrize(
    ("changes", "insecure"),
    [
        ({"issuer": "https://evil.example"}, True),
        ({"jwks_uri": "http://id.example/keys"}, False),
        ({"token_endpoint": "file:///etc/passwd"}, True),
        ({"authorization_endpoint": ""}, False),
    ],
)
async def test_a_provider_must_be_the_one_that_was_named(changes: dict[str, str], insecure: bool) -> None:
    world = World()
    world.metadata |= changes
    with pytest.raises(Problem) as refused:
        await world.provider(insecure=insecure).bearer(token())
    assert refused.value.code == "provider_away"


async def test_the_way_to_the_provider_carries_pkce() -> None:
    url = httpx.URL(await World().provider().authorization_url(state="s", nonce="n", verifier="v" * 48))
    asked = dict(url.params)
    assert (asked["code_challenge_method"], asked["response_type"], asked["scope"]) == ("S256", "code", "openid")
    assert (asked["state"], asked["nonce"], "max_age" in asked) == ("s", "n", False)
    assert "v" * 48 not in str(url)


class Exchange:
    """The token endpoint, which answers any code with this ID token."""

    def __init__(self, id_token: str) -> None:
        self.id_token = id_token

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def fetch_token(self, *_: object, **__: object) -> dict[str, str]:
        return {"id_token": self.id_token}


@pytest.mark.parametrize("changes", [{"azp": "other"}, {"aud": ["placet", "other"]}, {"aud": "placet-api"}])
async def test_an_id_token_issued_to_another_party_is_refused(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = World().provider(audience="placet-api")
    monkeypatch.setattr(provider, "_oauth", lambda: Exchange(token(nonce="mine", **changes)))
    with pytest.raises(Problem) as refused:
        await provider.signed_in(code="c", verifier="v", nonce="mine")
    assert refused.value.code == "sign_in_failed"


@pytest.mark.parametrize("nonce", ["theirs", "", "min", None, 5, ["mine"], "\ud800"])
async def test_an_id_token_of_another_sign_in_is_refused(nonce: object, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = World().provider()
    mine = token(nonce="mine")
    monkeypatch.setattr(provider, "_oauth", lambda: Exchange(mine))
    assert await provider.signed_in(code="c", verifier="v", nonce="mine") == ("alice", mine)
    monkeypatch.setattr(provider, "_oauth", lambda: Exchange(token(nonce=nonce)))
    with pytest.raises(Problem) as refused:
        await provider.signed_in(code="c", verifier="v", nonce="mine")
    assert refused.value.code == "sign_in_failed"
