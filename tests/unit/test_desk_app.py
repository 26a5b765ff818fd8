"""The application's edges, without sockets: who is let in, what is refused, and how that is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from placet.events import Authentication, VoteKind
from services.approver.desk.adapters.provider import Client, Provider
from services.approver.desk.app import application
from services.approver.desk.desk import Desk
from services.approver.desk.identity import Identity
from services.approver.desk.live import Live
from services.approver.desk.model import Ballot, Page, Review, Reviewer, Step, View, Vote
from services.approver.desk.people import Directory
from services.approver.desk.problems import KINDS, Problem
from services.approver.desk.sessions import Session, Sessions, SignIn
from services.approver.desk.settings import DeskSettings
from services.approver.desk.step_up import StepUp
from services.approver.desk.voting import Voting, request_id
from services.approver.model import Person
from services.chassis.errors import TransientError
from services.chassis.health import Health
from tests.factories import NOW, World
from tests.unit.test_desk_standing import HEADING

ORIGIN = "https://placet.example"
REVIEW_PATH = f"/api/v1/reviews/{HEADING.action_id}"
GOOD = {"digest": HEADING.digest, "reason": "because"}


class FakeReviews:
    """One review; `judge` says what becomes of a vote, None: nothing yet."""

    def __init__(self) -> None:
        self.heading = HEADING
        self.judge: dict[str, Any] | None = {"counted": True, "code": "counted", "sentence": "The vote counts."}
        self.ballots: list[Vote] = []
        self.away = False

    def page(self, view: View, person: Reviewer, *, after: str | None, limit: int) -> Page:
        self.answers()
        if after is not None:
            raise ValueError("not a cursor")
        return Page((self.heading,) if view is not View.CLOSED and person.id and limit else (), None)

    def review(self, action_id: str) -> Review | None:
        self.answers()
        if action_id != self.heading.action_id:
            return None
        classified = World().classified()
        steps = (Step(0, "opened", {"step": "opened", "eligible": []}, NOW),)
        return Review(self.heading, "a purpose", classified, ("a/rule",), ("A reason.",), tuple(self.ballots), steps)

    def trace(self, action_id: str) -> str:  # noqa: ARG002 - no review here was opened in a trace
        return ""

    def vote(self, request_id: str) -> Vote | None:
        self.answers()
        return next((vote for vote in self.ballots if vote.request_id == request_id), None)

    def cast(self, ballot: Ballot) -> Vote:
        self.answers()
        given = {name: getattr(ballot, name) for name in Ballot.__slots__ if name != "evidence"}
        judged = {} if self.judge is None else {"judged_at": NOW, **self.judge}
        self.ballots.append(Vote(**given, cast_at=NOW, **judged))
        return self.ballots[-1]

    def answers(self) -> None:
        if self.away:
            raise TransientError("postgres")


class FakePeople:
    def __init__(self) -> None:
        self.found = {
            "alice": Person("Alice <b>Ahn</b>", frozenset({"dev-leads"}), active=True),
            "left": Person("Left Long Ago", frozenset({"dev-leads"}), active=False),
        }

    def current(self) -> dict[str, Person]:
        return self.found


class Edge:
    """A desk around fakes, and one browser."""

    def __init__(self, folder: Path) -> None:
        self.reviews, self.people, self.live = FakeReviews(), FakePeople(), Live()
        settings = DeskSettings(
            http_port=0,
            public_url=ORIGIN,
            database_dsn_file=folder / "dsn",
            directory_file=folder / "people",
            session_secret_file=folder / "secret",
            oidc_issuer="https://id.example",
            oidc_client_id="placet",
            oidc_client_secret_file=folder / "client",
        )
        directory = Directory(self.people)
        self.now = 1_000_000
        self.sessions = Sessions(("s" * 40,), idle_seconds=3_600, seconds=30_000)
        client = Client(
            "https://id.example", "placet", "s", None, "openid", f"{ORIGIN}/sign-in/callback", insecure=False
        )
        provider = Provider(client, httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(503))))
        self.identity = Identity(provider, self.sessions, directory, ORIGIN, secure=True, clock=lambda: self.now)
        voting = Voting(self.reviews, self.live, 0.05)
        step_up = StepUp(self.identity, voting, "phr phrh")
        desk = Desk(settings, self.reviews, self.live, voting, directory, self.identity, step_up, lambda: self.now)
        self.app: FastAPI = application(desk, Health(), started=_nothing)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url=ORIGIN
        )

    def sign_in(self, person: str = "alice") -> dict[str, str]:
        """A session's cookie; returns the headers that prove a request is ours."""
        session = Session("an-id", person, signed_in_at=self.now, seen_at=self.now)
        self.http.cookies.set("__Host-placet", self.sessions.write(session))
        return {"origin": ORIGIN, "x-csrf-token": self.sessions.csrf(session)}


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    made = Edge(tmp_path)
    yield made
    await made.http.aclose()


