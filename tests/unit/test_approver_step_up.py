"""What proves a passkey: each thing that must hold of an ID token, bent; and what is done without it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt

from placet.canonical import canonical_bytes
from placet.events import Authentication, VoteKind
from placet.keys import Signer, encode_base64url
from services.approver.electorate import authenticated
from services.approver.model import Vote
from services.approver.passkeys import Passkeys
from services.approver.step_up import bound_nonce
from tests.factories import NOW
from tests.step_ups import ACCEPTED, CLIENT, KEY, OTHER_KEY, TestKeys, id_token, passkeys
from tests.unit.test_approver_decide import a_vote, needing

AT = int(NOW.timestamp())
VOTE = a_vote("ann", authentication=Authentication.PASSKEY)


def about(vote: Vote = VOTE, /, **changes: Any) -> dict[str, Any]:
    """What the nonce is made of."""
    made = {
        "action_id": vote.action_id,
        "digest": vote.digest,
        "reviewer": vote.reviewer,
        "vote": vote.kind,
        "request_id": vote.request_id,
    }
    return made | changes


def token(**changes: Any) -> str:
    return id_token(about(), NOW, **changes)


def proven(evidence: str | None, by: Passkeys | None = None, **changes: Any) -> Vote:
    return (by or passkeys()).proven(replace(VOTE, evidence=evidence, **changes))


def code(vote: Vote) -> str | None:
    """Why the passkey is not believed; then the vote is one of nobody, and does not count."""
    if vote.unproven is None:
        assert (vote.authentication, vote.authenticated_at is None) == (Authentication.PASSKEY, False)
        assert authenticated(vote, needing("1 from leads", step_up="passkey")) is None
        return None
    assert (vote.authentication, vote.authenticated_at) == (Authentication.NONE, None)
    for requirement in (needing("1 from leads"), needing("1 from leads", step_up="passkey")):
        assert authenticated(vote, requirement) == vote.unproven
    return vote.unproven.code


def test_the_nonce_is_the_hash_of_what_is_voted() -> None:
    voted = {"action_id": "a", "digest": "d", "request_id": "q", "reviewer": "r", "vote": "approve"}
    assert canonical_bytes(voted) == b'{"action_id":"a","digest":"d","request_id":"q","reviewer":"r","vote":"approve"}'
    made = bound_nonce(action_id="a", digest="d", reviewer="r", vote=VoteKind.APPROVE, request_id="q")
    assert made == "xD8YZNk2qh9mhD74KaTPzqsViUs65Wjc020r2SFjxrw"


@pytest.mark.parametrize(
    "good",
    [
        pytest.param({}, id="as it should be"),
        pytest.param({"acr": "phrh"}, id="protected hardware"),
        pytest.param({"aud": [CLIENT]}, id="one audience, as a list"),
        pytest.param({"aud": [CLIENT, "other"], "azp": CLIENT}, id="several audiences, issued to us"),
        pytest.param({"auth_time": AT - 300}, id="five minutes ago"),
        pytest.param({"auth_time": AT + 30}, id="a clock that is ahead, within the leeway"),
        pytest.param({"exp": AT - 29}, id="just expired, within the leeway"),
        pytest.param({"nbf": AT}, id="valid from now"),
    ],
)
def test_what_holds_proves_the_passkey(good: dict[str, Any]) -> None:
    vote = proven(token(**good))
    assert code(vote) is None
    assert vote.authenticated_at is not None
    assert int(vote.authenticated_at.timestamp()) == good.get("auth_time", AT)


def unsigned() -> str:
    header = encode_base64url(b'{"alg":"none","kid":"k1"}')
    return f"{header}.{token().split('.')[1]}."


def signed_with_the_public_key() -> str:
    """HMAC with what everybody knows (RFC 8725 §2.1)."""
    header = encode_base64url(b'{"alg":"HS256","kid":"k1"}')
    signed = f"{header}.{token().split('.')[1]}"
    return f"{signed}.{encode_base64url(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


def signed_by_settle() -> str:
    """A key that Placet trusts for something else is none of the identity provider's."""
    key = Signer.generate("/services/settle")
    return jwt.encode({"alg": "Ed25519", "kid": key.key_id}, {"sub": "ann"}, key._key, algorithms=["Ed25519"])


