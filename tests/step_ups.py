"""An identity provider's ID tokens for step-up, and whoever checks them in a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import Key, KeySet, RSAKey

from placet.events import VoteKind
from services.approver.passkeys import Passkeys
from services.approver.step_up import Accepted, bound_nonce
from services.chassis.errors import TransientError

ISSUER = "https://id.example"
CLIENT = "placet"
ACCEPTED = Accepted(ISSUER, CLIENT, frozenset({"phr", "phrh"}))
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"}, private=True)


def id_token(about: dict[str, Any], at: datetime, *, key: Any = KEY, kid: str = "k1", **changes: Any) -> str:
    """The provider's word about one vote, `about` being what the nonce is made of; None in `changes` leaves out."""
    now = int(at.timestamp())
    nonce = bound_nonce(**{**about, "vote": VoteKind(about["vote"])})
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": about["reviewer"], "iat": now, "exp": now + 300, "nonce": nonce}
    claims |= {"auth_time": now, "acr": "phr", **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": kid}, kept, key, algorithms=["RS256"])


def fetched(issuer: str, client: str, person: str, **asked: str) -> str:
    """An ID token of a running provider, got by the authorization code flow."""
    back = "http://localhost/back"
    with httpx.Client(timeout=10, trust_env=False) as http:
        wanted = {"client_id": client, "redirect_uri": back, "response_type": "code", "scope": "openid", **asked}
        answer = http.post(f"{issuer}/oauth2/authorize", params=wanted, data={"sub": person})
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        answer = http.post(f"{issuer}/oauth2/token", data=form, auth=(client, "secret"))
        return str(answer.json()["id_token"])


@dataclass
class TestKeys:
    """The provider's key set; `newer` is what it has when it is asked anew."""

    __test__ = False

    keys: list[Key] = field(default_factory=lambda: [KEY])
    newer: list[Key] | None = None
    away: bool = False
    asked: list[bool] = field(default_factory=list)

    def current(self, *, again: bool = False) -> KeySet:
        self.asked.append(again)
        if self.away:
            raise TransientError("identity-provider")
        held = self.newer if again and self.newer is not None else self.keys
        return KeySet(list(held))


def passkeys(**changes: Any) -> Passkeys:
    return Passkeys(ACCEPTED, TestKeys(**changes))