def said(answer: httpx.Response) -> str:
    """The problem's code; every problem says what happened, why, and what to do."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["title"]
    assert document["detail"]
    assert document["next"]
    return str(document["type"]).removeprefix("urn:placet:problem:")


async def test_strangers_are_sent_to_the_door(edge: Edge) -> None:
    answer = await edge.http.get("/api/v1/reviews")
    assert (answer.status_code, said(answer)) == (401, "not_signed_in")
    page = await edge.http.get(f"/reviews/{HEADING.action_id}")
    assert (page.status_code, page.headers["location"]) == (303, f"/sign-in?back=%2Freviews%2F{HEADING.action_id}")
    part = await edge.http.get("/parts/inbox", headers={"hx-request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (204, "/sign-in?ended=1")
    for path in ("/api/v1/events", "/api/v1/me", REVIEW_PATH):
        assert said(await edge.http.get(path)) == "not_signed_in"


async def test_a_person_must_be_known_active_and_named_as_people_are(edge: Edge) -> None:
    for person in (
        "nobody",
        "left",
        "nightly-export",
        "",
        "Alice",
        "ALICE",
        " alice",
        "alice\n",
        "al\u0456ce",
        "../alice",
    ):
        edge.sign_in(person)
        assert said(await edge.http.get("/api/v1/me")) == "unknown_person"
    edge.sign_in()
    assert (await edge.http.get("/api/v1/me")).json()["groups"] == ["dev-leads"]
    edge.people.found["alice"] = Person("Alice", frozenset(), active=False)
    assert said(await edge.http.get("/api/v1/me")) == "unknown_person"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"x-csrf-token": ""}, "csrf"),
        ({"x-csrf-token": "0" * 64}, "csrf"),
        ({"origin": "https://evil.example"}, "foreign_origin"),
        ({"origin": "null"}, "foreign_origin"),
        ({"origin": ""}, "foreign_origin"),
        ({"authorization": "Basic YWxpY2U6eA=="}, "bad_token"),
        ({"authorization": "Bearer"}, "bad_token"),
        ({"authorization": "Bearer " + "x" * 9_000}, "bad_token"),
    ],
)
@pytest.mark.parametrize("path", [f"{REVIEW_PATH}/approve", f"{REVIEW_PATH}/reject"])
async def test_a_vote_from_elsewhere_is_no_vote(edge: Edge, changes: dict[str, str], code: str, path: str) -> None:
    headers = edge.sign_in() | changes
    kept = {name: value for name, value in headers.items() if value}
    answer = await edge.http.post(path, json=GOOD, headers=kept)
    assert said(answer) == code
    assert edge.reviews.ballots == []


async def test_the_console_asks_for_the_same_proofs(edge: Edge) -> None:
    ours = edge.sign_in()
    form = {"digest": HEADING.digest, "key": "k", "reason": "r"}
    path = f"/reviews/{HEADING.action_id}/approve"
    assert (await edge.http.post(path, data=form, headers={"origin": ORIGIN})).status_code == 403
    assert (await edge.http.post(path, data=form, headers=ours | {"origin": "https://evil.example"})).status_code == 403
    assert (await edge.http.post("/sign-out", data={"csrf": "0"}, headers={"origin": ORIGIN})).status_code == 403
    assert edge.reviews.ballots == []
    assert (await edge.http.post(path, data=form, headers=ours)).status_code == 200
    assert [(vote.channel, vote.authentication) for vote in edge.reviews.ballots] == [
        ("console", Authentication.SESSION)
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "malformed"),
        ({"digest": HEADING.digest}, "malformed"),
        ({**GOOD, "reviewer": "bob"}, "malformed"),
        ({**GOOD, "approver": "bob"}, "malformed"),
        ({**GOOD, "arguments": {"sql": "DROP TABLE x"}}, "malformed"),
        ({**GOOD, "groups": ["security"]}, "malformed"),
        ({**GOOD, "digest": HEADING.digest.upper() + "x"}, "malformed"),
        ({**GOOD, "digest": "1" * 64}, "digest_mismatch"),
        ({**GOOD, "reason": ""}, "malformed"),
        ({**GOOD, "reason": " \u200b\u202e "}, "reason_needed"),
        ({**GOOD, "reason": "x" * 501}, "malformed"),
        ([GOOD], "malformed"),
        ("approve", "malformed"),
    ],
)
async def test_a_rejection_says_exactly_what_it_must(edge: Edge, body: Any, code: str) -> None:
    answer = await edge.http.post(f"{REVIEW_PATH}/reject", json=body, headers=edge.sign_in())
    assert said(answer) == code
    assert edge.reviews.ballots == []
    assert "bob" not in answer.text


async def test_a_form_is_not_json(edge: Edge) -> None:
    """What a foreign page could send without asking (a simple request) is not understood."""
    headers = edge.sign_in() | {"content-type": "text/plain"}
    answer = await edge.http.post(f"{REVIEW_PATH}/approve", content=json.dumps(GOOD), headers=headers)
    assert said(answer) == "malformed"


async def test_an_approval_needs_no_reason_and_text_is_redacted(edge: Edge) -> None:
    headers = edge.sign_in()
    answer = await edge.http.post(f"{REVIEW_PATH}/approve", json={"digest": HEADING.digest}, headers=headers)
    assert (answer.status_code, answer.json()["counted"], answer.json()["reviewer"]) == (200, True, "alice")
    secret = "token: ghp_0123456789abcdefghij\u202e and bob@example.com"
    await edge.http.post(f"{REVIEW_PATH}/reject", json={**GOOD, "reason": secret}, headers=headers)
    assert [vote.reason for vote in edge.reviews.ballots] == [None, "‹SECRET› and ‹EMAIL_ADDRESS›"]


@pytest.mark.parametrize(
    ("judgement", "status", "code"),
    [
        ({"counted": False, "code": "own_action", "sentence": "Not your own."}, 403, "not_eligible"),
        ({"counted": False, "code": "not_in_group", "sentence": "Others."}, 403, "not_eligible"),
        ({"counted": False, "code": "something_new", "sentence": "No."}, 403, "not_eligible"),
        ({"counted": False, "code": "step_up_required", "sentence": "A passkey."}, 403, "step_up_required"),
        ({"counted": False, "code": "step_up_stale", "sentence": "Again."}, 403, "step_up_required"),
        ({"counted": False, "code": "already_voted", "sentence": "Once."}, 409, "already_voted"),
        ({"counted": False, "code": "already_settled", "sentence": "Approved by bob."}, 409, "already_decided"),
    ],
)
async def test_a_vote_that_does_not_count_is_answered_in_settles_words(
    edge: Edge, judgement: dict[str, Any], status: int, code: str
) -> None:
    edge.reviews.judge = judgement
    answer = await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=edge.sign_in())
    assert (answer.status_code, said(answer)) == (status, code)
    assert answer.json()["detail"] == judgement["sentence"]
    assert len(edge.reviews.ballots) == 1


async def test_a_vote_not_judged_yet_is_accepted_not_counted(edge: Edge) -> None:
    edge.reviews.judge = None
    answer = await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=edge.sign_in())
    assert (answer.status_code, answer.json()["counted"]) == (202, None)
    assert answer.json()["review"]["you"]["code"] == "being_judged"


async def test_a_settled_review_takes_no_more_votes(edge: Edge) -> None:
    edge.reviews.heading = replace(
        HEADING, state="approved", closed_at=NOW, closed_code="approved", closed_sentence="Approved by bob at 12:00."
    )
    answer = await edge.http.post(f"{REVIEW_PATH}/reject", json=GOOD, headers=edge.sign_in())
    assert said(answer) == "already_decided"
    assert answer.json()["detail"] == "Approved by bob at 12:00."
    assert answer.json()["decided_at"] == "2026-06-01T12:00:00.000Z"
    assert edge.reviews.ballots == []


async def test_a_repeated_request_finds_its_own_vote(edge: Edge) -> None:
    headers = edge.sign_in() | {"idempotency-key": "one"}
    first = await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=headers)
    edge.reviews.heading = replace(HEADING, state="approved", closed_at=NOW)
    again = await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["request_id"] == again.json()["request_id"] == request_id("alice", "one")
    assert len(edge.reviews.ballots) == 1
    other = await edge.http.post(f"{REVIEW_PATH}/reject", json=GOOD, headers=headers)
    assert said(other) == "key_reused"
    assert request_id("bob", "one") != request_id("alice", "one")
    strange = await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=headers | {"idempotency-key": "a b"})
    assert said(strange) == "malformed"


async def test_a_body_has_a_size_before_it_has_a_meaning(edge: Edge) -> None:
    headers = edge.sign_in()
    large = await edge.http.post(f"{REVIEW_PATH}/approve", content=b"x" * 20_000, headers=headers)
    assert said(large) == "too_large"

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 1_000

    json_headers = headers | {"content-type": "application/json"}
    chunked = await edge.http.post(f"{REVIEW_PATH}/approve", content=trickle(), headers=json_headers)
    assert said(chunked) == "too_large"
    assert edge.reviews.ballots == []


async def test_every_answer_is_dressed(edge: Edge) -> None:
    signed = edge.sign_in()
    paths = [
        "/",
        "/history",
        f"/reviews/{HEADING.action_id}",
        "/sign-in?ended=1",
        "/nothing",
        "/api/v1/me",
        "/api/v1/nothing",
    ]
    answers = [await edge.http.get(path) for path in paths]
    answers.append(await edge.http.post("/", headers=signed | {"origin": "https://evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"]
        assert "access-control-allow-origin" not in answer.headers
        assert "<script>" not in answer.text
        assert " style=" not in answer.text
    assert "immutable" in (await edge.http.get("/static/desk.css")).headers["cache-control"]


async def test_pages_escape_whatever_they_show(edge: Edge) -> None:
    edge.sign_in()
    page = await edge.http.get("/")
    assert "Alice &lt;b&gt;Ahn&lt;/b&gt;" in page.text
    assert "<b>Ahn" not in page.text


async def test_a_session_is_kept_alive_by_people_not_by_pages(edge: Edge) -> None:
    edge.sign_in()
    edge.now += 120
    assert "set-cookie" not in (await edge.http.get("/parts/inbox")).headers
    kept = await edge.http.get("/")
    cookie = kept.headers["set-cookie"]
    assert all(word in cookie for word in ("__Host-placet=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    edge.now += 3_500
    assert (await edge.http.get("/api/v1/me")).status_code == 200
    edge.now += 3_500
    assert (await edge.http.get("/api/v1/me")).status_code == 401


async def test_signing_out_ends_the_session_everywhere(edge: Edge) -> None:
    ours = edge.sign_in()
    copied = edge.http.cookies["__Host-placet"]
    answer = await edge.http.post("/sign-out", data={"csrf": ours["x-csrf-token"]}, headers={"origin": ORIGIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?ended=1")
    edge.http.cookies.set("__Host-placet", copied)
    assert (await edge.http.get("/api/v1/me")).status_code == 401


async def test_a_sign_in_that_was_not_started_here_fails(edge: Edge) -> None:
    for query in ("", "?code=c&state=s", "?error=access_denied&state=s"):
        answer = await edge.http.get(f"/sign-in/callback{query}")
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers


async def test_a_sign_in_ends_in_the_browser_it_was_started_in(edge: Edge) -> None:
    """Otherwise somebody could make a reviewer's browser end a sign-in that is not the reviewer's."""
    begun = SignIn(state="mine", nonce="n", verifier="v", back_to="/", started_at=edge.now)
    edge.http.cookies.set("__Host-placet-sign-in", edge.sessions.write_sign_in(begun))
    for state in ("", "state=", "state=theirs", "state=min", "state=mine&state=theirs"):
        assert (await edge.http.get(f"/sign-in/callback?code=c&{state}")).status_code == 400
    answer = await edge.http.get("/sign-in/callback?code=c&state=mine")
    assert (answer.status_code, "identity provider does not answer" in answer.text) == (503, True)
    edge.now += 601
    assert (await edge.http.get("/sign-in/callback?code=c&state=mine")).status_code == 400


async def test_a_provider_that_is_away_is_said_to_be(edge: Edge) -> None:
    answer = await edge.http.get("/sign-in/start")
    assert answer.status_code == 503
    assert "identity provider does not answer" in answer.text


async def test_a_database_that_is_away_is_said_to_be(edge: Edge) -> None:
    headers = edge.sign_in()
    edge.reviews.away = True
    assert said(await edge.http.get(REVIEW_PATH)) == "database_away"
    assert said(await edge.http.post(f"{REVIEW_PATH}/approve", json=GOOD, headers=headers)) == "database_away"
    page = await edge.http.get("/")
    assert page.status_code == 503
    assert "cannot be read at the moment" in page.text


async def test_an_unforeseen_error_repeats_nothing(edge: Edge) -> None:
    edge.sign_in()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a value that nobody may see")

    edge.reviews.review = fail  # type: ignore[method-assign]
    answer = await edge.http.get(REVIEW_PATH)
    assert (answer.status_code, said(answer)) == (500, "internal")
    assert "nobody may see" not in answer.text


async def test_what_is_not_there_is_said_to_be_not_there(edge: Edge) -> None:
    edge.sign_in()
    other = HEADING.action_id.replace("01a2", "01a3")
    assert said(await edge.http.get(f"/api/v1/reviews/{other}")) == "not_found"
    assert said(await edge.http.get("/api/v1/reviews?after=xyz")) == "malformed"
    assert said(await edge.http.get("/api/v1/reviews?view=yours")) == "malformed"
    assert said(await edge.http.delete(REVIEW_PATH)) == "method"
    for path in ("/reviews/xyz", f"/reviews/{other}", "/nothing"):
        assert (await edge.http.get(path)).status_code == 404


async def test_the_contract_is_published(edge: Edge) -> None:
    document = (await edge.http.get("/api/v1/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/v1/me",
        "/api/v1/reviews",
        "/api/v1/reviews/{action_id}",
        "/api/v1/reviews/{action_id}/approve",
        "/api/v1/reviews/{action_id}/reject",
        "/api/v1/events",
    }
    for body in ("Approval", "Rejection"):
        assert document["components"]["schemas"][body]["additionalProperties"] is False
        assert set(document["components"]["schemas"][body]["properties"]) == {"digest", "reason"}
    approve = document["paths"]["/api/v1/reviews/{action_id}/approve"]["post"]["responses"]
    assert {"200", "202", "401", "403", "404", "409", "422", "503"} <= set(approve)


def test_every_problem_says_what_happened_and_what_next() -> None:
    for code, kind in KINDS.items():
        document = Problem(code, "Why.").document()
        assert kind.title.endswith(".")
        assert kind.next.endswith(".")
        assert document["status"] >= 400


def test_vote_kinds_are_what_the_routes_offer() -> None:
    assert {kind.value for kind in VoteKind} == {"approve", "reject"}
