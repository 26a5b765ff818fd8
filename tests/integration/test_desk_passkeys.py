"""Approving with a passkey at the desk: from the button to the provider and back, settle's judge behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from placet.events import Authentication, ReviewStep, VoteKind
from services.approver.step_up import bound_nonce
from tests.desks import DeskUnderTest
from tests.settling import STEP_UP, TWO_TEAMS


@contextmanager
def says(desk: DeskUnderTest, person: str, **claims: Any) -> Iterator[None]:
    """Let the provider say something else of somebody."""

    def put(told: dict[str, Any]) -> None:
        address = f"{desk.settings.oidc_issuer}/users/{person}"
        assert httpx.put(address, json=told, trust_env=False).status_code == httpx.codes.NO_CONTENT

    put({"acr": "phr", **claims})
    try:
        yield
    finally:
        put({"acr": "phr"})


def test_from_the_button_to_the_outcome(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    page = browser.http.get(f"/reviews/{held.action_id}").text
    assert "Approve with passkey" in page
    assert "Approving asks for your passkey." in page

    away = browser.away(held, reason="Contract PA-2231, ask ops@example.com")
    assert (away.status_code, away.text) == (204, "")
    address = urlsplit(away.headers["hx-redirect"])
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}" == desk.settings.oidc_issuer
    assert (asked["max_age"], asked["acr_values"], asked["code_challenge_method"]) == ("0", "phr phrh", "S256")
    assert desk.votes(held.action_id) == [], "nothing is cast before the person is back"

    answer = browser.http.post(away.headers["hx-redirect"], data={"sub": "alice"})
    back = browser.http.get(answer.headers["location"])
    (vote,) = desk.votes(held.action_id)
    assert (back.status_code, back.headers["location"]) == (303, f"/reviews/{held.action_id}?cast={vote['request_id']}")
    named = {"action_id": held.action_id, "digest": held.digest, "request_id": str(vote["request_id"])}
    assert asked["nonce"] == bound_nonce(**named, reviewer="alice", vote=VoteKind.APPROVE)
    assert "Settled: approved." in browser.http.get(back.headers["location"]).text

    assert desk.bench.outcome(held) == ("approved", "approved")
    assert desk.bench.grant(held).grant.reviewers == ("alice",)
    (voted,) = [step for step in desk.bench.steps(held) if step.step is ReviewStep.VOTED]
    assert (voted.counted, voted.authentication, voted.channel) == (True, Authentication.PASSKEY, "console")
    assert voted.reason == "Contract PA-2231, ask ‹EMAIL_ADDRESS›"
    assert (vote["counted"], vote["evidence"]) == (True, None)


def test_the_session_is_the_one_it_was(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    session = browser.http.cookies["placet"]
    assert browser.with_passkey(held, "alice").status_code == 303
    assert browser.http.cookies["placet"] == session
    assert "placet-sign-in" not in browser.http.cookies


def test_two_people_each_with_their_own(desk: DeskUnderTest) -> None:
    held = desk.held(TWO_TEAMS.model_copy(update={"step_up": "passkey"}))
    alice, bob = desk.signed_in("alice"), desk.signed_in("bob")
    back = alice.with_passkey(held, "alice")
    assert "Still needed: 1 from security." in alice.http.get(back.headers["location"]).text
    bob.with_passkey(held, "bob")
    assert desk.bench.grant(held).grant.reviewers == ("alice", "bob")


@pytest.mark.parametrize(
    ("claims", "code", "sentence"),
    [
        ({"acr": "pwd"}, "step_up_weak", "did not confirm that a passkey was used"),
        ({"auth_time": 1_700_000_000}, "step_up_stale", "was not used for this vote just now"),
    ],
)
def test_a_provider_that_does_not_confirm_it_is_said_not_to(
    desk: DeskUnderTest, claims: dict[str, Any], code: str, sentence: str
) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    with says(desk, "alice", **claims):
        back = browser.with_passkey(held, "alice")
    page = browser.http.get(back.headers["location"]).text
    assert "Your vote does not count." in page
    assert sentence in page
    (vote,) = desk.votes(held.action_id)
    assert (vote["counted"], vote["code"], vote["evidence"]) == (False, code, None)
    assert "Approve with passkey" in page, "and may be tried again"
    browser.with_passkey(held, "alice")
    assert desk.bench.outcome(held) == ("approved", "approved")


def test_who_comes_back_is_who_left(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    other = browser.with_passkey(held, "erin")
    assert other.status_code == 400
    assert "Somebody else came back" in other.text
    assert f'href="/reviews/{held.action_id}"' in other.text
    # Nor does the person at the desk change meanwhile, nor is nobody there.
    away = browser.away(held).headers["hx-redirect"]
    waiting = dict(browser.http.cookies)["placet-sign-in"]
    erin = desk.signed_in("erin")
    erin.http.cookies.set("placet-sign-in", waiting)
    answer = erin.http.post(away, data={"sub": "alice"})
    assert erin.http.get(answer.headers["location"]).status_code == 400
    nobody = desk.client()
    nobody.cookies.set("placet-sign-in", waiting)
    answer = nobody.post(away, data={"sub": "alice"})
    assert nobody.get(answer.headers["location"]).headers["location"].startswith("/sign-in")
    assert desk.votes(held.action_id) == []
    assert browser.http.get("/api/v1/me").json()["id"] == "alice"


def test_an_answer_is_of_the_browser_that_asked_and_of_one_use(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser, other = desk.signed_in("alice"), desk.signed_in("alice")
    answer = browser.http.post(browser.away(held).headers["hx-redirect"], data={"sub": "alice"})
    assert other.http.get(answer.headers["location"]).status_code == 400
    assert browser.http.get(answer.headers["location"]).status_code == 303
    assert browser.http.get(answer.headers["location"]).status_code == 400
    assert len(desk.votes(held.action_id)) == 1


def test_a_refusal_at_the_provider_casts_nothing(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    asked = parse_qs(urlsplit(browser.away(held).headers["hx-redirect"]).query)
    # By hand: the development provider's own refusal lacks the state that RFC 6749 §4.1.2.1 asks for.
    answer = {"error": "unmet_authentication_requirements", "state": asked["state"][0]}
    refused = browser.http.get("/sign-in/callback", params=answer)
    assert refused.status_code == 400
    assert "Nothing was approved." in refused.text
    assert f'href="/reviews/{held.action_id}"' in refused.text
    assert desk.votes(held.action_id) == []


def test_what_was_settled_meanwhile_stays_settled(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    answer = browser.http.post(browser.away(held).headers["hx-redirect"], data={"sub": "alice"})
    desk.bench.vote(held, "erin", "reject", reason="No.")
    back = browser.http.get(answer.headers["location"])
    page = browser.http.get(back.headers["location"]).text
    assert "Your vote does not count." in page
    assert re.search(r"Rejected by erin at .*: No\.", page)
    late = browser.away(held)
    assert late.status_code == 409
    assert "hx-redirect" not in late.headers


def test_a_rejection_goes_nowhere(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    form = {"digest": held.digest, "key": "k", "reason": "No."}
    assert browser.post(f"/reviews/{held.action_id}/reject", data=form).status_code == 200
    assert desk.bench.outcome(held) == ("rejected", "rejected")


def test_the_api_says_that_the_console_is_needed(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    alice = desk.api("alice")
    you = alice.get(f"/api/v1/reviews/{held.action_id}").json()["you"]
    assert (you["may"], you["code"]) == (["reject"], "step_up_required")
    refused = alice.post(f"/api/v1/reviews/{held.action_id}/approve", json={"digest": held.digest})
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    said = refused.json()
    assert said["type"] == "urn:placet:problem:step_up_required"
    assert "console" in said["next"]
    assert said["judgement"] == "step_up_required"


def test_a_vote_is_what_it_was_when_the_person_left(desk: DeskUnderTest) -> None:
    """What is put aside is checked first, and a bent cookie is none."""
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    assert browser.away(held, digest="9" * 64).status_code == 409
    assert browser.away(held, reason="x" * 501).status_code == 422
    away = browser.away(held).headers["hx-redirect"]
    cookie = browser.http.cookies["placet-sign-in"]
    browser.http.cookies.clear()
    browser.http.cookies.set("placet-sign-in", cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB"))
    answer = browser.http.post(away, data={"sub": "alice"})
    assert browser.http.get(answer.headers["location"]).status_code == 400
    assert desk.votes(held.action_id) == []


def test_a_long_reason_in_any_script_fits_the_cookie(desk: DeskUnderTest) -> None:
    held = desk.held(STEP_UP)
    browser = desk.signed_in("alice")
    reason = "".join(chr(0x4E00 + 37 * n % 20_000) for n in range(500))
    assert browser.with_passkey(held, "alice", reason=reason).status_code == 303
    assert desk.votes(held.action_id)[0]["reason"] == reason