BAD: dict[str, tuple[Callable[[], str | None], str]] = {
    "nothing": (lambda: None, "step_up_required"),
    "empty": (lambda: "", "step_up_unsigned"),
    "no token": (lambda: "not.a.token", "step_up_unsigned"),
    "not ASCII": (lambda: "ü.ü.ü", "step_up_unsigned"),
    "bent": (lambda: token()[:-4] + "AAAA", "step_up_unsigned"),
    "another key": (lambda: token(key=OTHER_KEY), "step_up_unsigned"),
    "an unknown key": (lambda: token(key=OTHER_KEY, kid="k2"), "step_up_unsigned"),
    "no signature": (unsigned, "step_up_unsigned"),
    "a shared secret": (signed_with_the_public_key, "step_up_unsigned"),
    "settle's own key": (signed_by_settle, "step_up_unsigned"),
    "another issuer": (lambda: token(iss="https://other.example"), "step_up_invalid"),
    "no issuer": (lambda: token(iss=None), "step_up_invalid"),
    "another client": (lambda: token(aud="other"), "step_up_invalid"),
    "no audience": (lambda: token(aud=None), "step_up_invalid"),
    "several audiences": (lambda: token(aud=[CLIENT, "other"]), "step_up_invalid"),
    "issued to another": (lambda: token(aud=[CLIENT, "other"], azp="other"), "step_up_invalid"),
    "for us, but issued to another": (lambda: token(azp="other"), "step_up_invalid"),
    "expired": (lambda: token(exp=AT - 60), "step_up_invalid"),
    "no expiry": (lambda: token(exp=None), "step_up_invalid"),
    "not valid yet": (lambda: token(nbf=AT + 60), "step_up_invalid"),
    "of nobody": (lambda: token(sub=None), "step_up_invalid"),
    "subject no text": (lambda: token(sub=7), "step_up_invalid"),
    "another person": (lambda: token(sub="ben"), "step_up_other_person"),
    "another action": (lambda: id_token(about(action_id="b"), NOW), "step_up_other_vote"),
    "other content": (lambda: id_token(about(digest="b" * 64), NOW), "step_up_other_vote"),
    "another request": (lambda: id_token(about(request_id="b"), NOW), "step_up_other_vote"),
    "a rejection": (lambda: id_token(about(vote="reject"), NOW), "step_up_other_vote"),
    "another reviewer's vote": (lambda: id_token(about(reviewer="ben"), NOW, sub="ann"), "step_up_other_vote"),
    "a sign-in": (lambda: token(nonce="random"), "step_up_other_vote"),
    "no nonce": (lambda: token(nonce=None), "step_up_other_vote"),
    "nonce no text": (lambda: token(nonce=["x"]), "step_up_other_vote"),
    "a password": (lambda: token(acr="pwd"), "step_up_weak"),
    "nothing said of how": (lambda: token(acr=None), "step_up_weak"),
    "how, as a list": (lambda: token(acr=["phr"]), "step_up_weak"),
    "part of a name": (lambda: token(acr="ph"), "step_up_weak"),
    "too long ago": (lambda: token(auth_time=AT - 301), "step_up_stale"),
    "yesterday": (lambda: token(auth_time=AT - 86_400), "step_up_stale"),
    "in the future": (lambda: token(auth_time=AT + 31), "step_up_stale"),
    "nothing said of when": (lambda: token(auth_time=None), "step_up_stale"),
    "when, as text": (lambda: token(auth_time=str(AT)), "step_up_stale"),
    "when, as a fraction": (lambda: token(auth_time=AT + 0.5), "step_up_stale"),
    "when, as a truth": (lambda: token(auth_time=True), "step_up_stale"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_hold_proves_nothing(name: str) -> None:
    bad, expected = BAD[name]
    assert code(proven(bad())) == expected


def test_it_is_judged_as_of_when_the_vote_was_cast() -> None:
    """A judge who was away for an hour judges as one who was there; a vote cast late is late."""
    assert code(proven(token())) is None
    late = VOTE.cast_at + timedelta(seconds=290)
    assert code(proven(token(), cast_at=late)) is None
    assert code(proven(token(exp=AT + 10_000), cast_at=late + timedelta(seconds=11))) == "step_up_stale"


def test_what_claims_no_passkey_is_left_alone() -> None:
    held = TestKeys()
    vote = replace(VOTE, authentication=Authentication.SESSION, evidence=token())
    assert Passkeys(ACCEPTED, held).proven(vote) == vote
    assert held.asked == []


def test_without_a_provider_nothing_is_proven() -> None:
    assert code(proven(token(), Passkeys())) == "step_up_not_set_up"
    assert code(proven(token(), passkeys(away=True))) == "step_up_unchecked"


def test_an_unknown_key_is_asked_for_once_more() -> None:
    signed = token(key=OTHER_KEY, kid="k2")
    held = TestKeys(newer=[OTHER_KEY])
    assert code(proven(signed, Passkeys(ACCEPTED, held))) is None
    assert held.asked == [False, True]
    gone = TestKeys()
    assert code(proven(signed, Passkeys(ACCEPTED, gone))) == "step_up_unsigned"
    assert gone.asked == [False, True]


def test_a_rejection_needs_no_passkey_and_an_approval_does() -> None:
    requirement = needing("1 from leads", step_up="passkey")
    reject = a_vote("ann", VoteKind.REJECT)
    assert authenticated(reject, requirement) is None
    refused = authenticated(a_vote("ann"), requirement)
    assert refused is not None
    assert refused.code == "step_up_required"
