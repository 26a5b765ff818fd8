"""The desk on a real PostgreSQL, through its real role, with settle's own judge and an identity provider behind it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from placet.base import PersonId
from placet.requirement import Requirement, parse
from services.approver.adapters.people import FileOfPeople
from services.approver.desk.adapters.reviews import PostgresReviews
from services.approver.desk.model import Reviewer, View
from services.approver.desk.wiring import build
from services.chassis.database import engine
from services.chassis.errors import InsecureSettingError
from tests import desks
from tests.desks import DeskUnderTest, an_export, close_by_clock, running
from tests.settling import PEOPLE, Bench, write_people

TWO = Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=900)


def approve(client: httpx.Client, held: Any, **changes: Any) -> httpx.Response:
    return client.post(f"/api/v1/reviews/{held.action_id}/approve", json={"digest": held.digest, **changes})


def reject(client: httpx.Client, held: Any, reason: str = "No.") -> httpx.Response:
    body = {"digest": held.digest, "reason": reason}
    return client.post(f"/api/v1/reviews/{held.action_id}/reject", json=body)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:placet:problem:")


def test_two_people_approve_and_the_action_may_run(desk: DeskUnderTest) -> None:
    held = desk.held(TWO, **an_export())
    alice, bob = desk.api("alice"), desk.api("bob")
    (listed,) = alice.get("/api/v1/reviews").json()["reviews"]
    assert listed["action_id"] == held.action_id
    card = alice.get(f"/api/v1/reviews/{held.action_id}").json()
    assert card["you"] | {"sentence": ""} == {
        "id": "alice",
        "may": ["approve", "reject"],
        "code": "asked",
        "sentence": "",
    }
    assert (card["missing"], card["approvals"]) == ("1 from dev-leads and 1 from security", {"given": 0, "needed": 2})
    assert (card["action"]["arguments"]["notify"], card["labels"]) == ("‹EMAIL_ADDRESS_1›", ["pii", "financial"])
    assert (card["rules"], card["sensitivity"], card["digest"]) == (["test/rule"], "restricted", held.digest)

    first = approve(alice, held, reason="Contract PA-2231.")
    assert (first.status_code, first.json()["counted"], first.json()["review"]["state"]) == (200, True, "open")
    assert first.json()["review"]["missing"] == "1 from security"
    assert alice.get("/api/v1/reviews").json()["reviews"] == []
    second = approve(bob, held)
    assert (second.status_code, second.json()["review"]["state"]) == (200, "approved")
    assert desk.bench.outcome(held) == ("approved", "approved")
    assert {vote["reviewer"] for vote in second.json()["review"]["votes"]} == {"alice", "bob"}
    assert [step["step"] for step in second.json()["review"]["steps"]] == ["opened", "voted", "voted", "closed"]
    (vote, _) = desk.votes(held.action_id)
    assert (vote["channel"], vote["authentication"], vote["reason"]) == ("api", "token", "Contract PA-2231.")


@pytest.mark.parametrize(("person", "judgement"), [("dave", "own_action"), ("frank", "not_in_group"), ("erin", None)])
def test_only_who_is_asked_counts_and_the_refused_are_on_record(
    desk: DeskUnderTest, person: str, judgement: str | None
) -> None:
    held = desk.held()
    answer = approve(desk.api(person), held)
    (vote,) = desk.votes(held.action_id)
    if judgement is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, code(answer), answer.json()["judgement"]) == (403, "not_eligible", judgement)
        assert (vote["counted"], vote["code"]) == (False, judgement)
        assert desk.bench.review(held)["state"] == "open"
        recorded = desk.bench.steps(held)[-1]
        assert (recorded.actor, recorded.counted, recorded.code) == (person, False, judgement)


def test_on_behalf_of_and_a_machine_in_the_directory_do_not_count(bench: Bench, tmp_path: Path, provider: str) -> None:
    groups: dict[str, tuple[str, ...]] = {**PEOPLE, "frank": ("dev-leads",), "other-agent": ("dev-leads",)}
    bench.people(**groups)
    with running(bench, tmp_path, provider) as desk:
        held = desk.held(on_behalf_of="frank")
        assert approve(desk.api("frank"), held).json()["judgement"] == "own_action"
        assert approve(desk.api("other-agent"), held).json()["judgement"] == "not_a_person"
        assert bench.review(held)["state"] == "open"


def test_the_late_are_told_who_and_when_and_the_eager_that_once_is_enough(desk: DeskUnderTest) -> None:
    held, single = desk.held(TWO), desk.held()
    alice = desk.api("alice")
    assert approve(alice, held).status_code == 200
    again = approve(alice, held)
    assert (again.status_code, code(again)) == (409, "already_voted")
    assert reject(desk.api("erin"), single, "Wrong day.").status_code == 200
    late = approve(alice, single)
    assert (late.status_code, code(late)) == (409, "already_decided")
    assert late.json()["detail"].startswith("Rejected by erin at ")
    assert late.json()["decided_at"]
    assert len(desk.votes(single.action_id)) == 1


def test_one_person_in_two_groups_does_not_decide_alone(desk: DeskUnderTest) -> None:
    held = desk.held(TWO)
    carol = desk.api("carol")
    assert approve(carol, held).json()["review"]["approvals"] == {"given": 1, "needed": 2}
    assert code(approve(carol, held)) == "already_voted"
    assert desk.bench.review(held)["state"] == "open"


def test_an_approval_can_become_a_rejection(desk: DeskUnderTest) -> None:
    held = desk.held(TWO)
    alice = desk.api("alice")
    assert approve(alice, held).json()["review"]["you"]["may"] == ["reject"]
    assert reject(alice, held, "On second thoughts, no.").json()["review"]["state"] == "rejected"


def test_what_expired_cannot_be_approved(desk: DeskUnderTest) -> None:
    held = desk.held()
    close_by_clock(desk.bench, held)
    late = approve(desk.api("alice"), held)
    assert (late.status_code, late.json()["state"]) == (409, "expired")


def test_a_vote_is_accepted_while_nobody_judges_and_counts_afterwards(desk: DeskUnderTest) -> None:
    held = desk.held()
    desk.judge.paused.set()
    alice = desk.api("alice")
    key = {"idempotency-key": "once"}
    body = {"digest": held.digest}
    path = f"/api/v1/reviews/{held.action_id}/approve"
    waiting = alice.post(path, json=body, headers=key)
    assert (waiting.status_code, waiting.json()["review"]["you"]["code"]) == (202, "being_judged")
    desk.judge.paused.clear()
    desk.bench.votes.judge_waiting()
    settled = alice.post(path, json=body, headers=key)
    assert (settled.status_code, settled.json()["request_id"]) == (200, waiting.json()["request_id"])
    assert len(desk.votes(held.action_id)) == 1


def test_a_key_is_its_owners_alone(desk: DeskUnderTest) -> None:
    held = desk.held(TWO)
    key, body = {"idempotency-key": "k"}, {"digest": held.digest}
    path = f"/api/v1/reviews/{held.action_id}/approve"
    answers = [desk.api(person).post(path, json=body, headers=key) for person in ("alice", "bob")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json()["request_id"] for answer in answers}) == 2


def test_approve_and_reject_at_once_on_two_desks_leave_one_outcome(bench: Bench, tmp_path: Path, provider: str) -> None:
    """Fault 31: both were told that they had succeeded."""
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    (other_folder / "directory.json").write_text((tmp_path / "directory.json").read_text())
    with running(bench, tmp_path, provider) as one, running(bench, other_folder, provider) as two:
        approver, rejecter = one.api("alice"), two.api("erin")
        for _ in range(8):
            held = one.held()
            together = threading.Barrier(2)

            def vote(act: Any, client: httpx.Client, held: Any = held, together: Any = together) -> httpx.Response:
                together.wait()
                answer: httpx.Response = act(client, held)
                return answer

            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(vote, (approve, reject), (approver, rejecter)))
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            winner = next(answer for answer in answers if answer.status_code == 200)
            outcome = "approved" if winner.json()["vote"] == "approve" else "rejected"
            assert bench.outcome(held)[0] == outcome
            loser = next(answer for answer in answers if answer.status_code == 409)
            assert loser.json()["state"] == outcome


def test_lists_hold_everything_once_page_by_page(desk: DeskUnderTest) -> None:
    held = [desk.held(Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=900 - n)) for n in range(7)]
    for one in held[:3]:
        desk.bench.vote(one, "erin")
    alice = desk.api("alice")

    def everything(view: str) -> list[str]:
        found: list[str] = []
        after: str | None = None
        for _ in range(10):
            query = {"view": view, "limit": "2"} | ({} if after is None else {"after": after})
            page = alice.get("/api/v1/reviews", params=query).json()
            found += [review["action_id"] for review in page["reviews"]]
            after = page["next"]
            if after is None:
                return found
        raise AssertionError("the list does not end")

    urgent_first = [one.action_id for one in reversed(held[3:])]
    assert everything("mine") == everything("open") == urgent_first
    assert everything("closed") == [one.action_id for one in reversed(held[:3])]
    assert everything("all") == sorted((one.action_id for one in held), reverse=True)


def test_mine_is_what_the_judge_would_let_me_decide(desk: DeskUnderTest) -> None:
    expressions = ("1 from admins", "1 from security", "1 from dev-leads or 2 from admins", "1 from data-owners")
    held = [desk.held(Requirement(approvals=parse(text), timeout_seconds=900)) for text in expressions]
    held.append(
        desk.held(on_behalf_of="frank", requirement=Requirement(approvals=parse(expressions[0]), timeout_seconds=9))
    )
    pool = engine(desk.bench.folder / "desk.dsn", name="test", schema="approver")
    reviews, people = PostgresReviews(pool), FileOfPeople(desk.bench.folder / "directory.json").current()
    for name, found in people.items():
        person: PersonId = name
        page = reviews.page(View.MINE, Reviewer(person, name, found.groups), after=None, limit=50)
        mine = {heading.action_id for heading in page.headings}
        might = {
            one.action_id
            for one in held
            if any(eligible["person"] == person for eligible in desk.bench.review(one)["eligible"])
        }
        assert mine == might, name
    pool.dispose()


def test_the_role_of_the_desk_can_vote_and_nothing_else(desk: DeskUnderTest) -> None:
    held = desk.held()
    columns = "request_id, action_id, digest, reviewer, vote, channel, authentication, cast_at"
    values = f"'{uuid.uuid4()}', '{held.action_id}', '{held.digest}', 'alice', 'approve', 'api', 'token', now()"
    backdated = f"INSERT INTO approver.votes ({columns}) VALUES ({values})"
    refused = (
        "UPDATE approver.votes SET counted = true, judged_at = now()",
        "DELETE FROM approver.votes",
        "UPDATE approver.reviews SET state = 'approved'",
        "UPDATE approver.reviews SET classified = '{}'",
        "INSERT INTO approver.outcomes (action_id) VALUES (gen_random_uuid())",
        "INSERT INTO approver.steps (action_id, sequence) VALUES (gen_random_uuid(), 0)",
        "SELECT * FROM approver.outbox",
        backdated,
    )
    for statement in refused:
        with psycopg.connect(desk.bench.desk_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_signing_in_asks_with_pkce_and_makes_a_fresh_session(desk: DeskUnderTest) -> None:
    away = desk.client().get("/sign-in/start")
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{desk.url}/sign-in/callback"]
    assert "HttpOnly" in away.headers["set-cookie"]
    browser = desk.signed_in("alice")
    assert browser.callback.headers["location"] == "/"
    first = browser.http.cookies["placet"]
    again = desks.Browser.__new__(desks.Browser)
    again.http, again.origin = browser.http, browser.origin
    again._sign_in("bob")
    assert browser.http.get("/api/v1/me").json()["id"] == "bob"
    # The session before is over, not only overwritten.
    browser.http.cookies.clear()
    assert browser.http.get("/api/v1/me", headers={"cookie": f"placet={first}"}).status_code == 401


def test_the_verifier_reaches_the_provider(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """The development provider does not check PKCE, so what was sent is checked here."""
    sent: list[dict[str, Any]] = []
    real = httpx.AsyncClient.request

    async def noted(self: httpx.AsyncClient, method: str, url: Any, **more: Any) -> httpx.Response:
        if "/oauth2/token" in str(url):
            sent.append(dict(more))
        return await real(self, method, url, **more)

    monkeypatch.setattr(httpx.AsyncClient, "request", noted)
    with running(bench, tmp_path, provider) as desk:
        http = desk.client()
        away = http.get("/sign-in/start")
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        back = http.post(away.headers["location"], data={"sub": "alice"})
        assert http.get(back.headers["location"]).status_code == 303
    (exchange,) = sent
    form = (
        exchange["data"]
        if isinstance(exchange["data"], dict)
        else {name: values[0] for name, values in parse_qs(str(exchange["data"])).items()}
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
    assert asked["code_challenge"] == [challenge]


def test_a_stolen_answer_signs_nobody_else_in(desk: DeskUnderTest) -> None:
    victim, thief = desk.client(), desk.client()
    away = victim.get("/sign-in/start")
    answer = victim.post(away.headers["location"], data={"sub": "alice"})
    assert thief.get(answer.headers["location"]).status_code == 400
    thief.get("/sign-in/start")
    assert thief.get(answer.headers["location"]).status_code == 400
    assert victim.get(answer.headers["location"]).status_code == 303
    assert victim.get(answer.headers["location"]).status_code == 400


def test_who_is_unknown_or_has_left_is_nobody(desk: DeskUnderTest) -> None:
    refused = desk.signed_in("mallory").callback
    assert (refused.status_code, "placet=" in refused.headers.get("set-cookie", "")) == (403, False)
    assert desk.api("mallory").get("/api/v1/me").status_code == 403
    browser = desk.signed_in("erin")
    assert browser.http.get("/").status_code == 200
    write_people(desk.bench.folder / "directory.json", PEOPLE, inactive=("erin",))

    def gone() -> bool:
        return browser.http.get("/").status_code == 403

    eventually(gone)


def test_groups_in_a_token_are_not_believed(desk: DeskUnderTest) -> None:
    issuer = desk.settings.oidc_issuer
    claims = {"sub": "frank", "groups": ["dev-leads"], "name": "Alice"}
    assert httpx.put(f"{issuer}/users/frank", json=claims, trust_env=False).status_code == 204
    frank = desk.api("frank")
    assert frank.get("/api/v1/me").json()["groups"] == ["admins"]
    assert approve(frank, desk.held()).json()["judgement"] == "not_in_group"


def test_changes_are_streamed(desk: DeskUnderTest) -> None:
    held = desk.held()
    alice = desk.api("alice")
    with alice.stream("GET", "/api/v1/events", params={"review": held.action_id}) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: resync"
        desk.held()
        desk.bench.vote(held, "alice")
        assert next(line for line in lines if line.startswith("event")) == "event: review"
        assert json.loads(next(lines).removeprefix("data: ")) == {"action_id": held.action_id}


def test_the_desk_stops_while_streams_are_open(bench: Bench, tmp_path: Path, provider: str) -> None:
    with running(bench, tmp_path, provider) as desk:
        alice = desk.api("alice")
        with alice.stream("GET", "/api/v1/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            desk.server.should_exit = True
            assert [line for line in lines if line.startswith("event")] == ["event: resync"]


def test_a_database_that_goes_away_and_comes_back(desk: DeskUnderTest) -> None:
    held = desk.held()
    alice = desk.api("alice")
    desks.execute(desk.bench, "ALTER ROLE desk NOLOGIN")
    try:
        desks.execute(
            desk.bench,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'desk' AND datname = current_database()",
        )
        answer = alice.get(f"/api/v1/reviews/{held.action_id}")
        assert (answer.status_code, code(answer)) == (503, "database_away")
        eventually(lambda: alice.get("/readyz").status_code == 503)
        assert alice.get("/healthz").status_code == 200
    finally:
        desks.execute(desk.bench, "ALTER ROLE desk LOGIN")
    assert approve(alice, held).status_code == 200
    eventually(lambda: alice.get("/readyz").status_code == 200)


def test_health_and_metrics_are_served(desk: DeskUnderTest) -> None:
    desk.api("alice").get("/api/v1/reviews")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert desk.client().get(path).status_code == 200


def test_the_process_starts_and_stops(bench: Bench, tmp_path: Path, provider: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "desk.dsn").write_text(bench.desk_dsn)
    settings = desks.desk_settings(tmp_path, provider, port=port)
    told = {f"PLACET_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    command = [sys.executable, "-m", "services.approver", "desk"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")} | told
    with (tmp_path / "desk.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=settings.public_url, trust_env=False) as client:

                def answers() -> bool:
                    try:
                        return client.get("/readyz").status_code == 200
                    except httpx.TransportError:
                        return False

                eventually(answers, seconds=60)
                client.get("/sign-in")
                client.get("/nothing?secret=in-the-address")
                assert b"placet_requests" in client.get("/metrics").content
            process.terminate()
            assert process.wait(timeout=15) == 0
        finally:
            process.kill()
            process.wait()
    said = (tmp_path / "desk.log").read_text()
    assert '"event":"process_started"' in said
    for secret in (desks.SESSION_SECRET, bench.desk_dsn, "in-the-address", "Traceback"):
        assert secret not in said


def test_a_desk_without_tls_starts_in_development_only(tmp_path: Path) -> None:
    settings = desks.desk_settings(tmp_path, "http://id.example", port=1, env="production")
    with pytest.raises(InsecureSettingError, match="without TLS"):
        build(settings)


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Look until it holds; raise when it never does."""
    Retrying(stop=stop_after_delay(seconds), wait=wait_fixed(0.1), retry=retry_if_result(lambda held: not held))(holds)
